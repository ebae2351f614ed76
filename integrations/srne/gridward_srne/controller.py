"""An SRNE MPPT charge controller, V3.4 to V3.9, also sold as Renogy Rover and Wanderer. Pure.

Totals have the high word first, temperatures a sign bit and a magnitude. The current is what goes into the
battery; what is taken out is seen only as the DC load.
"""

from gridward_kit.entity import (
    CHARGE,
    COUNT,
    CURRENT,
    DAYS,
    ENERGY,
    ENUM,
    MINUTES,
    POWER,
    SHARE,
    SOC,
    TEMPERATURE,
    TEXT,
    TOTAL,
    VOLTAGE,
    BinarySensor,
    Category,
    Entity,
    Quantity,
    Select,
    Sensor,
    Setting,
    Switch,
)
from gridward_kit.integration import ONCE
from gridward_kit.modbus import Register, text, u16, u32
from gridward_kit.point import Derived, Value
from gridward_srne.codes import CONTROLLER_CHARGING, CONTROLLER_TYPES, LOAD_MODES
from gridward_srne.points import (
    AMPERES,
    DIAGNOSTIC,
    RARELY,
    SELDOM,
    SOON,
    WATTS,
    detail,
    flag,
    number,
    product,
    select,
    sensor,
)
from gridward_srne.settings import OVER_DISCHARGE_DELAY, stages

COUNTED = Quantity(None, "Ah", "total_increasing", 0)
DAY_ENERGY = Quantity("energy", "kWh", None, 3)
DEGREES = (-50.0, 120.0)
VOLTS = (7.0, 17.0)  # of each 12 V, E005 to E00E
FIRST_VOLTAGE, BLOCK = 0xE005, 16
"""E005 to E014 are taken only when all of them are written by one request."""


def _degrees(raw: int) -> Value | None:
    return -(raw & 0x7F) if raw & 0x80 else raw & 0x7F


def _from_degrees(value: Value) -> int:
    number = round(float(value))
    return abs(number) | (0x80 if number < 0 else 0)


def _firmware(raw: int) -> Value | None:
    """xx.MM.mm.pp: the first byte says nothing."""
    _, major, minor, patch = raw.to_bytes(4, "big")
    return f"{major:02d}.{minor:02d}.{patch:02d}"


def _from_firmware(value: Value) -> int:
    return int.from_bytes(bytes((0, *(int(part) for part in str(value).split(".")))), "big")


def serial(address: int) -> Register:
    """The serial number as eight digits of hexadecimal, the way the label has it; 0 is none."""
    point = u32(address, every=ONCE, absent=(0, 0xFFFFFFFF))
    return point.by(lambda raw: f"{raw:08X}", lambda value: int(str(value), 16))


def firmware(address: int) -> Register:
    """Four bytes: nothing, major, minor, patch."""
    return u32(address, every=ONCE).by(_firmware, _from_firmware)


