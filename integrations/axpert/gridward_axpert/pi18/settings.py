"""PIRI, FLAG, ACCT and ACLT of PI18: ratings and settings, under PI30's keys and bounds.

Numbers of options differ from PI30's and are never passed across: the names are. Bulk and float voltage
go out in one command, and so do the two voltages of the grid switch, and start and end of a time: the
other one stays as it was last read. Where sources differ: output priorities 0 and 1 are the document's
(a library's remark has three, PI30's); the document knows the battery types 0 to 2, higher ones are shown
as a public library names them. Never here: PF, CLE, ID.
"""

from collections.abc import Mapping
from dataclasses import replace

from gridward_axpert import flags, settings
from gridward_axpert.pi18.live import tenth
from gridward_axpert.points import Code, TimeOfDay, hhmm
from gridward_axpert.unit import Unit
from gridward_kit.entity import (
    COUNT,
    ENUM,
    MINUTES,
    Category,
    Entity,
    Number,
    Select,
    Sensor,
    Setting,
    Switch,
)
from gridward_kit.point import Field, Point, Value

CONFIG, DIAGNOSTIC = Category.CONFIG, Category.DIAGNOSTIC

OUTPUT_SOURCES = {0: "SUB", 1: "SBU"}
CHARGER_SOURCES = {0: "solar_first", 1: "solar_and_utility", 2: "only_solar"}
BATTERY_TYPES = {
    **{code: settings.BATTERY_TYPES[code] for code in range(3)},
    3: "3 Pylontech",
    5: "5 WECO",
    6: "6 Soltaro",
    7: "7 other lithium",
    8: "8 LIb",
    9: "9 LIC",
}
MACHINES = {0: "off_grid", 1: "grid_tie"}
OUTPUT_MODES = {code: settings.OUTPUT_MODES[code] for code in range(5)}
SOLAR_PRIORITIES = {0: "battery_load_utility", 1: "load_battery_utility"}
VOLTAGES = (202, 208, 220, 230, 240)

RATINGS: Mapping[str, Entity] = {row.key: row for row in settings.RATINGS}
READ: Mapping[str, Point] = {
    "grid_rating_voltage": tenth("PIRI", 0, "0000"),
    "grid_rating_current": tenth("PIRI", 1),
    "output_rating_current": tenth("PIRI", 4),
    "output_rating_apparent_power": Field("PIRI", 5, "0000"),
    "output_rating_power": Field("PIRI", 6, "0000"),
    "battery_nominal_voltage": tenth("PIRI", 7),
    "max_parallel_units": Field("PIRI", 19, "0"),
    "topology": Code("PIRI", 21, "0", names=settings.TOPOLOGIES),
}


def tenths(template: str) -> Setting:
    """A setting whose command carries tenths; `{{PIRI[9]}}` is a field of what was last read."""
    return Setting(lambda value: (template.format(float(value) * 10),))


NUMBERS: Mapping[str, tuple[Point, Setting]] = {
    "output_rating_voltage": (tenth("PIRI", 2, "0000"), tenths("V{:04.0f}")),
    "output_rating_frequency": (tenth("PIRI", 3), settings.command("F{:02.0f}")),
    "battery_recharge_voltage": (tenth("PIRI", 8), tenths("BUCD{:03.0f},{{PIRI[9]}}")),
    "battery_redischarge_voltage": (tenth("PIRI", 9), tenths("BUCD{{PIRI[8]}},{:03.0f}")),
    "battery_under_voltage": (tenth("PIRI", 10), tenths("PSDV{:03.0f}")),
    "battery_bulk_voltage": (tenth("PIRI", 11), tenths("MCHGV{:03.0f},{{PIRI[12]}}")),
    "battery_float_voltage": (tenth("PIRI", 12), tenths("MCHGV{{PIRI[11]}},{:03.0f}")),
}


def _number(key: str, at: Point, setting: Setting) -> Entity:
    row = replace(RATINGS[key], at=at, setting=setting)
    return replace(row, only=VOLTAGES) if isinstance(row, Number) and key == "output_rating_voltage" else row


def _amperes(key: str, index: int, form: str, command: str, unit: Unit) -> Entity:
    """A current out of the unit's own list; without a list, steps of 10 A up to its rating."""
    allowed = unit.currents.get(f"{command}R") or settings.steps(unit)
    setting = Setting(lambda value: (f"{command}{unit.number},{float(value):03.0f}",))
    row = RATINGS[key]
    if not isinstance(row, Number):
        raise TypeError(f"{key} is no number")
    return replace(row, at=Field("PIRI", index, form), setting=setting, only=tuple(allowed), high=300)


