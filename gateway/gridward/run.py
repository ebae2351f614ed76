"""Runs a host's roles in one process, each a supervised task: one that fails never stops the others."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

from gridward import watchdog
from gridward.broker import embedded_broker, free_port, port_is_free
from gridward.config import load
from gridward.document import SiteFault
from gridward.drill.processes import registered
from gridward.site import EMBEDDED, BusSpec, DeviceSpec, Site
from gridward_kit.clock import Clock
from gridward_kit.info import Setup
from gridward_kit.integration import Fact, Line, integrations
from gridward_kit.mqtt import MQTT_3, Broker, MqttLink
from gridward_kit.roster import Member, Roster
from gridward_kit.runner import Where, run_bus, run_device, together
from gridward_kit.tasks import end

log = logging.getLogger(__name__)

AGAIN = 5.0
EMBEDDED_PORT = 1883

Role = Callable[[], Awaitable[None]]


class House:
    """The roles of one host, ready to run."""

    def __init__(self, site: Site, clock: Clock, broker: Broker) -> None:
        self.site = site
        self.clock = clock
        self.broker = broker
        self.state = site.folder / "state"
        self._rosters: dict[str, Roster] = {}
        self.rereads: dict[str, Callable[[Site | str], None]] = {}

    def reload(self, site: Site) -> None:
        """Take up devices that were added to running buses or taken from them, and nothing else."""
        before = {bus.id: bus for bus in self.site.buses}
        known = {device.id for device in site.all_devices()}
        for bus in site.buses:
            old, roster = before.pop(bus.id, None), self._rosters.get(bus.id)
            if old is None or roster is None:
                log.warning("%s: a new bus is taken up at the next start", bus.role)
                continue
            stay = [device for device in bus.devices if device in old.devices]
            for gone in (device for device in old.devices if device not in stay):
                log.info("%s: %s leaves", bus.role, gone.id)
                roster.leave(gone.id, for_good=gone.id not in known)
            for new in (device for device in bus.devices if device not in stay):
                log.info("%s: %s joins", bus.role, new.id)
                roster.join(self._member(new))
            if replace(old, devices=bus.devices) != bus:
                log.warning("%s: port and line are taken up at the next start", bus.role)
        for bus in before.values():
            log.warning("%s: runs until the next start", bus.role)
        alone = (*self.site.devices, *site.devices)
        for name in dict.fromkeys(one.id for one in alone if alone.count(one) < 2):
            log.warning("%s: has no bus, and is taken up at the next start", name)
        self.site = site
        for take in self.rereads.values():
            take(site)

    def roles(self, names: tuple[str, ...]) -> dict[str, Role]:
        """What each named role runs; raises ValueError for a name that is none."""
        known: dict[str, Role] = {
            **{bus.role: self._bus(bus) for bus in self.site.buses},
            **{device.id: self._device(device) for device in self.site.devices},
            "rules": self._rules,
            "plan": self._plan,
            "recorder": self._recorder,
            "http": self._http,
            "notify": self._notify,
            **({} if self.site.panel is None else {"panel": self._panel}),
        }
        unknown = [name for name in names if name not in known]
        if unknown:
            raise ValueError(f"no role {', '.join(unknown)}; this site has {', '.join(known)}")
        return {name: known[name] for name in names}

    def link(self, role: str) -> MqttLink:
        """A role's own connection to the broker."""
        return MqttLink(self.broker, self.site.id, role, self.clock, self.state)

    def _where(self) -> Where:
        known = frozenset(device.id for device in self.site.all_devices())
        return Where(self.broker, self.site.id, self.clock, self.site.time_zone, known)

    def _member(self, spec: DeviceSpec) -> Member:
        setup = Setup(
            id=spec.id,
            integration=integrations()[spec.integration],
            name=spec.name,
            folder=self.state,
            writable=spec.writable,
            record_every=spec.record_every,
            side=spec.side,
        )
        options: Mapping[str, Fact] = dict(spec.options)
        if spec.model is not None:
            options = {**options, "model": spec.model}
        return Member(setup, options, spec.poll)

    def _bus(self, bus: BusSpec) -> Role:
        roster = self._rosters.setdefault(bus.id, Roster())

        async def work() -> None:
            now = next((one for one in self.site.buses if one.id == bus.id), bus)
            members = [self._member(device) for device in now.devices]
            await run_bus(
                self._where(),
                bus.role,
                bus.port,
                members,
                line=line_of(bus),
                folder=self.state,
                capture=bus.capture,
                roster=roster,
            )

        return work

    def _device(self, spec: DeviceSpec) -> Role:
        async def work() -> None:
            await run_device(self._where(), f"device:{spec.id}", self._member(spec))

        return work

    async def _rules(self) -> None:
        from gridward.rules.role import run_rules  # noqa: PLC0415 - a host without this role does not load it

        await self._linked("rules", lambda link: run_rules(self.site, link, self.clock, self.rereads))

    async def _plan(self) -> None:
        from gridward.planning.role import run_plan  # noqa: PLC0415

        await self._linked("plan", lambda link: run_plan(self.site, link, self.clock))

    async def _recorder(self) -> None:
        from gridward.recorder.role import run_recorder  # noqa: PLC0415

        await self._linked("recorder", lambda link: run_recorder(self.site, link, self.clock))

    async def _http(self) -> None:
        from gridward.api.serve import run_http  # noqa: PLC0415

        await self._linked("http", lambda link: run_http(self.site, link, self.clock))

    async def _notify(self) -> None:
        from gridward.notify.role import run_notify  # noqa: PLC0415

        await self._linked("notify", lambda link: run_notify(self.site, link, self.clock, self.rereads))

    async def _panel(self) -> None:
        from gridward.panel.role import run_panel  # noqa: PLC0415

        spec = self.site.panel
        if spec is not None:
            await self._linked("panel", lambda link: run_panel(self.site, spec, link, self.clock))

    async def _linked(self, role: str, work: Callable[[MqttLink], Awaitable[None]]) -> None:
        link = self.link(role)
        await together(link, work(link))


