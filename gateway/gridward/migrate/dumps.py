"""Tables dumped as CSV: what is in their columns, and a mapping file for each to be filled in. Pure but for
reading."""

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gridward_kit.keys import CANONICAL

TIMES = ("time", "timestamp", "datetime", "date", "created_at", "created", "ts")
KINDS = {
    "axpert": ("inverter", "inverter"),
    "inverter": ("inverter", "inverter"),
    "daly": ("bms", "battery"),
    "bms": ("bms", "battery"),
    "batter": ("bms", "battery"),
    "sdm": ("grid_meter", "meter"),
    "meter": ("grid_meter", "meter"),
    "mbmd": ("grid_meter", "meter"),
}
"""Device id and kind by a word in the file's name."""


@dataclass(slots=True)
class Column:
    """What a column holds: how many cells have something, and from what to what its numbers go."""

    filled: int = 0
    low: float = math.inf
    high: float = -math.inf
    words: dict[str, None] = field(default_factory=dict)

    def take(self, cell: str) -> None:
        """Count a cell."""
        if not cell:
            return
        self.filled += 1
        try:
            value = float(cell)
        except ValueError:
            if len(self.words) < 4:
                self.words[" ".join(cell.split())[:20]] = None
            return
        if math.isfinite(value):
            self.low, self.high = min(self.low, value), max(self.high, value)

    def said(self) -> str:
        """In words for a person who knows the table."""
        if not self.filled:
            return "always empty"
        parts = [f"{self.low:g} to {self.high:g}"] if self.low <= self.high else []
        return ", ".join([*parts, *(f"{word!r}" for word in self.words)])


@dataclass(slots=True)
class Dump:
    """A table: its columns in order, which of them is the time, and how many rows it has."""

    name: str
    time: str | None
    columns: dict[str, Column]
    rows: int = 0


def profile(path: Path) -> Dump:
    """Look through a whole dump; raises OSError, ValueError or csv.Error where it is no table."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = csv.DictReader(file)
        names = [name for name in rows.fieldnames or () if name]
        if len(names) < 2:
            raise ValueError("no header with names")
        time = next((name for word in TIMES for name in names if name.lower() == word), None)
        dump = Dump(path.name, time, {name: Column() for name in names if name != time})
        for row in rows:
            dump.rows += 1
            for name, column in dump.columns.items():
                column.take((row.get(name) or "").strip())
    return dump


def mapping(dump: Dump, hints: Mapping[str, str], zone: str) -> tuple[str, int]:
    """A mapping file, and how many columns are in it already: those whose name, or the words beside it in the
    old scripts, are an entity's key here. The others stand as comments, with what is in them."""
    device, kind = next(
        (known for word, known in KINDS.items() if word in dump.name.lower()), ("unknown", "unknown")
    )
    rows = list(_columns(dump, hints, kind))
    known = [row for row in rows if not row.lstrip().startswith("#")]
    lines = [
        f"# Which column of {dump.name} is which entity: fill in the keys, take out what is not wanted, then",
        f"#   gridward record import {dump.name} --map THIS_FILE",
        f"# Keys of this kind: {', '.join(CANONICAL.get(kind, {})) or 'see the integration'}",
        "version: 1",
        f"device: {device}",
        f"kind: {kind}",
        f"time: {dump.time or 'time # no column is called so; which one is it?'}",
        f"zone: {zone} # of times that do not say theirs",
        "columns:" if known else "columns: {} # take the braces away with the first that you fill in",
        *rows,
        "",
    ]
    return "\n".join(lines), len(known)


def _columns(dump: Dump, hints: Mapping[str, str], kind: str) -> Iterator[str]:
    taken: set[str] = set()
    for name, column in dump.columns.items():
        hint = hints.get(name.lower(), "")
        said = column.said() + (f"; the scripts say {' '.join(hint.split())!r}" if hint else "")
        words = (name, hint)
        keys = [key for key in map(_key, words) if key in CANONICAL.get(kind, {}) and key not in taken]
        if keys and column.filled:
            taken.add(keys[0])
            yield f"  {name}: {keys[0]} # {said}"
        else:
            yield f"  # {name}: # {said}"


def _key(words: str) -> str:
    return "_".join("".join(one if one.isalnum() else " " for one in words.lower()).split())
