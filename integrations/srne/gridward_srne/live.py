"""What an SRNE hybrid measures: P01 battery and PV, P02 inverter, for one phase. Pure.

The unit counts battery current upwards when discharging (documents V1.96 to V2.08 and every live
reading; V1.7 prints the opposite): turned here, `invert_battery` turns it back.
"""

from gridward_kit.entity import (
    CHARGE,
    COUNT,
    CURRENT,
    CYCLES,
    FREQUENCY,
    POWER,
    SECONDS,
    SHARE,
    SOC,
    TEMPERATURE,
    TEXT,
    VOLTAGE,
    Entity,
    Sensor,
)
from gridward_kit.modbus import s16, s32, u16
from gridward_kit.point import Derived
from gridward_srne.codes import CHARGING, PASSWORD_STATES, STATES
from gridward_srne.points import (
    AMPERES,
    DEGREES,
    DIAGNOSTIC,
    RARELY,
    SOON,
    WATTS,
    clock,
    detail,
    named,
    product,
    sensor,
    summed,
)

PV_VOLTS = (0.0, 1100.0)
BATTERY_LEAST, BATTERY_MOST = 9.0, 16.2  # of each 12 V
ALL_UNITS = (-400000.0, 400000.0)
NO_SENSOR = 1200  # ambient temperature of units without the sensor


def battery(nominal: float | None, *, inverted: bool) -> tuple[Entity, ...]:
    """Battery rows; 0 % health, 0 Ah, 0 cycles and exactly 0 degC are from units that do not know them.

    0104 to 0106 are health and capacities from V1.98 on, the DC load before: see `series.learn`.
    """
    least, most = (
        (9.0, 64.8) if nominal is None else (BATTERY_LEAST * nominal / 12, BATTERY_MOST * nominal / 12)
    )
    sign = 0.1 if inverted else -0.1
    return (
        sensor("battery_soc", "Battery state of charge", u16(0x0100), SOC, (0, 100)),
        Sensor(
            "battery_voltage",
            "Battery voltage",
            u16(0x0101, 0.1),
            VOLTAGE,
            limits=(least, most),
            zero_ok=True,
        ),
        sensor("battery_current", "Battery current", s16(0x0102, sign), CURRENT, (-400, 400)),
        Sensor(
            "battery_power", "Battery power", Derived(("battery_voltage", "battery_current"), product), POWER
        ),
        sensor(
            "battery_temperature", "Battery temperature", s16(0x0103, 0.1, absent=(0,)), TEMPERATURE, DEGREES
        ),
        detail("battery_health", "Battery health", u16(0x0104, absent=(0,)), SHARE, (1, 100), enabled=True),
        detail("battery_rated_capacity", "Battery rated capacity", u16(0x0105, absent=(0,)), CHARGE),
        detail("battery_remaining_capacity", "Battery remaining capacity", u16(0x0106, absent=(0,)), CHARGE),
        named("charge_state", "Charge state", u16(0x010B), CHARGING, main=True),
        detail("battery_cycles", "Battery cycles", u16(0x010C, absent=(0,)), CYCLES),
        sensor("charging_power", "Charging power", u16(0x010E), POWER, WATTS),
    )


def tracker(number: int, volts: int) -> tuple[Entity, ...]:
    """One PV input: voltage, current and power in a row."""
    key, name = ("pv", "PV") if number == 1 else (f"pv{number}", f"PV {number}")
    return (
        sensor(f"{key}_voltage", f"{name} voltage", u16(volts, 0.1), VOLTAGE, PV_VOLTS),
        sensor(f"{key}_current", f"{name} current", u16(volts + 1, 0.1), CURRENT, AMPERES),
        sensor(f"{key}_power", f"{name} power", u16(volts + 2), POWER, WATTS),
    )


TRACKERS = {1: 0x0107, 2: 0x010F, 3: 0x011E, 4: 0x0121, 5: 0x0124, 6: 0x0127}


