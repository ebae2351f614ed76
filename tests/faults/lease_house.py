"""A house for the lease's state machine: the real relay, driver and renewal, on a simulated board."""

import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from gridward.rules.renewal import Renewal
from gridward_kit.clock import Clock
from gridward_kit.command import Command
from gridward_kit.device import Device
from gridward_kit.errors import NoAnswer
from gridward_kit.info import Setup
from gridward_kit.integration import Options
from gridward_kit.mqtt import Handler, Message
from gridward_relay import INTEGRATION, rtu
from gridward_relay.contactor import Contactor, Position
from gridward_relay.drivers.modbus import Modbus
from gridward_relay.entities import RELEASE
from gridward_relay.lease import Lease
from gridward_relay.options import settings
from gridward_relay.relay import Relay, kept
from gridward_relay.simulator import Board

OPTIONS: Options = {
    "driver": "modbus",
    "port": "/dev/null",
    "contact": "normally_closed",
    "feedback_input": 0,
}
T = TypeVar("T")


def done(work: Coroutine[Any, Any, T]) -> T:
    """Run what never really waits."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("it waited")


@dataclass
class ProcessClock:
    """A process's own monotonic clock over the true time; its wall clock is somewhere else."""

    true: Callable[[], float]
    offset: float

    def monotonic(self) -> float:
        return self.true() + self.offset

    def time(self) -> float:
        return 1e9 - self.true() * 3

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("the relay's start does not wait")


class Wire(Modbus):
    """The real driver; its bytes go straight to the board."""

    def __init__(self, board: Board, clock: Clock, true: Callable[[], float], options: Options) -> None:
        super().__init__(settings(options), clock)
        self._board = board
        self._true = true

    async def _ask(self, asked: bytes) -> bytes:
        answers = self._board.receive(asked, self._true())
        if not answers:
            raise NoAnswer("no answer")
        [answer] = answers
        found = rtu.cut(asked, answer)
        assert found is not None
        return found[0]


@dataclass
class Post:
    """A relay's link: keeps the pairs it issues, hands over the renewals."""

    root: str = "gridward/home"
    site: str = "home"
    role: str = "contactor"
    connected: bool = True
    issued: list[tuple[str, int]] = field(default_factory=list)
    handlers: dict[str, Handler] = field(default_factory=dict)

    def publish(self, topic: str, payload: str, *, retain: bool = False, qos: int = 1) -> None:
        if topic.endswith("/lease"):
            content = json.loads(payload)
            assert not retain
            self.issued.append((content["epoch"], content["n"]))

    def subscribe(self, topic: str, handler: Handler) -> None:
        self.handlers[topic] = handler

    def on_connect(self, act: Callable[[], None]) -> None:
        """Never reconnects."""


class RelayProcess:
    """One life of the relay's process."""

    def __init__(
        self,
        house: "House",
        offset: float,
        lease: type[Lease] = Lease,
        contactor: type[Contactor] = Contactor,
    ) -> None:
        self.clock = ProcessClock(house.true, offset)
        self.post = Post()
        setup = Setup("contactor", INTEGRATION, "Contactor", house.folder, writable=True, record_every=1e9)
        self.device = Device(setup, self.post, self.clock)
        self.relay = Relay(
            self.device,
            Wire(house.board, self.clock, house.true, OPTIONS),
            lease(uuid4().hex, 30.0),
            contactor(self.clock.monotonic(), kept(self.device)),
        )
        self.started = house.now
        self.suspended = False
        self.relay.begin(OPTIONS)

    def tick(self) -> None:
        done(self.relay.tick())

    def renew(self, pair: tuple[str, int], *, retain: bool = False) -> None:
        payload = json.dumps({"v": 1, "epoch": pair[0], "n": pair[1]}).encode()
        topic = "gridward/home/contactor/lease/renew"
        self.post.handlers[topic](Message(topic, payload, retain, self.clock.monotonic()))

    def release(self) -> None:
        assert self.device.perform is not None
        command = Command(value=True, id="1", by="http", deadline=0)
        work = self.device.perform(RELEASE, command)
        assert isinstance(work, Coroutine)
        done(work)


class RulesProcess:
    """One life of the rules' process: decides, and answers on its last decision."""

    def __init__(self, house: "House", offset: float, renewal: type[Renewal] = Renewal) -> None:
        self.clock = ProcessClock(house.true, offset)
        self.renewal = renewal()
        self.suspended = False
        self.decision = (str(Position.CONNECTED), self.clock.monotonic())

    def decide(self, position: Position) -> None:
        self.decision = (str(position), self.clock.monotonic())


@dataclass
class House:
    """The true time, the board, the disk."""

    folder: Path
    now: float = 0.0
    board: Board = field(default_factory=Board)

    def true(self) -> float:
        return self.now

    @property
    def islanded(self) -> bool:
        """Whether the board holds the contactor open at this moment."""
        asked = rtu.request(1, rtu.READ_COILS, 0, 1)
        [answer] = self.board.receive(asked, self.now)
        return bool(rtu.values(asked, answer)[0])
