"""What a device has, one row per entity: where it lies, what it is, how it may be set."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from gridward_kit.point import Derived, Point, Value


@dataclass(frozen=True, slots=True)
class Quantity:
    """Device class, unit, state class and precision together, in Home Assistant's words."""

    device_class: str | None
    unit: str | None
    state_class: str | None = "measurement"
    precision: int | None = None


VOLTAGE = Quantity("voltage", "V", precision=1)
CELL_VOLTAGE = Quantity("voltage", "V", precision=3)
CURRENT = Quantity("current", "A", precision=1)
POWER = Quantity("power", "W", precision=0)
APPARENT_POWER = Quantity("apparent_power", "VA", precision=0)
REACTIVE_POWER = Quantity("reactive_power", "var", precision=0)
POWER_FACTOR = Quantity("power_factor", None, precision=2)
ANGLE = Quantity(None, "°", precision=1)
FREQUENCY = Quantity("frequency", "Hz", precision=1)
TEMPERATURE = Quantity("temperature", "°C", precision=0)
SOC = Quantity("battery", "%", precision=1)
SHARE = Quantity(None, "%", precision=0)
SOC_LEVEL = Quantity(None, "%", precision=1)  # a threshold or wish, not the charge that there is
ENERGY = Quantity("energy", "kWh", "total_increasing", 3)
NET_ENERGY = Quantity("energy", "kWh", "total", 3)  # import less export: it falls, too
REACTIVE_ENERGY = Quantity(None, "kvarh", "total_increasing", 3)  # a class only since 2025
APPARENT_ENERGY = Quantity(None, "kVAh", "total_increasing", 3)
CHARGE = Quantity(None, "Ah", precision=1)
CYCLES = Quantity(None, None, "total_increasing", 0)
SECONDS = Quantity("duration", "s", precision=0)
MINUTES = Quantity("duration", "min", precision=0)
HOURS = Quantity("duration", "h", precision=0)
DAYS = Quantity("duration", "d", precision=0)
MILLISECONDS = Quantity("duration", "ms", precision=1)
COUNT = Quantity(None, None, "measurement", 0)
TOTAL = Quantity(None, None, "total_increasing", 0)
TEXT = Quantity(None, None, None)
ENUM = Quantity("enum", None, None)
TIMESTAMP = Quantity("timestamp", None, None)
TEXT_MOST = 255


class Category(StrEnum):
    """Home Assistant's entity category; None is the device's main function."""

    DIAGNOSTIC = "diagnostic"
    CONFIG = "config"


@dataclass(frozen=True, slots=True)
class Setting:
    """How a value is set. `write` gives the candidate wire commands, tried until one is accepted; it is
    left out where the row's point says all (registers).

    `wear` says whether the device keeps the value in memory that wears out. The value is read back
    `settle` seconds after the acknowledgement, and again until `within` seconds have passed.
    """

    write: Callable[[Value], tuple[str, ...]] = lambda _: ()
    wear: Literal["stored", "none"] = "stored"
    settle: float = 0.25
    within: float = 10.0


@dataclass(frozen=True, slots=True)
class Entity:
    """One value of a device. `expert` rows are off in Home Assistant and take a second step to set."""

    key: str
    name: str
    at: Point | None = None
    quantity: Quantity = TEXT
    setting: Setting | None = None
    category: Category | None = None
    enabled: bool = True
    expert: bool = False

    def accept(self, value: Value) -> Value:
        """Return the value as the device takes it; raises ValueError with the bounds in words."""
        raise ValueError(f"{self.name} cannot be set")


@dataclass(frozen=True, slots=True)
class Sensor(Entity):
    """A measured value. `limits` are the values that can be true, ends included; `options` for enums."""

    limits: tuple[float, float] | None = None
    zero_ok: bool = False
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BinarySensor(Entity):
    """On or off; `device_class` in Home Assistant's words (`problem`, `connectivity`, ...)."""

    device_class: str | None = None


