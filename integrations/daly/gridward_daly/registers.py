"""What the two register protocols have in common: their points, and how a table of points becomes rows.

A key means what it means in the A5 protocol and has the same row; only the place is another.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from gridward_daly.entities import CURRENT_ZERO, DEGREES_ZERO, FAILURE_BITS, MOST_CELLS, rows
from gridward_daly.points import NONE, numbers_in
from gridward_kit.entity import Entity, Setting
from gridward_kit.modbus import Profile, Register, u16
from gridward_kit.modbus.plan import Block
from gridward_kit.point import Derived, Value

Points = dict[str, Register]

EXTRA_EVERY = 5.0
SETTINGS_EVERY = 3600.0
SENSORS = 8
STEMS = (
    "cell_voltage_high",
    "cell_voltage_low",
    "pack_voltage_high",
    "pack_voltage_low",
    "charge_overcurrent",
    "discharge_overcurrent",
    "charge_temperature_high",
    "charge_temperature_low",
    "discharge_temperature_high",
    "discharge_temperature_low",
    "cell_voltage_difference",
    "temperature_difference",
)


@dataclass(frozen=True, slots=True)
class Part:
    """Registers (first, last) that not every board has, and how often they are asked (seconds)."""

    first: int
    last: int
    every: float = SETTINGS_EVERY

    @property
    def query(self) -> str:
        """The read of all of them."""
        return f"03:0x{self.first:04x}+{self.last - self.first + 1}"


@dataclass(frozen=True, kw_only=True)
class Family:
    """A register protocol: its table, its addresses and what a board allows.

    `points` are the places of a board's rows by key, for so many cells and sensors; `own` the rows that
    the A5 protocol has not, or has otherwise. Board n is asked at `asked` + n and answers from `answers` +
    n; there are `boards` of them. `vital` are the voltage, current and number of cells, which are zero only
    in a board that sleeps. `probe` is a read that every board answers, and tells these. `parts` are what
    some boards lack, by name. `writes` are the registers by which an entity is set. `live` is a block that
    is always read as a whole; newer modules answer it with `longer` registers. `proofs` tell boards apart,
    the best first.
    """

    name: str
    asked: int
    answers: int
    boards: int
    points: Callable[[int, int], Points]
    own: tuple[Entity, ...]
    vital: tuple[int, int, int]
    probe: str
    parts: Mapping[str, Part]
    writes: Mapping[str, int]
    profile: Profile
    live: Block | None = None
    longer: int = 0
    proofs: tuple[str, ...] = ("cells",)

    def rows(
        self, cells: int, sensors: int, parts: frozenset[str], *, invert: bool = False
    ) -> tuple[Entity, ...]:
        """All values of a board of so many cells and sensors that has these parts."""
        lacking = [part for name, part in self.parts.items() if name not in parts]
        own = {row.key: row for row in self.own}
        told = {key: row.at for key, row in own.items() if isinstance(row.at, Register)}
        points = {
            key: replace(point, every=self._every(point.address))
            for key, point in (told | self.points(cells, sensors)).items()
            if not any(part.first <= point.address <= part.last for part in lacking)
        }
        if invert:
            points = turned(points)
        shared = {row.key: row for row in rows(cells, sensors, invert=invert) if row.key not in own}
        return tuple(self._placed({**shared, **own}, points))

    def _every(self, address: int) -> float:
        return next((part.every for part in self.parts.values() if part.first <= address <= part.last), 0.0)

    def _placed(self, table: Mapping[str, Entity], points: Points) -> list[Entity]:
        placed: dict[str, Entity] = {}
        for key, row in table.items():
            if key in points:
                setting = row.setting and self._setting(row.setting, self.writes[key])
                placed[key] = replace(row, at=points[key], setting=setting)
            elif isinstance(row.at, Derived) and all(need in placed for need in row.at.needs):
                placed[key] = row
        return list(placed.values())

    @staticmethod
    def _setting(setting: Setting, address: int) -> Setting:
        """The same setting, written as a register's address and word."""
        return replace(setting, write=lambda value: (f"{address:04x}{_word(value):04x}",))


