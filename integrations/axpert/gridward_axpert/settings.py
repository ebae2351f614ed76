"""The ratings and settings of QPIRI; a row that can be set says with which command.

Battery voltages are written for 48 V and scaled. Never here: PF, ATE, RTEY, RTDL, BTA.
"""

from collections.abc import Mapping
from dataclasses import replace

from gridward_axpert.points import Code, Digits
from gridward_axpert.unit import TOTAL, UTILITY, Unit
from gridward_kit.entity import (
    APPARENT_POWER,
    COUNT,
    CURRENT,
    ENUM,
    FREQUENCY,
    MINUTES,
    POWER,
    VOLTAGE,
    Button,
    Category,
    Entity,
    Number,
    Quantity,
    Select,
    Sensor,
    Setting,
)
from gridward_kit.point import Choice, Field, Point, Value

CONFIG, DIAGNOSTIC = Category.CONFIG, Category.DIAGNOSTIC

OUTPUT_SOURCES = {0: "USB", 1: "SUB", 2: "SBU", 3: "SUF"}
CHARGER_SOURCES = {0: "utility_first", 1: "solar_first", 2: "solar_and_utility", 3: "only_solar"}
INPUT_RANGES = {0: "appliance", 1: "ups"}
BATTERY_TYPES = {
    0: "AGM",
    1: "flooded",
    2: "user",
    3: "3 Pylontech",
    4: "4 Shinheung",
    5: "5 WECO",
    6: "6 Soltaro",
    7: "7 BAK",
    8: "8 LIb",
    9: "9 LIC",
}
MACHINES = {0: "grid_tie", 1: "off_grid", 10: "hybrid", 11: "off_grid_2_trackers", 20: "off_grid_3_trackers"}
TOPOLOGIES = {0: "transformerless", 1: "transformer"}
OUTPUT_MODES = {
    0: "single",
    1: "parallel",
    2: "phase_1_of_3",
    3: "phase_2_of_3",
    4: "phase_3_of_3",
    5: "phase_1_of_2",
    6: "phase_2_of_2_at_120",
    7: "phase_2_of_2_at_180",
}
SPLIT_MODES = {
    **{code: OUTPUT_MODES[code] for code in range(5)},
    5: "parallel_at_120",
    6: "parallel_at_180",
}
PV_OK = {0: "any_unit", 1: "all_units"}
BALANCES = {0: "charging_only", 1: "charging_and_load"}
LOGICS = {0: "automatic", 1: "on_line", 2: "eco"}
OVERRIDES = {
    "111": "all_on",
    "011": "discharge_off",
    "101": "discharge_off_standby",
    "110": "charge_off",
    "010": "charge_off_shutdown",
    "100": "charge_off_standby",
    "000": "no_override",
}

CHARGER_OPTIONS: Mapping[str, tuple[int, ...]] = {"gk": (1, 2, 3), "max": (1, 2, 3)}
TYPE_OPTIONS: Mapping[str, tuple[int, ...]] = {"max": tuple(BATTERY_TYPES)}

BATTERY_VOLTAGES = frozenset(
    {
        "battery_recharge_voltage",
        "battery_under_voltage",
        "battery_bulk_voltage",
        "battery_float_voltage",
        "battery_redischarge_voltage",
        "equalisation_voltage",
    }
)

