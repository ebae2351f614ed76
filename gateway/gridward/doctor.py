"""Looks at everything that a site stands on, and says the way out of what is wrong."""

import asyncio
import grp
import os
import pwd
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import aiomqtt

from gridward import payload
from gridward.broker import port_is_free, visit
from gridward.live import ALARM
from gridward.recorder.schema import read_only
from gridward.run import EMBEDDED_PORT, line_of
from gridward.site import EMBEDDED, BusSpec, Site
from gridward.survival import findings
from gridward_kit.clock import SystemClock
from gridward_kit.errors import DeviceError, NoLine
from gridward_kit.integration import integrations
from gridward_kit.kept import Kept
from gridward_kit.mqtt import Broker, role_topic
from gridward_kit.port import NETWORK, Port
from gridward_kit.reader import Reader
from gridward_kit.scan import found_ports
from gridward_kit.spool import SANE

LOW_DISK = 0.85
RETAINED = 1.0  # s within which a broker has sent what it retains
LOOK = 10.0  # s for the store


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing looked at: good or not, what it is, and what to do about it."""

    good: bool
    what: str
    way_out: str = ""

    def line(self) -> str:
        """One line for a person."""
        mark = "ok  " if self.good else "BAD "
        return f"{mark} {self.what}" + (f"\n     -> {self.way_out}" if self.way_out else "")


async def examine(site: Site | None) -> list[Answer]:
    """Everything there is to say, in the order in which things depend on each other."""
    answers = [*_ports(site), *_clock(), *_disk(site)]
    if site is None:
        return answers
    for bus in site.buses:
        answers += [answer async for answer in _bus(site, bus)]
    answers += [answer async for answer in _broker(site)]
    answers += [*_kept(site), *_store(site), *(Answer(*one) for one in findings(site, SystemClock().time()))]
    return answers


def _ports(site: Site | None) -> Iterator[Answer]:
    ports = found_ports()
    plugged = site is None or not all(bus.port.startswith(NETWORK) for bus in site.buses)
    if not ports and plugged:
        yield Answer(False, "no serial port and no HID inverter is plugged in", "plug the USB cable in")
    for url in ports:
        yield _may_open(url)


def _may_open(url: str) -> Answer:
    path = Path(url)
    if not path.exists():
        return Answer(True, f"{url} is there")
    if os.access(path, os.R_OK | os.W_OK):
        return Answer(True, f"{url} is there and may be opened")
    group, user = _names(path.stat().st_gid, os.getuid())
    return Answer(
        False, f"{url} may not be opened by {user}", f"sudo usermod -aG {group} {user}, then log in anew"
    )


def _names(group: int, user: int) -> tuple[str, str]:
    """What group and user are called; their numbers where, as in a container, they have no name."""
    try:
        group_name = grp.getgrgid(group).gr_name
    except KeyError:
        group_name = str(group)
    try:
        return group_name, pwd.getpwuid(user).pw_name
    except KeyError:
        return group_name, str(user)


async def _bus(site: Site, bus: BusSpec) -> AsyncIterator[Answer]:
    clock = SystemClock()
    for device in bus.devices:
        if bus.port.startswith(NETWORK) and await _served(site, bus, device.id):
            told = "answers a running gateway: one more who asks on that line would spoil its answers"
            yield Answer(True, f"{device.id} at {bus.port} {told}")
            continue
        port = Port(bus.port, line_of(bus), clock)
        options = dict(device.options) | ({"model": device.model} if device.model else {})
        try:
            identity = await Reader(integrations()[device.integration], port, options, clock).identify()
        except DeviceError as error:
            if _held(error) and await _online(site, device.id):
                yield Answer(True, f"{device.id} at {bus.port} answers; a running gateway holds the port")
            else:
                yield Answer(False, f"{device.id} at {bus.port}: {error}", _way_out(error))
        else:
            serial = identity.serial or "without a serial number"
            yield Answer(True, f"{device.id} at {bus.port}: {identity.model}, {identity.protocol}, {serial}")
        finally:
            port.close()


def _held(trouble: DeviceError) -> bool:
    return isinstance(trouble, NoLine) and trouble.held


async def _served(site: Site, bus: BusSpec, device: str) -> bool:
    """Whether a gateway is at this line, which unlike a plugged-in one nobody can hold for himself."""
    return await _online(site, role_topic(bus.role)) and await _online(site, device)


async def _online(site: Site, name: str) -> bool:
    """Whether the broker says that a role lives, or that a device answers it."""
    broker = _reachable(site)
    topic = f"gridward/{site.id}/{name}/availability"
    try:
        async with visit(broker, f"gridward/{site.id}/doctor") as client:
            return await _retained(client, topic) == b"online"
    except OSError:
        return False


def _reachable(site: Site) -> Broker:
    """Where the site's broker is reached; an embedded one as it listens in another process."""
    return Broker(f"mqtt://127.0.0.1:{EMBEDDED_PORT}") if site.broker.url == EMBEDDED else site.broker