@dataclass(frozen=True, slots=True)
class Number(Entity):
    """A number that may be set between `low` and `high` in steps of `step`, or to one of `only`.

    `under` is the key of another number that it must not exceed, whichever of the two is set.
    """

    low: float = 0
    high: float = 0
    step: float = 1
    only: tuple[float, ...] = ()
    under: str = ""

    def accept(self, value: Value) -> Value:
        try:
            number = float(value)
        except (ValueError, OverflowError):
            raise ValueError(f"{value!r} is not a number") from None
        if self.only:
            if number not in self.only:
                allowed = ", ".join(f"{item:g}" for item in self.only)
                raise ValueError(f"{number:g} is not one of {allowed}")
            return number
        if not self.low <= number <= self.high:
            raise ValueError(f"{number:g} is not between {self.low:g} and {self.high:g}")
        steps = (number - self.low) / self.step
        if abs(steps - round(steps)) > 1e-6:
            raise ValueError(f"{number:g} is not {self.low:g} plus a multiple of {self.step:g}")
        return round(number, 6)


@dataclass(frozen=True, slots=True)
class Select(Entity):
    """One of named options. `shown` lists further options that a device may report but that cannot be set."""

    options: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()

    def accept(self, value: Value) -> Value:
        if value not in self.options:
            raise ValueError(f"{value!r} is not one of {', '.join(self.options)}")
        return value


@dataclass(frozen=True, slots=True)
class Switch(Entity):
    """On or off, and settable."""

    def accept(self, value: Value) -> Value:
        known = {True: True, False: False, "ON": True, "OFF": False, "on": True, "off": False}
        if value not in known:
            raise ValueError(f"{value!r} is neither ON nor OFF")
        return known[value]


@dataclass(frozen=True, slots=True)
class Text(Entity):
    """A text of at most `most` characters that may be set."""

    most: int = TEXT_MOST

    def accept(self, value: Value) -> Value:
        if not isinstance(value, str) or not 0 < len(value) <= self.most:
            raise ValueError(f"a text of 1 to {self.most} characters is expected")
        return value


@dataclass(frozen=True, slots=True)
class Button(Entity):
    """Something that happens once when pressed; it has no value."""

    def accept(self, value: Value) -> Value:
        if value not in ("PRESS", True):
            raise ValueError(f"{value!r} is not PRESS")
        return True


@dataclass(frozen=True, slots=True)
class Readings:
    """The true values of one answer, and the keys whose values could not be true."""

    values: dict[str, Value]
    impossible: tuple[str, ...] = ()


def in_words(names: Iterable[str]) -> str:
    """Names one after the other, `none` without any; cut to the 255 characters that Home Assistant takes."""
    text = ", ".join(names) or "none"
    return text if len(text) <= TEXT_MOST else f"{text[: TEXT_MOST - 3]}..."


def by_query(entities: Iterable[Entity]) -> dict[str, tuple[Entity, ...]]:
    """The rows that lie in each query's answer; those that are computed from others under ""."""
    found: dict[str, list[Entity]] = {}
    for row in entities:
        if row.at is not None:
            found.setdefault(row.at.query, []).append(row)
    return {query: tuple(rows) for query, rows in found.items()}


def readings(entities: Iterable[Entity], query: str, payload: bytes) -> Readings:
    """Decode every entity that lies in this query's answer; a value outside its limits is left out."""
    values: dict[str, Value] = {}
    impossible: list[str] = []
    elsewhere: list[Entity] = []
    for row in entities:
        if row.at is None or row.at.query != query:
            elsewhere.append(row)
            continue
        value = row.at.decode(payload)
        if value is None or (isinstance(row, Select) and value not in row.options + row.shown):
            continue
        if possible(row, value):
            values[row.key] = value
        else:
            impossible.append(row.key)
    values |= derive(elsewhere, values)
    return Readings(values, tuple(impossible))


def possible(row: Entity, value: Value) -> bool:
    """Whether a reading can be true: finite and inside the row's limits."""
    if isinstance(value, (bool, str)):
        return True
    if not -1e300 < value < 1e300:
        return False
    if not isinstance(row, Sensor) or row.limits is None:
        return True
    low, high = row.limits
    return low <= value <= high or (row.zero_ok and value == 0)


def derive(rows: Iterable[Entity], values: Mapping[str, Value]) -> dict[str, Value]:
    """Compute derived entities whose needs are all there; a derived one may feed a later row."""
    known = dict(values)
    made: dict[str, Value] = {}
    for row in rows:
        if not isinstance(row.at, Derived) or any(key not in known for key in row.at.needs):
            continue
        value = row.at.compute(*(known[key] for key in row.at.needs))
        if value is not None and possible(row, value):
            known[row.key] = made[row.key] = value
    return made
