"""What the store holds, for readers: each call opens the store anew, so any thread or process may ask."""

import json
import math
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from gridward.recorder.rollup import HOUR, MINUTE, mark
from gridward.recorder.schema import STEPS, read_only
from gridward_kit.kept import Json
from gridward_kit.point import Value

RAW_SPAN = 6 * HOUR
TABLES = {"minutes": ("minute", MINUTE), "hours": ("hour", HOUR)}

Row = tuple[int, float, float, float, float, int]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a history: least, mean, greatest and last value of `count` readings from `at` (s) on."""

    at: float
    min: float
    mean: float
    max: float
    last: float
    count: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A value as it was at a moment (s since 1970)."""

    at: float
    value: Value


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the audit, at seconds since 1970."""

    at: float
    content: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Series:
    """What one entity's readings are kept under; `form` is number, flag or text."""

    id: int
    device: str
    key: str
    form: str
    unit: str | None
    kind: str | None
    integration: str | None


class History:
    """Reads a store. Where there is none yet, there is no history; raises sqlite3.Error for a broken one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def series(self, device: str | None = None) -> tuple[Series, ...]:
        """All series, or one device's."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT id, device, key, form, unit, kind, integration FROM series "
                "WHERE ?1 IS NULL OR device = ?1 ORDER BY device, key",
                (device,),
            )
            return tuple(Series(*row) for row in rows)

    def history(self, device: str, key: str, start: float, end: float, step: float) -> list[Step]:
        """An entity's numbers (or flags, as 0 and 1) from `start` up to before `end`, by steps (all in s).

        Steps are counted from `start`; one without readings is left out. Below a minute's step readings
        are taken as they came, for at most six hours; else from the minutes, from an hour's step on from
        the hours, and what is not summed up yet from the readings. A minute or hour counts at its begin.
        """
        if not (0 < step < math.inf and -1e10 < start < end < 1e10):
            return []
        low, high, length = round(start * 1000), round(end * 1000), max(1, round(step * 1000))
        with self._open() as connection:
            bins: dict[int, list[Row]] = {}
            for series in _numeric(connection, device, key):
                for row in _rows(connection, series, low, high, length):
                    bins.setdefault((row[0] - low) // length, []).append(row)
        return [_joined((low + place * length) / 1000, bins[place]) for place in sorted(bins)]

    def changes(self, device: str, key: str, start: float, end: float) -> list[Stored]:
        """When a text or flag became another one, begun with the first reading from `start` (s) on."""
        found: list[Stored] = []
        with self._open() as connection:
            rows = connection.execute(
                "SELECT ts, value, form FROM raw JOIN series ON series.id = raw.series "
                "WHERE ts >= ? AND ts < ? AND device = ? AND key = ? ORDER BY ts",
                (round(start * 1000), round(end * 1000), device, key),
            )
            for ts, raw, form in rows:
                value = _value(raw, form)
                if not found or found[-1].value != value:
                    found.append(Stored(ts / 1000, value))
        return found

    def first(self) -> float | None:
        """When the store begins (s since 1970); None while it is empty."""
        with self._open() as connection:
            moments = [connection.execute("SELECT min(ts) FROM raw").fetchone()]
            moments += [
                connection.execute(
                    f"SELECT min((SELECT min({unit}) FROM {table} WHERE series = id)) * {length} "  # noqa: S608
                    "FROM series"
                ).fetchone()
                for table, (unit, length) in TABLES.items()
            ]
        known = [row[0] for row in moments if row is not None and row[0] is not None]
        return min(known) / 1000 if known else None

    def events(
        self, start: float, end: float, wanted: Callable[[Event], bool] | None = None, most: int | None = None
    ) -> list[Event]:
        """The audit from `start` up to before `end` (s), oldest first; the newest `most` that are wanted.

        It is read from the newest on, and no further than it must be.
        """
        found: list[Event] = []
        with self._open() as connection:
            for ts, content in connection.execute(
                "SELECT ts, content FROM audit WHERE ts >= ? AND ts < ? ORDER BY ts DESC, id DESC",
                (round(start * 1000), round(end * 1000)),
            ):
                event = Event(ts / 1000, json.loads(content))
                if wanted is None or wanted(event):
                    found.append(event)
                if len(found) == most:
                    break
        return found[::-1]

    def audited(self) -> int:
        """The number of the newest audit event; another one says that there is something new to read."""
        with self._open() as connection:
            row = connection.execute("SELECT max(id) FROM audit").fetchone()
        return row[0] or 0

    def count(self) -> int:
        """How many readings were ever stored."""
        with self._open() as connection:
            return mark(connection, "readings") or 0

    def _open(self) -> closing[sqlite3.Connection]:
        if not self.path.exists():
            empty = sqlite3.connect(":memory:")
            empty.executescript("".join(STEPS))
            return closing(empty)
        return closing(read_only(self.path))


def _numeric(connection: sqlite3.Connection, device: str, key: str) -> list[int]:
    rows = connection.execute(
        "SELECT id FROM series WHERE device = ? AND key = ? AND form <> 'text'", (device, key)
    )
    return [row[0] for row in rows]


def _rows(connection: sqlite3.Connection, series: int, low: int, high: int, length: int) -> Iterator[Row]:
    level = "raw" if length < MINUTE and high - low <= RAW_SPAN else "minutes" if length < HOUR else "hours"
    for table, start, end in _segments(connection, low, high, level):
        if table == "raw":
            rows = connection.execute(
                "SELECT ts, value FROM raw WHERE ts >= ? AND ts < ? AND series = ? ORDER BY ts",
                (start, end, series),
            )
            yield from ((ts, value, value, value, value, 1) for ts, value in rows)
        else:
            unit, scale = TABLES[table]
            yield from connection.execute(
                f"SELECT {unit} * {scale}, min, mean, max, last, count FROM {table} "  # noqa: S608
                f"WHERE series = ? AND {unit} >= ? AND {unit} < ? ORDER BY {unit}",
                (series, -(-start // scale), -(-end // scale)),
            )


def _segments(
    connection: sqlite3.Connection, low: int, high: int, level: str
) -> Iterable[tuple[str, int, int]]:
    """Where the readings of each hour lie, neighbours in the same table together."""
    rolled = mark(connection, "rolled") or 0
    raw_from = mark(connection, "raw_from") or 0
    minutes_from = (mark(connection, "minutes_from") or 0) * MINUTE
    late = {row[0] for row in connection.execute("SELECT hour FROM late")}

    def table(hour: int) -> str:
        whole = hour * HOUR >= raw_from
        if whole and (level == "raw" or hour >= rolled or hour in late):
            return "raw"
        return "minutes" if level != "hours" and hour * HOUR >= minutes_from else "hours"

    cuts = {rolled * HOUR, raw_from, minutes_from, *(at * HOUR for hour in late for at in (hour, hour + 1))}
    edges = [low, *sorted(cut for cut in cuts if low < cut < high), high]
    for start, end in pairwise(edges):
        yield table(start // HOUR), start, end


def _joined(at: float, rows: list[Row]) -> Step:
    count = sum(row[5] for row in rows)
    return Step(
        at,
        min(row[1] for row in rows),
        sum(row[2] * row[5] for row in rows) / count,
        max(row[3] for row in rows),
        rows[-1][4],
        count,
    )


def _value(raw: float | int | str, form: str) -> Value:
    return bool(raw) if form == "flag" else raw
