"""What an integration is, and how installed ones are found (entry points `gridward.integrations`)."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from threading import RLock
from typing import TYPE_CHECKING, ClassVar, Protocol

import voluptuous as vol

from gridward_kit.entity import Entity
from gridward_kit.point import Value

if TYPE_CHECKING:
    from gridward_kit.commission import Commission
    from gridward_kit.device import Device

log = logging.getLogger(__name__)

Fact = str | int | float | bool | list[str]
Options = Mapping[str, Fact]
FAST = 0.0
ONCE = float("inf")


@dataclass(frozen=True, slots=True)
class Line:
    """A serial line's settings, and the patience it needs (seconds).

    `first` is how long the first byte of an answer is waited for, `gap` the silence that ends one, `pause`
    what the line needs between an answer and the next request. On a `modbus` line that is at least 3.5
    characters, 1.75 ms above 19200 baud (Modbus over Serial Line V1.02).
    """

    baud: int = 9600
    bits: int = 8
    parity: str = "N"
    stop: float = 1
    first: float = 1.0
    gap: float = 0.2
    pause: float = 0.0
    modbus: bool = False

    @property
    def character(self) -> float:
        """Seconds that one character takes on the wire."""
        return (1 + self.bits + (self.parity != "N") + self.stop) / self.baud

    @property
    def rest(self) -> float:
        """Seconds of silence before a request."""
        if not self.modbus:
            return self.pause
        return max(self.pause, 3.5 * self.character if self.baud <= 19200 else 0.00175)


@dataclass(frozen=True, slots=True)
class Query:
    """One request and how often it is asked: FAST every turn, ONCE after connecting, else seconds.

    `twice` is for answers whose checksum is weak: only what two in a row say alike counts. Where the line
    is full, a slow query is asked after so many `rounds` of the fast ones at the earliest: what changes is
    not held up by what hardly does.
    """

    name: str
    every: float = FAST
    twice: bool = False
    rounds: int = 1


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
    pause: float = 0.0
    """Seconds that the device is left alone after its answer, while others on the line are asked."""
    late: float = 0.0
    """Seconds from a request on in which a late answer may still come, that cannot be told from one to
    another request: for so long a device that stayed silent is asked nothing."""

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

    def on(self, line: Line) -> None:
        """Told once, before anything is asked, which line it is on: what is cheap there may differ."""
        return

    def beside(self, entity: Entity, value: Value) -> bool:
        """Whether a frame that sets it carries others' values too: its query is asked right before."""
        return False

    def unlock(self, entity: Entity) -> tuple[bytes, ...]:
        """Frames that must be acknowledged, one after the other, before the entity is written."""
        return ()

    def without(self, query: str) -> bool:
        """The device refused a query: ask smaller ones in its place. False where there are none."""
        return False

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
    word for no and stays silent instead. `hears`, where it has line settings of its own: it takes only what
    is sent with these, as far as the line between can tell.
    """

    state: dict[str, Value]
    hears: Line | None = None
    obeys: str = "yes"
    lag: float = 5.0
    refused: frozenset[str] = frozenset()
    muted: frozenset[str] = frozenset()
    silent_refusal: ClassVar[bool] = False

    @abstractmethod
    def receive(self, data: bytes, now: float) -> list[bytes]:
        """Take bytes from the line, any number at a time, and return the answers to send, in order."""


class SwitchLimits(Protocol):
    """The limits of switching that a relay keeps itself, for rehearsals: dwell, changes, lock."""

    @property
    def position(self) -> str:
        """`connected` or `islanded`, as ordered."""

    @property
    def locked(self) -> str | None:
        """Why it is locked connected until a person releases it."""

    def follow(self, *, lease_open: bool, now: float) -> None:
        """Take the position that the lease allows at this moment (monotonic seconds)."""

    def release(self) -> None:
        """A person releases the lock."""


@dataclass(frozen=True, slots=True)
class Example:
    """A further device for the contract tests, and the options that all its parts are given."""

    identity: Identity
    options: Options = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Integration:
    """An integration package's one public value.

    A device on a line has `identify`, `dialect`, `decode`, `simulator` and an `example` identity, which
    is what `identify` finds in `simulator({})`; `examples` are further ones, one per family of protocols,
    by the name that the contract tests report them under. One without a port of its own (a relay on a
    pin, a host that is pinged) has `serve`. `entities` gives its rows for these options; on a line, with
    no options, every row that any model can have. `faults` says what is wrong with options that are each
    right but do not fit together. A relay also has `safe`, which drives its safe state and says so (raises
    DeviceError, ValueError), and `ends_lease`: what ends a lease when the computer dies, in words; `limits`
    are its limits of switching, begun at a moment (monotonic seconds), and `look` reads its contacts without
    moving anything, while nobody else has it (raises DeviceError). `poll` is how often the fast queries are
    asked, in seconds, where the site file does not say. `alike` names pairs of queries whose answers cannot
    be told apart. `options` are the site file's further keys. `commission`: how a fresh one gets onto a line.
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
    examples: Mapping[str, Example] = field(default_factory=dict)
    serve: Callable[["Device", Options], Awaitable[None]] | None = None
    faults: Callable[[Options], list[str]] | None = None
    safe: Callable[[Options], str] | None = None
    ends_lease: Callable[[Options], str] | None = None
    look: Callable[[Options], Mapping[str, Value]] | None = None
    limits: Callable[[float], SwitchLimits] | None = None
    commission: "Commission | None" = None

    def each(self) -> Iterator[tuple[str, "Integration"]]:
        """Itself under its domain, then for each of the `examples` itself with that one as `example`."""
        yield self.domain, self
        for name, example in self.examples.items():
            yield f"{self.domain}-{name}", self._standing_for(example)

    def _standing_for(self, example: Example) -> "Integration":
        identify, dialect, simulator, own = self.identify, self.dialect, self.simulator, example.options
        if identify is None or dialect is None or simulator is None:
            raise TypeError(f"{self.domain}: examples without identify, dialect or simulator")
        return replace(
            self,
            example=example.identity,
            examples={},
            identify=lambda ask, options: identify(ask, {**own, **options}),
            dialect=lambda identity, options: dialect(identity, {**own, **options}),
            simulator=lambda options: simulator({**own, **options}),
        )


