"""`gridward rules proposals | approve | decline | override`: a person's word, from the command line."""

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from gridward.config import load
from gridward.document import SiteFault
from gridward.rules import asked
from gridward.rules.proposals import APPROVE, DECLINE
from gridward.site import Site
from gridward_kit.arguments import BAD, NO, USAGE, stop

SITE = Path("site.yaml")
SiteOption = Annotated[Path, typer.Option("--site", help="The site file.")]
Mqtt = Annotated[str | None, typer.Option(help="The broker, if not the site file's.")]
Identifier = Annotated[str, typer.Argument(metavar="ID", help="As `gridward rules proposals` shows it.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `gridward rules`."""
    for command in (proposals, approve, decline, override):
        app.command()(command)


def proposals(
    site: SiteOption = SITE,
    mqtt: Mqtt = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,  # noqa: FBT002
) -> None:
    """List what the rules propose and wait to have approved."""
    from gridward.setting import rules_now  # noqa: PLC0415 - other commands do not pay for it

    told = asyncio.run(rules_now(_quiet(site), mqtt))
    if told is None:
        stop(BAD, "the rules do not answer; is the gateway running?")
    found = asked.proposals(told)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for one in found:
        waits = "approved, not carried out yet" if one["status"] == "approved" else f"until {one['deadline']}"
        typer.echo(f"{one['id']}  {one['output']}: {one['before']} -> {one['value']}  ({waits})")
        typer.echo(f"    {one['reason']}")
    if not found:
        typer.echo("nothing is proposed")


def approve(identifier: Identifier, site: SiteOption = SITE, mqtt: Mqtt = None) -> None:
    """Have a proposal carried out, once: status 0, or 4 if it is refused."""
    _send(
        site, mqtt, lambda told: asked.answer(told, identifier, APPROVE), f"there is no proposal {identifier}"
    )


def decline(identifier: Identifier, site: SiteOption = SITE, mqtt: Mqtt = None) -> None:
    """Decline a proposal; it comes again when its condition has been false once."""
    _send(
        site, mqtt, lambda told: asked.answer(told, identifier, DECLINE), f"there is no proposal {identifier}"
    )


def override(
    output: Annotated[str, typer.Argument(help="As `inverter.output_source_priority`, `all` or `grid`.")],
    value: Annotated[str, typer.Argument(help="A value, `stop` (no automatic writes) or `auto`.")],
    lasts: Annotated[str | None, typer.Option("--for", help="As 2h; an hour if not said.")] = None,
    site: SiteOption = SITE,
    mqtt: Mqtt = None,
) -> None:
    """Set, stop or release an output by hand for a while; the envelope holds all the same."""
    _send(site, mqtt, lambda told: asked.override(told, output, value, lasts), f"the rules steer no {output}")


def _send(
    site: Path, mqtt: str | None, choose: Callable[[asked.Told], asked.Asked | None], missing: str
) -> None:
    from gridward.setting import ask_rules  # noqa: PLC0415

    result = asyncio.run(ask_rules(_quiet(site), mqtt, choose))
    if result is None:
        stop(NO, missing)
    typer.echo(json.dumps(result, ensure_ascii=False))
    status = result["status"]
    raise typer.Exit(0 if status in ("confirmed", "unchanged") else NO if status == "refused" else BAD)


def _quiet(path: Path) -> Site:
    logging.disable(logging.INFO)
    try:
        return load(path, starting=True)  # the house runs, whatever `check` says of its rules
    except SiteFault as error:
        stop(USAGE, "\n".join(str(fault) for fault in error.faults))
