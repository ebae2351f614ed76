"""A person's override: a position for a while, then automatic again."""

from dataclasses import dataclass
from typing import get_args

from gridward.rules.inputs import Wish
from gridward_kit.kept import Json

WISHES: tuple[Wish, ...] = get_args(Wish)


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


def override_from(content: Json, now: float, longest: float, spent: float) -> Override:
    """Take up a kept override, less the time that may have passed since it was kept; else automatic."""
    if not isinstance(content, dict):
        return Override()
    wish, remaining = content.get("wish"), content.get("remaining")
    if wish not in WISHES or isinstance(remaining, bool) or not isinstance(remaining, int | float):
        return Override()
    if not 0 < remaining - spent <= longest:
        return Override()
    return Override(wish, now + remaining - spent)
