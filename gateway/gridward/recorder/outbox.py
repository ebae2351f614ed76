"""What each following database has not had yet: a cursor in the raw readings, and the late ones behind it.

Readings go in order of time; one that is stored with a time before the cursor is noted behind it.
The cursor is written seldom, and a minute old: after a kill some readings go again, which a database
keyed by time does not see. Works inside the store's thread.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gridward.recorder.lines import Reading
from gridward.recorder.rollup import transaction

BEGIN = -(1 << 62)
END = 1 << 62
ASIDE = 10_000
COUNTED = 1_000_000
UNSAVED = 50_000
ROWS = (
    "SELECT raw.ts, raw.series, raw.value, device, key, form, kind, integration "
    "FROM {source} CROSS JOIN series ON series.id = raw.series WHERE {where} "
    "ORDER BY raw.ts, raw.series LIMIT ?"
)
BEHIND = "behind CROSS JOIN raw ON raw.ts = behind.ts AND raw.series = behind.series"


@dataclass(slots=True)
class Place:
    """Where a database stands. Times in ms since 1970: all up to `cursor` went; `edge` is read already.

    What is sent again, up to `counted`, is not counted again. `safe` is the cursor that is written: a
    database that loses its power with us may not have on disk what it took last.
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


@dataclass(frozen=True, slots=True)
class Batch:
    """Readings to be sent in one go; `end` is where the cursor stands when they went, None for late ones."""

    readings: tuple[Reading, ...]
    end: int | None


class Outbox:
    """The places of all databases in one opened store.

    Raises sqlite3.Error, and KeyError for a name that does not follow.
    """

    def __init__(self, connection: sqlite3.Connection, names: Iterable[str] | None) -> None:
        """`names` follow: a new one from the first reading on, the place of any other is forgotten.

        With None those follow that the file knows; how far the recorder's process has read is not known.
        """
        self._guest = names is None
        self._connection = connection
        if names is not None:
            _follow(connection, list(names))
        self.places = places(connection)

    def note(self, stored: Iterable[tuple[int, int]]) -> None:
        """Note readings (time, series) stored behind an edge; inside the transaction that stores them."""
        rows = list(stored) if self.places else []
        for place in self.places.values():
            edge = END if self._guest else place.edge
            self._connection.executemany(
                "INSERT OR IGNORE INTO behind VALUES (?, ?, ?)",
                [(place.name, ts, series) for ts, series in rows if ts <= edge],
            )

    def take(self, name: str, until: float, most: int) -> Batch | None:
        """The next readings up to `until` (s since 1970), late ones first; None where nothing waits."""
        place = self.places[name]
        late = self._rows(BEHIND, "behind.name = ?", name, most)
        if late:
            return Batch(late, None)
        end = round(until * 1000) if place.cursor >= place.counted else place.counted
        found = self._rows("raw", "raw.ts > ? AND raw.ts <= ?", place.cursor, end, most)
        if not found:
            place.cursor = max(place.cursor, place.counted)
            return None
        if len(found) == most:  # its last moment may go on beyond the limit
            last = found[-1].ts
            whole = tuple(one for one in found if one.ts < last)
            found = whole or self._rows("raw", "raw.ts = ?", last, -1)
        place.edge = max(place.edge, found[-1].ts)
        return Batch(found, found[-1].ts)

    def _rows(self, source: str, where: str, *given: str | int) -> tuple[Reading, ...]:
        query = ROWS.format(source=source, where=where)
        return tuple(Reading(*row) for row in self._connection.execute(query, given))

    def settle(self, name: str, batch: Batch, refused: Mapping[Reading, str], omitted: int) -> None:
        """A batch is with its database, but for the refused, which are set aside with their reasons.

        Of a batch taken before the store was opened anew nothing is noted: it is taken again.
        """
        place = self.places[name]
        if batch.end is not None and batch.end > place.edge:
            return
        if batch.end is None or batch.end > place.counted:
            place.sent += len(batch.readings) - len(refused) - omitted
            place.refused += len(refused)
            place.omitted += omitted
        if batch.end is not None:
            place.cursor = max(place.cursor, batch.end)
            place.counted = max(place.counted, place.cursor)
        place.unsaved += len(batch.readings)
        if batch.end is None or refused or place.unsaved >= UNSAVED:
            with transaction(self._connection):
                self._set_aside(place, batch, refused)
                self._save(place)

    def _set_aside(self, place: Place, batch: Batch, refused: Mapping[Reading, str]) -> None:
        late = batch.readings if batch.end is None else ()
        self._connection.executemany(
            "DELETE FROM behind WHERE name = ? AND ts = ? AND series = ?",
            [(place.name, one.ts, one.series) for one in late],
        )
        if not refused:
            return
        self._connection.executemany(
            "INSERT OR REPLACE INTO aside (name, ts, series, value, reason) VALUES (?, ?, ?, ?, ?)",
            [(place.name, one.ts, one.series, one.value, reason) for one, reason in refused.items()],
        )
        self._connection.execute(
            "DELETE FROM aside WHERE name = ?1 AND id <= (SELECT id FROM aside WHERE name = ?1 "
            "ORDER BY id DESC LIMIT 1 OFFSET ?2)",
            (place.name, ASIDE),
        )

    def rewind(self, name: str, cursor: int, late: Sequence[Reading]) -> None:
        """Have all from `cursor` (ms) on sent again, and these late ones: the database may have lost them."""
        place = self.places[name]
        place.cursor = min(place.cursor, cursor)
        place.sent -= len(late)
        with transaction(self._connection):
            self._connection.executemany(
                "INSERT OR IGNORE INTO behind VALUES (?, ?, ?)", [(name, one.ts, one.series) for one in late]
            )

    def save(self, name: str) -> None:
        """Write where a database stands, so that little is sent again after a kill."""
        if self.places[name].unsaved:
            with transaction(self._connection):
                self._save(self.places[name])

    def _save(self, place: Place) -> None:
        self._connection.execute(
            "UPDATE followers SET cursor = ?, counted = ?, sent = ?, refused = ?, omitted = ? WHERE name = ?",
            (
                min(place.safe, place.cursor),
                place.counted,
                place.sent,
                place.refused,
                place.omitted,
                place.name,
            ),
        )
        place.unsaved = 0

    def standing(self, name: str) -> tuple[Place, int, int | None]:
        """Where a database stands, how many readings it has not had, and the oldest's time (ms)."""
        place = self.places[name]
        return replace(place), waiting(self._connection, place), oldest(self._connection, place)

    def oldest(self) -> int | None:
        """The time (ms) from which on readings are still owed to a database; None where none is."""
        owed = [oldest(self._connection, place) for place in self.places.values()]
        return min((one for one in owed if one is not None), default=None)


