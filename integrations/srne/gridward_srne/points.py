"""Where SRNE keeps its values, and the shapes of rows that its tables are made of. Pure.

Scales (SRNE documents V1.7 to V2.08): 0.1 V, 0.1 A, 0.01 Hz, 1 W, 0.1 degC, 0.1 kWh, 1 Ah. A battery's
setting voltages are stored for 12 V and multiplied by nominal / 12.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from gridward_kit.entity import (
    ENUM,
    VOLTAGE,
    BinarySensor,
    Button,
    Category,
    Entity,
    Number,
    Quantity,
    Select,
    Sensor,
    Setting,
    Switch,
)
from gridward_kit.modbus import Register, press, u16
from gridward_kit.point import Derived, Point, Value

SOON, MINUTE, RARELY, SELDOM = 10.0, 60.0, 300.0, 1800.0
"""How often what is no live value is asked, in seconds."""

CONFIG, DIAGNOSTIC = Category.CONFIG, Category.DIAGNOSTIC
AMPERES = (0.0, 400.0)
WATTS = (0.0, 60000.0)
DEGREES = (-40.0, 150.0)
MINUTES_A_DAY = 24 * 60


def sensor(
    key: str, name: str, at: Point, quantity: Quantity, limits: tuple[float, float] | None = None
) -> Sensor:
    """A main value."""
    return Sensor(key, name, at, quantity, limits=limits)


def detail(
    key: str,
    name: str,
    at: Point,
    quantity: Quantity,
    limits: tuple[float, float] | None = None,
    *,
    enabled: bool = False,
) -> Sensor:
    """A diagnostic value, off at first."""
    return Sensor(key, name, at, quantity, category=DIAGNOSTIC, enabled=enabled, limits=limits)


def named(
    key: str, name: str, at: Register, codes: Mapping[int, str], *, main: bool = False, enabled: bool = True
) -> Sensor:
    """A code with names; one that no document names reads as unknown."""
    point = Register(
        at.address, at.form, at.count, every=at.every, codes=codes, place=at.place, width=at.width
    )
    category = None if main else DIAGNOSTIC
    return Sensor(
        key,
        name,
        point,
        ENUM,
        category=category,
        enabled=enabled,
        options=tuple(dict.fromkeys(codes.values())),
    )


def number(
    key: str,
    name: str,
    at: Register,
    quantity: Quantity,
    bounds: tuple[float, float],
    step: float = 1,
    *,
    expert: bool = False,
) -> Number:
    """A stored setting between bounds."""
    low, high = bounds
    return Number(
        key, name, at, quantity, Setting(), CONFIG, not expert, expert, low=low, high=high, step=step
    )


def select(
    key: str,
    name: str,
    at: Register,
    codes: Mapping[int, str],
    *,
    expert: bool = False,
    shown: tuple[str, ...] = (),
) -> Select:
    """A stored setting with named options; `shown` ones may be reported but are not set."""
    point = Register(at.address, every=at.every, codes=codes)
    options = tuple(name for name in codes.values() if name not in shown)
    return Select(key, name, point, ENUM, Setting(), CONFIG, not expert, expert, options, shown)


def switch(key: str, name: str, at: Register, *, expert: bool = False) -> Switch:
    """A stored setting that is on or off."""
    return Switch(key, name, at, setting=Setting(), category=CONFIG, enabled=not expert, expert=expert)


def mark(key: str, name: str, at: Point, device_class: str | None = None) -> BinarySensor:
    """Something on or off that is only read, off at first."""
    return BinarySensor(key, name, at, category=DIAGNOSTIC, enabled=False, device_class=device_class)


def button(key: str, name: str, address: int, value: int, *, expert: bool = False) -> Button:
    """Something done once: a value written to a register that keeps nothing."""
    setting = Setting(wear="none")
    return Button(
        key, name, press(address, value), setting=setting, category=CONFIG, enabled=not expert, expert=expert
    )


def flag(address: int, every: float = RARELY) -> Register:
    """A register that holds 0 or 1; anything else there is something else, and absent."""
    return u16(address, every=every).by(_flag, int)


def _flag(raw: int) -> Value | None:
    return bool(raw) if raw in (0, 1) else None


def per_12(
    key: str,
    name: str,
    address: int,
    nominal: float,
    bounds: tuple[float, float],
    *,
    expert: bool = True,
    under: str = "",
) -> Number:
    """A battery's setting voltage, stored for 12 V; expert where a wrong one harms the battery."""
    times = nominal / 12
    at = u16(address, round(0.1 * times, 6), every=RARELY)
    low, high = (round(bound * times, 6) for bound in bounds)
    return replace(number(key, name, at, VOLTAGE, (low, high), at.scale, expert=expert), under=under)


def time_of_day(address: int, every: float = RARELY) -> Register:
    """Minutes after midnight, packed as hour and minute in the two bytes."""
    return u16(address, every=every).by(minutes, packed)


def minutes(raw: int) -> Value | None:
    """Minutes after midnight; None for what is no time of day."""
    hour, minute = divmod(raw, 256)
    return hour * 60 + minute if hour < 24 and minute < 60 else None


def packed(value: Value) -> int:
    """Minutes after midnight as hour and minute in two bytes."""
    hour, minute = divmod(int(value), 60)
    return hour * 256 + minute


def clock(address: int, every: float) -> Register:
    """Three words: year since 2000 and month, day and hour, minute and second."""
    return Register(address, "u48", 3, every=every, low_first=False).by(moment, from_moment)


def moment(raw: int) -> str | None:
    """Local time as text; None where the clock was never set or is no time."""
    year, month, day, hour, minute, second = raw.to_bytes(6, "big")
    try:
        return str(datetime(2000 + year, month, day, hour, minute, second))
    except ValueError:
        return None


def from_moment(value: Value) -> int:
    """Text as the three packed words."""
    return int.from_bytes(clock_bytes(datetime.fromisoformat(str(value))), "big")


def clock_bytes(now: datetime) -> bytes:
    """The three packed words of a time."""
    return bytes((now.year - 2000, now.month, now.day, now.hour, now.minute, now.second))


def version(address: int, every: float) -> Register:
    """818 is version 8.18; 0 is none."""
    return u16(address, every=every, absent=(0,)).by(_version, _from_version)


def _version(raw: int) -> Value | None:
    return f"{raw // 100}.{raw % 100:02d}"


def _from_version(value: Value) -> int:
    return round(float(value) * 100)


def total(*values: float) -> float:
    """A sum, rounded as its parts are."""
    return round(sum(values), 3)


def product(volts: float, amperes: float) -> float:
    """Watts."""
    return round(volts * amperes, 1)


def summed(key: str, name: str, needs: tuple[str, ...], quantity: Quantity) -> Entity:
    """The sum of other values."""
    return Sensor(key, name, Derived(needs, total), quantity)
