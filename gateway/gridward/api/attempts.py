"""How often somebody may do something: a bucket for each address and one for all. Pure.

For wrong tokens it keeps guessers quiet. The right token opens at any time, also behind a proxy where
all share one address: there is nothing to guess in its 192 random bits. For commands it keeps a program
that runs wild from wearing devices out.
"""

from dataclasses import dataclass, field

EACH = 5
ALL = 50
REFILL = 30.0  # s for one more try of an address
REFILL_ALL = 3.0


@dataclass(slots=True)
class Bucket:
    """So many tries left, as of a monotonic time."""

    left: float
    at: float


@dataclass(slots=True)
class Attempts:
    """Counts what is told to it. Addresses whose bucket is full are forgotten. By default: wrong tokens."""

    each: int = EACH
    all: int = ALL
    refill: float = REFILL
    refill_all: float = REFILL_ALL
    _each: dict[str, Bucket] = field(default_factory=dict, init=False)
    _all: Bucket = field(init=False)

    def __post_init__(self) -> None:
        self._all = Bucket(self.all, 0.0)

    def wait(self, address: str, now: float) -> float:
        """Seconds until this address may try; 0 if it may now."""
        bucket = self._each.get(address, Bucket(self.each, now))
        mine = _lacks(bucket, self.each, self.refill, now) * self.refill
        return max(mine, _lacks(self._all, self.all, self.refill_all, now) * self.refill_all)

    def count(self, address: str, now: float) -> None:
        """Count one."""
        self._each = {
            key: item
            for key, item in self._each.items()
            if _level(item, self.each, self.refill, now) < self.each
        }
        mine = _level(self._each.get(address, Bucket(self.each, now)), self.each, self.refill, now)
        self._each[address] = Bucket(max(0.0, mine - 1), now)
        self._all = Bucket(max(0.0, _level(self._all, self.all, self.refill_all, now) - 1), now)


def commands() -> Attempts:
    """Commands: a handful at once, then one a second from an address, four from all."""
    return Attempts(each=20, all=60, refill=1.0, refill_all=0.25)


def _level(bucket: Bucket, size: float, refill: float, now: float) -> float:
    return min(size, bucket.left + max(0.0, now - bucket.at) / refill)


def _lacks(bucket: Bucket, size: float, refill: float, now: float) -> float:
    return max(0.0, 1 - _level(bucket, size, refill, now))
