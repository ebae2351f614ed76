"""An SRNE hybrid's faults: up to four active codes (0204), their names, and the kept records (F800). Pure.

Codes and whether the output stops: HESP SH3 manual; others differ for 1, 12, 21 and 30;
12 is the mains lost on HF and ASF. The bitmap at
0200 has no published order of bits and is shown as it stands.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from gridward_kit.entity import COUNT, TEXT, BinarySensor, Entity, Sensor, in_words
from gridward_kit.integration import FAST
from gridward_kit.modbus import Register, u16
from gridward_kit.point import Derived, Value
from gridward_srne.points import DIAGNOSTIC, SELDOM, SOON, detail, from_moment, mark, moment

NAMES: Mapping[int, str] = {
    1: "Battery voltage low",
    2: "Battery over-current, software",
    3: "Battery not connected",
    4: "Battery discharged to its end",
    5: "Battery over-current, hardware",
    6: "Battery over-voltage",
    7: "Bus over-voltage, hardware",
    8: "Bus over-voltage, software",
    9: "PV over-voltage",
    10: "PV over-current, first kind",
    11: "PV over-current, second kind",
    12: "SPI link failure or mains lost",
    13: "Overload in bypass",
    14: "Overload of the inverter",
    15: "AC over-current, hardware",
    16: "Second processor requested off",
    17: "Output short circuit",
    18: "Bus soft start failed",
    19: "MPPT over-temperature",
    20: "Inverter over-temperature",
    21: "Fan failure",
    22: "EEPROM failure",
    23: "Model number error",
    24: "Half buses unequal",
    25: "Bus short circuit",
    26: "Output feeds back to the bypass input",
    27: "Grid phase missing",
    28: "Grid phase error",
    29: "Bus voltage low",
    30: "State of charge under 10 %",
    31: "State of charge under 5 %",
    32: "State of charge at its stop",
    33: "Parallel control",
    34: "CAN communication",
    35: "Parallel address twice",
    36: "Balance arm over-current",
    37: "Parallel current sharing",
    38: "Parallel battery voltages differ",
    39: "Parallel AC sources differ",
    40: "Parallel hardware synchronisation",
    41: "Parallel inverter DC voltage",
    42: "Parallel firmwares differ",
    43: "Parallel wiring",
    44: "No serial number",
    45: "Split-phase mode setting",
    49: "Grid over-voltage",
    50: "Grid under-voltage",
    51: "Grid over-frequency",
    52: "Grid under-frequency",
    53: "Grid lost",
    54: "DC injection into the grid",
    55: "Grid standard not set",
    56: "Insulation low",
    57: "Leakage over-current",
    58: "BMS communication lost",
    59: "BMS alarm",
    60: "BMS under-temperature",
    61: "BMS over-temperature",
    62: "BMS over-current",
    63: "BMS under-voltage",
    64: "BMS over-voltage",
}
USUAL = frozenset((12, 27, 28, *range(49, 54), 59))
"""Of the grid, which may be off on purpose, or (59) of a pack that is full: no problem of the unit's."""

CODES = tuple(f"fault_code_{number}" for number in range(1, 5))
RECORDS = 32
FIRST, STEP = 0xF800, 0x10
NONE = "none"


def _key(name: str) -> str:
    words = "".join(letter if letter.isalnum() else " " for letter in name.lower()).split()
    return "fault_" + "_".join(words)


def _is_on(number: int, *codes: int) -> bool:
    return number in codes


def _problem(*codes: int) -> bool:
    return any(code and code not in USUAL for code in codes)


def said(code: int) -> str:
    """A fault with its number; one that no document names is a number alone."""
    return f"{code} {NAMES[code]}" if code in NAMES else str(code)


def _list(*codes: int) -> str:
    return in_words(said(code) for code in codes if code)


def _hex(raw: int) -> Value | None:
    return f"{raw:016x}"


def _from_hex(value: Value) -> int:
    return int(str(value), 16)


ACTIVE: tuple[Entity, ...] = (
    *(
        detail(key, f"Fault code {number}", u16(0x0203 + number, every=FAST), COUNT)
        for number, key in enumerate(CODES, 1)
    ),
    BinarySensor("problem", "Problem", Derived(CODES, _problem), device_class="problem"),
    Sensor("faults", "Faults", Derived(CODES, _list), TEXT),
    *(
        mark(
            _key(name),
            f"Fault: {name[0].lower()}{name[1:]}" if name[1].islower() else f"Fault: {name}",
            Derived(CODES, partial(_is_on, number)),
            "problem",
        )
        for number, name in NAMES.items()
    ),
    detail(
        "fault_bits",
        "Fault bits",
        Register(0x0200, "u64", 4, every=SOON, low_first=False).by(_hex, _from_hex),
        TEXT,
    ),
)


def _record(raw: int) -> Value | None:
    """`58 BMS communication lost, 2026-03-05 14:02:11`; without a time where the clock was not set.

    None for what is no record: old firmware keeps something else where the second half lies.
    """
    code, when = raw >> 48, moment(raw & (1 << 48) - 1)
    if code == 0:
        return NONE
    if code > 255:
        return None
    return f"{said(code)}, {when}" if when else said(code)


def _from_record(value: Value) -> int:
    text = str(value)
    if text == NONE:
        return 0
    when = text[-19:] if _when(text) else ""
    return int(text.split(maxsplit=1)[0]) << 48 | (from_moment(when) if when else 0)


def _when(record: str) -> datetime | None:
    try:
        return datetime.fromisoformat(record[-19:])
    except ValueError:
        return None


def _last(*records: str) -> Value | None:
    """The newest record by its own clock; None where none has a time, as their order is not published."""
    dated = [(when, record) for record in records if (when := _when(record)) is not None]
    return max(dated)[1] if dated else None


def _count(*records: str) -> int:
    return sum(record != NONE for record in records)


def history(records: int) -> tuple[Entity, ...]:
    """The kept records, their number and the newest; words 4 to 15 of each have no published meaning."""
    keys = tuple(f"fault_record_{number}" for number in range(1, records + 1))
    rows = tuple(
        detail(
            key,
            f"Fault record {number}",
            Register(FIRST + STEP * (number - 1), "u64", 4, every=SELDOM, low_first=False).by(
                _record, _from_record
            ),
            TEXT,
        )
        for number, key in enumerate(keys, 1)
    )
    return (
        *rows,
        Sensor("last_fault", "Last fault", Derived(keys, _last), TEXT, category=DIAGNOSTIC),
        Sensor("fault_records", "Fault records", Derived(keys, _count), COUNT, category=DIAGNOSTIC),
    )
