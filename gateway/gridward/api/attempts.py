"""How often somebody may be wrong with a token: a bucket for each address and one for all. Pure.

It keeps guessers quiet. The right token opens at any time, also behind a proxy where all share one
address: there is nothing to guess in its 192 random bits.
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
    """Wrong tokens are counted, right ones are not. Addresses whose bucket is full are forgotten."""

    _each: dict[str, Bucket] = field(default_factory=dict)
    _all: Bucket = field(default_factory=lambda: Bucket(ALL, 0.0))

    def wait(self, address: str, now: float) -> float:
        """Seconds until this address may try; 0 if it may now."""
        bucket = self._each.get(address, Bucket(EACH, now))
        mine = _lacks(bucket, EACH, REFILL, now) * REFILL
        return max(mine, _lacks(self._all, ALL, REFILL_ALL, now) * REFILL_ALL)

    def failed(self, address: str, now: float) -> None:
        """Count a wrong token."""
        self._each = {key: item for key, item in self._each.items() if _level(item, EACH, REFILL, now) < EACH}
        mine = _level(self._each.get(address, Bucket(EACH, now)), EACH, REFILL, now)
        self._each[address] = Bucket(max(0.0, mine - 1), now)
        self._all = Bucket(max(0.0, _level(self._all, ALL, REFILL_ALL, now) - 1), now)


def _level(bucket: Bucket, size: float, refill: float, now: float) -> float:
    return min(size, bucket.left + max(0.0, now - bucket.at) / refill)


def _lacks(bucket: Bucket, size: float, refill: float, now: float) -> float:
    return max(0.0, 1 - _level(bucket, size, refill, now))
