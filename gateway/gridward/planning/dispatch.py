"""When to charge from the grid and when to live from the battery, at the least cost. Pure, deterministic.

The least cost of having an energy in the battery is a convex curve, kept as its pieces in order of cost. Each
step adds its own: what it leaves in the battery costs its price, what it charges the price and the losses,
surplus sun nothing. What cannot but be there (the reserve) is taken from the cheap end, what does not fit
from the dear end; at the end the rest is what costs less than it is worth. That is an optimum, as the sum of
convex curves under bounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

EPSILON = 1e-6  # Wh


@dataclass(frozen=True, slots=True)
class Step:
    """A time with one price (per kWh). `net` is what the house needs beyond the sun, negative what the sun
    gives beyond the house; at most `charge` goes into the charger and `discharge` comes out; all Wh."""

    price: float
    net: float
    charge: float
    discharge: float

    @property
    def takes(self) -> float:
        """The most that is taken from the battery."""
        return max(0.0, min(self.net, self.discharge))

    @property
    def sun(self) -> float:
        """The most that the sun's surplus puts in."""
        return max(0.0, min(-self.net, self.charge))


@dataclass(frozen=True, slots=True)
class Bank:
    """Wh that are in the battery, that have to stay in it, and that fit into it; `efficiency` (0 to 1) of
    what is charged from the grid and comes out again."""

    now: float
    reserve: float
    capacity: float
    efficiency: float = 0.85


@dataclass(frozen=True, slots=True)
class Act:
    """What one step does, in Wh: bought for the battery, taken from it, and in it at the end."""

    bought: float
    taken: float
    left: float


class _Piece(NamedTuple):
    """`length` Wh more in the battery for `cost` each; of equal cost the lower `rank` goes first."""

    cost: float
    rank: int
    kind: str
    length: float
    place: int


def worth(steps: Sequence[Step]) -> float:
    """What a Wh that is left at the end is worth: the lowest price, at which it can be had again."""
    return min((max(0.0, step.price) for step in steps), default=0.0)


def dispatch(steps: Sequence[Step], bank: Bank) -> tuple[Act, ...]:
    """What to do in each step. A price under 0 counts as 0; of equal prices the battery is charged and used
    early. A battery under its reserve is charged up to it first, whatever that costs."""
    filled: dict[tuple[int, str], float] = {}
    reserve, most = min(bank.reserve, bank.capacity), max(bank.capacity, bank.now)
    low, floor, pieces = bank.now, min(reserve, bank.now), list[_Piece]()
    for place, step in enumerate(steps):
        own = _pieces(place, step, bank.efficiency)
        floor = min(reserve, floor + sum(piece.length for piece in own if piece.kind != "kept"))
        low, pieces = _cut(low - step.takes, sorted([*pieces, *own]), (floor, most), filled)
    value = worth(steps)
    for piece in pieces:
        if piece.cost < value:
            _fill(filled, piece, piece.length)
    return _acts(steps, bank, filled)


def _pieces(place: int, step: Step, efficiency: float) -> list[_Piece]:
    price = max(0.0, step.price)
    stored = (step.charge - step.sun) * efficiency
    found = (
        _Piece(price, -place, "kept", step.takes, place),
        _Piece(0.0, place, "sun", step.sun, place),
        _Piece(price / efficiency, place, "stored", stored, place),
    )
    return [piece for piece in found if piece.length > EPSILON]


def _cut(
    low: float, pieces: list[_Piece], bounds: tuple[float, float], filled: dict[tuple[int, str], float]
) -> tuple[float, list[_Piece]]:
    """The curve between two energies, and where it begins; what lies below is filled for good."""
    least, most = bounds
    left: list[_Piece] = []
    at = low
    for piece in pieces:
        length = piece.length
        if least <= at and length <= most - at:
            left.append(piece)
        elif at >= most:
            break
        else:
            under = min(length, max(0.0, least - at))
            inside = min(length, most - at) - under
            _fill(filled, piece, under)
            if inside > EPSILON:
                left.append(piece._replace(length=inside))
        at += length
    return max(low, least), left


def _fill(filled: dict[tuple[int, str], float], piece: _Piece, length: float) -> None:
    key = (piece.place, piece.kind)
    filled[key] = filled.get(key, 0.0) + length


def _acts(steps: Sequence[Step], bank: Bank, filled: dict[tuple[int, str], float]) -> tuple[Act, ...]:
    acts: list[Act] = []
    left = bank.now
    for place, step in enumerate(steps):
        taken = step.takes - filled.get((place, "kept"), 0.0)
        stored, sun = filled.get((place, "stored"), 0.0), filled.get((place, "sun"), 0.0)
        left += stored + sun - taken
        acts.append(Act(stored / bank.efficiency, taken, left))
    return tuple(acts)
