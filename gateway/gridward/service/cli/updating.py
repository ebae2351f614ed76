"""`gridward update`: a new version, on trial."""

import asyncio
import shlex
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from gridward.config import load
from gridward.document import SiteFault
from gridward.service import update as updating
from gridward.service.update import Terms, Unfit
from gridward_kit.arguments import BAD, USAGE, stop
from gridward_kit.clock import SystemClock

SITE = Path("site.yaml")


def update(
    source: Annotated[Path, typer.Argument(metavar="FOLDER", help="Wheels, and the lock that names them.")],
    site: Annotated[Path, typer.Option("--site", help="The site file.")] = SITE,
    root: Annotated[Path, typer.Option(help="Where the versions are.")] = Path("/opt/gridward"),
    online: Annotated[
        bool, typer.Option("--online", help="Get what the folder lacks from the index.")
    ] = False,
    restart: Annotated[
        str, typer.Option(help="What restarts the service.")
    ] = "systemctl restart gridward.service",
    patience: Annotated[float, typer.Option(min=1, help="Seconds until all roles must live.")] = 120.0,
    settle: Annotated[float, typer.Option(min=0, help="Seconds that they must then stay so.")] = 15.0,
) -> None:
    """Install a version, run the site on it, and go back by itself if the site does not live on it."""
    try:
        home = load(site)
        place = updating.prepare(root.absolute(), source, site, online=online)
        typer.echo(f"{place.name}: installed; the site goes on trial for up to {patience:g} s")
        words = shlex.split(restart)
        terms = Terms(patience, settle)

        def again() -> None:
            subprocess.run(words, check=True, timeout=60)  # noqa: S603 - the owner's own command

        asyncio.run(updating.update(root.absolute(), place, home, SystemClock(), again, terms))
    except SiteFault as error:
        stop(USAGE, "\n".join(str(fault) for fault in error.faults))
    except (Unfit, OSError) as error:
        stop(BAD, str(error))
    typer.echo(f"{place.name}: in use, all roles live")
