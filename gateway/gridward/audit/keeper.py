"""The recorder's part for the audit: events are chained on disk, acknowledged, then copied to the store."""

import json
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from gridward.audit.trail import Event, Trail
from gridward.payload import read_object
from gridward.recorder.store import Store
from gridward.recorder.telemetry import moment
from gridward.recorder.trouble import FREE, Broken, Trouble
from gridward_kit.audit import mark
from gridward_kit.clock import Clock, iso
from gridward_kit.kept import Json
from gridward_kit.mqtt import Link, Message

log = logging.getLogger(__name__)

AT_ONCE = 200
MOST = 20_000


@dataclass(slots=True)
class Keeper:
    """Takes events off the broker; their senders keep them until `acknowledge` says they are on disk."""

    link: Link
    trail: Trail
    clock: Clock
    tell: Callable[[str], None]
    _waiting: deque[tuple[str, Event]] = field(default_factory=deque)
    _done: list[str] = field(default_factory=list)
    _again: bool = False
    _begun: bool = False
    _older: bool = True

    def take(self, message: Message) -> None:
        """Take in an event; what cannot be read is told once and never asked for again."""
        name = mark(message.payload)
        try:
            content = read_object(message.payload)
        except ValueError as error:
            self.tell(f"audit: event left out: {error}")
            self._done.append(name)
            return
        try:
            at = moment(content.get("at"))
        except ValueError:
            at = self.clock.time()
        if len(self._waiting) >= MOST:
            self._again = True
            return
        self._waiting.append((name, Event(round(at * 1000), round(message.at, 3), content)))

    def write(self, store: Store) -> Trouble | None:
        """In the store's thread: put on disk what waits; why not, where the disk does not take it."""
        try:
            self._begin(store)
            for _ in range(min(AT_ONCE, len(self._waiting))):
                name, event = self._waiting[0]
                self.trail.append([event])
                self._waiting.popleft()
                self._done.append(name)
        except OSError as error:
            return Trouble(f"the audit cannot be written ({error})", FREE)
        return None

    def _begin(self, store: Store) -> None:
        """Take up what an older Gridward kept in the store alone; a broken store is told by others. What a
        power cut left of a line is told."""
        if self._older:
            try:
                self._take_older(store)
            except Broken as error:
                log.debug("audit: older events are taken up later: %s", error)
        self._begun = self.trail.newest >= 0
        if self.trail.cut:
            self.trail.append([Event(round(self.clock.time() * 1000), None, self._cut())])

    def _take_older(self, store: Store) -> None:
        self.trail.append([Event(at, None, content) for at, content in store.unchained()])
        self._older = False

    def _cut(self) -> dict[str, Json]:
        reason = f"{self.trail.cut} characters of an entry were cut short; it comes again from its sender."
        log.warning("audit: %s", reason)
        self.trail.cut, at = 0, iso(self.clock.time())
        return {"v": 1, "at": at, "what": "audit", "by": "recorder", "status": "cut", "reason": reason}

    def copy(self, store: Store) -> None:
        """In the store's thread: have the store hold what is on record; raises as the store does."""
        if self._begun:
            if self._older:
                self._take_older(store)
            store.copy_audit(self.trail)

    def acknowledge(self) -> None:
        """Tell the senders what they may forget, and to send again what found no room."""
        if not self._done and not self._again:
            return
        content: dict[str, Json] = {"v": 1, "stored": list(self._done), "again": self._again}
        self._done, self._again = [], False
        self.link.publish(f"{self.link.root}/recorder/audit/stored", json.dumps(content))
