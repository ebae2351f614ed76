"""What was: the store, asked from the event loop without holding it up."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import TypeVar

from gridward.recorder.history import Event, History, Step

T = TypeVar("T")


class Past:
    """The recorded history and the audit. Raises OSError where the store cannot be read."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._texts: dict[tuple[str, str], tuple[float, list[tuple[float, str]]]] = {}

    async def numbers(
        self, device: str, key: str, start: float, end: float, step: float
    ) -> dict[float, Step]:
        """Numbers of one entity by the start of each step (s); steps without a reading are left out."""
        found = await _away(lambda: self._history.history(device, key, start, end, step))
        return {item.at: item for item in found}

    async def texts(self, device: str, key: str, start: float, end: float) -> list[tuple[float, str]]:
        """A text's changes since `start`, oldest first. What was read once is not read again."""
        read_to, known = self._texts.get((device, key), (start, []))
        begin = max(start, read_to)
        fresh = await _away(lambda: self._history.changes(device, key, begin, end))
        for item in fresh:
            text = str(item.value)
            if not known or known[-1][1] != text:
                known = [*known, (item.at, text)]
        while len(known) > 1 and known[1][0] <= start:
            known = known[1:]
        self._texts[device, key] = (end, known)
        return known

    async def events(
        self, start: float, end: float, wanted: Callable[[Event], bool] | None = None, most: int | None = None
    ) -> list[Event]:
        """Audit events, oldest first; the newest `most` of those that are wanted, asked in a thread."""
        return await _away(lambda: self._history.events(start, end, wanted, most))

    async def audited(self) -> int:
        """The number of the newest audit event; the same one says that nothing was added."""
        return await _away(self._history.audited)

    async def since(self) -> float | None:
        """The time of the oldest reading; None while nothing was recorded."""
        return await _away(self._history.first)


async def _away(ask: Callable[[], T]) -> T:
    """Ask in a thread; raises OSError in place of the database's own errors."""
    try:
        return await asyncio.to_thread(ask)
    except sqlite3.Error as error:
        raise OSError(f"the store cannot be read: {error}") from error
