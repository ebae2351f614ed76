"""From the lease to a position: dwell, limits of switching, lock; pure, `now` in monotonic seconds.

Towards connected nothing ever delays. Towards islanded stand the dwell after the last connect and after
the relay's own start, and the limits of switching, which include the way back. The count of changes is
kept by running-time ages, so that neither a restart nor a wall clock can shorten it.
"""

import math
from collections.abc import Mapping
from enum import StrEnum

from gridward_kit.kept import Json

HOUR = 3600.0
DAY = 86400.0


class Position(StrEnum):
    """Where the contactor stands: the house on the public grid, or cut off from it."""

    CONNECTED = "connected"
    ISLANDED = "islanded"


class Contactor:
    """The contactor as ordered. `decide` says what the driver is to be told, `moved` that it was told."""

    DWELL = 600.0
    PER_HOUR = 4
    PER_DAY = 12
    DISAGREE = 5.0

    def __init__(self, now: float, kept: Mapping[str, Json] | None = None) -> None:
        self.position = Position.CONNECTED
        self.locked: str | None = None
        self.reason = "Just started"
        self._blocked_until = now + self.DWELL
        self._changes: list[float] = []
        self._safe_due = False
        self._excused = False
        self._disagrees_since: float | None = None
        if kept:
            self._restore(kept, now)

    def decide(self, *, lease_open: bool, now: float, hindrance: str | None = None) -> Position | None:
        """What the driver must be told now, None if nothing. `hindrance`: why islanding cannot be done."""
        if self.position is Position.ISLANDED:
            return self._decide_islanded(lease_open=lease_open)
        if self._safe_due:
            return Position.CONNECTED
        if self.locked is None and lease_open and hindrance is None:
            hindrance = self._obstacle(now)
            if hindrance is None:
                return Position.ISLANDED
        if self.locked is not None:
            self.reason = f"Locked connected until released: {self.locked}"
        elif not lease_open:
            self.reason = "Connected: the rules do not ask for islanding"
        else:
            self.reason = f"Connected, although the rules ask for islanding: {hindrance}"
        return None

    def _decide_islanded(self, *, lease_open: bool) -> Position | None:
        if self.locked is not None:
            self.reason = f"Locked connected until released: {self.locked}"
            return Position.CONNECTED
        if not lease_open:
            self.reason = "Connected: the rules did not renew the lease in time"
            return Position.CONNECTED
        self.reason = "Islanded: the rules renew the lease"
        return None

    def _obstacle(self, now: float) -> str | None:
        if now < self._blocked_until:
            minutes = (self._blocked_until - now) / 60
            return f"{self.DWELL / 60:.0f} min after a connect or a start; {minutes:.0f} min to go"
        exhausted = self._exhausted(now)
        if exhausted is not None and not self._excused:
            self.lock(exhausted)
        return exhausted

    def _exhausted(self, now: float) -> str | None:
        """Whether this change and its way back would be too many, in words."""
        for count, most, window in (
            (self.changes_last_hour(now), self.PER_HOUR, "an hour"),
            (self.changes_last_day(now), self.PER_DAY, "24 hours"),
        ):
            if count + 2 > most:
                return f"{count} changes in {window}, and with the next two there would be over {most}"
        return None

    def moved(self, position: Position, now: float) -> None:
        """The driver was told this position, and may have done it."""
        self._safe_due = False
        self._disagrees_since = None
        if position is self.position:
            return
        self.position = position
        self._changes = [at for at in self._changes if now - at < DAY]
        self._changes.append(now)
        if position is Position.CONNECTED:
            self._blocked_until = now + self.DWELL
        else:
            self._excused = False
            self.reason = "Islanded: the rules renew the lease"

    def follow(self, *, lease_open: bool, now: float) -> None:
        """Decide and do it at once, where no driver is in the way."""
        ordered = self.decide(lease_open=lease_open, now=now)
        if ordered is not None:
            self.moved(ordered, now)

    def check(self, seen: Mapping[str, Position], now: float) -> None:
        """Compare with what is read back, by what says so. Locks when one disagrees for 5 s on end."""
        if not seen or self.locked is not None:
            return
        wrong = [f"{what} says {where}" for what, where in seen.items() if where is not self.position]
        if not wrong:
            self._disagrees_since = None
        elif self._disagrees_since is None:
            self._disagrees_since = now
        elif now - self._disagrees_since >= self.DISAGREE:
            self.lock(f"{' and '.join(wrong)} where {self.position} was ordered")

    def lock(self, why: str) -> None:
        """Go to connected, once, and stay there until a person releases."""
        if self.locked is None:
            self.locked = why
            self._safe_due = True

    def release(self) -> None:
        """A person releases the lock. The dwell and the limits go on, and wait instead of locking anew."""
        self.locked = None
        self._disagrees_since = None
        self._excused = True

    def changes_last_hour(self, now: float) -> int:
        """Changes in the last hour of running time."""
        return sum(now - at < HOUR for at in self._changes)

    def changes_last_day(self, now: float) -> int:
        """Changes in the last 24 hours of running time."""
        return sum(now - at < DAY for at in self._changes)

    def to_json(self, now: float, ahead: Position | None = None) -> dict[str, Json]:
        """What is kept on disk; `ahead` counts a change that is about to be made."""
        ages: list[Json] = [math.floor(now - at) for at in self._changes if now - at < DAY]
        if ahead is not None and ahead is not self.position:
            ages.append(0)
        return {"changes": ages, "position": str(ahead or self.position), "locked": self.locked}

    def _restore(self, kept: Mapping[str, Json], now: float) -> None:
        """Take up a kept count. Time while nothing ran does not count; an islanding whose end nobody saw
        is counted with its way back; what cannot be read locks.
        """
        ages, position, locked = kept.get("changes"), kept.get("position"), kept.get("locked")
        if not isinstance(ages, list) or position not in tuple(Position):
            self.lock("the count of changes on disk cannot be read")
            return
        numbers = [age for age in ages if isinstance(age, int | float) and not isinstance(age, bool)]
        self._changes = [now - max(0.0, age) for age in numbers]
        if len(numbers) != len(ages):
            self.lock("the count of changes on disk cannot be read")
        if position == Position.ISLANDED:
            self._changes.append(now)
        if isinstance(locked, str):
            self.lock(locked)
