"""A person's hand on this very computer: it asks for the grid, whatever else is down. Pure.

It can ask for the grid or for nothing, never for islanding. Its number only rises: what was asked before
asks for nothing anew.
"""

from collections.abc import Mapping

from gridward_kit.kept import Json

AUTO, CONNECTED = "auto", "connected"
WISHES = (AUTO, CONNECTED)
LONGEST = 86400.0


class Hand:
    """What was asked by hand and until when (monotonic seconds)."""

    def __init__(self, kept: Mapping[str, Json], now: float) -> None:
        number, remaining = kept.get("number"), kept.get("remaining")
        self._number = number if isinstance(number, int) and not isinstance(number, bool) else 0
        self._until = now + min(LONGEST, remaining) if isinstance(remaining, int | float) else now

    def take(self, content: Json, now: float) -> bool:
        """Take in `{number, wish, seconds}`; whether it asked for something anew."""
        if not isinstance(content, dict):
            return False
        number, wish, seconds = content.get("number"), content.get("wish"), content.get("seconds")
        if isinstance(number, bool) or not isinstance(number, int) or number <= self._number:
            return False
        if wish not in WISHES or isinstance(seconds, bool) or not isinstance(seconds, int | float):
            return False
        self._number = number
        self._until = now + min(LONGEST, max(0.0, seconds)) if wish == CONNECTED else now
        return True

    def remaining(self, now: float) -> float:
        """Seconds for which the grid is still asked for by hand, 0 when it is not."""
        return max(0.0, self._until - now)

    def wish(self, now: float) -> str:
        """`connected` or `auto`."""
        return CONNECTED if now < self._until else AUTO

    def to_json(self, now: float) -> dict[str, Json]:
        """What is kept on disk: running time that is left, so that no clock has to agree after a restart."""
        return {"number": self._number, "remaining": round(self.remaining(now), 1)}
