"""From raw readings to minutes and hours, and how long each is kept. Times in ms since 1970 (UTC)."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from gridward.site import Keep

MINUTE = 60_000
HOUR = 3_600_000
LEVELS = (("minutes", "minute", MINUTE), ("hours", "hour", HOUR))
SETTLE = 120_000
SLICE = 10 * MINUTE
"""So much is sorted at a time: what is sorted of 300 entities fits into SQLite's cache, not into a file."""
GIVEN, SPARE = 800_000, 16_000_000
COUNTS = ("freelist_count", "page_count", "page_size")

_ROLL = """
INSERT INTO {table} (series, {unit}, min, mean, max, last, count)
SELECT part.series, part.unit, part.low, part.mean, part.high, raw.value, part.many FROM (
    SELECT series, ts / {length} AS unit, min(value) AS low, avg(value) AS mean, max(value) AS high,
        max(ts) AS newest, count(*) AS many
    FROM raw WHERE ts >= ? AND ts < ? AND typeof(value) <> 'text' GROUP BY series, ts / {length}) AS part
JOIN raw ON raw.ts = part.newest AND raw.series = part.series WHERE true
ON CONFLICT (series, {unit}) DO UPDATE SET {update}
"""
_REPLACE = "min=excluded.min, mean=excluded.mean, max=excluded.max, last=excluded.last, count=excluded.count"
_MERGE = """min=min(min, excluded.min), max=max(max, excluded.max), last=excluded.last,
    mean=(mean * count + excluded.mean * excluded.count) / (count + excluded.count),
    count=count + excluded.count"""

_HOURS = """
INSERT INTO hours (series, hour, min, mean, max, last, count)
SELECT id, minute / 60, min(part.min), sum(part.mean * part.count) / sum(part.count), max(part.max), (
    SELECT newest.last FROM minutes AS newest WHERE newest.series = id AND newest.minute < ?2
    ORDER BY newest.minute DESC LIMIT 1), sum(part.count)
FROM series CROSS JOIN minutes AS part ON part.series = id AND part.minute >= ?1 AND part.minute < ?2
GROUP BY id
ON CONFLICT (series, hour) DO UPDATE SET {update}
"""

_LATE = """
SELECT min(hour) FROM late WHERE hour < ? AND (hour * {hour} >= ? OR NOT EXISTS (
    SELECT 1 FROM followers CROSS JOIN behind USING (name)
    WHERE ts >= hour * {hour} AND ts < (hour + 1) * {hour}))
"""
"""Late readings of an hour let go before are deleted once summed up: not before a database has had them.
What is behind is keyed by database first: without their names each hour would look at all that waits."""


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; raises sqlite3.Error when the disk does not take it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def mark(connection: sqlite3.Connection, name: str) -> int | None:
    """A point in time or a count that the store keeps about itself."""
    row = connection.execute("SELECT value FROM marks WHERE name = ?", (name,)).fetchone()
    return None if row is None else int(row[0])


def set_mark(connection: sqlite3.Connection, name: str, value: int) -> None:
    """Keep a mark; inside a transaction."""
    connection.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", (name, value))


def roll(connection: sqlite3.Connection, now: int) -> bool:
    """Sum up one hour that is over: the next, or one that got late readings; whether there was one."""
    rolled = mark(connection, "rolled")
    if rolled is None:
        return False
    over = (now - SETTLE) // HOUR
    late = connection.execute(_LATE.format(hour=HOUR), (over, mark(connection, "raw_from") or 0)).fetchone()[
        0
    ]
    if late is not None:
        _roll_hour(connection, int(late))
        return True
    row = connection.execute("SELECT min(ts) FROM raw WHERE ts >= ?", (rolled * HOUR,)).fetchone()
    hour = over if row[0] is None else row[0] // HOUR
    if hour >= over:
        if over > rolled:
            with transaction(connection):
                set_mark(connection, "rolled", over)
        return False
    _roll_hour(connection, hour, rolled=hour + 1)
    return True