class Installed(Mapping[str, Integration]):
    """The installed integrations by domain, which their entry points are called by. Each is loaded when it is
    first asked for; to go through them loads all. What cannot be loaded is told in the log and left out."""

    def __init__(self) -> None:
        entries = sorted(entry_points(group="gridward.integrations"), key=lambda item: item.name)
        self._waiting, self._names = {entry.name: entry for entry in entries}, [one.name for one in entries]
        self._loaded: dict[str, Integration] = {}
        self.broken: dict[str, str] = {}  # why, of those that were tried and cannot be loaded
        self._lock = RLock()

    def __getitem__(self, domain: str) -> Integration:
        with self._lock:  # several threads may ask for the first time at once
            if (entry := self._waiting.pop(domain, None)) is not None:
                self._load(domain, entry)
            return self._loaded[domain]

    def _load(self, domain: str, entry: EntryPoint) -> None:
        try:
            loaded = entry.load()
            if not isinstance(loaded, Integration) or loaded.domain != domain:
                raise TypeError(f"{entry.value} is not an Integration of the domain {domain}")
            self._loaded[domain] = loaded
        except Exception as error:  # whatever is wrong with one package, the others serve
            self.broken[domain] = f"{type(error).__name__}: {error}"
            log.exception("integration %s cannot be loaded; the others go on", domain)

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._names if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@cache
def integrations() -> Installed:
    """All installed integrations by domain, in alphabetical order; without those that cannot be loaded."""
    return Installed()
