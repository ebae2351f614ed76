"""The recorder's role: telemetry from the broker to disk, and only then the word that it is stored."""

import asyncio
import json
import logging
import math
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from gridward.audit.keeper import Keeper
from gridward.audit.trail import Trail, folder_of
from gridward.crosscheck import RESERVED
from gridward.payload import read_object, text
from gridward.recorder import room
from gridward.recorder.database import writer
from gridward.recorder.follower import Desk, Follower
from gridward.recorder.health import HealthLog
from gridward.recorder.lifetime import Lifetime
from gridward.recorder.store import About, Parcel, Sender, Store
from gridward.recorder.strangers import Shelf, Strangers
from gridward.recorder.telemetry import AHEAD, Stamps
from gridward.recorder.trouble import Faulty, Trouble, explain
from gridward.site import Keep, Site
from gridward_kit.clock import Clock, iso
from gridward_kit.mqtt import Link, Message
from gridward_kit.spool import SANE
from gridward_kit.tasks import end

log = logging.getLogger(__name__)

CYCLE = 5.0
ENOUGH = 50
MOST = 20_000
UPKEEP, SOON = 600.0, 60.0  # s between two upkeeps, and where the disk is nearly full
SLICES = 10
SURE = 60.0  # s: a power cut takes back no more of what is stored

T = TypeVar("T")


@dataclass(slots=True)
class _Batch:
    """What came since the last cycle, in order."""

    parcels: list[Parcel] = field(default_factory=list)
    about: dict[str, About] = field(default_factory=dict)


class Recorder:
    """Stores what devices publish, in one thread of its own. `dropped` counts what found no room."""

    def __init__(self, link: Link, store: Store, clock: Clock, keep: Keep) -> None:
        self.link = link
        self.store = store
        self.clock = clock
        self.keep = keep
        self.stamps = Stamps()
        self.trouble: Trouble | None = None
        self.dropped = 0
        self._batch = _Batch()
        self._lifetime: Lifetime | None = None
        self._told: set[str] = set()
        self._enough = asyncio.Event()
        self._sure_at = clock.monotonic()
        self._upkept_at = -math.inf
        self.audit = Keeper(link, Trail(folder_of(store.path)), clock, self._tell_once)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        link.publish(f"{link.root}/recorder/alarm", "", retain=True)
        link.subscribe(f"{link.root}/+/telemetry", self._telemetry)
        link.subscribe(f"{link.root}/+/info", self._info)
        link.subscribe(f"{link.root}/audit", self.audit.take)

    async def run(self) -> None:
        """Store until cancelled; what came until then is written before this ends."""
        try:
            while True:
                await self.cycle()
                await self._wait()
        finally:
            await asyncio.shield(self._end())

    async def cycle(self) -> None:
        """Commit what has come, then acknowledge it; what the store does not take waits, with an alarm."""
        self._enough.clear()
        batch, trouble = _Batch(), None
        try:
            trouble = await self.in_thread(lambda: self.audit.write(self.store))
            self.audit.acknowledge()
            batch, self._batch = self._batch, batch
            complete = await self.in_thread(lambda: self._write(batch))
            self._acknowledge(complete)
            await self._look_after()
        except (*Faulty, asyncio.CancelledError) as error:
            self._batch.parcels[:0] = batch.parcels  # not come to yet; what comes twice is stored once
            self._batch.about = batch.about | self._batch.about
            if isinstance(error, asyncio.CancelledError):
                raise
            await self.in_thread(self.store.close)
            trouble = trouble or explain(error)
        if trouble is None:
            self._all_clear()
        else:
            self._alarm(trouble)

    async def _wait(self) -> None:
        waiting: set[asyncio.Future[object]] = {
            asyncio.ensure_future(_object(self.clock.sleep(CYCLE))),
            asyncio.ensure_future(_object(self._enough.wait())),
        }
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()

    async def _end(self) -> None:
        try:
            await self.cycle()
        finally:
            await self.in_thread(self.store.close)
            await self.in_thread(self.audit.trail.close)
            self._thread.shutdown(wait=False)

    def in_thread(self, work: Callable[[], T]) -> Awaitable[T]:
        """Run in the thread that alone has the store open."""
        return asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _write(self, batch: _Batch) -> dict[Sender, int]:
        """In the store's thread. What fails stays: parcels with the store, the rest in the batch."""
        while batch.parcels:
            self.store.add(batch.parcels.pop(0))
        while batch.about:
            device, about = next(iter(batch.about.items()))
            self.store.describe(device, about)
            del batch.about[device]
        now, some = self.clock.monotonic(), self.store.waiting > 0
        durable = now - self._sure_at >= SURE
        complete = self.store.commit(durable=durable)
        if some and durable:
            self._sure_at = now
        self.audit.copy(self.store)
        self._live_on()
        return complete

    def _live_on(self) -> None:
        """Have the store's time go on by what the clock says, as far as that is believed."""
        self.store.look()
        if self._lifetime is None:
            self._lifetime = self.store.lifetime()
        wall = self.wall()
        if wall is not None:
            self._lifetime.pass_to(wall, self.clock.monotonic())

    def _acknowledge(self, complete: dict[Sender, int]) -> None:
        for (device, boot), seq in complete.items():
            payload = json.dumps({"v": 1, "boot": boot, "seq": seq})
            self.link.publish(f"{self.link.root}/recorder/{device}/stored", payload, retain=True)

    async def _look_after(self) -> None:
        """Sum up hours and let go what is too old, a few slices a cycle, until nothing is left to do."""
        now = self.clock.monotonic()
        if now - self._upkept_at < (UPKEEP if self._keep() == self.keep else SOON):
            return
        for _ in range(SLICES):
            if not await self.in_thread(self._slice):
                self._upkept_at = now
                return

    def _keep(self) -> Keep:
        keep = room.kept(self.keep, self.store.path.parent)
        if keep != self.keep:
            self._tell_once("the disk is nearly full: the oldest history is let go")
        return keep

    def _slice(self) -> bool:
        """By the store's own time: a clock that runs ahead must not delete the history."""
        lifetime = self._lifetime
        if lifetime is None or lifetime.aged is None or self.wall() is None:
            return False
        if self.store.roll(lifetime.aged) or self.store.retain(lifetime.aged, self._keep()) > 0:
            return True
        self.store.live_on(lifetime)
        return False

    def wall(self) -> float | None:
        """Wall time, if it is not before this program was made nor before what the store lived through."""
        now = self.clock.time()
        lived = None if self._lifetime is None else self._lifetime.lived
        known = SANE if lived is None else max(SANE, lived - AHEAD)
        return now if now >= known else None

    def _device(self, message: Message) -> str:
        return message.topic.removeprefix(f"{self.link.root}/").partition("/")[0]

    def _telemetry(self, message: Message) -> None:
        device = self._device(message)
        try:
            parcel = self.stamps.stamp(device, message, self.wall())
        except ValueError as error:
            self._tell_once(f"{device}: telemetry left out: {error}")
            return
        if device in self.stamps.aside:
            self._tell_once(
                f"{device}: readings with an impossible time are left out; see to its host's clock"
            )
        self.put(parcel)

    def put(self, parcel: Parcel) -> None:
        """Take a parcel for the next commit; one that finds no room is counted as dropped."""
        if len(self._batch.parcels) + self.store.waiting >= MOST:
            self.dropped += 1
            return
        self._batch.parcels.append(parcel)
        if len(self._batch.parcels) >= ENOUGH and self.trouble is None:
            self._enough.set()

    def _info(self, message: Message) -> None:
        if not message.payload:
            return
        device = self._device(message)
        try:
            content = read_object(message.payload)
        except ValueError as error:
            self._tell_once(f"{device}: info left out: {error}")
            return
        entities = content.get("entities")
        units = {
            key: text(row, "unit")
            for key, row in (entities if isinstance(entities, dict) else {}).items()
            if isinstance(row, dict)
        }
        self.describe(device, About(text(content, "kind"), text(content, "integration"), units))

    def describe(self, device: str, about: About) -> None:
        """Have what is known of a device stored with its series at the next commit."""
        self._batch.about[device] = about

    def _tell_once(self, sentence: str) -> None:
        if sentence not in self._told and len(self._told) < MOST:
            self._told.add(sentence)
            log.warning("%s", sentence)

    def _alarm(self, trouble: Trouble) -> None:
        if trouble == self.trouble:
            return
        self.trouble = trouble
        log.error("nothing is stored: %s; %s", trouble.reason, trouble.remedy)
        content = {"v": 1, "at": iso(self.clock.time()), "reason": trouble.reason, "remedy": trouble.remedy}
        self.link.publish(f"{self.link.root}/recorder/alarm", json.dumps(content), retain=True)

    def _all_clear(self) -> None:
        if self.trouble is not None:
            self.trouble = None
            log.info("readings are stored again")
            self.link.publish(f"{self.link.root}/recorder/alarm", "", retain=True)


