"""Writes a service's files, and takes exactly these back: a manifest says which, and what was in them."""

import grp
import hashlib
import os
import pwd
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from gridward.api.certificate import certificate, host_names
from gridward.api.tokens import write_private
from gridward.service import mosquitto, units
from gridward.service.units import BROKER, ETC, PROXY, Choice, Planned
from gridward.site import Site
from gridward_kit.kept import Json, Kept

MANIFEST = ETC / "gridward" / "installed.json"
LOCAL = ("mqtt://127.0.0.1", "mqtt://localhost")
HIDDEN = ("/home", "/root", "/run/user")  # ProtectHome of the unit
SYSTEMS = ("/boot", "/dev", "/etc", "/proc", "/sys", "/usr")


def planned(site: Site, choice: Choice) -> list[Planned]:
    """Every file of this site's service on this machine."""
    found = list(units.planned(site, choice))
    if site.broker.users is not None and site.broker.url.startswith(LOCAL):
        conf = ETC / "mosquitto" / "conf.d" / "gridward.conf"
        for name, content in mosquitto.files(site, BROKER, mosquitto.LOOPBACK).items():
            place = conf if name.endswith(".conf") else BROKER / name
            found.append(Planned(place, content, group=None if place == conf else "mosquitto"))
    return found


def unfit(folder: Path) -> str | None:
    """Why a folder cannot be a site's: the service has to see it, and takes all that is in it for its own."""
    if any(folder.is_relative_to(place) for place in HIDDEN):
        return "a service does not see folders of persons"
    levels = len(folder.parts) - (2 if folder.is_relative_to("/var") else 1)
    if levels < 2 or any(folder.is_relative_to(place) for place in SYSTEMS):
        return "the service takes the site's folder for its own, and this one belongs to others"
    return None


def install(files: Iterable[Planned], root: Path, now: float, *, proxy: bool) -> list[str]:
    """Write them below `root`; the same once more changes nothing. Gives what it did, in words.

    A file that a person has changed since is left alone. Raises OSError, and ValueError before anything is
    written where a file stands in the way that is none of ours.
    """
    wanted = list(files)
    manifest = Kept(_below(root, MANIFEST))
    ours = manifest.section("files")
    _free(wanted, root, ours)
    told = []
    if proxy:
        made = certificate(_below(root, PROXY), host_names(), now)
        for path in (made.certificate, made.key):
            ours[str(_bare(root, path))] = mark(path)
    for one in wanted:
        place = _below(root, one.path)
        before = mark(place)
        if before is not None and before != ours.get(str(one.path)):
            told.append(f"{one.path}: changed by hand, left as it is")
            continue
        _write(one, place)
        ours[str(one.path)] = mark(place)
        if mark(place) != before:
            told.append(f"{one.path}: written")
        manifest.save({"files": ours})
    gone = [
        path
        for path in ours
        if path not in {str(one.path) for one in wanted} and not path.startswith(str(PROXY))
    ]
    told += _take_back(root, ours, gone)
    manifest.save({"files": ours})
    return told


def remove(root: Path) -> list[str]:
    """Take back what was written, but for what a person has changed; gives what it did, in words."""
    manifest = Kept(_below(root, MANIFEST))
    ours = manifest.section("files")
    told = _take_back(root, ours, list(ours))
    if ours:
        manifest.save({"files": ours})
        return told
    manifest.path.unlink(missing_ok=True)
    _empty(manifest.path.parent, root)
    return told


def ours(root: Path) -> list[str]:
    """The paths of what is installed."""
    return list(Kept(_below(root, MANIFEST)).section("files"))


def mark(path: Path) -> str | None:
    """What a file is known by: the digest of its content, or where it leads; None where there is none."""
    if path.is_symlink():
        return f"-> {path.readlink()}"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _free(wanted: Iterable[Planned], root: Path, ours: dict[str, Json]) -> None:
    for one in wanted:
        if str(one.path) not in ours and mark(_below(root, one.path)) is not None:
            raise ValueError(f"{one.path} is there, and none of ours: move it away first")


def _write(one: Planned, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if one.leads is not None:
        place.unlink(missing_ok=True)
        place.symlink_to(one.leads)
        return
    if place.is_file() and place.read_text("utf-8") == one.content:
        return
    write_private(place, one.content.encode())
    if one.group is None:
        place.chmod(0o644)
        return
    place.chmod(0o640)
    if os.geteuid() == 0 and one.group in {group.gr_name for group in grp.getgrall()}:
        shutil.chown(place, group=one.group)


def _take_back(root: Path, ours: dict[str, Json], paths: Iterable[str]) -> list[str]:
    told = []
    for path in paths:
        place = _below(root, Path(path))
        now, before = mark(place), ours.pop(path)
        if now is not None and now != before:
            told.append(f"{path}: changed by hand, left where it is")
        elif now is not None:
            place.unlink()
            _empty(place.parent, root)
            told.append(f"{path}: removed")
    return told


def _empty(folder: Path, root: Path) -> None:
    """Remove folders of our own name that nothing is left in."""
    while folder != root and folder.is_dir() and not any(folder.iterdir()) and "gridward" in folder.parts:
        folder.rmdir()
        folder = folder.parent


BEFORE_REMOVING = (("systemctl", "disable", "--now", "gridward.service"),)


def commands(paths: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """What the machine is told after these files have come or gone."""
    places = " ".join(paths)
    yield ("systemctl", "daemon-reload")
    if "/udev/" in places:
        yield ("udevadm", "control", "--reload")
        yield ("udevadm", "trigger", "--subsystem-match=tty", "--subsystem-match=hidraw")
    yield ("systemctl", "restart", "systemd-journald.service")
    if "/mosquitto/" in places:
        yield ("systemctl", "restart", "mosquitto.service")
    if "/nginx/" in places:
        yield ("systemctl", "reload-or-restart", "nginx.service")


def user_commands(choice: Choice) -> Iterator[tuple[str, ...]]:
    """Before the files are written: the user, and its folder."""
    home, user = str(choice.file.parent), choice.user
    if user not in {one.pw_name for one in pwd.getpwall()}:
        yield (
            "useradd",
            "--system",
            "--user-group",
            "--home-dir",
            home,
            "--shell",
            "/usr/sbin/nologin",
            user,
        )
    yield ("chown", "--recursive", f"{user}:{user}", home)


AFTER_INSTALLING = (
    ("systemctl", "enable", "gridward.service"),
    ("systemctl", "restart", "gridward.service"),
)


def _below(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _bare(root: Path, path: Path) -> Path:
    return Path("/") / path.relative_to(root)
