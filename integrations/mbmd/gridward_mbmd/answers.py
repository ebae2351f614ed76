"""What mbmd's HTTP interface answers, as values. Pure.

An answer holds measurements by name, sorted, beside `Timestamp` and `Unix` (volkszaehler/mbmd, 2026). A
device that is offline is left out of the list; an error is a text.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from gridward_kit.errors import BadFrame
from gridward_kit.kept import Json

TYPES = ("SDM", "SDM120", "SDM220", "SDM230", "SDM54", "SDM72", "SDM72V2", "X961A", "DTSU666")
KEY = re.compile(r"[A-Za-z0-9]{1,40}\.\d{1,3}(\.\d{1,3})?")
REST = re.compile(r"\d+\.\d{1,3}(\.\d{1,3})?")
ANGLED = "SDM220"
FAR = 0.1
MOST = 1e300


@dataclass(frozen=True, slots=True)
class Sample:
    """One device's measurements by mbmd's names, and when mbmd read the last of them (its clock, seconds)."""

    unix: float
    values: Mapping[str, float] = field(default_factory=dict)


def parsed(text: str) -> Json:
    """The JSON of an answer; raises BadFrame for what is none."""
    try:
        content: Json = json.loads(text)
    except (ValueError, RecursionError):
        raise BadFrame(f"no JSON where mbmd's measurements should be: {text[:60]!r}") from None
    return content


def sample(content: Json) -> Sample:
    """One device's answer; raises BadFrame for another. What is no number is left out."""
    if not isinstance(content, dict) or not _number(content.get("Unix")):
        raise BadFrame("no measurements of a device: an older mbmd, or another program")
    unix = content["Unix"]
    values = {
        name: float(value)
        for name, value in content.items()
        if name not in ("Unix", "Timestamp") and isinstance(value, int | float) and _number(value)
    }
    return Sample(float(str(unix)), values)


def _number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MOST


def samples(content: Json) -> dict[str, Sample]:
    """All devices' answers by key; raises BadFrame."""
    if not isinstance(content, dict):
        raise BadFrame("no list of devices: another program")
    return {key: sample(item) for key, item in content.items()}


def kinds(content: Json) -> dict[str, str]:
    """The type of each device that mbmd's status lists, online or not; an old mbmd lists none."""
    meters = content.get("Meters") if isinstance(content, dict) else None
    found = {}
    for meter in meters if isinstance(meters, list) else []:
        match meter:
            case {"Device": str() as device, "Type": str() as kind}:
                found[device] = kind
    return found


def kind(key: str) -> str | None:
    """The type in a device's key: the longest known one that leaves a connection and an id."""
    fitting = [one for one in TYPES if key.startswith(one) and REST.fullmatch(key.removeprefix(one))]
    return max(fitting, key=len, default=None)


def true(model: str, values: Mapping[str, float]) -> dict[str, float]:
    """The measurements that are what they are called.

    Until January 2026 mbmd read an SDM220's power factor from its phase angle: one that is not power by
    apparent power is left out.
    """
    factor, power, apparent = (values.get(name) for name in ("Cosphi", "Power", "ApparentPower"))
    if model.upper() != ANGLED or factor is None:
        return dict(values)
    right = power is not None and apparent and abs(abs(factor) - abs(power / apparent)) <= FAR
    return {name: value for name, value in values.items() if right or name != "Cosphi"}
