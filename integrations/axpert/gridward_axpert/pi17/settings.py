"""BATS, HECS, FLAG, GPMP, ACCT and ACLT of PI17: what can be set.

The battery's weak voltage in hybrid mode is PI30's "back to grid" voltage, the weak-back voltage its "back
to battery" voltage. A command that carries several values gets the others as they were last read. Where
sources differ: the discharge limit is in A (a library says 0.1 A; the document's 10 to 300 and captures of
0250 and 0375 say A), flags are set by PEx and PDx (both documents; a library has Px1), the bounds of the
switching voltages are PI30's because no document gives them. Only read, never set: grid limits, output
voltage and frequency, country, and what BCA, BTS and EPS set, whose bounds no source gives.
"""

from collections.abc import Mapping
from dataclasses import replace

from gridward_axpert.pi18.live import tenth
from gridward_axpert.pi18.settings import RATINGS, select, tenths, window
from gridward_axpert.points import Code, Scaled
from gridward_axpert.unit import Unit
from gridward_kit.entity import (
    CURRENT,
    MINUTES,
    POWER,
    SOC_LEVEL,
    VOLTAGE,
    BinarySensor,
    Category,
    Entity,
    Number,
    Quantity,
    Sensor,
    Setting,
    Switch,
)
from gridward_kit.point import Field, Point

CONFIG, DIAGNOSTIC = Category.CONFIG, Category.DIAGNOSTIC

BATTERY_TYPES = {0: "ordinary", 1: "lithium_iron"}
SOLAR_PRIORITIES = {0: "battery_load_utility", 1: "load_battery_utility", 2: "load_utility_battery"}
AMPERES_MOST = 400


def _read(key: str, name: str, at: Point, quantity: Quantity) -> Sensor:
    return Sensor(key, name, at, quantity, category=DIAGNOSTIC, enabled=False)


def _voltage(key: str, index: int, template: str, *bounds: float) -> Entity:
    """A battery voltage under PI30's name, for 48 V; bounds where PI30's list does not hold."""
    row = replace(RATINGS[key], at=tenth("BATS", index, "0000"), setting=tenths(template))
    if not bounds or not isinstance(row, Number):
        return row
    return replace(row, low=bounds[0], high=bounds[1], step=0.1, only=())


def _current(key: str, at: Point, setting: Setting, low: float, high: float) -> Entity:
    row = RATINGS[key]
    if not isinstance(row, Number):
        raise TypeError(f"{key} is no number")
    return replace(row, at=at, setting=setting, only=(), low=low, high=high, step=1)


def _switch(key: str, name: str, at: Point, on: str, off: str, *, expert: bool = False) -> Switch:
    setting = Setting(lambda value: (on if value else off,))
    return Switch(key, name, at, setting=setting, category=CONFIG, enabled=not expert, expert=expert)


KEPT = Number(
    "grid_keeps_battery_voltage",
    "Battery voltage that the grid keeps",
    tenth("BATS", 14, "0000"),
    VOLTAGE,
    tenths("ACCB{{BATS[13]}},{:04.0f}"),
    CONFIG,
    enabled=False,
    expert=True,
    low=40,
    high=60,
    step=0.1,
)
UNDER_BACK = replace(
    KEPT,
    key="battery_under_back_voltage",
    name="Back from cut-off voltage",
    at=tenth("BATS", 7, "0000"),
    setting=tenths("BATDV{{BATS[6]}},{:04.0f},{{BATS[8]}},{{BATS[9]}}"),
    low=44,
    high=58,
)


def bats(unit: Unit) -> tuple[Entity, ...]:
    """The battery's settings; what lies behind field 17 depends on the generation."""
    most = int(unit.rated_power / unit.nominal) if unit.nominal and unit.rated_power else AMPERES_MOST
    count = unit.count("BATS")
    return (
        _current("max_charging_current", tenth("BATS", 0, "0000"), tenths("MCHGC{:04.0f}"), 1, most),
        _voltage("battery_bulk_voltage", 1, "MCHGV{:04.0f},{{BATS[2]}}"),
        _voltage("battery_float_voltage", 2, "MCHGV{{BATS[1]}},{:04.0f}"),
        _read("float_stop_current", "Current that ends float", tenth("BATS", 3, "0000"), CURRENT),
        _read("float_stop_time", "Time until float ends", Field("BATS", 4, "000"), MINUTES),
        _read("float_restart_voltage", "Voltage that restarts charging", tenth("BATS", 5, "0000"), VOLTAGE),
        _voltage("battery_under_voltage", 6, "BATDV{:04.0f},{{BATS[7]}},{{BATS[8]}},{{BATS[9]}}"),
        UNDER_BACK,
        _voltage("battery_recharge_voltage", 8, "BATDV{{BATS[6]}},{{BATS[7]}},{:04.0f},{{BATS[9]}}", 44, 51),
        _voltage(
            "battery_redischarge_voltage", 9, "BATDV{{BATS[6]}},{{BATS[7]}},{{BATS[8]}},{:04.0f}", 48, 58
        ),
        select(
            "battery_type", "Battery type", Code("BATS", 10, "0", names=BATTERY_TYPES), "BT{:d}", expert=True
        ),
        _switch(
            "grid_keeps_battery",
            "Grid keeps the battery's voltage",
            Field("BATS", 13, "0").bit(0),
            "ACCB1,{BATS[14]}",
            "ACCB0,{BATS[14]}",
            expert=True,
        ),
        KEPT,
        _read(
            "temperature_compensation",
            "Temperature compensation",
            Scaled("BATS", 15, "000", scale=0.0001),
            VOLTAGE,
        ),
        _current(
            "max_utility_charging_current", tenth("BATS", 16, "0000"), tenths("MUCHGC{:04.0f}"), 1, most
        ),
        _current(
            "max_discharge_current",
            Field("BATS", 17, "0000"),
            Setting(lambda value: (f"BDCM{float(value):04.0f}",)),
            10,
            300,
        ),
        *(EPS if count <= 21 else ()),
        *(SOC_LIMITS if count > 21 else ()),
    )


