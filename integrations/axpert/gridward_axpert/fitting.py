"""Rows as one unit has them: battery voltages are written for 48 V and scaled; a key stands once."""

from collections.abc import Iterable
from dataclasses import replace

from gridward_axpert import live, settings
from gridward_axpert.unit import Unit
from gridward_kit.entity import Entity, Number, Sensor


def fitted(row: Entity, unit: Unit) -> Entity:
    """A row written for 48 V as this unit's voltage asks; unknown voltage allows what any unit may have."""
    if isinstance(row, Sensor) and row.limits == live.BATTERY:
        low, high = (9.0, live.BATTERY[1]) if not unit.nominal else (live.BATTERY[0], live.BATTERY[1])
        factor = unit.nominal / 48 or 1
        return replace(row, limits=(low * factor, high * factor))
    if isinstance(row, Number) and row.key in settings.BATTERY_VOLTAGES and unit.nominal:
        factor = unit.nominal / 48
        only = tuple(_tenth(volts * factor) for volts in row.only)
        if row.key == "equalisation_voltage" and unit.nominal == 24:
            return replace(row, low=24.0, high=31.5)  # the maker's bounds, not half of those for 48 V
        return replace(row, low=_tenth(row.low * factor), high=_tenth(row.high * factor), only=only)
    return row


def _tenth(volts: float) -> float:
    """Rounded to 0.1 V, halves up, as the maker's lists are (11.25 V is 11.3)."""
    return round(volts + 1e-6, 1)


def unique(found: Iterable[Entity]) -> tuple[Entity, ...]:
    """The first row of each key."""
    first: dict[str, Entity] = {}
    for row in found:
        first.setdefault(row.key, row)
    return tuple(first.values())
