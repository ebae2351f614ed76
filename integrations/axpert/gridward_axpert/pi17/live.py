"""What a PI17 unit measures, on up to three phases: GS, PS, MOD, WS, CFS, the energy counters.

Keys without a phase are those of PI30: voltages of the first phase, powers of all phases. Signs are the
unit's own: battery current positive = charging, grid power positive = import. Where sources differ: PV
current is read in 0.01 A (2022 document, a running 15 kW unit; the 2016 document says 0.1 A) and dropped
where it cannot go with PV voltage and PV power; `line_direction` said `input` on a unit that fed 7 kW into
the grid, so the sign of `grid_power` is what counts; ET is in kWh, the other counters in Wh. Battery watts
are not sent in practice: `battery_power` is volts times amperes. Sources: the makers' documents of
2016-03-09 and 2022-09-21; see the README.
"""

from collections.abc import Mapping
from dataclasses import replace

from gridward_axpert import live, warnings
from gridward_axpert.pi18.live import BATTERY_WAYS, INVERTER_WAYS, LINE_WAYS, PI30, enum, tenth
from gridward_axpert.points import Code, Scaled
from gridward_axpert.unit import Unit
from gridward_axpert.warnings import Alarm
from gridward_kit.entity import (
    APPARENT_POWER,
    CURRENT,
    ENUM,
    POWER,
    TEMPERATURE,
    VOLTAGE,
    BinarySensor,
    Category,
    Entity,
    Quantity,
    Sensor,
)
from gridward_kit.point import Derived, Field, Point, Value

DIAGNOSTIC = Category.DIAGNOSTIC
MODES = {0: "power_on", 1: "standby", 2: "bypass", 3: "battery", 4: "fault", 5: "line", 6: "charge"}
ANGLES = {1: "120_degrees", 2: "180_degrees"}
MAINS = (0.0, 300.0)
PV = (0.0, 1000.0)
BATTERY_AMPERES = (-1000.0, 1000.0)
FEED = (-50000.0, 50000.0)
HEAT = (-40.0, 150.0)


def hundredth(query: str, index: int, form: str = "0000") -> Scaled:
    """A whole number of hundredths."""
    return Scaled(query, index, form, scale=0.01)


def _off(
    key: str, name: str, at: Point, quantity: Quantity, limits: tuple[float, float] | None = None
) -> Sensor:
    return Sensor(key, name, at, quantity, category=DIAGNOSTIC, enabled=False, limits=limits)


def _phases(
    key: str, name: str, points: Mapping[int, Point], quantity: Quantity, limits: tuple[float, float]
) -> tuple[Sensor, ...]:
    return tuple(
        _off(f"{key}_l{number}", f"{name} L{number}", at, quantity, limits) for number, at in points.items()
    )


def _tenths(first: int, *numbers: int) -> dict[int, Point]:
    """Phases R, S, T are 1, 2, 3; R lies at `first`."""
    return {number: tenth("GS", first + number - 1, "0000") for number in numbers}


def _watts(first: int, form: str) -> dict[int, Point]:
    return {number: Field("PS", first + number - 1, form) for number in (1, 2, 3)}


AT: Mapping[str, Point] = {
    "pv_voltage": tenth("GS", 0, "0000"),
    "pv2_voltage": tenth("GS", 1, "0000"),
    "pv_current": hundredth("GS", 2),
    "pv2_current": hundredth("GS", 3),
    "battery_voltage": tenth("GS", 4, "0000"),
    "battery_soc": Field("GS", 5, "000"),
    "grid_voltage": tenth("GS", 7, "0000"),
    "grid_frequency": hundredth("GS", 10),
    "output_voltage": tenth("GS", 14, "0000"),
    "output_frequency": hundredth("GS", 17),
    "heat_sink_temperature": Field("GS", 22, "000"),
    "settings_changed": Field("GS", 24).bit(0),
}
KNOWN: Mapping[str, Entity] = {**PI30, "pv_current": live.PV_SIDE["pv"]}


def _known(key: str, at: Point) -> Entity:
    row = replace(KNOWN[key], at=at)
    return replace(row, limits=PV) if isinstance(row, Sensor) and row.limits == live.PV else row


