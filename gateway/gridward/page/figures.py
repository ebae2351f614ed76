"""Values as a person reads them: three significant digits, units always, ages, local time."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from gridward_kit.kept import Json
from gridward_kit.point import Value

DASH = "\u2013"
MINUS = "\u2212"
SPACE = "\u00a0"
MOST_PLACES = 6

WORDS: Mapping[str, tuple[str, str]] = {
    "problem": ("OK", "Problem"),
    "connectivity": ("Disconnected", "Connected"),
    "battery_charging": ("Not charging", "Charging"),
    "power": ("No power", "Power"),
    "running": ("Not running", "Running"),
    "lock": ("Locked", "Unlocked"),
    "heat": ("Normal", "Hot"),
}


def significant(number: float, digits: int = 3) -> str:
    """A number with so many significant digits and no exponent: 0.042, 1.23, 12.3, 123, 1230."""
    if number == 0:
        return "0"
    places = digits - 1
    size = abs(number)
    while places > 0 and round(size, places) >= 10 ** (digits - places):
        places -= 1
    text = f"{size:.{places}f}"
    if float(text) == 0:
        return "0"
    return MINUS + text if number < 0 else text


def power(watts: float | None) -> str:
    """`640 W`, `1.24 kW`, `12.4 kW`; a dash for a value that is absent."""
    if watts is None:
        return DASH
    if abs(watts) < 999.5:
        whole = round(watts)
        return f"{MINUS if whole < 0 else ''}{abs(whole)}{SPACE}W"
    return f"{significant(watts / 1000)}{SPACE}kW"


def energy(kilowatt_hours: float | None) -> str:
    """`0.42 kWh`, `12.4 kWh`; a dash for a value that is absent."""
    if kilowatt_hours is None:
        return DASH
    return f"{significant(kilowatt_hours)}{SPACE}kWh"


def percent(share: float | None) -> str:
    """`71 %`: whole per cent, and never 100 or 0 before it is."""
    if share is None:
        return DASH
    whole = round(share)
    if whole == 100 and share < 99.95:
        whole = 99
    if whole == 0 and share > 0.05:
        whole = 1
    return f"{whole}{SPACE}%"


def span(seconds: float) -> str:
    """A length of time in its two largest units: `40 s`, `4 min`, `9 h 20 min`, `2 d 4 h`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}{SPACE}s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes}{SPACE}min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}{SPACE}h" + (f" {minutes}{SPACE}min" if minutes else "")
    days, hours = divmod(hours, 24)
    return f"{days}{SPACE}d" + (f" {hours}{SPACE}h" if hours else "")


def age(seconds: float | None) -> str:
    """How long ago: `now`, `12 s ago`, `4 min ago`; `never` for None."""
    if seconds is None:
        return "never"
    if seconds < 2:
        return "now"
    return f"{span(seconds)} ago"


def reading(value: Value | None, entity: Mapping[str, Json]) -> str:
    """A value of an entity as `info` describes it: rounded to its precision, with its unit, in words."""
    if value is None:
        return DASH
    if isinstance(value, bool):
        off, on = WORDS.get(str(entity.get("device_class")), ("Off", "On"))
        return on if value else off
    if isinstance(value, str):
        return value.replace("_", " ") if entity.get("options") else value or DASH
    precision = entity.get("precision")
    unit = entity.get("unit")
    if unit == "W":
        return power(value)
    known = type(precision) is int and 0 <= precision <= MOST_PLACES
    text = f"{abs(value):.{precision}f}" if known else f"{abs(value):g}"
    if value < 0 and float(text) != 0:
        text = MINUS + text
    return f"{text}{SPACE}{unit}" if isinstance(unit, str) else text


def at_clock(moment: float, zone: ZoneInfo, now: float) -> str:
    """Local time: `14:05:09` today, `20 Nov 14:05` on another day."""
    local = datetime.fromtimestamp(moment, zone)
    today = datetime.fromtimestamp(now, zone).date()
    return f"{local:%H:%M:%S}" if local.date() == today else f"{local.day} {local:%b %H:%M}"


def midnight(now: float, zone: ZoneInfo) -> float:
    """Seconds since 1970 at which the local day of `now` began."""
    local = datetime.fromtimestamp(now, zone)
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).timestamp()