ABOUT: tuple[Entity, ...] = (
    detail("system_voltage_max", "Highest system voltage", u16(0x000A, every=ONCE).high(), VOLTAGE),
    detail("rated_charging_current", "Rated charging current", u16(0x000A, every=ONCE).low(), CURRENT),
    detail("rated_load_current", "Rated load current", u16(0x000B, every=ONCE).high(), CURRENT),
    detail("model_text", "Model text", text(0x000C, 8, every=ONCE), TEXT),
    Sensor("firmware", "Firmware", firmware(0x0014), category=DIAGNOSTIC),
    detail("hardware", "Control board", firmware(0x0016), TEXT),
    Sensor("serial_number", "Serial number", serial(0x0018), category=DIAGNOSTIC),
    detail("address", "Modbus address", u16(0x001A, every=ONCE).low(), COUNT, (1, 254)),
)
LIVE: tuple[Entity, ...] = (
    sensor("battery_soc", "Battery state of charge", u16(0x0100), SOC, (0, 100)),
    Sensor("battery_voltage", "Battery voltage", u16(0x0101, 0.1), VOLTAGE, limits=(7, 140), zero_ok=True),
    sensor("battery_current", "Battery current", u16(0x0102, 0.01), CURRENT, AMPERES),
    Sensor("battery_power", "Battery power", Derived(("battery_voltage", "battery_current"), product), POWER),
    sensor(
        "heat_sink_temperature",
        "Heat sink temperature",
        u16(0x0103).high().by(_degrees, _from_degrees),
        TEMPERATURE,
        DEGREES,
    ),
    sensor(
        "battery_temperature",
        "Battery temperature",
        u16(0x0103).low().by(_degrees, _from_degrees),
        TEMPERATURE,
        DEGREES,
    ),
    sensor("dc_load_voltage", "DC load voltage", u16(0x0104, 0.1), VOLTAGE, (0, 140)),
    sensor("dc_load_current", "DC load current", u16(0x0105, 0.01), CURRENT, AMPERES),
    sensor("dc_load_power", "DC load power", u16(0x0106), POWER, WATTS),
    sensor("pv_voltage", "PV voltage", u16(0x0107, 0.1), VOLTAGE, (0, 300)),
    sensor("pv_current", "PV current", u16(0x0108, 0.01), CURRENT, AMPERES),
    sensor("pv_power", "PV power", u16(0x0109), POWER, WATTS),
    Switch("dc_load", "DC load", flag(0x010A, every=0.0), setting=Setting(wear="none")),
    BinarySensor("load_on", "Load on", u16(0x0120).bit(15)),
    detail("brightness", "Lamp brightness", u16(0x0120).part(8, 7), SHARE, (0, 100)),
    Sensor(
        "charge_state",
        "Charge state",
        Register(0x0120, codes=CONTROLLER_CHARGING, place=0, width=8),
        ENUM,
        options=tuple(CONTROLLER_CHARGING.values()),
    ),
)
DAY: tuple[Entity, ...] = (
    detail(
        "battery_voltage_min_today", "Lowest battery voltage today", u16(0x010B, 0.1, every=SOON), VOLTAGE
    ),
    detail(
        "battery_voltage_max_today", "Highest battery voltage today", u16(0x010C, 0.1, every=SOON), VOLTAGE
    ),
    detail(
        "charging_current_max_today", "Highest charging current today", u16(0x010D, 0.01, every=SOON), CURRENT
    ),
    detail("load_current_max_today", "Highest load current today", u16(0x010E, 0.01, every=SOON), CURRENT),
    detail("charging_power_max_today", "Highest charging power today", u16(0x010F, every=SOON), POWER),
    detail("load_power_max_today", "Highest load power today", u16(0x0110, every=SOON), POWER),
    sensor("battery_charge_today", "Battery charge today", u16(0x0111, every=SOON), COUNTED),
    sensor("battery_discharge_today", "Battery discharge today", u16(0x0112, every=SOON), COUNTED),
    sensor("pv_energy_today", "PV energy today", u16(0x0113, 0.001, every=SOON), ENERGY),
    sensor("load_energy_today", "Load energy today", u16(0x0114, 0.001, every=SOON), ENERGY),
    detail("running_days", "Running days", u16(0x0115, every=SOON), DAYS),
    detail("over_discharges", "Over-discharges", u16(0x0116, every=SOON), TOTAL),
    detail("full_charges", "Full charges", u16(0x0117, every=SOON), TOTAL),
    sensor("battery_charge", "Battery charge", u32(0x0118, every=SOON, absent=(0,)), COUNTED),
    sensor("battery_discharge", "Battery discharge", u32(0x011A, every=SOON, absent=(0,)), COUNTED),
    sensor("pv_energy", "PV energy", u32(0x011C, 0.001, every=SOON, absent=(0,)), ENERGY),
    sensor("load_energy", "Load energy", u32(0x011E, 0.001, every=SOON, absent=(0,)), ENERGY),
)
"""Energies are in Wh on live units; one example in the document says kWh."""

