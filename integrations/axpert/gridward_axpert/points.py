"""Places in a PI30 answer that need more than a field's number: scaled, two-faced, coded, flagged."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from gridward_kit.point import UNKNOWN, Field, Point, Value, fields

SERIAL_WIDTH = 20


@dataclass(frozen=True, slots=True)
class Scaled(Field):
    """A number sent in other units than ours: value = sent * scale."""

    scale: float = 1.0

    @property
    def resolution(self) -> float:
        return 10.0 ** -len(self.form.partition(".")[2]) * abs(self.scale)

    def _value(self, cell: str) -> Value | None:
        raw = Field._value(self, cell)
        return None if raw is None else round(float(raw) * self.scale, 6)

    def _cell(self, value: Value) -> str:
        return Field._cell(self, round(float(value) / self.scale, 6))


@dataclass(frozen=True, slots=True)
class Code(Field):
    """A number whose values have names, in any width ("2" and "02" are one); others read as `unknown`."""

    names: Mapping[int, str] = field(default_factory=dict)

    def _value(self, cell: str) -> Value | None:
        return self.names.get(int(cell), UNKNOWN) if cell.isdecimal() else None

    def _cell(self, value: Value) -> str:
        number = next((code for code, name in self.names.items() if name == value), None)
        if number is None:
            raise ValueError(f"{value!r} has no code in {self.query}[{self.index}]")
        return f"{number:0{len(self.form)}d}"


@dataclass(frozen=True, slots=True)
class Part(Field):
    """Some characters of a field, from `start`, whose patterns have names."""

    start: int = 0
    names: Mapping[str, str] = field(default_factory=dict)

    def _value(self, cell: str) -> Value | None:
        part = cell[self.start : self.start + len(next(iter(self.names)))]
        return self.names.get(part, UNKNOWN) if part else None

    def encode(self, value: Value, payload: bytes) -> bytes:
        cells = fields(payload)
        cell = cells[self.index] if self.index < len(cells) else ""
        part = next((code for code, name in self.names.items() if name == value), None)
        if part is None:
            raise ValueError(f"{value!r} has no code in {self.query}[{self.index}]")
        cell = cell.ljust(self.start + len(part), "0")
        return self._put(cell[: self.start] + part + cell[self.start + len(part) :], payload)


@dataclass(frozen=True, slots=True)
class Formed(Field):
    """A field that means this only while it is sent with (or without) a decimal point."""

    decimal: bool = True

    def _value(self, cell: str) -> Value | None:
        return Field._value(self, cell) if ("." in cell) is self.decimal else None


@dataclass(frozen=True, slots=True)
class Digits(Field):
    """A whole number that means this only while it is sent with exactly so many digits."""

    def _value(self, cell: str) -> Value | None:
        return int(cell) if cell.isdecimal() and len(cell) == len(self.form) else None


@dataclass(frozen=True, slots=True)
class Cropped(Field):
    """Text of which the field before says how many characters count."""

    def decode(self, payload: bytes) -> Value | None:
        cells = fields(payload)
        if self.index >= len(cells) or not cells[self.index - 1].isdecimal():
            return None
        return cells[self.index][: int(cells[self.index - 1])] or None

    def encode(self, value: Value, payload: bytes) -> bytes:
        text = str(value)
        length = replace(self, index=self.index - 1)._put(f"{len(text):02d}", payload)
        return self._put(text.ljust(SERIAL_WIDTH, "0"), length)


@dataclass(frozen=True, slots=True)
class TimeOfDay(Field):
    """HHMM as minutes after midnight; None for what is no time."""

    def _value(self, cell: str) -> Value | None:
        if len(cell) != 4 or not cell.isdecimal():
            return None
        hour, minute = int(cell[:2]), int(cell[2:])
        return hour * 60 + minute if hour < 24 and minute < 60 else None

    def _cell(self, value: Value) -> str:
        return hhmm(value)


def hhmm(minutes: Value) -> str:
    """Minutes after midnight as HHMM."""
    hour, minute = divmod(int(minutes), 60)
    return f"{hour:02d}{minute:02d}"


@dataclass(frozen=True, slots=True)
class Tagged(Field):
    """Text after a tag that ends in a colon: `VERFW:00072.70`."""

    def _value(self, cell: str) -> Value | None:
        return cell.partition(":")[2] or None

    def encode(self, value: Value, payload: bytes) -> bytes:
        tag = payload.partition(b":")[0] or b"VERFW"
        return self._put(f"{tag.decode('ascii')}:{value}", payload)


@dataclass(frozen=True, slots=True)
class Linked(Point):
    """A place in QBMS, which is all zeros and no reading while field 0 says that no BMS is linked (1)."""

    query: str
    at: Point

    def decode(self, payload: bytes) -> Value | None:
        return self.at.decode(payload) if payload.startswith(b"0") else None

    def encode(self, value: Value, payload: bytes) -> bytes:
        return self.at.encode(value, payload)


@dataclass(frozen=True, slots=True)
class Whole(Point):
    """The whole answer as text."""

    query: str

    def decode(self, payload: bytes) -> Value | None:
        return payload.decode("ascii", "replace").strip() or None

    def encode(self, value: Value, payload: bytes) -> bytes:
        return str(value).encode("ascii")


@dataclass(frozen=True, slots=True)
class Amperes(Whole):
    """A list of selectable currents, `010 020 ...`, as text in A: `10 20 ...`."""

    def decode(self, payload: bytes) -> Value | None:
        return " ".join(str(int(cell)) for cell in payload.split() if cell.isdigit()) or None

    def encode(self, value: Value, payload: bytes) -> bytes:
        return " ".join(f"{int(cell):03d}" for cell in str(value).split()).encode("ascii")


@dataclass(frozen=True, slots=True)
class Padded(Whole):
    """QSID: two digits say how many of the following characters are the serial number."""

    def decode(self, payload: bytes) -> Value | None:
        length = int(payload[:2]) if payload[:2].isdigit() else 0
        serial = payload[2 : 2 + length].decode("ascii", "replace")
        return serial if serial and len(serial) == length else None

    def encode(self, value: Value, payload: bytes) -> bytes:
        text = str(value)
        return f"{len(text):02d}{text}{payload[2 + len(text) :].decode('ascii')}".encode("ascii")


@dataclass(frozen=True, slots=True)
class Stamp(Whole):
    """The device's clock, `YYYYMMDDhhmmss` without a zone, as ISO 8601; None when it is no date."""

    def decode(self, payload: bytes) -> Value | None:
        try:
            moment = datetime.strptime(payload.decode("ascii", "replace"), "%Y%m%d%H%M%S")
        except ValueError:
            return None
        return moment.isoformat()

    def encode(self, value: Value, payload: bytes) -> bytes:
        return datetime.fromisoformat(str(value)).strftime("%Y%m%d%H%M%S").encode("ascii")


