"""`gridward record`: what the local store holds, in and out of files, and how the databases follow it."""

import csv
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

import typer

from gridward.config import load
from gridward.document import SiteFault
from gridward.migrate.known import table
from gridward.recorder import exchange, inspection
from gridward.recorder.database import way_out
from gridward.recorder.mapping import read_mapping
from gridward.recorder.place import COUNTED
from gridward.recorder.store import About, Store
from gridward.recorder.trouble import Faulty, explain
from gridward.site import Site
from gridward_kit.arguments import BAD, USAGE, stop
from gridward_kit.clock import iso

app = typer.Typer(no_args_is_help=True, help="The local store and the databases that follow it.")
FORMATS = ("csv", "lines")

SiteOption = Annotated[Path, typer.Option("--site", help="The site file.")]
SITE = Path("site.yaml")
T = TypeVar("T")


@app.command()
def status(site: SiteOption = SITE) -> None:
    """What is stored, and what each database has had: the latter is up to a minute old."""
    home = home_of(site)
    found = _asked(lambda: inspection.status(_store(home)))
    span = "nothing" if found.first is None else f"{iso(found.first)} to {iso(found.last or found.first)}"
    typer.echo(f"{home.record.store}: {found.size / 1e6:.1f} MB, {found.series} series")
    typer.echo(f"  stored {found.stored} readings; kept as they came: {span}")
    for one in found.databases:
        since = "" if one.oldest is None else f" (from {iso(one.oldest)} on)"
        more = "at least " if one.waiting >= COUNTED else ""
        typer.echo(
            f"{one.name}: sent {one.sent}, waiting {more}{one.waiting}{since}, "
            f"refused {one.refused}, texts left out {one.omitted}"
        )
        for row in one.aside:
            typer.echo(f"  set aside: {row.device}/{row.key}, {row.count} readings: {row.reason}")
        for way in {way_out(row.reason) for row in one.aside} - {None}:
            typer.echo(f"  {way}")
    known = {one.name for one in found.databases}
    for database in home.record.databases:
        if database.name not in known:
            typer.echo(f"{database.name}: nothing yet; the recorder has not run since it was named")


@app.command()
def export(
    site: SiteOption = SITE,
    form: Annotated[str, typer.Option("--format", help="csv or lines (InfluxDB's line protocol).")] = "csv",
    start: Annotated[str | None, typer.Option("--from", help="ISO 8601; the site's zone if none.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Up to before this time.")] = None,
    device: Annotated[str | None, typer.Option(help="Only this device.")] = None,
    out: Annotated[Path | None, typer.Option(help="Into this file; else to standard output.")] = None,
) -> None:
    """Write the readings that are kept as they came, in order of time."""
    home = home_of(site)
    if form not in FORMATS:
        stop(USAGE, f"--format is one of {', '.join(FORMATS)}, not {form}")
    usual = exchange.Span()
    span = exchange.Span(
        moment_of(start, home.time_zone, usual.start), moment_of(end, home.time_zone, usual.end), device
    )
    found = exchange.readings(_store(home), span)
    text = exchange.csv_lines(found) if form == "csv" else exchange.protocol_lines(home.id, found)

    def write() -> None:
        if out is None:
            sys.stdout.writelines(f"{line}\n" for line in text)
            return
        with out.open("w", encoding="utf-8", newline="") as file:
            file.writelines(f"{line}\n" for line in text)

    _asked(write)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", exists=True, dir_okay=False)],
    site: SiteOption = SITE,
    device: Annotated[
        str | None, typer.Option(help="Whose a table with a column for each entity is.")
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="As var7=battery_voltage; again for each column to take.")
    ] = None,
    time_column: Annotated[str, typer.Option(help="The column with the time.")] = "time",
    kind: Annotated[str | None, typer.Option(help="The device's kind, as battery.")] = None,
    zone: Annotated[str | None, typer.Option(help="Of times without one; the site's if not said.")] = None,
    map_: Annotated[
        Path | None, typer.Option("--map", help="A mapping file: what --device, --column ... say.")
    ] = None,
) -> None:
    """Store a CSV file's readings: an export, a table of the original system, or with --map or --column any
    other. Twice is once."""
    home = home_of(site)
    known = _asked(lambda: table(file)) if map_ is None and not column else None
    if known is not None:
        typer.echo(f"{file}: a table of the original system; its columns: {known}")
    columns = None if map_ is None and known is None else _mapped(map_ or known or file, home)
    if columns is not None and known is not None:
        columns = replace(columns, device=device or _called(columns, home), zone=_zone(zone, home))
        device = None
    if map_ is not None and (device is not None or column):
        stop(USAGE, "either --map, or --device and --column")
    if device is not None or column:
        if device is None or not column:
            stop(USAGE, "a table in columns needs --device and at least one --column NAME=KEY")
        columns = exchange.Columns(
            device, _pairs(column), _zone(zone, home), time_column, About(kind or _kind(home, device))
        )
    store = Store(home.record.store)
    try:
        taken = _asked(lambda: exchange.take_in(store, file, time.time(), columns))
    finally:
        store.close()
    typer.echo(f"{file}: {exchange.told(taken)}, {taken.left} rows left out")
    for line, reason in taken.reasons.items():
        typer.echo(f"  line {line}: {reason}")
    if taken.left > len(taken.reasons):
        typer.echo(f"  and {taken.left - len(taken.reasons)} more")
    raise typer.Exit(BAD if taken.left else 0)


