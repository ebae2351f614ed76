"""What others announce by Home Assistant's MQTT discovery: each sensor with a number and a unit. Pure."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gridward.payload import read_object, text
from gridward.recorder.template import Unreadable, reader
from gridward_kit.kept import Json

LARGEST = 65_536
LONGEST = 64
LONGEST_TOPIC, DEEPEST = 500, 100  # characters and levels; Mosquitto takes 200 levels
OURS = "gridward"
LONG: Mapping[str, str] = {
    "~": "base",
    "cmps": "components",
    "dev": "device",
    "dev_cla": "device_class",
    "ids": "identifiers",
    "mf": "manufacturer",
    "o": "origin",
    "p": "platform",
    "stat_t": "state_topic",
    "uniq_id": "unique_id",
    "unit_of_meas": "unit_of_measurement",
    "val_tpl": "value_template",
}
"""Home Assistant's abbreviations of the keys that are read here."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A sensor of someone else: `identity` tells its device from all others, `read` takes its number out of
    a payload's text and JSON."""

    topic: str
    identity: str
    device: str
    key: str
    unit: str
    integration: str
    read: Callable[[str, Json], float | None]


def slug(name: str) -> str:
    """A name as an id: lower-case letters, digits and underscores; empty where nothing is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "_", plain).strip("_")[:LONGEST]


def sensors(topic: str, payload: bytes) -> tuple[list[Foreign], list[str]]:
    """The sensors of a discovery message, of one sensor or of a whole device, and why others cannot be read.

    Ours and those without a unit are left out without a word. Raises ValueError for what is no JSON object.
    """
    if len(payload) > LARGEST:
        raise ValueError(f"more than {LARGEST} bytes")
    whole = _long(read_object(payload))
    levels = topic.split("/")[1:-1]
    parts = [(levels, whole)]
    if levels[0] == "device":
        named = whole.get("components")
        inside = named.items() if isinstance(named, dict) else ()
        rows = [([*levels, name], _long(part)) for name, part in inside if isinstance(part, dict)]
        parts = [(place, {**whole, **part}) for place, part in rows if part.get("platform") == "sensor"]
    found: list[Foreign] = []
    reasons: list[str] = []
    for place, content in parts:
        try:
            if _numeric(content):
                found.append(_one(place[1:], content))
        except Unreadable as error:
            reasons.append(f"{'/'.join(place)}: {error}")
    return found, reasons


def _numeric(content: Mapping[str, Json]) -> bool:
    """Whether it has a unit, and is somebody else's."""
    ours = (text(content, "unique_id") or "").startswith(f"{OURS}_") or _topic(content).startswith(f"{OURS}/")
    return text(content, "unit_of_measurement") is not None and not ours


def _one(levels: list[str], content: Mapping[str, Json]) -> Foreign:
    topic, device, origin = _topic(content), content.get("device"), content.get("origin")
    if not _subscribable(topic):
        raise Unreadable("no `state_topic`, or one that no broker takes")
    block = _long(device) if isinstance(device, dict) else {}
    names, called = _identifiers(block), text(block, "name") or ""
    name = next((found for found in map(slug, (called, *names, *levels)) if found), "")
    digest = hashlib.sha256("/".join(levels).encode()).hexdigest()[:8]
    maker = text(_long(origin), "name") if isinstance(origin, dict) else None
    return Foreign(
        topic,
        identity="|".join(names) or called or levels[0],
        device=name or f"sensor_{digest}",
        key=_key(levels, [name, *map(slug, names), slug(levels[0])], text(content, "device_class")),
        unit=(text(content, "unit_of_measurement") or "")[:LONGEST],
        integration=slug(maker or "") or "mqtt",
        read=reader(text(content, "value_template")),
    )


def _subscribable(topic: str) -> bool:
    """Whether it may be asked for: a broker ends the connection of who asks for what cannot be a topic."""
    plain = topic.isprintable() and not {"+", "#"} & set(topic) and not topic.startswith("$share/")
    return plain and 0 < len(topic) <= LONGEST_TOPIC and topic.count("/") < DEEPEST


def _key(levels: list[str], prefixes: list[str], device_class: str | None) -> str:
    """The object id of the topic, which is unique there, without the device's name or id before it."""
    key = slug(levels[-1])
    for prefix in prefixes:
        if prefix and f"{key}_".startswith(f"{prefix}_"):
            key = key[len(prefix) + 1 :]
    return key or slug(device_class or "") or "value"


def _identifiers(block: Mapping[str, Json]) -> list[str]:
    found = block.get("identifiers")
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, str)]


def _topic(content: Mapping[str, Json]) -> str:
    topic, base = text(content, "state_topic") or "", text(content, "base") or ""
    if topic.startswith("~"):
        return base + topic[1:]
    return topic[:-1] + base if topic.endswith("~") else topic


def _long(content: Mapping[str, Json]) -> dict[str, Json]:
    return {LONG.get(key, key): value for key, value in content.items()}
