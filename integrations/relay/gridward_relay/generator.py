"""The switch between a generator and the house. Its safe side is open; it starts nothing by itself.

It closes only by a command, of rules only where the site file says so, and only while the contactor's own
contact says that the grid is off. What may be automatic, Home Assistant's word too, starts it only while the
gateway's rules know whether the grid is there, and want to be without it.
It goes first: with the contactor's lease about to end, or without fresh words of the contactor, it opens.
What its coil does in the drivers' words: with power (their "islanded") the generator feeds the house.
"""

import logging

from gridward_kit.command import Command
from gridward_kit.device import Device
from gridward_kit.entity import (
    ENUM,
    TEXT,
    BinarySensor,
    Button,
    Category,
    Entity,
    Sensor,
    Setting,
    Switch,
)
from gridward_kit.errors import DeviceError, Refused
from gridward_kit.integration import Identity
from gridward_kit.point import Value
from gridward_kit.tasks import at_last
from gridward_kit.wear import automated
from gridward_relay.contactor import Position
from gridward_relay.drivers import Driver
from gridward_relay.interlock import Interlock, Rules
from gridward_relay.options import Settings
from gridward_relay.telling import Telling

log = logging.getLogger(__name__)

TICK = 0.4
RETRY = 5.0
DISAGREE = 5.0
STARTS = 2
"""The level from which rules may start it; below, people and what they press in Home Assistant."""
FAILURES = (DeviceError, OSError, ValueError)
STATES = ("open", "closed")

RELEASE = Button("release", "Release lock")
FEED = Switch("feed_house", "Generator feeds the house", setting=Setting(wear="none", settle=2.0))
ROWS: tuple[Entity, ...] = (
    FEED,
    Sensor("feedback", "Feedback", quantity=ENUM, options=STATES),
    BinarySensor("closed", "Generator on the house"),
    BinarySensor("locked", "Disagrees", device_class="problem"),
    Sensor("reason", "Reason", quantity=TEXT),
    Sensor("lease_ended_by", "Opened without us by", quantity=TEXT, category=Category.DIAGNOSTIC),
    RELEASE,
)


