"""Puts a device into a site file: one line more, every other byte stays; checked before, taken back after."""

import difflib
import os
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from gridward.config import load
from gridward.document import NO_YAML, SiteFault
from gridward.site import Site
from gridward_kit.kept import hand_over


@dataclass(frozen=True, slots=True)
class Addition:
    """A device for a bus: the site file's own keys, in order."""

    bus: str
    id: str
    keys: tuple[tuple[str, str | int], ...]

    def line(self) -> str:
        """The device as one entry of the bus's list."""
        told = ", ".join(f"{key}: {value}" for key, value in (("id", self.id), *self.keys))
        return f"- {{{told}}}"


@dataclass(frozen=True, slots=True)
class Change:
    """A site file before and after, and where its copy of before lies once it was written."""

    file: Path
    before: str
    after: str
    backup: Path | None = None

    def shown(self) -> str:
        """The difference, as `diff -u` shows it."""
        lines = (self.before.splitlines(keepends=True), self.after.splitlines(keepends=True))
        return "".join(difflib.unified_diff(*lines, str(self.file), str(self.file), n=2))


def planned(file: Path, addition: Addition) -> tuple[Change, Site]:
    """The file with the device in it, read as the gateway would read it; nothing is changed yet.

    Raises ValueError where the bus is not written in a form that a line can be added to, SiteFault with
    every fault that the file would have, OSError.
    """
    before = file.read_text("utf-8")
    change = Change(file, before, with_line(before, addition))
    trial = file.with_name(f".{file.name}.trial")
    trial.write_text(change.after, "utf-8")
    try:
        return change, load(trial)
    except SiteFault as error:
        faults = tuple(replace(one, file=file) if one.file == trial else one for one in error.faults)
        raise SiteFault(faults) from None
    finally:
        trial.unlink()


def with_line(text: str, addition: Addition) -> str:
    """The text with one line more, at the end of the bus's devices; raises ValueError."""
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except NO_YAML as error:
        raise ValueError(f"bus {addition.bus} cannot be found: the file is no YAML") from error
    devices = _devices(root, addition.bus)
    if not isinstance(devices, SequenceNode) or devices.flow_style or not devices.value:
        raise ValueError(
            f"bus {addition.bus} has no list of devices, one on each line, in the site file itself: "
            "write the first one"
        )
    column = devices.start_mark.column
    place = _last_line(devices.value[-1]) + 1
    lines = text.splitlines(keepends=True)
    if place and not lines[place - 1].endswith("\n"):
        lines[place - 1] += "\n"
    return "".join([*lines[:place], f"{' ' * column}{addition.line()}\n", *lines[place:]])


def _devices(root: Node | None, bus: str) -> Node | None:
    for item in _items(_value(root, "buses")):
        named = _value(item, "id")
        if isinstance(named, ScalarNode) and named.value == bus:
            return _value(item, "devices")
    return None


def _value(node: Node | None, key: str) -> Node | None:
    pairs = node.value if isinstance(node, MappingNode) else []
    return next((value for name, value in pairs if isinstance(name, ScalarNode) and name.value == key), None)


def _items(node: Node | None) -> list[Node]:
    return list(node.value) if isinstance(node, SequenceNode) else []


def _last_line(node: Node) -> int:
    """The line on which a node ends; the end mark of a block is behind the comments that follow it."""
    if isinstance(node, CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.line)


def written(change: Change, at: float) -> Change:
    """Write the file whole, on disk before this returns, a copy of before beside it; raises OSError, and
    ValueError where the file is no longer what it was."""
    if change.file.read_text("utf-8") != change.before:
        raise ValueError(f"{change.file} was changed by somebody else meanwhile; nothing was written")
    stamp = datetime.fromtimestamp(at).astimezone().strftime("%Y%m%d-%H%M%S")
    backup = change.file.with_name(f"{change.file.name}.{stamp}.bak")
    _put(backup, change.before, change.file)
    _put(change.file, change.after, change.file)
    return replace(change, backup=backup)


def taken_back(change: Change) -> None:
    """Put back what stood before; raises ValueError where somebody changed the file since, OSError."""
    if change.file.read_text("utf-8") != change.after:
        raise ValueError(f"{change.file} was changed since; what stood before is in {change.backup}")
    _put(change.file, change.before, change.file)


def _put(path: Path, text: str, like: Path) -> None:
    mode = like.stat().st_mode & 0o777
    beside = path.with_name(f".{path.name}.new")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.chmod(mode)
    hand_over(beside)
    beside.replace(path)
