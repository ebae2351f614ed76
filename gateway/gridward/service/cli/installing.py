"""`gridward service install` and `remove`: on this computer, or as a rehearsal below a folder."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from gridward.api.tokens import write_private
from gridward.config import load
from gridward.document import SiteFault
from gridward.service import firstsite, units, users
from gridward.service import install as service
from gridward.service.units import Choice
from gridward.site import Site
from gridward_kit.arguments import BAD, USAGE, stop
from gridward_kit.clock import SystemClock

PLACE = Path("/var/lib/gridward/site.yaml")
CURRENT = Path("/opt/gridward/current/bin/gridward")

Root = Annotated[Path, typer.Option(help="Write below this folder, and tell the computer nothing.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


def install(
    site: Annotated[Path, typer.Argument(metavar="[SITE.yaml]", help="The site file.")] = PLACE,
    root: Root = Path("/"),
    dry_run: DryRun = False,
    proxy: Annotated[bool, typer.Option(help="nginx: Grafana and the page on one origin.")] = True,
    https: Annotated[int, typer.Option(help="The proxy's port.")] = 443,
    user: Annotated[str, typer.Option(help="Whom it runs as.")] = units.USER,
) -> None:
    """Make this site a service that starts with the computer. Again: takes up what has changed."""
    if (reason := service.unfit(site.absolute().parent)) is not None:
        stop(USAGE, f"{site.absolute().parent}: {reason}; have it elsewhere, as {PLACE.parent}")
    place = root / site.absolute().relative_to("/")
    program = CURRENT if CURRENT.exists() else Path(sys.executable).with_name("gridward")
    choice = Choice(site.absolute(), program, user, proxy, https)
    try:
        if not place.exists():
            _first(place, dry_run=dry_run)
        home = _ready(place, dry_run=dry_run)
        files = service.planned(home, choice)
        before = [*service.user_commands(choice)]
        after = [*service.commands(str(one.path) for one in files), *service.AFTER_INSTALLING]
        if dry_run:
            _show(files, (*before, *after))
            return
        for line in service.install(files, root, time.time(), proxy=proxy) or ["nothing has changed"]:
            typer.echo(line)
    except SiteFault as error:
        stop(USAGE, "\n".join(str(fault) for fault in error.faults))
    except (OSError, ValueError) as error:
        stop(BAD, str(error))
    _notice(home, choice)
    if root == Path("/"):
        _tell((*before, *after))


def remove(root: Root = Path("/"), dry_run: DryRun = False) -> None:
    """Take back what `install` wrote, and nothing else: site, store and secrets stay."""
    ours = service.ours(root)
    after = [*service.commands(ours)]
    if dry_run:
        for path in ours:
            typer.echo(f"would remove {path}")
        return
    if root == Path("/"):
        _tell(service.BEFORE_REMOVING)
    try:
        for line in service.remove(root) or ["nothing was installed here"]:
            typer.echo(line)
    except (OSError, ValueError) as error:
        stop(BAD, str(error))
    if root == Path("/") and ours:
        _tell(after)


def _first(place: Path, *, dry_run: bool) -> None:
    """A first site file from what answers here."""
    typer.echo(
        f"{place} is not there: looking at the ports, by harmless reads only; up to a quarter of an hour each"
    )
    findings, troubles = asyncio.run(
        firstsite.found(SystemClock(), lambda words: typer.echo(words, err=True))
    )
    for words in troubles:
        typer.echo(words, err=True)
    text = firstsite.site_text(findings, firstsite.time_zone())
    if dry_run:
        stop(0, f"would write {place}:\n{text}\nand then what `--dry-run` says once it is there")
    write_private(place, text.encode())
    typer.echo(f"{place}: {len(findings)} devices found; look at it, and install again after a change")


def _ready(place: Path, *, dry_run: bool) -> Site:
    """The site, its broker's users with passwords."""
    home = load(place, complete=False)
    if home.broker.users is None or dry_run:
        return home
    users.make(home)
    return load(place)


def _notice(home: Site, choice: Choice) -> None:
    if choice.proxy and home.http.prefix != "/gateway":
        typer.echo("the proxy serves the page at /gateway/: say `http: {prefix: /gateway}` in the site file")


def _show(files: Iterable[units.Planned], said: Iterable[tuple[str, ...]]) -> None:
    for one in files:
        secret = one.path.name.endswith(".passwd")
        content = f"a link to {one.leads}" if one.leads else "passwords" if secret else one.content
        typer.echo(f"would write {one.path}:\n{content}\n")
    for line in said:
        typer.echo(f"would run: {' '.join(line)}")


def _tell(said: Iterable[tuple[str, ...]]) -> None:
    for line in said:
        typer.echo(f"$ {' '.join(line)}")
        done = subprocess.run(line, check=False)  # noqa: S603 - fixed words, and the site's own paths
        if done.returncode:
            typer.echo(f"  it ended with {done.returncode}; the rest goes on", err=True)
