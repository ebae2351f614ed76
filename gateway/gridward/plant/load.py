"""A household's consumption: a plan of appliances per day, seeded, by local hour and weekday."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from random import Random

from gridward.plant.noise import Noise, draw

HEAVY = 1000.0  # W; appliances above it wait for one another
Run = tuple[float, float, float]
"""Start and end (seconds since 1970) and power (W)."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How a household lives: `standby` W all day, and a factor on all appliances' use."""

    standby: float = 95
    scale: float = 1.0
    power_factor: float = 0.94


@dataclass(frozen=True, slots=True)
class Appliance:
    """An appliance: its phases (minutes, W), the hours (local) in which it starts, and how often.

    `workdays` and `weekends` are the mean numbers of runs a day.
    """

    name: str
    phases: tuple[tuple[float, float], ...]
    hours: tuple[float, float]
    workdays: float
    weekends: float

    @property
    def heavy(self) -> bool:
        return any(watts > HEAVY for _, watts in self.phases)


# Powers and durations of usual European appliances with an A to C energy label.
APPLIANCES = (
    Appliance("kettle in the morning", ((3.5, 1900),), (5.8, 8.2), 1.6, 1.2),
    Appliance("kettle in the day", ((3.5, 1900),), (9, 20), 1.0, 2.4),
    Appliance("washing machine", ((22, 1900), (55, 180), (9, 420)), (8, 15), 0.3, 0.8),
    Appliance("dishwasher", ((16, 1800), (40, 80), (14, 1800), (25, 15)), (19.5, 21), 0.5, 0.7),
    Appliance("hob at noon", ((24, 1100),), (11, 12.6), 0.25, 0.9),
    Appliance("hob in the evening", ((32, 1250),), (17.2, 19), 0.85, 0.6),
    Appliance("oven", ((9, 2000), (6, 300), (5, 2000), (9, 300), (5, 2000)), (10.5, 18), 0.1, 0.4),
    Appliance("microwave", ((4, 1150),), (6.5, 21), 0.9, 0.9),
    Appliance("vacuum cleaner", ((20, 650),), (9, 18), 0.15, 0.6),
    Appliance("television", ((150, 85),), (18.5, 20.3), 0.95, 1.0),
    Appliance("computers", ((260, 110),), (8, 16), 0.8, 0.5),
    Appliance("water pump", ((6, 750),), (6, 22), 4.0, 5.0),
)
FRIDGE_WATTS = 88.0
FREEZER_WATTS = 105.0


class Household:
    """Consumption (W) as a function of time; the mean over an interval does not depend on steps."""

    def __init__(self, seed: int, zone: tzinfo, habits: Habits) -> None:
        self._seed = seed
        self._zone = zone
        self._habits = habits
        self._ripple = Noise(seed + 21, 8)
        self._begin = self._end = 0.0
        self._starts: list[float] = []
        self._watts: list[float] = []
        self._energy: list[float] = []

    def power(self, moment: float, span: float = 0.0) -> float:
        """Mean W from `moment` (seconds since 1970) over `span` seconds."""
        ripple = 1 + 0.015 * self._ripple.at(moment + span / 2)
        if span == 0:
            self._plan(moment)
            return self._watts[bisect_right(self._starts, moment) - 1] * ripple
        energy, start = 0.0, moment
        while start < moment + span:
            self._plan(start)
            stop = min(moment + span, self._end)
            energy += self._until(stop) - self._until(start)
            start = stop
        return energy / span * ripple

    def _until(self, moment: float) -> float:
        """Joules from the planned day's beginning."""
        place = bisect_right(self._starts, moment) - 1
        return self._energy[place] + self._watts[place] * (moment - self._starts[place])

    def _plan(self, moment: float) -> None:
        if self._begin <= moment < self._end:
            return
        day = datetime.fromtimestamp(moment, self._zone).date()
        self._begin, self._end = self._edge(day), self._edge(day + timedelta(days=1))
        # A run that passes midnight belongs to the day on which it began.
        runs = [*self._runs(day - timedelta(days=1)), *self._runs(day)]
        changes: dict[float, float] = {self._begin: self._habits.standby}
        for on, off, watts in runs:
            start, end = max(on, self._begin), min(off, self._end)
            if start < end:
                changes[start] = changes.get(start, 0.0) + watts
                changes[end] = changes.get(end, 0.0) - watts
        self._starts, self._watts, self._energy = [], [], []
        watts = energy = 0.0
        for start in sorted(changes):
            energy += watts * (start - self._starts[-1]) if self._starts else 0.0
            watts = max(0.0, watts + changes[start])
            self._starts.append(start)
            self._watts.append(watts)
            self._energy.append(energy)

    def _edge(self, day: date) -> float:
        return datetime.combine(day, time(0), self._zone).timestamp()

    def _runs(self, day: date) -> Iterator[Run]:
        """Everything that starts on a day."""
        begin = self._edge(day)
        end = self._edge(day + timedelta(days=1))
        random = Random(f"{self._seed} {day}")
        yield from self._cycles(begin, end, 900, 2700, FRIDGE_WATTS, 31)
        yield from self._cycles(begin, end, 1200, 4500, FREEZER_WATTS, 32)
        yield from self._lights(day, random)
        free = begin
        for wished, appliance in sorted(self._starts_of(day, random), key=lambda item: item[0]):
            moment = max(wished, free) if appliance.heavy else wished
            for minutes, watts in appliance.phases:
                start, moment = moment, moment + minutes * 60
                yield start, moment, watts
                if watts > HEAVY:
                    free = moment

    def _starts_of(self, day: date, random: Random) -> Iterator[tuple[float, Appliance]]:
        for appliance in APPLIANCES:
            often = appliance.weekends if day.weekday() >= 5 else appliance.workdays
            often *= self._habits.scale
            for _ in range(int(often) + (random.random() < often % 1)):
                hour = random.uniform(*appliance.hours)
                wall = datetime.combine(day, time(0)) + timedelta(hours=hour)
                yield wall.replace(tzinfo=self._zone).timestamp(), appliance

    def _lights(self, day: date, random: Random) -> Iterator[Run]:
        """Lamps in the dark hours: longer in winter, later to bed before a day off."""
        winter = abs((day.timetuple().tm_yday + 10) % 365 - 182.5) / 182.5
        dusk = 21.2 - 4.4 * winter + random.uniform(-0.3, 0.3)
        bed = 22.7 + (1.0 if day.weekday() in (4, 5) else 0.0) + random.uniform(-0.5, 0.5)
        dawn = 5.9 + 1.5 * winter
        for start, stop, watts in ((dusk, bed, 130.0), (5.7, dawn, 90.0)):
            if stop - start > 0.2:
                first = datetime.combine(day, time(0)) + timedelta(hours=start)
                began = first.replace(tzinfo=self._zone).timestamp()
                yield began, began + (stop - start) * 3600, watts

    def _cycles(
        self, begin: float, end: float, on: float, period: float, watts: float, salt: int
    ) -> Iterator[Run]:
        """A thermostat's cycles, counted from 1970 so that they run on over midnight."""
        for index in range(int(begin // period), int(end // period) + 1):
            start = index * period + 0.2 * period * draw(self._seed + salt, index)
            if begin <= start < end:
                yield start, start + on * (0.85 + 0.3 * draw(self._seed + salt + 100, index)), watts
