"""Whether a store's file is still the one that is open: another may be copied over it, in place."""

import secrets
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gridward.recorder.rollup import mark, set_mark, transaction

IDENTITY = "identity"
PATIENCE = 2


class Overwritten(Exception):
    """Something else was written over the store's file while it was open."""


def identify(connection: sqlite3.Connection) -> None:
    """Give a store that has none an identity, and have it in the file itself."""
    if mark(connection, IDENTITY) is None:
        with transaction(connection):
            set_mark(connection, IDENTITY, secrets.randbits(62))
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def whole(connection: sqlite3.Connection) -> bool:
    """That what was overwritten is sound all the same; raises sqlite3.DatabaseError where it is not."""
    said = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    if said != "ok":
        raise sqlite3.DatabaseError(f"it was overwritten while it was in use: {said}")
    return True


@dataclass(slots=True)
class Watch:
    """Looks at the file as it is without what waits in its WAL. A look may come amid a writer's work: only
    the second in a row that is odd counts."""

    path: Path
    seen: tuple[int, int] | None = None
    odd: int = 0

    def look(self) -> None:
        """Raises Overwritten for another file's content, or an older one of its own."""
        try:
            now = self._seen()
        except sqlite3.Error as error:
            self._doubt(str(error))
            return
        if now is None:
            return
        if self.seen is not None and (now[0] != self.seen[0] or now[1] < self.seen[1]):
            self._doubt("it holds another store, or an older state of this one")
            return
        self.seen, self.odd = now, 0

    def _doubt(self, reason: str) -> None:
        self.odd += 1
        if self.odd >= PATIENCE:
            raise Overwritten(f"{self.path} was overwritten while it was in use: {reason}")

    def _seen(self) -> tuple[int, int] | None:
        """Its identity and how many readings it was ever given; None while all of a new one is in its WAL.

        A checkpoint that found the disk full leaves the file shorter than it says, until the next one; what
        is missing waits in the WAL. It is read all the same: only so does SQLite let it pass.
        """
        uri = f"{self.path.absolute().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            connection.execute("PRAGMA writable_schema=ON")
            if self.seen is None and connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
                return None
            identity = mark(connection, IDENTITY)
            return None if identity is None else (identity, mark(connection, "readings") or 0)
