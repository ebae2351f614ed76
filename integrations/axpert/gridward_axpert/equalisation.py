"""Battery equalisation: ten values in QBEQI and, on 4th generation firmware, at the end of Q1."""

from dataclasses import replace

from gridward_axpert.settings import command, rating
from gridward_kit.entity import (
    CURRENT,
    DAYS,
    HOURS,
    MINUTES,
    VOLTAGE,
    Category,
    Entity,
    Number,
    Quantity,
    Setting,
    Switch,
)
from gridward_kit.point import Field


def _e(index: int, form: str) -> Field:
    return Field("QBEQI", index, form)


def _number(key: str, name: str, at: Field, quantity: Quantity, template: str, *bounds: float) -> Number:
    low, high, step = bounds
    setting = command(template)
    return Number(key, name, at, quantity, setting, Category.CONFIG, False, True, low, high, step)


def _switch(key: str, name: str, index: int, letters: str) -> Switch:
    setting = Setting(lambda value: (f"{letters}{int(bool(value))}",))
    at = _e(index, "0").bit(0)
    return Switch(key, name, at, setting=setting, category=Category.CONFIG, enabled=False, expert=True)


EQUALISATION: tuple[Entity, ...] = (
    _switch("equalisation_enabled", "Equalisation", 0, "PBEQE"),
    _number("equalisation_time", "Equalisation time", _e(1, "000"), MINUTES, "PBEQT{:03.0f}", 5, 900, 5),
    _number("equalisation_period", "Equalisation period", _e(2, "000"), DAYS, "PBEQP{:03.0f}", 0, 90, 1),
    rating("equalisation_max_current", "Equalisation current limit", _e(3, "000"), CURRENT),
    _number(
        "equalisation_voltage", "Equalisation voltage", _e(5, "00.00"), VOLTAGE, "PBEQV{:05.2f}", 48, 61, 0.01
    ),
    _number(
        "equalisation_over_time", "Equalisation over-time", _e(7, "000"), MINUTES, "PBEQOT{:03.0f}", 5, 900, 5
    ),
    _switch("equalisation_active", "Equalisation now", 8, "PBEQA"),
    rating("equalisation_elapsed", "Equalisation elapsed", _e(9, "0000"), HOURS),
)


def rows(query: str, first: int) -> tuple[Entity, ...]:
    """The rows where the ten values begin at field `first` of this query's answer."""
    return tuple(
        replace(row, at=replace(row.at, query=query, index=first + row.at.index))
        for row in EQUALISATION
        if isinstance(row.at, Field)
    )
