"""Lifetime energies of each device that counts none itself, integrated from its power over all its polls.

Home Assistant shows them on the device's own card; on the broker they are a device `<id>_energies`.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gridward.energies import stored
from gridward.energies.core import ESTIMATED, Sample, Settings, State, step
from gridward.energies.entities import kwh
from gridward.energies.role import FIRST, FLOWS, KEEP_EVERY
from gridward.live import Live, LiveDevice
from gridward.recorder.trouble import Faulty, explain
from gridward.roles import flows
from gridward.rules.wiring import gather
from gridward_kit.clock import Clock
from gridward_kit.device import Device
from gridward_kit.entity import ENERGY, Category, Sensor
from gridward_kit.gone import withdraw
from gridward_kit.info import Setup
from gridward_kit.integration import Identity, Integration
from gridward_kit.kept import Kept
from gridward_kit.mqtt import Link
from gridward_kit.point import Value
from gridward_kit.spool import SANE

log = logging.getLogger(__name__)

SUFFIX = "_energies"


@dataclass(frozen=True, slots=True)
class Made:
    """An energy of `core.POWERS`, the key and name under which it is shown, and the keys of which any is
    its power; a device that has one of `unless` counts it itself."""

    energy: str
    key: str
    name: str
    powers: frozenset[str]
    unless: frozenset[str]


def _made(energy: str, key: str, name: str, powers: str, unless: str = "") -> Made:
    return Made(energy, key, name, frozenset(powers.split()), frozenset([key, *unless.split()]))


TABLE: Mapping[str, tuple[Made, ...]] = {
    "battery": (
        _made("battery_in", "charge_energy", "Charged energy", "power"),
        _made("battery_out", "discharge_energy", "Discharged energy", "power"),
    ),
    "inverter": (
        _made("pv", "pv_energy", "PV energy", "pv_power pv_total_power"),
        _made("load", "load_energy", "Load energy", "output_power"),
        _made("battery_in", "battery_charge_energy", "Energy into the battery", "battery_power"),
        _made("battery_out", "battery_discharge_energy", "Energy out of the battery", "battery_power"),
    ),
    "meter": (
        _made("grid_import", "import_energy", "Imported energy", "power", "total_energy"),
        _made("grid_export", "export_energy", "Exported energy", "power", "total_energy import_energy"),
    ),
}
"""What each kind of device is given, if it has the power and not the counter."""

PARTS: Mapping[str, tuple[str, ...]] = {
    "battery": ("battery",),
    "inverter": ("pv", "load", "battery"),
    "meter": ("grid",),
}
ROW = Sensor(ESTIMATED + "_energy", "Estimated energy", quantity=ENERGY, category=Category.DIAGNOSTIC)
ENERGIES = Integration(
    domain="energies",
    name="Energies",
    kind="energies",
    entities=lambda _: (*{made.key: row(made) for table in TABLE.values() for made in table}.values(), ROW),
)


def row(made: Made) -> Sensor:
    """The entity of one energy, a counter since ever."""
    return Sensor(made.key, made.name, quantity=ENERGY)


def wanted(device: LiveDevice) -> tuple[Made, ...]:
    """Which energies are integrated for a device, by what it announced."""
    keys = device.entities.keys()
    table = TABLE.get(device.kind or "", ())
    return tuple(made for made in table if made.powers & keys and not made.unless & keys)


@dataclass(slots=True)
class _Counted:
    """One device whose energies are integrated. `at` is the receipt of its newest state that was taken."""

    table: tuple[Made, ...]
    kind: str
    shown: Device
    state: State | None = None
    at: float | None = None
    keys: frozenset[str] = field(default_factory=frozenset)


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
        """`known` are the devices of the site file; what was announced for others is taken back."""
        self._live, self._link, self._clock = live, link, clock
        self._store, self._folder, self._settings = store, folder, settings
        self._counted: dict[str, _Counted] = {}
        self._broken: set[str] = set()
        self._told = ""
        for path in sorted(folder.glob(f"*{SUFFIX}.json")):
            if path.stem.removesuffix(SUFFIX) not in known:
                self._clear(path)
        live.on_change(self._changed)

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
        table = () if device is None else wanted(device)
        one = self._counted.get(identifier)
        if one is not None and not table:
            shown = self._counted.pop(identifier).shown
            self._withdraw(shown.id, shown.kept)
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
        """Announce what is integrated for a device, anew where that changed."""
        name = f"{device.name} energies"
        setup = Setup(f"{device.id}{SUFFIX}", ENERGIES, name, self._folder, card=(device.id, device.name))
        if one is None:
            one = _Counted(table, device.kind or "", Device(setup, self._link, self._clock))
        one.table, rows = table, (*(row(made) for made in table), ROW)
        one.keys = frozenset(item.key for item in rows)
        one.shown.describe(Identity(model=name, protocol="power"), rows)
        return one

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
        found = flows(sources)
        powers = {name: float(found[key]) for name, key in FLOWS.items() if key in found and name in sources}
        wall = self._clock.time()
        sample = Sample(now, wall if wall >= SANE else None, powers)
        return step(state, sample, self._settings)

    async def _keep(self) -> None:
        """Load what is new, save all; show what is on disk now."""
        try:
            for identifier, one in list(self._counted.items()):
                if one.state is None:
                    one.state = await self._load(identifier)
            states = {name: one.state for name, one in self._counted.items() if one.state is not None}
            if states:
                await asyncio.to_thread(stored.save_all, self._store, states)
        except Faulty as error:
            trouble = explain(error)
            self._tell(f"{trouble.reason}; {trouble.remedy}")
            return
        for name, state in states.items():
            known = self._counted.get(name)
            if known is not None:
                known.shown.read(shown(state, known.table), KEEP_EVERY, known.keys)
                known.shown.publish()

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


def shown(state: State, table: tuple[Made, ...]) -> dict[str, Value]:
    """The values by key in kWh; what was never measured is absent."""
    values: dict[str, Value] = {
        made.key: kwh(state.totals[made.energy]) for made in table if made.energy in state.totals
    }
    return values | {ROW.key: kwh(state.totals.get(ESTIMATED, 0.0))} if values else {}
