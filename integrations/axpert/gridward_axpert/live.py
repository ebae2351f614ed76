"""What an Axpert measures: QPIGS, QPIGS2, QMOD and the energy counters.

Voltages that belong to the battery are written for a 48 V unit and scaled to the unit's own. Indices
count from 0 behind the `(`. Source: the makers' PI30 documents; see the README.
"""

from collections.abc import Mapping

from gridward_axpert import parallel, revo
from gridward_axpert.points import Code, Formed, Scaled
from gridward_axpert.unit import Unit
from gridward_kit.entity import (
    APPARENT_POWER,
    COUNT,
    CURRENT,
    ENERGY,
    ENUM,
    FREQUENCY,
    POWER,
    SHARE,
    SOC,
    TEMPERATURE,
    VOLTAGE,
    BinarySensor,
    Category,
    Entity,
    Sensor,
)
from gridward_kit.point import Choice, Derived, Field

DIAGNOSTIC = Category.DIAGNOSTIC
BATTERY = (36.0, 64.8)
MAINS = (85.0, 280.0)
HERTZ = (40.0, 70.0)
PV = (0.0, 600.0)
AMPERES = (0.0, 300.0)
WATTS = (0.0, 50000.0)

MODES = parallel.MODES
COUNTRIES = {0: "india", 1: "germany", 2: "south_america"}


def _g(index: int, form: str) -> Field:
    return Field("QPIGS", index, form)


def _difference(charging: float, discharging: float) -> float:
    return charging - discharging


def product(volts: float, amperes: float) -> float:
    """Watts, rounded as the device's own."""
    return round(volts * amperes, 1)


def _sum(*watts: float) -> float:
    return sum(watts)


def _battery_side_power(amperes: float, scc_volts: float, volts: float) -> float:
    return round(amperes * (scc_volts or volts), 1)


LIVE: tuple[Entity, ...] = (
    Sensor("grid_voltage", "Grid voltage", _g(0, "000.0"), VOLTAGE, limits=(0, 300)),
    Sensor("grid_frequency", "Grid frequency", _g(1, "00.0"), FREQUENCY, limits=HERTZ, zero_ok=True),
    Sensor("output_voltage", "Output voltage", _g(2, "000.0"), VOLTAGE, limits=MAINS, zero_ok=True),
    Sensor("output_frequency", "Output frequency", _g(3, "00.0"), FREQUENCY, limits=HERTZ, zero_ok=True),
    Sensor("output_apparent_power", "Output apparent power", _g(4, "0000"), APPARENT_POWER, limits=WATTS),
    Sensor("output_power", "Output power", _g(5, "0000"), POWER, limits=WATTS),
    Sensor("load_percentage", "Load", _g(6, "000"), SHARE, limits=(0, 300)),
    Sensor("bus_voltage", "Bus voltage", _g(7, "000"), VOLTAGE, category=DIAGNOSTIC, limits=(0, 800)),
    Sensor("battery_voltage", "Battery voltage", _g(8, "00.00"), VOLTAGE, limits=BATTERY, zero_ok=True),
    Sensor("battery_charging_current", "Battery charging current", _g(9, "000"), CURRENT, limits=AMPERES),
    Sensor("battery_soc", "Battery state of charge", _g(10, "000"), SOC, limits=(0, 100)),
    Sensor("heat_sink_temperature", "Heat sink temperature", _g(11, "0000"), TEMPERATURE, limits=(-30, 120)),
    Sensor("pv_voltage", "PV voltage", _g(13, "000.0"), VOLTAGE, limits=PV),
    Sensor(
        "scc_battery_voltage",
        "Battery voltage at the solar charger",
        _g(14, "00.00"),
        VOLTAGE,
        category=DIAGNOSTIC,
        enabled=False,
        limits=BATTERY,
        zero_ok=True,
    ),
    Sensor(
        "battery_discharge_current", "Battery discharge current", _g(15, "00000"), CURRENT, limits=AMPERES
    ),
    BinarySensor(
        "settings_changed", "Settings changed", _g(16, "").bit(1), category=DIAGNOSTIC, enabled=False
    ),
    BinarySensor(
        "scc_firmware_updated",
        "Solar charger firmware updated",
        _g(16, "").bit(2),
        category=DIAGNOSTIC,
        enabled=False,
    ),
    BinarySensor("load_on", "Load on", _g(16, "").bit(3)),
    BinarySensor(
        "battery_voltage_steady",
        "Battery voltage steady",
        _g(16, "").bit(4),
        category=DIAGNOSTIC,
        enabled=False,
    ),
    BinarySensor("charging", "Charging", _g(16, "").bit(5), device_class="battery_charging"),
    BinarySensor("charging_from_pv", "Charging from PV", _g(16, "").bit(6)),
    BinarySensor("charging_from_grid", "Charging from grid", _g(16, "").bit(7)),
    Sensor(
        "fan_on_voltage_offset",
        "Fan-on battery voltage offset",
        Scaled("QPIGS", 17, "00", scale=0.01),
        VOLTAGE,
        category=DIAGNOSTIC,
        enabled=False,
    ),
    Sensor("eeprom_version", "EEPROM version", _g(18, ""), category=DIAGNOSTIC, enabled=False),
    BinarySensor(
        "charging_to_float", "Charging to float", _g(20, "").bit(0), category=DIAGNOSTIC, enabled=False
    ),
    BinarySensor("switched_on", "Switched on", _g(20, "").bit(1), category=DIAGNOSTIC, enabled=False),
    BinarySensor(
        "dustproof_kit", "Dustproof kit installed", _g(20, "").bit(2), category=DIAGNOSTIC, enabled=False
    ),
    BinarySensor("feeding_grid", "Feeding the grid", _g(21, "").bit(0), category=DIAGNOSTIC, enabled=False),
    Sensor(
        "country",
        "Grid regulation",
        Code("QPIGS", 22, "00", names=COUNTRIES),
        ENUM,
        category=DIAGNOSTIC,
        enabled=False,
        options=tuple(COUNTRIES.values()),
    ),
    Sensor("grid_feed_power", "Power fed to the grid", _g(23, "0000"), POWER, enabled=False, limits=WATTS),
    Sensor(
        "battery_current",
        "Battery current",
        Derived(("battery_charging_current", "battery_discharge_current"), _difference),
        CURRENT,
    ),
    Sensor("battery_power", "Battery power", Derived(("battery_voltage", "battery_current"), product), POWER),
)

