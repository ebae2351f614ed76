"""Home Assistant's MQTT discovery, one retained message per entity (the style that every release knows).

Only keys, units and classes that releases from 2023 to today accept; see Home Assistant's MQTT
integration for their meaning. Values come out of the device's state object by template; a key that is
not there makes the entity unknown, or unavailable where it is a moment, never the old value.
"""

import json
import math
from dataclasses import dataclass
from itertools import pairwise

from gridward_kit.entity import (
    TEXT_MOST,
    BinarySensor,
    Button,
    Entity,
    Number,
    Select,
    Sensor,
    Switch,
    Text,
)
from gridward_kit.integration import Identity
from gridward_kit.kept import Json
from gridward_kit.mqtt import PREFIX
from gridward_kit.point import UNKNOWN

MOMENTS = ("date", "timestamp")
NEVER_SHOWN = "1970-01-01T00:00:00+00:00"
"""What stands for an absent moment, of which `availability` says in the same message that it is not there."""

SUPPORT = "https://github.com/gridward/gridward"

COMPONENTS: dict[type[Entity], str] = {
    Sensor: "sensor",
    BinarySensor: "binary_sensor",
    Number: "number",
    Select: "select",
    Switch: "switch",
    Button: "button",
    Text: "text",
}


@dataclass(frozen=True, slots=True)
class Announcement:
    """What all discovery messages of one device share."""

    root: str
    site: str
    device: str
    name: str
    role: str
    identity: Identity
    version: str
    writable: bool
    via: str | None = None
    card: tuple[str, str] | None = None


def component(row: Entity, *, writable: bool) -> str:
    """The Home Assistant component of an entity; a setting of a read-only device is shown as a sensor."""
    kind = next(COMPONENTS[base] for base in type(row).__mro__ if base in COMPONENTS)
    if writable or kind in ("sensor", "binary_sensor"):
        return kind
    return "binary_sensor" if kind == "switch" else "sensor"


def unique_id(site: str, device: str, key: str) -> str:
    """Stable from the first start, asleep or not: no name, port or index in it."""
    return f"gridward_{site}_{device}_{key}"


def topic(about: Announcement, row: Entity) -> str:
    """Where the entity's discovery message is kept."""
    kind = component(row, writable=about.writable)
    return f"{PREFIX}/{kind}/{unique_id(about.site, about.device, row.key)}/config"


def message(about: Announcement, row: Entity) -> str:
    """The entity's discovery message as JSON."""
    kind = component(row, writable=about.writable)
    base = f"{about.root}/{about.device}"
    present: list[Json] = [{"topic": topic} for topic in availability(about)]
    content: dict[str, Json] = {
        "name": row.name,
        "unique_id": unique_id(about.site, about.device, row.key),
        "object_id": f"{about.device}_{row.key}",
        "default_entity_id": f"{kind}.{about.device}_{row.key}",
        "availability": [*present, *_there(row, base)],
        "availability_mode": "all",
        "device": device_block(about),
        "origin": {"name": "Gridward", "sw_version": about.version, "support_url": SUPPORT},
        **_state(row, kind, base),
        **_quantity(row, kind),
    }
    if kind not in ("sensor", "binary_sensor"):
        content |= {"command_topic": f"{base}/{row.key}/set", **_control(row)}
    category = row.category
    if category == "config" and kind in ("sensor", "binary_sensor"):
        category = None if row.enabled else type(category).DIAGNOSTIC
    if category is not None:
        content["entity_category"] = str(category)
    if not row.enabled or row.expert:
        content["enabled_by_default"] = False
    return json.dumps(content, ensure_ascii=False)


def availability(about: Announcement) -> list[str]:
    """An entity is available when its role and its device are."""
    topics = [f"{about.root}/{about.role}/availability"]
    if about.role != about.device:
        topics.append(f"{about.root}/{about.device}/availability")
    return topics


