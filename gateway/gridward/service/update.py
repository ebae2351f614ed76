"""A new version beside the running one: taken into use, watched, given up if the site does not live on it.

Below a root: `versions/<version>` are virtual environments, `current` leads to the one in use.
"""

import asyncio
import contextlib
import hashlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import aiomqtt

from gridward.broker import visit
from gridward.drill.processes import running
from gridward.recorder.schema import read_only
from gridward.run import EMBEDDED_PORT
from gridward.site import EMBEDDED, Site
from gridward_kit.clock import Clock
from gridward_kit.kept import hand_over, sync_folder
from gridward_kit.mqtt import Broker, role_topic

LOCK = "requirements.lock"
NAMED = re.compile(r"^gridward==([0-9][A-Za-z0-9.+!]*)", re.MULTILINE)
STAY = 2  # versions that are kept
AGAIN = 1.0
PATIENCE = 120.0


class Unfit(Exception):
    """A version that is not taken into use, in words; the one before serves on."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Seconds that a version has to bring all roles up (`patience`), and that they must then stay so."""

    patience: float = PATIENCE
    settle: float = 15.0


def prepare(root: Path, source: Path, site_file: Path, *, online: bool = False) -> Path:
    """Install what `source`'s lock names, by its hashes, beside the version in use, and try the site file.

    Gives the new version's folder. Raises Unfit, OSError.
    """
    lock = source / LOCK
    named = NAMED.search(lock.read_text("utf-8")) if lock.is_file() else None
    if named is None:
        raise Unfit(f"{source}: no {LOCK} that names gridward")
    place = root / "versions" / named[1]
    for wheel in sorted(source.glob("*.whl")):
        if hashlib.sha256(wheel.read_bytes()).hexdigest() not in lock.read_text("utf-8"):
            raise Unfit(f"{wheel.name} is not what {lock} names")
    if current(root) == place:
        raise Unfit(f"{named[1]} is in use already")
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    where = ["--find-links", str(source), *([] if online else ["--no-index"])]
    try:
        _done([sys.executable, "-m", "venv", str(place)], "making its environment")
        pip = [
            str(place / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        _done([*pip, "--require-hashes", *where, "-r", str(lock)], "installing it")
        _done([str(place / "bin" / "gridward"), "check", str(site_file)], "it does not take the site file")
    except Unfit:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return place


def current(root: Path) -> Path | None:
    """The version in use."""
    link = root / "current"
    return (root / link.readlink()) if link.is_symlink() else None


def switch(root: Path, place: Path) -> None:
    """Take a version into use from the next start on: one rename, so there is always one."""
    beside = root / "current.new"
    beside.unlink(missing_ok=True)
    beside.symlink_to(place.relative_to(root))
    beside.replace(root / "current")


async def update(
    root: Path, place: Path, site: Site, clock: Clock, restart: Callable[[], None], terms: Terms
) -> None:
    """Run the site on the new version; raises Unfit when it does not live on it, and the old one is back."""
    before, stood = current(root), _steps(site.record.store)
    fault = await _tried(root, place, site, clock, restart, terms)
    if fault is None:
        _tidy(root, keep={place, before})
        return
    if before is None:
        raise Unfit(f"{place.name}: {fault}; there is no version to go back to")
    store = ""
    if 0 < stood < _steps(site.record.store):
        switch(root, before)  # first, so that the new one does not migrate what is put back
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            restart()
        try:
            store = _store_back(site.record.store, stood, place.name)
        except OSError as error:
            store = f"; its store is newer, and the one before the update is not put back: {error}"
    usual = Terms(max(terms.patience, PATIENCE), terms.settle)
    back = await _tried(root, before, site, clock, restart, usual)
    stands = "serves again" if back is None else f"is back, but: {back}"
    raise Unfit(f"{place.name}: {fault}; {before.name} {stands}{store}")


async def _tried(
    root: Path, place: Path, site: Site, clock: Clock, restart: Callable[[], None], terms: Terms
) -> str | None:
    """Switch and restart; None once all roles live and stay so, else what is missing, in words."""
    before = {one.pid for one in running(site.folder / "state")}
    switch(root, place)
    try:
        restart()
    except (OSError, subprocess.SubprocessError) as error:
        return f"the service does not restart: {error}"
    end = clock.monotonic() + terms.patience
    missing = "it has not started"
    since: float | None = None
    while clock.monotonic() < end or since is not None:
        missing = await _missing(site, before)
        if missing:
            since = None
            if clock.monotonic() >= end:
                break
        elif since is None:
            since = clock.monotonic()
        elif clock.monotonic() - since >= terms.settle:
            return None
        await clock.sleep(AGAIN)
    return f"within {terms.patience:g} s: {missing}"


async def _missing(site: Site, before: set[int]) -> str:
    """What does not live of this computer's roles; empty where all does."""
    alive = [one for one in running(site.folder / "state") if one.pid not in before]
    if not alive:
        return "no process runs the site"
    names = {name for one in alive for name in one.roles}
    loose = {device.id for device in site.devices}
    wanted = {role_topic(f"device:{name}" if name in loose else name) for name in names}
    try:
        away = wanted - await _online(site)
    except OSError as error:
        return f"the broker: {error}"
    return f"not available: {', '.join(sorted(away))}" if away else ""


async def _online(site: Site) -> set[str]:
    """The names of all that the broker holds for available."""
    local = Broker(f"mqtt://127.0.0.1:{EMBEDDED_PORT}")
    broker = local if site.broker.url == EMBEDDED else site.broker
    root = f"gridward/{site.id}"
    found: set[str] = set()
    async with visit(broker, f"{root}/doctor") as client:
        await client.subscribe(f"{root}/+/availability", qos=1)
        try:
            async with asyncio.timeout(AGAIN):
                async for message in client.messages:
                    _note(message, found)
        except TimeoutError:
            return found
    return found


def _note(message: aiomqtt.Message, found: set[str]) -> None:
    if message.payload == b"online":
        found.add(str(message.topic).split("/")[2])
    else:
        found.discard(str(message.topic).split("/")[2])


def _store_back(store: Path, stood: int, version: str) -> str:
    """Put back the copy that this update's migration kept: the version before does not read a newer store.

    It runs already and looks for its store: that is there whole at any moment, or not at all.
    """
    copy = store.with_name(f"{store.name}.version-{stood}")
    if not copy.exists():
        return f"; its store is newer, and there is no copy {copy.name} to put back"
    aside, beside = store.with_name(f"{store.name}.of-{version}"), store.with_name(f"{store.name}.new")
    shutil.copy(copy, beside)
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    hand_over(beside)
    for side in ("-wal", "-shm", ""):  # what waits in its log belongs to the newer one
        with contextlib.suppress(FileNotFoundError):
            store.with_name(store.name + side).replace(aside.with_name(aside.name + side))
    beside.replace(store)
    sync_folder(store.parent)
    return f"; its store is {aside.name}, the one before the update is back"


def _steps(store: Path) -> int:
    """The store's version; 0 where there is none yet, or none that can be read."""
    try:
        with closing(read_only(store)) as connection:
            return int(connection.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error:
        return 0


def _tidy(root: Path, keep: set[Path | None]) -> None:
    """Remove old versions, but for those to keep and the newest few."""
    found = sorted((root / "versions").iterdir(), key=lambda one: one.stat().st_mtime, reverse=True)
    for one in [one for one in found if one not in keep][max(0, STAY - len(keep)) :]:
        shutil.rmtree(one, ignore_errors=True)


def _done(command: Sequence[str], what: str) -> None:
    """Run a step of the installation; raises Unfit with its last words."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()
        raise Unfit(f"{what}: {words[-1] if words else f'status {done.returncode}'}")
