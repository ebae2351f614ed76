"""From a button's level to presses: settled, told short from long, and never a flood. Pure."""

from collections import deque
from typing import Literal

Press = Literal["short", "long"]

SETTLED = 0.04  # s that a level has to last: contacts bounce for some milliseconds
LONG = 2.0
STUCK = 20.0
APART = 1.0
MOST, WITHIN = 6, 60.0


class Button:
    """Sampled some twenty times a second. A press counts at its release, a long one after 2 s.

    Nothing counts before the button was seen released, a second press within a second of the last, or more
    than 6 in a minute.
    """

    def __init__(self) -> None:
        self._level = True
        self._raw = True
        self._raw_at = 0.0
        self._down_at: float | None = None
        self._counted = True
        self._taken: deque[float] = deque(maxlen=MOST)
        self._flooded_at = float("-inf")

    def sample(self, now: float, *, pressed: bool) -> Press | None:
        """Take in the level as it is; a press when there was one."""
        if pressed is not self._raw:
            self._raw, self._raw_at = pressed, now
        if self._raw is not self._level and now - self._raw_at >= SETTLED:
            self._level = self._raw
            if self._level:
                self._down_at, self._counted = now, False
            elif not self._counted:
                self._counted, self._down_at = True, None
                return self._allowed("short", now)
            else:
                self._down_at = None
        if self._level and not self._counted and self._down_at is not None and now - self._down_at >= LONG:
            self._counted = True
            return self._allowed("long", now)
        return None

    def _allowed(self, press: Press, now: float) -> Press | None:
        full = len(self._taken) == MOST and now - self._taken[0] < WITHIN
        if full:
            self._flooded_at = now
        if full or (self._taken and now - self._taken[-1] < APART):
            return None
        self._taken.append(now)
        return press

    def trouble(self, now: float) -> str | None:
        """That it hangs, or was pressed too often in the last minute, in words."""
        if self._level and self._down_at is not None and now - self._down_at >= STUCK:
            return f"held for {now - self._down_at:.0f} s"
        return "pressed too often" if now - self._flooded_at < WITHIN else None