SBU_FIRMWARE = BinarySensor(
    "sbu_firmware", "Firmware with SBU priority", _g(16, "").bit(0), category=DIAGNOSTIC, enabled=False
)
FIRST_BIT: Mapping[str, Entity] = {
    "gk": BinarySensor(
        "feeding_load",
        "PV or grid is feeding the load",
        _g(16, "").bit(0),
        category=DIAGNOSTIC,
        enabled=False,
    ),
    **dict.fromkeys(("hs", "ks", "max", "mst"), SBU_FIRMWARE),
}

HEAT_SINK_COUNT = Sensor(
    "heat_sink_count", "Heat sink sensor count", _g(11, "0000"), COUNT, category=DIAGNOSTIC, enabled=False
)
PV_SIDE: Mapping[str, Entity] = {
    "pv": Sensor("pv_current", "PV current", Formed("QPIGS", 12, "00.0"), CURRENT, limits=AMPERES),
    "battery": Sensor(
        "pv_charging_current",
        "PV charging current",
        Formed("QPIGS", 12, "0000", decimal=False),
        CURRENT,
        limits=AMPERES,
    ),
}
PV_POWER = Sensor("pv_power", "PV power", _g(19, "00000"), POWER, limits=WATTS)
PV_POWER_DERIVED = Sensor(
    "pv_power",
    "PV power",
    Derived(("pv_charging_current", "scc_battery_voltage", "battery_voltage"), _battery_side_power),
    POWER,
    limits=WATTS,
)


def _two(index: int, form: str) -> Field:
    return Field("QPIGS2", index, form)


