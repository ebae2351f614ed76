"""Mapping files: which column of a foreign table is which of our entities."""

from pathlib import Path
from zoneinfo import ZoneInfo

from gridward import values
from gridward.document import Plain, Reader, SiteFault
from gridward.recorder.exchange import Cell, Columns, Made
from gridward.recorder.store import About
from gridward.section import Section
from gridward.values import Wrong
from gridward_kit.point import Value

LARGEST = 1e9


def read_mapping(path: Path, zone: ZoneInfo) -> Columns:
    """The mapping in a file; `zone` is that of times where neither they nor the file says one.

    Raises SiteFault with every fault by file and line.
    """
    reader = Reader(path.parent)
    node = reader.read(path)
    faults = reader.faults
    if node is not None and not isinstance(node.content, dict):
        faults.append(node.fault("a mapping with `device`, `time` and `columns`"))
    if node is None or not isinstance(node.content, dict):
        raise SiteFault(tuple(faults))
    top = Section(node, faults)
    top.need("version", values.whole(1, 1), 1, "the file's version")
    columns, cells = _columns(top.part("columns"))
    top.require("columns", "as in `var7: battery_voltage`")
    found = Columns(
        device=top.need("device", values.identifier, "", "the device's id in the site file"),
        keys=columns,
        zone=top.take("zone", values.zone, zone),
        time=top.take("time", values.text, "time"),
        about=About(top.take("kind", values.text, None)),
        cells=cells,
        made=_made(top.part("made"), frozenset(columns.values())),
    )
    top.close()
    if faults:
        raise SiteFault(tuple(faults))
    return found


def _columns(section: Section | None) -> tuple[dict[str, str], dict[str, Cell]]:
    """Keys by column, and by key how its column is read where it is not taken as it is."""
    keys: dict[str, str] = {}
    cells: dict[str, Cell] = {}
    for name, node in {} if section is None else section.entries.items():
        if section is not None and isinstance(node.content, dict):
            part = Section(node, section.faults)
            keys[name] = part.need("key", _key, "", "an entity's key")
            scale = part.take("scale", values.number(-LARGEST, LARGEST), 1.0)
            offset = part.take("offset", values.number(-LARGEST, LARGEST), 0.0)
            cells[keys[name]] = Cell(scale, offset, part.take("words", _words, {}))
            part.close()
        elif section is not None:
            keys[name] = section.take(name, _key, "")
    twice = {key for key in keys.values() if key and list(keys.values()).count(key) > 1}
    if section is not None and twice:
        section.faults.append(section.node.fault("each key once", f"{', '.join(sorted(twice))} twice"))
    return {name: key for name, key in keys.items() if key}, cells


def _words(value: Plain) -> dict[str, Value]:
    if (
        not isinstance(value, dict)
        or not value
        or not all(isinstance(one, str | bool) for one in value.values())
    ):
        raise Wrong("what each cell means, as {0: idle, 1: charging} or {0: false, 1: true}")
    return {str(cell): one for cell, one in value.items() if isinstance(one, str | bool)}


def _made(section: Section | None, known: frozenset[str]) -> tuple[Made, ...]:
    """Keys made of two others, which are columns or made before."""
    found: list[Made] = []
    for name in () if section is None else section.entries:
        part = None if section is None else section.part(name)
        if part is None:
            continue
        product, difference = part.take("product", _pair, None), part.take("difference", _pair, None)
        part.close()
        pair = product or difference
        there = known | {made.key for made in found}
        if name in there or pair is None or (product and difference) or not there.issuperset(pair):
            part.faults.append(part.node.fault("a new key: `product` or `difference` of two that are there"))
        else:
            found.append(Made(name, product is not None, *pair))
    return tuple(found)


def _pair(value: Plain) -> tuple[str, str]:
    if not isinstance(value, list) or len(value) != 2:
        raise Wrong("two keys, as [voltage, current]")
    return _key(value[0]), _key(value[1])


def _key(value: Plain) -> str:
    if not isinstance(value, str):
        raise Wrong("an entity's key, as battery_voltage")
    return values.identifier(value)
