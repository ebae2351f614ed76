"""The public grid at the house: voltage, frequency and faults, and the protection relays behind it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from gridward.plant.noise import Noise, draw
from gridward.plant.sun import DAY


class FaultKind(StrEnum):
    """What goes wrong on a public grid."""

    OUTAGE = "outage"
    BROWN_OUT = "brown_out"
    OVER_VOLTAGE = "over_voltage"
    UNDER_FREQUENCY = "under_frequency"
    OVER_FREQUENCY = "over_frequency"


# What a fault makes of the nominal voltage and frequency.
EFFECT = {
    FaultKind.OUTAGE: (0.0, 0.0),
    FaultKind.BROWN_OUT: (0.79, 1.0),
    FaultKind.OVER_VOLTAGE: (1.14, 1.0),
    FaultKind.UNDER_FREQUENCY: (1.0, 0.938),
    FaultKind.OVER_FREQUENCY: (1.0, 1.046),
}
OFTEN = (FaultKind.OUTAGE, FaultKind.OUTAGE, FaultKind.BROWN_OUT, FaultKind.OVER_FREQUENCY)


@dataclass(frozen=True, slots=True)
class GridFault:
    """A fault from `start` (seconds since 1970) for `seconds`."""

    kind: FaultKind
    start: float
    seconds: float


@dataclass(frozen=True, slots=True)
class GridSettings:
    """The public grid: nominal values, faults on schedule, and random faults a day (mean, below 1).

    The protection relays open outside `voltage_window` (V) and `frequency_window` (Hz), and close
    again after `reconnect` seconds of nominal values. EN 50549-1: 0.85 to 1.10 of nominal, 47.5 to
    51.5 Hz, 60 s.
    """

    voltage: float = 230
    frequency: float = 50
    faults: tuple[GridFault, ...] = ()
    random_faults: float = 0.0
    voltage_window: tuple[float, float] = (195.5, 253.0)
    frequency_window: tuple[float, float] = (47.5, 51.5)
    reconnect: float = 60


class Grid:
    """The grid's values and its protection relays, which open at once and close after a wait."""

    def __init__(self, seed: int, settings: GridSettings) -> None:
        self._seed = seed
        self._settings = settings
        self._slow = Noise(seed + 41, 5400)
        self._fast = Noise(seed + 42, 23)
        self._swing = Noise(seed + 43, 47)
        self._day = -1
        self._today: tuple[GridFault, ...] = ()
        self._nominal_for = settings.reconnect
        self.voltage = settings.voltage
        self.frequency = settings.frequency
        self.relays_closed = True

    def step(self, moment: float, seconds: float) -> None:
        """Take the values of `moment` for the next `seconds`."""
        settings = self._settings
        fault = self._fault(moment)
        volts, hertz = EFFECT[fault] if fault else (1.0, 1.0)
        if volts == 0:
            self.voltage = self.frequency = 0.0
        else:
            self.voltage = settings.voltage * volts + 3.5 * self._slow.at(moment) + self._fast.at(moment)
            self.frequency = settings.frequency * hertz + 0.03 * self._swing.at(moment)
        if not self.nominal:
            self._nominal_for = 0.0
            self.relays_closed = False
        elif not self.relays_closed:
            self.relays_closed = self._nominal_for >= settings.reconnect
        self._nominal_for += seconds

    @property
    def nominal(self) -> bool:
        """Whether voltage and frequency lie in the relays' windows."""
        low, high = self._settings.voltage_window
        slow, fast = self._settings.frequency_window
        return low <= self.voltage <= high and slow <= self.frequency <= fast

    def _fault(self, moment: float) -> FaultKind | None:
        day = int(moment // DAY)
        if day != self._day:
            self._day = day
            self._today = (*self._settings.faults, *self._drawn(day - 1), *self._drawn(day))
        for fault in self._today:
            if fault.start <= moment < fault.start + fault.seconds:
                return fault.kind
        return None

    def _drawn(self, day: int) -> Iterator[GridFault]:
        """At most one random fault of a day (counted in UTC): most last minutes, few last hours."""
        chance, hour, length, kind = (draw(self._seed + 44 + item, day) for item in range(4))
        if chance < self._settings.random_faults:
            seconds = 20 + 9 * 3600 * length**5
            yield GridFault(OFTEN[int(kind * len(OFTEN))], (day + hour) * DAY, seconds)
