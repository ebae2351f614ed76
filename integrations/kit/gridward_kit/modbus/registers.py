"""Where a value lies in a Modbus device's registers. Pure.

One call a row: `f32(0x000C)`, `u16(0x0213, 0.1)`, `s32(0x0100, low_first=True)`, `u16(0x0204).bit(3)`.
Addresses are those on the wire, counted from 0.
"""

import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypedDict, Unpack

from gridward_kit.integration import FAST
from gridward_kit.point import UNKNOWN, Point, Value

PLACES = 6
DIGITS = 7  # that a 32-bit float carries
FINE = 1e-3
SMALLEST = 2.0**-126  # a float below it is denormal: no meter measures so little


class Lies(TypedDict, total=False):
    """What else can be said of a value in registers; see `Register`."""

    function: int
    every: float
    absent: tuple[int, ...]
    codes: Mapping[int, str]
    low_first: bool
    exponent: int
    zero: int


@dataclass(frozen=True, slots=True)
class Register(Point):
    """One value: value = (raw - zero) * scale, or named codes, a bit, a part of a word, or a text.

    `form` is u16, s16, u32, s32, u64, s64, f32, bcd, text, or low_text (one character in each low byte).
    `function` is the code it is read with (3 or 4; 0: as its device says), `every` how often in seconds.
    `absent` lists raw values by which the device says "not there"; a float that is not finite says so
    always. `low_first` tells the order of words where it is not the device's. `exponent` is the address
    of a signed power of ten that the value is multiplied by. `press` is what a button writes.
    """

    address: int
    form: str = "u16"
    count: int = 1
    scale: float = 1
    function: int = 0
    every: float = FAST
    absent: tuple[int, ...] = ()
    codes: Mapping[int, str] | None = None
    low_first: bool | None = None
    exponent: int | None = None
    zero: int = 0
    place: int | None = None
    width: int = 1
    press: int | None = None
    means: Callable[[int], Value | None] | None = None
    makes: Callable[[Value], int] | None = None
    query: str = ""
    start: int = 0

    @property
    def first(self) -> int:
        """The lowest register that is needed."""
        return self.address if self.exponent is None else min(self.address, self.exponent)

    @property
    def end(self) -> int:
        """The register after the highest that is needed."""
        own = self.address + self.count
        return own if self.exponent is None else max(own, self.exponent + 1)

    @property
    def resolution(self) -> float:
        """The smallest step on the wire."""
        return FINE * abs(self.scale) if self.form == "f32" else abs(self.scale)

    def bit(self, place: int) -> "Register":
        """One bit of the value, counted from the lowest, as a flag."""
        return replace(self, place=place)

    def part(self, place: int, width: int) -> "Register":
        """So many bits of the value from a place on, as a number or named codes."""
        return replace(self, place=place, width=width)

    def high(self) -> "Register":
        """The high byte of a word."""
        return self.part(8, 8)

    def low(self) -> "Register":
        """The low byte of a word."""
        return self.part(0, 8)

    def by(self, means: Callable[[int], Value | None], makes: Callable[[Value], int]) -> "Register":
        """The raw number read and written through two functions; `means` may say None for "not there"."""
        return replace(self, means=means, makes=makes)

    def at(self, query: str, start: int) -> "Register":
        """The same value inside the block that a query reads from `start` on."""
        return replace(self, query=query, start=start)

    def decode(self, payload: bytes) -> Value | None:
        cell = self._cell(payload, self.address, self.count)
        if len(cell) < 2 * self.count:
            return None
        if self.form in ("text", "low_text"):
            return _text(cell if self.form == "text" else cell[1::2])
        if self.form == "f32":
            number = _float(self._ordered(cell))
            return self._scaled(number, payload) if self.codes is None else self._named(number)
        raw = self._number(self._ordered(cell))
        if raw is None or raw in self.absent:
            return None
        return self._meaning(raw, payload)

    def _named(self, number: float | None) -> Value | None:
        """What a code that is sent as a float means."""
        if number is None or self.codes is None:
            return None
        return self.codes.get(int(number), UNKNOWN) if number.is_integer() else UNKNOWN

    def _meaning(self, raw: int, payload: bytes) -> Value | None:
        if self.place is not None:
            raw = raw >> self.place & (1 << self.width) - 1
            if self.width == 1 and self.codes is None:
                return bool(raw)
        if self.means is not None:
            return self.means(raw)
        if self.codes is not None:
            return self.codes.get(raw, UNKNOWN)
        if self.scale == 1 and self.exponent is None:
            return raw - self.zero
        return self._scaled(float(raw - self.zero), payload)

    def _scaled(self, number: float | None, payload: bytes) -> Value | None:
        if number is None:
            return None
        power = 1.0
        if self.exponent is not None:
            told = self._cell(payload, self.exponent, 1)
            exponent = int.from_bytes(told, "big", signed=True)
            if len(told) < 2 or not -10 <= exponent <= 10:
                return None
            power = 10.0**exponent
        value = number * self.scale * power
        return (float(f"{value:.{DIGITS}g}") if self.form == "f32" else round(value, PLACES)) + 0.0

    def _number(self, cell: bytes) -> int | None:
        if self.form == "bcd":
            digits = cell.hex()
            return int(digits) if digits.isdigit() else None
        return int.from_bytes(cell, "big", signed=self.form[0] == "s")

    def encode(self, value: Value, payload: bytes) -> bytes:
        begin = 2 * (self.address - self.start)
        end = begin + 2 * self.count
        payload = payload.ljust(end, b"\0")
        return payload[:begin] + self._bytes(value, payload, payload[begin:end]) + payload[end:]

    def words(self, value: Value, before: bytes = b"") -> tuple[int, ...]:
        """The registers to write for a value; `before` is what stands there, needed for parts of a word.

        Raises ValueError where a part is to be written and nothing is known of the rest.
        """
        if self.place is not None and len(before) < 2 * self.count:
            raise ValueError(f"register 0x{self.address:04x} has not been read, and only a part of it is set")
        data = self._bytes(value, b"", before.ljust(2 * self.count, b"\0"))
        return tuple(int.from_bytes(data[place : place + 2], "big") for place in range(0, len(data), 2))

    def _bytes(self, value: Value, payload: bytes, before: bytes) -> bytes:
        size = 2 * self.count
        if self.form in ("text", "low_text"):
            letters = str(value).encode("ascii", "replace")
            if self.form == "text":
                return letters.ljust(size, b"\0")[:size]
            return b"".join(bytes((0, letter)) for letter in letters.ljust(self.count, b"\0"))[:size]
        if self.press is not None:
            return self._ordered(self.press.to_bytes(size, "big"))
        if self.form == "f32":
            number = float(value) / self._factor(payload) if self.codes is None else self._raw(value, payload)
            return self._ordered(struct.pack(">f", number))
        raw = self._raw(value, payload)
        if self.place is not None:
            mask = (1 << self.width) - 1
            old = int.from_bytes(self._ordered(before), "big")
            raw = old & ~(mask << self.place) | (raw & mask) << self.place
        if self.form == "bcd":
            return bytes.fromhex(f"{raw:0{2 * size}d}")
        return self._ordered(raw.to_bytes(size, "big", signed=self.form[0] == "s" and self.place is None))

    def _raw(self, value: Value, payload: bytes) -> int:
        if self.makes is not None:
            return self.makes(value)
        if self.codes is not None:
            return next((raw for raw, name in self.codes.items() if name == value), 0)
        if isinstance(value, bool):
            return int(value)
        return round(float(value) / self._factor(payload)) + self.zero

    def _factor(self, payload: bytes) -> float:
        told = b"" if self.exponent is None else self._cell(payload, self.exponent, 1)
        return self.scale * (10.0 ** int.from_bytes(told, "big", signed=True) if told else 1.0)

    def _cell(self, payload: bytes, address: int, count: int) -> bytes:
        begin = 2 * (address - self.start)
        return payload[begin : begin + 2 * count] if begin >= 0 else b""

    def _ordered(self, cell: bytes) -> bytes:
        """Words in the other order where the low one comes first; turns both ways."""
        if not self.low_first or len(cell) == 2:
            return cell
        return b"".join(cell[place : place + 2] for place in range(len(cell) - 2, -1, -2))