SHORT: Mapping[str, tuple[str, ...]] = {
    "hs": ("MCHGC{:03.0f}", "MNCHGC0{:03.0f}"),
    "ks": ("MCHGC{:03.0f}", "MNCHGC0{:03.0f}"),
    "mst": ("MCHGC{:03.0f}", "MNCHGC0{:03.0f}"),
    "pi41": ("MNCHGC0{:03.0f}",),
    "": ("MNCHGC0{:03.0f}", "MNCHGC{:03.0f}", "MCHGC{:03.0f}"),
}
LONG: Mapping[str, tuple[str, ...]] = {
    "ks": ("MCHGC{:03.0f}", "MNCHGC0{:03.0f}"),
    "mst": ("MCHGC{:03.0f}", "MNCHGC0{:03.0f}"),
    "gk": ("MNCHGC0{:03.0f}", "MNCHGC{:03.0f}"),
    "": ("MNCHGC0{:03.0f}",),
}
UTILITY_SHORT: Mapping[str, tuple[str, ...]] = {"": ("MUCHGC{:03.0f}", "MUCHGC0{:03.0f}")}
UTILITY_LONG: Mapping[str, tuple[str, ...]] = {
    "ks": ("MUCHGC{:03.0f}",),
    "mst": ("MUCHGC{:03.0f}",),
    "gk": ("MUCHGC{:03.0f}", "MUCHGC0{:03.0f}"),
    "": ("MUCHGC0{:03.0f}",),
}


def command(*templates: str) -> Setting:
    """A setting whose commands carry the number; `{:04.1f}` is 54.0 V."""
    return Setting(lambda value: tuple(template.format(float(value)) for template in templates))


def _coded(template: str, names: Mapping[int, str]) -> Setting:
    """A setting whose command carries an option's code."""
    codes = {name: code for code, name in names.items()}
    return Setting(lambda value: (template.format(codes[str(value)]),))


def _ampere(short: tuple[str, ...], long: tuple[str, ...]) -> Setting:
    """Up to 99 A and above: three digits may mean a unit's number and two digits of current."""

    def write(value: Value) -> tuple[str, ...]:
        number = float(value)
        return tuple(template.format(number) for template in (short if number <= 99 else long))

    return Setting(write)


def _r(index: int, form: str) -> Field:
    return Field("QPIRI", index, form)


def _code(index: int, names: Mapping[int, str], form: str = "0") -> Code:
    return Code("QPIRI", index, form, names=names)


def _select(key: str, name: str, at: Code, template: str, *, expert: bool = False) -> Select:
    options = tuple(at.names.values())
    setting = _coded(template, at.names)
    return Select(key, name, at, ENUM, setting, CONFIG, not expert, expert, options)


def rating(key: str, name: str, at: Point, quantity: Quantity) -> Sensor:
    """A value of the maker's that is only read."""
    return Sensor(key, name, at, quantity, category=DIAGNOSTIC, enabled=False)


def _fixed(key: str, name: str, at: Code) -> Sensor:
    return Sensor(key, name, at, ENUM, category=DIAGNOSTIC, enabled=False, options=tuple(at.names.values()))