GS: tuple[Entity, ...] = (
    *(_known(key, at) for key, at in AT.items()),
    Sensor(
        "battery_current",
        "Battery current",
        Scaled("GS", 6, "+00000", scale=0.1),
        CURRENT,
        limits=BATTERY_AMPERES,
    ),
    KNOWN["battery_power"],
    *_phases("grid_voltage", "Grid voltage", _tenths(7, 2, 3), VOLTAGE, MAINS),
    *_phases("grid_current", "Grid current", _tenths(11, 1, 2, 3), CURRENT, live.AMPERES),
    *_phases("output_voltage", "Output voltage", _tenths(14, 2, 3), VOLTAGE, MAINS),
    *_phases("output_current", "Output current", _tenths(18, 1, 2, 3), CURRENT, live.AMPERES),
    _off("inner_temperature", "Inner temperature", Field("GS", 21, "000"), TEMPERATURE, HEAT),
    _off("battery_temperature", "Battery temperature", Field("GS", 23, "000"), TEMPERATURE, HEAT),
    enum("phase_angle", "Angle of the phases", Code("GS", 25, "0", names=ANGLES)),
)


def _is_charging(way: str) -> bool:
    return way == "charging"


PS: tuple[Entity, ...] = (
    _known("pv_power", Field("PS", 0, "00000")),
    _known("pv2_power", Field("PS", 1, "00000")),
    KNOWN["pv_total_power"],
    _off("battery_power_sent", "Battery power as sent", Field("PS", 2, "+00000"), POWER, FEED),
    *_phases("grid_power", "Grid power", _watts(3, "+00000"), POWER, FEED),
    Sensor("grid_power", "Grid power", Field("PS", 6, "+00000"), POWER, limits=FEED),
    *_phases("output_power", "Output power", _watts(7, "0000"), POWER, live.WATTS),
    _known("output_power", Field("PS", 10, "00000")),
    *_phases(
        "output_apparent_power", "Output apparent power", _watts(11, "0000"), APPARENT_POWER, live.WATTS
    ),
    _known("output_apparent_power", Field("PS", 14, "00000")),
    _known("load_percentage", Field("PS", 15, "000")),
    replace(KNOWN["load_on"], at=Derived(("load_output",), bool)),
    BinarySensor(
        "pv_working", "PV tracker 1 works", Field("PS", 17).bit(0), category=DIAGNOSTIC, enabled=False
    ),
    BinarySensor(
        "pv2_working", "PV tracker 2 works", Field("PS", 18).bit(0), category=DIAGNOSTIC, enabled=False
    ),
    enum("battery_direction", "Battery direction", Code("PS", 19, "0", names=BATTERY_WAYS)),
    enum("inverter_direction", "Inverter direction", Code("PS", 20, "0", names=INVERTER_WAYS)),
    enum("line_direction", "Line direction", Code("PS", 21, "0", names=LINE_WAYS)),
    replace(KNOWN["charging"], at=Derived(("battery_direction",), _is_charging)),
)

MODE: tuple[Entity, ...] = (
    Sensor("mode", "Mode", Code("MOD", 0, "00", names=MODES), ENUM, options=tuple(MODES.values())),
)

ALARMS: tuple[Alarm, ...] = (
    Alarm(0, "pv_loss", "PV loss", "W", usual=True),
    Alarm(1, "pv2_loss", "PV2 loss", "W", usual=True),
    Alarm(2, "pv_voltage_high", "PV voltage high", "W"),
    Alarm(3, "pv2_voltage_high", "PV2 voltage high", "W"),
    Alarm(4, "battery_under_shutdown", "Battery under voltage shutdown", "W"),
    Alarm(5, "battery_low", "Battery low", "W"),
    Alarm(6, "battery_open", "Battery open", "W"),
    Alarm(7, "battery_voltage_high", "Battery voltage high", "W"),
    Alarm(8, "battery_low_in_hybrid", "Battery low in hybrid mode", "W", usual=True),
    Alarm(9, "grid_voltage_high", "Grid voltage high", "W"),
    Alarm(10, "grid_voltage_low", "Grid voltage low", "W"),
    Alarm(11, "grid_frequency_high", "Grid frequency high", "W"),
    Alarm(12, "grid_frequency_low", "Grid frequency low", "W"),
    Alarm(13, "grid_average_voltage_high", "Grid voltage high for long", "W"),
    Alarm(14, "line_fail", "Line fail", "W", usual=True),
    Alarm(15, "grid_frequency_loss", "Grid frequency lost", "W", usual=True),
    Alarm(16, "island", "Island", "W", usual=True),
    Alarm(17, "phase_dislocation", "Phases in wrong order", "W"),
    Alarm(18, "over_temperature", "Over temperature", "W"),
    Alarm(19, "overload", "Overload", "W"),
    Alarm(20, "emergency_power_off", "Emergency power off", "W"),
    Alarm(21, "grid_wave_loss", "Grid waveform bad", "W"),
    Alarm(22, "equalisation", "Battery equalisation", "W", usual=True),
    Alarm(23, "rapid_shutdown", "Rapid shutdown", "W"),
)


