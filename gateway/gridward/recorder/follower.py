"""A database that follows the store: what it has not had goes there, in order, at a bounded rate."""

import asyncio
import json
import logging
import math
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from gridward.recorder.database import Away, Denied, Writer, way_out
from gridward.recorder.deliver import Delivery
from gridward.recorder.lines import Reading
from gridward.recorder.outbox import Batch
from gridward.recorder.store import Store
from gridward.recorder.trouble import Faulty, Trouble
from gridward.site import Database
from gridward_kit.clock import Clock, iso
from gridward_kit.mqtt import Link

log = logging.getLogger(__name__)

MOST = 5000
EVENTS = 500
TURN = 5.0
LONGEST = 60.0
SETTLE = 2.0
SAY = 60.0
UNSURE = 60.0
MEND = "see that it runs and can be reached; nothing is lost meanwhile, the readings wait in the store"
FAULT = "this is a fault of Gridward: `gridward report` gathers what helps to mend it; the readings wait"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Desk:
    """The store as a follower gets at it: `ask` runs in the store's thread, `now` is believed wall time."""

    store: Store
    ask: Callable[[Callable[[], object]], Awaitable[object]]
    now: Callable[[], float | None]


@dataclass(frozen=True, slots=True)
class _Sent:
    """A batch that went at `at` (monotonic s): where the cursors were before, and those of its readings that
    the first of them does not tell of, late ones and what went ahead."""

    at: float
    cursor: int
    ahead: int | None
    late: tuple[Reading, ...]


