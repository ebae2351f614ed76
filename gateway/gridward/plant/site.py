"""The plant: sun, household, battery, inverter and grid as one site that is stepped through time.

It knows no wall clock: `step` moves it. What its devices would measure comes out under the kit's keys,
what commands changed in them goes in; so simulated devices tell one story.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from gridward.plant import readings
from gridward.plant.battery import Battery, BatterySettings
from gridward.plant.bms import Bms
from gridward.plant.flows import Converter, Flows
from gridward.plant.grid import Grid, GridSettings
from gridward.plant.inverter import Inverter, Mode, Surroundings
from gridward.plant.ledger import Ledger
from gridward.plant.load import Habits, Household
from gridward.plant.settings import InverterSettings
from gridward.plant.sun import Array, Sunlight
from gridward.plant.weather import Weather
from gridward_kit.point import Value

LONGEST_STEP = 60.0  # s


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantSettings:
    """A site and the moment at which it begins; the defaults are the original house.

    `start` carries the site's time zone. `cloud_cover` (0 to 1) replaces the random weather.
    `warm_up` seconds are lived before `start`, so that temperatures and timers have settled.
    """

    start: datetime = field(
        default_factory=lambda: datetime(2026, 6, 1, 6, tzinfo=ZoneInfo("Europe/Bratislava"))
    )
    latitude: float = 48.15
    longitude: float = 17.11
    array: Array = field(default_factory=Array)
    habits: Habits = field(default_factory=Habits)
    battery: BatterySettings = field(default_factory=BatterySettings)
    converter: Converter = field(default_factory=Converter)
    inverter: InverterSettings = field(default_factory=InverterSettings)
    grid: GridSettings = field(default_factory=GridSettings)
    cloud_cover: float | None = None
    contactor_closed: bool = True
    bms_answering: bool = True
    warm_up: float = 60


class Plant:
    """A site in motion. Same settings, seed, steps and commands give the same story.

    `contactor_closed` is where the grid switch stands, `extra_load` (W) is added to the household's,
    `bms_answering` is False where the BMS guards but does not speak.
    """

    def __init__(self, settings: PlantSettings | None = None, seed: int = 1) -> None:
        self.settings = settings = settings or PlantSettings()
        zone = settings.start.tzinfo
        if zone is None:
            raise ValueError(f"{settings.start} has no time zone")
        self._zone = zone
        self.moment = settings.start.timestamp() - settings.warm_up
        self.sunlight = Sunlight(settings.array, settings.latitude, settings.longitude)
        self._weather = Weather(seed, settings.longitude, settings.cloud_cover)
        self._household = Household(seed, zone, settings.habits)
        room = self._weather.room(self.moment)
        self.battery = Battery(seed, settings.battery, room)
        self.bms = Bms(self.battery, seed)
        self.inverter = Inverter(settings.converter, settings.inverter, room + 8)
        self.grid = Grid(seed, settings.grid)
        self.contactor_closed = settings.contactor_closed
        self.bms_answering = settings.bms_answering
        self.extra_load = 0.0
        self.flows = Flows()
        self.pv_possible = 0.0
        self.pv_cell_temperature = room
        self.life = Ledger()
        self._told: dict[str, Value] = {}
        self._begin = Ledger()
        self.run(settings.warm_up)
        self.moment = settings.start.timestamp()
        self._begin = replace(self.life)

    def step(self, span: float) -> None:
        """Let `span` seconds pass (above 0, at most 60); raises ValueError for other spans."""
        if not 0 < span <= LONGEST_STEP:
            raise ValueError(f"a step is above 0 and at most {LONGEST_STEP:g} s, not {span:g}")
        around = self._surroundings(span)
        self.flows = self.inverter.step(around, span)
        self.battery.step(self.flows.current, span, around.room)
        self.bms.step(span)
        self.life.add(self.flows, span)
        self.moment += span

    def run(self, span: float, step: float = LONGEST_STEP) -> None:
        """Let `span` seconds pass in steps of at most `step`."""
        end = self.moment + span
        while self.moment < end - 1e-6:
            self.step(min(step, end - self.moment))

    def _surroundings(self, span: float) -> Surroundings:
        middle = self.moment + span / 2
        self.grid.step(middle, span)
        air = self._weather.air(middle)
        self.pv_possible, self.pv_cell_temperature = self.sunlight.power(
            middle, self._weather.cover(middle), air
        )
        load = self._household.power(self.moment, span) + self.extra_load
        behind = self.contactor_closed and self.grid.relays_closed
        discharging, charging = self.bms.limits(span)
        return Surroundings(
            load=load,
            apparent=load / self.settings.habits.power_factor,
            pv=self.pv_possible,
            grid_voltage=self.grid.voltage if behind else 0.0,
            grid_frequency=self.grid.frequency if behind else 0.0,
            terminals=self.battery.terminals(span),
            voltage=self.battery.voltage,
            discharging=discharging,
            charging=charging,
            room=self._weather.room(middle),
        )

    @property
    def now(self) -> datetime:
        """The site's time, in the time zone of `start`."""
        return datetime.fromtimestamp(self.moment, self._zone)

    @property
    def ledger(self) -> Ledger:
        """Energies since `start`, Wh."""
        return self.life.since(self._begin)

    @property
    def grid_side_nominal(self) -> bool:
        """Whether the protection relays in front of the contactor are closed."""
        return self.grid.relays_closed

    @property
    def grid_at_inverter(self) -> bool:
        """Whether the inverter's AC input is connected to the grid: relays and contactor closed."""
        return self.contactor_closed and self.grid.relays_closed

    @property
    def inverter_answering(self) -> bool:
        """False where the inverter has no source of power left, and so no voice."""
        return self.inverter.mode is not Mode.OFF

    @property
    def soc(self) -> float:
        """True mean state of charge of the cells, %; the BMS counts its own."""
        return self.battery.soc

    def inverter_readings(self, *, inside: bool = True) -> dict[str, Value]:
        """What the inverter measures, in the kit's keys; empty where it is dark. Settings are not in it.
        Without what it measures inside and reckons it is said sooner."""
        if not self.inverter_answering:
            return {}
        return readings.inverter(self) if inside else readings.inverter_terminals(self)

    def inverter_warnings(self) -> frozenset[str]:
        """Warnings that the inverter raises now, in the words of QPIWS."""
        return readings.inverter_warnings(self)

    def inverter_settings(self) -> Mapping[str, Value]:
        """The inverter's settings, to begin a simulator with."""
        return self.inverter.settings.values

    def settings_from(self, inverter: Mapping[str, Value]) -> None:
        """Take what commands changed in the simulated inverter; raises ValueError for unknown options."""
        if any(inverter.get(key, value) != value for key, value in self.inverter_settings().items()):
            self.inverter.settings = self.inverter.settings.taking(inverter)

    def battery_readings(self, of: Callable[[Bms], dict[str, Value]] = Bms.readings) -> dict[str, Value]:
        """What the BMS says, in the kit's keys; empty while it does not answer. Where the bank or its
        terminals are enough, they are said sooner."""
        if not self.bms_answering:
            return {}
        self._told = of(self.bms)
        return dict(self._told)

    def switches_from(self, battery: Mapping[str, Value]) -> None:
        """Take the MOSFET switches and the state of charge that commands changed in the simulated BMS.

        Only a value that differs from what the last `battery_readings` said is a command: a MOSFET that
        protection opened is no person's wish.
        """
        changed = {
            key: battery[key] for key in battery if key in self._told and battery[key] != self._told[key]
        }
        if "charge_mosfet" in changed:
            self.bms.charge_switch = bool(changed["charge_mosfet"])
        if "discharge_mosfet" in changed:
            self.bms.discharge_switch = bool(changed["discharge_mosfet"])
        for key in changed.keys() & {"soc", "soc_setting"}:
            self.bms.counted = self.settings.battery.capacity * float(changed[key]) / 100

    def house_readings(self) -> dict[str, Value]:
        """What a meter behind the inverter's output measures, in the kit's keys."""
        return readings.house_meter(self)

    def grid_readings(self, *, powers: bool = True) -> dict[str, Value]:
        """What a meter on the grid's side of the contactor measures, in the kit's keys."""
        return readings.meter(self) if powers else readings.grid(self)
