"""`gridward report`: the support bundle on the command line."""

import time
from pathlib import Path
from typing import Annotated

import typer

from gridward.report.bundle import gather, write
from gridward_kit.arguments import BAD, USAGE, stop
from gridward_kit.clock import SystemClock


def command(
    site: Annotated[Path, typer.Argument(metavar="SITE.yaml", help="The site file.")] = Path("site.yaml"),
    to: Annotated[Path | None, typer.Option("--to", help="The zip; by default here, with the date.")] = None,
) -> None:
    """Put into one zip what somebody needs to see a fault, without secrets; sends nothing to anybody."""
    target = to or Path(f"gridward-report-{time.strftime('%Y%m%d-%H%M%S')}.zip")
    try:
        files = gather(site, SystemClock())
    except OSError as error:
        stop(USAGE, f"{error.filename or site}: {error.strerror or error}")
    try:
        write(files, target)
    except OSError as error:
        stop(BAD, f"{target}: {error.strerror or error}")
    lines = [name.removeprefix("captures/") for name in files if name.startswith("captures/")]
    typer.echo(f"{target}: {len(files)} files; look through it before you send it")
    if not lines:
        typer.echo(
            "It holds no capture: switch a line's raw capture on (page, Devices) while the fault is there."
        )
