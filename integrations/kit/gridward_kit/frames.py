"""Captured answers of real devices, kept as JSON beside the integration that reads them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path

from gridward_kit.kept import Json
from gridward_kit.point import Value


@dataclass(frozen=True, slots=True)
class Frame:
    """One captured answer: what was asked, what came, and what it means (value and unit by key).

    `place` is the file and the frame's number in it; `error` names the error in place of values.
    """

    place: str
    model: str | None
    firmware: str | None
    source: str
    why: str
    request: str
    reply: bytes
    values: Mapping[str, tuple[Value, str | None]]
    error: str | None


def package(domain: str) -> str:
    """The import name of the package that an installed integration lives in."""
    entry = next(item for item in entry_points(group="gridward.integrations") if item.name == domain)
    return entry.module.partition(".")[0]


def frames_of(domain: str) -> list[Frame]:
    """All captured frames of an installed integration; where a package has several, each has a folder."""
    home = Path(str(files(package(domain)))) / "frames"
    return frames(home / domain if (home / domain).is_dir() else home)


def frames(folder: Path) -> list[Frame]:
    """All captured frames in a folder; raises ValueError naming the one that is not whole."""
    found = []
    for file in sorted(folder.glob("*.json")):
        items: Json = json.loads(file.read_text("utf-8"))
        if not isinstance(items, list):
            raise ValueError(f"{file.name}: not a list of frames")
        found += [_frame(f"{file.name}:{number}", item) for number, item in enumerate(items, 1)]
    return found


def _frame(place: str, item: Json) -> Frame:
    if not isinstance(item, dict):
        raise ValueError(f"{place}: not an object")
    texts = {name: item.get(name) for name in ("request", "reply", "source", "why")}
    missing = [name for name, text in texts.items() if not isinstance(text, str) or not text]
    if missing:
        raise ValueError(f"{place}: says nothing of {', '.join(missing)}")
    request, reply, source, why = (str(text) for text in texts.values())
    model, firmware, error = (item.get(name) for name in ("model", "firmware", "error"))
    try:
        data = bytes.fromhex(reply)
    except ValueError:
        raise ValueError(f"{place}: the reply is not hex") from None
    return Frame(
        place=place,
        model=model if isinstance(model, str) else None,
        firmware=firmware if isinstance(firmware, str) else None,
        source=source,
        why=why,
        request=request,
        reply=data,
        values=_values(place, item.get("values")),
        error=error if isinstance(error, str) else None,
    )


def _values(place: str, content: Json) -> dict[str, tuple[Value, str | None]]:
    values: dict[str, tuple[Value, str | None]] = {}
    for key, pair in content.items() if isinstance(content, dict) else ():
        match pair:
            case [bool() | int() | float() | str() as value, str() | None as unit]:
                values[key] = (value, unit)
            case _:
                raise ValueError(f"{place}: {key} is not [value, unit]")
    return values
