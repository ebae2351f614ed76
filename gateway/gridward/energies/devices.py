"""Energies of each device: today's, this month's and this year's, and since ever where it counts none itself.

Home Assistant shows them on the device's own card; on the broker they are a device `<id>_energies`.
"""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from gridward.energies import stored
from gridward.energies.core import Sample, Settings, State, step
from gridward.energies.counted import ENERGIES, PARTS, Made, integrated, rows, shown, wanted
from gridward.energies.role import FIRST, FLOWS, KEEP_EVERY, MOST_COUNTED
from gridward.live import Live, LiveDevice
from gridward.recorder.trouble import Faulty, explain
from gridward.roles import flows
from gridward.rules.wiring import gather
from gridward.site import Site
from gridward_kit.clock import Clock
from gridward_kit.device import Device
from gridward_kit.gone import withdraw
from gridward_kit.info import Setup
from gridward_kit.integration import Identity
from gridward_kit.kept import Kept
from gridward_kit.mqtt import Link
from gridward_kit.spool import SANE

log = logging.getLogger(__name__)

SUFFIX = "_energies"
COUNTED_EVERY = 300.0
"""Seconds between writes of a device that counts all itself: after a power cut its counter tells the rest."""


@dataclass(slots=True)
class _Counted:
    """One device whose energies are told. `at` is the receipt of its newest state that was taken, `due` when
    it is written and shown again (monotonic s)."""

    table: tuple[Made, ...]
    kind: str
    shown: Device
    state: State | None = None
    at: float | None = None
    due: float = 0.0
    keys: frozenset[str] = field(default_factory=frozenset)

    @property
    def every(self) -> float:
        """Seconds between writes."""
        return KEEP_EVERY if integrated(self.table) else COUNTED_EVERY


