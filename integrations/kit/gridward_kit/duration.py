"""How long something lasts, as people write it; the one reader of that. Pure."""

import math
import re
from collections.abc import Mapping
from typing import TypeGuard

UNITS: Mapping[str, float] = {
    word: seconds
    for words, seconds in (
        (("ms", "milliseconds"), 0.001),
        (("s", "sec", "seconds"), 1.0),
        (("m", "min", "minutes"), 60.0),
        (("h", "hours"), 3600.0),
        (("d", "days"), 86400.0),
        (("w", "weeks"), 604800.0),
        (("y", "years"), 31536000.0),
    )
    for word in words
}
"""Seconds; a year has 365 days."""
MOST = 1e300
SHAPES = "90s, 4min, 2h, 30d, 00:04:00 or {minutes: 4}"
COUNTED = re.compile(r"(\d+(?:\.\d+)?) ?([a-z]+)")
CLOCK = re.compile(r"(\d{1,4}):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?")


def seconds_of(written: object) -> float:
    """Seconds of `90s`, `2m`, `4min`, `1h`, `00:04:00` (hours, minutes, seconds), `00:04` (hours, minutes)
    or a mapping as `{hours: 1, minutes: 30}`. Raises ValueError for what is none of these, or below 0."""
    if isinstance(written, str):
        return _of_text(written.strip())
    if not isinstance(written, Mapping) or not written:
        raise ValueError(SHAPES)
    total = 0.0
    for unit, count in written.items():
        if unit not in UNITS or not _number(count):
            raise ValueError(SHAPES)
        total += count * UNITS[unit]
    if not 0 <= total < math.inf:
        raise ValueError(SHAPES)
    return total


def written_seconds(written: object) -> float:
    """The same, and a bare number is one of seconds; for the options of a device."""
    return float(written) if _number(written) else seconds_of(written)


def _number(written: object) -> TypeGuard[int | float]:
    """Whether it is one that can be reckoned with; a file may say an integer of a thousand digits."""
    return isinstance(written, int | float) and not isinstance(written, bool) and abs(written) < MOST


def _of_text(written: str) -> float:
    counted, clock = COUNTED.fullmatch(written), CLOCK.fullmatch(written)
    if counted is not None and counted[2] in UNITS:
        total = float(counted[1]) * UNITS[counted[2]]
        if total < math.inf:
            return total
    elif clock is not None:
        return 3600.0 * int(clock[1]) + 60.0 * int(clock[2]) + float(clock[3] or 0)
    raise ValueError(SHAPES)
