"""Where a value lies in a Daly payload, for what is neither a plain number nor a bit of a mask."""

from dataclasses import dataclass

from gridward_kit.point import Point, Value

NONE = "none"


@dataclass(frozen=True, slots=True)
class Flag(Point):
    """A byte that is 1 for on and 0 for off; any other byte is no value."""

    query: str
    offset: int

    def decode(self, payload: bytes) -> Value | None:
        cell = payload[self.offset : self.offset + 1]
        return cell == b"\x01" if cell in (b"\x00", b"\x01") else None

    def encode(self, value: Value, payload: bytes) -> bytes:
        return _put(bytes([bool(value)]), self.offset, payload)


@dataclass(frozen=True, slots=True)
class Ascii(Point):
    """Text padded with spaces or NUL; a control character in front (a counter) is left out."""

    query: str
    size: int

    def decode(self, payload: bytes) -> Value | None:
        cell = payload[: self.size]
        if cell[:1] and 0 < cell[0] < 0x20:
            cell = cell[1:]
        text = cell.partition(b"\0")[0].decode("ascii", "replace").strip()
        return text if text and text.isprintable() and text.isascii() else None

    def encode(self, value: Value, payload: bytes) -> bytes:
        text = str(value).encode("ascii")[: self.size]
        return _put(text.ljust(self.size, b" "), 0, payload)


@dataclass(frozen=True, slots=True)
class Moment(Point):
    """Year (from 2000), month, day and, where `size` is 6, hour, minute, second: a plain byte each."""

    query: str
    offset: int
    size: int

    def decode(self, payload: bytes) -> Value | None:
        cell = payload[self.offset : self.offset + self.size]
        if len(cell) < self.size:
            return None
        year, month, day, *time = cell
        if year > 99 or not 1 <= month <= 12 or not 1 <= day <= 31:
            return None
        date = f"{2000 + year}-{month:02}-{day:02}"
        if not time:
            return date
        hour, minute, second = time
        in_range = hour < 24 and minute < 60 and second < 60
        return f"{date} {hour:02}:{minute:02}:{second:02}" if in_range else None

    def encode(self, value: Value, payload: bytes) -> bytes:
        date, _, time = str(value).partition(" ")
        numbers = [int(part) for part in (*date.split("-"), *filter(None, time.split(":")))]
        return _put(bytes([numbers[0] - 2000, *numbers[1:]]), self.offset, payload)


@dataclass(frozen=True, slots=True)
class Magnitude(Point):
    """A current (A) whose sign is not settled: 0.1 A around 30000, given without its sign."""

    query: str
    offset: int

    def decode(self, payload: bytes) -> Value | None:
        cell = payload[self.offset : self.offset + 2]
        return abs(int.from_bytes(cell, "big") - 30000) / 10 if len(cell) == 2 else None

    def encode(self, value: Value, payload: bytes) -> bytes:
        return _put((30000 + round(float(value) * 10)).to_bytes(2, "big"), self.offset, payload)


@dataclass(frozen=True, slots=True)
class Balanced(Point):
    """The numbers of the cells that are being balanced, as text: bit 0 of byte 0 is cell 1."""

    query: str
    size: int

    def decode(self, payload: bytes) -> Value | None:
        mask = int.from_bytes(payload[: self.size], "little")
        numbers = [str(bit + 1) for bit in range(8 * self.size) if mask >> bit & 1]
        return ", ".join(numbers) or NONE

    def encode(self, value: Value, payload: bytes) -> bytes:
        mask = sum(1 << number - 1 for number in numbers_in(str(value)))
        return _put(mask.to_bytes(self.size, "little"), 0, payload)


@dataclass(frozen=True, slots=True)
class Never(Point):
    """On where two bytes say 0xFFFF, "never"."""

    query: str
    offset: int

    def decode(self, payload: bytes) -> Value | None:
        cell = payload[self.offset : self.offset + 2]
        return cell == b"\xff\xff" if len(cell) == 2 else None

    def encode(self, value: Value, payload: bytes) -> bytes:
        return _put(b"\xff\xff" if value else b"\x0e\x10", self.offset, payload)


def numbers_in(text: str) -> list[int]:
    """The cells' numbers that a text of `Balanced` names."""
    return [] if text == NONE else [int(part) for part in text.split(",")]


def _put(cell: bytes, offset: int, payload: bytes) -> bytes:
    payload = payload.ljust(offset + len(cell), b"\0")
    return payload[:offset] + cell + payload[offset + len(cell) :]
