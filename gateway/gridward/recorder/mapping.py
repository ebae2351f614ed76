"""Mapping files: which column of a foreign table is which of our entities."""

from pathlib import Path
from zoneinfo import ZoneInfo

from gridward import values
from gridward.document import Plain, Reader, SiteFault
from gridward.recorder.exchange import Columns
from gridward.recorder.store import About
from gridward.section import Section
from gridward.values import Wrong

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
    columns, scales = _columns(top.part("columns"))
    top.require("columns", "as in `var7: battery_voltage`")
    found = Columns(
        device=top.need("device", values.identifier, "", "the device's id in the site file"),
        keys=columns,
        zone=top.take("zone", values.zone, zone),
        time=top.take("time", values.text, "time"),
        about=About(top.take("kind", values.text, None)),
        scales=scales,
    )
    top.close()
    if faults:
        raise SiteFault(tuple(faults))
    return found


def _columns(section: Section | None) -> tuple[dict[str, str], dict[str, float]]:
    """Keys by column, and what a column's numbers are multiplied by."""
    keys: dict[str, str] = {}
    scales: dict[str, float] = {}
    for name, node in {} if section is None else section.entries.items():
        if section is not None and isinstance(node.content, dict):
            part = Section(node, section.faults)
            keys[name] = part.need("key", _key, "", "an entity's key")
            scales[keys[name]] = part.take("scale", values.number(-LARGEST, LARGEST), 1.0)
            part.close()
        elif section is not None:
            keys[name] = section.take(name, _key, "")
    twice = {key for key in keys.values() if key and list(keys.values()).count(key) > 1}
    if section is not None and twice:
        section.faults.append(section.node.fault("each key once", f"{', '.join(sorted(twice))} twice"))
    return {name: key for name, key in keys.items() if key}, scales


def _key(value: Plain) -> str:
    if not isinstance(value, str):
        raise Wrong("an entity's key, as battery_voltage")
    return values.identifier(value)