def _failed(mode: str) -> bool:
    return mode == "fault"


def ws(unit: Unit) -> tuple[Entity, ...]:
    """The warnings, 22 or 24 of them; a problem is also the fault mode."""
    alarms = tuple(alarm for alarm in ALARMS if alarm.index < unit.count("WS"))
    return warnings.warned(alarms, lambda index: Field("WS", index).bit(0), ("mode",), _failed)


FAULTS: Mapping[int, str] = {
    0: "none",
    1: "bus_voltage_high",
    2: "bus_voltage_low",
    3: "bus_soft_start_failed",
    4: "inverter_soft_start_failed",
    5: "over_current",
    6: "over_temperature",
    7: "relay_failed",
    8: "current_sensor_failed",
    9: "pv_over_voltage",
    10: "auxiliary_supply",
    11: "pv_over_current",
    12: "leakage_current",
    13: "pv_insulation",
    14: "dc_component",
    15: "processors_differ",
    16: "leakage_circuit",
    17: "processors_talk",
    18: "processors_talk_2",
    19: "no_ground",
    22: "battery_voltage_high",
    23: "overload",
    24: "battery_open",
    26: "output_short",
    27: "fan_locked",
    32: "dc_over_current",
    33: "output_voltage_low",
    34: "output_voltage_high",
    35: "wiring",
    36: "grid_sampling",
}
CFS: tuple[Entity, ...] = (
    enum("last_fault", "Last fault", Code("CFS", 0, "00", names=FAULTS)),
    Sensor("last_fault_slot", "Last fault's place", Field("CFS", 1), category=DIAGNOSTIC, enabled=False),
)

ENERGY_OF = {"ET": "QET", "EY": "QEY", "EM": "QEM", "ED": "QED"}


def energy(query: str) -> tuple[Entity, ...]:
    """The PV energy that this query counts: ET in kWh, the others in Wh."""
    row = live.energy(ENERGY_OF[query])[0]
    scale = 1.0 if query == "ET" else 0.001
    return (replace(row, at=Scaled(query, 0, "00000000", scale=scale)),)


SLACK = 20.0
SURE = 500.0


def doubt(values: Mapping[str, Value], before: Mapping[str, Value]) -> frozenset[str]:
    """Grid powers whose phases do not sum up to the total, and PV currents that PV power contradicts.

    15 kW units send a wrong total from 10 kW on, and a first phase without its sign.
    """
    found: set[str] = set()
    phases = [values.get(f"grid_power_l{number}") for number in (1, 2, 3)]
    total = values.get("grid_power")
    if total is not None and abs(float(total) - sum(float(watts or 0) for watts in phases)) > SLACK:
        found |= {"grid_power", "grid_power_l1", "grid_power_l2", "grid_power_l3"} & values.keys()
    for tracker in ("pv", "pv2"):
        volts, amperes = values.get(f"{tracker}_voltage"), values.get(f"{tracker}_current")
        watts = before.get(f"{tracker}_power")
        if volts is None or amperes is None or watts is None or float(watts) < SURE:
            continue
        if not 0.5 < float(volts) * float(amperes) / float(watts) < 2.0:
            found.add(f"{tracker}_current")
    return frozenset(found)
