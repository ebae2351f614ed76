"""A bus on a real pseudo-terminal with one or several simulated devices, and a tap on its wire."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC
from pathlib import Path

from gridward_daly import INTEGRATION as DALY
from gridward_daly.protocol import HEAD, HOST, SIZE
from gridward_daly.simulator import DalyBoard
from gridward_kit.bus import Bus
from gridward_kit.clock import Clock
from gridward_kit.device import Device
from gridward_kit.faults import Faults
from gridward_kit.info import Setup
from gridward_kit.integration import Identity, Integration, Line, Options, Simulator
from gridward_kit.kept import Json
from gridward_kit.mqtt import Link
from gridward_kit.point import Value
from gridward_kit.port import Port
from gridward_kit.simulate import Served, serve_pty
from gridward_kit.testing import MemoryBroker
from gridward_kit.wired import Wired, kept_form

QUICK = Line(baud=500_000, first=0.06, gap=0.02)
PATIENCE = 60.0
REGISTERS = 8  # bytes of a request of the register protocols


async def until(holds: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait for something to become so; fails the test if it never does."""
    async with asyncio.timeout(patience):
        while not holds():  # noqa: ASYNC110 - what it waits for has no event
            await asyncio.sleep(0.005)


class Tap(Simulator):
    """Hears every request on a line in order, says nothing, and may act on what it hears."""

    def __init__(self, whole: Callable[[bytes], int]) -> None:
        self.state = {}
        self.heard: list[bytes] = []
        self.act: Callable[[bytes], None] | None = None
        self._whole = whole
        self._buffer = b""

    def receive(self, data: bytes, now: float) -> list[bytes]:
        self._buffer += data
        while size := self._whole(self._buffer):
            request, self._buffer = self._buffer[:size], self._buffer[size:]
            self.heard.append(request)
            if self.act is not None:
                self.act(request)
        return []


def frames(buffer: bytes) -> int:
    """The length of a Daly request at the beginning, of any of its protocols, 0 while it is not whole."""
    size = SIZE if buffer[:1] == bytes((HEAD,)) else REGISTERS
    return size if len(buffer) >= size else 0


def lines(buffer: bytes) -> int:
    """The length of an Axpert request at the beginning, 0 while it is not whole."""
    return buffer.find(b"\r") + 1


@dataclass
class Member:
    """One simulated device: its id, what it is, and what is known of it already."""

    id: str
    integration: Integration
    simulator: Simulator
    options: Options = field(default_factory=dict)
    identity: Identity | None = None


def pack(number: int, *, known: bool = True) -> Member:
    """A Daly board of this number, with values of its own."""
    board = DalyBoard(board=number)
    board.state |= {"soc": 50.0 + number, "soc_setting": 50.0 + number, "cycles": number}
    board.receive(b"", 0.0)
    assert DALY.example
    facts = {**DALY.example.facts, "host": HOST}
    return Member(
        f"pack_{number}",
        DALY,
        board,
        {"address": number},
        replace(DALY.example, facts=facts) if known else None,
    )


@dataclass
class LineHouse:
    """A running bus and who is on it."""

    served: Served
    bus: Bus
    port: Port
    tap: Tap
    wired: Mapping[str, Wired]
    broker: MemoryBroker | None

    def said(self, topic: str) -> list[str]:
        """What was published on a topic below the root; of the broker in memory only."""
        assert self.broker
        return self.broker.said(f"gridward/home/{topic}")

    def state(self, device: str) -> dict[str, Json]:
        """The last state of a device, empty if there was none."""
        said = self.said(f"{device}/state")
        content: dict[str, Json] = json.loads(said[-1]) if said else {}
        return content

    def ask(self, device: str, key: str, value: Value, identifier: str, ttl: float = 200) -> None:
        """Publish a command."""
        assert self.broker
        wish = {"v": 1, "value": value, "id": identifier, "by": "http", "ttl": ttl}
        self.broker.publish(f"gridward/home/{device}/{key}/command", json.dumps(wish))

    def answers(self, device: str, key: str, identifier: str) -> list[dict[str, Json]]:
        """The results of one command so far."""
        told = [json.loads(item) for item in self.said(f"{device}/{key}/result")]
        return [item for item in told if item["id"] == identifier]

    async def result(self, device: str, key: str, identifier: str) -> dict[str, Json]:
        """A command's final result."""

        def final() -> list[dict[str, Json]]:
            return [one for one in self.answers(device, key, identifier) if one["status"] != "accepted"]

        await until(lambda: bool(final()))
        return final()[0]


@asynccontextmanager
async def line_house(
    folder: Path,
    members: Sequence[Member],
    clock: Clock,
    *,
    link: Link | None = None,
    line: Line = QUICK,
    whole: Callable[[bytes], int] = frames,
    faults: Faults | None = None,
    chunk: int = 4096,
    hid: bool = False,
    name: str = "port",
) -> AsyncIterator[LineHouse]:
    """Run a bus of these devices, by default on a broker in memory; `whole` cuts the tap's requests."""
    broker = MemoryBroker(clock) if link is None else None
    used = broker.link("bus:line") if broker is not None else link
    assert used is not None
    tap = Tap(whole)
    served = serve_pty(
        [tap, *(member.simulator for member in members)],
        line,
        link=folder / name,
        faults=faults,
        turnaround=0.0,
        chunk=chunk,
        hid=hid,
    )
    wired = {member.id: wired_up(folder, member, used, clock) for member in members}
    port = Port(served.url, line, clock)
    bus = Bus(port, list(wired.values()), clock, UTC)
    task = asyncio.create_task(bus.run())
    try:
        yield LineHouse(served, bus, port, tap, wired, broker)
        assert not task.done(), "the bus ended"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        served.unplug()


def wired_up(folder: Path, member: Member, link: Link, clock: Clock) -> Wired:
    """A device on its bus, with what is known of it."""
    setup = Setup(member.id, member.integration, member.id, folder / "state", writable=True)
    device = Device(setup, link, clock)
    if member.identity is not None:
        device.kept.save({"identity": kept_form(member.identity)})
    return Wired(device, member.options, clock, None)