TRACKER_2: tuple[Entity, ...] = (
    Sensor("pv2_current", "PV2 current", _two(0, "00.0"), CURRENT, limits=AMPERES),
    Sensor("pv2_voltage", "PV2 voltage", _two(1, "000.0"), VOLTAGE, limits=PV),
    Sensor("pv2_power", "PV2 power", _two(2, "00000"), POWER, limits=WATTS),
    Sensor("pv_total_power", "PV power of all trackers", Derived(("pv_power", "pv2_power"), _sum), POWER),
)
TRACKER_2_PARALLEL: tuple[Entity, ...] = (
    Sensor("pv2_voltage", "PV2 voltage", Field("QPGS0", 27, "000.0"), VOLTAGE, limits=PV),
    Sensor("pv2_current", "PV2 current", Field("QPGS0", 28, "00"), CURRENT, limits=AMPERES),
    Sensor("pv2_power", "PV2 power", Derived(("pv2_voltage", "pv2_current"), product), POWER),
    TRACKER_2[-1],
)
TRACKERS_3: tuple[Entity, ...] = (
    Sensor("pv2_current", "PV2 current", _two(0, "00.0"), CURRENT, limits=AMPERES),
    Sensor("pv2_voltage", "PV2 voltage", _two(1, "000.0"), VOLTAGE, limits=PV),
    Sensor(
        "scc2_battery_voltage",
        "Battery voltage at solar charger 2",
        _two(2, "00.00"),
        VOLTAGE,
        category=DIAGNOSTIC,
        enabled=False,
        limits=BATTERY,
        zero_ok=True,
    ),
    Sensor("pv2_power", "PV2 power", _two(3, "00000"), POWER, limits=WATTS),
    BinarySensor(
        "scc2_charging", "Solar charger 2 charging", _two(4, "").bit(0), category=DIAGNOSTIC, enabled=False
    ),
    BinarySensor(
        "scc3_charging", "Solar charger 3 charging", _two(4, "").bit(1), category=DIAGNOSTIC, enabled=False
    ),
    Sensor("grid_charging_current", "Charging current from grid", _two(5, "0000"), CURRENT, limits=AMPERES),
    Sensor("grid_charging_power", "Charging power from grid", _two(6, "0000"), POWER, limits=WATTS),
    Sensor("pv3_current", "PV3 current", _two(7, "00.0"), CURRENT, limits=AMPERES),
    Sensor("pv3_voltage", "PV3 voltage", _two(8, "000.0"), VOLTAGE, limits=PV),
    Sensor(
        "scc3_battery_voltage",
        "Battery voltage at solar charger 3",
        _two(9, "00.00"),
        VOLTAGE,
        category=DIAGNOSTIC,
        enabled=False,
        limits=BATTERY,
        zero_ok=True,
    ),
    Sensor("pv3_power", "PV3 power", _two(10, "00000"), POWER, limits=WATTS),
    Sensor("pv_total_power", "PV power of all trackers", _two(11, "00000"), POWER, limits=WATTS),
)

MODE: tuple[Entity, ...] = (
    Sensor("mode", "Mode", Choice("QMOD", 0, codes=MODES), ENUM, options=tuple(MODES.values())),
)

ENERGIES = {"QE": ("pv_energy", "PV energy"), "QL": ("load_energy", "Load energy")}
SPANS = {
    "T": ("", ""),
    "Y": ("_year", " of the year"),
    "M": ("_month", " of the month"),
    "D": ("_day", " of the day"),
}


def energy(query: str) -> tuple[Entity, ...]:
    """The energy counter that this query asks for; sent in Wh."""
    key, name = ENERGIES[query[:2]]
    suffix, span = SPANS[query[2]]
    return (Sensor(key + suffix, name + span, Scaled(query, 0, "00000000", scale=0.001), ENERGY),)


def live(unit: Unit) -> tuple[Entity, ...]:
    """The rows of QPIGS in this unit's layout."""
    if unit.variant == "revo":
        taken = {row.key for row in revo.LIVE} | {"battery_discharge_current"}
        return (*(row for row in LIVE if row.key not in taken), *revo.LIVE)
    rows = list(LIVE)
    if unit.heat_sink == "count":
        rows = [HEAT_SINK_COUNT if row.key == "heat_sink_temperature" else row for row in rows]
    power = PV_POWER if unit.count("QPIGS") > 19 else PV_POWER_DERIVED
    first_bit = FIRST_BIT.get(unit.variant)
    return (*rows, *((first_bit,) if first_bit else ()), PV_SIDE[unit.pv_side], power)
