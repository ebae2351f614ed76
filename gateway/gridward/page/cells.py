"""A battery's cells on one scale: voltages, limits, highest and lowest, neighbours' steps. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gridward_kit.point import Value

KEY = re.compile(r"cell_(\d+)_voltage")
LOWEST, HIGHEST = 2.8, 3.65  # V: limits of a LiFePO4 cell where the site file says no other
MARGIN = 0.1  # V of scale outside the limits


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: number from 1, volts, place on the scale (0 to 1), volts above its left neighbour."""

    number: int
    volts: float
    place: float
    step: float | None
    mark: str


@dataclass(frozen=True, slots=True)
class Cells:
    """All cells that were read; `low` and `high` are the limits' places on the scale."""

    cells: tuple[Cell, ...]
    limits: tuple[float, float]
    low: float
    high: float
    spread: float

    @property
    def highest(self) -> Cell:
        return max(self.cells, key=lambda cell: cell.volts)

    @property
    def lowest(self) -> Cell:
        return min(self.cells, key=lambda cell: cell.volts)


def cells(values: Mapping[str, Value], limits: tuple[float, float] = (LOWEST, HIGHEST)) -> Cells | None:
    """The cells among a battery's values; None where no cell was read."""
    volts = {}
    for key, value in values.items():
        match = KEY.fullmatch(key)
        if match and isinstance(value, int | float) and not isinstance(value, bool):
            volts[int(match[1])] = float(value)
    if not volts:
        return None
    bottom = min(limits[0], *volts.values()) - MARGIN
    top = max(limits[1], *volts.values()) + MARGIN
    high, low = max(volts.values()), min(volts.values())

    def place(voltage: float) -> float:
        return (voltage - bottom) / (top - bottom)

    rows = tuple(
        Cell(
            number,
            volts[number],
            place(volts[number]),
            volts[number] - volts[number - 1] if number - 1 in volts else None,
            "highest" if volts[number] == high > low else "lowest" if volts[number] == low < high else "",
        )
        for number in sorted(volts)
    )
    return Cells(rows, limits, place(limits[0]), place(limits[1]), high - low)