@dataclass(frozen=True, slots=True)
class Flag(Point):
    """A letter of QFLAG: on in the part after `E`, off in the part after `D`, absent in neither."""

    query: str
    letter: str

    def decode(self, payload: bytes) -> Value | None:
        enabled, disabled = flag_letters(payload.decode("ascii", "replace"))
        if self.letter in enabled:
            return True
        return False if self.letter in disabled else None

    def encode(self, value: Value, payload: bytes) -> bytes:
        enabled, disabled = (part.replace(self.letter, "") for part in flag_letters(payload.decode("ascii")))
        if value:
            enabled += self.letter
        else:
            disabled += self.letter
        return f"E{enabled}D{disabled}".encode("ascii")


def flag_letters(text: str) -> tuple[str, str]:
    """The enabled and the disabled letters of a QFLAG answer; the capital E and D are the marks."""
    parts = {"E": "", "D": ""}
    mark = ""
    for letter in text:
        if letter in parts:
            mark = letter
        elif mark:
            parts[mark] += letter
    return parts["E"], parts["D"]


@dataclass(frozen=True, slots=True)
class Piece(Point):
    """Characters of the answer as text, from `start` to before `stop`."""

    query: str
    start: int
    stop: int

    def decode(self, payload: bytes) -> Value | None:
        piece = payload[self.start : self.stop]
        return piece.decode("ascii", "replace") if len(piece) == self.stop - self.start else None

    def encode(self, value: Value, payload: bytes) -> bytes:
        padded = payload.ljust(self.stop, b"0")
        return padded[: self.start] + str(value).encode("ascii") + padded[self.stop :]
