"""`gridward backup` and `gridward restore`: a site in one encrypted file, and out of it again."""

import os
import re
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from gridward.config import load
from gridward.document import SiteFault
from gridward.recorder import inspection
from gridward.service import backup as backing
from gridward.site import Site
from gridward_kit.arguments import BAD, USAGE, stop

VARIABLE = "GRIDWARD_PASSPHRASE"
LEAST = 10
KEEP = 7
SITE = Path("site.yaml")

PassphraseFile = Annotated[
    Path | None,
    typer.Option(help=f"A file whose first line is the passphrase; else ${VARIABLE}, or asked for."),
]


def backup(
    to: Annotated[Path, typer.Argument(metavar="FILE|FOLDER", help="A file, or a folder that is kept tidy.")],
    site: Annotated[Path, typer.Option("--site", help="The site file.")] = SITE,
    keep: Annotated[int, typer.Option(min=1, help="In a folder: how many of this site stay.")] = KEEP,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Write the whole site, secrets and store, encrypted; in a folder named by time, the oldest go."""
    if not to.is_dir() and to.suffix != backing.SUFFIX:
        stop(USAGE, f"{to}: no such folder (is it mounted?); a file is named as in home{backing.SUFFIX}")
    try:
        home = load(site, complete=False)
    except SiteFault as error:
        stop(USAGE, "\n".join(str(fault) for fault in error.faults))
    passphrase = _passphrase(passphrase_file, again=True)
    file = to / name(home.id, time.time()) if to.is_dir() else to
    try:
        size = backing.write(home.folder.absolute(), home.record.store.absolute(), file, passphrase)
        gone = tidy(to, home.id, keep) if to.is_dir() else []
    except (OSError, sqlite3.Error) as error:
        stop(BAD, f"{file}: not written: {error}")
    typer.echo(f"{file}: {size / 1e6:.1f} MB" + "".join(f"\nremoved {one}" for one in gone))


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    folder: Annotated[Path, typer.Argument(help="The site's folder.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Into a folder that is not empty.")] = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Put a backup into an empty folder; the site file and the store are checked first."""
    passphrase = _passphrase(passphrase_file, again=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.absolute().parent, prefix=".gridward-") as unpacked:
            backing.read(file, passphrase, Path(unpacked))
            told = backing.place(Path(unpacked), folder, force=force)
    except (backing.Spoilt, OSError) as error:
        stop(BAD, str(error))
    typer.echo(f"{folder}: {len(told)} files are back")
    _look(folder)


def name(site: str, now: float) -> str:
    """What a backup of this time is called; names sort by time (UTC)."""
    return f"gridward-{site}-{time.strftime('%Y-%m-%dT%H%M%SZ', time.gmtime(now))}{backing.SUFFIX}"


def tidy(folder: Path, site: str, keep: int) -> list[Path]:
    """Remove all but the newest backups of this site, and nothing else; gives what went."""
    ours = re.compile(rf"gridward-{re.escape(site)}-\d{{4}}-\d\d-\d\dT\d{{6}}Z{re.escape(backing.SUFFIX)}")
    found = sorted(path for path in folder.iterdir() if ours.fullmatch(path.name))
    gone = found[:-keep]
    for path in gone:
        path.unlink()
    return gone


def _look(folder: Path) -> None:
    """Say whether the site that came back is whole."""
    files = [path for path in (folder / "site.yaml", *sorted(folder.glob("*.yaml"))) if path.exists()]
    home = next((site for path in files if (site := _loaded(path)) is not None), None)
    if home is None:
        stop(BAD, f"{folder}: no site file in it is without a fault; `gridward check` tells them")
    if home.record.store.exists() and (faults := list(inspection.faults(home.record.store))):
        stop(BAD, "\n".join(faults))
    typer.echo(f"{home.name}: the site file has no fault, the store is whole")


def _loaded(path: Path) -> Site | None:
    try:
        return load(path)
    except SiteFault:
        return None


def _passphrase(file: Path | None, *, again: bool) -> str:
    """The passphrase; ends where there is none, or a short one."""
    if file is not None:
        try:
            said = file.read_text("utf-8").splitlines()[0] if file.stat().st_size else ""
        except OSError as error:
            stop(BAD, str(error))
    else:
        said = os.environ.get(VARIABLE) or typer.prompt(
            "Passphrase", hide_input=True, confirmation_prompt=again
        )
    if len(said) < LEAST:
        stop(USAGE, f"a passphrase has at least {LEAST} characters: whoever has it has the site's secrets")
    return said