def device_block(about: Announcement) -> dict[str, Json]:
    """The device, with keys that Home Assistant 2023 already knew; another's card says the rest itself."""
    if about.card is not None:
        identifier, name = about.card
        return {"identifiers": [f"gridward_{about.site}_{identifier}"], "name": name}
    block: dict[str, Json] = {
        "identifiers": [f"gridward_{about.site}_{about.device}"],
        "name": about.name,
        "manufacturer": about.identity.manufacturer or "Gridward",
        "model": about.identity.model,
    }
    if about.identity.firmware:
        block["sw_version"] = about.identity.firmware
    if about.identity.serial:
        block["serial_number"] = about.identity.serial
    if about.via:
        block["via_device"] = f"gridward_{about.site}_{about.via}"
    return block


def _is_moment(row: Entity) -> bool:
    return isinstance(row, Sensor) and row.quantity.device_class in MOMENTS


def _there(row: Entity, base: str) -> list[Json]:
    """A moment that is absent is unavailable: older releases warn of an unknown one at each state."""
    if not _is_moment(row):
        return []
    template = f"{{{{ 'online' if value_json['{row.key}'] is defined else 'offline' }}}}"
    return [{"topic": f"{base}/state", "value_template": template}]


def _state(row: Entity, kind: str, base: str) -> dict[str, Json]:
    if kind == "button":
        return {}
    read = f"value_json['{row.key}']"
    if kind == "number" and isinstance(row, Number):
        low, high = bounds(row)
        inside = f"{read} is defined and {low:g} <= {read} <= {high:g}"
        template = f"{{{{ {read} if {inside} else 'None' }}}}"
    elif kind in ("binary_sensor", "switch"):
        template = f"{{{{ 'None' if {read} is not defined else 'ON' if {read} else 'OFF' }}}}"
    else:
        absent = NEVER_SHOWN if _is_moment(row) else "None"
        template = f"{{{{ {read} | default('{absent}') }}}}"
    return {"state_topic": f"{base}/state", "value_template": template}


def _quantity(row: Entity, kind: str) -> dict[str, Json]:
    content: dict[str, Json] = {}
    if isinstance(row, BinarySensor):
        return {"device_class": row.device_class} if row.device_class else {}
    if kind not in ("sensor", "number"):
        return {}
    quantity = row.quantity
    options = row.options if isinstance(row, Sensor | Select) else ()
    if options:
        shown = row.shown if isinstance(row, Select) else ()
        return {"device_class": "enum", "options": [*dict.fromkeys((*options, *shown, UNKNOWN))]}
    if quantity.device_class and quantity.device_class != "enum":
        content["device_class"] = quantity.device_class
    if quantity.unit:
        content["unit_of_measurement"] = quantity.unit
    if kind == "sensor" and quantity.state_class:
        content["state_class"] = quantity.state_class
    if kind == "sensor" and quantity.precision is not None:
        content["suggested_display_precision"] = quantity.precision
    return content


def _control(row: Entity) -> dict[str, Json]:
    if isinstance(row, Number):
        low, high = bounds(row)
        return {"min": low, "max": high, "step": _step(row), "mode": "box"}
    if isinstance(row, Select):
        return {"options": [*dict.fromkeys((*row.options, *row.shown))]}
    if isinstance(row, Text):
        return {"max": min(row.most, TEXT_MOST)}
    return {}


def bounds(row: Number) -> tuple[float, float]:
    """What Home Assistant may show of a number; for a value outside it would keep the one before."""
    return (min(row.only), max(row.only)) if row.only else (row.low, row.high)


def announced(row: Entity, *, writable: bool) -> bool:
    """Whether an entity is shown: a button of a read-only device has nothing to say."""
    return writable or not isinstance(row, Button)


def _step(row: Number) -> float:
    """The widest on which every allowed value lies, counted from the least, as Home Assistant's box does."""
    if not row.only:
        return row.step
    thousandths = (round((after - one) * 1000) for one, after in pairwise(sorted(row.only)))
    return math.gcd(*thousandths) / 1000 or 1
