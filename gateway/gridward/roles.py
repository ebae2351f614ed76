"""Who measures what: the virtual device `site`, with the flows of the whole site from its devices."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from gridward.energies.entities import rows
from gridward.energies.role import FIRST, KEEP_EVERY, Energies
from gridward.live import Live
from gridward.planning.entities import PLAN
from gridward.planning.spec import RESERVE
from gridward.rules.inputs import Source
from gridward.rules.wiring import gather
from gridward_kit.clock import Clock
from gridward_kit.device import Device
from gridward_kit.entity import ENUM, POWER, SOC, Entity, Quantity, Sensor
from gridward_kit.info import Setup
from gridward_kit.integration import Identity, Integration
from gridward_kit.mqtt import Link
from gridward_kit.point import Value

TURN = 1.0
POWERS = (-1e6, 1e6)  # W
LEFT = Quantity("duration", "h", "measurement", 1)
GRID_SOURCES = ("meter", "contactor", "inverter", "balance")

ROWS: tuple[Entity, ...] = (
    Sensor("pv_power", "PV power", quantity=POWER),
    Sensor("load_power", "Load power", quantity=POWER),
    Sensor("battery_power", "Battery power", quantity=POWER),
    Sensor("grid_power", "Grid power", quantity=POWER),
    Sensor("grid_power_source", "Grid power from", quantity=ENUM, options=GRID_SOURCES),
    Sensor("soc", "Battery", quantity=SOC),
    Sensor("battery_hours_left", "Battery lasts", quantity=LEFT),
)
KEYS = frozenset(row.key for row in ROWS)

SITE = Integration(domain="site", name="Site", kind="site", entities=lambda _: (*ROWS, *rows(None)))

NOBODY = Source(name="nobody")


def flows(sources: Mapping[str, Source], reserve: float = RESERVE) -> dict[str, Value]:
    """The site's powers (W), SoC (%) and hours left, from fresh values by role; absent where one is not.

    Signs: battery positive = charging, grid positive = import. `reserve` is the SoC to be left.
    """
    found: dict[str, float | None] = {
        "pv_power": _pv(sources.get("pv", NOBODY)),
        "load_power": _load(sources.get("load", NOBODY)),
        "battery_power": _battery(sources),
        "soc": _soc(sources),
        "battery_hours_left": _hours_left(sources.get("battery", NOBODY), reserve),
    }
    values: dict[str, Value] = {key: value for key, value in found.items() if value is not None}
    measured = _grid(sources, found["pv_power"], found["load_power"], found["battery_power"])
    if measured is not None:
        values["grid_power"], values["grid_power_source"] = measured
    return values


def _pv(source: Source) -> float | None:
    if source.kind != "inverter":
        return source.number("power", *POWERS)
    if "pv_total_power" in source.keys:
        return source.number("pv_total_power", *POWERS)
    first, second = source.number("pv_power", *POWERS), source.number("pv2_power", *POWERS)
    if "pv2_power" not in source.keys:
        return first
    return None if first is None or second is None else first + second


def _load(source: Source) -> float | None:
    return source.number("output_power" if source.kind == "inverter" else "power", *POWERS)


def _battery(sources: Mapping[str, Source]) -> float | None:
    """What the site file names as battery measures it; without one, the inverter does."""
    source = sources.get("battery", _inverter(sources))
    return source.number("battery_power" if source.kind == "inverter" else "power", *POWERS)


def _soc(sources: Mapping[str, Source]) -> float | None:
    source = sources.get("battery", _inverter(sources))
    return source.number("battery_soc" if source.kind == "inverter" else "soc", 0.0, 100.0)


def _inverter(sources: Mapping[str, Source]) -> Source:
    named = (sources.get(role, NOBODY) for role in ("inverter", "load", "pv", "battery"))
    return next((source for source in named if source.kind == "inverter"), NOBODY)


def _grid(
    sources: Mapping[str, Source], pv: float | None, load: float | None, battery: float | None
) -> tuple[float, str] | None:
    """Grid power and where it comes from: the meter, or derived where none is named.

    Off the grid or running from its battery, an off-grid inverter takes nothing from it; on line it
    takes what the other flows leave over (its own losses stay unseen).
    """
    meter = sources.get("grid", NOBODY)
    if meter is not NOBODY and meter.kind != "inverter":
        measured = meter.number("power", *POWERS)
        return None if measured is None else (measured, "meter")
    if sources.get("grid_switch", NOBODY).word("feedback") == "islanded":
        return 0.0, "contactor"
    mode = _inverter(sources).word("mode")
    if mode == "battery":
        return 0.0, "inverter"
    if mode != "line" or pv is None or load is None or battery is None:
        return None
    return load + battery - pv, "balance"


def _hours_left(bank: Source, reserve: float) -> float | None:
    """Hours until the reserve at this power; absent when not discharging or not known."""
    watts, volts = bank.number("power", *POWERS), bank.number("voltage", 0.0, 1000.0)
    soc, ampere_hours = bank.number("soc", 0.0, 100.0), bank.number("remaining_capacity", 0.0, 1e5)
    if not soc or watts is None or volts is None or ampere_hours is None or watts >= 0:
        return None
    usable = ampere_hours * max(0.0, soc - reserve) / soc
    return round(usable * volts / -watts, 2)


class SiteDevice:
    """Publishes the flows as the device `site` once a second, and the energies as they are kept."""

    def __init__(
        self,
        live: Live,
        link: Link,
        clock: Clock,
        roles: Mapping[str, str],
        folder: Path,
        energies: Energies | None = None,
        reserve: float = RESERVE,
    ) -> None:
        """`reserve` is the SoC (%) down to which the battery is said to last."""
        self.device = Device(Setup("site", SITE, "Site", folder), link, clock)
        self._live, self._clock, self._roles = live, clock, roles
        self._energies, self._reserve = energies, reserve
        live.on_change(self._changed)

    async def run(self) -> None:
        """Publish until cancelled."""
        energies = self._energies
        more = () if energies is None else energies.rows
        self.device.describe(Identity(model="Site", protocol="roles"), (*ROWS, *more))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._show())
            if energies is not None:
                group.create_task(self._keep(energies))

    async def _show(self) -> None:
        while True:
            self.device.read(self._look(), TURN, KEYS)
            self.device.publish()
            await self._clock.sleep(TURN)

    async def _keep(self, energies: Energies) -> None:
        try:
            await self._clock.sleep(FIRST)
            while True:
                kept = await energies.keep()
                if kept is not None:
                    self.device.read(kept, KEEP_EVERY, energies.keys)
                await self._clock.sleep(KEEP_EVERY)
        finally:
            energies.end()

    def _changed(self, device: str) -> None:
        """A poll between two turns counts, too."""
        if self._energies is not None and device in self._roles.values():
            self._look()

    def _look(self) -> dict[str, Value]:
        sources = gather(self._live, self._roles, self._clock.monotonic())
        found = flows(sources, self._reserve)
        if self._energies is not None:
            price = self._live.fresh(PLAN, "price", self._clock.monotonic())
            told = None if isinstance(price, bool | str) or price is None else float(price)
            self._energies.take(found, sources, told)
        return found
