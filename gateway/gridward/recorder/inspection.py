"""How a store stands, whether it is whole, and making it smaller; each opens the file anew."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gridward.recorder.place import Place, oldest, places, waiting
from gridward.recorder.rollup import mark
from gridward.recorder.schema import connect, read_only

SLICE = 2000
EDGES = "SELECT (SELECT min(ts) FROM raw), (SELECT max(ts) FROM raw)"  # at once it would look at every row


@dataclass(frozen=True, slots=True)
class Aside:
    """Readings of one series that a database refused for one reason."""

    device: str
    key: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How a database stands as the file knows it, up to a minute ago; `oldest` waits, s since 1970.

    Of what is `waiting` no more than `place.COUNTED` are counted.
    """

    name: str
    sent: int
    refused: int
    omitted: int
    waiting: int
    oldest: float | None
    aside: tuple[Aside, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """A store in numbers: bytes, readings ever stored, and from when to when (s) they are kept as they came.

    How many of these there still are would want a look at each.
    """

    size: int
    stored: int
    first: float | None
    last: float | None
    series: int
    databases: tuple[Standing, ...]


def status(path: Path) -> Status:
    """How the store stands; raises sqlite3.Error, also where there is none."""
    with closing(read_only(path)) as connection:
        first, last = connection.execute(EDGES).fetchone()
        series = connection.execute("SELECT count(*) FROM series").fetchone()[0]
        return Status(
            sum(part.stat().st_size for part in path.parent.glob(f"{path.name}*") if _ours(path, part)),
            mark(connection, "readings") or 0,
            None if first is None else first / 1000,
            None if last is None else last / 1000,
            series,
            tuple(_standing(connection, place) for place in places(connection).values()),
        )


def _ours(path: Path, part: Path) -> bool:
    return part.name in (path.name, f"{path.name}-wal", f"{path.name}-shm")


def _standing(connection: sqlite3.Connection, place: Place) -> Standing:
    """Beyond `counted` nothing went; what is repeated below it does not wait."""
    place.cursor = place.counted
    if place.ahead is not None:
        place.ahead.cursor = place.ahead.counted
    since = oldest(connection, place)
    rows = connection.execute(
        "SELECT device, key, reason, count(*) FROM aside JOIN series ON series.id = aside.series "
        "WHERE name = ? GROUP BY device, key, reason ORDER BY device, key",
        (place.name,),
    )
    return Standing(
        place.name,
        place.sent,
        place.refused,
        place.omitted,
        waiting(connection, place),
        None if since is None else since / 1000,
        tuple(Aside(*row) for row in rows),
    )


def faults(path: Path) -> Iterator[str]:
    """What is wrong inside the store, in sentences; nothing where it is whole. Raises sqlite3.Error."""
    with closing(read_only(path)) as connection:
        for (said,) in connection.execute("PRAGMA integrity_check"):
            if said != "ok":
                yield f"the file is broken: {said}"
        for table in ("raw", "minutes", "hours"):
            query = f"SELECT count(*) FROM {table} WHERE series NOT IN (SELECT id FROM series)"  # noqa: S608
            count = connection.execute(query).fetchone()[0]
            if count:
                yield f"{count} rows of {table} belong to no series"
        for number, digest, content in connection.execute("SELECT id, digest, content FROM audit"):
            if hashlib.sha256(content.encode()).digest()[:16] != digest:
                yield f"audit event {number} was changed after it was written"


def compact(path: Path) -> tuple[int, int]:
    """Give free pages back to the disk, beside a running recorder; the file's bytes before and after.

    Raises sqlite3.Error.
    """
    before = path.stat().st_size
    with closing(connect(path)) as connection:
        while connection.execute("PRAGMA freelist_count").fetchone()[0]:
            left = connection.execute("PRAGMA freelist_count").fetchone()[0]
            connection.execute(f"PRAGMA incremental_vacuum({SLICE})").fetchall()
            if connection.execute("PRAGMA freelist_count").fetchone()[0] >= left:
                break
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return before, path.stat().st_size
