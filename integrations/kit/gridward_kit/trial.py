"""What the contract tests stand on: a simulated device in a house of its own, and what a message may hold."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path

from gridward_kit.bus import Bus
from gridward_kit.classes import BINARY_SENSOR, SENSOR, STATES
from gridward_kit.device import Device
from gridward_kit.entity import Button, Entity, Number, Select, Switch
from gridward_kit.faults import Faults
from gridward_kit.info import Setup
from gridward_kit.integration import Dialect, Identity, Integration, Line, Simulator
from gridward_kit.kept import Json
from gridward_kit.point import Value
from gridward_kit.port import Port
from gridward_kit.simulate import Served, serve_pty
from gridward_kit.testing import FastClock, MemoryBroker
from gridward_kit.wired import Wired, kept_form

QUICK = Line(baud=1_000_000, first=0.08, gap=0.02)
SPEED = 100.0
PATIENCE = 30.0
UNHURRIED = 1.0


def made(integration: Integration) -> tuple[Simulator, Dialect, Identity]:
    """A simulated device, and the dialect that its example identity speaks."""
    assert integration.simulator
    assert integration.dialect
    assert integration.example
    example = integration.example
    return integration.simulator({}), integration.dialect(example, {}), example


def asked(simulator: Simulator, dialect: Dialect, query: str) -> bytes:
    """The simulated device's whole answer to a query."""
    return b"".join(simulator.receive(dialect.request(query), 0.0))


def taken(dialect: Dialect, query: str, data: bytes) -> bytes | None:
    """What a reader makes of these bytes as the answer: the payload, None for "not yet an answer"."""
    cut = dialect.cut(dialect.request(query), data, quiet=True)
    return None if cut is None else dialect.payload(query, cut[0])


@dataclass
class House:
    """One simulated device on a pseudo-terminal, its bus, and the broker that it publishes to."""

    served: Served
    simulator: Simulator
    wired: Wired
    device: Device
    broker: MemoryBroker
    port: Port

    async def until(self, so: Callable[[], bool], patience: float = PATIENCE) -> None:
        """Wait for something to become so; fails the test if it never does."""
        async with asyncio.timeout(patience):
            while not so():  # noqa: ASYNC110 - what it waits for has no event
                await asyncio.sleep(0.005)

    def state(self) -> dict[str, Json]:
        """The last state published."""
        said = self.broker.said(f"{self.device.root}/state")
        content: dict[str, Json] = json.loads(said[-1]) if said else {}
        return content

    def settled(self) -> bool:
        """Whether every setting has been read."""
        rows = [row for row in self.device.entities.values() if row.setting and not isinstance(row, Button)]
        state = self.state()
        return self.device.available and bool(rows) and all(row.key in state for row in rows)

    def _unhurried(self, key: str) -> None:
        """What obeys is waited for on a busy machine, too: 10 s of this clock are 0.1 s."""
        self.port.line = replace(self.port.line, first=UNHURRIED)
        row = self.device.entities.get(key)
        if row is not None and row.setting is not None:
            setting = replace(row.setting, within=PATIENCE * SPEED)
            self.device.entities[key] = replace(row, setting=setting)

    def results(self, key: str) -> list[dict[str, Json]]:
        """All results of one entity's commands."""
        return [json.loads(payload) for payload in self.broker.said(f"{self.device.root}/{key}/result")]

    async def command(self, key: str, value: Value, number: int = 0) -> dict[str, Json]:
        """Send a command and return its final result."""
        if self.simulator.obeys == "yes":
            self._unhurried(key)
        identifier = f"{key}-{value}-{number}"
        wish = {"v": 1, "value": value, "id": identifier, "by": "http", "ttl": 200}
        self.broker.publish(f"{self.device.root}/{key}/command", json.dumps(wish))

        def final() -> list[dict[str, Json]]:
            return [
                item
                for item in self.results(key)
                if item["id"] == identifier and item["status"] != "accepted"
            ]

        await self.until(lambda: bool(final()))
        return final()[0]


