"""The store's readings as files, and files as readings: CSV in rows or in columns, and line protocol."""

import csv
import hashlib
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from itertools import groupby
from pathlib import Path

from gridward.recorder.lines import Reading, lines
from gridward.recorder.schema import read_only
from gridward.recorder.store import About, Parcel, Store
from gridward_kit.clock import iso
from gridward_kit.point import Value

NOTHING = frozenset({"", "null", "\\n", "nan", "inf", "-inf", "none"})
HEADER = ("time", "device", "key", "value", "form", "kind", "integration")
AT_ONCE = 2000
EARLIEST = 946_684_800.0  # 2000: what a table of before us may hold, and 1970 may not
QUERY = (
    "SELECT raw.ts, raw.series, raw.value, device, key, form, kind, integration "
    "FROM raw CROSS JOIN series ON series.id = raw.series "
    "WHERE raw.ts >= ?1 AND raw.ts < ?2 AND (?3 IS NULL OR device = ?3) ORDER BY raw.ts, raw.series"
)


@dataclass(frozen=True, slots=True)
class Span:
    """Which readings: from `start` up to before `end` (s since 1970), of one device or of all."""

    start: float = -1e10
    end: float = 1e10
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """How to read a table with a column for each entity: whose it is, and which column is which key.

    `zone` is that of times which do not say theirs; a key's numbers are multiplied by its scale.
    """

    device: str
    keys: Mapping[str, str]
    zone: tzinfo
    time: str = "time"
    about: About = field(default_factory=About)
    scales: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Taken:
    """What became of a file: how many rows are stored now, and the reasons of the others by line number."""

    rows: int = 0
    left: dict[int, str] = field(default_factory=dict)


def readings(path: Path, span: Span) -> Iterator[Reading]:
    """What the store holds of a span, in order of time; raises sqlite3.Error."""
    given = (round(span.start * 1000), round(span.end * 1000), span.device)
    with closing(read_only(path)) as connection:
        for row in connection.execute(QUERY, given):
            yield Reading(*row)


def csv_lines(found: Iterable[Reading]) -> Iterator[str]:
    """A header and a line for each reading; flags are 0 and 1, times ISO 8601 in UTC."""
    yield _csv(HEADER)
    for one in found:
        yield _csv((iso(one.ts / 1000), one.device, one.key, one.value, one.form, one.kind, one.integration))


def protocol_lines(site: str, found: Iterable[Reading]) -> Iterator[str]:
    """Line protocol with times in ms, as it goes to the databases that follow."""
    for _, moment in groupby(found, lambda one: one.ts):
        yield from lines(site, moment)


def take_in(store: Store, path: Path, now: float, columns: Columns | None = None) -> Taken:
    """Store a CSV file's readings: an export of ours, or a table in columns. The same file twice is once;
    read by other columns it is stored anew.

    Raises ValueError or csv.Error for a file that is neither, OSError, or what the store raises.
    """
    data = path.read_bytes()
    read_by = b"" if columns is None else repr((columns.device, columns.keys, columns.scales)).encode()
    boot = f"import-{hashlib.sha256(data + read_by).hexdigest()[:24]}"
    rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    wanted = HEADER if columns is None else (columns.time, *columns.keys)
    missing = [name for name in wanted if name not in (rows.fieldnames or ())]
    if missing:
        raise ValueError(f"{path} has no column {', '.join(missing)}")
    taken = Taken()
    for number, row in enumerate(rows, start=1):
        try:
            device, at, values, about = _entry(row) if columns is None else _entries(row, columns)
            if not EARLIEST <= at <= now:
                raise ValueError("a time in the future, or before 2000")
        except ValueError as error:
            taken.left[rows.line_num] = str(error)
            continue
        store.describe(device, about)
        store.add(Parcel(device, boot, number, at, values, number))
        taken.rows += 1
        if store.waiting >= AT_ONCE:
            store.commit()
    store.commit()
    return taken


def _entry(row: Mapping[str, str | None]) -> tuple[str, float, dict[str, Value], About]:
    cells = {name: row.get(name) or "" for name in HEADER}
    if not cells["device"] or not cells["key"]:
        raise ValueError("no device or no key")
    value: Value = cells["value"]
    if cells["form"] != "text":
        value = _number(cells["value"])
    if cells["form"] == "flag":
        value = bool(value)
    about = About(cells["kind"] or None, cells["integration"] or None)
    return cells["device"], _moment(cells["time"], None), {cells["key"]: value}, about


def _entries(row: Mapping[str, str | None], columns: Columns) -> tuple[str, float, dict[str, Value], About]:
    """An empty cell, or one that says that there is no number, is a reading that was not made."""
    cells = {key: (row.get(name) or "").strip() for name, key in columns.keys.items()}
    values = {key: _plain(cell) for key, cell in cells.items() if cell.lower() not in NOTHING}
    for key, scale in columns.scales.items():
        value = values.get(key)
        if isinstance(value, int | float):
            values[key] = value * scale
    return columns.device, _moment(row.get(columns.time) or "", columns.zone), values, columns.about


def _plain(cell: str) -> Value:
    try:
        return _number(cell)
    except ValueError:
        return cell


def _number(cell: str) -> float | int:
    try:
        return int(cell)
    except ValueError:
        value = float(cell)
    if not math.isfinite(value):
        raise ValueError(f"{cell} is no number")
    return value


def _moment(cell: str, zone: tzinfo | None) -> float:
    """ISO 8601, or seconds since 1970; where no zone is said, in `zone`."""
    try:
        return float(cell)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        raise ValueError(f"{cell!r} is no time") from None
    if moment.tzinfo is None and zone is None:
        raise ValueError(f"{cell!r} does not say its zone")
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()


def _csv(cells: Iterable[float | int | str | None]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()
