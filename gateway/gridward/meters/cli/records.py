"""The commands on the inventory alone: no port is opened here."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gridward.meters import calin, logger, sheet
from gridward.meters import label as labels
from gridward.meters import report as reports
from gridward.meters.cli.common import WHO, AtSite, By, Serial, SiteFile, Store, desk, told
from gridward.meters.meter import WAITS_FOR, AddressRules, Meter, State, Step, colour, overdue
from gridward.meters.outcome import Outcome
from gridward.meters.workshop import outcomes
from gridward_kit.arguments import USAGE, stop

TERMINAL = {
    "grey": "bright_black",
    "yellow": "yellow",
    "light blue": "cyan",
    "blue": "blue",
    "orange": "dark_orange",
    "green": "green",
    "red": "bold red",
}
Reason = Annotated[str, typer.Option(help="Why, where a step is skipped, taken back or made without proof.")]


def list_(
    site: SiteFile = None,
    store: Store = None,
    at: AtSite = None,
    state: Annotated[list[State] | None, typer.Option(help="Only meters in these states.")] = None,
    late: Annotated[bool, typer.Option("--overdue", help="Only those that somebody is late with.")] = False,
    serial: Annotated[str | None, typer.Option(help="One meter, with every change to it.")] = None,
) -> None:
    """Show the inventory, coloured by state; red is overdue, or an address that must not be."""
    with told():
        here = desk(site, store)
        today = here.today
        meters = [
            meter
            for meter in here.meters(at)
            if (not state or meter.state in state)
            and (not late or overdue(meter, today))
            and (serial is None or meter.serial == serial)
        ]
        if not meters:
            typer.echo("no such meter; `gridward meters import FILE` brings some in")
            return
        _table(meters, today, here.inventory.rules.lowest)
        if serial is not None:
            for event in here.inventory.events(serial):
                if event.kind in ("progress", "conversion"):
                    continue
                change = f"{event.before or '-'} -> {event.after or '-'}" if event.kind == "changed" else ""
                when = reports.moment(event.at, here.zone)
                words = (when, event.who, event.kind, event.what, change, event.reason)
                typer.echo("  ".join(word for word in words if word))


def _table(meters: list[Meter], today: date, lowest: int) -> None:
    table = Table(box=None, pad_edge=False)
    for title in ("Serial", "Type", "Site", "Building/Customer", "Address", "Status", "Since", "By", ""):
        table.add_column(title, no_wrap=title in ("Serial", "Status", "Since"))
    for meter in meters:
        on, by = meter.reached(meter.state)
        number = "" if meter.address is None else str(meter.address)
        late = overdue(meter, today) or ""
        cells = (meter.serial, meter.type, meter.site, meter.building, number, str(meter.state))
        style = TERMINAL[colour(meter, today, AddressRules(lowest))]
        table.add_row(*cells, on.isoformat() if on else "", by, late, style=style)
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def import_(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX sheet, a logger's .yaml, or its history as CSV.")],
    by: By = WHO,
    site: SiteFile = None,
    store: Store = None,
    device: Annotated[str | None, typer.Option(help="For a history: the device id it belongs to.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only.")] = False,
) -> None:
    """Bring in a sheet of meters, all or nothing; or a logger's configuration or history."""
    with told():
        here = desk(site, store)
        if file.suffix.lower() in (".yaml", ".yml"):
            entries = logger.configured(file, here.inventory.rules)
            typer.echo(logger.site_lines(entries, here.home))
            return
        if logger.is_history(file):
            rows = logger.history(file, here.zone, device)
            count = 0 if dry_run else logger.stored(rows, here.inventory.path)
            typer.echo(f"{file}: {len(rows)} rows read, {count} stored")
            return
        meters = sheet.read(file, here.inventory.rules, here.inventory.all())
        changed = 0 if dry_run else here.inventory.add(meters, here.why(by, f"imported from {file.name}"))
        typer.echo(f"{file}: {len(meters)} meters without a fault, {changed} new or changed")


def export(
    file: Annotated[Path, typer.Argument(help="Where to: .csv or .xlsx.")],
    site: SiteFile = None,
    store: Store = None,
    at: AtSite = None,
) -> None:
    """Write the inventory as a sheet."""
    with told():
        here = desk(site, store)
        meters = here.meters(at)
        sheet.write(file, meters)
        typer.echo(f"{file}: {len(meters)} meters")


