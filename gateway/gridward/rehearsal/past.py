"""What was recorded, as the rules would have seen it at each moment."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from gridward.planning.entities import PLAN
from gridward.planning.role import RECORD_EVERY
from gridward.recorder.lines import Reading
from gridward.rules.inputs import Source
from gridward.site import Site
from gridward_kit.device import STALE_LEAST, STALE_POLLS
from gridward_kit.integration import integrations
from gridward_kit.point import Value

UNKNOWN = 60.0  # s; how often a value comes while it came once only
LONGEST = 3600.0  # s between two readings that belong together
LAST = 5  # intervals that are looked at


@dataclass(slots=True)
class Heard:
    """One value, when it came, and its last intervals (s)."""

    value: Value
    at: float
    gaps: tuple[float, ...] = ()

    @property
    def every(self) -> float:
        """How often it comes: the middle interval, since what was written is read once more out of turn."""
        return sorted(self.gaps)[len(self.gaps) // 2] if self.gaps else UNKNOWN

    def next(self, value: Value, at: float) -> "Heard":
        """The one after it."""
        gap = at - self.at
        return Heard(value, at, (*self.gaps[1 - LAST :], gap) if 0 < gap <= LONGEST else ())

    def stands(self, now: float) -> bool:
        """Whether it is not older than three of its intervals."""
        return now - self.at <= max(STALE_LEAST, STALE_POLLS * self.every)


@dataclass(slots=True)
class Recorded:
    """One device as its readings tell it."""

    name: str
    kind: str | None
    side: str | None
    record_every: float
    heard: dict[str, Heard] = field(default_factory=dict)
    at: float | None = None

    def take(self, at: float, values: Mapping[str, Value]) -> None:
        """Take in what was recorded at one moment."""
        self.at = at
        for key, value in values.items():
            before = self.heard.get(key)
            self.heard[key] = Heard(value, at) if before is None else before.next(value, at)

    def source(self, now: float) -> Source:
        """What of it was fresh at this moment."""
        age = None if self.at is None else now - self.at
        patience = max(STALE_LEAST, STALE_POLLS * self.record_every)
        values: dict[str, Value] = {}
        if age is not None and age <= patience:
            values = {key: one.value for key, one in self.heard.items() if one.stands(now)}
        keys = frozenset(self.heard)
        return Source(self.name, self.kind, self.side, fresh=bool(values), age=age, values=values, keys=keys)


class Past:
    """The site's devices, brought forward through their readings, which come in order of time."""

    def __init__(self, site: Site, readings: Iterable[Reading]) -> None:
        known = integrations()
        self.devices = {
            spec.id: Recorded(
                spec.name,
                known[spec.integration].kind if spec.integration in known else None,
                spec.side,
                spec.record_every,
            )
            for spec in site.all_devices()
        }
        self._frames = _frames(readings)
        self._next = next(self._frames, None)
        self.last: float | None = None

    @property
    def over(self) -> bool:
        """Whether nothing comes any more."""
        return self._next is None

    def until(self, moment: float) -> None:
        """Take in everything up to a moment (s since 1970)."""
        while self._next is not None and self._next[0] <= moment:
            at, device, values = self._next
            every = RECORD_EVERY if device == PLAN else 1.0  # the gateway's own are in no site file
            self.devices.setdefault(device, Recorded(device, None, None, every)).take(at, values)
            self.last = at
            self._next = next(self._frames, None)

    def sources(self, now: float) -> dict[str, Source]:
        """What the rules would have seen."""
        return {identifier: device.source(now) for identifier, device in self.devices.items()}

    def value(self, device: str, key: str, now: float) -> Value | None:
        """One value that was fresh."""
        found = self.devices.get(device)
        heard = None if found is None else found.heard.get(key)
        return heard.value if heard is not None and heard.stands(now) else None


def _frames(readings: Iterable[Reading]) -> Iterator[tuple[float, str, dict[str, Value]]]:
    """What each device said at one moment."""
    for (ts, device), rows in groupby(sorted_within(readings), lambda one: (one.ts, one.device)):
        yield ts / 1000, device, {row.key: _value(row) for row in rows}


def sorted_within(readings: Iterable[Reading]) -> Iterator[Reading]:
    """Readings of one moment by device."""
    for _, moment in groupby(readings, lambda one: one.ts):
        yield from sorted(moment, key=lambda one: one.device)


def _value(row: Reading) -> Value:
    return bool(row.value) if row.form == "flag" else row.value
