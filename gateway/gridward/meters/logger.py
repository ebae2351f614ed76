"""What an operator's former logger leaves: its list of meters, and its history as CSV."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from hashlib import sha256
from pathlib import Path

from gridward.document import Fault, Node, Reader, SiteFault
from gridward.meters.meter import AddressRules
from gridward.recorder.store import About, Parcel, Store
from gridward.site import Site
from gridward_kit.point import Value

NAME = re.compile(r"[a-z0-9_]{1,40}")
MODELS: Mapping[str, str] = {"1phase": "ddsu666", "3phase": "dtsu666"}
COLUMN = re.compile(r"(?P<what>[A-Z]+)(?:_(?P<part>L[123]|total))?(?:_(?P<unit>[A-Za-z]+))?")
QUANTITIES: Mapping[str, str] = {
    "V": "voltage",
    "I": "current",
    "P": "power",
    "Q": "reactive_power",
    "S": "apparent_power",
    "PF": "power_factor",
    "F": "frequency",
    "E": "import_energy",
}
UNITS: Mapping[str | None, tuple[str | None, float]] = {
    "V": ("V", 1),
    "A": ("A", 1),
    "kW": ("W", 1000),
    "W": ("W", 1),
    "kvar": ("var", 1000),
    "var": ("var", 1),
    "kVA": ("VA", 1000),
    "VA": ("VA", 1),
    "kWh": ("kWh", 1),
    "Hz": ("Hz", 1),
    None: (None, 1),
}
LEADING = ("timestamp", "meter_id")


@dataclass(frozen=True, slots=True)
class Entry:
    """One meter of the former logger."""

    address: int
    name: str
    phases: str
    enabled: bool


def configured(file: Path, rules: AddressRules) -> list[Entry]:
    """The meters of a logger's configuration; raises SiteFault with every fault in it."""
    reader = Reader(file.parent)
    root = reader.read(file)
    faults = reader.faults
    listed = root.content.get("meters") if root is not None and isinstance(root.content, dict) else None
    if listed is None or not isinstance(listed.content, list):
        place = root or Node(file, 1, None)
        raise SiteFault((*faults, place.fault("`meters:` with a list of id, name, type, enabled")))
    entries: list[Entry] = []
    for node in listed.content:
        entry = _entry(node, rules, faults)
        if entry is None:
            continue
        if entry.address in [other.address for other in entries]:
            faults.append(node.fault("another id", f"id {entry.address} a second time"))
        if entry.name in [other.name for other in entries]:
            faults.append(node.fault("another name", f"name `{entry.name}` a second time"))
        entries.append(entry)
    if faults:
        raise SiteFault(tuple(faults))
    return entries


def _entry(node: Node, rules: AddressRules, faults: list[Fault]) -> Entry | None:
    told = node.plain()
    if not isinstance(told, dict):
        faults.append(node.fault("a mapping of id, name, type, enabled"))
        return None
    address, name, phases = told.get("id"), told.get("name"), told.get("type")
    enabled = told.get("enabled", True)
    if not isinstance(address, int) or isinstance(address, bool):
        faults.append(node.at(["id"]).fault("`id`: a whole number from 2 to 247"))
        return None
    if not isinstance(name, str) or not NAME.fullmatch(name):
        faults.append(node.at(["name"]).fault("`name`: a to z, 0 to 9 and _"))
        return None
    if not isinstance(phases, str) or phases not in MODELS:
        faults.append(node.at(["type"]).fault("`type`: 1phase or 3phase"))
        return None
    if not isinstance(enabled, bool):
        faults.append(node.at(["enabled"]).fault("`enabled`: true or false"))
        return None
    fault = rules.fault(phases, address)
    if fault is not None:
        faults.append(node.at(["id"]).fault(fault))
    return Entry(address, name, phases, enabled)


def site_lines(entries: Iterable[Entry], home: Site | None) -> str:
    """The devices for the site file, those that are switched off or there already left out as comments."""
    there = {device.id for device in home.all_devices()} if home is not None else set()
    lines = ["    devices:"]
    for entry in entries:
        row = (
            f"- {{id: {entry.name}, integration: chint, model: {MODELS[entry.phases]}, "
            f"address: {entry.address}}}"
        )
        note = "" if entry.enabled else "  # it was switched off"
        mark = "# " if entry.name in there or not entry.enabled else ""
        lines.append(f"      {mark}{row}{'  # the site has this id' if entry.name in there else note}")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Past:
    """One row of a history: device, time in seconds since 1970, values in our units."""

    device: str
    at: float
    values: Mapping[str, Value]


