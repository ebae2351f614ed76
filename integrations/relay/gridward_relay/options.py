"""The site file's keys of a relay, and what they mean together."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import voluptuous as vol

from gridward_kit.duration import written_seconds
from gridward_kit.integration import Fact, Options
from gridward_relay.lease import LENGTH, LONGEST, SHORTEST

DRIVERS = ("gpio", "modbus", "mqtt")
STYLES = ("tasmota", "shelly", "shelly1", "zigbee2mqtt")
CONTACTS = ("normally_closed", "normally_open")
GRID, GENERATOR, LOAD = DUTIES = ("grid", "generator", "load")
KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
IDENTIFIER = re.compile(r"[a-z0-9_]{1,40}")
TOPIC = re.compile(r"[^+#\s/][^+#\s]*")


@dataclass(frozen=True, slots=True)
class Input:
    """A digital input: on while its contact is closed. `place` is a GPIO number or a board's input."""

    key: str
    place: int
    name: str


@dataclass(frozen=True, slots=True)
class Settings:
    """A relay's options, read. Lease and timer in seconds; pins in the Broadcom chip's numbers."""

    driver: str
    lease: float = LENGTH
    contact: str | None = None
    pin: int | None = None
    closed_when: str | None = None
    feedback_pin: int | None = None
    port: str | None = None
    address: int = 1
    coil: int = 0
    feedback_input: int | None = None
    spare_coil: int | None = None
    watchdog_register: int | None = None
    style: str | None = None
    topic: str | None = None
    timer: float | None = None
    duty: str = GRID
    interlock_with: str | None = None
    inputs: tuple[Input, ...] = ()
    level: int = 1

    @property
    def has_feedback(self) -> bool:
        """Whether a contact says where the contactor really stands."""
        return self.feedback_pin is not None or self.feedback_input is not None


def seconds(low: float, high: float) -> Callable[[Fact], Fact]:
    """A duration such as `30s`, or a number of seconds, between two bounds."""

    def check(value: Fact) -> Fact:
        try:
            number = written_seconds(value)
        except ValueError:
            number = -1.0
        if not low <= number <= high:
            raise vol.Invalid(f"a time from {low:g}s to {high:g}s, such as {min(30.0, high):g}s")
        return number

    return check


def whole(low: int, high: int) -> Callable[[Fact], Fact]:
    """A whole number between two bounds."""

    def check(value: Fact) -> Fact:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise vol.Invalid(f"a whole number from {low} to {high}")
        return value

    return check


def one_of(*words: str) -> Callable[[Fact], Fact]:
    """One of some words."""

    def check(value: Fact) -> Fact:
        if value not in words:
            raise vol.Invalid(f"one of {', '.join(words)}")
        return value

    return check


def topic(value: Fact) -> Fact:
    """The name that the switch has on the broker, without wildcards."""
    if not isinstance(value, str) or not TOPIC.fullmatch(value):
        raise vol.Invalid("the switch's topic on the broker, such as grid_switch")
    return value


def other(value: Fact) -> Fact:
    """The id of the other switch of a pair."""
    if not isinstance(value, str) or not IDENTIFIER.fullmatch(value):
        raise vol.Invalid("the id of the other relay, such as generator")
    return value


def port(value: Fact) -> Fact:
    """A byte port: a device path or a URL."""
    if not isinstance(value, str) or not value.strip():
        raise vol.Invalid("a device path such as /dev/serial/by-path/..., or socket://host:port")
    return value


def inputs(value: object) -> Fact:
    """A list of `{key, name, pin}` or `{key, name, input}`; kept as texts `key:place:name`."""
    expected = "a list of {key: supply_ok, name: Supply monitor, pin: 17} (or `input: 3` on a board)"
    if not isinstance(value, list):
        raise vol.Invalid(expected)
    texts = [item if isinstance(item, str) else _input_text(item, expected) for item in value]
    read = [_input(text) for text in texts]
    if len({item.key for item in read}) != len(read):
        raise vol.Invalid("inputs with a key of their own each")
    return texts


def _input_text(item: object, expected: str) -> str:
    if not isinstance(item, Mapping) or not {*item} <= {"key", "name", "pin", "input"}:
        raise vol.Invalid(expected)
    place = item.get("pin", item.get("input"))
    if isinstance(place, bool) or not isinstance(place, int) or ("pin" in item and "input" in item):
        raise vol.Invalid(expected)
    key = item.get("key")
    text = f"{key}:{place}:{item.get('name') or str(key).replace('_', ' ').capitalize()}"
    _input(text)
    return text


def _input(text: str) -> Input:
    key, _, rest = text.partition(":")
    place, _, name = rest.partition(":")
    if not KEY.fullmatch(key) or not place.isdecimal() or not name or not name.isprintable():
        raise vol.Invalid(f"an input's key as a-z, 0-9 and _, its number and its name; not {text!r}")
    return Input(key, int(place), name[0].upper() + name[1:])


SCHEMA: Mapping[vol.Marker, Callable[[Fact], Fact]] = {
    vol.Required("driver", description=f"one of {', '.join(DRIVERS)}"): one_of(*DRIVERS),
    vol.Optional("lease"): seconds(SHORTEST, LONGEST),
    vol.Optional("contact"): one_of(*CONTACTS),
    vol.Optional("pin"): whole(0, 27),
    vol.Optional("closed_when"): one_of("low", "high"),
    vol.Optional("feedback_pin"): whole(0, 27),
    vol.Optional("port"): port,
    vol.Optional("address"): whole(1, 247),
    vol.Optional("coil"): whole(0, 255),
    vol.Optional("feedback_input"): whole(0, 65535),
    vol.Optional("spare_coil"): whole(0, 255),
    vol.Optional("watchdog_register"): whole(0, 65535),
    vol.Optional("style"): one_of(*STYLES),
    vol.Optional("topic"): topic,
    vol.Optional("timer"): seconds(5, LONGEST),
    vol.Optional("duty"): one_of(*DUTIES),
    vol.Optional("interlock_with"): other,
    vol.Optional("inputs"): inputs,
    vol.Optional("level"): whole(1, 2),
}


def settings(options: Options) -> Settings:
    """Read the options; raises ValueError with every key that may not stand so."""
    known = {str(marker.schema): check for marker, check in SCHEMA.items()}
    faults = [f"the key `{key}` is none of {', '.join(known)}" for key in options if key not in known]
    read: dict[str, Fact] = {}
    for key, value in options.items():
        if key in known:
            try:
                read[key] = known[key](value)
            except vol.Invalid as fault:
                faults.append(f"{key}: expected {fault.msg}, not {value!r}")
    if "driver" not in options:
        faults.append(f"`driver` is missing: one of {', '.join(DRIVERS)}")
    if faults:
        raise ValueError("; ".join(faults))
    texts = read.pop("inputs", [])
    rows = tuple(_input(text) for text in texts) if isinstance(texts, list) else ()
    return Settings(**read, inputs=rows)  # type: ignore[arg-type]  # each was checked by its own rule
