"""A bank of LiFePO4 cells in series: charge, voltages, heat and balancing of each cell.

Current is positive when charging. The BMS that guards and counts it is in `bms.py`.
"""

import math
from dataclasses import dataclass
from operator import sub
from random import Random

from gridward.plant.cells import ENTROPY, LEVELS, RISES, STEPS, cold_factor

RELAXATION = 90.0  # s, time constant of the slow part of the overvoltage
EFFICIENCY = 0.996  # of charge, LFP
HEAT_CAPACITY = 5400.0  # J/K of a 280 Ah cell, 5.4 kg
HEAT_LOSS = 0.35  # W/K of a cell in a bank
MONTH = 30 * 24.0  # h


@dataclass(frozen=True, slots=True)
class BatterySettings:
    """A bank: nominal `capacity` (Ah), and how far its cells differ.

    `soc` is the mean state of charge (%) at the start, `soc_spread` its standard deviation between
    cells (%), `capacity_spread` that of the capacity (%); when full the cells were balanced.
    `resistance` is a cell's in ohm at 25 degC, connections included: a fast and a slow part.
    `cycles` are those of its past.
    """

    cells: int = 16
    capacity: float = 280
    soc: float = 60
    soc_spread: float = 0.12
    capacity_spread: float = 0.6
    resistance: tuple[float, float] = (0.00035, 0.00040)
    cycles: float = 42
    balance_from: float = 3.40  # V
    balance_difference: float = 0.010  # V
    balance_current: float = 0.10  # A


@dataclass(frozen=True, slots=True)
class Terminals:
    """The bank as seen for one step: volts = `base` + `resistance` x amperes (positive charging)."""

    base: float
    resistance: float

    def power(self, current: float) -> float:
        """W at a current in A, both positive charging."""
        return (self.base + self.resistance * current) * current

    def current(self, power: float) -> float:
        """A at a power in W; below the bank's greatest discharge, that point's current."""
        root = self.base * self.base + 4 * self.resistance * power
        if root <= 0:
            return -self.base / (2 * self.resistance)
        # The form that keeps its digits for small powers.
        return 2 * power / (self.base + math.sqrt(root))


class Battery:
    """The cells: `charge` and `capacity` in Ah; `voltages`, their sum `voltage`, `lowest` and `highest` after
    the last step."""

    def __init__(self, seed: int, settings: BatterySettings, temperature: float) -> None:
        random = Random(f"{seed} battery")
        self.settings = settings
        count = settings.cells
        self.capacity = [
            settings.capacity * (1 + settings.capacity_spread / 100 * random.gauss(0, 1))
            for _ in range(count)
        ]
        self.charge = [
            min(
                size,
                max(
                    0.0,
                    size - settings.capacity * (100 - random.gauss(settings.soc, settings.soc_spread)) / 100,
                ),
            )
            for size in self.capacity
        ]
        self._share = [random.gauss(1, 0.05) for _ in range(count)]
        self._leak = [size * random.uniform(0.004, 0.012) / MONTH for size in self.capacity]  # A
        self._scale = [STEPS / size for size in self.capacity]
        self._shares = sum(self._share)
        self._size = sum(self.capacity)
        self._slow = self._rest = self._rise = 0.0
        self.temperature = temperature
        self._ohm = self._ohms()
        self.current = 0.0
        self.balancing = [False] * count
        self.voltages: list[float] = []
        self.voltage = self.lowest = self.highest = 0.0
        self._settle()

    @property
    def soc(self) -> float:
        """Mean state of charge of the cells, %, as nobody outside can know it."""
        return 100 * sum(self.charge) / self._size

    def terminals(self, seconds: float) -> Terminals:
        """How the voltage at the end of the next step depends on its current."""
        fast, slow = self._ohm
        fade = math.exp(-seconds / RELAXATION)
        return Terminals(
            self._rest + self._shares * self._slow * fade,
            self._shares * (fast + slow * (1 - fade)) + self._rise * seconds / 3600,
        )

    def room(self, seconds: float) -> tuple[float, float]:
        """Greatest discharging and charging current (A, both positive) that no cell overruns in a step."""
        hours = seconds / 3600
        room = min(map(sub, self.capacity, self.charge))
        return 0.98 * min(self.charge) / hours, 0.98 * max(0.0, room) / hours / EFFICIENCY

    def step(self, current: float, seconds: float, room: float) -> None:
        """Let a current (A) flow for so long in a room of so many degC."""
        hours = seconds / 3600
        moved = current * hours * (EFFICIENCY if current > 0 else 1)
        bleed = self.settings.balance_current * hours
        charges = [
            charge + moved - leak * hours for charge, leak in zip(self.charge, self._leak, strict=True)
        ]
        if True in self.balancing:
            charges = [
                charge - bleed if balance else charge
                for charge, balance in zip(charges, self.balancing, strict=True)
            ]
        self.charge = charges if min(charges) >= 0 else [max(0.0, charge) for charge in charges]
        fast, slow = self._ohm
        fade = math.exp(-seconds / RELAXATION)
        self._slow = self._slow * fade + current * slow * (1 - fade)
        warmth = math.exp(-seconds * HEAT_LOSS / HEAT_CAPACITY)
        target = room + current * current * (fast + slow) / HEAT_LOSS
        self.temperature = target + (self.temperature - target) * warmth
        self.current = current
        self._ohm = self._ohms()
        self._settle()

    def _ohms(self) -> tuple[float, float]:
        factor = cold_factor(self.temperature)
        fast, slow = self.settings.resistance
        return fast * factor, slow * factor

    def _settle(self) -> None:
        warmth = ENTROPY * (self.temperature - 25)
        over = self.current * self._ohm[0] + self._slow
        cells, rise = [], 0.0
        for charge, scale, share in zip(self.charge, self._scale, self._share, strict=True):
            place = charge * scale
            index = int(place)
            slope = RISES[index]
            rise += slope * scale
            cells.append(LEVELS[index] + slope * (place - index) + warmth + share * over)
        self._rise = rise
        self.voltages = cells
        self.voltage, self.lowest, self.highest = sum(cells), min(cells), max(cells)
        self._rest = self.voltage - self._shares * over
        self._balance()

    def _balance(self) -> None:
        """Bleed cells that are high above the lowest, near the top, while not discharging."""
        settings = self.settings
        top = max(settings.balance_from, self.lowest + settings.balance_difference)
        if self.current < 0 or self.highest <= top:
            if True in self.balancing:
                self.balancing = [False] * settings.cells
            return
        self.balancing = [volts > top for volts in self.voltages]