def is_history(file: Path) -> bool:
    """Whether a CSV begins with the former logger's columns."""
    if file.suffix.lower() != ".csv":
        return False
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as opened:
        head = next(csv.reader(opened), [])
    return tuple(cell.strip() for cell in head[:2]) == LEADING


def history(file: Path, zone: tzinfo, device: str | None = None) -> list[Past]:
    """The rows of a history; a cell without a number is absent. Raises ValueError that names every bad place.

    Times without a zone are the site's; in the hour that autumn has twice, one that does not come after the
    meter's row before it is the second's. The device is `meter_NNN` by the meter's id, unless it is named.
    """
    faults: list[str] = []
    rows: list[Past] = []
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.reader(opened)
            keys = _keys(next(reader, []), faults)
            for number, row in enumerate(reader, 2):
                if row:
                    _past(number, row, keys, (zone, device), rows, faults)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file}: no CSV in UTF-8 ({error}); nothing was imported") from None
    if faults:
        raise ValueError(f"{file}: nothing was imported:\n" + "\n".join(faults))
    return rows


def _keys(head: Sequence[str], faults: list[str]) -> list[tuple[str, float]]:
    """Key and factor of each column behind time and meter."""
    keys = []
    for place, title in enumerate(head[2:], 3):
        match = COLUMN.fullmatch(title.strip())
        what = QUANTITIES.get(match["what"]) if match else None
        if match is None or what is None or match["unit"] not in UNITS:
            faults.append(f"row 1, column {place}: found `{title}`; expected one as V_L1_V, P_total_kW")
            continue
        part = (match["part"] or "total").lower()
        keys.append((what if part == "total" else f"{what}_{part}", UNITS[match["unit"]][1]))
    return keys


def _past(
    number: int,
    row: Sequence[str],
    keys: Sequence[tuple[str, float]],
    where: tuple[tzinfo, str | None],
    rows: list[Past],
    faults: list[str],
) -> None:
    zone, device = where
    try:
        moment = datetime.fromisoformat(row[0].strip())
    except ValueError:
        faults.append(f"row {number}, timestamp: found `{row[0]}`; expected a time as 2026-11-21 14:15:00")
        return
    meter = row[1].strip() if len(row) > 1 else ""
    if not meter.isdigit() and not NAME.fullmatch(meter):
        faults.append(f"row {number}, meter_id: found `{meter}`; expected the meter's number or name")
        return
    name = device or (f"meter_{int(meter):03d}" if meter.isdigit() else meter)
    values: dict[str, Value] = {}
    for place, ((key, factor), cell) in enumerate(zip(keys, row[2:], strict=False), 3):
        if not cell.strip():
            continue
        try:
            values[key] = round(float(cell) * factor, 6)
        except ValueError:
            faults.append(f"row {number}, column {place}: found `{cell}`; expected a number, or nothing")
    single = {key.removesuffix("_l1") for key in values if key.endswith("_l1")}
    if not any(key.endswith("_l2") for key, _ in keys):
        values = {key.removesuffix("_l1") if key.removesuffix("_l1") in single else key: value
                  for key, value in values.items()}  # fmt: skip
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    at, again = moment.timestamp(), moment.replace(fold=1).timestamp()
    before = next((one.at for one in reversed(rows) if one.device == name), at - 1)
    rows.append(Past(name, again if at <= before < again else at, values))


def stored(rows: Sequence[Past], path: Path) -> int:
    """Put a history into the store's telemetry, each row once however often it is imported; how many came.

    Raises what the store raises.
    """
    store = Store(path)
    try:
        before = store.count()
        for device in dict.fromkeys(row.device for row in rows):
            units: dict[str, str | None] = {}
            mine = sorted((row for row in rows if row.device == device), key=lambda row: row.at)
            for row in mine:
                units |= {key: _unit(key) for key in row.values}
                boot = f"import-{sha256(f'{row.at:.3f}'.encode()).hexdigest()[:16]}"
                store.add(Parcel(device, boot, 1, row.at, row.values, 1))
            store.describe(device, About("meter", "chint", units))
            store.commit()
        return store.count() - before
    finally:
        store.close()


def _unit(key: str) -> str | None:
    base = re.sub(r"_l[123]$", "", key)
    return {
        "voltage": "V",
        "current": "A",
        "power": "W",
        "reactive_power": "var",
        "apparent_power": "VA",
        "frequency": "Hz",
        "import_energy": "kWh",
    }.get(base)