def places(connection: sqlite3.Connection) -> dict[str, Place]:
    """The databases as the file knows them."""
    rows = connection.execute(
        "SELECT name, cursor, counted, sent, refused, omitted FROM followers ORDER BY name"
    )
    return {
        row[0]: Place(row[0], row[1], row[2], row[3], row[4], row[5], edge=row[2], safe=row[1])
        for row in rows
    }


def waiting(connection: sqlite3.Connection, place: Place) -> int:
    """How many readings a database has not had; no more than a million are counted."""
    row = connection.execute(
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM raw WHERE ts > ?1 LIMIT ?3)) "
        "+ (SELECT count(*) FROM behind WHERE name = ?2)",
        (place.cursor, place.name, COUNTED),
    ).fetchone()
    return int(row[0])


def oldest(connection: sqlite3.Connection, place: Place) -> int | None:
    """The time (ms) of the oldest reading that a database has not had."""
    row = connection.execute(
        "SELECT min(ts) FROM (SELECT min(ts) AS ts FROM raw WHERE ts > ? "
        "UNION ALL SELECT min(ts) FROM behind WHERE name = ?)",
        (place.cursor, place.name),
    ).fetchone()
    return None if row[0] is None else int(row[0])


def _follow(connection: sqlite3.Connection, names: list[str]) -> None:
    with transaction(connection):
        connection.executemany(
            "INSERT OR IGNORE INTO followers VALUES (?1, ?2, ?2, 0, 0, 0)", [(name, BEGIN) for name in names]
        )
        for name in set(places(connection)) - set(names):
            for table in ("followers", "behind", "aside"):
                connection.execute(f"DELETE FROM {table} WHERE name = ?", (name,))  # noqa: S608
