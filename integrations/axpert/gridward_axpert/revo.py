"""SOROTEC Revo and its offspring: PI30's questions, other meanings, and private blocks of their own."""

from collections.abc import Mapping

from gridward_axpert.points import Code, Scaled
from gridward_kit.entity import (
    CURRENT,
    ENERGY,
    ENUM,
    FREQUENCY,
    POWER,
    SHARE,
    SOC,
    TEMPERATURE,
    VOLTAGE,
    Category,
    Entity,
    Sensor,
)
from gridward_kit.point import Choice, Field

DIAGNOSTIC = Category.DIAGNOSTIC
MODES = {"P": "power_on", "S": "standby", "L": "line", "B": "battery", "F": "fault", "H": "power_saving"}
WARNINGS = {
    0: "none",
    1: "battery_low",
    2: "grid_voltage_low",
    3: "grid_voltage_high",
    4: "overload",
    5: "over_temperature",
    6: "fan_locked",
    7: "battery_over_voltage",
    8: "discharge_over_current",
    21: "pv_under_voltage",
    22: "pv_over_voltage",
    23: "pv_over_current",
    24: "pv_over_temperature",
    25: "pv_overload",
    26: "pv_boost_failed",
    39: "bms_lost",
}
FAULTS = {
    0: "none",
    1: "bus_over_voltage",
    2: "inverter_over_voltage",
    3: "inverter_under_voltage",
    4: "bus_soft_start_failed",
    5: "overload",
    6: "output_short",
    7: "battery_low",
    8: "inverter_soft_start_failed",
    9: "bus_under_voltage",
    10: "parallel_failed",
    11: "over_temperature",
    12: "battery_over_voltage",
    13: "phase_a_lost",
    14: "phase_b_lost",
    15: "phase_c_lost",
    16: "output_settings_differ",
    17: "input_differs",
    18: "power_feedback",
    19: "firmware_differs",
    20: "current_sharing",
    23: "pv_over_current",
    24: "pv_over_temperature",
}

LIVE: tuple[Entity, ...] = (
    Sensor("pv_power", "PV power", Field("QPIGS", 12, "0000"), POWER, limits=(0, 50000)),
    Sensor("pv_energy_day", "PV energy of the day", Scaled("QPIGS", 15, "00000", scale=0.001), ENERGY),
)


def _a(index: int, form: str) -> Field:
    return Field("QALL", index, form)


ALL: tuple[Entity, ...] = (
    Sensor("grid_voltage", "Grid voltage", _a(0, "000"), VOLTAGE, limits=(0, 300)),
    Sensor("grid_frequency", "Grid frequency", _a(1, "00.0"), FREQUENCY, limits=(40, 70), zero_ok=True),
    Sensor("output_voltage", "Output voltage", _a(2, "000"), VOLTAGE, limits=(85, 280), zero_ok=True),
    Sensor("output_frequency", "Output frequency", _a(3, "00.0"), FREQUENCY, limits=(40, 70), zero_ok=True),
    Sensor("output_power", "Output power", _a(4, "0000"), POWER, limits=(0, 50000)),
    Sensor("load_percentage", "Load", _a(5, "000"), SHARE, limits=(0, 300)),
    Sensor("battery_voltage", "Battery voltage", _a(6, "00.0"), VOLTAGE, limits=(36.0, 64.8), zero_ok=True),
    Sensor("battery_soc", "Battery state of charge", _a(7, "000"), SOC, limits=(0, 100)),
    Sensor("battery_charging_current", "Battery charging current", _a(8, "000"), CURRENT, limits=(0, 300)),
    Sensor("battery_discharge_current", "Battery discharge current", _a(9, "000"), CURRENT, limits=(0, 300)),
    Sensor("pv_voltage", "PV voltage", _a(10, "000"), VOLTAGE, limits=(0, 600)),
    Sensor("pv_current", "PV current", _a(11, "00.0"), CURRENT, limits=(0, 300)),
    Sensor("pv_power", "PV power", _a(12, "0000"), POWER, limits=(0, 50000)),
    Sensor("pv_energy_day", "PV energy of the day", Scaled("QALL", 13, "000000", scale=0.001), ENERGY),
    Sensor("pv_energy", "PV energy", _a(14, "000000"), ENERGY),
    Sensor("mode", "Mode", Choice("QALL", 15, codes=MODES), ENUM, options=tuple(MODES.values())),
    Sensor(
        "warning", "Warning", Code("QALL", 16, "00", names=WARNINGS), ENUM, options=tuple(WARNINGS.values())
    ),
    Sensor("fault", "Fault", Code("QALL", 17, "00", names=FAULTS), ENUM, options=tuple(FAULTS.values())),
)

LITHIUM_FAULTS = {
    0: "none",
    1: "over_voltage",
    2: "low",
    3: "over_temperature",
    4: "low_temperature",
    5: "over_current",
    6: "output_short",
}


def _l(index: int, form: str) -> Field:
    return Field("QLITH0", index, form)


LITHIUM: tuple[Entity, ...] = (
    Sensor("bms_voltage", "BMS voltage", _l(0, "000.0"), VOLTAGE, category=DIAGNOSTIC),
    Sensor("bms_charging_current", "BMS charging current", _l(1, "000.0"), CURRENT, category=DIAGNOSTIC),
    Sensor("bms_discharge_current", "BMS discharge current", _l(2, "000.0"), CURRENT, category=DIAGNOSTIC),
    Sensor(
        "bms_temperature",
        "BMS temperature",
        Scaled("QLITH0", 3, "000", scale=0.1),
        TEMPERATURE,
        category=DIAGNOSTIC,
    ),
    Sensor("bms_soc", "BMS state of charge", _l(4, "000"), SOC, limits=(0, 100)),
    Sensor("bms_soh", "BMS state of health", _l(5, "000"), SHARE, category=DIAGNOSTIC),
    Sensor("bms_max_charging_current", "BMS charging limit", _l(6, "000.0"), CURRENT, category=DIAGNOSTIC),
    Sensor("bms_max_discharge_current", "BMS discharge limit", _l(7, "000.0"), CURRENT, category=DIAGNOSTIC),
    Sensor("bms_bulk_voltage", "BMS bulk voltage", _l(8, "000.0"), VOLTAGE, category=DIAGNOSTIC),
    Sensor("bms_under_voltage", "BMS cut-off voltage", _l(9, "000.0"), VOLTAGE, category=DIAGNOSTIC),
    Sensor(
        "bms_fault",
        "BMS fault",
        Code("QLITH0", 10, "0", names=LITHIUM_FAULTS),
        ENUM,
        options=tuple(LITHIUM_FAULTS.values()),
    ),
    Sensor(
        "bms_warning",
        "BMS warning",
        Code("QLITH0", 11, "0", names=LITHIUM_FAULTS),
        ENUM,
        options=tuple(LITHIUM_FAULTS.values()),
    ),
)

BLOCKS: Mapping[str, tuple[Entity, ...]] = {"QALL": ALL, "QLITH0": LITHIUM}