def pv(trackers: int) -> tuple[Entity, ...]:
    """The PV inputs that are there, and their sum.

    010A, total or, on old units, a switch that is only written, is not read: the sum says the same.
    """
    rows = [row for number, volts in TRACKERS.items() if number <= trackers for row in tracker(number, volts)]
    powers = tuple(row.key for row in rows if row.key.endswith("_power"))
    return (*rows, *([summed("pv_total_power", "PV total power", powers, POWER)] if trackers > 1 else []))


def machine(states: str) -> tuple[Entity, ...]:
    """What the inverter as a whole does; the state's codes mean other things in other series."""
    return (
        named("mode", "Mode", u16(0x0210), STATES[states], main=True),
        sensor("bus_voltage", "Bus voltage", u16(0x0212, 0.1), VOLTAGE, (0, 1000)),
        Sensor(
            "grid_frequency", "Grid frequency", u16(0x0215, 0.01), FREQUENCY, limits=(40, 70), zero_ok=True
        ),
        Sensor(
            "output_frequency",
            "Output frequency",
            u16(0x0218, 0.01),
            FREQUENCY,
            limits=(40, 70),
            zero_ok=True,
        ),
        sensor("ac_charging_current", "AC charging current", u16(0x021E, 0.1), CURRENT, AMPERES),
    )


MORE: tuple[Entity, ...] = (
    detail("device_clock", "Clock", clock(0x020C, SOON), TEXT, enabled=True),
    detail("grid_reconnect_countdown", "Grid reconnect countdown", u16(0x020F, every=SOON), SECONDS),
    named("password_state", "Password state", u16(0x0211, every=RARELY), PASSWORD_STATES, enabled=False),
    detail(
        "dc_heat_sink_temperature",
        "DC heat sink temperature",
        s16(0x0220, 0.1, every=SOON),
        TEMPERATURE,
        DEGREES,
    ),
    sensor(
        "heat_sink_temperature", "Heat sink temperature", s16(0x0221, 0.1, every=SOON), TEMPERATURE, DEGREES
    ),
    detail(
        "transformer_temperature",
        "Transformer temperature",
        s16(0x0222, 0.1, every=SOON),
        TEMPERATURE,
        DEGREES,
    ),
    detail(
        "ambient_temperature",
        "Ambient temperature",
        s16(0x0223, 0.1, every=SOON, absent=(NO_SENSOR,)),
        TEMPERATURE,
        DEGREES,
    ),
    sensor("pv_charging_current", "PV charging current", u16(0x0224, 0.1, every=SOON), CURRENT, AMPERES),
    detail(
        "parallel_current",
        "Average current of parallel units",
        u16(0x0225, 0.1, every=SOON),
        CURRENT,
        AMPERES,
    ),
    detail(
        "positive_bus_voltage", "Positive half bus voltage", u16(0x0228, 0.1, every=SOON), VOLTAGE, (0, 600)
    ),
    detail(
        "negative_bus_voltage", "Negative half bus voltage", u16(0x0229, 0.1, every=SOON), VOLTAGE, (0, 600)
    ),
    detail("total_load_percentage", "Load of all parallel units", u16(0x024C, every=SOON), SHARE, (0, 300)),
    detail("parallel_units", "Parallel units", u16(0x024D, every=SOON), COUNT),
    detail(
        "parallel_load_power", "Load power of all parallel units", s32(0x024E, every=SOON), POWER, ALL_UNITS
    ),
    detail(
        "parallel_home_power", "Home load of all parallel units", s32(0x0250, every=SOON), POWER, ALL_UNITS
    ),
    detail(
        "parallel_grid_flow",
        "Grid power of all parallel units in the unit's own sign",
        s32(0x0252, every=SOON),
        POWER,
        ALL_UNITS,
    ),
    detail(
        "parallel_generator_power",
        "Generator power of all parallel units",
        s32(0x0254, every=SOON),
        POWER,
        ALL_UNITS,
    ),
    Sensor(
        "generator_frequency",
        "Generator frequency",
        u16(0x0259, 0.01, every=SOON),
        FREQUENCY,
        category=DIAGNOSTIC,
        enabled=False,
        limits=(40, 70),
        zero_ok=True,
    ),
)
"""0208 to 020B (reserved, flow flags), 021A and 021D (said to be unused), 0226 and 0227 (special models)
have no published meaning and no row."""
