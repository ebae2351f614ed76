"""The command line. The kit's commands (`read`, `decode`, `scan`, `simulate`) are the same code."""

import asyncio
import contextlib
import json
import logging
import signal
import socket
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console
from rich.logging import RichHandler

from gridward.lazy_commands import lazily
from gridward_kit.__main__ import app as kit
from gridward_kit.arguments import BAD, NO, USAGE, stop
from gridward_kit.clock import SystemClock
from gridward_kit.errors import DeviceError
from gridward_kit.integration import integrations
from gridward_kit.kept import Kept

if TYPE_CHECKING:
    from gridward.site import Site

ELSEWHERE = {
    "token": "gridward.api.cli:command",
    "report": "gridward.report.cli:command",
    "why": "gridward.audit.cli:tell_why",
    "emergency": "gridward.emergency.cli:emergency",
    "migrate": "gridward.migrate.cli:migrate",
    "backup": "gridward.service.cli.backing:backup",
    "restore": "gridward.service.cli.backing:restore",
    "update": "gridward.service.cli.updating:update",
    "audit": "gridward.audit.cli:app",
    "dashboards": "gridward.grafana.cli:app",
    "meters": "gridward.meters.cli:app",
    "record": "gridward.record_cli:app",
    "rules": "gridward.policies.cli:app",
    "schedule": "gridward.planning.cli:app",
    "service": "gridward.service.cli:app",
}

app = typer.Typer(
    cls=lazily(ELSEWHERE),
    no_args_is_help=True,
    add_completion=False,
    help="A gateway for homes on solar.",
)
relay = typer.Typer(
    cls=lazily({"drill": "gridward.drill.cli:command"}), no_args_is_help=True, help="The contactor."
)
app.add_typer(relay, name="relay")
app.registered_commands += [
    command
    for command in kit.registered_commands
    if command.callback is not None and command.callback.__name__ in ("decode", "read", "scan", "simulate")
]

SiteArgument = Annotated[Path, typer.Argument(metavar="SITE.yaml", help="The site file.")]
SiteOption = Annotated[Path, typer.Option("--site", help="The site file.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")]
SITE = Path("site.yaml")
T = TypeVar("T")


def site_of(path: Path, *, checking: bool = False) -> "Site":
    """The site of this file; ends with status 2 and every fault if there is one.

    Only who is `checking` is held up by rules that a device turned out not to take: the house runs with them.
    """
    from gridward.config import SiteFault, load  # noqa: PLC0415 - the kit's commands do not pay for it

    try:
        return load(path, starting=not checking)
    except SiteFault as error:
        for fault in error.faults:
            typer.echo(str(fault), err=True)
        count = len(error.faults)
        stop(USAGE, f"{path}: {count} fault{'s' if count > 1 else ''}; nothing was started")


def logs(*, verbose: bool = False) -> None:
    """Log lines for a person's terminal; for a journal or a container's log, each whole and with its time."""
    screen = Console(stderr=True)
    handler: logging.Handler = RichHandler(console=screen, show_path=False, omit_repeated_times=False)
    if not screen.is_terminal:
        handler = logging.StreamHandler()
    words = "%(message)s" if screen.is_terminal else "%(asctime)s %(levelname)s %(message)s"
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, format=words, handlers=[handler])
    for chatty in ("httpx", "uvicorn", "watchfiles", "asyncio", "amqtt", "transitions", "mqtt"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


@app.command()
def run(
    site: SiteArgument = SITE,
    host: Annotated[str | None, typer.Option(help="Whose roles; this host's name if it is named.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only these roles, as bus:meters.")] = None,
    verbose: Verbose = False,
) -> None:
    """Run this host's roles in one process."""
    from gridward import run as running  # noqa: PLC0415 - other commands do not pay for it

    logs(verbose=verbose)
    home = site_of(site)
    try:
        names = tuple(only) if only else home.role_names(host or _this_host(home))
    except ValueError as error:
        stop(USAGE, str(error))

    async def work() -> None:
        async with running.broker_of(home) as broker:
            house = running.House(home, SystemClock(), broker)
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, running.reread, house, site)
            await running.run(house, names)

    if "http" in names:
        _first_token(home)
    try:
        until_stopped(work())
    except ValueError as error:
        stop(USAGE, str(error))


def until_stopped(work: Coroutine[None, None, T], *also: signal.Signals) -> T | None:
    """Run until it ends, or until Ctrl+C, systemd's SIGTERM or `also` another signal: then every role leaves
    in order, and None is given."""

    async def stoppable() -> T:
        task = asyncio.current_task()
        if task is not None:
            for number in (signal.SIGTERM, *also):
                asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await work

    try:
        return asyncio.run(stoppable())
    except (KeyboardInterrupt, asyncio.CancelledError):
        return None


def _first_token(home: "Site") -> None:
    """Make the page's token at the first start; shown to a person at a terminal, never to a journal.

    Where it cannot be made the page alone is missing, and says so: the house starts.
    """
    from gridward.api.tokens import Tokens  # noqa: PLC0415

    with contextlib.suppress(OSError, ValueError):
        _tell(Tokens(home.folder).made)


