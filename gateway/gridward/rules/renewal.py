"""The rules' side of the relay's lease: which pair to answer, and when not to. Pure.

A renewal rests on a decision that was made after its pair came in, so that the relay's own issue time of
the pair is never later than the decision. With the lease's length this bounds the age of a decision that
keeps the house islanded, whatever the way between the two does.
"""

from dataclasses import dataclass

ISLANDED = "islanded"
FRESH = 5.0
FORGOTTEN = 60.0


@dataclass(frozen=True, slots=True)
class Pair:
    """What the relay issued, and when it came in (monotonic seconds)."""

    epoch: str
    n: int
    at: float


class Renewal:
    """Remembers the newest pair of one relay, and answers it once."""

    def __init__(self) -> None:
        self._pair: Pair | None = None
        self._answered: tuple[str, int] | None = None

    def seen(self, epoch: str, n: int, now: float, *, retained: bool = False) -> None:
        """A pair came in from the relay; a retained one, a repeated one and an older n are left alone."""
        if retained:
            return
        known = self._pair
        if known is not None and known.epoch == epoch and n <= known.n:
            return
        self._pair = Pair(epoch, n, now)

    def answer(self, position: str, decided_at: float, now: float) -> tuple[str, int] | None:
        """The pair to publish as the renewal, None where nothing may be renewed.

        `position` is what the rules decided at `decided_at`; only "islanded" renews, only a decision that
        was made since the pair came in, and only within 5 s.
        """
        pair = self._pair
        if pair is None or position != ISLANDED or (pair.epoch, pair.n) == self._answered:
            return None
        if not pair.at <= decided_at <= now or now - decided_at > FRESH or now - pair.at > FORGOTTEN:
            return None
        self._answered = (pair.epoch, pair.n)
        return self._answered
