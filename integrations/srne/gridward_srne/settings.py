"""P05: an SRNE hybrid's battery settings, E001 to E03A. Pure.

Bounds are the documents' (V1.96 to V2.08); the firmware's may be tighter and answer with exception 3.
With the BMS link on, the voltages that the BMS dictates are refused the same way.
"""

from gridward_kit.entity import (
    CHARGE,
    COUNT,
    CURRENT,
    DAYS,
    MINUTES,
    SECONDS,
    SOC_LEVEL,
    TEMPERATURE,
    VOLTAGE,
    Entity,
)
from gridward_kit.modbus import s16, u16
from gridward_srne.codes import BATTERY_TYPES, BMS_MODES, GRID_MODES, PV_PRIORITIES
from gridward_srne.points import RARELY, detail, flag, number, per_12, select, switch

PERCENT = (0.0, 100.0)
COLD = (-40.0, 100.0)


HYBRID_VOLTS = (9.0, 15.5)  # of each 12 V


def stages(nominal: float, bounds: tuple[float, float] = HYBRID_VOLTS) -> tuple[Entity, ...]:
    """E005 to E00E: what charging and discharging end and begin at; charge controllers have the same."""
    return (
        per_12("battery_over_voltage", "Battery over-voltage disconnect", 0xE005, nominal, bounds),
        per_12("battery_charge_voltage_limit", "Battery charge voltage limit", 0xE006, nominal, bounds),
        per_12("battery_equalise_voltage", "Battery equalise voltage", 0xE007, nominal, bounds),
        per_12("battery_bulk_voltage", "Battery bulk voltage", 0xE008, nominal, bounds),
        per_12(
            "battery_float_voltage", "Battery float voltage", 0xE009, nominal, bounds,
            under="battery_bulk_voltage",
        ),
        per_12("battery_bulk_return_voltage", "Battery bulk return voltage", 0xE00A, nominal, bounds),
        per_12("battery_under_voltage_return", "Battery over-discharge return", 0xE00B, nominal, bounds),
        per_12("battery_under_voltage_alarm", "Battery under-voltage alarm", 0xE00C, nominal, bounds),
        per_12("battery_under_voltage", "Battery over-discharge voltage", 0xE00D, nominal, bounds),
        per_12("battery_discharge_limit_voltage", "Battery discharge limit voltage", 0xE00E, nominal, bounds),
    )  # fmt: skip


def voltages(nominal: float) -> tuple[Entity, ...]:
    """The battery's voltages, which depend on its nominal voltage; each step is 0.1 V of 12 V."""
    return (
        *stages(nominal),
        per_12(
            "battery_recharge_voltage", "Back to grid voltage", 0xE01B, nominal, HYBRID_VOLTS, expert=False
        ),
        per_12(
            "battery_redischarge_voltage", "Back to battery voltage", 0xE022, nominal, HYBRID_VOLTS,
            expert=False,
        ),
    )  # fmt: skip


