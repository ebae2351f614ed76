"""The right to stay islanded, on the relay's own monotonic clock; pure, `now` is always handed in (s).

The relay issues `{epoch, n}`; the rules answer with the same pair. An answer counts until the relay's own
issue time of n plus the lease's length, however long it was on its way. No wall clock takes part.
"""

from enum import StrEnum

EVERY = 5.0
LENGTH = 30.0
SHORTEST, LONGEST = 10.0, 60.0


class Refusal(StrEnum):
    """Why a renewal does not count."""

    LATE = "late"
    REPEATED = "repeated"
    OLDER = "older"
    FOREIGN = "foreign"
    RETAINED = "retained"


class Lease:
    """One start's lease: `epoch` is random for each start; each n counts once and only rises."""

    def __init__(self, epoch: str, length: float = LENGTH) -> None:
        if not SHORTEST <= length <= LONGEST:
            raise ValueError(f"a lease of {length:g} s is not between {SHORTEST:g} and {LONGEST:g} s")
        self.epoch = epoch
        self.length = length
        self.refused: dict[Refusal, int] = dict.fromkeys(Refusal, 0)
        self._issued: dict[int, float] = {}
        self._last = 0
        self._last_at: float | None = None
        self._renewed = 0
        self._until: float | None = None

    def due(self, now: float) -> bool:
        """Whether it is time to issue the next pair."""
        return self._last_at is None or now - self._last_at >= EVERY

    def issue(self, now: float) -> tuple[str, int]:
        """The next pair to publish."""
        self._last += 1
        self._last_at = now
        self._issued = {n: at for n, at in self._issued.items() if now - at < self.length}
        self._issued[self._last] = now
        return self.epoch, self._last

    def renew(self, epoch: str, n: int, now: float) -> Refusal | None:
        """Take an answer in; None if it counts, else the reason, which is counted."""
        refusal = self._objection(epoch, n, now)
        if refusal is not None:
            return self.refuse(refusal)
        self._renewed = n
        self._until = self._issued[n] + self.length
        return None

    def refuse(self, refusal: Refusal) -> Refusal:
        """Count a renewal that does not count."""
        self.refused[refusal] += 1
        return refusal

    def _objection(self, epoch: str, n: int, now: float) -> Refusal | None:
        if epoch != self.epoch or not 1 <= n <= self._last:
            return Refusal.FOREIGN
        if n == self._renewed:
            return Refusal.REPEATED
        if n < self._renewed:
            return Refusal.OLDER
        if n not in self._issued or now >= self._issued[n] + self.length:
            return Refusal.LATE
        return None

    def open(self, now: float) -> bool:
        """Whether the house may be islanded at this moment."""
        return self._until is not None and now < self._until

    @property
    def until(self) -> float | None:
        """When the lease ends unless it is renewed; None before the first renewal."""
        return self._until

    def remaining(self, now: float) -> float:
        """Seconds left, 0 when it has ended."""
        return max(0.0, self._until - now) if self._until is not None else 0.0
