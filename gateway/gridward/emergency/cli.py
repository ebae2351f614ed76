"""`gridward emergency`: one page for the wall."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from gridward.config import load
from gridward.document import SiteFault
from gridward.emergency.page import as_html, as_text
from gridward_kit.arguments import BAD, USAGE, stop
from gridward_kit.clock import SystemClock


def emergency(
    site: Annotated[Path, typer.Argument(metavar="SITE.yaml", help="The site file.")] = Path("site.yaml"),
    html: Annotated[Path | None, typer.Option(help="Write the page to print into this file.")] = None,
) -> None:
    """Print one page for the wall: breakers, the contactor's safe side, the grid by hand, telephones."""
    try:
        home = load(site, starting=True)
    except SiteFault as error:
        stop(USAGE, "\n".join(map(str, error.faults)))
    day = datetime.fromtimestamp(SystemClock().time(), home.time_zone).date().isoformat()
    if html is None:
        typer.echo(as_text(home, day))
        return
    try:
        html.write_text(as_html(home, day), "utf-8")
    except OSError as error:
        stop(BAD, f"{html} cannot be written: {error.strerror}")
    typer.echo(f"{html}: print it, and hang it beside the switchboard")
