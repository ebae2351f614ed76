"""The rows that a commit writes: readings by form, what of each sender has come, and which hours are late."""

import math
import sqlite3
from collections.abc import Mapping
from operator import itemgetter

from gridward.recorder import rollup
from gridward.recorder.receipts import Receipts
from gridward.recorder.rollup import HOUR
from gridward_kit.point import Value

LARGEST = 1 << 63


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


def insert(connection: sqlite3.Connection, rows: list[tuple[int, int, Value]]) -> None:
    """Write readings (ms, series, value); one of the same time and series replaces the one before."""
    if not rows:
        return
    connection.executemany("INSERT OR REPLACE INTO raw VALUES (?, ?, ?)", sorted(rows, key=itemgetter(0, 1)))
    hours = {ts // HOUR for ts, _, _ in rows}
    rolled = rollup.mark(connection, "rolled")
    if rolled is None:
        rollup.set_mark(connection, "rolled", min(hours))
    late = [(hour,) for hour in sorted(hours) if rolled is not None and hour < rolled]
    connection.executemany("INSERT OR IGNORE INTO late VALUES (?)", late)
    rollup.set_mark(connection, "readings", (rollup.mark(connection, "readings") or 0) + len(rows))
