"""The named thresholds of a rule file: its own, those of the file that it extends, and the site's."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gridward import values
from gridward.document import Node, Plain
from gridward.rules.amount import floored
from gridward.rules.asking import moment
from gridward.section import Section

STEP = 0.1  # V
MOST_CELLS = 32
_number = values.number(-1e6, 1e6)


def threshold(value: Plain) -> float | str:
    """A number, a time of day or a day of the year."""
    return moment(value) if isinstance(value, str) else _number(value)


def per_cells(volts: float, cells: int, written_for: int) -> float:
    """A voltage of a whole bank for another number of cells, downwards to 0.1 V: the careful side of full."""
    return floored(volts * cells / written_for, STEP)


@dataclass(slots=True)
class Thresholds:
    """`own` extends `base`, or is the same; `wished` are the site's. `cells` are those in series."""

    own: Section
    base: Section
    wished: Mapping[str, Node]
    cells: int | None = field(default=None, init=False)

    def read(self) -> dict[str, float | str]:
        """Every threshold by name; the last of base, own and site counts. Faults go to the section's."""
        count = values.whole(1, MOST_CELLS)
        written_for = self.base.take("cells", count, None)
        self.cells = self.own.take("cells", count, written_for)
        found = self._settings(self.base)
        self._scale(found, written_for)
        if self.own is not self.base:
            section = self.own.part("settings")
            self._override(found, {} if section is None else section.entries)
        self._override(found, self.wished)
        return found

    def _settings(self, top: Section) -> dict[str, float | str]:
        section = top.part("settings")
        entries = {} if section is None else section.entries
        zero: float | str = 0.0
        return {} if section is None else {name: section.take(name, threshold, zero) for name in entries}

    def _scale(self, found: dict[str, float | str], written_for: int | None) -> None:
        """Bring the voltages of a whole bank to this number of cells."""
        names: tuple[str, ...] = self.base.take("pack_voltages", values.words, ())
        for place, name in enumerate(names):
            volts = found.get(name)
            if not isinstance(volts, float):
                node = self.base.node.at(["pack_voltages", place])
                self.base.faults.append(node.fault(f"a setting's name{values.nearest(name, found)}"))
            elif self.cells is not None and written_for not in (None, self.cells):
                found[name] = per_cells(volts, self.cells, written_for)

    def _override(self, found: dict[str, float | str], entries: Mapping[str, Node]) -> None:
        for name, node in entries.items():
            if name not in found:
                nearest = values.nearest(name, found)
                self.base.faults.append(node.fault(f"a setting of this policy{nearest}", f"`{name}`"))
                continue
            own = Section(Node(node.file, node.line, {name: node}), self.base.faults)
            known = found[name]
            found[name] = own.take(name, moment if isinstance(known, str) else _number, known)
