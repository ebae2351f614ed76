"""What comes off the broker: JSON that may be anything until it was looked at."""

import json
import math
from collections.abc import Mapping

from gridward_kit.kept import Json
from gridward_kit.point import Value

RESERVED = frozenset({"v", "at"})
LONGEST = 200_000


def read_object(payload: bytes) -> dict[str, Json]:
    """Read one JSON object of the version we know; raises ValueError in words, nothing else."""
    if len(payload) > LONGEST:
        raise ValueError(f"longer than {LONGEST} bytes")
    try:
        content: Json = json.loads(payload)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError:
        raise ValueError("not JSON") from None
    if not isinstance(content, dict):
        raise ValueError("not a JSON object")
    version = content.get("v", 1)
    if isinstance(version, bool) or version != 1:
        raise ValueError("not of version 1")
    if b"\\u" in payload or b"\xed" in payload:
        _encodable(content)
    return content


def _encodable(content: Json) -> None:
    """JSON allows halves of surrogate pairs, UTF-8 does not: nothing could be done with such a text."""
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("half a character") from None


def values(content: Mapping[str, Json]) -> dict[str, Value]:
    """The entities' values in a state; what is no value (null, a list, not finite) is absent."""
    found: dict[str, Value] = {}
    for key, item in content.items():
        value = sound(item)
        if key not in RESERVED and value is not None:
            found[key] = value
    return found


def sound(item: Json) -> Value | None:
    """A value that can be shown and computed with, else None."""
    if isinstance(item, bool):
        return item
    if isinstance(item, int):
        return item if abs(item) < 1 << 63 else None
    if isinstance(item, float):
        return item if math.isfinite(item) else None
    return item if isinstance(item, str) else None


def text(content: Mapping[str, Json], key: str) -> str | None:
    """The text under a key; None where there is none."""
    item = content.get(key)
    return item if isinstance(item, str) else None
