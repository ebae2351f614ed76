"""What a device says now: readings until they are stale, and what is computed from them. Pure."""

from collections.abc import Iterable, Mapping, Set
from typing import NamedTuple

from gridward_kit.entity import Entity, derive
from gridward_kit.point import Derived, Value


class Reading(NamedTuple):
    """A value, and until when it counts (monotonic seconds): from then on it is stale."""

    value: Value
    until: float


class Fresh:
    """The readings of one device. A computed one is reckoned anew when one that it needs was read or is gone,
    and counts until the first of them is stale."""

    def __init__(self) -> None:
        self._readings: dict[str, Reading] = {}
        self._derived: tuple[tuple[Entity, tuple[str, ...]], ...] = ()

    def describe(self, entities: Iterable[Entity]) -> None:
        """Which values are computed from now on, in this order."""
        self._derived = tuple((row, row.at.needs) for row in entities if isinstance(row.at, Derived))

    def values(self, now: float) -> dict[str, Value]:
        """Every value that is not stale."""
        return {key: item.value for key, item in self._readings.items() if now <= item.until}

    def take(self, values: Mapping[str, Value], gone: Set[str], now: float, until: float) -> dict[str, Value]:
        """Take in one answer's values, and which it lacks; they, and what was computed anew."""
        for key, value in values.items():
            self._readings[key] = Reading(value, until)
        moved = {*values, *gone}
        rows = []
        for row, needs in self._derived:
            if not needs or not moved.isdisjoint(needs):
                moved.add(row.key)
                rows.append((row, needs))
        for key in moved - values.keys():
            self._readings.pop(key, None)
        made = derive((row for row, _ in rows), self.values(now)) if rows else {}
        for row, needs in rows:
            if row.key in made:
                ends = min((self._readings[need].until for need in needs), default=until)
                self._readings[row.key] = Reading(made[row.key], ends)
        return {**values, **made}

    def clear(self) -> None:
        """Nothing is known any more."""
        self._readings = {}
