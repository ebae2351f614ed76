"""The rows of a CHINT meter where DL/T 645 has them. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from gridward_chint.dlt645_dialect import Bcd, placed
from gridward_chint.entities import ABOUT
from gridward_chint.rows import DIRECTION, LINES
from gridward_kit.entity import NET_ENERGY, Category, Entity, Sensor

ONE, THREE = "ddsu666", "dtsu666"
PHASES = ("_l1", "_l2", "_l3")
COMBINED = Sensor("combined_energy", "Combined energy", None, NET_ENERGY)
SERIAL_NUMBER = Sensor("serial_number", "Serial number", category=Category.DIAGNOSTIC)


def rows(model: str, *, old: bool = False, named: bool = True) -> tuple[Entity, ...]:
    """All that such a meter may have (`old`: by the standard of 1997); `named`: it also tells its number."""
    sensors = (*_sensors(model), COMBINED, *((SERIAL_NUMBER,) if named else ()))
    return (*placed(sensors, old=old), DIRECTION)


def _sensors(model: str) -> Iterator[Sensor]:
    for key, about in ABOUT.items():
        of_one = not key.endswith(PHASES) and not key.startswith("reactive_energy")
        if key in LINES or not (of_one if model == ONE else key not in ("voltage", "current")):
            continue
        category = None if about.main else Category.DIAGNOSTIC
        yield Sensor(
            key, about.name, None, about.quantity, category=category, enabled=about.main, limits=about.limits
        )


def turned(found: Sequence[Entity]) -> Iterator[Entity]:
    """The meter the other way round: signs change, and what was counted as imported was exported."""
    others = {"import": "export", "export": "import", "q1": "q3", "q2": "q4", "q3": "q1", "q4": "q2"}
    places = {row.key: row.at for row in found}
    for row in found:
        other = "_".join(others.get(part, part) for part in row.key.split("_"))
        at = places.get(other)
        if isinstance(at, Bcd) and row.key in ABOUT and ABOUT[row.key].signed:
            at = replace(at, scale=-at.scale)
        if at is not None and row.key != "combined_energy":
            yield replace(row, at=at)