def _roll_hour(connection: sqlite3.Connection, hour: int, rolled: int | None = None) -> None:
    """Write an hour's minutes and its sum. Where its raw rows were let go before, what came late is added."""
    span = (hour * HOUR, (hour + 1) * HOUR)
    partial = span[0] < (mark(connection, "raw_from") or 0)
    minutes, hours = LEVELS
    with transaction(connection):
        for start in range(*span, SLICE):
            _add(connection, minutes, (start, start + SLICE), _MERGE if partial else _REPLACE)
        if partial:
            _add(connection, hours, span, _MERGE)
            connection.execute("DELETE FROM raw WHERE ts >= ? AND ts < ?", span)
        else:
            connection.execute(_HOURS.format(update=_REPLACE), (hour * 60, (hour + 1) * 60))
        connection.execute("DELETE FROM late WHERE hour = ?", (hour,))
        if rolled is not None:
            set_mark(connection, "rolled", rolled)


def _add(
    connection: sqlite3.Connection, level: tuple[str, str, int], span: tuple[int, int], update: str
) -> None:
    """Sum up the readings of a span."""
    table, unit, length = level
    connection.execute(_ROLL.format(table=table, unit=unit, length=length, update=update), span)


def retain(connection: sqlite3.Connection, now: int, keep: Keep) -> int:
    """Delete a slice of what is too old; how many rows went (0: nothing left).

    Pages that are free now are kept for what comes next; those beyond a tenth of the file are given back.
    A slice is an hour of readings, which go only when it has been summed up, or one series' minutes.
    """
    gone = 0
    if keep.raw is not None:
        gone += _retain_raw(connection, now - int(keep.raw * 1000))
    for (table, unit, length), seconds in zip(LEVELS, (keep.minutes, keep.hours), strict=True):
        if seconds is not None:
            gone += _retain_level(
                connection, table, unit, (now - int(seconds * 1000)) // HOUR * HOUR // length
            )
    free, pages, size = (int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in COUNTS)
    if free > max(SPARE // size, pages // 10):
        connection.execute(f"PRAGMA incremental_vacuum({GIVEN // size})").fetchall()
    return gone


def _retain_raw(connection: sqlite3.Connection, wanted: int) -> int:
    """What came late for a time let go before is not touched: it goes when it has been summed up."""
    begin = mark(connection, "raw_from") or 0
    rolled = mark(connection, "rolled")
    late = connection.execute("SELECT min(hour) FROM late WHERE hour >= ?", (begin // HOUR,)).fetchone()[0]
    hours = [wanted // HOUR, *([] if rolled is None else [rolled]), *([] if late is None else [late])]
    first = connection.execute("SELECT min(ts) FROM raw WHERE ts >= ?", (begin,)).fetchone()[0]
    if first is None or first // HOUR >= min(hours):
        return 0
    edge = (first // HOUR + 1) * HOUR
    with transaction(connection):
        set_mark(connection, "raw_from", max(edge, begin))
        connection.execute(
            "DELETE FROM behind WHERE name IN (SELECT name FROM followers) AND ts >= ? AND ts < ?",
            (begin, edge),
        )
        return connection.execute("DELETE FROM raw WHERE ts >= ? AND ts < ?", (begin, edge)).rowcount


def _retain_level(connection: sqlite3.Connection, table: str, unit: str, until: int) -> int:
    """One series at a time: these tables are keyed by series."""
    row = connection.execute(
        f"SELECT id FROM series WHERE EXISTS (SELECT 1 FROM {table} "  # noqa: S608 - our own table names
        f"WHERE series = id AND {unit} < ?) LIMIT 1",
        (until,),
    ).fetchone()
    if row is None:
        return 0
    with transaction(connection):
        name = f"{table}_from"
        if until > (mark(connection, name) or 0):
            set_mark(connection, name, until)
        return connection.execute(
            f"DELETE FROM {table} WHERE series = ? AND {unit} < ?",  # noqa: S608
            (row[0], until),
        ).rowcount
