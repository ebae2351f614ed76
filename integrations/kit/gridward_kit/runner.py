"""Runs a role: a bus with its devices, or a device without a port, each with its own connection."""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path

from gridward_kit.bus import Bus
from gridward_kit.capture_switch import CaptureSwitch
from gridward_kit.clock import Clock
from gridward_kit.device import Device
from gridward_kit.gone import clear_gone
from gridward_kit.integration import Line
from gridward_kit.mqtt import Broker, MqttLink
from gridward_kit.port import Port
from gridward_kit.roster import Member, Roster
from gridward_kit.spool import Spool
from gridward_kit.tasks import end
from gridward_kit.wired import Wired

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Where:
    """What every role of a host shares."""

    broker: Broker
    site: str
    clock: Clock
    zone: tzinfo
    known: frozenset[str] | None = None  # all device ids of the site, on whichever host


async def run_bus(
    where: Where,
    role: str,
    url: str,
    members: Sequence[Member],
    *,
    line: Line,
    folder: Path,
    capture: bool = False,
    roster: Roster | None = None,
) -> None:
    """Run one bus until cancelled: poll its devices, publish, take commands.

    Devices may join and leave by the `roster`.

    `capture` says that it begins with its raw capture on, in `folder`; a person may switch it any time.
    """
    link = MqttLink(where.broker, where.site, role, where.clock, folder)
    port = Port(url, line, where.clock)
    path = folder / "captures" / f"{role.removeprefix('bus:')}.txt"
    CaptureSwitch(link, port, path, where.clock, on=capture)

    spools: dict[str, Spool] = {}  # one that left and is back goes on with what waits, and its numbers

    def wired(member: Member) -> Wired | None:
        setup = replace(member.setup, port=url)
        try:
            device = Device(setup, link, where.clock, spool=spools.get(setup.id))
        except ValueError as error:  # a damaged file of its state
            log.error("%s: is left out, and the others go on: %s", setup.id, error)
            link.publish(f"{link.root}/{setup.id}/availability", "offline", retain=True)
            return None
        spools[setup.id] = device.spool
        return Wired(device, member.options, where.clock, member.poll, line)

    if where.known is not None:
        clear_gone(link, folder, where.known)
    devices = [one for one in map(wired, members) if one is not None]
    bus = Bus(port, devices, where.clock, where.zone)
    roster = roster or Roster()
    roster.opened(bus, wired)
    try:
        await together(link, bus.run())
    finally:
        roster.closed()


async def run_device(where: Where, role: str, member: Member) -> None:
    """Run a device that has no port of its own (a relay on a pin, a host that is pinged) until cancelled."""
    integration = member.setup.integration
    if integration.serve is None:
        raise ValueError(f"{member.setup.id}: {integration.domain} belongs on a bus")
    link = MqttLink(where.broker, where.site, role, where.clock, member.setup.folder)
    device = Device(member.setup, link, where.clock)
    if where.known is not None:
        clear_gone(link, member.setup.folder, where.known)
    await together(link, integration.serve(device, member.options))


async def together(link: MqttLink, work: Awaitable[None]) -> None:
    """Work with a connection until one of the two ends; raises what it ended of.

    Nothing works on without its connection, and the connection outlives the work's last words.
    """
    connection, working = asyncio.ensure_future(link.run()), asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({connection, working}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await end((working,))
        await end((connection,))