YESTERDAY: tuple[Entity, ...] = (
    detail(
        "battery_voltage_min_1_day_ago",
        "Lowest battery voltage 1 day ago",
        u16(0xF001, 0.1, every=SELDOM),
        VOLTAGE,
    ),
    detail(
        "battery_voltage_max_1_day_ago",
        "Highest battery voltage 1 day ago",
        u16(0xF002, 0.1, every=SELDOM),
        VOLTAGE,
    ),
    detail(
        "charging_current_max_1_day_ago",
        "Highest charging current 1 day ago",
        u16(0xF003, 0.01, every=SELDOM),
        CURRENT,
    ),
    detail(
        "load_current_max_1_day_ago",
        "Highest load current 1 day ago",
        u16(0xF004, 0.01, every=SELDOM),
        CURRENT,
    ),
    detail(
        "charging_power_max_1_day_ago", "Highest charging power 1 day ago", u16(0xF005, every=SELDOM), POWER
    ),
    detail("load_power_max_1_day_ago", "Highest load power 1 day ago", u16(0xF006, every=SELDOM), POWER),
    detail("battery_charge_1_days_ago", "Battery charge 1 day ago", u16(0xF007, every=SELDOM), CHARGE),
    detail("battery_discharge_1_days_ago", "Battery discharge 1 day ago", u16(0xF008, every=SELDOM), CHARGE),
    detail("pv_energy_1_days_ago", "PV energy 1 day ago", u16(0xF009, 0.001, every=SELDOM), DAY_ENERGY),
    detail("load_energy_1_days_ago", "Load energy 1 day ago", u16(0xF00A, 0.001, every=SELDOM), DAY_ENERGY),
)
"""F000 and the number of days back give ten registers each, whatever the addresses after it: this is F001."""


def settings(nominal: float | None, rated: float) -> tuple[Entity, ...]:
    """The settings; the thresholds only where the nominal voltage is known.

    Most are acknowledged but ignored unless the battery type is user, lithium or custom.
    """
    types = Register(0xE004, every=RARELY, codes=CONTROLLER_TYPES)
    return (
        number(
            "max_charging_current",
            "Maximum charging current",
            u16(0xE001, 0.01, every=RARELY),
            CURRENT,
            (0, rated),
            0.01,
        ),
        detail("battery_capacity_setting", "Battery nominal capacity", u16(0xE002, every=RARELY), CHARGE),
        detail("system_voltage_setting", "System voltage setting", u16(0xE003, every=RARELY).high(), VOLTAGE),
        detail(
            "nominal_battery_voltage", "Nominal battery voltage", u16(0xE003, every=RARELY).low(), VOLTAGE
        ),
        Select(
            "battery_type",
            "Battery type",
            types,
            ENUM,
            Setting(),
            Category.CONFIG,
            enabled=False,
            expert=True,
            options=tuple(CONTROLLER_TYPES.values()),
        ),
        *(() if nominal is None else thresholds(nominal)),
        select("load_mode", "Load mode", u16(0xE01D, every=RARELY), LOAD_MODES),
        number("light_delay", "Light control delay", u16(0xE01E, every=RARELY), MINUTES, (0, 60)),
        number("light_voltage", "Light control voltage", u16(0xE01F, every=RARELY), VOLTAGE, (1, 40)),
        detail("special_control", "Special power control bits", u16(0xE021, every=RARELY), COUNT),
    )


def thresholds(nominal: float) -> tuple[Entity, ...]:
    """E005 to E014, in their order."""
    return (
        *stages(nominal, VOLTS),
        detail("charge_stop_soc", "Charge stop state of charge", u16(0xE00F, every=RARELY).high(), SHARE),
        detail(
            "discharge_stop_soc", "Discharge stop state of charge", u16(0xE00F, every=RARELY).low(), SHARE
        ),
        OVER_DISCHARGE_DELAY,
        number(
            "equalise_time", "Equalise time", u16(0xE011, every=RARELY), MINUTES, (0, 300), 10, expert=True
        ),
        number("bulk_time", "Bulk time", u16(0xE012, every=RARELY), MINUTES, (10, 300), 10, expert=True),
        number(
            "equalise_interval",
            "Equalise interval",
            u16(0xE013, every=RARELY),
            DAYS,
            (0, 255),
            5,
            expert=True,
        ),
        number(
            "temperature_compensation",
            "Temperature compensation per 2 V (mV/°C)",
            u16(0xE014, every=RARELY),
            COUNT,
            (0, 5),
            expert=True,
        ),
    )