@app.command()
def verify(site: SiteOption = SITE) -> None:
    """See whether the store is whole, and whether an audit event was changed."""
    home = home_of(site)
    found = _asked(lambda: list(inspection.faults(_store(home))))
    for fault in found:
        typer.echo(fault)
    if found:
        stop(BAD, f"{home.record.store}: {len(found)} fault{'s' if len(found) > 1 else ''}")
    typer.echo(f"{home.record.store}: whole")


@app.command()
def compact(site: SiteOption = SITE) -> None:
    """Give the disk back what deleted rows left free; the recorder may run meanwhile."""
    home = home_of(site)
    before, after = _asked(lambda: inspection.compact(_store(home)))
    typer.echo(f"{home.record.store}: {before / 1e6:.1f} MB, now {after / 1e6:.1f} MB")


def home_of(path: Path) -> Site:
    """The site of this file; ends with its faults where it has some."""
    try:
        return load(path)
    except SiteFault as error:
        stop(USAGE, "\n".join(str(fault) for fault in error.faults))


def _store(home: Site) -> Path:
    if not home.record.store.exists():
        stop(BAD, f"there is no store yet at {home.record.store}; the recorder makes it when it runs")
    return home.record.store


def _asked(work: Callable[[], T]) -> T:
    """Do it, or end in words where the store or a file does not let us."""
    try:
        return work()
    except OSError as error:
        stop(BAD, str(error))
    except Faulty as error:
        trouble = explain(error)
        stop(BAD, f"{trouble.reason}; {trouble.remedy}")
    except (ValueError, csv.Error) as error:
        stop(USAGE, str(error))


def moment_of(said: str | None, zone: ZoneInfo, usual: float) -> float:
    """A time of the command line in seconds since 1970; `usual` where none is said."""
    if said is None:
        return usual
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        stop(USAGE, f"{said} is no time in ISO 8601, as 2026-11-21T06:30")
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()


def _mapped(path: Path, home: Site) -> exchange.Columns:
    try:
        found = read_mapping(path, home.time_zone)
    except SiteFault as error:
        stop(USAGE, "\n".join(str(fault) for fault in error.faults))
    return replace(found, about=About(found.about.kind or _kind(home, found.device)))


def _called(columns: exchange.Columns, home: Site) -> str:
    """The only device of that kind in the site file; else as the mapping says."""
    named = [spec.id for spec in home.all_devices() if _kind(home, spec.id) == columns.about.kind]
    return named[0] if len(named) == 1 else columns.device


def _pairs(column: list[str]) -> dict[str, str]:
    pairs = dict(one.partition("=")[::2] for one in column)
    wrong = [name for name, key in pairs.items() if not name or not key]
    if wrong:
        stop(USAGE, f"--column is NAME=KEY, as var7=battery_voltage, not {', '.join(wrong)}")
    return pairs


def _zone(said: str | None, home: Site) -> ZoneInfo:
    if said is None:
        return home.time_zone
    try:
        return ZoneInfo(said)
    except (KeyError, ValueError):
        stop(USAGE, f"{said} is no time zone, as Europe/Bratislava")


def _kind(home: Site, device: str) -> str | None:
    from gridward_kit.integration import integrations  # noqa: PLC0415

    spec = next((one for one in home.all_devices() if one.id == device), None)
    return None if spec is None else integrations()[spec.integration].kind
