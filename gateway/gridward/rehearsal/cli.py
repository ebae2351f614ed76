"""`gridward rules rehearse` and `gridward rules replay`: rules tried before they act, or tried again."""

import json
import sqlite3
import time
from dataclasses import asdict, replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from gridward.document import SiteFault
from gridward.record_cli import moment_of
from gridward.rehearsal.figures import pace, rows, to_json
from gridward.rehearsal.page import page
from gridward.rehearsal.replay import LEAD, Replayed, replay
from gridward.rehearsal.sites import beside, scheduled, trial_of
from gridward.rehearsal.tally import Result
from gridward.rehearsal.trial import FIRST, Span, Trial, rehearse
from gridward.site import Site
from gridward_kit.arguments import BAD, USAGE, stop

Against = Annotated[
    list[str] | None,
    typer.Option("--against", metavar="OTHER.yaml", help="Another site file, rule file or shipped policy."),
]
Battery = Annotated[float | None, typer.Option("--battery-kwh", min=0.5, help="Instead of the file's.")]
Panels = Annotated[float | None, typer.Option("--pv-kw", min=0, help="Instead of the file's.")]
BEGIN = datetime.combine(FIRST, datetime.min.time())
SITE = Path("site.yaml")
SiteArgument = Annotated[
    Path | None, typer.Argument(metavar="SITE.yaml", help="The site file; site.yaml if not said.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Everything, each day too, as JSON.")]


def rehearsed(
    site: SiteArgument = None,
    days: Annotated[int, typer.Option(min=1, max=36525)] = 365,
    against: Against = None,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The first day.")] = BEGIN,
    step: Annotated[float, typer.Option(help="Seconds, 1 to 60.")] = 60,
    seed: Annotated[int, typer.Option(help="Another weather, another household.")] = 1,
    reserve: Annotated[float, typer.Option(min=0, max=100, help="State of charge in %.")] = Span().reserve,
    battery_kwh: Battery = None,
    pv_kw: Panels = None,
    no_budget: Annotated[
        bool, typer.Option("--no-budget", help="Count the settings' write budget, but hold nothing back.")
    ] = False,
    schedule: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Slots for the battery, as JSON; for all trials.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="A report with plots into this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Let a plant of the site's size live with the site's rules, as fast as it goes, and say what came of
    it. Several trials stand side by side."""
    if not 1 <= step <= 60 or 3600 % step:
        stop(USAGE, f"--step is 1 to 60 s and a whole part of an hour, not {step:g}")
    span = Span(days, start.date(), step, seed, reserve, limited=not no_budget)
    trials = [_sized(one, battery_kwh, pv_kw) for one in _trials(site or SITE, against or [])]
    try:
        if schedule is not None:
            zone = trials[0].site.time_zone
            trials = [scheduled(one, schedule, start.replace(tzinfo=zone).timestamp()) for one in trials]
        results = _results(trials, span)
    except SiteFault as error:
        _faulty(error)
    if html is not None:
        html.write_text(page(results), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps([to_json(one) for one in results], ensure_ascii=False))
    else:
        Console().print(_table(results))
        Console(stderr=True).print(pace(results), highlight=False)


def _trials(site: Path, against: list[str]) -> list[Trial]:
    try:
        home = trial_of(site)
        return [home, *(beside(other, home) for other in against)]
    except SiteFault as error:
        _faulty(error)


def _faulty(error: SiteFault) -> NoReturn:
    for fault in error.faults:
        typer.echo(str(fault), err=True)
    stop(USAGE, f"{len(error.faults)} faults; no rule was tried")


def _sized(trial: Trial, battery_kwh: float | None, pv_kw: float | None) -> Trial:
    plant = trial.site.plant
    plant = replace(
        plant,
        battery_kwh=plant.battery_kwh if battery_kwh is None else battery_kwh,
        pv_kw=plant.pv_kw if pv_kw is None else pv_kw,
    )
    return replace(trial, site=replace(trial.site, plant=plant))


def _results(trials: list[Trial], span: Span) -> list[Result]:
    with Progress(console=Console(stderr=True), transient=True) as progress:
        results = []
        for trial in trials:
            task = progress.add_task(trial.title, total=span.days)
            results.append(rehearse(trial, span, lambda task=task: progress.advance(task)))  # type: ignore[misc]
    return results


def _table(results: list[Result]) -> Table:
    first = results[0]
    last: date = first.daily[-1].date
    table = Table(title=f"{first.start} to {last}, steps of {first.step:g} s")
    table.add_column("")
    table.add_column("")
    for one in results:
        table.add_column(one.title, justify="right")
    for row in rows(results):
        table.add_row(row.name, row.unit, *row.values)
    return table


def replayed(
    start: Annotated[str, typer.Option("--from", help="ISO 8601; the site's zone if none.")],
    end: Annotated[str | None, typer.Option("--to", help="Up to before this time; else all.")] = None,
    site: SiteArgument = None,
    named: Annotated[Path | None, typer.Option("--site", metavar="SITE.yaml", help="The same.")] = None,
    policy: Annotated[str | None, typer.Option(help="Another rule file, or a shipped policy.")] = None,
    as_json: AsJson = False,
) -> None:
    """Decide what was recorded again, by the site's rules as they are now or by others, and say where they
    decide otherwise than they did. Nothing is switched."""
    if site is not None and named is not None and site != named:
        stop(USAGE, f"one site file, not {site} and {named}")
    try:
        trial = trial_of(site or named or SITE)
        home = (trial if policy is None else beside(policy, trial)).site
        store = home.record.store
        if not store.exists():
            stop(BAD, f"there is no store yet at {store}; the recorder makes it when it runs")
        begin, over = moment_of(start, home.time_zone, 0.0), moment_of(end, home.time_zone, time.time())
        if not begin < over:
            stop(USAGE, "--from comes before --to")
        found = _decided(home, begin, over)
    except SiteFault as error:
        _faulty(error)
    except sqlite3.Error as error:
        stop(BAD, f"the store cannot be read: {error}")
    if as_json:
        typer.echo(json.dumps(asdict(found), ensure_ascii=False))
    else:
        _tell(found, home.time_zone)


def _decided(home: Site, begin: float, over: float) -> Replayed:
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("replay", total=over - begin + LEAD)
        return replay(home, begin, over, lambda at: progress.update(task, completed=at - begin + LEAD))


def _tell(found: Replayed, zone: ZoneInfo) -> None:
    console = Console()
    table = Table(title="Decided otherwise")
    for name in ("when", "", "output", "value", "rule", "why"):
        table.add_column(name)
    sides = [("now", one) for one in found.only_now] + [("then", one) for one in found.only_then]
    for side, one in sorted(sides, key=lambda item: item[1].at):
        when = f"{datetime.fromtimestamp(one.at, zone):%Y-%m-%d %H:%M:%S}"
        table.add_row(when, side, one.what, str(one.value), one.rule, one.reason)
    if sides:
        console.print(table)
    typer.echo(f"decided now {len(found.now)}, then {len(found.then)}, alike {found.alike}")
    cost = "" if found.currency is None else f", {found.spent:.2f} {found.currency}"
    typer.echo(
        f"off the grid by these rules {found.islanded / 3600:.1f} h; "
        f"bought from the grid in that time {found.bought:.2f} kWh{cost}"
    )


def register(app: typer.Typer) -> None:
    """Put the commands into `gridward rules`."""
    app.command("rehearse")(rehearsed)
    app.command("replay")(replayed)
