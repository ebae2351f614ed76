"""What each following database has not had yet: a cursor in the raw readings, and the late ones behind it.

Readings go in order of time; one that is stored with a time before the cursor is noted behind it. A
database that was away gets what is new from then on ahead, and what it missed beside that, in order.
The cursor is written seldom, and a minute old: after a kill some readings go again, which a database
keyed by time does not see. Works inside the store's thread.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gridward.recorder.lines import Reading
from gridward.recorder.place import Ahead, Place, oldest, places, waiting
from gridward.recorder.rollup import transaction

BEGIN = -(1 << 62)
END = 1 << 62
ASIDE = 10_000
UNSAVED = 50_000
LAG = 60_000
ROWS = (
    "SELECT raw.ts, raw.series, raw.value, device, key, form, kind, integration "
    "FROM {source} CROSS JOIN series ON series.id = raw.series WHERE {where} "
    "ORDER BY {first}.ts, {first}.series LIMIT ?"  # of the outer one: else all that wait are sorted
)
BEHIND = "behind CROSS JOIN raw ON raw.ts = behind.ts AND raw.series = behind.series"


@dataclass(frozen=True, slots=True)
class Batch:
    """Readings to be sent in one go; `end` is where the cursor stands when they went, None for late ones.

    With `ahead` it is the cursor of what goes ahead.
    """

    readings: tuple[Reading, ...]
    end: int | None
    ahead: bool = False


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
        if names is not None:
            _forget(connection, self.places.values())

    def note(self, stored: Iterable[tuple[int, int]]) -> None:
        """Note readings (time, series) stored behind an edge; inside the transaction that stores them."""
        rows = list(stored) if self.places else []
        for place in self.places.values():
            self._connection.executemany(
                "INSERT OR IGNORE INTO behind VALUES (?, ?, ?)",
                [(place.name, ts, series) for ts, series in rows if self._guest or place.read(ts)],
            )

    def take(self, name: str, until: float, most: int) -> Batch | None:
        """The next readings up to `until` (s since 1970): what is new, then late ones, then what a database
        missed that was away; None where nothing waits."""
        place, end = self.places[name], round(until * 1000)
        if place.ahead is None:
            self._part(place, end)
        ahead = place.ahead
        found = self._batch(ahead or place, end, most)
        if found is None:
            late = self._rows("behind.name = ?", name, most, source=BEHIND)
            found = Batch(late, None) if late else None
        if found is None and ahead is not None:
            found = self._batch(place, min(end, ahead.start), most)
            if found is None and end >= ahead.start:
                self._join(place, ahead)
        return found

    def _batch(self, lane: Ahead | Place, end: int, most: int) -> Batch | None:
        """The next of a lane up to `end` (ms); first, in batches of their own, those that go again."""
        while True:
            again = lane.cursor < lane.counted
            found = self._next(lane.cursor, lane.counted if again else end, most)
            if found:
                lane.edge = max(lane.edge, found[-1].ts)
                return Batch(found, found[-1].ts, ahead=isinstance(lane, Ahead))
            if not again:
                return None
            lane.cursor = lane.counted

    def _next(self, cursor: int, end: int, most: int) -> tuple[Reading, ...]:
        """The next readings behind a cursor up to `end` (ms), no moment of them in part."""
        found = self._rows("raw.ts > ? AND raw.ts <= ?", cursor, end, most)
        if len(found) == most:  # its last moment may go on beyond the limit
            last = found[-1].ts
            whole = tuple(one for one in found if one.ts < last)
            found = whole or self._rows("raw.ts = ?", last, -1)
        return found

    def _part(self, place: Place, end: int) -> None:
        """Where the oldest that waits is old, have what comes from now on go ahead of it."""
        first = self._connection.execute("SELECT min(ts) FROM raw WHERE ts > ?", (place.cursor,)).fetchone()[
            0
        ]
        if first is None or first > end - LAG:
            return
        newest = self._connection.execute("SELECT max(ts) FROM raw WHERE ts <= ?", (end,)).fetchone()[0]
        start = max(int(newest), place.counted, place.edge)
        place.ahead = Ahead(start, start, start, start, start)
        place.unsaved += 1

    def _join(self, place: Place, ahead: Ahead) -> None:
        """All that was missed went: there is one cursor again."""
        place.cursor = max(place.cursor, ahead.cursor)
        place.counted = max(place.counted, ahead.counted)
        place.edge = max(place.edge, ahead.edge)
        place.ahead = None
        with transaction(self._connection):
            self._save(place)

    def _rows(self, where: str, *given: str | int, source: str = "raw") -> tuple[Reading, ...]:
        query = ROWS.format(source=source, where=where, first=source.split(maxsplit=1)[0])
        return tuple(Reading(*row) for row in self._connection.execute(query, given))

    def settle(self, name: str, batch: Batch, refused: Mapping[Reading, str], omitted: int) -> None:
        """A batch is with its database, but for the refused, which are set aside with their reasons.

        Of a batch taken before the store was opened anew nothing is noted: it is taken again.
        """
        place = self.places[name]
        lane = place.ahead if batch.ahead else place
        if lane is None or (batch.end is not None and batch.end > lane.edge):
            return
        if batch.end is None or batch.end > lane.counted:
            place.sent += len(batch.readings) - len(refused) - omitted
            place.refused += len(refused)
            place.omitted += omitted
        if batch.end is not None:
            lane.cursor = max(lane.cursor, batch.end)
            lane.counted = max(lane.counted, lane.cursor)
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
        ahead = place.ahead
        if ahead is None:
            self._connection.execute("DELETE FROM ahead WHERE name = ?", (place.name,))
        else:
            row = (place.name, ahead.start, min(ahead.safe, ahead.cursor), ahead.counted)
            self._connection.execute("INSERT OR REPLACE INTO ahead VALUES (?, ?, ?, ?)", row)
        place.unsaved = 0

    def standing(self, name: str) -> tuple[Place, int, int | None]:
        """Where a database stands, how many readings it has not had, and the oldest's time (ms)."""
        place = self.places[name]
        ahead = None if place.ahead is None else replace(place.ahead)
        return replace(place, ahead=ahead), waiting(self._connection, place), oldest(self._connection, place)

    def oldest(self) -> int | None:
        """The time (ms) from which on readings are still owed to a database; None where none is."""
        owed = [oldest(self._connection, place) for place in self.places.values()]
        return min((one for one in owed if one is not None), default=None)


def _forget(connection: sqlite3.Connection, standing: Iterable[Place]) -> None:
    """Late ones of before that had been read, and were not yet with the database, come in order now."""
    with transaction(connection):
        for place in standing:
            ahead = place.ahead
            start, edge = (END, END) if ahead is None else (ahead.start, ahead.edge)
            connection.execute(
                "DELETE FROM behind WHERE name = ? AND ts > ? AND NOT (ts > ? AND ts <= ?)",
                (place.name, place.edge, start, edge),
            )


def _follow(connection: sqlite3.Connection, names: list[str]) -> None:
    with transaction(connection):
        connection.executemany(
            "INSERT OR IGNORE INTO followers VALUES (?1, ?2, ?2, 0, 0, 0)", [(name, BEGIN) for name in names]
        )
        for name in set(places(connection)) - set(names):
            for table in ("followers", "behind", "aside", "ahead"):
                connection.execute(f"DELETE FROM {table} WHERE name = ?", (name,))  # noqa: S608
