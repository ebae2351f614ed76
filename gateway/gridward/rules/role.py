"""The role `rules`: decides once a second and on each new state, and alone renews the contactor's lease."""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from gridward import payload
from gridward.energies.core import Settings
from gridward.energies.role import Energies
from gridward.live import Live
from gridward.roles import SiteDevice
from gridward.rules import audit
from gridward.rules.automation import Automation
from gridward.rules.entities import IDENTITY, KEYS, MODES, ROWS, RULES
from gridward.rules.grid_switch import Decision, Memory, decide
from gridward.rules.holds import Holds
from gridward.rules.inputs import Inputs, Position
from gridward.rules.override import WISHES, Override, override_from
from gridward.rules.renewal import Renewal
from gridward.rules.sentences import top
from gridward.rules.wiring import gather, parts
from gridward.site import GridSwitchSettings, Site
from gridward_kit.clock import Clock
from gridward_kit.command import Command
from gridward_kit.device import Device
from gridward_kit.entity import Entity
from gridward_kit.errors import Refused
from gridward_kit.info import Setup
from gridward_kit.kept import Json
from gridward_kit.mqtt import Link, Message
from gridward_kit.point import Value

log = logging.getLogger(__name__)

TURN = 1.0
KEEP_EVERY = 30.0


async def run_rules(site: Site, link: Link, clock: Clock) -> None:
    """Run the rules and the virtual device `site` until cancelled."""
    live = Live(link, clock)
    folder = site.folder / "state"
    settings = site.rules.grid_switch
    energies = Energies(site.record.store, clock, Settings(site.time_zone, site.tariff))
    async with asyncio.TaskGroup() as group:
        group.create_task(SiteDevice(live, link, clock, site.roles, folder, energies).run())
        if settings is not None:
            policy = site.rules.policy
            automation = None if policy is None else Automation(live, link, clock, policy, site.time_zone)
            rules = Rules(live, link, clock, settings, folder, site.rules.mode, automation)
            group.create_task(rules.run())


