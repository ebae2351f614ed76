"""Telemetry that the recorder has not yet said to be stored.

Messages wait in memory; when the recorder lags by a minute they go to a file, so that a restart of
this process loses nothing either. Only `recorder/<device>/stored` lets them go.
"""

import json
import logging
import math
import os
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gridward_kit.clock import Clock, iso
from gridward_kit.kept import Json
from gridward_kit.mqtt import Link, Message
from gridward_kit.point import Value

log = logging.getLogger(__name__)

LAG = 60.0
RESEND = 15.0
BURST = 100
LIMIT = 64_000_000
SANE = 1_767_225_600.0  # 2026-01-01: a clock that shows less was never set


@dataclass(frozen=True, slots=True)
class Parcel:
    """One telemetry message; `at` is None while the wall clock is not believed."""

    boot: str
    seq: int
    mono: float
    at: float | None
    values: dict[str, Value]

    def payload(self, clock: Clock, boot: str, oldest: int) -> str:
        """The message as JSON, stamped by the monotonic clock if it was read before the time was known.

        `oldest` is the lowest number of its boot that still waits: the recorder asks for nothing before it.
        """
        at = self.at
        if at is None and self.boot == boot and clock.time() >= SANE:
            at = clock.time() - (clock.monotonic() - self.mono)
        content: dict[str, Json] = {
            "v": 1,
            "boot": self.boot,
            "seq": self.seq,
            "oldest": oldest,
            "at": None if at is None else iso(at),
            "mono": round(self.mono, 3),
            "values": dict(self.values),
        }
        return json.dumps(content, ensure_ascii=False)


class Spool:
    """One device's telemetry on its way to the store. Its numbers begin at 1: nobody else's `boot` is its."""

    def __init__(self, link: Link, device: str, boot: str, file: Path, clock: Clock) -> None:
        self._link = link
        self._topic = f"{link.root}/{device}/telemetry"
        self.boot = boot
        self._file = file
        self._clock = clock
        self._seq = 0
        self._waiting: deque[Parcel] = deque()
        self._spilled = 0
        self._sent_at = clock.monotonic()
        self._refused_at = -math.inf
        self.dropped = 0
        self._load()
        link.subscribe(f"{link.root}/recorder/{device}/stored", self._stored)
        link.on_connect(self._resend)

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def sequence(self) -> int:
        """The number of the newest message."""
        return self._seq

    def put(self, values: dict[str, Value]) -> None:
        """Number the readings, send them, and keep them until they are stored."""
        self._seq += 1
        now = self._clock.time()
        parcel = Parcel(self.boot, self._seq, self._clock.monotonic(), now if now >= SANE else None, values)
        self._waiting.append(parcel)
        if self._link.connected:
            self._send(parcel)
        self.tend()

    def tend(self) -> None:
        """Resend what was not acknowledged in time; spill to the file what waits for over a minute."""
        if not self._waiting:
            return
        now = self._clock.monotonic()
        if self._link.connected and now - self._sent_at > RESEND:
            self._resend()
        oldest = self._waiting[min(self._spilled, len(self._waiting) - 1)]
        if self._spilled < len(self._waiting) and now - max(oldest.mono, self._refused_at) > LAG:
            self._spill(now)

    def _send(self, parcel: Parcel) -> None:
        oldest = next((one.seq for one in self._waiting if one.boot == parcel.boot), parcel.seq)
        self._link.publish(self._topic, parcel.payload(self._clock, self.boot, oldest))

    def _resend(self) -> None:
        """The oldest first, in bursts: each acknowledgement asks for the next."""
        self._sent_at = self._clock.monotonic()
        for parcel in list(self._waiting)[:BURST]:
            self._send(parcel)

    def _stored(self, message: Message) -> None:
        try:
            content = json.loads(message.payload)
            boot, seq = str(content["boot"]), int(content["seq"])
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            log.warning("%s: not a stored message, left out: %r", message.topic, message.payload[:80])
            return
        kept = [
            (place, parcel)
            for place, parcel in enumerate(self._waiting)
            if parcel.boot != boot or parcel.seq > seq
        ]
        gone = len(self._waiting) - len(kept)
        if not gone:
            return
        self._spilled = sum(place < self._spilled for place, _ in kept)
        self._waiting = deque(parcel for _, parcel in kept)
        self._sent_at = self._clock.monotonic()
        if self._file.exists() and self._spilled == 0:
            self._file.unlink()
        if gone >= BURST or (self._waiting and gone > 1):
            self._resend()

    def _spill(self, now: float) -> None:
        unspilled = list(self._waiting)[self._spilled :]
        lines = (f"{parcel.payload(self._clock, self.boot, parcel.seq)}\n" for parcel in unspilled)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            if self._file.exists() and self._file.stat().st_size > LIMIT:
                raise OSError(f"it has over {LIMIT / 1e6:g} MB")
            with self._file.open("a", encoding="utf-8") as file:
                file.write("\n")  # a line torn before ends here
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            if self._refused_at < 0:
                log.error("%s: the spool cannot be written (%s); it stays in memory", self._file, error)
            self._refused_at = now  # a disk that takes nothing is asked once a minute
            self._thin()
            return
        self._refused_at = -math.inf
        self._spilled = len(self._waiting)

    def _thin(self) -> None:
        """With no room left, the oldest half of what waits keeps every second message."""
        if len(self._waiting) < BURST * 20:
            return
        half = len(self._waiting) // 2
        places = [*range(0, half, 2), *range(half, len(self._waiting))]
        self.dropped += len(self._waiting) - len(places)
        waiting = list(self._waiting)
        self._waiting = deque(waiting[place] for place in places)
        self._spilled = sum(place < self._spilled for place in places)

    def _load(self) -> None:
        """Take up what an earlier run left; a line cut short by a power cut is left out."""
        if not self._file.exists():
            return
        for line in self._file.read_bytes().decode("utf-8", "replace").split("\n"):
            try:
                content = json.loads(line)
                at, values = content["at"], dict(content["values"])
                parcel = Parcel(
                    str(content["boot"]), int(content["seq"]), float(content["mono"]), None, values
                )
                self._waiting.append(parcel if at is None else _stamped(parcel, str(at)))
            except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
                continue
        self._spilled = len(self._waiting)


def _stamped(parcel: Parcel, at: str) -> Parcel:
    seconds = datetime.fromisoformat(at).timestamp()
    return Parcel(parcel.boot, parcel.seq, parcel.mono, seconds, parcel.values)