def select(key: str, name: str, at: Code, template: str, *, taken: int = 99, expert: bool = False) -> Select:
    """A choice; codes from `taken` on are only shown."""
    codes = {option: code for code, option in at.names.items()}
    setting = Setting(lambda value: (template.format(codes[str(value)]),))
    options = tuple(option for option, code in codes.items() if code < taken)
    shown = tuple(option for option in codes if option not in options)
    return Select(key, name, at, ENUM, setting, CONFIG, not expert, expert, options, shown)


def _code(index: int, names: Mapping[int, str]) -> Code:
    return Code("PIRI", index, "0", names=names)


MACHINE = Select(
    "machine_type",
    "Machine type",
    _code(20, MACHINES),
    ENUM,
    Setting(lambda value: ("PEI" if value == "grid_tie" else "PDI",)),
    CONFIG,
    enabled=False,
    expert=True,
    options=tuple(MACHINES.values()),
)
STRINGS = Sensor(
    "mppt_strings", "PV trackers", Field("PIRI", 24, "0"), COUNT, category=DIAGNOSTIC, enabled=False
)


def piri(unit: Unit) -> tuple[Entity, ...]:
    """The ratings and settings of PIRI."""
    own = unit.number
    return (
        *(replace(RATINGS[key], at=at) for key, at in READ.items()),
        *(_number(key, at, setting) for key, (at, setting) in NUMBERS.items()),
        select("battery_type", "Battery type", _code(13, BATTERY_TYPES), "PBT{:d}", taken=3, expert=True),
        _amperes("max_utility_charging_current", 14, "000", "MUCHGC", unit),
        _amperes("max_charging_current", 15, "000", "MCHGC", unit),
        select("input_range", "Input range", _code(16, settings.INPUT_RANGES), "PGR{:d}"),
        select("output_source_priority", "Output source priority", _code(17, OUTPUT_SOURCES), "POP{:d}"),
        select(
            "charger_source_priority",
            "Charger source priority",
            _code(18, CHARGER_SOURCES),
            f"PCP{own},{{:d}}",
        ),
        MACHINE,
        select("output_mode", "Output mode", _code(22, OUTPUT_MODES), f"POPM{own},{{:d}}", expert=True),
        select("solar_priority", "Solar power priority", _code(23, SOLAR_PRIORITIES), "PSP{:d}"),
        STRINGS,
    )


LETTERS = "abkuvxyz"
"""PI30's letters of the flags in FLAG's order; their own are A to H."""


def _flag(index: int, letter: str) -> Switch:
    key, name, expert = flags.FLAGS[letter]
    own = "ABCDEFGH"[index]
    setting = Setting(lambda value: (f"{'PE' if value else 'PD'}{own}",))
    at = Field("FLAG", index, "0").bit(0)
    return Switch(key, name, at, setting=setting, category=CONFIG, enabled=not expert, expert=expert)


FLAG: tuple[Entity, ...] = tuple(_flag(index, letter) for index, letter in enumerate(LETTERS))

LOAD_OUTPUT = Switch(
    "load_output",
    "Load output",
    Field("GS", 23, "0").bit(0),
    setting=Setting(lambda value: (f"LON{int(bool(value))}",)),
    category=CONFIG,
    enabled=False,
    expert=True,
)


SIDES = (("start", "from"), ("end", "to"), ("start_2", "from, second"), ("end_2", "to, second"))


def window(query: str, key: str, name: str, count: int = 2) -> tuple[Entity, ...]:
    """Start and end of a daily time, or of two (`count` 4); both 0 is all day."""

    def side(index: int) -> Number:
        def write(value: Value) -> tuple[str, ...]:
            ends = [f"{{{query}[{place}]}}" for place in range(count)]
            ends[index] = hhmm(value)
            return (f"{query}{','.join(ends)}",)

        which, word = SIDES[index]
        title = f"{name} {word}, minutes after midnight"
        at = TimeOfDay(query, index, "0000")
        return Number(f"{key}_{which}", title, at, MINUTES, Setting(write), CONFIG, low=0, high=1439)

    return tuple(side(index) for index in range(count))


WINDOWS: Mapping[str, tuple[Entity, ...]] = {
    "ACCT": window("ACCT", "grid_charging", "Charging from grid"),
    "ACLT": window("ACLT", "grid_supply", "Supply from grid"),
}