EPS: tuple[Entity, ...] = (
    BinarySensor(
        "eps_enabled",
        "Second output switched off",
        Field("BATS", 18).bit(0),
        category=DIAGNOSTIC,
        enabled=False,
    ),
    _read("eps_cut_off_voltage", "Main output off voltage", tenth("BATS", 19, "0000"), VOLTAGE),
    _read("eps_reconnect_voltage", "Main output on voltage", tenth("BATS", 20, "0000"), VOLTAGE),
)
SOC_LIMITS: tuple[Entity, ...] = (
    _read("battery_under_level", "Cut-off charge", Field("BATS", 18, "000"), SOC_LEVEL),
    _read("battery_under_back_level", "Back from cut-off charge", Field("BATS", 19, "000"), SOC_LEVEL),
    _read("battery_recharge_level", "Back to grid charge", Field("BATS", 20, "000"), SOC_LEVEL),
    _read("battery_redischarge_level", "Back to battery charge", Field("BATS", 21, "000"), SOC_LEVEL),
)

MANAGED: tuple[tuple[str, str, str, bool], ...] = (
    ("A", "solar_charging", "Charging from PV allowed", False),
    ("B", "grid_charging", "Charging from grid allowed", False),
    ("C", "grid_feed", "Feeding the grid allowed", True),
    ("D", "discharge_with_pv", "Discharging with PV allowed", False),
    ("E", "discharge_without_pv", "Discharging without PV allowed", False),
    ("F", "battery_feed_with_pv", "Feeding from battery with PV allowed", True),
    ("G", "battery_feed_without_pv", "Feeding from battery without PV allowed", True),
)
HECS: tuple[Entity, ...] = (
    select(
        "solar_priority", "Solar power priority", Code("HECS", 0, "00", names=SOLAR_PRIORITIES), "SEP{:02d}"
    ),
    *(
        _switch(key, name, Field("HECS", index, "0").bit(0), f"ED{letter}1", f"ED{letter}0", expert=expert)
        for index, (letter, key, name, expert) in enumerate(MANAGED, 1)
    ),
    BinarySensor(
        "reactive_derating",
        "Derating by grid voltage",
        Field("HECS", 8).bit(0),
        category=DIAGNOSTIC,
        enabled=False,
    ),
)


def _sound(index: int, letter: str, key: str, name: str) -> Switch:
    """The unit's flag says mute, ours says sound."""
    return _switch(key, name, Field("FLAG", index, "0").bit(0, on="0"), f"PD{letter}", f"PE{letter}")


FLAG: tuple[Entity, ...] = (
    _sound(0, "A", "buzzer", "Buzzer"),
    _sound(1, "B", "buzzer_in_standby", "Buzzer in standby"),
    _sound(2, "C", "buzzer_on_battery", "Buzzer on battery"),
    _switch(
        "generator_input",
        "Generator at the grid input",
        Field("FLAG", 3, "0").bit(0),
        "PED",
        "PDD",
        expert=True,
    ),
    _switch("wide_input_range", "Wide input range", Field("FLAG", 4, "0").bit(0), "PEE", "PDE", expert=True),
    BinarySensor(
        "ground_relay",
        "Relay of neutral to ground",
        Field("FLAG", 5).bit(0),
        category=DIAGNOSTIC,
        enabled=False,
    ),
)


def flag(unit: Unit) -> tuple[Entity, ...]:
    """The first generation's flags; the order of the later 23 is not known."""
    return FLAG if unit.count("FLAG") <= len(FLAG) or unit.count("FLAG") == UNSEEN else ()


UNSEEN = 99
LOAD_OUTPUT = _switch("load_output", "Load output", Field("PS", 16, "0").bit(0), "LON1", "LON0", expert=True)


def gpmp(unit: Unit) -> tuple[Entity, ...]:
    """The most that is fed into the grid."""
    return (
        Number(
            "grid_feed_limit",
            "Most power fed into the grid",
            Field("GPMP", 0, "00000"),
            POWER,
            Setting(lambda value: (f"GPMP{float(value):06.0f}",)),
            CONFIG,
            enabled=False,
            expert=True,
            low=0,
            high=unit.rated_power or 15000,
            step=1,
        ),
    )


OPMP: tuple[Entity, ...] = (_read("output_limit", "Most output power", Field("OPMP", 0, "00000"), POWER),)


def windows(query: str, unit: Unit) -> tuple[Entity, ...]:
    """The daily times of ACCT (charging from grid) and ACLT (supply from grid); later units have two."""
    key, name = WINDOWS[query]
    return window(query, key, name, 4 if unit.count(query) == 4 else 2)


WINDOWS: Mapping[str, tuple[str, str]] = {
    "ACCT": ("grid_charging", "Charging from grid"),
    "ACLT": ("grid_supply", "Supply from grid"),
}