class DeviceEnergies:
    """The energies of all devices of a site. What is shown is on disk: a power cut makes none fall."""

    def __init__(
        self,
        live: Live,
        link: Link,
        clock: Clock,
        store: Path,
        folder: Path,
        settings: Settings,
        known: Collection[str],
    ) -> None:
        """`known` are the devices of the site file."""
        self._live, self._link, self._clock = live, link, clock
        self._store, self._folder, self._settings = store, folder, replace(settings, flows=False)
        self._counted: dict[str, _Counted] = {}
        self._broken: set[str] = set()
        self._told = ""
        self._keep_to(known)
        live.on_change(self._changed)

    def reread(self, read: Site | str) -> None:
        """Take up the devices of a site file that was read anew; of a faulty one nothing."""
        if not isinstance(read, str):
            self._keep_to({device.id for device in read.all_devices()})

    def _keep_to(self, known: Collection[str]) -> None:
        """These are the devices of the site file now; what was announced for others is taken back."""
        self._known = frozenset(known)
        for identifier in [one for one in self._counted if one not in known]:
            self._drop(identifier)
        for path in sorted(self._folder.glob(f"*{SUFFIX}.json")):
            if path.stem.removesuffix(SUFFIX) not in known:
                self._clear(path)

    async def run(self) -> None:
        """Integrate and publish until cancelled."""
        try:
            await self._clock.sleep(FIRST)
            while True:
                await self._keep()
                await self._clock.sleep(KEEP_EVERY)
        finally:
            self._end()

    def _changed(self, identifier: str) -> None:
        """A device said something: who it is, or a poll."""
        device = self._live.devices.get(identifier)
        table = () if device is None or identifier not in self._known else wanted(device)
        one = self._counted.get(identifier)
        if one is not None and not table:
            self._drop(identifier)
        elif device is not None and device.at is not None and table and (one is None or one.table != table):
            one = self._followed(device, table, one)
        if one is not None and one.state is not None and device is not None and device.at != one.at:
            one.at = device.at
            one.state = self._stepped(identifier, one, one.state)

    def _followed(self, device: LiveDevice, table: tuple[Made, ...], one: _Counted | None) -> _Counted | None:
        """As `_follow`; of a device whose file is broken, which is told once, nothing is counted."""
        if device.id in self._broken:
            return None
        try:
            self._counted[device.id] = one = self._follow(device, table, one)
        except ValueError as error:
            self._broken.add(device.id)
            log.error("energies of %s: %s", device.id, error)
        return one

    def _follow(self, device: LiveDevice, table: tuple[Made, ...], one: _Counted | None) -> _Counted:
        """Announce what is told of a device, anew where that changed."""
        name = f"{device.name} energies"
        setup = Setup(f"{device.id}{SUFFIX}", ENERGIES, name, self._folder, card=(device.id, device.name))
        if one is None:
            one = _Counted(table, device.kind or "", Device(setup, self._link, self._clock))
        one.table, one.due, told = table, 0.0, rows(table)
        one.keys = frozenset(row.key for row in told)
        one.shown.describe(Identity(model=name, protocol="energies"), told)
        return one

    def _drop(self, identifier: str) -> None:
        shown = self._counted.pop(identifier).shown
        self._withdraw(shown.id, shown.kept)

    def _clear(self, path: Path) -> None:
        try:
            self._withdraw(path.stem, Kept(path))
        except ValueError as error:
            log.error("%s", error)

    def _withdraw(self, shown: str, kept: Kept) -> None:
        """Its device is gone, or counts itself now: what was announced is taken back, the state is kept."""
        withdraw(self._link, kept)
        for topic in ("info", "state", "availability", "health"):
            self._link.publish(f"{self._link.root}/{shown}/{topic}", "", retain=True)

    def _stepped(self, identifier: str, one: _Counted, state: State) -> State:
        now = self._clock.monotonic()
        sources = gather(self._live, dict.fromkeys(PARTS[one.kind], identifier), now)
        needed = integrated(one.table)
        found = flows(sources) if needed else {}
        powers = {
            name: float(found[FLOWS[name]]) for name in needed if FLOWS[name] in found and name in sources
        }
        source = next(iter(sources.values()))
        counters = {
            made.energy: 1000 * value
            for made in one.table
            if made.counted and (value := source.number(made.key, 0.0, MOST_COUNTED)) is not None
        }
        return step(state, Sample(now, self._wall(), powers, counters), self._settings)

    def _wall(self) -> float | None:
        wall = self._clock.time()
        return wall if wall >= SANE else None

    def _turn(self, one: _Counted) -> None:
        """At local midnight the day begins for a device that is silent, too; at once for all to see."""
        wall, now = self._wall(), self._clock.monotonic()
        if one.state is None or wall is None:
            return
        if one.state.day != datetime.fromtimestamp(wall, self._settings.zone).date():
            one.state, one.due = step(one.state, Sample(now, wall, {}), self._settings), now

    async def _keep(self) -> None:
        """Load what is new, save what is due; show what is on disk now."""
        now = self._clock.monotonic()
        try:
            for identifier, one in list(self._counted.items()):
                if one.state is None:
                    one.state = await self._load(identifier)
                self._turn(one)
            due = {name: one for name, one in self._counted.items() if now >= one.due}
            states = {name: one.state for name, one in due.items() if one.state and one.state.totals}
            if states:
                await asyncio.to_thread(stored.save_all, self._store, states)
        except Faulty as error:
            trouble = explain(error)
            self._tell(f"{trouble.reason}; {trouble.remedy}")
            return
        for name, state in states.items():
            known = self._counted.get(name)
            if known is not None:
                known.due = now + known.every - 0.05
                known.shown.read(shown(state, known.table), known.every, known.keys)
        for one in self._counted.values():
            if one.shown.values:  # said more often than it changes: what is rare would pass for stale
                one.shown.publish()

    async def _load(self, identifier: str) -> State | None:
        """What was saved of a device; a broken row is told, and of that device nothing is counted."""
        try:
            return await asyncio.to_thread(stored.load, self._store, identifier)
        except ValueError as error:
            self._tell(f"{error}; the row of {identifier} in the table `energies` is broken, remove it")
            return None

    def _end(self) -> None:
        states = {name: one.state for name, one in self._counted.items() if one.state is not None}
        if states:
            try:
                stored.save_all(self._store, states)
            except Faulty as error:
                self._tell(explain(error).reason)

    def _tell(self, sentence: str) -> None:
        if sentence != self._told:
            log.error("energies of devices: %s", sentence)
        self._told = sentence
