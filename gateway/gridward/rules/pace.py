"""How often the rules ask for islanding: less often than the contactor allows, so that it need not lock.

Pure. What counts is what the contactor did: what its dwell held back was no change. While it does not say,
each change of what is decided counts as done. Times are monotonic seconds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gridward.rules.inputs import POSITIONS, Position, Source
from gridward_kit.kept import Json

HOUR, DAY = 3600.0, 86400.0
LIMITS: tuple[tuple[int, float, str], ...] = ((3, HOUR, "an hour"), (8, DAY, "24 hours"))
"""The most changes in so many seconds, the way back included. The contactor locks over 4 and 12."""
COUNTS = ("changes_last_hour", "changes_today")
"""What a contactor says of its changes, in the order of the limits."""

Told = tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class Rest:
    """The house stays on the grid until then, since it switched so often in a time, in words; None where
    the contactor counts changes that nobody here saw."""

    until: float | None
    changes: int
    within: str


def rest(changes: Sequence[float], now: float, told: Told = None) -> Rest | None:
    """Whether to be islanded and come back would be too many changes, and until when. `told` is the
    contactor's own count for each limit, None while it does not say."""
    found = []
    for place, (most, window, within) in enumerate(LIMITS):
        recent = [at for at in changes if now - at < window]
        count = len(recent) if told is None else math.ceil(told[place])
        over = count + 2 - most
        if over > 0:
            seen = recent[over - 1 - count] if over <= count <= len(recent) else None
            found.append(Rest(None if seen is None else seen + window, count, within))
    return max(found, key=lambda one: math.inf if one.until is None else one.until, default=None)


def told(contactor: Source) -> Told:
    """The contactor's own count for each limit, None while it does not say."""
    counts = [contactor.number(key, 0.0, 1000.0) for key in COUNTS]
    known = tuple(count for count in counts if count is not None)
    return known if len(known) == len(COUNTS) else None


@dataclass(frozen=True, slots=True)
class Record:
    """Where the contactor is taken to stand, and when it changed in the last 24 h."""

    stands: Position = "connected"
    changes: tuple[float, ...] = ()

    def after(self, decided: Position, contactor: Source, now: float) -> "Record":
        """One look later: where the contactor says that it stands, else where it was decided to be."""
        said = contactor.word("feedback") or contactor.word("position")
        return self.at(decided if said is None else said, now)

    def at(self, position: str, now: float) -> "Record":
        """The contactor in this position, one more change if it was in the other; no position leaves it."""
        if position == self.stands:
            return self
        moved: list[Position] = [one for one in POSITIONS if one == position and one != self.stands]
        return Record(moved[0], counted(self.changes, now)) if moved else self


def counted(changes: Sequence[float], now: float) -> tuple[float, ...]:
    """One more change; those that no limit looks at any more are left out."""
    return (*(at for at in changes if now - at < DAY), now)


def to_json(record: Record, now: float) -> Json:
    """What is kept: ages in running time, so that no clock has to agree after a restart."""
    ages: list[Json] = [math.floor(now - at) for at in record.changes if now - at < DAY]
    return {"ages": ages, "position": record.stands}


def from_json(content: Json, now: float) -> Record:
    """Take up what was kept; time in which nobody decided does not count, an islanding that ended meanwhile
    does. What cannot be read is left out: the contactor keeps a count of its own."""
    kept = content if isinstance(content, dict) else {}
    ages = kept.get("ages")
    numbers = ages if isinstance(ages, list) else []
    found = sorted(now - age for age in numbers if isinstance(age, int) and 0 <= age < DAY)
    return Record("islanded" if kept.get("position") == "islanded" else "connected", tuple(found))
