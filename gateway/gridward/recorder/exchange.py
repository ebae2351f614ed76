"""The store's readings as files, and files as readings: CSV in rows or in columns, and line protocol."""

import csv
import hashlib
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from itertools import groupby
from pathlib import Path

from gridward.recorder.lines import Reading, lines
from gridward.recorder.rows import Counted
from gridward.recorder.schema import read_only
from gridward.recorder.store import About, Parcel, Store
from gridward_kit.clock import iso
from gridward_kit.point import Value

NOTHING = frozenset({"", "null", "\\n", "nan", "inf", "-inf", "none"})
HEADER = ("time", "device", "key", "value", "form", "kind", "integration")
AT_ONCE = 5000  # readings: a recorder that runs beside waits for its turn to write
SHOWN = 20
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
class Cell:
    """How a column's cells become values: by their words where it has some, and no others; else numbers,
    times `scale` plus `offset`."""

    scale: float = 1.0
    offset: float = 0.0
    words: Mapping[str, Value] = field(default_factory=dict)

    def value(self, cell: str) -> Value | None:
        """What a cell says; None for a word that is not known."""
        value = _plain(cell)
        if self.words:
            return self.words.get(cell if isinstance(value, str) else f"{value:g}")
        plain = isinstance(value, str) or (self.scale, self.offset) == (1.0, 0.0)
        return value if plain else float(value) * self.scale + self.offset


@dataclass(frozen=True, slots=True)
class Made:
    """A key that is made of two others: their `product`, or else their difference."""

    key: str
    product: bool
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Columns:
    """How to read a table with a column for each entity: whose it is, and which column is which key.

    `zone` is that of times which do not say theirs; `cells` tells of a key how its column is read; `made` are
    keys that have no column.
    """

    device: str
    keys: Mapping[str, str]
    zone: tzinfo
    time: str = "time"
    about: About = field(default_factory=About)
    cells: Mapping[str, Cell] = field(default_factory=dict)
    made: tuple[Made, ...] = ()


PLAIN = Cell()


@dataclass(slots=True)
class Taken:
    """What became of a file: how many rows it had for us, how many readings in them were new or there
    already, how many rows were left out, and the reasons of the first `SHOWN` of these by line number."""

    rows: int = 0
    readings: Counted = field(default_factory=Counted)
    left: int = 0
    reasons: dict[int, str] = field(default_factory=dict)

    def leave(self, line: int, reason: str) -> None:
        """Count a row that is left out."""
        self.left += 1
        if self.left <= SHOWN:
            self.reasons[line] = reason


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
    """Store a CSV file's readings: an export of ours, or a table in columns. A reading that is there already
    stays once, in whichever file it comes again.

    Raises ValueError or csv.Error for a file that is neither, OSError, or what the store raises.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(b"" if columns is None else repr(replace(columns, zone=UTC)).encode())
    boot = f"import-{digest.hexdigest()[:24]}"
    taken, before, at, waiting = Taken(), store.counted, -math.inf, 0
    with path.open(encoding="utf-8-sig", newline="") as table:
        rows = csv.DictReader(table)
        wanted = HEADER if columns is None else (columns.time, *columns.keys)
        missing = [name for name in wanted if name not in (rows.fieldnames or ())]
        if missing:
            raise ValueError(f"{path} has no column {', '.join(missing)}")
        for number, row in enumerate(rows, start=1):
            try:
                device, at, values, about = _entry(row) if columns is None else _entries(row, columns, at)
                if not EARLIEST <= at <= now:
                    raise ValueError("a time in the future, or before 2000")
            except ValueError as error:
                taken.leave(rows.line_num, str(error))
                continue
            store.describe(device, about)
            store.add(Parcel(device, boot, number, at, values, number, old=True))
            taken.rows += 1
            waiting += len(values)
            if waiting >= AT_ONCE:
                store.commit()
                waiting = 0
    store.commit()
    taken.readings = store.counted - before
    return taken


def told(taken: Taken) -> str:
    """What became of a file's readings, in words."""
    found = taken.readings
    other = f" ({found.changed} with another value)" if found.changed else ""
    return f"{taken.rows} rows: {found.new} new readings, {found.there + found.changed} there already{other}"


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


def _entries(
    row: Mapping[str, str | None], columns: Columns, before: float
) -> tuple[str, float, dict[str, Value], About]:
    """An empty cell, or one that says that there is no number, is a reading that was not made.

    `before` is the time of the row before.
    """
    cells = {key: (row.get(name) or "").strip() for name, key in columns.keys.items()}
    values: dict[str, Value] = {}
    for key, cell in cells.items():
        value = None if cell.lower() in NOTHING else columns.cells.get(key, PLAIN).value(cell)
        if value is not None:
            values[key] = value
    for made in columns.made:
        first, second = values.get(made.first), values.get(made.second)
        if isinstance(first, int | float) and isinstance(second, int | float):
            values[made.key] = first * second if made.product else first - second
    at = _moment(row.get(columns.time) or "", columns.zone, before)
    return columns.device, at, values, columns.about


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


def _moment(cell: str, zone: tzinfo | None, before: float = -math.inf) -> float:
    """ISO 8601, or seconds since 1970; where no zone is said, in `zone`.

    In the night when clocks are set back an hour is there twice: the second time where the row `before`, a
    time of the same file, would else be later.
    """
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
    if moment.tzinfo is not None:
        return moment.timestamp()
    first, second = (moment.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    return second if first < before <= second else first


def _csv(cells: Iterable[float | int | str | None]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()
