"""Where a following database stands: what it has had of the raw readings, and what waits for it."""

import sqlite3
from dataclasses import dataclass

COUNTED = 1_000_000


@dataclass(slots=True)
class Ahead:
    """What goes ahead while a database catches up: from behind `start` (ms) up to `cursor` all went.

    `counted`, `edge` and `safe` as in `Place`.
    """

    start: int
    cursor: int
    counted: int
    edge: int
    safe: int


@dataclass(slots=True)
class Place:
    """Where a database stands. Times in ms since 1970: all up to `cursor` went; `edge` is read already.

    What is sent again, up to `counted`, is not counted again. `safe` is the cursor that is written: a
    database that loses its power with us may not have on disk what it took last. `ahead` is there while
    it catches up, and the others then end at its start.
    """

    name: str
    cursor: int
    counted: int
    sent: int
    refused: int
    omitted: int
    edge: int
    safe: int
    unsaved: int = 0
    ahead: Ahead | None = None

    def read(self, ts: int) -> bool:
        """Whether readings of this time were read already, so that one stored now comes late."""
        ahead = self.ahead
        return ts <= self.edge or (ahead is not None and ahead.start < ts <= ahead.edge)


def places(connection: sqlite3.Connection) -> dict[str, Place]:
    """The databases as the file knows them."""
    rows = connection.execute("SELECT name, start, cursor, counted FROM ahead")
    ahead = {row[0]: Ahead(row[1], row[2], row[3], edge=row[3], safe=row[2]) for row in rows}
    rows = connection.execute(
        "SELECT name, cursor, counted, sent, refused, omitted FROM followers ORDER BY name"
    )
    return {
        name: Place(name, cursor, counted, sent, refused, omitted, counted, cursor, ahead=ahead.get(name))
        for name, cursor, counted, sent, refused, omitted in rows
    }


def _waits(place: Place) -> tuple[int, int, int]:
    """What waits (ms): behind the first up to the second, and behind the third."""
    ahead = place.ahead
    return (
        (place.cursor, place.cursor, place.cursor)
        if ahead is None
        else (place.cursor, ahead.start, ahead.cursor)
    )


def waiting(connection: sqlite3.Connection, place: Place) -> int:
    """How many readings a database has not had; no more than a million are counted."""
    row = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM raw WHERE ts > ?1 AND ts <= ?2 "
        "UNION ALL SELECT 1 FROM raw WHERE ts > ?3 "
        "UNION ALL SELECT 1 FROM behind WHERE name = ?4 LIMIT ?5)",
        (*_waits(place), place.name, COUNTED),
    ).fetchone()
    return int(row[0])


def oldest(connection: sqlite3.Connection, place: Place) -> int | None:
    """The time (ms) of the oldest reading that a database has not had."""
    row = connection.execute(
        "SELECT min(ts) FROM (SELECT min(ts) AS ts FROM raw WHERE ts > ?1 AND ts <= ?2 "
        "UNION ALL SELECT min(ts) FROM raw WHERE ts > ?3 "
        "UNION ALL SELECT min(ts) FROM behind WHERE name = ?4)",
        (*_waits(place), place.name),
    ).fetchone()
    return None if row[0] is None else int(row[0])
