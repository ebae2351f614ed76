"""What a value in the site file may be: each check returns it as its type or raises `Wrong` in words."""

import difflib
import math
import re
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import voluptuous as vol

from gridward.document import Plain
from gridward.site import EMBEDDED
from gridward_kit.duration import seconds_of

IDENTIFIER = re.compile(r"[a-z0-9_]{1,40}")
HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
PREFIX = re.compile(r"(/[A-Za-z0-9_.~-]+)*")


class Wrong(vol.Invalid):
    """A value that may not stand there: what is expected, and what was found if it may not be shown."""

    def __init__(self, expected: str, found: str | None = None) -> None:
        super().__init__(expected)
        self.found = found


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that is likeliest meant, as the end of a sentence; empty if none is near."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (nearest: `{close[0]}`)" if close else ""


def text(value: Plain) -> str:
    """A text of at most 200 characters without control characters."""
    if not isinstance(value, str) or not 0 < len(value) <= 200 or not value.isprintable():
        raise Wrong("a text of 1 to 200 characters")
    return value


def flag(value: Plain) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise Wrong("`true` or `false`")
    return value


def identifier(value: Plain) -> str:
    """A topic level: a to z, 0 to 9 and _; a number written without quotes is one, too."""
    word = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(word, str) or not IDENTIFIER.fullmatch(word):
        raise Wrong("an id of 1 to 40 characters a-z, 0-9 and _")
    return word


def one_of(*known: str) -> Callable[[Plain], str]:
    """One of some words."""

    def check(value: Plain) -> str:
        if not isinstance(value, str) or value not in known:
            choice = f"one of {', '.join(known)}" if len(known) > 1 else f"`{known[0]}`"
            raise Wrong(f"{choice}{nearest(str(value), known)}")
        return value

    return check


def whole(low: int, high: int) -> Callable[[Plain], int]:
    """A whole number between two bounds, both included."""

    def check(value: Plain) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise Wrong(f"`{low}`" if low == high else f"a whole number from {low} to {high}")
        return value

    return check


def number(low: float, high: float, unit: str = "") -> Callable[[Plain], float]:
    """A number between two bounds, both included."""

    def check(value: Plain) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise Wrong(f"a number from {low:g} to {high:g}{' ' + unit if unit else ''}")
        return float(value)

    return check


def band(low: float, high: float, unit: str) -> Callable[[Plain], tuple[float, float]]:
    """Two rising numbers in a list, both inside the bounds."""
    inside = number(low, high, unit)

    def check(value: Plain) -> tuple[float, float]:
        expected = f"two rising numbers from {low:g} to {high:g} {unit}, as in [{low:g}, {high:g}]"
        if not isinstance(value, list) or len(value) != 2:
            raise Wrong(expected)
        try:
            lower, upper = inside(value[0]), inside(value[1])
        except Wrong:
            raise Wrong(expected) from None
        if not lower < upper:
            raise Wrong(expected)
        return lower, upper

    return check


def duration(least: float, most: float = math.inf) -> Callable[[Plain], float]:
    """Seconds, written in any way that `seconds_of` reads."""

    def check(value: Plain) -> float:
        try:
            seconds = seconds_of(value)
        except ValueError as shapes:
            raise Wrong(f"a duration such as {shapes}") from None
        if not least <= seconds <= most:
            upper = "" if math.isinf(most) else f" and at most {most:g} s"
            raise Wrong(f"a duration of at least {least:g} s{upper}")
        return seconds

    return check


def keeping(value: Plain) -> float | None:
    """A duration of at least an hour, or None for `forever`."""
    if value == "forever":
        return None
    try:
        return duration(3600.0)(value)
    except Wrong as wrong:
        raise Wrong(f"{wrong.msg}, or forever") from None


def words(value: Plain) -> tuple[str, ...]:
    """A list of texts."""
    if not isinstance(value, list):
        raise Wrong("a list")
    return tuple(text(item) for item in value)


def zone(value: Plain) -> ZoneInfo:
    """A time zone of the tz database."""
    try:
        return ZoneInfo(text(value))
    except (LookupError, ValueError, OSError):
        expected = "a time zone such as Europe/Bratislava that this machine's tz database has"
        raise Wrong(expected) from None


def prefix(value: Plain) -> str:
    """The page's path: empty, or begun with a slash and not ended with one."""
    if not isinstance(value, str) or not PREFIX.fullmatch(value):
        raise Wrong("a path such as /gridward, without a slash at its end")
    return value


def broker_url(value: Plain) -> str:
    """`embedded`, `mqtt://host[:port]` or `mqtts://host[:port]`, without a password in it."""
    expected = f"{EMBEDDED}, mqtt://host:1883 or mqtts://host:8883"
    return EMBEDDED if value == EMBEDDED else _url(value, ("mqtt", "mqtts"), expected)


def http_url(value: Plain) -> str:
    """`http://host[:port]` or `https://host[:port]`, without a password in it."""
    return _url(value, ("http", "https"), "http://host:8086 or https://host:8086")


def origin(value: Plain) -> str:
    """What a browser calls an origin: scheme and host, and the port where it is another than usual."""
    expected = "the address in the browser without a path, as https://house.example"
    found = _url(value, ("http", "https"), expected)
    parts = urlsplit(found)
    if f"{parts.scheme}://{parts.netloc}" != found or parts.username is not None:
        raise Wrong(expected)
    return found.lower()


def port_url(value: Plain) -> str:
    """A device path, or a URL of a byte port in pyserial's terms, `tcp://` (Modbus TCP) or `hidraw://`."""
    expected = "a device path such as /dev/serial/by-path/..., or a URL such as socket://host:8899"
    if not isinstance(value, str) or not value.isprintable() or not value.strip() == value:
        raise Wrong(expected)
    if not re.fullmatch(r"/.+|COM\d+|[a-z0-9+]+://.+", value):
        raise Wrong(expected)
    return value


def _url(value: Plain, schemes: tuple[str, ...], expected: str) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise Wrong(expected)
    try:
        parts = urlsplit(value)
        usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise Wrong(expected) from None
    if parts.password is not None:
        raise Wrong("the URL without it; `password: !secret name` beside it", "a password in the URL")
    if not usable:
        raise Wrong(expected)
    return value
