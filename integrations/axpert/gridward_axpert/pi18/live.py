"""What a PI18 unit measures: GS, MOD, FWS, the energy counters. Keys and limits are those of PI30.

Where sources differ: energies are read as Wh (the document says kWh, captures show 5 580 051 on a 5 kW
unit); mode 5, "hybrid (line, grid)", is `line`; FWS's 17th flag is unknown and not read. Source: the
maker's PI18 document of 2017-09-26; see the README.
"""

from collections.abc import Mapping
from dataclasses import replace

from gridward_axpert import live, warnings
from gridward_axpert.points import Code, Scaled
from gridward_axpert.warnings import Alarm
from gridward_kit.entity import COUNT, ENUM, TEMPERATURE, Category, Entity, Sensor
from gridward_kit.point import Derived, Field, Point

DIAGNOSTIC = Category.DIAGNOSTIC
MODES = {0: "power_on", 1: "standby", 2: "bypass", 3: "battery", 4: "fault", 5: "line"}
CHARGER_STATES = {0: "abnormal", 1: "not_charging", 2: "charging"}
BATTERY_WAYS = {0: "idle", 1: "charging", 2: "discharging"}
INVERTER_WAYS = {0: "idle", 1: "ac_to_dc", 2: "dc_to_ac"}
LINE_WAYS = {0: "idle", 1: "input", 2: "output"}


def tenth(query: str, index: int, form: str = "000") -> Scaled:
    """A whole number of tenths."""
    return Scaled(query, index, form, scale=0.1)


def enum(key: str, name: str, at: Code, *, enabled: bool = False) -> Sensor:
    """A code with names."""
    options = tuple(at.names.values())
    return Sensor(key, name, at, ENUM, category=DIAGNOSTIC, enabled=enabled, options=options)


def _is_charging(way: str) -> bool:
    return way == "charging"


AT: Mapping[str, Point] = {
    "grid_voltage": tenth("GS", 0, "0000"),
    "grid_frequency": tenth("GS", 1),
    "output_voltage": tenth("GS", 2, "0000"),
    "output_frequency": tenth("GS", 3),
    "output_apparent_power": Field("GS", 4, "0000"),
    "output_power": Field("GS", 5, "0000"),
    "load_percentage": Field("GS", 6, "000"),
    "battery_voltage": tenth("GS", 7),
    "scc_battery_voltage": tenth("GS", 8),
    "scc2_battery_voltage": tenth("GS", 9),
    "battery_discharge_current": Field("GS", 10, "000"),
    "battery_charging_current": Field("GS", 11, "000"),
    "battery_soc": Field("GS", 12, "000"),
    "heat_sink_temperature": Field("GS", 13, "000"),
    "pv_power": Field("GS", 16, "0000"),
    "pv2_power": Field("GS", 17, "0000"),
    "pv_voltage": tenth("GS", 18, "0000"),
    "pv2_voltage": tenth("GS", 19, "0000"),
    "settings_changed": Field("GS", 20).bit(0),
    "load_on": Derived(("load_output",), bool),
}
PI30: Mapping[str, Entity] = {
    row.key: row for row in (*live.LIVE, live.PV_POWER, *live.TRACKERS_3[:4], *live.TRACKER_2)
}
GS: tuple[Entity, ...] = (
    *(replace(PI30[key], at=at) for key, at in AT.items()),
    *(PI30[key] for key in ("battery_current", "battery_power", "pv_total_power")),
    Sensor(
        "scc_temperature",
        "Solar charger temperature",
        Field("GS", 14, "000"),
        TEMPERATURE,
        category=DIAGNOSTIC,
        enabled=False,
        limits=(-30, 150),
    ),
    Sensor(
        "scc2_temperature",
        "Solar charger 2 temperature",
        Field("GS", 15, "000"),
        TEMPERATURE,
        category=DIAGNOSTIC,
        enabled=False,
        limits=(-30, 150),
    ),
    enum("scc_status", "Solar charger status", Code("GS", 21, "0", names=CHARGER_STATES)),
    enum("scc2_status", "Solar charger 2 status", Code("GS", 22, "0", names=CHARGER_STATES)),
    enum("battery_direction", "Battery direction", Code("GS", 24, "0", names=BATTERY_WAYS)),
    enum("inverter_direction", "Inverter direction", Code("GS", 25, "0", names=INVERTER_WAYS)),
    enum("line_direction", "Line direction", Code("GS", 26, "0", names=LINE_WAYS)),
    Sensor(
        "parallel_number",
        "Own number in parallel",
        Field("GS", 27, "0"),
        COUNT,
        category=DIAGNOSTIC,
        enabled=False,
    ),
    replace(PI30["charging"], at=Derived(("battery_direction",), _is_charging)),
)

MODE: tuple[Entity, ...] = (
    Sensor("mode", "Mode", Code("MOD", 0, "00", names=MODES), ENUM, options=tuple(MODES.values())),
)

ALARMS: tuple[Alarm, ...] = (
    Alarm(1, "line_fail", "Line fail", "W", usual=True),
    Alarm(2, "output_short", "Output short circuit", "W"),
    Alarm(3, "over_temperature", "Over temperature", "W"),
    Alarm(4, "fan_locked", "Fan locked", "W"),
    Alarm(5, "battery_voltage_high", "Battery voltage high", "W"),
    Alarm(6, "battery_low", "Battery low", "W"),
    Alarm(7, "battery_under_shutdown", "Battery under voltage shutdown", "W"),
    Alarm(8, "overload", "Overload", "W"),
    Alarm(9, "eeprom_fault", "EEPROM fault", "W"),
    Alarm(10, "power_limit", "Power limit", "W"),
    Alarm(11, "pv_voltage_high", "PV voltage high", "W"),
    Alarm(12, "pv2_voltage_high", "PV2 voltage high", "W"),
    Alarm(13, "mppt_overload_warning", "MPPT overload warning", "W"),
    Alarm(14, "mppt2_overload_warning", "MPPT2 overload warning", "W"),
    Alarm(15, "battery_too_low_to_charge", "Battery too low to charge", "W"),
    Alarm(16, "battery_too_low_to_charge_2", "Battery too low to charge 2", "W"),
)


def _said(fault: str) -> str:
    return fault if fault == "none" else fault.replace("_", " ").capitalize()


def _failed(fault: str) -> bool:
    return fault != "none"


FAULT = warnings.fault_rows(Field("FWS", 0), warnings.FAULTS)
FWS: tuple[Entity, ...] = (
    *FAULT,
    *warnings.warned(ALARMS, lambda index: Field("FWS", index).bit(0), ("fault",), _failed),
    Sensor("faults", "Faults", Derived(("fault",), _said)),
)


ENERGY_OF = {"ET": "QET", "EY": "QEY", "EM": "QEM", "ED": "QED"}


def energy(query: str) -> tuple[Entity, ...]:
    """The PV energy that this query counts; sent in Wh."""
    row = live.energy(ENERGY_OF[query])[0]
    return (replace(row, at=Scaled(query, 0, "00000000", scale=0.001)),)
