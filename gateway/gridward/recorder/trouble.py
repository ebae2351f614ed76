"""What is wrong with a store, in words: why nothing is stored, and what to do about it."""

import sqlite3
from dataclasses import dataclass

from gridward.recorder.schema import ForeignFile, NewerStore
from gridward.recorder.store import Vanished
from gridward.recorder.watch import Overwritten

Broken = (sqlite3.Error, NewerStore, ForeignFile, Vanished, Overwritten)
Faulty = (OSError, *Broken)

FREE = "free some disk, or keep less (`record: keep:` in the site file)"
MOVE = "move the store away, with its -wal and -shm files; a new one is made, the old one may be mended"
OWNER = "see that the folder is there, not mounted read-only, and belongs to the recorder's user"
OTHER = "end the other program that writes to the store"

CODES = {
    sqlite3.SQLITE_FULL: ("the disk is full", FREE),
    sqlite3.SQLITE_IOERR: ("the disk does not take what is written", f"{FREE}; else look after the disk"),
    sqlite3.SQLITE_CORRUPT: ("the store is broken", MOVE),
    sqlite3.SQLITE_NOTADB: ("the store is no database", MOVE),
    sqlite3.SQLITE_READONLY: ("the store cannot be written", OWNER),
    sqlite3.SQLITE_CANTOPEN: ("the store cannot be opened", OWNER),
    sqlite3.SQLITE_BUSY: ("the store is locked", OTHER),
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing is stored, and the way out."""

    reason: str
    remedy: str


def explain(error: Exception) -> Trouble:
    """Put one of the `Faulty` errors into words."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        reason, remedy = CODES.get(code, ("the store does not work", MOVE))
        return Trouble(f"{reason} ({error})", remedy)
    if isinstance(error, OSError):
        return Trouble(f"the store cannot be opened ({error})", OWNER)
    if isinstance(error, Overwritten):
        return Trouble(str(error), MOVE)
    return Trouble(str(error), "look after the file; readings wait at their devices meanwhile")