class Follower:
    """Brings one database up to date and says how it stands, retained, at `recorder/follower/<name>`."""

    def __init__(self, database: Database, writer: Writer, desk: Desk, link: Link, clock: Clock) -> None:
        self.name = database.name
        self.trouble: Trouble | None = None
        self._database = database
        self._delivery = Delivery(link.site, writer)
        self._writer = writer
        self._desk = desk
        self._link = link
        self._clock = clock
        self._batch: Batch | None = None
        self._pause = TURN
        self._told: set[str] = set()
        self._recent: deque[_Sent] = deque()
        self._breaks = writer.breaks
        self._saved_at = self._said_at = -math.inf
        self.topic = f"{link.root}/recorder/follower/{self.name.replace('/', '_')}"
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="follower")

    async def run(self) -> None:
        """Follow until cancelled."""
        try:
            while True:
                began = self._clock.monotonic()
                sent = await self.step()
                spent = self._clock.monotonic() - began
                rest = sent / self._database.rate - spent
                await self._clock.sleep(max(0.0, rest) if sent else self._pause)
        finally:
            await asyncio.shield(self._end())

    async def step(self) -> int:
        """Bring over the next readings; how many, 0 where none wait, the database is away or the store is."""
        try:
            return await self._step()
        except Faulty:
            self._batch = None  # the recorder tells it; what was taken is taken again
            return 0

    async def _step(self) -> int:
        store, now = self._desk.store, self._desk.now()
        if self._batch is None and now is not None:
            self._batch = await self._ask(lambda: store.outbox.take(self.name, now - SETTLE, MOST))
        batch, count = self._batch, 0
        if batch is not None and await self._deliver(batch):
            self._batch, count = None, len(batch.readings)
        if not count and now is not None and self.trouble is None:
            await self._annotate()
        if self._clock.monotonic() - self._saved_at >= SAY:
            self._saved_at = self._clock.monotonic()
            await self._ask(lambda: store.outbox.save(self.name))
        if self._clock.monotonic() - self._said_at >= SAY:
            await self._say()
        return count

    async def _deliver(self, batch: Batch) -> bool:
        done = await self._brought(lambda: self._delivery.deliver(batch.readings))
        if done is None:
            return False
        refused, omitted = done
        await self._settle(batch, refused, omitted)
        for one, reason in refused.items():
            self._tell_once(
                f"{self.name}: readings of {one.device}/{one.key} are refused and set aside: {reason}; "
                f"{way_out(reason) or '`gridward record status` lists them'}"
            )
        if omitted:
            self._tell_once(f"{self.name}: keeps no texts; they stay in the store alone")
        if self.trouble is not None:
            self.trouble = None
            self._pause = TURN
            log.info("%s: takes readings again", self.name)
            await self._say()
        return True

    async def _brought(self, work: Callable[[], T]) -> T | None:
        """What this work with the database gives, in its own thread; None where it fails, which is told."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except Denied as error:
            trouble = Trouble(str(error), error.remedy)
        except Away as error:
            trouble = Trouble(f"it is away ({error})", MEND)
        except Exception as error:  # a fault of ours with one database stops no other, and no recording
            trouble = Trouble(f"{type(error).__name__} on the way to it", FAULT)
            if self.trouble is None or self.trouble.remedy != FAULT:
                log.exception("%s: failed", self.name)
        await self._in_trouble(trouble)
        return None

    async def _annotate(self) -> None:
        """Bring over what is on record since, when no readings wait."""
        store = self._desk.store
        owed = await self._ask(lambda: store.owed_events(self.name, EVENTS))
        if not owed:
            return
        events = [(ts, content) for _, ts, content in owed]
        refused = await self._brought(lambda: self._delivery.annotate(events))
        if refused is None:
            return
        await self._ask(lambda: store.had_events(self.name, owed[-1][0]))
        if refused:
            self._tell_once(f"{self.name}: {refused} audit events are refused; they are on record here")

    async def _settle(self, batch: Batch, refused: Mapping[Reading, str], omitted: int) -> None:
        """Note what went. A database that broke off may have died, and not have on disk what it took last:
        it gets that again, which changes nothing where it was kept."""
        broken = self.trouble is not None or self._writer.breaks != self._breaks
        self._breaks = self._writer.breaks
        now, again = self._clock.monotonic(), list(self._recent) if broken else []
        late: tuple[Reading, ...] = ()
        if batch.end is None or batch.ahead:
            had = [one for one in batch.readings if not omitted or one.form != "text"]
            late = tuple(one for one in had if one not in refused)

        def work() -> None:
            outbox = self._desk.store.outbox
            place = outbox.places[self.name]
            ahead = place.ahead
            self._recent.append(_Sent(now, place.cursor, None if ahead is None else ahead.cursor, late))
            while now - self._recent[0].at > UNSURE:
                self._recent.popleft()
            place.safe = min(sent.cursor for sent in self._recent)
            if ahead is not None:
                cursors = [sent.ahead for sent in self._recent if sent.ahead is not None]
                ahead.safe = max(ahead.start, min(cursors))
            outbox.settle(self.name, batch, refused, omitted)
            if again:
                repeated = [one for sent in again for one in sent.late]
                outbox.rewind(self.name, min(sent.cursor for sent in again), repeated)
                self._recent = deque([self._recent[-1]])

        await self._ask(work)

    async def _in_trouble(self, trouble: Trouble) -> None:
        """Told when the way out becomes another one; asked again later and later, a minute at most."""
        self._pause = TURN if self.trouble is None else min(LONGEST, self._pause * 2)
        if self.trouble is None or self.trouble.remedy != trouble.remedy:
            self.trouble = trouble
            log.error("%s: nothing is sent: %s; %s", self.name, trouble.reason, trouble.remedy)
            await self._say()

    def _tell_once(self, sentence: str) -> None:
        head = sentence.partition(" refused")[0]
        if head not in self._told:
            self._told.add(head)
            log.warning("%s", sentence)

    async def _say(self) -> None:
        self._said_at = self._clock.monotonic()
        store = self._desk.store
        place, waiting, oldest = await self._ask(lambda: store.outbox.standing(self.name))
        content = {
            "v": 1,
            "at": iso(self._clock.time()),
            "database": self.name,
            "read": place.sent + place.refused + place.omitted,
            "sent": place.sent,
            "refused": place.refused,
            "omitted": place.omitted,
            "waiting": waiting,
            "waiting_from": None if oldest is None else iso(oldest / 1000),
            "reason": self.trouble.reason if self.trouble else None,
            "remedy": self.trouble.remedy if self.trouble else None,
        }
        self._link.publish(self.topic, json.dumps(content), retain=True)

    async def _ask(self, work: Callable[[], T]) -> T:
        found: list[T] = []
        await self._desk.ask(lambda: found.append(work()))
        return found[0]

    async def _end(self) -> None:
        try:
            await self._ask(lambda: self._desk.store.outbox.save(self.name))
        except Faulty:
            log.warning("%s: where it stands was not written; some readings are sent again", self.name)
        self._writer.close()
        self._thread.shutdown(wait=False)
