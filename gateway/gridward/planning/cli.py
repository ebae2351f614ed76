"""`gridward schedule`: what the battery is to do from when to when."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from gridward.config import load
from gridward.document import SiteFault
from gridward.planning import asked
from gridward.planning.entities import PLAN
from gridward.site import Site
from gridward_kit.arguments import BAD, NO, USAGE, stop
from gridward_kit.kept import Json

app = typer.Typer(no_args_is_help=True, help="The battery's schedule: positive power charges it.")

NOBODY = "the role `plan` says nothing; is the gateway running?"
SITE = Path("site.yaml")
SiteOption = Annotated[Path, typer.Option("--site", help="The site file.")]
Broker = Annotated[str | None, typer.Option("--mqtt", help="The broker, if not the site file's.")]
Start = Annotated[str | None, typer.Option("--from", help="As 2026-11-21T22:00, local; now if left out.")]


@app.command()
def show(site: SiteOption = SITE, mqtt: Broker = None) -> None:
    """What is to come."""
    slots = asyncio.run(_slots(_site(site), mqtt))
    if slots is None:
        stop(BAD, NOBODY)
    if not slots:
        typer.echo("no slots")
    for slot in slots:
        power = slot.get("power")
        watts = f" {power:g} W" if isinstance(power, int | float) else ""
        typer.echo(f"{slot.get('start')}  {slot.get('end')}  {slot.get('mode')}{watts}")


@app.command("set")
def set_(
    end: Annotated[str, typer.Option("--to", help="As 2026-11-22T06:00, local or with an offset.")],
    start: Start = None,
    power: Annotated[float | None, typer.Option(help="W; positive charges, negative discharges.")] = None,
    mode: Annotated[str | None, typer.Option(help="charge, discharge or hold.")] = None,
    site: SiteOption = SITE,
    mqtt: Broker = None,
) -> None:
    """Lay one slot over the schedule: status 0 confirmed, 3 failed, 4 refused."""
    told = {"start": start, "end": end, "power": power, "mode": mode}
    slot: dict[str, Json] = {key: value for key, value in told.items() if value is not None}
    _done(_site(site), mqtt, asked.laid([slot]))


@app.command()
def clear(
    start: Annotated[str | None, typer.Option("--from", help="From here on; all before if left out.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Up to here.")] = None,
    site: SiteOption = SITE,
    mqtt: Broker = None,
) -> None:
    """Clear the schedule, or a part of it."""
    _done(_site(site), mqtt, asked.cleared(start, end))


def _done(home: Site, mqtt: str | None, request: str) -> None:
    last = asyncio.run(_asked(home, mqtt, request))
    if last["status"] in ("confirmed", "unchanged"):
        typer.echo(f"schedule: {last.get('value')}")
        return
    typer.echo(f"{last['status']}: {last['reason']}", err=True)
    raise typer.Exit(NO if last["status"] == "refused" else BAD)


async def _asked(home: Site, mqtt: str | None, request: str) -> dict[str, Json]:
    from gridward.setting import connected  # noqa: PLC0415 - other commands do not pay for it

    async with connected(home, mqtt) as line:
        if not await line.heard(lambda live: PLAN in live.devices and bool(live.devices[PLAN].info)):
            return {"status": "failed", "reason": NOBODY}
        return await line.ask(PLAN, asked.KEY, request)


async def _slots(home: Site, mqtt: str | None) -> tuple[Mapping[str, Json], ...] | None:
    from gridward.setting import connected  # noqa: PLC0415

    async with connected(home, mqtt) as line:
        await line.heard(lambda live: live.slots is not None)
        return line.live.slots


def _site(path: Path) -> Site:
    logging.disable(logging.INFO)
    try:
        return load(path)
    except SiteFault as error:
        for fault in error.faults:
            typer.echo(str(fault), err=True)
        stop(USAGE, f"{path}: {len(error.faults)} faults")
