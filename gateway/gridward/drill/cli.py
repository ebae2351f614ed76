"""`gridward relay drill`: kills each part of a real house in turn, asked before each, and keeps a report."""

import asyncio
import getpass
import signal
import socket
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from gridward.config import load
from gridward.document import SiteFault
from gridward.drill import reports
from gridward.drill.house import House
from gridward.drill.run import Person, drill
from gridward.drill.steps import STEPS, Result, Step, unfit
from gridward.run import EMBEDDED_PORT
from gridward.site import EMBEDDED, Site
from gridward_kit.arguments import BAD, NO, USAGE, stop
from gridward_kit.clock import SystemClock
from gridward_kit.mqtt import MQTT_3, Broker, MqttLink
from gridward_kit.tasks import end

T = TypeVar("T")
NAMES = ", ".join(step.name for step in STEPS)


def command(
    site: Annotated[Path, typer.Argument(metavar="SITE.yaml", help="The site file.")] = Path("site.yaml"),
    listed: Annotated[bool, typer.Option("--list", help="Only show the drills that were made.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: for simulated houses.")] = False,
    only: Annotated[list[str] | None, typer.Option(help=f"Only these steps of {NAMES}.")] = None,
    patience: Annotated[
        float, typer.Option(help="Minutes that each step may wait for an islanded house.")
    ] = 75,
    critical_agreed: Annotated[bool, typer.Option(help="Critical loads may lose power.")] = False,
) -> None:
    """Kill each part in turn and time the way back to the grid: 0 passed, 3 not passed, 4 refused."""
    try:
        home = load(site)
    except SiteFault as error:
        stop(USAGE, "\n".join(map(str, error.faults)))
    if listed:
        for one in reports.past(home.folder):
            verdict = "passed    " if one.passed else "NOT PASSED"
            typer.echo(f"{one.file.stem}  {verdict}  {', '.join(one.steps)}")
        typer.echo(reports.standing(home.folder, SystemClock().time())[1])
        return
    steps = [step for step in STEPS if not only or step.name in only]
    unknown = {*(only or ())} - {step.name for step in STEPS}
    if unknown:
        stop(USAGE, f"no step {', '.join(sorted(unknown))}; there are {NAMES}")
    faults = list(unfit(home, critical_agreed=critical_agreed))
    if faults:
        stop(NO, "no drill here: " + "; ".join(faults))
    agrees: Callable[[str], bool] = (lambda _: True) if yes else _confirm
    person = Person(typer.echo, agrees, alone=yes)
    typer.echo(
        f"Limits of switching hold: two steps an hour, four a day. Steps: {', '.join(s.name for s in steps)}"
    )
    results = carried_out(_run(home, person, steps, patience * 60))
    _close(home, results)


def carried_out(work: Coroutine[None, None, T]) -> T:
    """Carry a drill out; a terminal that goes away in the middle of it leaves no process stopped."""
    from gridward.cli import until_stopped  # noqa: PLC0415 - it has this command, too

    results = until_stopped(work, signal.SIGHUP)
    if results is None:
        stop(BAD, "broken off: what was hit is set right again, and there is no report")
    return results


def _confirm(text: str) -> bool:
    return typer.confirm(text)


async def _run(home: Site, person: Person, steps: Sequence[Step], patience: float) -> list[Result]:
    clock = SystemClock()
    local = Broker(f"mqtt://127.0.0.1:{EMBEDDED_PORT}", version=MQTT_3)
    broker = local if home.broker.url == EMBEDDED else home.broker
    link = MqttLink(broker, home.id, "drill", clock)
    house = House(home, link, clock)
    connection = asyncio.create_task(link.run())
    try:
        return await drill(house, person, steps, patience)
    finally:
        await end((connection,))


def _close(home: Site, results: list[Result]) -> None:
    if all(one.skipped for one in results):
        stop(NO, "nothing was tried; no report")
    at = SystemClock().time()
    file = reports.write(home.folder, at, socket.gethostname(), getpass.getuser(), results)
    typer.echo(f"report: {file}")
    raise typer.Exit(0 if reports.past(home.folder)[-1].passed else BAD)