def _word(value: Value) -> int:
    return int(value) if isinstance(value, bool) else round(float(value) * 10)


def turned(points: Points) -> Points:
    """Charge and discharge in each other's place: a board that measures the current the other way round."""
    current = points["current"]
    return {
        **{_other(key): point for key, point in points.items()},
        "current": replace(current, scale=-current.scale),
    }


def _other(key: str) -> str:
    if key.startswith("charge_overcurrent"):
        return f"dis{key}"
    return key.removeprefix("dis") if key.startswith("discharge_overcurrent") else key


def flag(address: int) -> Register:
    """1 for on and 0 for off; any other word is no value."""
    return u16(address).by(lambda raw: bool(raw) if raw in (0, 1) else None, int)


def degrees(address: int) -> Register:
    """Degrees Celsius around 40; 0x00FF is a sensor that is absent, 0 a place without one."""
    return u16(address, zero=DEGREES_ZERO, absent=(0, 0xFF))


def milli(address: int) -> Register:
    """Millivolts as volts; 0 is no voltage."""
    return u16(address, 0.001, absent=(0,))


def magnitude(address: int) -> Register:
    """A current (A) whose sign is not settled: 0.1 A around 30000, given without its sign."""
    return u16(address, 0.1).by(
        lambda raw: abs(raw - CURRENT_ZERO) / 10, lambda value: CURRENT_ZERO + round(float(value) * 10)
    )


def threshold(stem: str, address: int) -> Register:
    """A threshold of this failure, in the unit of what it watches."""
    if "overcurrent" in stem:
        return magnitude(address)
    if stem == "temperature_difference":
        return u16(address)
    if "temperature" in stem:
        return u16(address, zero=DEGREES_ZERO)
    return u16(address, 0.1) if stem.startswith("pack") else milli(address)


def day(address: int) -> Register:
    """Year (from 2000), month, day and a byte without meaning."""

    def means(raw: int) -> Value | None:
        year, month, date, _ = raw.to_bytes(4, "big")
        there = year <= 99 and 1 <= month <= 12 and 1 <= date <= 31
        return f"{2000 + year}-{month:02}-{date:02}" if there else None

    def makes(value: Value) -> int:
        year, month, date = (int(part) for part in str(value).split("-"))
        return int.from_bytes((year - 2000, month, date, 0), "big")

    return Register(address, "u32", 2).by(means, makes)


def clock(address: int) -> Register:
    """Year (from 2000), month, day, hour, minute, second: a plain byte each."""

    def means(raw: int) -> Value | None:
        year, month, date, hour, minute, second = raw.to_bytes(6, "big")
        days = year <= 99 and 1 <= month <= 12 and 1 <= date <= 31
        if not days or hour > 23 or minute > 59 or second > 59:
            return None
        return f"{2000 + year}-{month:02}-{date:02} {hour:02}:{minute:02}:{second:02}"

    def makes(value: Value) -> int:
        date, _, time = str(value).partition(" ")
        numbers = [int(part) for part in (*date.split("-"), *time.split(":"))]
        return int.from_bytes((numbers[0] - 2000, *numbers[1:]), "big")

    return Register(address, "u16", 3).by(means, makes)


def balanced(address: int) -> Register:
    """The numbers of the cells that are being balanced, as text: the lowest bit is cell 1."""

    def means(raw: int) -> Value:
        return ", ".join(str(bit + 1) for bit in range(MOST_CELLS) if raw >> bit & 1) or NONE

    def makes(value: Value) -> int:
        return sum(1 << number - 1 for number in numbers_in(str(value)))

    return Register(address, "u16", 3, low_first=True).by(means, makes)


def eight_bytes(address: int) -> Points:
    """The failure bytes of the A5 protocol's 0x98 in four registers, the high byte of each first."""
    whole = Register(address, "u64", 4)
    bits = {key: whole.bit(8 * (7 - byte) + bit) for byte, bit, key, _ in FAILURE_BITS}
    return {**bits, "fault_code": whole.part(0, 8)}
