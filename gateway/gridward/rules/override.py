"""A person's override: a position for a while, then automatic again."""

from dataclasses import dataclass
from typing import get_args

from gridward import values
from gridward.rules.inputs import Wish
from gridward_kit.entity import Select
from gridward_kit.kept import Json
from gridward_kit.point import Value

WISHES: tuple[Wish, ...] = get_args(Wish)
SHORTEST, LONGEST = 60.0, 7 * 86400.0
FOR = " for "
_span = values.duration(SHORTEST, LONGEST)


def timed(said: str) -> tuple[str, float | None]:
    """Read a wish and for how long (s), as in `stop for 2h`; None where it is not said. Raises ValueError."""
    if FOR not in said:
        return said, None
    word, _, span = said.rpartition(FOR)
    try:
        return word, _span(span)
    except values.Wrong as wrong:
        raise ValueError(f"{span!r} is not {wrong.msg}") from None


def read_override(said: str) -> tuple[Wish, float | None]:
    """Read `connected` or `islanded for 2h`; raises ValueError in words."""
    word, lasts = timed(said)
    for wish in WISHES:
        if wish == word:
            return wish, lasts
    raise ValueError(f"{word!r} is not one of {', '.join(WISHES)}")


@dataclass(frozen=True, slots=True)
class GridOverride(Select):
    """The select of the grid; it also takes a time, as `connected for 2h`."""

    def accept(self, value: Value) -> Value:
        read_override(str(value))
        return value


@dataclass(frozen=True, slots=True)
class Override:
    """A wish and until when it holds (monotonic seconds); `auto` is no override."""

    wish: Wish = "auto"
    until: float = 0.0

    def now(self, now: float) -> "Override":
        """The override as it stands: automatic when its time is over."""
        return self if self.remaining(now) else Override()

    def remaining(self, now: float) -> float:
        """Seconds it still holds; 0 when there is none."""
        return max(0.0, self.until - now) if self.wish != "auto" else 0.0

    def to_json(self, now: float) -> Json:
        """What is kept: running time that is left, so that no clock has to agree after a restart."""
        return {"wish": self.wish, "remaining": round(self.remaining(now), 1)}


def override_from(content: Json, now: float, spent: float) -> Override:
    """Take up a kept override, less the time that may have passed since it was kept, which may be over; what
    is none is automatic."""
    if not isinstance(content, dict):
        return Override()
    wish, remaining = content.get("wish"), content.get("remaining")
    if wish not in WISHES or isinstance(remaining, bool) or not isinstance(remaining, int | float):
        return Override()
    if not remaining - spent <= LONGEST:
        return Override()
    return Override(wish, now + remaining - spent)