def _float(cell: bytes) -> float | None:
    """A number; None for what none is: not finite, or denormal, as words in the wrong order often are."""
    number: float = struct.unpack(">f", cell)[0]
    return number if math.isfinite(number) and (number == 0 or abs(number) >= SMALLEST) else None


def _text(letters: bytes) -> str | None:
    """Readable ASCII up to the first NUL; None where there is none, or what is there is no text."""
    text = letters.partition(b"\0")[0].strip(b" \xff")
    return text.decode("ascii") if text and all(32 <= letter < 127 for letter in text) else None


def u16(address: int, scale: float = 1, **more: Unpack[Lies]) -> Register:
    """An unsigned word."""
    return Register(address, "u16", 1, scale, **more)


def s16(address: int, scale: float = 1, **more: Unpack[Lies]) -> Register:
    """A signed word, two's complement."""
    return Register(address, "s16", 1, scale, **more)


def u32(address: int, scale: float = 1, **more: Unpack[Lies]) -> Register:
    """Two words, unsigned."""
    return Register(address, "u32", 2, scale, **more)


def s32(address: int, scale: float = 1, **more: Unpack[Lies]) -> Register:
    """Two words, signed, two's complement."""
    return Register(address, "s32", 2, scale, **more)


def u64(address: int, scale: float = 1, **more: Unpack[Lies]) -> Register:
    """Four words, unsigned."""
    return Register(address, "u64", 4, scale, **more)


def f32(address: int, scale: float = 1, **more: Unpack[Lies]) -> Register:
    """Two words, IEEE 754 single; seven significant digits."""
    return Register(address, "f32", 2, scale, **more)


def bcd(address: int, count: int = 1, scale: float = 1, **more: Unpack[Lies]) -> Register:
    """So many words of four decimal digits each."""
    return Register(address, "bcd", count, scale, **more)


def text(address: int, count: int, *, low: bool = False, **more: Unpack[Lies]) -> Register:
    """So many words of two characters each; `low`: of one in the low byte."""
    return Register(address, "low_text" if low else "text", count, **more)


def press(address: int, value: int, *, count: int = 1) -> Register:
    """What a button writes."""
    return Register(address, {1: "u16", 2: "u32"}[count], count, press=value)
