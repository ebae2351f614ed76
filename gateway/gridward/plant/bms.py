"""The BMS of the bank: MOSFET switches with protection and release, coulomb counting, readings.

Two levels as Daly has them: the first warns, the second opens a MOSFET.
"""

from dataclasses import dataclass
from operator import add
from random import Random
from typing import Literal

from gridward.plant.battery import Battery
from gridward_kit.point import Value

FULL_VOLTAGE = 3.44  # V a cell, mean, with a small current: the counter is set to 100 %
FULL_CURRENT = 0.03  # of the capacity
DEADBAND = 0.25  # A that the shunt does not see
RESOLUTION = 0.1  # A
GAIN = 1.003  # of the shunt
CELL_ERROR = 0.0012  # V, standard deviation of the measurement of a cell
SENSORS = (0.7, -0.4)  # degC by which the two temperature sensors differ from the mean


@dataclass(frozen=True, slots=True)
class Limit:
    """Where one quantity warns, where it opens the `stops` MOSFET, and where that one closes again.

    With `hold` it closes after so many seconds instead: an interrupted current says nothing.
    """

    warning: float
    protection: float
    release: float
    stops: Literal["charge", "discharge"]
    hold: float = 0.0

    @property
    def sign(self) -> int:
        """1 where it looks upwards, -1 where it looks downwards."""
        return 1 if self.protection >= self.release else -1

    def past(self, level: float, value: float) -> bool:
        """Whether a value is beyond a level, upwards or downwards as this limit looks."""
        return self.sign * value >= self.sign * level


# V a cell, A and degC of a board of 250 A for LiFePO4
LIMITS = {
    "cell_voltage_high": Limit(3.55, 3.65, 3.45, "charge"),
    "cell_voltage_low": Limit(2.90, 2.80, 3.00, "discharge"),
    "charge_overcurrent": Limit(120, 140, 0, "charge", hold=30),
    "discharge_overcurrent": Limit(240, 260, 0, "discharge", hold=30),
    "charge_temperature_high": Limit(50, 55, 52, "charge"),
    "charge_temperature_low": Limit(3, 0, 3, "charge"),
    "discharge_temperature_high": Limit(60, 65, 62, "discharge"),
    "discharge_temperature_low": Limit(-15, -20, -17, "discharge"),
}
STOPS_CHARGE = frozenset(f"{stem}_protection" for stem, limit in LIMITS.items() if limit.stops == "charge")
STOPS_DISCHARGE = frozenset(f"{stem}_protection" for stem in LIMITS) - STOPS_CHARGE
HIGH, LOW = "cell_voltage_high_protection", "cell_voltage_low_protection"
LEVELS = ("warning", "protection")
GUARDS = tuple(
    (limit, limit.sign, limit.sign * limit.warning, f"{stem}_warning", f"{stem}_protection")
    for stem, limit in LIMITS.items()
)
WARNED = {stem: limit.warning for stem, limit in LIMITS.items()}
CALM_CELLS = (WARNED["cell_voltage_low"], WARNED["cell_voltage_high"])
CALM_CURRENT = (-WARNED["discharge_overcurrent"], WARNED["charge_overcurrent"])
CALM_WARMTH = (
    max(WARNED["charge_temperature_low"], WARNED["discharge_temperature_low"]),
    min(WARNED["charge_temperature_high"], WARNED["discharge_temperature_high"]),
)
"""Between these nothing warns."""
QUIET = {f"{stem}_{word}": False for stem in LIMITS for word in LEVELS}


