"""Rows that every battery with cells has: each cell, the spread, and neighbours' differences.

The difference of neighbouring cells is what an active balancer works on: cell n minus cell n + 1.
"""

from gridward_kit.entity import CELL_VOLTAGE, Category, Entity, Sensor
from gridward_kit.point import Derived, Point

CELL_LIMITS = (0.5, 5.0)


def cell_rows(points: tuple[Point, ...]) -> tuple[Entity, ...]:
    """Rows for the cells whose voltages (V) lie at these points, cell 1 first."""
    cells = tuple(
        Sensor(
            f"cell_{number}_voltage",
            f"Cell {number} voltage",
            point,
            CELL_VOLTAGE,
            category=Category.DIAGNOSTIC,
            enabled=False,
            limits=CELL_LIMITS,
        )
        for number, point in enumerate(points, 1)
    )
    keys = tuple(row.key for row in cells)
    spread = Sensor("cell_spread", "Cell spread", Derived(keys, _spread), CELL_VOLTAGE)
    neighbours = tuple(
        Sensor(
            f"cell_{number}_{number + 1}_difference",
            f"Cell {number} to {number + 1} difference",
            Derived((keys[number - 1], keys[number]), _difference),
            CELL_VOLTAGE,
            category=Category.DIAGNOSTIC,
            enabled=False,
        )
        for number in range(1, len(keys))
    )
    return (*cells, *((spread,) if keys else ()), *neighbours)


def _spread(*volts: float) -> float:
    return round(max(volts) - min(volts), 3)


def _difference(one: float, other: float) -> float:
    return round(one - other, 3)