OVER_DISCHARGE_DELAY = number(
    "over_discharge_delay",
    "Over-discharge delay",
    u16(0xE010, every=RARELY),
    SECONDS,
    (0, 120),
    expert=True,
)
BATTERY: tuple[Entity, ...] = (
    number(
        "pv_charging_current_limit",
        "PV charging current limit",
        u16(0xE001, 0.1, every=RARELY),
        CURRENT,
        (0, 200),
        0.1,
    ),
    number(
        "battery_capacity_setting",
        "Battery nominal capacity",
        u16(0xE002, every=RARELY),
        CHARGE,
        (0, 400),
        expert=True,
    ),
    detail(
        "nominal_battery_voltage",
        "Nominal battery voltage",
        u16(0xE003, every=RARELY, absent=(255,)),
        VOLTAGE,
    ),
    select(
        "battery_type", "Battery type", u16(0xE004, every=RARELY), BATTERY_TYPES, expert=True, shown=("14",)
    ),
    number(
        "cut_off_soc",
        "Discharge cut-off state of charge",
        u16(0xE00F, every=RARELY),
        SOC_LEVEL,
        PERCENT,
        expert=True,
    ),
    OVER_DISCHARGE_DELAY,
    number("equalise_time", "Equalise time", u16(0xE011, every=RARELY), MINUTES, (0, 900), expert=True),
    number("bulk_time", "Bulk time", u16(0xE012, every=RARELY), MINUTES, (10, 900), expert=True),
    number("equalise_interval", "Equalise interval", u16(0xE013, every=RARELY), DAYS, (0, 255), expert=True),
    number(
        "temperature_compensation",
        "Temperature compensation per 2 V (mV/°C)",
        u16(0xE014, every=RARELY),
        COUNT,
        (0, 10),
        expert=True,
    ),
    number(
        "charge_temperature_max",
        "Highest charge temperature",
        s16(0xE015, every=RARELY),
        TEMPERATURE,
        COLD,
        expert=True,
    ),
    number(
        "charge_temperature_min",
        "Lowest charge temperature",
        s16(0xE016, every=RARELY),
        TEMPERATURE,
        COLD,
        expert=True,
    ),
    number(
        "discharge_temperature_max",
        "Highest discharge temperature",
        s16(0xE017, every=RARELY),
        TEMPERATURE,
        COLD,
        expert=True,
    ),
    number(
        "discharge_temperature_min",
        "Lowest discharge temperature",
        s16(0xE018, every=RARELY),
        TEMPERATURE,
        COLD,
        expert=True,
    ),
    detail("heater_on_temperature", "Heater on", s16(0xE019, every=RARELY), TEMPERATURE, COLD),
    detail("heater_off_temperature", "Heater off", s16(0xE01A, every=RARELY), TEMPERATURE, COLD),
    number(
        "lithium_stop_current",
        "Lithium stop charge current",
        u16(0xE01C, 0.1, every=RARELY),
        CURRENT,
        (0, 10),
        0.1,
        expert=True,
    ),
    number(
        "equalise_timeout", "Equalise timeout", u16(0xE023, every=RARELY), MINUTES, (5, 900), 5, expert=True
    ),
    number(
        "lithium_activation_current",
        "Lithium activation current",
        u16(0xE024, 0.1, every=RARELY),
        CURRENT,
        (0, 20),
        0.1,
        expert=True,
    ),
    select("bms_current_mode", "Charge current decided by", u16(0xE025, every=RARELY), BMS_MODES),
    select("grid_work_mode", "Grid work mode", u16(0xE037, every=RARELY), GRID_MODES, expert=True),
    switch("leakage_detection", "Leakage detection", flag(0xE038), expert=True),
    select("pv_priority", "PV priority", u16(0xE039, every=RARELY), PV_PRIORITIES, shown=("grid",)),
    switch("battery_compensation", "Battery temperature compensation", flag(0xE03A), expert=True),
)
SOC: tuple[Entity, ...] = (
    number("stop_charge_soc", "Stop charging at", u16(0xE01D, every=RARELY), SOC_LEVEL, PERCENT, expert=True),
    number(
        "low_soc_alarm",
        "Low state of charge alarm",
        u16(0xE01E, every=RARELY),
        SOC_LEVEL,
        PERCENT,
        expert=True,
    ),
    number(
        "grid_soc", "Back to grid state of charge", u16(0xE01F, every=RARELY), SOC_LEVEL, PERCENT, expert=True
    ),
    number(
        "battery_soc_return",
        "Back to battery state of charge",
        u16(0xE020, every=RARELY),
        SOC_LEVEL,
        (1, 100),
        expert=True,
    ),
    number(
        "max_discharge_current",
        "Maximum discharge current",
        u16(0xE021, 0.1, every=RARELY),
        CURRENT,
        (0, 200),
        0.1,
        expert=True,
    ),
)
"""Only where the meaning of E01D to E021 is proven: V1.3 has load and light control there."""
