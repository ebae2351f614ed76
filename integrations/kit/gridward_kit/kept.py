"""Small JSON files that outlive a restart: a device's identity, its write counters, what was announced."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
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
        make_folder(self.path.parent)
        beside = self.path.with_suffix(".new")
        with beside.open("w", encoding="utf-8") as file:
            json.dump(content, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        hand_over(beside)
        beside.replace(self.path)
        self.content = content
        sync_folder(self.path.parent)

    def section(self, name: str) -> dict[str, Json]:
        """One object inside the file, empty where it is not there."""
        part = self.content.get(name)
        return dict(part) if isinstance(part, dict) else {}


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, each whose the one above it is; raises OSError."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        hand_over(folder)


def hand_over(path: Path) -> None:
    """Have what root makes in a service's folder belong to the service: it has to read it."""
    if os.geteuid() != 0:
        return
    folder = path.absolute().parent.stat()
    with suppress(PermissionError):  # a share that knows no owners, and so keeps nobody out
        os.chown(path, folder.st_uid, folder.st_gid)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk: a file renamed is else the old one after a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
