"""An off-grid inverter of the Axpert kind: modes, source priorities, charging, cut-off and overload.

The priorities are those of the maker's manuals for 4th generation 5 kW units; a constant that no
source gives is marked as judgement. In line mode USB and SBU charge the battery from the panels before
they feed the load, SUB feeds the load first.
"""

from dataclasses import dataclass
from enum import StrEnum

from gridward.plant.battery import Terminals
from gridward.plant.charger import Charger, Stage
from gridward.plant.flows import Bank, Converter, Flows, off_grid, on_grid
from gridward.plant.settings import ChargerSource, InverterSettings, Output

GRID_WINDOW = (90.0, 280.0)  # V, input range "appliance"
GRID_FREQUENCY = (40.0, 65.0)  # Hz
GRID_WAIT = 10.0  # s of good grid before it is used; judgement
BACK_WAIT = 5.0  # s below re-charge, or above re-discharge, before the source changes; judgement
RETURN = 4.0  # V above the cut-off at which the output comes back; judgement
OVERLOADS = ((1.5, 5.0), (1.1, 10.0))  # share of rated, seconds tolerated
OVERLOAD_CODE = 7
RESTART = 60.0  # s after a fault; judgement
SOLAR_THERE = 20.0  # W: below it "solar first" lets the grid charge
HEAT_RESISTANCE = 0.075  # K/W of losses, heat sink to air with the fan's help
HEAT_TIME = 400.0  # s


class Mode(StrEnum):
    """QMOD's states that this model takes."""

    STANDBY = "standby"
    LINE = "line"
    BATTERY = "battery"
    FAULT = "fault"
    OFF = "off"


@dataclass(slots=True)
class Surroundings:
    """What stands at the inverter's terminals in one step.

    W and VA asked for, W that the panels could give, V and Hz at the AC input, the battery's terminals,
    its voltage (V), the limits of its BMS (A, both positive), and the room in degC.
    """

    load: float
    apparent: float
    pv: float
    grid_voltage: float
    grid_frequency: float
    terminals: Terminals
    voltage: float
    discharging: float
    charging: float
    room: float


