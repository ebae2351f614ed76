"""Rules in one network namespace, the relay in another: cut link, dead broker, dead and hung processes.

A lease of 3 s. The order of things is asserted, not how long they took.
"""

import asyncio
import json
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from faults.line_house import until
from faults.namespaces import FarBroker, Link, forbidden, two_namespaces
from faults.quick_gridward import QUICK
from faults.site_house import Devices, plugged_in, process, site_file

PATIENCE = 60.0


@dataclass
class Far:
    """A house whose contactor hangs on a computer of its own."""

    link: Link
    broker: FarBroker
    devices: Devices
    path: Path
    stack: ExitStack

    def __post_init__(self) -> None:
        self.start_rules()
        self.start_relay()

    def start(self, side: str, *roles: str) -> subprocess.Popen[bytes]:
        only = [word for role in roles for word in ("--only", role)]
        program = (*self.link.inside(side), *QUICK)
        return self.stack.enter_context(process(self.path, *only, program=program))

    def start_rules(self) -> None:
        self.rules = self.start(self.link.rules, "rules", "bus:one", "bus:two")

    def start_relay(self) -> None:
        self.relay = self.start(self.link.relay, "contactor")

    def kept(self) -> str:
        """What the relay itself wrote down of its position."""
        file = self.path.parent / "state" / "contactor.json"
        return str(json.loads(file.read_text()).get("relay", {}).get("position"))

    async def islanded(self) -> None:
        await until(self.devices.islanded, PATIENCE)

    async def connected(self) -> None:
        await until(lambda: not self.devices.islanded(), PATIENCE)


@pytest.fixture
async def far(tmp_path: Path) -> AsyncIterator[Far]:
    reason = forbidden()
    if reason is not None:
        pytest.skip(reason)
    with ExitStack() as stack:
        link = stack.enter_context(two_namespaces())
        broker = FarBroker(tmp_path, link)
        broker.start()
        stack.callback(broker.stop)
        devices = stack.enter_context(plugged_in(tmp_path / "ports"))
        path = site_file(tmp_path, tmp_path / "ports", link.url)
        path.write_text(path.read_text().replace("lease: 10s", "lease: 3s"))
        yield Far(link, broker, devices, path, stack)


Act = Callable[[Far], None]
DEATHS: dict[str, tuple[Act, Act]] = {
    "link cut": (lambda far: far.link.cut(), lambda far: far.link.mend()),
    "broker dead": (lambda far: far.broker.stop(), lambda far: far.broker.start()),
    "rules hung": (
        lambda far: far.rules.send_signal(signal.SIGSTOP),
        lambda far: far.rules.send_signal(signal.SIGCONT),
    ),
    "rules dead": (lambda far: far.rules.kill(), lambda far: far.start_rules()),
    "relay hung": (
        lambda far: far.relay.send_signal(signal.SIGSTOP),
        lambda far: far.relay.send_signal(signal.SIGCONT),
    ),
    "relay dead": (lambda far: far.relay.kill(), lambda far: far.start_relay()),
}


@pytest.mark.parametrize(
    "names",
    [("link cut", "broker dead"), ("rules hung", "rules dead"), ("relay hung", "relay dead")],
    ids=["between", "rules", "relay"],
)
async def test_the_house_is_back_on_the_grid_whatever_dies(far: Far, names: tuple[str, ...]) -> None:
    """Each death in turn: it connects while the part is gone, stays so, and islands only after its return."""
    order: list[str] = []
    for name in names:
        gone, back = DEATHS[name]
        await far.islanded()
        order.append(f"{name}: islanded")
        gone(far)
        await far.connected()
        order.append(f"{name}: connected")
        for _ in range(8):
            await asyncio.sleep(0.1)
            assert not far.devices.islanded(), f"{name}: islanded without a renewal"
        if "relay" not in name:
            await until(lambda: far.kept() == "connected", PATIENCE)
        back(far)
    await far.islanded()
    assert order == [f"{name}: {where}" for name in names for where in ("islanded", "connected")]


async def test_nothing_islands_before_both_sides_have_met(far: Far) -> None:
    """Cut before the first lease came through: no side islands on its own word."""
    far.link.cut()
    if far.devices.islanded():
        await far.connected()
    for _ in range(15):
        await asyncio.sleep(0.1)
        assert not far.devices.islanded()
    far.link.mend()
    await far.islanded()
