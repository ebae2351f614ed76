"""A meter's way into the site file: checked, written, taken up by the gateway, proven by a reading."""

import asyncio
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from gridward.meters.inventory import Event
from gridward.meters.meter import HIGHEST, TYPES, AddressRules
from gridward.meters.sitefile import Addition
from gridward.meters.toolline import Held, ToolLine, holders, is_free
from gridward.site import EMBEDDED, BusSpec, Site
from gridward_kit.clock import Clock
from gridward_kit.commission import Commission, Unclear
from gridward_kit.errors import DeviceError
from gridward_kit.integration import Line

PATIENCE = 60.0
LOOK = 0.5
VOLTS = (80.0, 300.0)
KEYS = ("voltage", "voltage_l1", "voltage_l2", "voltage_l3")
MODELS = {"DDSU666": "ddsu666", "DTSU666": "dtsu666"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be added: which meter, to which bus, under which id."""

    bus: str
    id: str
    type: str
    address: int
    serial: str | None = None


def objections(home: Site, wish: Wish, rules: AddressRules) -> list[str]:
    """Why it may not be added, all reasons at once."""
    bus = next((one for one in home.buses if one.id == wish.bus), None)
    if bus is None:
        return [
            f"the site has no bus {wish.bus!r}: {', '.join(one.id for one in home.buses) or 'none at all'}"
        ]
    found = []
    if wish.id in {device.id for device in home.all_devices()}:
        found.append(f"the site has a device {wish.id!r} already")
    fault = rules.fault(TYPES[wish.type], wish.address)
    if fault is not None or wish.address > HIGHEST:
        found.append(fault or f"{wish.address} is over {HIGHEST}")
    others = [device.id for device in bus.devices if device.options.get("address") == wish.address]
    if others:
        found.append(f"address {wish.address} is that of {others[0]} on bus {bus.id}")
    return found


def addition(wish: Wish) -> Addition:
    """The wish as an entry of the site file."""
    keys = (("integration", "chint"), ("model", MODELS[wish.type]), ("address", wish.address))
    return Addition(wish.bus, wish.id, keys)


def gateway_on(bus: BusSpec) -> Held | None:
    """The running gateway that holds the bus's port; None where nobody does.

    Raises ValueError for another program.
    """
    if is_free(bus.port, Line()):
        return None
    held = holders(bus.port)
    gateway = next((one for one in held if _is_gateway(one)), None)
    if gateway is None:
        who = ", ".join(f"`{one.command[:80]}` (process {one.process})" for one in held) or "somebody"
        raise ValueError(f"{bus.port} is held by {who}, not by a gateway that this user may see")
    return gateway


def _is_gateway(held: Held) -> bool:
    words = held.command.split()
    return "run" in words and any(Path(word).name == "gridward" for word in words[:3])


def reload(held: Held) -> None:
    """Have a running gateway read its site file anew; raises ValueError where that is not allowed."""
    try:
        os.kill(held.process, signal.SIGHUP)
    except PermissionError:
        raise ValueError(
            f"the gateway (process {held.process}) belongs to another user: run this as that user"
        ) from None


async def shown_by_gateway(home: Site, device: str, clock: Clock, patience: float = PATIENCE) -> float | None:
    """The volts that a running gateway reads from a device; None where none come in time."""
    from gridward.live import Live  # noqa: PLC0415 - these two load the brokers: only who waits here pays
    from gridward.run import House, broker_of  # noqa: PLC0415

    url = "mqtt://127.0.0.1:1883" if home.broker.url == EMBEDDED else None
    async with broker_of(home, url) as broker:
        link = House(home, clock, broker).link("cli")
        live = Live(link, clock)
        connection = asyncio.create_task(link.run())
        try:
            end = clock.monotonic() + patience
            while clock.monotonic() < end:
                known = live.devices.get(device)
                if known is not None and known.available:
                    for key in KEYS:
                        value = live.fresh(device, key, clock.monotonic())
                        if isinstance(value, int | float) and VOLTS[0] <= value <= VOLTS[1]:
                            return float(value)
                await clock.sleep(LOOK)
            return None
        finally:
            connection.cancel()
            await asyncio.gather(connection, return_exceptions=True)


async def shown_by_meter(commission: Commission, talk: ToolLine, wish: Wish) -> float | None:
    """The volts that the meter itself tells, where no gateway holds the port; None where none do."""
    line = commission.ready[0]
    try:
        station = await commission.identify(talk, line, wish.address)
        if station.model != MODELS[wish.type]:
            return None
        volts = (await commission.reading(talk, line, wish.address, station.model))["voltage"]
    except (DeviceError, Unclear):
        return None
    return volts if VOLTS[0] <= volts <= VOLTS[1] else None


def proofs(serial: str, by: str, at: float) -> tuple[Event, ...]:
    """What a meter has proven once it stands in the site file and a reading came."""
    return tuple(Event(serial, at, by, "proof", what) for what in ("configured", "reading"))