class Generator:
    """One generator's switch, served until cancelled; then open."""

    def __init__(self, device: Device, driver: Driver, interlock: Interlock, chosen: Settings) -> None:
        self._device, self._driver, self._clock = device, driver, device.clock
        self._interlock, self._rules = interlock, Rules()
        self._hold = chosen.lease
        self._level = chosen.level
        self._telling = Telling(device, frozenset({RELEASE.key}))
        self._started = False
        self._start_at = self._clock.monotonic()
        self._asked = self._opening = False
        self._fault: str | None = None
        self._reason = "Just started"
        self._failing_since: float | None = None
        self._disagrees_since: float | None = None

    async def run(self, protocol: str) -> None:
        """Serve until cancelled."""
        device = self._device
        device.describe(Identity(model=self._driver.name, protocol=protocol), ROWS)
        device.perform = self._perform
        for one in (self._interlock, self._rules):
            device.link.subscribe(f"{device.link.root}/{one.other}/state", one.heard)
        try:
            while True:
                await self.tick()
                await self._clock.sleep(TICK)
        finally:
            await at_last(self._leave, self._clock)
            await self._driver.close()

    async def tick(self) -> None:
        """One turn of the loop: stay only while it may, and look at what really is."""
        now = self._clock.monotonic()
        if not self._started and now >= self._start_at:
            await self._start(now)
        if self._started:
            await self._keep(now)
            await self._look()

    async def _start(self, now: float) -> None:
        try:
            await self._driver.start()
        except FAILURES as error:
            self._start_at = now + RETRY
            self._failed(error, now)
        else:
            self._started = True
            self._reason = "Open: nobody asked for the generator"

    async def _keep(self, now: float) -> None:
        if not self._asked or self._opening:
            return
        hindrance = self._fault or self._interlock.hindrance(now)
        if hindrance is not None:
            await self._open(f"Opened: {hindrance}", "interlock")
            return
        try:
            await self._driver.island(now + self._hold)
        except FAILURES as error:
            await self._open(f"Opened: {error}", "interlock")

    async def _open(self, reason: str, by: str) -> None:
        """Open at once; what fails is tried again at each turn, and the hardware's timer runs out."""
        was, self._opening = self._asked, True
        self._reason = self._reason if self._fault else reason
        try:
            await self._driver.connect()
        except FAILURES as error:
            self._failed(error, self._clock.monotonic())
            return
        finally:
            self._opening = False
        self._asked = False
        if was:
            log.info("%s: %s", self._device.id, reason)
            self._telling.moved("position", "closed", "open", by, "ordered", reason)

    async def _look(self) -> None:
        now = self._clock.monotonic()
        try:
            report = await self._driver.read()
        except FAILURES as error:
            self._failed(error, now)
            return
        self._failing_since = None
        output = None if report.output is None else report.output is Position.ISLANDED
        feedback = None if report.feedback is None else report.feedback is Position.CONNECTED
        known = [one for one in (output, feedback) if one is not None]
        self._check(any(one is not self._asked for one in known), now)
        values: dict[str, Value] = {
            "locked": self._fault is not None,
            "reason": self._reason[:255],
            "lease_ended_by": self._driver.ends_lease,
        }
        if known:
            values |= {"closed": any(known), FEED.key: self._asked}
        if feedback is not None:
            values["feedback"] = STATES[feedback]
        self._telling.say(values)

    def _check(self, wrong: bool, now: float) -> None:  # noqa: FBT001 - what was just compared
        """What is read back and disagrees for 5 s on end opens it, and keeps it open."""
        if not wrong:
            self._disagrees_since = None
        elif self._disagrees_since is None:
            self._disagrees_since = now
        elif now - self._disagrees_since >= DISAGREE and self._fault is None:
            self._fault = f"it was ordered {STATES[self._asked]}, and its contact says another thing"
            self._reason = f"Locked open: {self._fault}"
            log.error("%s: %s", self._device.id, self._reason)

    def _failed(self, error: Exception, now: float) -> None:
        if self._failing_since is None:
            self._failing_since = now
        if now - self._failing_since >= DISAGREE:
            self._telling.lost(f"{self._driver.name}: {error}")

    async def _perform(self, row: Entity, command: Command) -> Value:
        """A person's wish; raises Refused with the reason."""
        if row.key == RELEASE.key:
            if automated(command.by):
                raise Refused("only a person releases the lock")
            self._fault = self._disagrees_since = None
            return True
        if row.key != FEED.key:
            raise ValueError(f"{row.name} cannot be set")
        if command.value is not True:
            await self._open(f"Open: asked by {command.by}", command.by)
            if self._asked:
                raise DeviceError(f"{self._driver.name} cannot be driven")
            return False
        if command.by.startswith("rules") and self._level < STARTS:
            raise Refused(f"rules start no generator, unless the site file says `level: {STARTS}` here")
        now = self._clock.monotonic()
        hindrance = self._fault or self._interlock.hindrance(now)
        doubt = self._rules.doubt(now) if automated(command.by) else None
        if hindrance is None and doubt is not None:
            raise Refused(f"{doubt}; then only a person starts it, on the page or the command line")
        if hindrance is not None or not self._started:
            raise Refused(hindrance or f"{self._driver.name} cannot be driven")
        await self._driver.island(self._clock.monotonic() + self._hold)
        self._asked, self._reason = True, f"Closed: asked by {command.by}"
        self._telling.moved("position", "open", "closed", command.by, "ordered", self._reason)
        return True

    async def _leave(self) -> None:
        """Open on the way out; who asks for it meanwhile is refused."""
        driver, self._started = self._driver, False
        try:
            await driver.connect()
        except FAILURES as error:
            log.error("%s: %s: %s; it ends by %s", self._device.id, driver.name, error, driver.ends_lease)
