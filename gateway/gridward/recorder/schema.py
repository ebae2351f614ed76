"""The store's layout: raw readings by time, minutes and hours by series; opened, made or migrated here.

Raw rows are keyed by time, so that a commit touches few pages; averages are read from the minute and
hour tables, which are keyed by series.
"""

import sqlite3
from pathlib import Path

APPLICATION = 0x47726477
BUSY = 5.0
PAGE = 1024
"""Bytes. A commit writes every page that it touches whole; of SQLite's usual 4096 it writes twice as much."""
CHECKPOINT = 4000
"""Pages in the WAL before they go into the file."""

_ROLLED = """(
    series INTEGER NOT NULL, {unit} INTEGER NOT NULL,
    min REAL NOT NULL, mean REAL NOT NULL, max REAL NOT NULL, last REAL NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (series, {unit})) WITHOUT ROWID;
"""

STEPS: tuple[str, ...] = (
    f"""
    CREATE TABLE series (
        id INTEGER PRIMARY KEY, device TEXT NOT NULL, key TEXT NOT NULL, form TEXT NOT NULL,
        unit TEXT, kind TEXT, integration TEXT, UNIQUE (device, key, form));
    CREATE TABLE raw (
        ts INTEGER NOT NULL, series INTEGER NOT NULL, value NOT NULL,
        PRIMARY KEY (ts, series)) WITHOUT ROWID;
    CREATE TABLE minutes {_ROLLED.format(unit="minute")}
    CREATE TABLE hours {_ROLLED.format(unit="hour")}
    CREATE TABLE received (
        device TEXT NOT NULL, boot TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
        at INTEGER NOT NULL, PRIMARY KEY (device, boot, first)) WITHOUT ROWID;
    CREATE TABLE audit (id INTEGER PRIMARY KEY, ts INTEGER NOT NULL, digest BLOB NOT NULL UNIQUE,
        content TEXT NOT NULL);
    CREATE INDEX audit_time ON audit (ts);
    CREATE TABLE late (hour INTEGER PRIMARY KEY);
    CREATE TABLE marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    """,
    """
    CREATE TABLE meters (
        serial TEXT PRIMARY KEY, type TEXT NOT NULL, site TEXT NOT NULL, building TEXT NOT NULL,
        address INTEGER, state TEXT NOT NULL, assigned_on TEXT, assigned_by TEXT NOT NULL,
        converted_on TEXT, converted_by TEXT NOT NULL, shipped_on TEXT, shipped_by TEXT NOT NULL,
        installed_on TEXT, installed_by TEXT NOT NULL, commissioned_on TEXT, commissioned_by TEXT NOT NULL,
        notes TEXT NOT NULL) WITHOUT ROWID;
    CREATE UNIQUE INDEX meters_address ON meters (site, address)
        WHERE address IS NOT NULL AND state <> 'Archived';
    CREATE TABLE meter_events (
        id INTEGER PRIMARY KEY, serial TEXT NOT NULL, ts INTEGER NOT NULL, who TEXT NOT NULL,
        kind TEXT NOT NULL, what TEXT NOT NULL, before TEXT, after TEXT, reason TEXT NOT NULL);
    CREATE INDEX meter_events_serial ON meter_events (serial, id);
    """,
    """
    CREATE TABLE followers (
        name TEXT PRIMARY KEY, cursor INTEGER NOT NULL, counted INTEGER NOT NULL, sent INTEGER NOT NULL,
        refused INTEGER NOT NULL, omitted INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE behind (
        name TEXT NOT NULL, ts INTEGER NOT NULL, series INTEGER NOT NULL,
        PRIMARY KEY (name, ts, series)) WITHOUT ROWID;
    CREATE TABLE aside (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, ts INTEGER NOT NULL, series INTEGER NOT NULL,
        value NOT NULL, reason TEXT NOT NULL, UNIQUE (name, ts, series));
    """,
    """
    CREATE TABLE energies (device TEXT PRIMARY KEY, at INTEGER NOT NULL, content TEXT NOT NULL) WITHOUT ROWID;
    """,
    """
    ALTER TABLE audit ADD COLUMN number INTEGER;
    ALTER TABLE audit ADD COLUMN hash TEXT;
    CREATE TABLE annotated (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
    """,
    """
    CREATE TABLE ahead (name TEXT PRIMARY KEY, start INTEGER NOT NULL, cursor INTEGER NOT NULL,
        counted INTEGER NOT NULL) WITHOUT ROWID;
    """,
)
"""Statements that lead from each `user_version` to the next."""


class NewerStore(Exception):
    """The store was written by a newer Gridward."""


class ForeignFile(Exception):
    """The file is a database, but not a store of Gridward."""


def open_store(path: Path, steps: tuple[str, ...] = STEPS) -> sqlite3.Connection:
    """Open the store for writing, made or migrated if need be; a copy is kept before a migration.

    Raises NewerStore, ForeignFile, sqlite3.Error or OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = connect(path)
    try:
        _prepare(connection, path, steps)
    except BaseException:
        connection.close()
        raise
    return connection


def connect(path: Path, synchronous: str = "NORMAL") -> sqlite3.Connection:
    """A connection of the writer; transactions are begun by hand."""
    connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA synchronous={synchronous}")
    connection.execute("PRAGMA journal_size_limit=8000000")
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT}")
    return connection


def read_only(path: Path) -> sqlite3.Connection:
    """A connection of a reader; raises sqlite3.OperationalError where there is no store yet."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, timeout=BUSY, isolation_level=None, check_same_thread=False)


def _prepare(connection: sqlite3.Connection, path: Path, steps: tuple[str, ...]) -> None:
    version = _pragma(connection, "user_version")
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and _pragma(connection, "application_id") != APPLICATION:
        raise ForeignFile(f"{path} is no store of Gridward; name another file, or move this one away")
    if version > len(steps):
        reason = f"{path} has version {version}, this Gridward knows {len(steps)}: update Gridward"
        raise NewerStore(reason)
    usual = _pragma(connection, "synchronous")
    connection.execute("PRAGMA synchronous=FULL")  # until it has its log, a torn journal would pass for whole
    if not tables:
        connection.execute(f"PRAGMA page_size={PAGE}")
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={usual}")
    if tables and version < len(steps):
        _copy(connection, path.with_name(f"{path.name}.version-{version}"))
    for number in range(version, len(steps)):
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE; {steps[number]}"
                f"PRAGMA application_id={APPLICATION}; PRAGMA user_version={number + 1}; COMMIT;"
            )
        except sqlite3.OperationalError:
            if connection.in_transaction:
                connection.rollback()
            if _pragma(connection, "user_version") <= number:
                raise  # else another role made this step meanwhile


def _copy(connection: sqlite3.Connection, target: Path) -> None:
    with sqlite3.connect(target) as copy:
        connection.backup(copy)
    copy.close()


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
