"""How far a store's time has come, whatever the clock says: one that jumps by years deletes no history."""

from dataclasses import dataclass

HASTE = 2.0


@dataclass(slots=True)
class Lifetime:
    """Wall times in s since 1970, None until a clock was believed once.

    `lived` goes on by running time at most, so a clock that was right once cannot carry it past the truth: a
    clock before it is not believed. By `aged` readings are let go: it goes on by running time twice at most,
    which makes good the time in which the recorder did not run.
    """

    lived: float | None = None
    aged: float | None = None
    _at: float | None = None

    def pass_to(self, wall: float, monotonic: float) -> None:
        """The clock says `wall` at a monotonic time (s)."""
        ran = 0.0 if self._at is None else max(0.0, monotonic - self._at)
        self._at = monotonic
        self.lived = wall if self.lived is None else max(self.lived, min(wall, self.lived + ran))
        aged = self.lived if self.aged is None else self.aged
        self.aged = min(wall, max(self.lived, aged + HASTE * ran))