def _way_out(trouble: DeviceError) -> str:
    if _held(trouble):
        return "another program holds the port; if it is `gridward run`, it is at work: look at the page"
    if isinstance(trouble, NoLine):
        return "is the cable in? `gridward scan` shows what is there"
    return "is the device on, and the cable in the right socket? A BMS may be asleep: let some current flow"


async def _broker(site: Site) -> AsyncIterator[Answer]:
    if site.broker.url == EMBEDDED and port_is_free(EMBEDDED_PORT):
        yield Answer(True, "the broker is embedded and does not run now: nothing to reach")
        return
    broker = _reachable(site)
    where = broker.url.rpartition("@")[2]
    topic = f"gridward/{site.id}/{ALARM}"
    try:
        async with visit(broker, f"gridward/{site.id}/doctor") as client:
            alarm = await _retained(client, topic)
    except OSError as error:
        yield Answer(False, f"the broker at {where}: {error}", "is it running; user and password right?")
        return
    yield Answer(True, f"the broker at {where} takes our credentials")
    if alarm:
        yield _alarm(topic, alarm)


async def _retained(client: aiomqtt.Client, topic: str) -> bytes:
    """What the broker retains on a topic; empty where it retains nothing."""
    await client.subscribe(topic, qos=1)
    try:
        async with asyncio.timeout(RETAINED):
            message = await anext(client.messages)
    except TimeoutError:
        return b""
    return message.payload if isinstance(message.payload, bytes) else b""


def _alarm(topic: str, body: bytes) -> Answer:
    """The recorder's alarm in words."""
    try:
        content = payload.read_object(body)
    except ValueError as error:
        return Answer(False, f"{topic}: {error}", "who else publishes there?")
    reason, since = payload.text(content, "reason"), payload.text(content, "at")
    what = f"the recorder stores nothing since {since or 'some time'}: {reason or 'it does not say why'}"
    return Answer(False, what, payload.text(content, "remedy") or "look at its log")


def _kept(site: Site) -> Iterator[Answer]:
    """Files of the state that nothing can be done with."""
    for path in sorted((site.folder / "state").glob("*.json")):
        try:
            Kept(path)
        except (OSError, ValueError) as error:
            yield Answer(False, str(error), "stop gridward and move it away: what it held is found out anew")


def _store(site: Site) -> Iterator[Answer]:
    path = site.record.store
    if not path.exists():
        yield Answer(
            os.access(path.parent, os.W_OK),
            f"the store {path} is not there yet; it is made at the first start",
        )
        return
    verdict = _verdict(path)
    good = verdict.startswith("ok")
    yield Answer(
        good,
        f"the store {path}: {verdict}",
        "" if good else f"stop gridward, move {path} away, start: history begins anew",
    )


def _verdict(path: Path) -> str:
    """What SQLite says of the file; a month of readings is gigabytes, so it looks for some seconds only."""
    end = time.monotonic() + LOOK
    try:
        with closing(read_only(path)) as store:
            store.set_progress_handler(lambda: time.monotonic() > end, 10_000)
            return str(store.execute("PRAGMA quick_check").fetchone()[0])
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            return f"ok as far as {LOOK:g} s of looking went ({path.stat().st_size / 1e9:.1f} GB)"
        return str(error)


def _clock() -> Iterator[Answer]:
    synchronised = Path("/run/systemd/timesync/synchronized").exists()
    sane = SystemClock().time() >= SANE
    what = (
        "the clock is synchronised"
        if synchronised
        else "the clock is plausible, not known to be synchronised"
    )
    yield Answer(
        sane, what if sane else "the clock is years back", "" if sane else "sudo timedatectl set-ntp true"
    )


def _disk(site: Site | None) -> Iterator[Answer]:
    store = site.record.store.parent if site else Path.cwd()
    usage = shutil.disk_usage(store if store.exists() else Path.cwd())
    share = usage.used / usage.total
    yield Answer(
        share < LOW_DISK,
        f"the disk is {share:.0%} full, {usage.free / 1e9:.1f} GB free",
        "" if share < LOW_DISK else "free some, or shorten `record: keep:`",
    )
