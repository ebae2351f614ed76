"""P07: an SRNE hybrid's inverter settings, E200 to E253, and P03: what is done once. Pure.

Never read or written: E202 and E203 (passwords), DF02 (factory defaults, clear statistics or history)
and DF06 (firmware upgrade). E219 means too many things in too many versions.
"""

from gridward_kit.entity import (
    COUNT,
    CURRENT,
    ENERGY,
    FREQUENCY,
    POWER,
    VOLTAGE,
    Button,
    Category,
    Entity,
    Setting,
)
from gridward_kit.modbus import Register, u16, u32
from gridward_srne.codes import (
    BMS_LINKS,
    BMS_PROTOCOLS,
    CHARGER_SOURCES,
    INPUT_RANGES,
    OUTPUT_PHASES,
    OUTPUT_SOURCES,
    PARALLEL,
)
from gridward_srne.points import MINUTE, RARELY, button, detail, flag, mark, number, select, switch

AMPERES = (0.0, 200.0)

ROWS: tuple[Entity, ...] = (
    select("parallel_mode", "Parallel mode", u16(0xE201, every=RARELY), PARALLEL, expert=True),
    select(
        "output_source_priority",
        "Output source priority",
        u16(0xE204, every=MINUTE),
        OUTPUT_SOURCES,
        shown=("SUB",),
    ),
    number(
        "max_utility_charging_current",
        "Maximum utility charging current",
        u16(0xE205, 0.1, every=MINUTE),
        CURRENT,
        AMPERES,
        0.1,
    ),
    switch("equalise", "Equalise", flag(0xE206), expert=True),
    mark("neutral_earth_bond", "Neutral to earth bond", flag(0xE207)),
    number(
        "output_voltage_setting",
        "Output voltage setting",
        u16(0xE208, 0.1, every=MINUTE),
        VOLTAGE,
        (100, 264),
        0.1,
        expert=True,
    ),
    number(
        "output_frequency_setting",
        "Output frequency setting",
        u16(0xE209, 0.01, every=MINUTE),
        FREQUENCY,
        (45, 65),
        0.01,
        expert=True,
    ),
    number(
        "max_charging_current",
        "Maximum charging current",
        u16(0xE20A, 0.1, every=MINUTE),
        CURRENT,
        AMPERES,
        0.1,
    ),
    select("input_range", "AC input range", u16(0xE20B, every=MINUTE), INPUT_RANGES),
    switch("power_saving", "Power saving", flag(0xE20C)),
    switch("restart_after_overload", "Restart after overload", flag(0xE20D)),
    switch("restart_after_heat", "Restart after over-temperature", flag(0xE20E)),
    select("charger_source_priority", "Charger source priority", u16(0xE20F, every=MINUTE), CHARGER_SOURCES),
    switch("buzzer", "Buzzer", flag(0xE210)),
    switch("alarm_on_source_loss", "Alarm when a source is lost", flag(0xE211)),
    switch("bypass_on_overload", "Bypass on overload", flag(0xE212)),
    switch("keep_faults", "Keep faults", flag(0xE213)),
    switch("stop_on_bms_fault", "Stop on BMS fault", flag(0xE214), expert=True),
    select("bms_link", "BMS link", u16(0xE215, every=RARELY), BMS_LINKS, expert=True),
    switch("dc_load", "DC load", flag(0xE216)),
    number("power_derating", "Power derating", u16(0xE218, every=RARELY), POWER, (1000, 15000), expert=True),
    switch("generator_charge_off", "Generator does not charge", flag(0xE21A)),
    select("bms_protocol", "BMS protocol", u16(0xE21B, every=RARELY), BMS_PROTOCOLS, expert=True),
    number(
        "max_bypass_current",
        "Maximum bypass current",
        u16(0xE21C, 0.1, every=RARELY),
        CURRENT,
        (0, 100),
        0.1,
        expert=True,
    ),
    detail("max_grid_power", "Maximum grid power", u16(0xE21D, 10, every=RARELY), POWER),
    switch("generator_mode", "Generator mode", flag(0xE21F)),
    number(
        "generator_charging_current",
        "Generator charging current",
        u16(0xE220, 0.1, every=RARELY),
        CURRENT,
        AMPERES,
        0.1,
        expert=True,
    ),
    detail("generator_rated_power", "Generator rated power", u16(0xE221, every=RARELY), POWER),
    mark("smart_load_from_pv", "Smart load from PV", flag(0xE222, RARELY)),
    mark("smart_load_from_grid", "Smart load from the grid", flag(0xE223, RARELY)),
    detail("weekday", "Weekday", u16(0xE224, every=RARELY), COUNT, (1, 7)),
    detail(
        "charge_weekdays",
        "Weekdays of timed charging, as bits from Monday",
        u16(0xE225, every=RARELY),
        COUNT,
        (0, 127),
    ),
    detail("consumption_threshold", "Consumption threshold", u32(0xE226, 0.1, every=RARELY), ENERGY),
    detail("wind_trackers", "Wind turbines, as bits by tracker", u16(0xE228, every=RARELY), COUNT),
    detail(
        "dry_contact_grid_voltage",
        "Dry contact closes above a grid voltage of",
        u16(0xE229, 0.1, every=RARELY),
        VOLTAGE,
    ),
    detail("dry_contact_export", "Dry contact closes above an export of", u16(0xE22A, every=RARELY), POWER),
)
SPLIT: tuple[Entity, ...] = (
    select("output_phase_mode", "Output phase mode", u16(0xE21E, every=RARELY), OUTPUT_PHASES, expert=True),
)


def _wind() -> tuple[Entity, ...]:
    """The wind curve, E238: 14 pairs of whole volts and 0.1 A."""
    return tuple(
        row
        for point in range(14)
        for row in (
            detail(
                f"wind_voltage_{point + 1}",
                f"Wind curve voltage {point + 1}",
                u16(0xE238 + 2 * point, every=RARELY),
                VOLTAGE,
            ),
            detail(
                f"wind_current_{point + 1}",
                f"Wind curve current {point + 1}",
                u16(0xE239 + 2 * point, 0.1, every=RARELY),
                CURRENT,
            ),
        )
    )


WIND = _wind()
CLOCK = 0x020C
BUTTONS: tuple[Entity, ...] = (
    Button(
        "set_clock",
        "Set the clock",
        Register(CLOCK, "u48", 3),
        setting=Setting(wear="none"),
        category=Category.CONFIG,
    ),
    button("turn_off", "Turn the inverter off", 0xDF00, 0, expert=True),
    button("turn_on", "Turn the inverter on", 0xDF00, 1, expert=True),
    button("restart", "Restart the inverter", 0xDF01, 1, expert=True),
    button("equalise_now", "Equalise now", 0xDF0D, 1, expert=True),
    button("equalise_stop", "Stop equalising", 0xDF0D, 0, expert=True),
)
