"""How often the rules ask for islanding: less often than the contactor allows, so that it need not lock.

Pure. A change is one of the position that the rules decide; times are monotonic seconds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gridward.rules.inputs import Position
from gridward_kit.kept import Json

HOUR, DAY = 3600.0, 86400.0
LIMITS: tuple[tuple[int, float, str], ...] = ((3, HOUR, "an hour"), (8, DAY, "24 hours"))
"""The most changes in so many seconds, the way back included. The contactor locks over 4 and 12."""


@dataclass(frozen=True, slots=True)
class Rest:
    """The house stays on the grid until then, since it switched so often in a time, in words."""

    until: float
    changes: int
    within: str


def rest(changes: Sequence[float], now: float) -> Rest | None:
    """Whether to be islanded and come back would be too many changes, and until when."""
    found = []
    for most, window, within in LIMITS:
        recent = [at for at in changes if now - at < window]
        over = len(recent) + 2 - most
        if over > 0:
            found.append(Rest(recent[over - 1] + window, len(recent), within))
    return max(found, key=lambda one: one.until, default=None)


def counted(changes: Sequence[float], now: float) -> tuple[float, ...]:
    """One more change; those that no limit looks at any more are left out."""
    return (*(at for at in changes if now - at < DAY), now)


def to_json(changes: Sequence[float], position: Position, now: float) -> Json:
    """What is kept: ages in running time, so that no clock has to agree after a restart."""
    ages: list[Json] = [math.floor(now - at) for at in changes if now - at < DAY]
    return {"ages": ages, "position": position}


def from_json(content: Json, now: float) -> tuple[float, ...]:
    """Take up what was kept; time in which nobody decided does not count, an islanding that ended meanwhile
    does. What cannot be read is left out: the contactor keeps a count of its own."""
    kept = content if isinstance(content, dict) else {}
    ages = kept.get("ages")
    numbers = ages if isinstance(ages, list) else []
    found = sorted(now - age for age in numbers if isinstance(age, int) and 0 <= age < DAY)
    return (*found, now) if kept.get("position") == "islanded" else tuple(found)
