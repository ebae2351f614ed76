"""How long one device on a line is left alone between requests. Pure."""

from dataclasses import dataclass

STEPS = (0.0, 0.025, 0.05, 0.1, 0.2)
WINDOW = 50
DROPPED = 3
CALM = 2000


@dataclass(slots=True)
class Pace:
    """Some devices drop a request that comes soon after their last answer; none says so.

    One that stayed silent three times in 50 requests that came close on an answer of its own is left
    alone for longer: 25, 50, 100, 200 ms. Where that does not help, or was long ago, less is tried again.
    """

    until: float = 0.0
    _step: int = 0
    _asked: int = 0
    _dropped: int = 0
    answered_at: float = float("-inf")

    @property
    def pause(self) -> float:
        """Seconds that it is left alone after an answer, beside what its maker asks for."""
        return STEPS[self._step]

    def answered(self, now: float, least: float = 0.0) -> None:
        """It said something; `least` is for how long its maker wants it to be left alone after that."""
        self._count()
        self.answered_at = now
        self.until = now + max(least, self.pause)

    def silent(self, started: float, late: float = 0.0) -> None:
        """It said nothing to the request sent then, and may still do so until `late` seconds after it."""
        self._count()
        self.until = max(self.until, started + late)
        close = started - self.answered_at < max(STEPS)
        self.answered_at = float("-inf")
        if not close:
            return
        self._dropped += 1
        if self._dropped < DROPPED or self._step == len(STEPS) - 1:
            return
        self._step += 1
        self._asked = self._dropped = 0

    def _count(self) -> None:
        self._asked += 1
        if self._asked % WINDOW == 0:
            self._dropped = 0
        if self._asked >= CALM and self._step:
            self._step -= 1
            self._asked = 0
