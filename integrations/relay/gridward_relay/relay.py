"""The relay's own loop: issues the lease, watches it, moves the contactor, tells where it stands."""

import logging

from gridward_kit.command import Command
from gridward_kit.device import Device
from gridward_kit.entity import Entity
from gridward_kit.errors import DeviceError
from gridward_kit.integration import Identity, Options
from gridward_kit.kept import Json
from gridward_kit.point import Value
from gridward_kit.tasks import at_last
from gridward_relay.contactor import Contactor, Position
from gridward_relay.drivers import Driver, Report
from gridward_relay.entities import RELEASE, entities, shown
from gridward_relay.exchange import Exchange
from gridward_relay.hand import Hand
from gridward_relay.handfile import HandFile
from gridward_relay.interlock import FRESH, Interlock
from gridward_relay.lease import Lease
from gridward_relay.telling import Telling

log = logging.getLogger(__name__)

TICK = 0.4
SAVE_EVERY = 600.0
PATIENCE = 5.0
RETRY = 5.0
FAILURES = (DeviceError, OSError, ValueError)
KEPT, HAND = "relay", "hand"


def kept(device: Device) -> dict[str, Json]:
    """What a start before this one kept of its contactor; what cannot be read is kept as such."""
    content = device.kept.content.get(KEPT, {})
    return content if isinstance(content, dict) else {"unreadable": True}


