"""Which messages of one sender's run have come, and up to which number all have. Pure."""

from bisect import bisect_right
from dataclasses import dataclass, field

PATIENCE = 10.0
FIRST = 1


@dataclass(slots=True)
class Receipts:
    """The settled numbers of one boot, as rising ranges with both ends included and gaps between.

    Only a run without gaps may be acknowledged: the sender forgets everything up to the number it is
    told. A gap is closed when the sender says what is the `oldest` that it still holds. Where it does
    not say, a gap is closed when a message from behind it comes again `PATIENCE` seconds or more after
    the gap was seen: a sender repeats its oldest first, so it no longer has what is missing.
    """

    ranges: list[tuple[int, int]] = field(default_factory=list)
    gap_since: float | None = None

    def __contains__(self, seq: int) -> bool:
        place = bisect_right(self.ranges, seq, key=lambda one: one[0]) - 1
        return place >= 0 and seq <= self.ranges[place][1]

    @property
    def complete(self) -> int | None:
        """The number up to which everything is settled; None while the sender holds older ones."""
        return self.ranges[0][1] if self.ranges and self.ranges[0][0] == FIRST else None

    def add(self, seq: int, oldest: int | None, now: float) -> bool:
        """Note a message received at `now` (monotonic seconds); whether it is the first of its number."""
        new = seq not in self
        settled = FIRST
        if oldest is not None:
            settled = min(oldest, seq)
        elif not new and self.gap_since is not None and now - self.gap_since >= PATIENCE:
            settled = seq
        if settled > FIRST:
            self._settle(FIRST, settled - 1)
        if new:
            self._settle(seq, seq)
        if self.complete is not None and len(self.ranges) == 1:
            self.gap_since = None
        elif self.gap_since is None:
            self.gap_since = now
        return new

    def _settle(self, first: int, last: int) -> None:
        """Add a range and join it with all that it touches."""
        touched = [one for one in self.ranges if one[0] <= last + 1 and one[1] >= first - 1]
        apart = [one for one in self.ranges if one not in touched]
        first = min([first, *(one[0] for one in touched)])
        last = max([last, *(one[1] for one in touched)])
        self.ranges = sorted([*apart, (first, last)])
