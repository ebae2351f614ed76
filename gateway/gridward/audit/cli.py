"""`gridward audit` and `gridward why`: the audit's files as people and programs read them."""

import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from gridward.audit import chain, trail
from gridward.audit.why import contactor, setting, why
from gridward.record_cli import home_of, moment_of
from gridward.recorder.copies import copies
from gridward.recorder.history import Event
from gridward.site import Site
from gridward_kit.arguments import BAD, USAGE, stop
from gridward_kit.clock import iso

app = typer.Typer(no_args_is_help=True, help="Who changed what, when, why: on record, in a chain.")
SHOWN = 20
CONTACTOR = "contactor"

SiteOption = Annotated[Path, typer.Option("--site", help="The site file.")]
From = Annotated[str | None, typer.Option("--from", help="ISO 8601; the site's zone if none.")]
To = Annotated[str | None, typer.Option("--to", help="Up to before this time.")]
What = Annotated[str, typer.Option(help="Only what has this in its name, as inverter/.")]
By = Annotated[str, typer.Option(help="Only who has this in the name, as page: or rules:.")]
SITE = Path("site.yaml")


@app.command()
def verify(site: SiteOption = SITE) -> None:
    """See whether an entry was edited, deleted, moved or inserted: status 0, or 3 with each such entry."""
    home = home_of(site)
    folder = _folder(home)
    try:
        known = copies(home.record.store) if home.record.store.exists() else []
    except sqlite3.Error as error:
        typer.echo(f"the store's copies are not compared: {error}", err=True)
        known = []
    found = _faults(folder, known)
    for fault in found[:SHOWN]:
        typer.echo(fault.words)
    if len(found) > SHOWN:
        typer.echo(f"and {len(found) - SHOWN} more")
    left = chain.torn(trail.lines(folder))
    if left:
        typer.echo(f"the last line was cut short ({left} characters); its event comes again from its sender")
    if found:
        stop(BAD, f"{folder}: {len(found)} fault{'s' if len(found) > 1 else ''}")
    count = sum(1 for _ in trail.entries(folder))
    typer.echo(f"{folder}: {count} entries, none changed; {len(known)} compared with the store's copies")


@app.command("list")
def list_(
    site: SiteOption = SITE,
    start: From = None,
    end: To = None,
    what: What = "",
    by: By = "",
    as_json: Annotated[bool, typer.Option("--json", help="Each event as a JSON object.")] = False,
) -> None:
    """The events, oldest first."""
    home = home_of(site)
    for event in _events(home, start, end, what, by):
        if as_json:
            typer.echo(json.dumps({"recorded": iso(event.at), **event.content}, ensure_ascii=False))
        else:
            typer.echo(_line(event, home.time_zone))


@app.command()
def export(
    site: SiteOption = SITE,
    start: From = None,
    end: To = None,
    out: Annotated[Path | None, typer.Option(help="Into this file; else to standard output.")] = None,
) -> None:
    """The entries as they are on record, hashes and all, one JSON object a line."""
    home = home_of(site)
    low, high = _span(home, start, end)
    chosen = (f"{one.line()}\n" for one in trail.entries(_folder(home)) if low <= one.at / 1000 < high)
    try:
        if out is None:
            sys.stdout.writelines(chosen)
        else:
            with out.open("w", encoding="utf-8") as file:
                file.writelines(chosen)
    except OSError as error:
        stop(BAD, str(error))


def tell_why(
    what: Annotated[str, typer.Argument(help="contactor, or a device's id.")],
    entity: Annotated[str | None, typer.Argument(help="One of its settings.")] = None,
    site: SiteOption = SITE,
) -> None:
    """Why the contactor, or a setting, stands as it stands: in words, from the audit alone."""
    home = home_of(site)
    relay = home.roles.get("grid_switch", CONTACTOR)
    if entity is None and what not in (CONTACTOR, relay):
        stop(USAGE, f"say which setting of {what}, as: gridward why {what} output_source_priority")
    subject = contactor(relay) if entity is None else setting(what, entity)
    now = time.time()
    events = list(_events(home, None, None, "", ""))
    for sentence in why(subject, events, now, lambda at: _clock(at, home.time_zone)):
        typer.echo(sentence)


def _faults(folder: Path, known: list[chain.Copy]) -> list[chain.Fault]:
    try:
        return list(chain.faults(trail.lines(folder), known))
    except OSError as error:
        stop(BAD, str(error))


def _events(home: Site, start: str | None, end: str | None, what: str, by: str) -> Iterator[Event]:
    low, high = _span(home, start, end)
    try:
        for entry in trail.entries(_folder(home)):
            content = entry.event
            wanted = what in str(content.get("what", "")) and by in str(content.get("by", ""))
            if wanted and low <= entry.at / 1000 < high:
                yield Event(entry.at / 1000, content)
    except OSError as error:
        stop(BAD, str(error))


def _line(event: Event, zone: ZoneInfo) -> str:
    content = event.content
    before, after = content.get("before"), content.get("value", content.get("after"))
    change = f"{before} -> {after}" if before is not None or after is not None else ""
    told = [_clock(event.at, zone), *(str(content.get(key) or "") for key in ("what", "by", "status"))]
    return "  ".join(part for part in (*told, change, str(content.get("reason") or "")) if part)


def _clock(at: float, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M:%S")


def _span(home: Site, start: str | None, end: str | None) -> tuple[float, float]:
    return moment_of(start, home.time_zone, float("-inf")), moment_of(end, home.time_zone, float("inf"))


def _folder(home: Site) -> Path:
    folder = trail.folder_of(home.record.store)
    if not folder.is_dir():
        stop(BAD, f"there is no audit yet at {folder}; the recorder makes it when it runs")
    return folder
