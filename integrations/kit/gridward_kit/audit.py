"""Audit events that the recorder has not yet said to be on disk: kept in a file, and sent again."""

import hashlib
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

from gridward_kit.clock import Clock, iso
from gridward_kit.kept import Json, sync_folder

log = logging.getLogger(__name__)

MOST = 2000
MANY = 100
LARGE = 16_000_000
BURST = 500


def mark(payload: bytes) -> str:
    """What an event is known by while it is on its way: 32 hex digits of its bytes."""
    return hashlib.sha256(payload).hexdigest()[:32]


class AuditSpool:
    """One role's events, oldest first. At most 2000 wait; `dropped` counts the oldest, given up for newer.

    A disk that takes nothing leaves them in memory until it takes one again.
    """

    def __init__(self, folder: Path, role: str, clock: Clock, send: Callable[[list[str]], None]) -> None:
        """`send` publishes events; what waits is in `folder`/spool."""
        self.dropped = 0
        self._file = folder / "spool" / f"audit-{role}.jsonl"
        self._role, self._clock, self._publish = role, clock, send
        self._waiting: dict[str, str] = {}
        self._told = False
        self._load()

    def __len__(self) -> int:
        return len(self._waiting)

    def send(self) -> None:
        """Send the oldest; the rest follows as these are said to be stored."""
        self._publish(list(self._waiting.values())[:BURST])

    def back(self, payload: bytes) -> None:
        """A recorder that came back gets what it has not said to have."""
        if payload == b"online":
            self.send()

    def put(self, payload: str) -> None:
        """Keep an event, on disk when this returns."""
        payload = payload.encode("utf-8", "replace").decode()
        self._waiting[mark(payload.encode())] = payload
        if len(self._waiting) > MOST:
            del self._waiting[next(iter(self._waiting))]
            self.dropped += 1
        self._keep(payload)

    def stored(self, payload: bytes) -> None:
        """Forget what the recorder has on disk, and send on."""
        try:
            content: Json = json.loads(payload)
        except (ValueError, RecursionError):
            content = None
        names = content.get("stored") if isinstance(content, dict) else None
        if not isinstance(content, dict) or not isinstance(names, list):
            log.warning("%s: not a word of what is stored, left out: %r", self._role, payload[:80])
            return
        before = len(self._waiting)
        for name in names:
            self._waiting.pop(str(name), None)
        if before and not self._waiting:
            self._forget()
        if content.get("again") is True or before - len(self._waiting) >= MANY:
            self.send()
        if self.dropped:
            self._tell_lost()

    def _tell_lost(self) -> None:
        """Put on record how many were given up."""
        reason = f"{self.dropped} events of {self._role} found no room while the recorder was away."
        self.dropped, at = 0, iso(self._clock.time())
        event: dict[str, Json] = {"v": 1, "at": at, "what": "audit", "by": self._role, "status": "lost"}
        payload = json.dumps({**event, "reason": reason}, ensure_ascii=False)
        self.put(payload)
        self._publish([payload])

    def _keep(self, payload: str) -> None:
        """Add an event to the file, with those that it did not take before. A file that has grown large holds
        mostly what was given up: it is written anew."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            grown = self._file.exists() and self._file.stat().st_size > LARGE
            payloads = self._waiting.values() if self._told or grown else (payload,)
            beside = self._file.with_suffix(".new") if grown else self._file
            with beside.open("w" if grown else "a", encoding="utf-8") as file:
                file.writelines(["\n", *(f"{one}\n" for one in payloads)])  # a line torn before ends here
                file.flush()
                os.fsync(file.fileno())
            if grown:
                beside.replace(self._file)
                sync_folder(self._file.parent)
        except OSError as error:
            if not self._told:
                log.error("%s: cannot be written (%s); events wait in memory", self._file, error)
            self._told = True
        else:
            self._told = False

    def _forget(self) -> None:
        try:
            self._file.unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s: cannot be removed (%s); its events come once more", self._file, error)

    def _load(self) -> None:
        """Take up what an earlier run left; a line cut short by a power cut is left out."""
        try:
            lines = self._file.read_bytes().decode("utf-8", "replace").split("\n")
        except OSError:
            return
        for payload in lines[:-1]:
            if payload.startswith("{") and payload.endswith("}"):
                self._waiting[mark(payload.encode())] = payload
        while len(self._waiting) > MOST:
            del self._waiting[next(iter(self._waiting))]
            self.dropped += 1
