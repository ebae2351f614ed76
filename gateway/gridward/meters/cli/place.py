"""Puts a meter into the site file, and takes it out again by itself where it does not answer."""

import asyncio
import re
from typing import Annotated

import typer

from gridward.meters import placing, sitefile
from gridward.meters.cli.common import WHO, By, Desk, SiteFile, Store, desk, told
from gridward.meters.meter import TYPES
from gridward.meters.placing import Wish
from gridward.meters.toolline import ToolLine
from gridward.meters.workshop import commission
from gridward.site import BusSpec, Site
from gridward_kit.arguments import BAD, stop


def add(
    bus: Annotated[str, typer.Argument(help="The bus of the site file.")],
    serial: Annotated[str | None, typer.Argument(help="A meter of the inventory.")] = None,
    identifier: Annotated[str | None, typer.Option("--id", help="Device id; meter_NNN if none.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="1phase or 3phase, without inventory.")] = None,
    address: Annotated[int | None, typer.Option(help="Modbus address, without inventory.")] = None,
    by: By = WHO,
    site: SiteFile = None,
    store: Store = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the change, and make none.")] = False,
    wait: Annotated[
        float, typer.Option("--wait", min=1, help="Seconds in which a reading must come.")
    ] = placing.PATIENCE,
) -> None:
    """Put a meter into the site file: checked, backed up, taken up by the gateway, proven by a reading.

    Where no plausible reading comes in time, everything is put back as it was.
    """
    with told():
        here = desk(site, store)
        if here.home is None or here.file is None:
            raise ValueError("name the site file: --site SITE.yaml")
        wish = _wish(here, bus, serial, identifier, (kind, address))
        found = placing.objections(here.home, wish, here.inventory.rules)
        if found:
            raise ValueError("\n".join(found))
        warning = here.inventory.rules.warning(TYPES[wish.type], wish.address)
        if warning:
            typer.echo(f"warning: {warning}", err=True)
        change, home = sitefile.planned(here.file, placing.addition(wish))
        typer.echo(change.shown())
        if dry_run:
            typer.echo("checked; nothing was changed")
            return
        _made(here, change, home, wish, wait)
        if wish.serial is not None:
            for event in placing.proofs(wish.serial, by, here.clock.time()):
                here.inventory.note(event)


def _wish(
    here: Desk, bus: str, serial: str | None, identifier: str | None, told_: tuple[str | None, int | None]
) -> Wish:
    """What is to be added, from the inventory or from the options."""
    kind, address = told_
    if serial is not None:
        meter = here.inventory.need(serial)
        if meter.address is None:
            raise ValueError(f"{serial} has no address yet: assign it first")
        name = identifier or f"meter_{meter.address:03d}"
        return Wish(bus, name, meter.type, meter.address, serial)
    types = {phases: name for name, phases in TYPES.items()}
    if kind not in types or address is None:
        raise ValueError("give a serial number of the inventory, or --type 1phase|3phase and --address")
    name = identifier or f"meter_{address:03d}"
    if not re.fullmatch(r"[a-z0-9_]{1,40}", name):
        raise ValueError(f"{name!r} is no device id: 1 to 40 characters a-z, 0-9 and _")
    return Wish(bus, name, types[kind], address)


def _made(here: Desk, change: sitefile.Change, home: Site, wish: Wish, wait: float) -> None:
    """Write, have it taken up, and wait for a reading; put everything back where none comes."""
    spec = next(one for one in home.buses if one.id == wish.bus)
    held = placing.gateway_on(spec)
    change = sitefile.written(change, here.clock.time())
    typer.echo(f"written; what stood before is in {change.backup}")
    volts = None
    try:
        if held is not None:
            placing.reload(held)
        volts = asyncio.run(_reading(here, home, spec, wish, None if held is None else wait))
    finally:
        if volts is None:
            sitefile.taken_back(change)
            if held is not None:
                placing.reload(held)
    if volts is None:
        stop(BAD, f"{wish.id}: no plausible reading came; the site file is as it was before")
    typer.echo(f"{wish.id}: {volts:g} V at address {wish.address}")


async def _reading(here: Desk, home: Site, spec: BusSpec, wish: Wish, wait: float | None) -> float | None:
    """The volts that come of it: from the gateway within `wait` seconds, or from the meter itself."""
    if wait is not None:
        typer.echo("the running gateway takes it up; waiting for its reading")
        return await placing.shown_by_gateway(home, wish.id, here.clock, wait)
    typer.echo("no gateway holds the port: asking the meter itself")
    talk = ToolLine(spec.port, here.clock, None, None)
    try:
        return await placing.shown_by_meter(commission(), talk, wish)
    finally:
        talk.close()
