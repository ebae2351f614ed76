"""Where a value lies in a device's answer, both ways: decode for the reader, encode for the simulator.

A point is one cell of an entity table. `decode` returns None where the device sends a mark for
"not available"; it raises nothing for a value that cannot be parsed, that value is absent too.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar

Value = float | int | str | bool


class Point(ABC):
    """A place in the payload of one query's answer."""

    query: str

    @property
    def resolution(self) -> float:
        """The smallest step of a number in its wire form; 0 where it is sent exactly."""
        return 0.0

    @abstractmethod
    def decode(self, payload: bytes) -> Value | None:
        """Take the value out of the payload; None where there is none."""

    @abstractmethod
    def encode(self, value: Value, payload: bytes) -> bytes:
        """Put the value into a copy of the payload, as a device would send it."""


@dataclass(frozen=True, slots=True)
class Derived(Point):
    """Computed from other entities of the same device, as soon as all of them are there."""

    needs: tuple[str, ...]
    compute: Callable[..., Value | None]
    query: str = field(default="", init=False)

    def decode(self, payload: bytes) -> Value | None:
        return None

    def encode(self, value: Value, payload: bytes) -> bytes:
        return payload


@lru_cache(maxsize=64)
def fields(payload: bytes) -> tuple[str, ...]:
    """Split a text protocol's payload at its spaces: one space each, a trailing one dropped."""
    return tuple(payload.decode("ascii", "replace").rstrip(" ").split(" "))


@dataclass(frozen=True, slots=True)
class Field(Point):
    """A field of a text protocol by its index, written in the manual's own form.

    `form` is the manual's width: "000.0" a decimal with one place, "000" an integer, "+00.0" signed;
    "" leaves text as it is. A device may send other widths: only sending uses the form.
    """

    query: str
    index: int
    form: str = ""

    @property
    def resolution(self) -> float:
        return 10.0 ** -len(self.form.partition(".")[2])

    def decode(self, payload: bytes) -> Value | None:
        cells = fields(payload)
        if self.index >= len(cells):
            return None
        return self._value(cells[self.index])

    def _value(self, cell: str) -> Value | None:
        if not self.form:
            return cell or None
        try:
            return float(cell) if "." in self.form else int(cell)
        except ValueError:
            return None

    def encode(self, value: Value, payload: bytes) -> bytes:
        return self._put(self._cell(value), payload)

    def _cell(self, value: Value) -> str:
        if not self.form:
            return str(value)
        width = len(self.form.lstrip("+"))
        places = len(self.form.partition(".")[2])
        sign = "+" if self.form.startswith("+") else ""
        return f"{float(value):{sign}0{width + len(sign)}.{places}f}"

    def _put(self, cell: str, payload: bytes) -> bytes:
        cells = list(fields(payload))
        cells += [""] * (self.index + 1 - len(cells))
        cells[self.index] = cell
        return " ".join(cells).encode("ascii")

    def choice(self, codes: Mapping[str, str]) -> "Choice":
        """Read the field as one of named codes."""
        return Choice(self.query, self.index, self.form, codes=codes)

    def bit(self, position: int, *, on: str = "1") -> "Mark":
        """Read one character of the field, counted from the left, as a flag."""
        return Mark(self.query, self.index, self.form, position=position, on=on)


@dataclass(frozen=True, slots=True)
class Choice(Field):
    """A field whose codes have names; a code that no manual names reads as `unknown`."""

    codes: Mapping[str, str] = field(default_factory=dict)

    def _value(self, cell: str) -> Value | None:
        return self.codes.get(cell, UNKNOWN) if cell else None

    def _cell(self, value: Value) -> str:
        return next((code for code, name in self.codes.items() if name == value), "")


UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Mark(Field):
    """One character of a field of flags."""

    position: int = 0
    on: str = "1"

    def _value(self, cell: str) -> Value | None:
        return cell[self.position] == self.on if self.position < len(cell) else None

    def encode(self, value: Value, payload: bytes) -> bytes:
        cells = fields(payload)
        cell = cells[self.index] if self.index < len(cells) else ""
        cell = cell.ljust(self.position + 1, "0")
        off = "0" if self.on == "1" else "1"
        flag = self.on if value else off
        return self._put(cell[: self.position] + flag + cell[self.position + 1 :], payload)


@dataclass(frozen=True, slots=True)
class Slice(Point):
    """A big-endian integer of a binary payload: value = (raw - zero) * scale, or named codes.

    `absent` lists raw values by which the device says "not there".
    """

    query: str
    offset: int
    size: int
    scale: float = 1
    zero: int = 0
    absent: tuple[int, ...] = ()
    codes: Mapping[int, str] | None = None
    bit: int | None = None

    PLACES: ClassVar[int] = 6

    @property
    def resolution(self) -> float:
        return abs(self.scale)

    def decode(self, payload: bytes) -> Value | None:
        cell = payload[self.offset : self.offset + self.size]
        if len(cell) < self.size:
            return None
        raw = int.from_bytes(cell, "big")
        if raw in self.absent:
            return None
        if self.bit is not None:
            return bool(raw >> self.bit & 1)
        if self.codes is not None:
            return self.codes.get(raw, UNKNOWN)
        if self.scale == 1:
            return raw - self.zero
        return round((raw - self.zero) * self.scale, self.PLACES) + 0.0  # -0.0 is 0.0

    def encode(self, value: Value, payload: bytes) -> bytes:
        payload = payload.ljust(self.offset + self.size, b"\0")
        before = int.from_bytes(payload[self.offset : self.offset + self.size], "big")
        cell = self._raw(value, before).to_bytes(self.size, "big")
        return payload[: self.offset] + cell + payload[self.offset + self.size :]

    def _raw(self, value: Value, before: int) -> int:
        if self.bit is not None:
            return before | 1 << self.bit if value else before & ~(1 << self.bit)
        if self.codes is not None:
            return next((raw for raw, name in self.codes.items() if name == value), 0)
        return round(float(value) / self.scale) + self.zero