def reread(house: House, file: Path) -> None:
    """Read the site file anew while the house runs; a file with a fault changes nothing."""
    try:
        house.reload(load(file, starting=True))
    except SiteFault as error:
        for fault in error.faults:
            log.error("%s", fault)
        log.error("%s: faults; everything goes on as before", file)
        for refuse in house.rereads.values():
            refuse("; ".join(str(fault) for fault in error.faults))


def line_of(bus: BusSpec) -> Line:
    """The line's settings: the first device's integration says, the site file overrules."""
    line = integrations()[bus.devices[0].integration].line
    return replace(
        line,
        baud=bus.baud or line.baud,
        parity=bus.parity or line.parity,
        stop=bus.stop or line.stop,
        pause=line.pause if bus.pause is None else bus.pause,
    )


async def supervise(name: str, role: Role, clock: Clock) -> None:
    """Run a role for ever: when it fails or ends, say why once and start it again."""
    told = ""
    while True:
        try:
            await role()
            reason = "it ended"
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            reason = "a task of its own was cancelled"
        except Exception as error:  # whatever a role dies of, the others go on
            known = isinstance(error, OSError)  # told in words: a port that is taken, a full disk
            reason = str(error) if known else f"{type(error).__name__}: {error}"
            if reason != told and not known:
                log.exception("%s: failed", name)
        if reason != told:
            log.error("%s: %s; started again every %g s", name, reason, AGAIN)
        told = reason
        await clock.sleep(AGAIN)


@contextlib.asynccontextmanager
async def broker_of(site: Site, url: str | None = None) -> AsyncIterator[Broker]:
    """The site's broker, or the one at `url`; an embedded one is started here."""
    if url is not None:
        yield Broker(url)
    elif site.broker.url != EMBEDDED:
        yield site.broker
    else:
        port = EMBEDDED_PORT if port_is_free(EMBEDDED_PORT) else free_port()
        async with embedded_broker(port) as address:
            log.info("embedded broker at %s", address)
            yield Broker(address, version=MQTT_3)


async def run(house: House, names: tuple[str, ...]) -> None:
    """Run the roles until cancelled."""
    tasks = [
        asyncio.create_task(supervise(name, role, house.clock), name=name)
        for name, role in house.roles(names).items()
    ]
    tasks.append(asyncio.create_task(watchdog.feed(), name="watchdog"))
    with registered(house.state, names):
        try:
            await asyncio.wait(tasks)
        finally:
            await end(tasks)
