"""The rows that a commit writes: readings by form, what of each sender has come, and which hours are late."""

import math
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from operator import itemgetter

from gridward.recorder import rollup
from gridward.recorder.receipts import Receipts
from gridward.recorder.rollup import HOUR, MINUTE
from gridward_kit.point import Value

LARGEST = 1 << 63

Row = tuple[int, int, Value]
"""Time in ms, series, value."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Of readings that were to be written: how many are new, how many have another value than was there, and
    how many were there already as they are."""

    new: int = 0
    changed: int = 0
    there: int = 0

    def __add__(self, other: "Counted") -> "Counted":
        return Counted(self.new + other.new, self.changed + other.changed, self.there + other.there)

    def __sub__(self, other: "Counted") -> "Counted":
        return Counted(self.new - other.new, self.changed - other.changed, self.there - other.there)


def forms(values: Mapping[str, Value]) -> list[tuple[str, str, Value]]:
    """The values that can be stored, each with its form; what is not finite is absent."""
    found: list[tuple[str, str, Value]] = []
    for key, value in values.items():
        if isinstance(value, bool):
            found.append((key, "flag", int(value)))
        elif isinstance(value, str):
            found.append((key, "text", value.encode("utf-8", "replace").decode()))
        elif math.isfinite(value) if isinstance(value, float) else -LARGEST <= value < LARGEST:
            found.append((key, "number", value))
    return found


def load(connection: sqlite3.Connection, sender: tuple[str, str]) -> Receipts:
    """Which of a sender's messages have come."""
    rows = connection.execute(
        "SELECT first, last FROM received WHERE device = ? AND boot = ? ORDER BY first", sender
    )
    return Receipts([(int(first), int(last)) for first, last in rows])


def keep_receipts(
    connection: sqlite3.Connection, sender: tuple[str, str], receipts: Receipts, ts: int
) -> None:
    """Note which of a sender's messages have come, the newest at `ts` (ms)."""
    connection.execute("DELETE FROM received WHERE device = ? AND boot = ?", sender)
    connection.executemany(
        "INSERT INTO received VALUES (?, ?, ?, ?, ?)",
        [(*sender, first, last, ts) for first, last in receipts.ranges],
    )


def unknown(connection: sqlite3.Connection, rows: list[Row]) -> list[Row]:
    """A file's readings without those that are there as they are, and without those of minutes that were
    summed up before their readings were let go: summed up again they would count twice."""
    begin = rollup.mark(connection, "raw_from") or 0
    found: list[Row] = []
    for ts, series, value in {row[:2]: row for row in rows}.values():
        kept = connection.execute(
            "SELECT value FROM raw WHERE ts = ? AND series = ?", (ts, series)
        ).fetchone()
        if kept is None and ts < begin:
            kept = connection.execute(
                "SELECT ? FROM minutes WHERE series = ? AND minute = ?", (value, series, ts // MINUTE)
            ).fetchone()
        if kept is None or kept[0] != value:
            found.append((ts, series, value))
    return found


def insert(connection: sqlite3.Connection, rows: list[Row]) -> Counted:
    """Write readings; one of the same time and series replaces the one before."""
    if not rows:
        return Counted()
    rows = sorted(rows, key=itemgetter(0, 1))
    new = connection.executemany("INSERT OR IGNORE INTO raw VALUES (?, ?, ?)", rows).rowcount
    changed = 0
    if new < len(rows):
        changed = connection.executemany(
            "UPDATE raw SET value = ?3 WHERE ts = ?1 AND series = ?2 AND value IS NOT ?3", rows
        ).rowcount
    hours = {ts // HOUR for ts, _, _ in rows}
    rolled = rollup.mark(connection, "rolled")
    if rolled is None:
        rollup.set_mark(connection, "rolled", min(hours))
    late = [(hour,) for hour in sorted(hours) if rolled is not None and hour < rolled]
    connection.executemany("INSERT OR IGNORE INTO late VALUES (?)", late)
    rollup.set_mark(connection, "readings", (rollup.mark(connection, "readings") or 0) + new)
    return Counted(new, changed, len(rows) - new - changed)