@asynccontextmanager
async def house(
    integration: Integration,
    folder: Path,
    *,
    identity: Identity | None = None,
    faults: Faults | None = None,
    chunk: int = 4096,
) -> AsyncIterator[House]:
    """A running house of one device."""
    assert integration.simulator
    simulator = integration.simulator({})
    clock = FastClock(SPEED)
    broker = MemoryBroker(clock)
    served = serve_pty([simulator], QUICK, link=folder / "port", faults=faults, turnaround=0.0, chunk=chunk)
    setup = Setup(id="unit", integration=integration, name="Unit", folder=folder / "state", writable=True)
    device = Device(setup, broker.link("bus:line"), clock)
    if identity is not None:
        device.kept.save({"identity": kept_form(identity)})
    wired = Wired(device, {}, clock, None)
    port = Port(served.url, QUICK, clock)
    task = asyncio.create_task(Bus(port, [wired], clock, UTC).run())
    try:
        yield House(served, simulator, wired, device, broker, port)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        served.unplug()


def resolution(row: Entity) -> float:
    """The smallest step of a row's wire form."""
    return 0.0 if row.at is None else row.at.resolution


def wishes(row: Entity) -> tuple[list[Value], list[Value]]:
    """Values to set, and values to be refused."""
    match row:
        case Number(only=only) if only:
            return list(only[:2]), [max(only) + 1, "much"]
        case Number():
            return [row.low, row.high], [row.low - row.step, row.high + row.step]
        case Select():
            return list(row.options), ["no such option"]
        case Switch():
            return [True, False], ["maybe"]
        case Button():
            return [], ["pull"]
        case _:
            return [], []


def torn(home: House, row: Entity, value: Value) -> bool:
    """Whether a number would stand on the wrong side of one that bounds it, or that it bounds."""
    state, rows = home.state(), [one for one in home.device.entities.values() if isinstance(one, Number)]
    if not isinstance(row, Number):
        return False
    under = [one.key for one in rows if one.under == row.key]
    return (bool(row.under) and float(value) > float(str(state[row.under]))) or any(
        float(value) < float(str(state[key])) for key in under
    )


DEVICE_KEYS = {
    "identifiers", "name", "manufacturer", "model", "sw_version", "hw_version", "serial_number", "via_device",
}  # fmt: skip
PLATFORMS = {"sensor", "binary_sensor", "number", "select", "switch", "button"}


def faults_of(topic: str, message: dict[str, Json]) -> list[str]:
    """What Home Assistant, from 2023 to today, would refuse or warn of in a discovery message."""
    _, platform, identifier, _ = topic.split("/")
    device, origin = message["device"], message["origin"]
    assert isinstance(device, dict)
    assert isinstance(origin, dict)
    faults = [f"device key {key} is not known everywhere" for key in device.keys() - DEVICE_KEYS]
    if platform not in PLATFORMS or identifier != message["unique_id"]:
        faults.append("topic")
    if not identifier.replace("_", "").isalnum() or set(origin) != {"name", "sw_version", "support_url"}:
        faults.append("unique_id or origin")
    category, state, unit = (
        message.get(key) for key in ("entity_category", "state_class", "unit_of_measurement")
    )
    if category == "config" and platform in ("sensor", "binary_sensor"):
        faults.append("a sensor cannot be in category config")
    known = message.get("device_class")
    if platform == "binary_sensor" and known is not None and known not in BINARY_SENSOR:
        faults.append(f"class {known}")
    if platform == "sensor" and isinstance(known, str):
        allowed = SENSOR.get(known)
        if (
            allowed is None
            or unit not in allowed.units
            or (state is not None and state not in allowed.states)
        ):
            faults.append(f"class {known} with {unit} and {state}")
    if state is not None and state not in STATES:
        faults.append(f"state class {state}")
    options = message.get("options")
    if platform in ("select",) and (not isinstance(options, list) or not options):
        faults.append("no options")
    if platform == "number" and not float(str(message["min"])) <= float(str(message["max"])):
        faults.append("bounds")
    return faults