class Inverter:
    """The inverter's state; `step` returns the powers of the step."""

    def __init__(self, converter: Converter, settings: InverterSettings, temperature: float) -> None:
        self.converter = converter
        self.settings = settings
        self.mode = Mode.BATTERY
        self.charger = Charger()
        self.fault_code = 0
        self.battery_voltage = 0.0
        self.heat_sink = temperature
        self._grid_good = GRID_WAIT
        self._low = 0.0
        self._high = 0.0
        self._on_utility = False
        self._exhausted = False
        self._over = [0.0] * len(OVERLOADS)
        self._faulty_for = 0.0

    def step(self, around: Surroundings, seconds: float) -> Flows:
        """Decide the mode, move the power, and age the timers."""
        accepted = self._watch_grid(around, seconds)
        self._watch_battery(around, seconds)
        self._watch_load(around, seconds)
        flows = self._run(around, accepted=accepted)
        flows.curtailed = max(0.0, around.pv - flows.pv)
        self.battery_voltage = self._terminal_voltage(around, flows)
        self.charger.step(self.settings, self.battery_voltage, flows.current, seconds)
        target = around.room + HEAT_RESISTANCE * flows.losses
        self.heat_sink += (target - self.heat_sink) * min(1.0, seconds / HEAT_TIME)
        return flows

    def _terminal_voltage(self, around: Surroundings, flows: Flows) -> float:
        """V that the inverter measures: behind open MOSFETs its own charger's, or nothing."""
        if around.charging <= 0 and flows.current >= 0 and (flows.pv > 0 or self.mode is Mode.LINE):
            return self.charger.target(self.settings)
        if around.discharging <= 0 and flows.current <= 0:
            return 0.0
        return around.terminals.base + around.terminals.resistance * flows.current

    @property
    def output_on(self) -> bool:
        """Whether the load has voltage."""
        return self.mode in (Mode.LINE, Mode.BATTERY)

    def _run(self, around: Surroundings, *, accepted: bool) -> Flows:
        pv = min(around.pv, self.converter.pv_limit)
        bank = self._bank(around, pv)
        if self.fault_code:
            return self._without_output(around, pv, bank, Mode.FAULT, accepted=accepted)
        wants_grid = self.settings.output_source_priority is not Output.SBU or self._on_utility
        if not (accepted and wants_grid) and not self._exhausted:
            flows = off_grid(self.converter, around.load, pv, bank, self.converter.own)
            if flows is not None:
                self.mode = Mode.BATTERY
                return flows
            self._exhausted = True
        if accepted:
            self.mode = Mode.LINE
            first = self.settings.output_source_priority is not Output.SUB
            charges = self.settings.charger_source_priority is not ChargerSource.UTILITY_FIRST
            return on_grid(self.converter, around.load, pv, bank, battery_first=first, pv_charges=charges)
        return self._without_output(around, pv, bank, Mode.STANDBY, accepted=False)

    def _without_output(
        self, around: Surroundings, pv: float, bank: Bank, mode: Mode, *, accepted: bool
    ) -> Flows:
        """No output: the panels charge; own use comes from panels, grid or battery, else all is dark."""
        flows = off_grid(self.converter, 0.0, pv, bank, self.converter.standby)
        self.mode = mode
        if flows is not None and accepted and flows.battery < 0:
            flows = None
        if flows is None:
            use = self.converter.standby if accepted else 0.0
            self.mode = mode if accepted else Mode.OFF
            flows = Flows(grid=use, losses=use)
        flows.unserved = around.load
        return flows

    def _bank(self, around: Surroundings, pv: float) -> Bank:
        charging = min(around.charging, self.charger.limit(self.settings, around.terminals))
        match self.settings.charger_source_priority:
            case ChargerSource.ONLY_SOLAR:
                share = 0.0
            case ChargerSource.SOLAR_FIRST if pv > SOLAR_THERE:
                share = 0.0
            case _:
                share = self.settings.max_utility_charging_current
        return Bank(around.terminals, around.discharging, charging, min(share, charging))

    def _watch_grid(self, around: Surroundings, seconds: float) -> bool:
        low, high = GRID_WINDOW
        slow, fast = GRID_FREQUENCY
        good = low <= around.grid_voltage <= high and slow <= around.grid_frequency <= fast
        accepted = good and self._grid_good >= GRID_WAIT
        self._grid_good = self._grid_good + seconds if good else 0.0
        return accepted

    def _watch_battery(self, around: Surroundings, seconds: float) -> None:
        """Re-charge and re-discharge with hysteresis (SBU), cut-off and return."""
        settings, voltage = self.settings, around.voltage
        self._low = self._low + seconds if voltage <= settings.battery_recharge_voltage else 0.0
        again = settings.battery_redischarge_voltage
        full = (
            self.charger.stage is Stage.FLOAT if again == 0 else max(voltage, self.battery_voltage) >= again
        )
        self._high = self._high + seconds if full else 0.0
        if self._low >= BACK_WAIT:
            self._on_utility = True
        elif self._high >= BACK_WAIT or settings.output_source_priority is not Output.SBU:
            self._on_utility = False
        if voltage <= settings.battery_under_voltage:
            self._exhausted = True
        elif self._exhausted:
            back = min(settings.battery_under_voltage + RETURN, settings.battery_bulk_voltage - 1)
            self._exhausted = voltage < back or around.discharging <= 0

    def _watch_load(self, around: Surroundings, seconds: float) -> None:
        """Overload fault after the tolerated time, and a restart after a minute."""
        if self.fault_code:
            self._faulty_for += seconds
            if self._faulty_for >= RESTART:
                self.fault_code, self._faulty_for = 0, 0.0
            return
        share = max(around.load, around.apparent) / self.converter.rated
        for place, (limit, tolerated) in enumerate(OVERLOADS):
            self._over[place] = self._over[place] + seconds if share > limit and self.output_on else 0.0
            if self._over[place] >= tolerated:
                self.fault_code = OVERLOAD_CODE
                self._over[place] = 0.0
