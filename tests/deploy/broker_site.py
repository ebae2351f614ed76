"""A Mosquitto that is set up as for a real site: a user for each role, and the ACL file."""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from gridward.config import load
from gridward.service import mosquitto, users
from gridward.site import Site
from gridward_kit.mqtt import Broker

OBSERVER = "observer"  # the test's own user, who sees and may say everything


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def with_users(site: Path) -> Site:
    """The site of a file that says `users: generated`, its passwords made."""
    users.make(load(site, complete=False))
    return load(site)


@contextmanager
def guarded(site: Site, folder: Path, port: int, *, tls: bool = False) -> Iterator[Path]:
    """The site's Mosquitto at this loopback port; gives its log, which tells what was denied."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = mosquitto.listeners(site, folder, time.time(), tls=tls)
    assert "1883 127.0.0.1" in plain
    there = plain.replace("1883 127.0.0.1", f"{port} 127.0.0.1").replace(
        "listener 8883", f"listener {port + 1}"
    )
    for name, content in mosquitto.files(site, folder, there).items():
        (folder / name).write_text(content)
    with (folder / "gridward.acl").open("a") as file:
        file.write(f"\nuser {OBSERVER}\ntopic readwrite #\n")
    with (folder / "gridward.passwd").open("a") as file:
        file.write(users.password_file({OBSERVER: OBSERVER}))
    log = folder / "log.txt"
    more = f"user root\nlog_dest file {log}\nlog_type all\n" if Path("/root").is_dir() else ""
    with (folder / "gridward.conf").open("a") as file:
        file.write(more)
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    running = subprocess.Popen([program, "-c", str(folder / "gridward.conf")], stderr=subprocess.DEVNULL)
    try:
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        else:
            raise AssertionError(log.read_text() if log.exists() else "mosquitto does not start")
        yield log
    finally:
        running.kill()
        running.wait()


def observer(site: Site) -> Broker:
    """Credentials of the test's own user."""
    return replace(site.broker, users=None, username=OBSERVER, password=OBSERVER)


def matches(pattern: str, topic: str) -> bool:
    """Whether a filter of MQTT takes a topic, or another filter, in."""
    one = "".join(
        "[^/]+" if part == "+" else ".*" if part == "#" else re.escape(part)
        for part in re.split(r"([+#])", pattern)
    )
    return re.fullmatch(one, topic) is not None
