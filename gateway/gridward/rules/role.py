"""The role `rules`: decides once a second and on each new state, and alone renews the contactor's lease."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from gridward.energies.core import Settings
from gridward.energies.devices import DeviceEnergies
from gridward.energies.role import Energies
from gridward.live import Live
from gridward.roles import SiteDevice
from gridward.rules import audit
from gridward.rules.automation import Automation
from gridward.rules.entities import IDENTITY, KEYS, MODES, ROWS, RULES, WITHOUT_CONTACTOR
from gridward.rules.lease import Lease
from gridward.rules.policy import Policy
from gridward.rules.switching import Switching
from gridward.site import GridSwitchSettings, Site
from gridward_kit.clock import Clock
from gridward_kit.command import Command
from gridward_kit.device import Device
from gridward_kit.entity import Entity
from gridward_kit.info import Setup
from gridward_kit.kept import Json
from gridward_kit.mqtt import Link
from gridward_kit.point import Value

log = logging.getLogger(__name__)

TURN = 1.0
KEEP_EVERY = 30.0
KEEP_COUNTS = 900.0
NO_POLICY = Policy("none")

Reread = Callable[["Site | str"], None]
"""Takes a site that was read anew, or in words what was wrong with its file."""


async def run_rules(site: Site, link: Link, clock: Clock, rereads: dict[str, Reread] | None = None) -> None:
    """Run the rules and the virtual device `site` until cancelled. Where `rereads` is given, what takes up
    a site file that was read anew is put into it."""
    live = Live(link, clock)
    folder = site.folder / "state"
    settings = site.rules.grid_switch
    energies = Energies(site.record.store, clock, Settings(site.time_zone, site.tariff))
    known = {device.id for device in site.all_devices()}
    each = DeviceEnergies(live, link, clock, site.record.store, folder, Settings(site.time_zone), known)
    if rereads is not None:
        rereads["energies"] = each.reread
    async with asyncio.TaskGroup() as group:
        whole = SiteDevice(live, link, clock, site.roles, folder, energies, site.plan.reserve)
        group.create_task(whole.run())
        group.create_task(each.run())
        if settings is not None:
            automation = Automation(live, link, clock, site.rules.policy or NO_POLICY, site.time_zone)
            rules = Rules(live, link, clock, settings, folder, site.rules.mode, automation)
            if rereads is not None:
                rereads["rules"] = rules.reread
            group.create_task(rules.run())


class Rules:
    """The device `rules` and what stands behind it: mode, grid switch, policy, what a person wants."""

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
        self._clock = clock
        self._default = mode
        # The first turn keeps: else who is killed again and again would hold a person's wish for ever.
        self._kept_at = float("-inf")
        now, kept = clock.monotonic(), self.device.kept.section("rules")
        self._mode = self._kept_mode(kept, mode)
        self._automation = automation or Automation(live, link, clock, NO_POLICY, ZoneInfo("UTC"))
        self._automation.keep = self._keep
        self._automation.restore(kept, now, KEEP_EVERY)
        local = self._automation.local
        self._switching = Switching(live, link, clock, settings, kept, KEEP_EVERY, local)
        self._wake = asyncio.Event()
        self._lease = Lease(link, clock, settings.relay, self._wake.set)
        self._shown: tuple[object, ...] = ()
        self._published_at = 0.0
        live.on_change(self._changed)

    async def run(self) -> None:
        """Decide until cancelled. The lease is renewed from this loop and from nowhere else."""
        self._describe()
        try:
            while True:
                now = self._turn()
                self._lease.renew(self._switching.position, now)
                self._automation.turn(now, self._mode)
                await self._pause()
        finally:
            self._keep()

    def _describe(self) -> None:
        own = ROWS if self._switching.settings.stated else WITHOUT_CONTACTOR
        self.device.describe(IDENTITY, (*own, *self._automation.rows))

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
        if self._automation.looks_at(device) or self._switching.looks_at(device):
            self._wake.set()

    def _turn(self) -> float:
        """Decide about the grid and show it; returns the moment of the decision."""
        now = self._clock.monotonic()
        holds, proposals = self._automation.holds, self._automation.proposals
        changed = self._switching.turn(now, self._mode, stopped=holds.stopped)
        self._show(now)
        running = self._switching.override.wish != "auto" or holds.any() or bool(proposals.waiting)
        if changed or now - self._kept_at >= (KEEP_EVERY if running else KEEP_COUNTS):
            self._keep()
        return now

    def _show(self, now: float) -> None:
        stopped = self._automation.holds.remaining(now).get("all", ("", 0.0))[1]
        own = {**self._switching.values(self._mode, now, stopped), "mode": self._mode}
        others = self._automation.values()
        keys = KEYS | {row.key for row in self._automation.rows}
        self.device.read({**own, **others}, TURN, keys)
        shown = (self._mode, self._switching.steady, tuple(others.items()))
        if shown != self._shown or now - self._published_at >= TURN:
            self._shown, self._published_at = shown, now
            self.device.publish()

    async def _perform(self, row: Entity, command: Command) -> Value:
        """Take a person's wish; raises Refused or ValueError with the reason in words."""
        now, said = self._clock.monotonic(), command.value
        self._switching.go_on(mode=row.key == "mode")
        if row.key == "mode":
            shown: Value = said
            self._mode = str(said)
        elif self._automation.holds.takes(row.key):
            shown = self._automation.holds.wish(row.key, said, now, self._switching.settings.override)
        elif self._automation.answers.takes(row.key):
            shown = self._automation.answer(row.key, str(said), command.by)
        else:
            shown = self._switching.wish(str(said), now)
        self._keep()
        self._turn()
        self._wake.set()
        return shown

    def reread(self, site: Site | str) -> None:
        """Take up a site file that was read anew, or the word that it cannot be: then all stays as it is."""
        if isinstance(site, str):
            self._automation.refused(site)
            return
        settings = site.rules.grid_switch
        if settings is None or settings.relay != self._switching.settings.relay:
            log.warning("rules: another contactor, or none, is taken up at the next start")
        else:
            self._switching.settings = settings
        self._automation.take(site.rules.policy or NO_POLICY, site.time_zone)
        self._take_mode(site.rules.mode)
        self._describe()
        self._keep()
        self._wake.set()

    def _take_mode(self, said: str) -> None:
        """The mode of a site file that says another one than before, as at a start."""
        if said == self._default:
            return
        before, self._default, self._mode = self._mode, said, said
        self._switching.go_on(mode=True)
        reason = "The site file says another mode."
        change = audit.Change("rules/mode", before, said, "reloaded", reason)
        audit.publish(self.device.link, self._clock, change)

    def _keep(self) -> bool:
        """Put on disk what outlives a restart; whether the disk took it."""
        self._kept_at = now = self._clock.monotonic()
        content: dict[str, Json] = {
            "mode": self._mode,
            "site_file": self._default,
            **self._switching.to_json(now),
            **self._automation.to_json(now),
        }
        try:
            self.device.kept.save({"rules": content})
        except OSError as error:
            log.error("%s: cannot be written: %s; free some disk", self.device.kept.path, error)
            return False
        return True

    def _kept_mode(self, kept: Mapping[str, Json], default: str) -> str:
        """The mode that a person set last, unless the site file says another one since."""
        mode = kept.get("mode")
        known = isinstance(mode, str) and mode in MODES and kept.get("site_file") == default
        return str(mode) if known else default