class Bms:
    """Guards a battery. `charge_switch` and `discharge_switch` are what a person has set.

    `failures` are the warnings and protections that stand, as `<what>_warning` and `<what>_protection`.
    """

    def __init__(self, battery: Battery, seed: int) -> None:
        random = Random(f"{seed} bms")
        self._battery = battery
        self._cells = [f"cell_{number}_voltage" for number in range(1, len(battery.voltages) + 1)]
        self._errors = [random.gauss(0, CELL_ERROR) for _ in battery.voltages]
        self.charge_switch = True
        self.discharge_switch = True
        self.counted = battery.settings.capacity * battery.soc / 100
        self.discharged = battery.settings.cycles * battery.settings.capacity
        self.failures: frozenset[str] = frozenset()
        self._held: dict[str, float] = {}

    @property
    def charge_mosfet(self) -> bool:
        """Whether charging current can flow."""
        return self.charge_switch and self.failures.isdisjoint(STOPS_CHARGE)

    @property
    def discharge_mosfet(self) -> bool:
        """Whether discharging current can flow."""
        return self.discharge_switch and self.failures.isdisjoint(STOPS_DISCHARGE)

    @property
    def current(self) -> float:
        """What the shunt shows, A."""
        current = self._battery.current * GAIN
        return 0.0 if abs(current) < DEADBAND else round(current / RESOLUTION) * RESOLUTION

    @property
    def soc(self) -> float:
        """Counted state of charge, 0 to 100 %."""
        return 100 * self.counted / self._battery.settings.capacity

    def limits(self, seconds: float) -> tuple[float, float]:
        """Greatest discharging and charging current (A) of the next step."""
        discharging, charging = self._battery.room(seconds)
        return (
            discharging if self.discharge_mosfet else 0.0,
            charging if self.charge_mosfet else 0.0,
        )

    def step(self, seconds: float) -> None:
        """Count and guard after the battery's step."""
        size = self._battery.settings.capacity
        moved = self.current * seconds / 3600
        self.counted = max(0.0, min(size, self.counted + moved))
        self.discharged -= min(0.0, moved)
        before = self.failures
        self._watch(seconds)
        mean = self._battery.voltage / self._battery.settings.cells
        full = mean >= FULL_VOLTAGE and 0 <= self._battery.current <= FULL_CURRENT * size
        if full or (HIGH in self.failures and HIGH not in before):
            self.counted = size
        if LOW in self.failures and LOW not in before:
            self.counted = 0.0

    def _watch(self, seconds: float) -> None:
        battery = self._battery
        warm = battery.temperature
        if not self.failures and _calm(battery):
            return
        values = (
            battery.highest,
            battery.lowest,
            battery.current,
            -battery.current,
            warm,
            warm,
            warm,
            warm,
        )
        found = set()
        for (limit, sign, level, warning, key), value in zip(GUARDS, values, strict=True):
            if sign * value >= level:
                found.add(warning)
            elif key not in self.failures and self._held.get(key, 0.0) <= 0:
                continue  # what does not warn does not protect, unless it did so before
            protects = limit.past(limit.protection, value)
            if limit.hold:
                self._held[key] = limit.hold if protects else self._held.get(key, 0.0) - seconds
                protects = self._held[key] > 0
            elif key in self.failures and limit.past(limit.release, value):
                protects = True
            if protects:
                found.add(key)
        if found != self.failures:
            self.failures = frozenset(found)

    def readings(self) -> dict[str, Value]:
        """All that the BMS measures, in the kit's keys; voltages of cells to 1 mV."""
        battery, bank = self._battery, self.bank()
        cells = [round(volts, 3) for volts in self._measured()]
        warm = [round(battery.temperature + difference) for difference in SENSORS]
        balanced = [str(number) for number, bleeding in enumerate(battery.balancing, 1) if bleeding]
        return {
            **dict(zip(self._cells, cells, strict=True)),
            **{f"temperature_{number}": degrees for number, degrees in enumerate(warm, 1)},
            **QUIET,
            **dict.fromkeys(self.failures, True),
            **bank,
            "cycles": int(self.discharged / battery.settings.capacity),
            "cells": len(cells),
            "balancing": bool(balanced),
            "balanced_cells": ", ".join(balanced) or "none",
            "cell_max_number": cells.index(max(cells)) + 1,
            "cell_min_number": cells.index(min(cells)) + 1,
            "temperature_max": max(warm),
            "temperature_max_number": warm.index(max(warm)) + 1,
            "temperature_min": min(warm),
            "temperature_min_number": warm.index(min(warm)) + 1,
        }

    def bank(self) -> dict[str, Value]:
        """The part of the readings that is about the bank as a whole."""
        found = self.terminals()
        voltage, current = float(found["voltage"]), float(found["current"])
        return {
            **found,
            "power": round(voltage * current, 1),
            "soc_setting": found["soc"],
            "remaining_capacity": round(self.counted, 3),
            "state": "idle" if current == 0 else "charging" if current > 0 else "discharging",
            "cell_spread": round(float(found["cell_voltage_max"]) - float(found["cell_voltage_min"]), 3),
        }

    def terminals(self) -> dict[str, Value]:
        """The least that a grid switch asks for."""
        cells = self._measured()
        return {
            "voltage": round(self._battery.voltage, 1),
            "current": round(self.current, 1),
            "soc": round(self.soc, 1),
            "charge_mosfet": self.charge_mosfet,
            "discharge_mosfet": self.discharge_mosfet,
            "cell_voltage_max": round(max(cells), 3),
            "cell_voltage_min": round(min(cells), 3),
        }

    def _measured(self) -> list[float]:
        """V of each cell with the error of its measurement."""
        return list(map(add, self._battery.voltages, self._errors))


def _calm(battery: Battery) -> bool:
    """Whether nothing warns, as at nearly all times."""
    (low, high), (out, into), (cold, hot) = CALM_CELLS, CALM_CURRENT, CALM_WARMTH
    return (
        low < battery.lowest
        and battery.highest < high
        and out < battery.current < into
        and cold < battery.temperature < hot
    )
