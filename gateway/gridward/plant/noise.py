"""Seeded noise as a function of time alone: the same at any step, and without history."""

_MASK = (1 << 64) - 1


def draw(seed: int, index: int) -> float:
    """A number in [0, 1) for this seed and index: SplitMix64's mixing of the pair (Steele et al. 2014)."""
    mixed = (seed * 0x9E3779B97F4A7C15 + (index + 1) * 0xD1B54A32D192ED03) & _MASK
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB & _MASK
    return ((mixed ^ (mixed >> 31)) >> 11) / (1 << 53)


class Noise:
    """A smooth curve through one drawn value in [-1, 1] per `period` seconds."""

    __slots__ = ("_index", "_left", "_period", "_right", "_rise", "_seed")

    def __init__(self, seed: int, period: float) -> None:
        self._seed = seed
        self._period = period
        self._index = -1
        self._right = self._knot(0)
        self._move(0)

    def at(self, moment: float) -> float:
        """The curve at a time in seconds."""
        place = moment / self._period
        index = int(place // 1)
        if index != self._index:
            self._move(index)
        share = place - index
        return self._left + self._rise * share * share * (3 - 2 * share)

    def _move(self, index: int) -> None:
        """Between the knots of this index; the step before ended mostly at the first of them."""
        self._left = self._right if index == self._index + 1 else self._knot(index)
        self._right = self._knot(index + 1)
        self._rise = self._right - self._left
        self._index = index

    def _knot(self, index: int) -> float:
        return 2 * draw(self._seed, index) - 1
