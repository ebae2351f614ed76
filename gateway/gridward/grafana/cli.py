"""`gridward dashboards`: into a running Grafana, and whether they work there."""

import importlib.metadata
import logging
from pathlib import Path
from typing import Annotated

import typer

from gridward.config import load
from gridward.document import SiteFault
from gridward.grafana.spec import GrafanaSpec
from gridward.site import Site
from gridward_kit.arguments import BAD, NO, USAGE, stop
from gridward_kit.clock import SystemClock

app = typer.Typer(no_args_is_help=True, help="The dashboards, in a running Grafana.")

SITE = Path("site.yaml")
SiteOption = Annotated[Path, typer.Option("--site", help="The site file, with its part `grafana`.")]
OneClick = Annotated[bool, typer.Option("--one-click", help="Those with one-click buttons too.")]


@app.command()
def push(site: SiteOption = SITE, *, one_click: OneClick = False) -> None:
    """Bring the dashboards into Grafana: status 0, or 3 with the way out."""
    from gridward.grafana import push as pushing  # noqa: PLC0415 - grafana-client is loaded for these alone
    from gridward.grafana.server import Server, Trouble  # noqa: PLC0415

    _, spec = _grafana(site)
    try:
        for line in pushing.push(Server(spec), importlib.metadata.version("gridward"), one_click=one_click):
            typer.echo(line)
    except Trouble as trouble:
        stop(BAD, f"{spec.url}: {trouble}")


@app.command()
def check(site: SiteOption = SITE, *, one_click: OneClick = False) -> None:
    """Ask Grafana whether all works, and which alerts fire: status 0, 4 for a fault, 3 without an answer."""
    from gridward.grafana import check as checking  # noqa: PLC0415
    from gridward.grafana.server import Server, Trouble  # noqa: PLC0415

    home, spec = _grafana(site)
    bad, zone = 0, home.time_zone.key
    try:
        for finding in checking.check(Server(spec), SystemClock().time(), zone, one_click=one_click):
            bad += not finding.good
            typer.echo(finding.line())
    except Trouble as trouble:
        stop(BAD, f"{spec.url}: {trouble}")
    if bad:
        raise typer.Exit(NO)


def _grafana(path: Path) -> tuple[Site, GrafanaSpec]:
    """Site and Grafana of a site file; ends with status 2 where it names none."""
    logging.disable(logging.INFO)
    try:
        home = load(path)
    except SiteFault as error:
        stop(USAGE, "\n".join(str(fault) for fault in error.faults))
    if home.grafana is None or home.grafana.token is None:
        way = "grafana: {url: http://127.0.0.1:3000, token: !secret grafana_token}"
        stop(USAGE, f"{path}: where is Grafana, and by which token? Add {way}")
    return home, home.grafana
