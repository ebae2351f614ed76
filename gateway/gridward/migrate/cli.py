"""`gridward migrate`: an older two-Pi installation becomes a site file, rules and history."""

import csv
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from gridward import values
from gridward.config import load
from gridward.document import SiteFault
from gridward.migrate.dumps import mapping, profile
from gridward.migrate.found import Findings, look
from gridward.migrate.known import table
from gridward.migrate.written import Outcome, written
from gridward.recorder import exchange
from gridward.recorder.mapping import read_mapping
from gridward.recorder.store import Store
from gridward.recorder.trouble import Faulty, explain
from gridward.values import Wrong
from gridward_kit.arguments import BAD, USAGE, stop

TEXTS = frozenset({"", ".py", ".sh", ".txt", ".conf", ".cfg", ".ini", ".cron", ".sql", ".service", ".yaml"})
LARGEST = 1_000_000
MOST = 5000


def migrate(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", exists=True, file_okay=False)],
    into: Annotated[Path, typer.Option("--into", help="The new site's folder.")] = Path("site"),
    time_zone: Annotated[
        str | None, typer.Option(help="As Europe/Bratislava, if the scripts do not say it.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say it; write nothing.")] = False,
) -> None:
    """Read an older installation's scripts, crontab and CSV dumps, of both Pis, out of one folder; write a
    site file, rules and history; say what is left. Nothing that is there is overwritten."""
    if time_zone is not None:
        try:
            values.zone(time_zone)
        except Wrong as wrong:
            stop(USAGE, f"--time-zone is {wrong.msg}")
    found = look(_texts(folder))
    outcome = written(found, time_zone)
    zone = time_zone or (found.zones[0][0] if found.zones else "UTC")
    dumps = _dumps(folder, found, zone, outcome)
    _secrets(into, outcome)
    names = [*outcome.files]
    if not dry_run:
        names = _write(into, outcome)
        _history(into, dumps, outcome)
        _check(into / "site.yaml", outcome)
    _tell(outcome, f"Would be written into {into}" if dry_run else f"Written into {into}", names)
    raise typer.Exit(0 if found.ports or found.thresholds or dumps else BAD)


def _files(folder: Path) -> Iterator[Path]:
    count = 0
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts[:-1])
        if not path.is_symlink() and path.is_file() and not hidden and count < MOST:
            count += 1
            yield path


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    for path in _files(folder):
        if path.suffix.lower() in TEXTS and path.stat().st_size <= LARGEST:
            data = path.read_bytes()
            if b"\0" not in data:
                yield path.relative_to(folder).as_posix(), data.decode("utf-8", "replace")


def _dumps(folder: Path, found: Findings, zone: str, outcome: Outcome) -> dict[str, Path]:
    """The dumps by the name of their mapping file."""
    dumps: dict[str, Path] = {}
    for path in _files(folder):
        if path.suffix.lower() != ".csv":
            continue
        try:
            dump = profile(path)
        except (ValueError, csv.Error) as error:
            outcome.left.append(f"{path.relative_to(folder)}: no table: {error}")
            continue
        name = f"import-{path.stem}.yaml"
        if name in dumps:
            outcome.left.append(f"{path.relative_to(folder)}: a second table of that name; rename it")
            continue
        dumps[name] = path
        shipped = table(path)
        if shipped is not None:
            outcome.files[name] = (
                f"{shipped.read_text('utf-8')}zone: {zone} # of times that do not say theirs\n"
            )
            continue
        outcome.files[name], known = mapping(dump, found.hints, zone)
        rest = len(dump.columns) - known
        if rest:
            outcome.left.append(
                f"{path.relative_to(folder)}: what {rest} of {len(dump.columns)} columns mean is not known; "
                f"fill them in in {name} and run this once more, or `gridward record import`"
            )
    return dumps


def _secrets(into: Path, outcome: Outcome) -> None:
    if not (into / "secrets.yaml").exists():
        outcome.files["secrets.yaml"] = f"mqtt_password: {secrets.token_urlsafe(24)}\n"


def _write(into: Path, outcome: Outcome) -> list[str]:
    """The names of the files that were not there yet."""
    fresh: list[str] = []
    try:
        into.mkdir(parents=True, exist_ok=True)
        for name, text in outcome.files.items():
            path = into / name
            if path.exists():
                outcome.carried.append(f"{path}: stands already, and was left as it is")
                continue
            fresh.append(name)
            path.touch(mode=0o600 if name == "secrets.yaml" else 0o644)
            path.write_text(text, "utf-8")
    except OSError as error:
        stop(BAD, str(error))
    return fresh


def _history(into: Path, dumps: dict[str, Path], outcome: Outcome) -> None:
    """Store the dumps' readings as their mapping files say now; twice is once."""
    store = Store(into / "gridward.db")
    try:
        for name, path in dumps.items():
            columns = read_mapping(into / name, ZoneInfo("UTC"))
            if not columns.keys:
                continue
            taken = exchange.take_in(store, path, time.time(), columns)
            outcome.carried.append(f"{path.name}: as {columns.device} {exchange.told(taken)}")
            if taken.left:
                line, reason = next(iter(taken.reasons.items()))
                outcome.left.append(f"{path.name}: {taken.left} rows left out, first line {line}: {reason}")
    except SiteFault as error:
        stop(USAGE, str(error))
    except (ValueError, csv.Error) as error:
        stop(USAGE, str(error))
    except Faulty as error:
        trouble = explain(error)
        stop(BAD, f"{trouble.reason}; {trouble.remedy}")
    finally:
        store.close()


def _check(site: Path, outcome: Outcome) -> None:
    try:
        load(site)
    except SiteFault as error:
        outcome.left += [str(fault) for fault in error.faults]


def _tell(outcome: Outcome, where: str, names: list[str]) -> None:
    typer.echo("Carried over:")
    for sentence in outcome.carried or ["nothing"]:
        typer.echo(f"  {sentence}")
    typer.echo("Left to you:")
    for sentence in [*outcome.left, *ALWAYS]:
        typer.echo(f"  {sentence}")
    typer.echo(f"{where}: {', '.join(sorted(names)) or 'no file'}")


ALWAYS = (
    "the old HTTP receivers took commands from anyone; turn them off: here commands need a login",
    "the old crontab and its scripts: take them out first, two programs cannot share one port",
    "the dashboards: Gridward brings its own, see dashboards/README.md",
)
