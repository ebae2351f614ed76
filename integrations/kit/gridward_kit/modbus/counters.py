"""Which readings of a device's counters cannot be true: it fell, or rose too fast. Pure.

Some meters answer now and then with a counter that is none (SDM630: 180.1, 180.2, 5000, 180.4). What is
doubted is believed when the next answer says about the same: an exchanged or reset meter is late, not lost.
"""

from collections.abc import Iterable, Mapping

from gridward_kit.entity import Entity
from gridward_kit.point import Value

UNITS = ("kWh", "kvarh", "kVAh", "Ah")
RISES, MOVES = "total_increasing", "total"


class Counters:
    """A device's counters as they were believed last.

    `step` is by how much one may move between two answers, in its unit. Those of the state class
    `total_increasing` only rise; those of `total` move both ways. What was never heard before is doubted.
    """

    def __init__(self, rows: Iterable[Entity], step: float) -> None:
        """Raises ValueError for a step that is not positive."""
        if step <= 0:
            raise ValueError(f"a counter that may move by {step} cannot count")
        self._step = step
        self._falls = {
            row.key: row.quantity.state_class == MOVES
            for row in rows
            if row.quantity.state_class in (RISES, MOVES) and row.quantity.unit in UNITS
        }
        self._believed: dict[str, float] = {}
        self._doubted: dict[str, float] = {}

    def doubt(self, values: Mapping[str, Value]) -> frozenset[str]:
        """The keys of counters in this answer that are not believed yet."""
        return frozenset(key for key in values.keys() & self._falls.keys() if not self._take(key, values))

    def _take(self, key: str, values: Mapping[str, Value]) -> bool:
        value = float(values[key])
        earlier = self._doubted.pop(key, None)
        if self._follows(key, self._believed.get(key), value) or self._follows(key, earlier, value):
            self._believed[key] = value
            return True
        self._doubted[key] = value
        return False

    def _follows(self, key: str, earlier: float | None, value: float) -> bool:
        """Whether the counter may stand here after it stood there."""
        if earlier is None:
            return False
        least = -self._step if self._falls[key] else 0.0
        return least <= value - earlier <= self._step