class Rules:
    """The device `rules` and what stands behind it: mode, override, decision, renewals, audit."""

    def __init__(
        self,
        live: Live,
        link: Link,
        clock: Clock,
        settings: GridSwitchSettings,
        folder: Path,
        mode: str = "observe",
        automation: Automation | None = None,
    ) -> None:
        self.device = Device(
            Setup("rules", RULES, "Rules", folder, writable=True), link, clock, perform=self._perform
        )
        self._live, self._link, self._clock = live, link, clock
        self._settings = settings
        self._parts = parts(settings)
        self._default = mode
        self._mode = self._kept_mode(mode)
        self._override = self._kept_override()
        self._automation = automation
        self._holds = Holds(()) if automation is None else automation.holds
        self._holds.restore(self._kept().get("holds"), clock.monotonic(), settings.override, KEEP_EVERY)
        self._kept_at = clock.monotonic()
        self._memory = Memory()
        self._position: Position = "connected"
        self._would: Position | None = None
        self._decisions = 0
        self._renewal = Renewal()
        self._shown: tuple[object, ...] = ()
        self._published_at = 0.0
        self._told = ""
        self._wake = asyncio.Event()
        live.on_change(self._changed)
        if settings.relay is not None:
            link.subscribe(f"{link.root}/{settings.relay}/lease", self._leased)

    async def run(self) -> None:
        """Decide until cancelled. The lease is renewed from this loop and from nowhere else."""
        self.device.describe(IDENTITY, (*ROWS, *self._holds.rows))
        try:
            while True:
                now = self._turn()
                self._renew(now)
                if self._automation is not None:
                    self._automation.turn(now, self._mode)
                await self._pause()
        finally:
            self._keep()

    async def _pause(self) -> None:
        self._wake.clear()
        rest = asyncio.ensure_future(self._clock.sleep(TURN))
        woken = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait({rest, woken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            rest.cancel()
            woken.cancel()

    def _changed(self, device: str) -> None:
        automated = self._automation is not None and self._automation.looks_at(device)
        if automated or device in self._parts.values():
            self._wake.set()

    def _turn(self) -> float:
        """Decide and show it; returns the moment of the decision."""
        now = self._clock.monotonic()
        self._expire(now)
        inputs = self._inputs(now)
        decision = self._decide(inputs, now)
        self._memory = decision.memory
        acting = self._mode == "on" or self._override.wish != "auto"
        self._settle(decision, acting=acting)
        self._show(decision, inputs, now, acting=acting)
        if (self._override.wish != "auto" or self._holds.active()) and now - self._kept_at >= KEEP_EVERY:
            self._keep()
        return now

    def _inputs(self, now: float) -> Inputs:
        sources = gather(self._live, self._parts, now, self._settings.grace)
        return Inputs(sources, self._override.wish)

    def _decide(self, inputs: Inputs, now: float) -> Decision:
        """Decide; a rule that fails connects the grid and goes on deciding."""
        try:
            decision = decide(inputs, self._settings, now, self._memory)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            reason = f"The grid switch's rule failed ({type(error).__name__}: {error})."
            if self._told != reason:
                log.exception("rules: the grid switch failed; the grid is connected")
            self._told = reason
            return Decision("connected", "broken", (reason,), Memory(at=now), (reason,))
        self._told = ""
        return decision

    def _settle(self, decision: Decision, *, acting: bool) -> None:
        """Take the position that is asked of the contactor, and put each change on record."""
        position: Position = decision.position if acting else "connected"
        reason = " ".join(decision.reasons) if acting else f"Rules: {self._mode}."
        if position != self._position:
            self._record("rules/decision", self._position, position, "decided", reason)
            self._position = position
        would = decision.position if self._mode == "observe" and not acting else None
        if would is not None and would != (self._would or "connected"):
            self._record(
                "rules/would", self._would or "connected", would, "observed", " ".join(decision.reasons)
            )
        self._would = would

    def _record(self, what: str, before: str, after: str, status: str, reason: str) -> None:
        self._decisions += 1
        self._audit(what, before, after, status, reason)
        log.info("rules: %s: %s -> %s: %s", status, before, after, reason)

    def _audit(self, what: str, before: str, after: str, status: str, reason: str) -> None:
        audit.publish(self._link, self._clock, audit.Change(what, before, after, status, reason))

    def _show(self, decision: Decision, inputs: Inputs, now: float, *, acting: bool) -> None:
        remaining = self._override.remaining(now)
        contactor = self._settings.relay is not None
        values: dict[str, Value] = {
            "sentence": top(self._mode, decision, inputs, remaining, contactor=contactor),
            "decision": self._position,
            "decisions": self._decisions,
            "grid_override": self._override.wish,
            "mode": self._mode,
            **self._holds.values(),
        }
        if self._would is not None:
            values["would"] = self._would
        if decision.waiting is not None and (acting or self._mode == "observe"):
            values["waiting"] = decision.waiting
        if remaining:
            values["override_remaining"] = round(remaining)
        self.device.read(values, TURN, KEYS | self._holds.values().keys())
        shown = (
            self._position,
            self._would,
            self._mode,
            self._override,
            self._holds.active(),
            decision.cause,
        )
        if shown != self._shown or now - self._published_at >= TURN:
            self._shown, self._published_at = shown, now
            self.device.publish()

    def _leased(self, message: Message) -> None:
        """Take note of the relay's newest number; the loop answers it."""
        try:
            content = payload.read_object(message.payload)
        except ValueError as error:
            log.warning("%s: not a lease (%s), left out", message.topic, error)
            return
        epoch, count = payload.text(content, "epoch"), content.get("n")
        if epoch is None or isinstance(count, bool) or not isinstance(count, int):
            log.warning("%s: not a lease, left out", message.topic)
            return
        self._renewal.seen(epoch, count, message.at, retained=message.retain)
        self._wake.set()

    def _renew(self, decided_at: float) -> None:
        """Answer the relay, from the decision of this very turn."""
        answer = self._renewal.answer(self._position, decided_at, self._clock.monotonic())
        if answer is None or not self._link.connected:
            return
        epoch, count = answer
        renewal = json.dumps({"v": 1, "epoch": epoch, "n": count})
        self._link.publish(f"{self._link.root}/{self._settings.relay}/lease/renew", renewal, qos=0)

    async def _perform(self, row: Entity, command: Command) -> Value:
        """Take a person's wish; raises Refused with the reason in words."""
        now = self._clock.monotonic()
        self._memory = replace(self._memory, position=self._position)
        if row.key == "mode":
            self._mode = str(command.value)
            self._would = None
        elif self._holds.takes(row.key):
            self._holds.hold(row.key, str(command.value), now + self._settings.override)
        else:
            self._set_override(str(command.value), now)
        self._keep()
        self._turn()
        return command.value

    def _set_override(self, value: str, now: float) -> None:
        wish = next(item for item in WISHES if item == value)
        if wish == "islanded":
            probe = self._decide(replace(self._inputs(now), override=wish), now)
            if probe.position != "islanded":
                raise Refused(probe.reasons[0])
        self._override = Override(wish, now + self._settings.override)

    def _expire(self, now: float) -> None:
        """An override ends by time, and never silently."""
        before = self._override
        self._override = before.now(now)
        if self._override.wish != before.wish:
            self._audit("rules/grid_override", before.wish, "auto", "expired", "Its time is over.")
            self._keep()

    def _keep(self) -> None:
        self._kept_at = now = self._clock.monotonic()
        content: dict[str, Json] = {
            "mode": self._mode,
            "site_file": self._default,
            "override": self._override.to_json(now),
            "holds": self._holds.to_json(now),
        }
        try:
            self.device.kept.save({"rules": content})
        except OSError as error:
            log.error("%s: cannot be written: %s; free some disk", self.device.kept.path, error)

    def _kept_mode(self, default: str) -> str:
        """The mode that a person set last, unless the site file says another one since."""
        kept = self._kept()
        mode = kept.get("mode")
        return (
            mode if isinstance(mode, str) and mode in MODES and kept.get("site_file") == default else default
        )

    def _kept_override(self) -> Override:
        """What a person wished before this start. How long nobody decided is not known: only the safe
        side is taken up again.
        """
        longest, now = self._settings.override, self._clock.monotonic()
        kept = override_from(self._kept().get("override"), now, longest, KEEP_EVERY)
        if kept.wish == "islanded":
            self._audit("rules/grid_override", kept.wish, "auto", "expired", "The rules started anew.")
            return Override()
        return kept

    def _kept(self) -> Mapping[str, Json]:
        return self.device.kept.section("rules")