class Relay:
    """One contactor, served until cancelled; then connected. No fault of its driver gets out of it."""

    def __init__(self, device: Device, driver: Driver, lease: Lease, contactor: Contactor) -> None:
        now = device.clock.monotonic()
        self.lease = lease
        self.contactor = contactor
        self._device = device
        self._exchange = Exchange(lease, device)
        self._driver = driver
        self._clock = device.clock
        self._started = False
        self._start_at = now
        self._held_until = 0.0
        self._report: Report | None = None
        self._failing_since: float | None = None
        self._failure = "it has not been read yet"
        self._feedback: Position | None = None
        self._saved_at = now
        self._moved_at = now
        self._unwritten = False
        self._locked: str | None = None
        self._telling = Telling(device, frozenset({RELEASE.key}))
        self._hand = Hand(device.kept.section(HAND), now)
        self._hand_file = HandFile(device.kept.path.parent, device.id)
        self._interlock: Interlock | None = None

    async def run(self, options: Options) -> None:
        """Serve until cancelled."""
        self.begin(options)
        try:
            while True:
                await self.tick()
                await self._clock.sleep(TICK)
        finally:
            await at_last(self._leave, self._clock)
            await self._driver.close()

    def begin(self, options: Options) -> None:
        """Announce the device; from now on renewals and the release of the lock are taken."""
        device = self._device
        model = Identity(model=self._driver.name, protocol=str(options["driver"]))
        device.describe(model, entities(options))
        device.perform = self._perform
        self._exchange.begin()
        other = options.get("interlock_with")
        if isinstance(other, str):
            self._interlock = Interlock(other)
            self._start_at += FRESH
            device.link.subscribe(f"{device.link.root}/{other}/state", self._interlock.heard)

    async def tick(self) -> None:
        """One turn of the loop."""
        self._exchange.issue()
        self._look_at_hand()
        if not self._started and self._clock.monotonic() >= self._start_at and not self._generator_is_on():
            await self._start()
        await self._follow()
        await self._look()
        if self.contactor.locked is not None:
            await self._follow()
        self._tell()
        if self._clock.monotonic() - self._saved_at >= SAVE_EVERY:
            self._save()

    async def _start(self) -> None:
        """Drive to connected and prove the timer. What is unfit locks; what is away is tried again."""
        try:
            await self._driver.start()
        except ValueError as error:
            self._start_at = float("inf")
            self.contactor.lock(str(error))
        except (DeviceError, OSError) as error:
            self._start_at = self._clock.monotonic() + RETRY
            if str(error) != self._failure:
                log.warning("%s: %s: %s; trying for ever", self._device.id, self._driver.name, error)
            self._failed(error)
        else:
            self._started = True
            self.contactor.moved(Position.CONNECTED, self._clock.monotonic())

    async def _follow(self) -> None:
        """Do what the lease and the contactor's limits say."""
        now = self._clock.monotonic()
        by_hand = self._hand.remaining(now)
        order = self.contactor.decide(
            lease_open=self.lease.open(now) and not by_hand, now=now, hindrance=self._hindrance(now)
        )
        if by_hand and self.contactor.locked is None:
            self.contactor.reason = f"Connected by hand at the panel, {by_hand / 60:.0f} min to go"
        if order is Position.CONNECTED and self._generator_is_on():
            self.contactor.reason = "Not connected yet: the generator feeds the house; it has to go first"
        elif order is Position.CONNECTED:
            await self._connect()
        elif order is Position.ISLANDED:
            await self._island()
        elif self.contactor.position is Position.ISLANDED and self._outlasts(now):
            await self._refresh()

    def _generator_is_on(self) -> bool:
        """Whether the other switch of the pair is known to be closed at this moment; unknown never blocks."""
        return self._interlock is not None and self._interlock.on_the_house(self._clock.monotonic()) is True

    def _look_at_hand(self) -> None:
        now = self._clock.monotonic()
        before = self._hand.wish(now)
        if self._hand.take(self._hand_file.news(), now):
            after = self._hand.wish(now)
            log.info("%s: by hand: %s", self._device.id, after)
            self._telling.moved("hand", before, after, "panel", "confirmed", "Asked at the panel.")
            self._save()

    def _hindrance(self, now: float) -> str | None:
        if not self._started or self._failing_since is not None:
            return f"{self._driver.name}: {self._failure}"
        return None if self._leaves_room(now) else "the next renewal is waited for"

    def _leaves_room(self, now: float) -> bool:
        """Whether the lease outlasts the hardware's timer, and a second at least."""
        return self.lease.remaining(now) >= max(self._driver.hold, 1.0)

    def _outlasts(self, now: float) -> bool:
        """Whether the lease was renewed since the driver was told, and leaves room."""
        until = self.lease.until
        return until is not None and until > self._held_until and self._leaves_room(now)

    async def _connect(self) -> None:
        try:
            await self._driver.connect()
        except FAILURES as error:
            self._failed(error)
            return
        self._moved(Position.CONNECTED)
        self._save()

    async def _island(self) -> None:
        """Count the change on disk, then make it; what fails is undone and locked."""
        now = self._clock.monotonic()
        if not self._save(Position.ISLANDED):
            self.contactor.reason = "Connected: the count of changes cannot be written to disk"
            return
        until = self.lease.until or now
        try:
            await self._driver.island(until)
        except FAILURES as error:
            self.contactor.moved(Position.ISLANDED, now)
            if self.lease.open(self._clock.monotonic()):
                self.contactor.lock(f"{self._driver.name}: {error}")
            await self._connect()
            return
        self._held_until = until
        self._moved(Position.ISLANDED)

    async def _refresh(self) -> None:
        until = self.lease.until or 0.0
        try:
            await self._driver.island(until)
        except FAILURES as error:
            self._failed(error)
        else:
            self._held_until = until

    async def _look(self) -> None:
        if not self._started and self._start_at < float("inf"):
            return  # what its start said is what is wrong
        try:
            report = await self._driver.read()
        except FAILURES as error:
            self._report = None
            self._failed(error)
            return
        self._report = report
        self._failing_since = None
        self._witness(report.feedback)
        seen = {self._driver.name: report.output, "the feedback contact": report.feedback}
        there = {what: where for what, where in seen.items() if where is not None}
        self.contactor.check(there, self._clock.monotonic())

    def _witness(self, feedback: Position | None) -> None:
        """Put on record when the contactor's own contact is seen to have moved."""
        before = self._feedback
        if feedback is None or feedback is before:
            return
        self._feedback = feedback
        if before is not None:
            after = self._clock.monotonic() - self._moved_at
            reason = f"The feedback contact moved; {after:.1f} s after the last order."
            self._telling.moved("feedback", str(before), str(feedback), "feedback", "seen", reason)

    def _failed(self, error: Exception) -> None:
        """A fault of the driver; while islanded it locks when it lasts."""
        now = self._clock.monotonic()
        self._failure = str(error) or type(error).__name__
        if self._failing_since is None:
            self._failing_since = now
        if self.contactor.position is Position.ISLANDED and now - self._failing_since >= PATIENCE:
            self.contactor.lock(f"{self._driver.name}: {self._failure}")

    def _moved(self, position: Position) -> None:
        before = self.contactor.position
        self.contactor.moved(position, self._clock.monotonic())
        if before is position:
            return
        self._moved_at = self._clock.monotonic()
        by = "panel" if self._hand.remaining(self._moved_at) else "lease"
        log.info("%s: %s", self._device.id, self.contactor.reason)
        self._telling.moved("position", str(before), str(position), by, "ordered", self.contactor.reason)

    def _save(self, ahead: Position | None = None) -> bool:
        """Write count and lock to disk; told once when it does not take them."""
        now = self._clock.monotonic()
        self._saved_at = now
        try:
            self._device.kept.save({KEPT: self.contactor.to_json(now, ahead), HAND: self._hand.to_json(now)})
        except OSError as error:
            if not self._unwritten:
                path = self._device.kept.path
                log.error("%s: %s: %s; free some disk: it does not island", self._device.id, path, error)
            self._unwritten = True
            return False
        self._unwritten = False
        return True

    def _tell(self) -> None:
        """Publish what is so, at once when it changed; a driver that stays silent makes the device absent."""
        now = self._clock.monotonic()
        if self.contactor.locked is not None and self._locked is None:
            log.error("%s: locked connected until released: %s", self._device.id, self.contactor.locked)
            self._save()
        self._locked = self.contactor.locked
        since = self._failing_since
        if self._report is not None:
            values = shown(self.contactor, self.lease, self._report, self._driver.ends_lease, now)
            self._telling.say({**values, "hand": self._hand.wish(now)})
        elif since is not None and now - since >= PATIENCE:
            self._telling.lost(self._failure)

    async def _perform(self, row: Entity, command: Command) -> Value:
        """A person releases the lock; raises ValueError for anything else."""
        if row.key != RELEASE.key:
            raise ValueError(f"{row.name} cannot be set")
        if command.by.startswith("rules"):
            raise ValueError("only a person releases the lock")
        self.contactor.release()
        self._locked = None
        self._start_at = self._clock.monotonic()
        self._save()
        return True

    async def _leave(self) -> None:
        """Connected on the way out; a generator that hears no more of us goes first."""
        driver = self._driver
        try:
            while self._generator_is_on():
                await self._clock.sleep(TICK)
            await driver.connect()
        except FAILURES as error:
            log.error("%s: %s: %s; it ends by %s", self._device.id, driver.name, error, driver.ends_lease)
        else:
            self._moved(Position.CONNECTED)
            self._save()
