"""What a rehearsal came to: figures of the whole time and of each day."""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime

from gridward.plant import Ledger, Plant
from gridward.rehearsal.rates import Rates
from gridward.rules.engine import Decision

HOUR, DAY = 3600.0, 86400.0
PASSING = re.compile(r"\d+(?= s ago| min$)")
"""What is another number each time, in the words of a refusal."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day: energies in kWh, the battery's true state of charge in %, changes and writes."""

    date: date
    pv: float
    curtailed: float
    load: float
    unserved: float
    grid: float
    soc_min: float
    soc_mean: float
    soc_max: float
    switches: int
    writes: int


@dataclass(frozen=True, slots=True)
class Result:
    """The whole time. Energies in kWh, shares and states of charge in %, minutes; None where the site file
    does not say what a figure needs.

    `self_consumption` is what was used of the PV energy that there could have been: this plant feeds
    nothing in. `autarky` is the share of all that was used, losses included, that the grid did not give.
    `low_minutes` is the longest time on end that the bank was discharged while islanded below the voltage
    from which the grid joins. `locks` is how often the contactor locked connected for too many changes; a
    person released it at the next eight o'clock. `beyond` are the writes that the devices' budget would
    have held back, had it not been lifted.
    """

    title: str
    start: date
    length: int
    step: float
    seconds: float
    currency: str | None
    cost: float | None
    grid: float
    pv: float
    curtailed: float
    load: float
    unserved: float
    losses: float
    self_consumption: float | None
    autarky: float | None
    soc_min: float
    soc_mean: float
    cycles: float
    reserve: float
    reserve_minutes: float
    cell_min: float
    low_minutes: float
    islanded: float
    switches: tuple[float, ...]
    locks: int
    writes: dict[str, int]
    beyond: int
    refused: dict[str, int]
    rules: dict[str, int]
    daily: tuple[Day, ...]

    @property
    def switches_hour(self) -> int:
        """The most changes of the contactor in any hour."""
        return _most(self.switches, HOUR)

    @property
    def switches_day(self) -> int:
        """The most changes of the contactor in any 24 hours."""
        return _most(self.switches, DAY)


def _most(times: tuple[float, ...], span: float) -> int:
    first, most = 0, 0
    for last, at in enumerate(times):
        while at - times[first] >= span:
            first += 1
        most = max(most, last - first + 1)
    return most


@dataclass(slots=True)
class Tally:
    """Looks at the plant after each step. `low` is the bank's voltage from which the grid joins."""

    plant: Plant
    step: float
    reserve: float
    low: float
    rates: Rates
    cost: float = 0.0
    reserve_seconds: float = 0.0
    soc_sum: float = 0.0
    soc_min: float = 100.0
    cell_min: float = 9.0
    low_seconds: float = 0.0
    low_longest: float = 0.0
    islanded: float = 0.0
    locks: int = 0
    beyond: int = 0
    switches: list[float] = field(default_factory=list)
    writes: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    daily: list[Day] = field(default_factory=list)
    _day: tuple[float, float, float, int] = (100.0, 0.0, 0.0, 0)
    _before: Ledger = field(default_factory=Ledger)
    _writes_before: int = 0
    _switches_before: int = 0

    def look(self, local: datetime) -> None:
        """Take one step's end in, at this local time."""
        plant = self.plant
        soc, battery = plant.soc, plant.battery
        least, most, total, count = self._day
        self._day = (min(least, soc), max(most, soc), total + soc, count + 1)
        price = self.rates.at(plant.moment, local)
        if price is not None:
            self.cost += plant.flows.grid * self.step / 3_600_000 * price
        if soc < self.reserve:
            self.reserve_seconds += self.step
        self.cell_min = min(self.cell_min, battery.lowest)
        if plant.contactor_closed:
            self.low_seconds = 0.0
            return
        self.islanded += self.step
        low = round(battery.voltage, 1) < self.low and plant.bms.current < 0
        self.low_seconds = self.low_seconds + self.step if low else 0.0
        self.low_longest = max(self.low_longest, self.low_seconds)

    def contactor(self, *, islanded: bool, now: float) -> None:
        """Put the contactor where it is ordered to be, and count it."""
        if islanded is self.plant.contactor_closed:
            self.plant.contactor_closed = not islanded
            self.switches.append(now)

    def wrote(self, decision: Decision, refusal: str | None) -> None:
        """Count a write by its setting and its rule, or why it was refused."""
        if refusal is not None:
            self.refused[f"{decision.output.said}: {PASSING.sub('…', refusal)}"] += 1
            return
        self.writes[decision.output.said] += 1
        self.rules[decision.rule or "fallback"] += 1

    def end_day(self, day: date) -> None:
        """Close a day."""
        ledger = self.plant.ledger
        found = ledger.since(self._before)
        least, most, total, count = self._day
        writes = self.writes.total()
        self.daily.append(
            Day(
                day,
                found.pv / 1000,
                found.curtailed / 1000,
                found.load / 1000,
                found.unserved / 1000,
                found.grid_import / 1000,
                least,
                total / count,
                most,
                len(self.switches) - self._switches_before,
                writes - self._writes_before,
            )
        )
        self.soc_min, self.soc_sum = min(self.soc_min, least), self.soc_sum + total / count
        self._before, self._day = ledger, (100.0, 0.0, 0.0, 0)
        self._writes_before, self._switches_before = writes, len(self.switches)

    def result(self, title: str, start: date, took: float) -> Result:
        """What it came to, after `took` seconds of work."""
        ledger = self.plant.ledger
        possible, used = ledger.pv + ledger.curtailed, ledger.load + ledger.losses
        days = len(self.daily)
        whole = days * DAY
        return Result(
            title=title,
            start=start,
            length=days,
            step=self.step,
            seconds=took,
            currency=self.rates.currency,
            cost=None if self.rates.currency is None else self.cost,
            grid=ledger.grid_import / 1000,
            pv=ledger.pv / 1000,
            curtailed=ledger.curtailed / 1000,
            load=ledger.load / 1000,
            unserved=ledger.unserved / 1000,
            losses=ledger.losses / 1000,
            self_consumption=100 * ledger.pv / possible if possible else None,
            autarky=100 * (1 - ledger.grid_import / used) if used else None,
            soc_min=self.soc_min,
            soc_mean=self.soc_sum / days,
            cycles=ledger.battery_out / 1000 / self._usable(),
            reserve=self.reserve,
            reserve_minutes=self.reserve_seconds / 60,
            cell_min=self.cell_min,
            low_minutes=self.low_longest / 60,
            islanded=100 * self.islanded / whole,
            switches=tuple(self.switches),
            locks=self.locks,
            writes=dict(sorted(self.writes.items())),
            beyond=self.beyond,
            refused=dict(sorted(self.refused.items())),
            rules=dict(sorted(self.rules.items())),
            daily=tuple(self.daily),
        )

    def _usable(self) -> float:
        """The bank's nominal kWh."""
        battery = self.plant.settings.battery
        return battery.capacity * battery.cells * 3.2 / 1000
