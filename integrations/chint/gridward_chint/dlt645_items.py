"""What a DL/T 645 meter can be asked for: identifier, size and places of each value. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from gridward_chint import dlt645
from gridward_kit.errors import BadFrame
from gridward_kit.point import Value


@dataclass(frozen=True, slots=True)
class Item:
    """One value: its identifier, how many BCD bytes it has, decimal places, and whether it has a sign."""

    key: str
    identifier: int
    size: int
    places: int
    unit: str | None
    signed: bool = False

    def decode(self, cell: bytes) -> Value | None:
        """The value; None where the meter has none."""
        if len(cell) < self.size:
            return None
        return dlt645.number(cell[: self.size], self.places, signed=self.signed)

    def encode(self, value: float) -> bytes:
        """The bytes a meter sends for a value; raises ValueError for one that does not fit."""
        digits = f"{round(abs(value) * 10**self.places):0{2 * self.size}d}"
        cell = bytearray(bytes.fromhex(digits)[::-1])
        top_free = not cell[-1] & 0x80
        if len(cell) != self.size or (self.signed and not top_free) or (value < 0 and not self.signed):
            raise ValueError(f"{value:g} does not fit into {self.key}")
        if value < 0:
            cell[-1] |= 0x80
        return bytes(cell)


def _phases(
    key: str, base: int, size: int, places: int, unit: str | None, *, signed: bool = False
) -> list[Item]:
    return [Item(f"{key}_l{phase}", base + (phase << 8), size, places, unit, signed) for phase in (1, 2, 3)]


def _with_total(key: str, base: int, size: int, places: int, unit: str | None) -> list[Item]:
    return [
        Item(key, base, size, places, unit, signed=True),
        *_phases(key, base, size, places, unit, signed=True),
    ]


ITEMS: tuple[Item, ...] = (
    Item("combined_energy", 0x00000000, 4, 2, "kWh", signed=True),
    Item("import_energy", 0x00010000, 4, 2, "kWh"),
    Item("export_energy", 0x00020000, 4, 2, "kWh"),
    Item("reactive_energy_1", 0x00030000, 4, 2, "kvarh", signed=True),
    Item("reactive_energy_2", 0x00040000, 4, 2, "kvarh", signed=True),
    *(Item(f"reactive_energy_q{one}", 0x00040000 + (one << 16), 4, 2, "kvarh") for one in (1, 2, 3, 4)),
    *_phases("voltage", 0x02010000, 2, 1, "V"),
    *_phases("current", 0x02020000, 3, 3, "A", signed=True),
    *_with_total("power", 0x02030000, 3, 4, "kW"),
    *_with_total("reactive_power", 0x02040000, 3, 4, "kvar"),
    *_with_total("apparent_power", 0x02050000, 3, 4, "kVA"),
    *_with_total("power_factor", 0x02060000, 2, 3, None),
    Item("frequency", 0x02800002, 2, 2, "Hz"),
)

ITEMS_1997: tuple[Item, ...] = (
    Item("import_energy", 0x9010, 4, 2, "kWh"),
    Item("export_energy", 0x9020, 4, 2, "kWh"),
    *(Item(f"voltage_l{phase}", 0xB610 + phase, 2, 0, "V") for phase in (1, 2, 3)),
    *(Item(f"current_l{phase}", 0xB620 + phase, 2, 2, "A") for phase in (1, 2, 3)),
    Item("power", 0xB630, 3, 4, "kW"),
)

DATE, TIME, ADDRESS = 0x04000101, 0x04000102, 0x04000401
ALL_PHASES = 0x0000FF00

BY_IDENTIFIER: Mapping[int, Item] = {item.identifier: item for item in ITEMS}
BY_IDENTIFIER_1997: Mapping[int, Item] = {item.identifier: item for item in ITEMS_1997}


def identifier_of(frame: dlt645.Frame) -> int:
    """What an answer, or a request, is about; raises BadFrame."""
    if len(frame.data) < frame.width:
        raise BadFrame(f"no identifier in {frame.data.hex(' ') or 'an empty frame'}")
    return int.from_bytes(frame.data[: frame.width], "little")


def values(frame: dlt645.Frame, value: bytes) -> dict[str, Value]:
    """The values of an answer by key: `value` is what `dlt645.joined` makes of its frames."""
    identifier = identifier_of(frame)
    if frame.width == 2:
        return _named([BY_IDENTIFIER_1997[identifier]] if identifier in BY_IDENTIFIER_1997 else [], value)
    if identifier in (DATE, TIME, ADDRESS):
        return _text(identifier, value)
    if identifier & ALL_PHASES == ALL_PHASES and identifier >> 24 == 2:
        low = identifier & ~ALL_PHASES
        first = [low] if low in BY_IDENTIFIER else []
        return _named([BY_IDENTIFIER[one] for one in (*first, *(low + (n << 8) for n in (1, 2, 3)))], value)
    return _named([BY_IDENTIFIER[identifier]] if identifier in BY_IDENTIFIER else [], value)


def _named(items: list[Item], value: bytes) -> dict[str, Value]:
    named: dict[str, Value] = {}
    place = 0
    for item in items:
        told = item.decode(value[place : place + item.size])
        if told is not None:
            named[item.key] = told
        place += item.size
    return named


def _text(identifier: int, value: bytes) -> dict[str, Value]:
    digits = value[::-1].hex()
    if not digits.isdigit() or len(value) < {DATE: 4, TIME: 3, ADDRESS: 6}[identifier]:
        return {}
    if identifier == ADDRESS:
        return {"serial_number": digits}
    if identifier == DATE:  # year, month, day, weekday
        return {"date": f"20{digits[0:2]}-{digits[2:4]}-{digits[4:6]}"}
    return {"time": f"{digits[0:2]}:{digits[2:4]}:{digits[4:6]}"}