async def _object(waited: Awaitable[object]) -> object:
    return await waited


async def run_recorder(site: Site, link: Link, clock: Clock) -> None:
    """Record a site for ever; what is left is written when this is cancelled."""
    if site.record.csv is not None:
        from gridward.meters.csvlog import CsvLog  # noqa: PLC0415 - who wants no such files does not load it

        CsvLog(site, link, clock, site.record.csv)
    databases = {database.name: database for database in site.record.databases}
    recorder = Recorder(link, Store(site.record.store, databases), clock, site.record.keep)
    desk = Desk(recorder.store, recorder.in_thread, recorder.wall)
    followers = [Follower(one, writer(one), desk, link, clock) for one in databases.values()]
    _forget_others(link, {follower.topic for follower in followers})
    recording = asyncio.create_task(recorder.run())
    following = [asyncio.create_task(follower.run()) for follower in followers]
    following.append(asyncio.create_task(HealthLog(recorder).run()))
    if site.record.follow_discovery:
        ours = {device.id for device in site.all_devices()} | set(RESERVED)
        shelf = Shelf(recorder.put, recorder.describe, recorder.wall)
        following.append(asyncio.create_task(Strangers(link, shelf, clock, ours).run()))
    try:
        await asyncio.wait([recording, *following], return_when=asyncio.FIRST_COMPLETED)
        for task in (recording, *following):
            if task.done():
                task.result()
    finally:
        await end(following)
        await end((recording,))


def _forget_others(link: Link, known: set[str]) -> None:
    """Take back what is retained of databases that follow no longer."""

    def take_back(message: Message) -> None:
        if message.payload and message.topic not in known:
            link.publish(message.topic, "", retain=True)

    link.subscribe(f"{link.root}/recorder/follower/+", take_back)
