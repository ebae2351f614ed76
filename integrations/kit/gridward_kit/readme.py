"""The table of values in each integration's README, written from its entity table.

It stands between `<!-- values -->` and `<!-- /values -->`; those of a folder's further integrations between
`<!-- values of NAME -->` and `<!-- /values -->`. `python -m gridward_kit.readme TREE` writes what is not
current.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from itertools import groupby
from pathlib import Path

from gridward_kit.discovery import component
from gridward_kit.entity import BinarySensor, Entity, Number, Select, Sensor
from gridward_kit.integration import integrations

BEGIN, END = "<!-- values -->", "<!-- /values -->"
HEAD = "| key | name | unit | in Home Assistant | set |\n|---|---|---|---|---|\n"
DIGITS = re.compile(r"\d+")


def generate(tree: Path, *, write: bool) -> list[Path]:
    """The README files whose table is missing or not current; written, if asked to."""
    changed = []
    for path in sorted(tree.glob("integrations/*/README.md")):
        marks = marks_of(path.parent.name)
        before = after = path.read_text("utf-8")
        for domain, begin in marks.items():
            after = filled(after, begin, table(integrations()[domain].entities({})))
        if after != before or any(begin not in before or END not in before for begin in marks.values()):
            changed.append(path)
            if write:
                path.write_text(after, "utf-8")
    return changed


def marks_of(folder: str) -> dict[str, str]:
    """The integrations of a folder, and the mark before each one's table."""
    homes = {
        entry.name: entry.module.partition(".")[0] for entry in entry_points(group="gridward.integrations")
    }
    return {
        name: BEGIN if name == folder else f"<!-- values of {name} -->"
        for name, home in sorted(homes.items())
        if folder == name or home == f"gridward_{folder}"
    }


def filled(text: str, mark: str, values: str) -> str:
    """The document with the table between its marks; unchanged where it has none."""
    before, begin, rest = text.partition(mark)
    _, end, after = rest.partition(END)
    if not begin or not end:
        return text
    return f"{before}{mark}\n{values}{END}{after}"


def table(rows: Iterable[Entity]) -> str:
    """The value table in Markdown; numbered rows that are otherwise alike (cells) share a line."""
    alike = groupby(rows, key=lambda row: (DIGITS.sub("#", row.key), *_cells(row)))
    return HEAD + "".join(line for _, group in alike for line in _lines(tuple(group)))


def _lines(group: tuple[Entity, ...]) -> Iterator[str]:
    if len(group) < 3:
        yield from (_line(f"`{row.key}`", row.name, row) for row in group)
        return
    first, last = group[0], group[-1]
    yield _line(
        f"`{first.key}` to `{last.key}`", f"{first.name} to {last.name[0].lower()}{last.name[1:]}", first
    )


def _line(key: str, name: str, row: Entity) -> str:
    return f"| {' | '.join((key, name, *_cells(row)))} |\n"


def _cells(row: Entity) -> tuple[str, str, str]:
    return row.quantity.unit or "", _shown(row), _set(row)


def _shown(row: Entity) -> str:
    quantity = row.device_class if isinstance(row, BinarySensor) else row.quantity.device_class
    words = [component(row, writable=True), quantity or "", str(row.category or "")]
    if not row.enabled:
        words.append("off at first")
    return ", ".join(word for word in words if word)


def _set(row: Entity) -> str:
    text = _bounds(row)
    if text and row.setting is not None and row.setting.wear == "stored":
        text += "; stored"
    return f"{text}; expert" if text and row.expert else text


def _bounds(row: Entity) -> str:
    if isinstance(row, Select):
        return ", ".join(f"`{option}`" for option in row.options)
    if isinstance(row, Number):
        if row.only:
            return ", ".join(f"{value:g}" for value in row.only)
        return f"{row.low:g} to {row.high:g} by {row.step:g}"
    return "" if isinstance(row, Sensor | BinarySensor) else "yes"


if __name__ == "__main__":
    for path in generate(Path(sys.argv[1]), write=True):
        sys.stdout.write(f"{path}: table written\n")
