"""Which query of a device is asked next: the fast ones every turn, one of the others in between."""

from collections.abc import Iterable
from dataclasses import dataclass

from gridward_kit.integration import FAST, Query

AGAIN = 3600.0
LATE = 2.0
SILENT_MOST = 600.0


@dataclass(slots=True)
class Slot:
    """One query: when it is due (monotonic seconds), and how it fared."""

    query: Query
    due: float = 0.0
    silences: int = 0
    refused: bool = False
    asked: float | None = None
    turns: int = 0
    since: int = 0

    @property
    def fast(self) -> bool:
        return self.query.every == FAST


class Turns:
    """The schedule of one device; `poll` is the pause between two fast rounds, from start to start.

    The line counts as full while a round comes later than twice the poll after the one before.
    """

    def __init__(self, queries: Iterable[Query], poll: float) -> None:
        self.poll = poll
        self._slots = {query.name: Slot(query) for query in queries}
        self._rounds = 0
        self._complete = False
        self._told = 0
        self._due: float | None = None
        self._full = False

    def change(self, queries: Iterable[Query]) -> None:
        """Other queries from now on; those that stay keep their turn."""
        self._due = None
        fresh = {query.name: Slot(query, turns=self._rounds) for query in queries}
        self._slots = {name: self._slots.get(name, slot) for name, slot in fresh.items()}

    def due(self) -> float:
        """When the next query wants its turn; infinity if none ever does. Asked far more often than it
        changes, on a line of many devices, so it is remembered."""
        if self._due is None:
            self._due = min((slot.due for slot in self._ready()), default=float("inf"))
        return self._due

    def _fast(self) -> list[Slot]:
        return [slot for slot in self._slots.values() if slot.fast and not slot.refused]

    def _ready(self) -> list[Slot]:
        """The queries that their interval alone holds back, not the rounds that are to pass before."""
        alone = not self._full or not self._fast()
        return [
            slot
            for slot in self._slots.values()
            if slot.fast or alone or slot.asked is None or self._rounds - slot.since >= slot.query.rounds
        ]

    def next(self, now: float) -> Query | None:
        """The query whose turn it is now, None if none is due."""
        waiting = [slot for slot in self._ready() if slot.due <= now]
        if not waiting:
            return None
        fast = [slot for slot in waiting if slot.fast]
        slow = [slot for slot in waiting if not slot.fast]
        slows_turn = slow and (self._complete or not fast)
        self._complete = False
        if slows_turn:
            return min(slow, key=lambda item: item.due).query
        return min(fast, key=lambda item: (item.turns, item.due)).query

    def midway(self) -> bool:
        """Whether the round that has begun still lacks a fast query."""
        return not self._complete and bool(self._fast())

    def last_of_round(self) -> bool:
        """Whether a poll has become complete: every fast query had its turn since the last complete one."""
        if self._fast() and self._told == self._rounds:
            return False
        self._told = self._rounds
        return True

    def _had_its_turn(self, slot: Slot) -> None:
        self._due = None
        slot.turns = max(slot.turns, self._rounds) + 1
        least = min((one.turns for one in self._fast()), default=0)
        if least > self._rounds:
            self._rounds = least
            self._complete = True

    def answered(self, query: Query, started: float) -> float:
        """The query was answered; ask again after its interval. The seconds since the last answer."""
        slot = self._slots.setdefault(query.name, Slot(query))
        interval = 0.0 if slot.asked is None else started - slot.asked
        slot.asked = started
        if slot.fast:
            self._full = interval > LATE * self.poll
        slot.silences = 0
        slot.refused = False
        slot.since = self._rounds
        slot.due = self._after(query, started)
        self._had_its_turn(slot)
        return interval

    def again(self, query: Query, started: float) -> None:
        """The query's answer needs another one beside it: it is due at the device's next turn."""
        self._due = None
        self._slots[query.name].due = started

    def missed(self, query: Query, started: float, *, silent: bool) -> None:
        """No good answer: again at the next turn; one that stays silent more and more rarely."""
        slot = self._slots[query.name]
        self._had_its_turn(slot)
        pause = self.poll
        if silent and not slot.fast:
            slot.silences += 1
            slot.asked = None
            pause = min(SILENT_MOST, max(1.0, self.poll) * 2**slot.silences)
        slot.due = started + pause

    def refuse(self, query: Query, started: float) -> bool:
        """The device said no: asked again only after an hour. Whether this is the first telling."""
        slot = self._slots[query.name]
        first = not slot.refused
        slot.refused = True
        slot.due = started + AGAIN
        self._had_its_turn(slot)
        return first

    def restart(self, now: float) -> None:
        """Ask everything anew: the device is back, and what was read once is not known any more."""
        self._due = None
        for slot in self._slots.values():
            slot.due = now
            slot.silences = 0
            slot.asked = None

    def _after(self, query: Query, started: float) -> float:
        return started + (self.poll if query.every == FAST else query.every)
