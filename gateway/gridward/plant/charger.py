"""The inverter's charger: bulk until the battery takes little, then float, with current limits."""

from enum import StrEnum

from gridward.plant.battery import Terminals
from gridward.plant.settings import InverterSettings

TAPER = 0.2  # of the charging current: below it absorption ends; judgement
TAPER_FLOOR = 4.0  # A
SETTLE = 120.0  # s below the taper before float begins
NEAR = 0.15  # V below the bulk voltage counts as reached
REBULK = 1.6  # V below float: bulk begins anew; judgement


class Stage(StrEnum):
    """What the charger does, as Q1 reports it."""

    NONE = "none"
    BULK = "bulk"
    ABSORB = "absorb"
    FLOAT = "float"


class Charger:
    """Charging stages; `target` is the voltage (V) it charges to now."""

    def __init__(self) -> None:
        self.stage = Stage.BULK
        self._tapered = 0.0

    def target(self, settings: InverterSettings) -> float:
        """The voltage (V) of the present stage."""
        if self.stage is Stage.FLOAT:
            return settings.battery_float_voltage
        return settings.battery_bulk_voltage

    def limit(self, settings: InverterSettings, terminals: Terminals) -> float:
        """Greatest charging current (A) that keeps to the target and to the set maximum."""
        held = (self.target(settings) - terminals.base) / terminals.resistance
        return max(0.0, min(settings.max_charging_current, held))

    def step(self, settings: InverterSettings, voltage: float, current: float, seconds: float) -> None:
        """Move between stages by the battery's voltage (V) and charging current (A)."""
        if self.stage is Stage.FLOAT:
            if voltage < settings.battery_float_voltage - REBULK:
                self.stage, self._tapered = Stage.BULK, 0.0
            return
        reached = voltage >= settings.battery_bulk_voltage - NEAR
        self.stage = Stage.ABSORB if reached else Stage.BULK
        taper = max(TAPER_FLOOR, TAPER * settings.max_charging_current)
        self._tapered = self._tapered + seconds if reached and current <= taper else 0.0
        if self._tapered >= SETTLE:
            self.stage = Stage.FLOAT