def _tell(made: str | None) -> None:
    if made is not None and sys.stderr.isatty():
        typer.echo(f"The page's access token, shown only now: {made}", err=True)
    elif made is not None:
        typer.echo("The page has a new access token; `gridward token --new` shows you one.", err=True)


def _this_host(home: "Site") -> str | None:
    return socket.gethostname() if home.hosts else None


@app.command()
def check(site: SiteArgument = SITE) -> None:
    """Check a site file: status 0, or 2 with every fault."""
    home = site_of(site, checking=True)
    count = len(home.all_devices())
    typer.echo(f"{site}: no fault; {count} device{'' if count == 1 else 's'}")


@app.command()
def doctor(site: Annotated[Path | None, typer.Argument(metavar="[SITE.yaml]")] = None) -> None:
    """Look at ports, devices, broker, store, clock and disk, and say the way out of what is wrong."""
    from gridward.doctor import examine  # noqa: PLC0415

    home = None if site is None else site_of(site)
    bad = 0
    for answer in asyncio.run(examine(home)):
        bad += not answer.good
        typer.echo(answer.line())
    raise typer.Exit(1 if bad else 0)


@app.command("set")
def set_value(
    device: str,
    entity: str,
    value: str,
    site: SiteOption = SITE,
    mqtt: Annotated[str | None, typer.Option(help="The broker, if not the site file's.")] = None,
    expert: Annotated[bool, typer.Option(help="Second step for what is dangerous.")] = False,
    sure: Annotated[bool, typer.Option("--sure", help="Yes to what is asked before.")] = False,
) -> None:
    """Set a value, and say what became of it: status 0 confirmed, 3 failed, 4 refused."""
    from gridward.setting import set_once  # noqa: PLC0415

    home = site_of(site)
    logging.disable(logging.INFO)
    result = asyncio.run(set_once(home, mqtt, device, entity, value, expert=expert, sure=sure))
    typer.echo(json.dumps(result, ensure_ascii=False))
    status = result["status"]
    raise typer.Exit(0 if status in ("confirmed", "unchanged") else NO if status == "refused" else BAD)


@app.command()
def accept(device: str, site: SiteOption = SITE) -> None:
    """Accept the device that now answers under this id: its binding is made anew at the next contact."""
    home = site_of(site)
    if device not in {item.id for item in home.all_devices()}:
        stop(USAGE, f"{site} has no device {device!r}")
    try:
        kept = Kept(home.folder / "state" / f"{device}.json")
        if not kept.section("identity"):
            stop(BAD, f"{device} is bound to nothing; there is nothing to accept")
        before = kept.section("identity").get("serial")
        kept.save({"identity": None})
    except (OSError, ValueError) as error:
        stop(BAD, str(error))
    typer.echo(f"{device}: no longer bound to serial {before}; the next device that answers is taken")


@app.command()
def demo(
    for_: Annotated[
        float | None, typer.Option("--for", min=1, help="End by itself after so many seconds.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The summary as one JSON object.")] = False,
    mqtt: Annotated[str | None, typer.Option(help="A running broker in place of the embedded one.")] = None,
    site: Annotated[Path | None, typer.Option(help="A site file in place of the demo's own.")] = None,
    scene: Annotated[
        str | None, typer.Option(help="sunny_noon, outage_at_dusk, broken_bms or night_on_battery.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="The page's port.")] = None,
    verbose: Verbose = False,
) -> None:
    """Run a simulated house: real bytes on pseudo-terminals, broker, store, rules and the page."""
    from gridward.demo import Wishes, run_demo  # noqa: PLC0415

    logs(verbose=verbose)
    if site is not None:
        site_of(site)
    wishes = Wishes(seconds=for_, broker=mqtt, site=site, scene=scene, port=port, quiet=as_json)
    try:
        summary = until_stopped(run_demo(wishes))
    except ValueError as error:
        stop(USAGE, str(error))
    except OSError as error:
        stop(BAD, f"no broker at {mqtt.rpartition('@')[2]}: {error}" if mqtt else str(error))
    if summary is None:
        return
    typer.echo(json.dumps(summary.to_json()) if as_json else summary.words())


@relay.command()
def safe(device: str, site: SiteOption = SITE) -> None:
    """Drive a contactor to its safe state and end: for systemd's ExecStopPost."""
    home = site_of(site)
    spec = next((item for item in home.devices if item.id == device), None)
    drive = integrations()[spec.integration].safe if spec else None
    if spec is None or drive is None:
        stop(USAGE, f"{site} has no relay {device!r}")
    try:
        said = drive(spec.options)
    except (DeviceError, OSError, ValueError) as error:
        stop(BAD, f"{device}: not driven to its safe state: {error}")
    typer.echo(f"{device}: {said}")


if __name__ == "__main__":
    app()