RATINGS: tuple[Entity, ...] = (
    rating("grid_rating_voltage", "Grid rating voltage", _r(0, "000.0"), VOLTAGE),
    rating("grid_rating_current", "Grid rating current", _r(1, "00.0"), CURRENT),
    Number(
        "output_rating_voltage",
        "Output rating voltage",
        _r(2, "000.0"),
        VOLTAGE,
        command("V{:03.0f}"),
        CONFIG,
        enabled=False,
        expert=True,
        only=(220, 230, 240),
    ),
    Number(
        "output_rating_frequency",
        "Output rating frequency",
        _r(3, "00.0"),
        FREQUENCY,
        command("F{:02.0f}"),
        CONFIG,
        enabled=False,
        expert=True,
        only=(50, 60),
    ),
    rating("output_rating_current", "Output rating current", _r(4, "00.0"), CURRENT),
    rating("output_rating_apparent_power", "Rated apparent power", _r(5, "0000"), APPARENT_POWER),
    rating("output_rating_power", "Rated power", _r(6, "0000"), POWER),
    rating("battery_nominal_voltage", "Battery nominal voltage", _r(7, "00.0"), VOLTAGE),
    Number(
        "battery_recharge_voltage",
        "Back to grid voltage",
        _r(8, "00.0"),
        VOLTAGE,
        command("PBCV{:04.1f}"),
        CONFIG,
        only=tuple(range(44, 52)),
    ),
    Number(
        "battery_under_voltage",
        "Cut-off voltage",
        _r(9, "00.0"),
        VOLTAGE,
        command("PSDV{:04.1f}"),
        CONFIG,
        enabled=False,
        expert=True,
        low=40.0,
        high=48.0,
        step=0.1,
    ),
    Number(
        "battery_bulk_voltage",
        "Bulk voltage",
        _r(10, "00.0"),
        VOLTAGE,
        command("PCVV{:04.1f}"),
        CONFIG,
        low=48.0,
        high=58.4,
        step=0.1,
    ),
    Number(
        "battery_float_voltage",
        "Float voltage",
        _r(11, "00.0"),
        VOLTAGE,
        command("PBFT{:04.1f}"),
        CONFIG,
        low=48.0,
        high=58.4,
        step=0.1,
        under="battery_bulk_voltage",
    ),
    _select("battery_type", "Battery type", _code(12, BATTERY_TYPES), "PBT{:02d}", expert=True),
    Number("max_utility_charging_current", "Utility charging current", _r(13, "00"), CURRENT, None, CONFIG),
    Number("max_charging_current", "Charging current", _r(14, "000"), CURRENT, None, CONFIG),
    _select("input_range", "Input range", _code(15, INPUT_RANGES), "PGR{:02d}"),
    _select("output_source_priority", "Output source priority", _code(16, OUTPUT_SOURCES), "POP{:02d}"),
    _select("charger_source_priority", "Charger source priority", _code(17, CHARGER_SOURCES), "PCP{:02d}"),
    rating("max_parallel_units", "Most units in parallel", _r(18, "0"), COUNT),
    _fixed("machine_type", "Machine type", _code(19, MACHINES, "00")),
    _fixed("topology", "Topology", _code(20, TOPOLOGIES)),
    _select("output_mode", "Output mode", _code(21, OUTPUT_MODES), "POPM{:02d}", expert=True),
    Number(
        "battery_redischarge_voltage",
        "Back to battery voltage",
        _r(22, "00.0"),
        VOLTAGE,
        command("PBDV{:04.1f}"),
        CONFIG,
        only=(0, *range(48, 59)),
    ),
    _select("pv_ok_condition", "PV-OK condition", _code(23, PV_OK), "PPVOKC{:d}", expert=True),
    _select("pv_power_balance", "PV power balance", _code(24, BALANCES), "PSPB{:d}", expert=True),
    Number(
        "max_cv_time",
        "Longest time at bulk voltage",
        Digits("QPIRI", 25, "000"),
        MINUTES,
        command("PCVT{:03.0f}"),
        CONFIG,
        enabled=False,
        expert=True,
        low=0,
        high=900,
        step=5,
    ),
    _select("operation_logic", "Operation logic", _code(26, LOGICS), "POPLG{:02d}", expert=True),
    Number(
        "max_discharge_current",
        "Discharge limit",
        Digits("QPIRI", 27, "000"),
        CURRENT,
        command("PBATMAXDISC{:03.0f}"),
        CONFIG,
        enabled=False,
        expert=True,
        only=(0, *range(30, 151)),
    ),
)
UNDOCUMENTED_FROM = 25
LOW_LINE = (110, 120, 127)

OVERRIDE = Select(
    "battery_override",
    "Battery override",
    Choice("QBATCD", 0, codes=OVERRIDES),
    ENUM,
    Setting(lambda value: tuple(f"PBATCD{code}" for code, name in OVERRIDES.items() if name == value)),
    CONFIG,
    False,
    True,
    tuple(OVERRIDES.values()),
)


def rows(unit: Unit) -> tuple[Entity, ...]:
    """The rows of QPIRI with the options and bounds that this unit takes."""
    if unit.variant == "revo":
        return _revo()
    there = 99 if unit.documented else UNDOCUMENTED_FROM
    return tuple(_offered(row, unit) for row in RATINGS if isinstance(row.at, Field) and row.at.index < there)


