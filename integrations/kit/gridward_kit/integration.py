"""What an integration is, and how installed ones are found (entry points `gridward.integrations`)."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, ClassVar, Protocol

import voluptuous as vol

from gridward_kit.entity import Entity
from gridward_kit.point import Value

if TYPE_CHECKING:
    from gridward_kit.device import Device

Fact = str | int | float | bool | list[str]
Options = Mapping[str, Fact]
FAST = 0.0
ONCE = float("inf")


@dataclass(frozen=True, slots=True)
class Line:
    """A serial line's settings, and the patience it needs (seconds)."""

    baud: int = 9600
    bits: int = 8
    parity: str = "N"
    stop: float = 1
    first: float = 1.0
    gap: float = 0.2
    pause: float = 0.0

    @property
    def character(self) -> float:
        """Seconds that one character takes on the wire."""
        return (1 + self.bits + (self.parity != "N") + self.stop) / self.baud


@dataclass(frozen=True, slots=True)
class Query:
    """One request and how often it is asked: FAST every turn, ONCE after connecting, else seconds."""

    name: str
    every: float = FAST


@dataclass(frozen=True, slots=True)
class Identity:
    """What was found out about a device once, by harmless queries, and is kept in its state file."""

    model: str
    protocol: str
    serial: str | None = None
    firmware: str | None = None
    manufacturer: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)


class Dialect(ABC):
    """One device's language as pure functions between bytes and values."""

    entities: tuple[Entity, ...]
    queries: tuple[Query, ...]
    proof: tuple[str, str] | None = None
    """Query and key by which the device proves to be the one that was bound: `serial_number` is
    compared with the identity's serial, any other key with the identity's fact of that name."""

    @abstractmethod
    def request(self, query: str) -> bytes:
        """The bytes that ask for a query by its name."""

    @abstractmethod
    def cut(self, request: bytes, buffer: bytes, *, quiet: bool) -> tuple[bytes, bytes] | None:
        """Cut the complete answer to `request` from what has arrived: (answer, rest), None if incomplete.

        `quiet` says that the line has been silent for a gap: an answer of several frames may then be
        given out although frames are missing. Raises BadFrame as soon as it cannot become an answer.
        """

    @abstractmethod
    def payload(self, query: str, answer: bytes) -> bytes:
        """Check an answer and return its payload; raises BadFrame or Refused."""

    @abstractmethod
    def write(self, entity: Entity, value: Value, now: datetime) -> tuple[bytes, ...]:
        """Candidate frames that set the entity, the likeliest first; raises ValueError."""

    @abstractmethod
    def acknowledge(self, request: bytes, answer: bytes) -> None:
        """Check the answer to a written frame; raises BadFrame, or Refused if the device said no."""

    def doubt(self, values: Mapping[str, Value], before: Mapping[str, Value]) -> frozenset[str]:
        """Keys of new values that cannot be true beside each other or after the values before."""
        return frozenset()


class Ask(Protocol):
    """Puts one request on the line during identification; raises DeviceError."""

    def __call__(self, request: bytes, dialect: Dialect) -> Awaitable[bytes]: ...


class Simulator(ABC):
    """A device that answers real bytes; pure: bytes and the time in seconds in, answers out.

    `state` holds its values under the entities' keys; a plant writes measured ones, commands write
    settings. `obeys` is how it treats commands: "yes", "ignores" (acknowledges, does nothing),
    "slow" (obeys after `lag` seconds), "refuses". `refused` names queries that it answers with no.
    `muted` names queries to which it stays silent. `silent_refusal` says that such a device has no
    word for no and stays silent instead.
    """

    state: dict[str, Value]
    obeys: str = "yes"
    lag: float = 5.0
    refused: frozenset[str] = frozenset()
    muted: frozenset[str] = frozenset()
    silent_refusal: ClassVar[bool] = False

    @abstractmethod
    def receive(self, data: bytes, now: float) -> list[bytes]:
        """Take bytes from the line, any number at a time, and return the answers to send, in order."""


@dataclass(frozen=True, kw_only=True)
class Integration:
    """An integration package's one public value.

    A device on a line has `identify`, `dialect`, `decode`, `simulator` and an `example` identity; one
    without a port of its own (a relay on a pin, a host that is pinged) has `serve`. `entities` gives
    its rows for these options; on a line, with no options, every row that any model can have.
    `faults` says what is wrong with options that are each right but do not fit together.
    A relay also has `safe`, which drives its safe state and says so (raises DeviceError, ValueError), and
    `ends_lease`: what ends a lease when the computer dies, in words. `poll` is how often the fast
    queries are asked, in seconds, where the site file does not say. `alike` names pairs of queries
    whose answers cannot be told apart. `options` are the site file's further keys for such a device.
    """

    domain: str
    name: str
    kind: str
    entities: Callable[[Options], tuple[Entity, ...]]
    models: tuple[str, ...] = ()
    line: Line = field(default_factory=Line)
    poll: float = 1.0
    alike: frozenset[frozenset[str]] = frozenset()
    options: Mapping[vol.Marker, Callable[[Fact], Fact]] = field(default_factory=dict)
    identify: Callable[[Ask, Options], Awaitable[Identity]] | None = None
    dialect: Callable[[Identity, Options], Dialect] | None = None
    decode: Callable[[str | None, str, bytes], dict[str, Value]] | None = None
    simulator: Callable[[Options], Simulator] | None = None
    example: Identity | None = None
    serve: Callable[["Device", Options], Awaitable[None]] | None = None
    faults: Callable[[Options], list[str]] | None = None
    safe: Callable[[Options], str] | None = None
    ends_lease: Callable[[Options], str] | None = None


@cache
def integrations() -> Mapping[str, Integration]:
    """All installed integrations by domain, in alphabetical order."""
    found = {}
    for entry in sorted(entry_points(group="gridward.integrations"), key=lambda item: item.name):
        loaded = entry.load()
        if not isinstance(loaded, Integration):
            raise TypeError(f"entry point {entry.value} is not an Integration")
        found[loaded.domain] = loaded
    return found