def assign(
    serial: Serial,
    at: Annotated[str | None, typer.Option("--at", help="Name of the site.")] = None,
    building: Annotated[str | None, typer.Option(help="Building, flat or customer.")] = None,
    address: Annotated[int | None, typer.Option(help="Modbus address; the lowest that is free.")] = None,
    to: Annotated[State | None, typer.Option(help="Another state than Assigned.")] = None,
    proof: Annotated[
        list[str] | None, typer.Option(help="What is proven: labelled, serial_matched, reading, photo.")
    ] = None,
    reason: Reason = "",
    by: By = WHO,
    site: SiteFile = None,
    store: Store = None,
) -> None:
    """Give a meter its site and address, or take it to its next state."""
    with told():
        here = desk(site, store)
        now = here.clock.time()
        if to not in (None, State.ASSIGNED):
            step = Step(to or State.ASSIGNED, by, here.today, reason, frozenset(proof or ()))
            meter = here.inventory.advance(serial, step, now)
        else:
            known = here.inventory.need(serial)
            place = (at or known.site or (here.home.name if here.home else ""), building or known.building)
            if not all(place):
                raise ValueError("say where it goes: --at SITE --building BUILDING")
            step = Step(State.ASSIGNED, by, here.today, reason)
            meter = here.inventory.assign(serial, place, address, step, now)
            warning = here.inventory.rules.warning(meter.phases, meter.address or 0)
            if warning:
                typer.echo(f"warning: {warning}", err=True)
        typer.echo(f"{serial}: {meter.state}, {meter.site}, {meter.building}, address {meter.address}")


def label(
    serial: Annotated[list[str] | None, typer.Argument(help="Serial numbers; all of a site if none.")] = None,
    out: Annotated[Path | None, typer.Option(help="An HTML page to print, in place of text.")] = None,
    site: SiteFile = None,
    store: Store = None,
    at: AtSite = None,
) -> None:
    """Print labels: the address, the site, the serial number."""
    with told():
        here = desk(site, store)
        if serial:
            meters = [here.inventory.need(one) for one in serial]
        else:
            meters = [one for one in here.meters(at) if one.address is not None]
        if out is not None:
            out.write_text(labels.as_html(meters), "utf-8")
            typer.echo(f"{out}: {len(meters)} labels")
        else:
            typer.echo("\n\n".join(labels.words(meter) for meter in meters))


def report(
    out: Annotated[Path, typer.Argument(help="Where to: .html or .csv.")],
    serial: Annotated[str | None, typer.Option(help="One meter only.")] = None,
    site: SiteFile = None,
    store: Store = None,
    at: AtSite = None,
) -> None:
    """Write what came of all conversions."""
    with told():
        here = desk(site, store)
        meters = {meter.serial: meter for meter in here.inventory.all()}
        kept: list[Outcome] = [
            one
            for one in outcomes(here.inventory, serial)
            if at is None or (one.known.serial in meters and meters[one.known.serial or ""].site == at)
        ]
        if out.suffix.lower() == ".csv":
            text = reports.as_csv(reports.rows(kept, meters, here.zone))
        elif out.suffix.lower() in (".html", ".htm"):
            text = reports.as_html(kept, meters, here.zone, here.clock.time())
        else:
            raise ValueError(f"{out}: a report is .html or .csv")
        out.write_text(text, "utf-8")
        typer.echo(f"{out}: {len(kept)} conversions")


def pending(site: SiteFile = None, store: Store = None, at: AtSite = None) -> None:
    """Who has to do what: the meters that wait, by who they wait for; overdue ones first."""
    with told():
        here = desk(site, store)
        waiting = [one for one in here.meters(at) if one.state in WAITS_FOR]
        for state, who in WAITS_FOR.items():
            meters = [one for one in waiting if one.state is state]
            if not meters:
                continue
            typer.echo(f"{who} ({len(meters)})")
            for meter in sorted(meters, key=lambda one: (overdue(one, here.today) is None, one.serial)):
                late = overdue(meter, here.today)
                place = f"{meter.site}, {meter.building}" if meter.site else "no site yet"
                shown = f"  {meter.serial}  {meter.type}  {place}"
                typer.echo(f"{shown}  OVERDUE: {late}" if late else shown)
        if not waiting:
            typer.echo("no meter waits for anybody")


def status(code: Annotated[str, typer.Argument(help="1000 to 1025, a display code, or its text.")]) -> None:
    """Say what a Calin meter's code means and what to do."""
    try:
        typer.echo(calin.lookup(code))
    except ValueError as error:
        stop(USAGE, str(error))
