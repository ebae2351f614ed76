"""Small JSON files that outlive a restart: a device's identity, its write counters, what was announced."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class Kept:
    """One JSON object in a file; written whole and atomically, on disk before `save` returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content: dict[str, Json] = self._load()

    def _load(self) -> dict[str, Json]:
        try:
            content = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise ValueError(f"{self.path}: not a JSON object ({error}); mend or remove it") from None
        if not isinstance(content, dict):
            raise ValueError(f"{self.path}: not a JSON object; mend or remove it")
        return content

    def save(self, changes: Mapping[str, Json]) -> None:
        """Merge the changes in and write the file; raises OSError when the disk does not take it."""
        content = {**self.content, **changes}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_suffix(".new")
        with beside.open("w", encoding="utf-8") as file:
            json.dump(content, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
        self.content = content

    def section(self, name: str) -> dict[str, Json]:
        """One object inside the file, empty where it is not there."""
        part = self.content.get(name)
        return dict(part) if isinstance(part, dict) else {}