def _revo() -> tuple[Entity, ...]:
    """The Revo's shorter layout, read only: no document says how these are set in PI30's words."""
    alarm = rating("battery_low_alarm_voltage", "Low battery alarm voltage", _r(8, "00.0"), VOLTAGE)
    limit = rating("max_charging_current", "Charging current", _r(13, "00"), CURRENT)
    kept = (row for row in RATINGS[:13] if row.key not in ("battery_recharge_voltage",))
    return (*(_shown(row) for row in kept), alarm, limit)


def _shown(row: Entity) -> Entity:
    """A setting as a plain value."""
    if isinstance(row, Select):
        return Sensor(row.key, row.name, row.at, row.quantity, category=DIAGNOSTIC, options=row.options)
    return Sensor(row.key, row.name, row.at, row.quantity, category=DIAGNOSTIC, enabled=row.enabled)


def _offered(row: Entity, unit: Unit) -> Entity:
    """The row with what this variant takes; what it may report besides is only shown."""
    match row:
        case Number(key="output_rating_voltage") if unit.variant == "pi41":
            return _shown(row)
        case Select(key="output_mode") if unit.variant == "pi41":
            split = _select(row.key, row.name, _code(21, SPLIT_MODES), "POPM{:02d}", expert=True)
            return _limited(split, SPLIT_MODES, (1, 2, 3, 4, 5, 6))
        case Select(at=Code(names=names)) if codes := _taken(row.key, unit):
            return _limited(row, names, codes)
        case Number(key="max_charging_current"):
            setting = _ampere(SHORT.get(unit.variant, SHORT[""]), LONG.get(unit.variant, LONG[""]))
            return replace(row, setting=setting, only=_selectable(unit, TOTAL), high=300)
        case Number(key="max_utility_charging_current"):
            setting = _ampere(UTILITY_SHORT[""], UTILITY_LONG.get(unit.variant, UTILITY_LONG[""]))
            return replace(row, setting=setting, only=_selectable(unit, UTILITY), high=300)
        case Number(key="output_rating_voltage") if unit.low_line:
            return replace(row, only=LOW_LINE)
        case Number(key="battery_under_voltage") if unit.variant == "gk":
            return replace(row, low=42.0)
        case _:
            return row


def _taken(key: str, unit: Unit) -> tuple[int, ...]:
    """The codes that this variant takes; () where it takes all."""
    return {
        "charger_source_priority": CHARGER_OPTIONS.get(unit.variant, (0, 1, 2, 3)),
        "output_source_priority": (0, 1, 2),
        "battery_type": TYPE_OPTIONS.get(unit.variant, (0, 1, 2)),
        "output_mode": tuple(OUTPUT_MODES) if unit.variant == "max" and unit.low_line else (0, 1, 2, 3, 4),
    }.get(key, ())


def _limited(row: Select, names: Mapping[int, str], codes: tuple[int, ...]) -> Select:
    options = tuple(names[code] for code in codes)
    return replace(row, options=options, shown=tuple(name for name in names.values() if name not in options))


def _selectable(unit: Unit, query: str) -> tuple[float, ...]:
    """The currents that the unit lists, else steps."""
    return unit.currents[query] if query in unit.currents else steps(unit)


def steps(unit: Unit) -> tuple[float, ...]:
    """Steps of 10 A up to the unit's rating."""
    most = int(unit.rated_power / unit.nominal) if unit.nominal else 0
    return tuple(range(10, most + 1, 10))


def buttons(unit: Unit) -> tuple[Entity, ...]:
    """Things done once: the clock, where the unit has one, is set to the site's time."""
    if "QT" not in unit.queries:
        return ()
    setting = Setting(lambda value: ("DAT%y%m%d%H%M%S",))  # noqa: ARG005
    return (Button("set_clock", "Set the clock", setting=setting, category=CONFIG),)
