"""The store's copy of the audit, for readers; its original are the files of `gridward.audit.trail`."""

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from gridward.audit.chain import Copy, Entry
from gridward.audit.trail import Trail, entries
from gridward.recorder.rollup import transaction
from gridward.recorder.schema import read_only
from gridward_kit.kept import Json

COPY = (
    "INSERT INTO audit (ts, digest, content, number, hash) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (digest) DO UPDATE SET number = excluded.number, hash = excluded.hash"
)


def put(connection: sqlite3.Connection, ts: int, content: Mapping[str, Json]) -> None:
    """Store an event (ms) that is on no record; the same again changes nothing."""
    text, digest = _event(content)
    connection.execute(
        "INSERT OR IGNORE INTO audit (ts, digest, content) VALUES (?, ?, ?)", (ts, digest, text)
    )


def unchained(connection: sqlite3.Connection) -> list[tuple[int, dict[str, Json]]]:
    """Events (ms, content) of an older Gridward, which had no other record, oldest first."""
    rows = connection.execute("SELECT ts, content FROM audit WHERE number IS NULL ORDER BY id")
    return [(int(ts), json.loads(content)) for ts, content in rows]


def copy(connection: sqlite3.Connection, trail: Trail, newest: int | None) -> int:
    """Copy what is on record behind `newest` (None: see what is here); the newest copy's number."""
    if newest is None:
        newest = int(connection.execute("SELECT max(number) FROM audit").fetchone()[0] or 0)
        trail.fresh[:] = [entry for entry in entries(trail.folder) if entry.number > newest]
    if not trail.fresh:
        return newest
    with transaction(connection):
        connection.executemany(COPY, [_row(entry) for entry in trail.fresh])
    newest = trail.fresh[-1].number
    trail.fresh.clear()
    return newest


def copies(store: Path) -> list[Copy]:
    """What the store says of the entries; raises sqlite3.Error, also where there is no store."""
    with closing(read_only(store)) as connection:
        rows = connection.execute("SELECT number, hash FROM audit WHERE number IS NOT NULL ORDER BY number")
        return [Copy(int(number), str(own)) for number, own in rows]


def owed(connection: sqlite3.Connection, name: str, most: int) -> list[tuple[int, int, dict[str, Json]]]:
    """The next entries (number, ms, event) that a database has not had."""
    rows = connection.execute(
        "SELECT number, ts, content FROM audit WHERE number > coalesce("
        "(SELECT number FROM annotated WHERE name = ?), 0) ORDER BY number LIMIT ?",
        (name, most),
    )
    return [(int(number), int(ts), json.loads(content)) for number, ts, content in rows]


def had(connection: sqlite3.Connection, name: str, number: int) -> None:
    """A database has had all entries up to this one."""
    connection.execute("INSERT OR REPLACE INTO annotated VALUES (?, ?)", (name, number))


def _row(entry: Entry) -> tuple[int, bytes, str, int, str]:
    text, digest = _event(entry.event)
    return entry.at, digest, text, entry.number, entry.hash


def _event(content: Mapping[str, Json]) -> tuple[str, bytes]:
    """An event's text and the mark by which the store knows it."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return text, hashlib.sha256(text.encode()).digest()[:16]
