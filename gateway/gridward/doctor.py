"""Looks at everything that a site stands on, and says the way out of what is wrong."""

import asyncio
import grp
import os
import pwd
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiomqtt

from gridward.run import line_of
from gridward.site import EMBEDDED, BusSpec, Site
from gridward_kit.clock import SystemClock
from gridward_kit.errors import DeviceError
from gridward_kit.integration import integrations
from gridward_kit.port import Port
from gridward_kit.reader import Reader
from gridward_kit.scan import found_ports
from gridward_kit.spool import SANE

LOW_DISK = 0.85


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
    answers = [*_ports(), *_clock(), *_disk(site)]
    if site is None:
        return answers
    for bus in site.buses:
        answers += [answer async for answer in _bus(bus)]
    answers.append(await _broker(site))
    answers += [*_store(site), *_contactor(site)]
    return answers


def _ports() -> Iterator[Answer]:
    ports = found_ports()
    if not ports:
        yield Answer(False, "no serial port and no HID inverter is plugged in", "plug the USB cable in")
    for url in ports:
        yield _may_open(url)


def _may_open(url: str) -> Answer:
    path = Path(url)
    if not path.exists():
        return Answer(True, f"{url} is there")
    if os.access(path, os.R_OK | os.W_OK):
        return Answer(True, f"{url} is there and may be opened")
    group = grp.getgrgid(path.stat().st_gid).gr_name
    user = pwd.getpwuid(os.getuid()).pw_name
    return Answer(
        False, f"{url} may not be opened by {user}", f"sudo usermod -aG {group} {user}, then log in anew"
    )


async def _bus(bus: BusSpec) -> AsyncIterator[Answer]:
    clock = SystemClock()
    for device in bus.devices:
        port = Port(bus.port, line_of(bus), clock)
        options = dict(device.options) | ({"model": device.model} if device.model else {})
        try:
            identity = await Reader(integrations()[device.integration], port, options, clock).identify()
        except DeviceError as error:
            yield Answer(False, f"{device.id} at {bus.port}: {error}", _way_out(str(error)))
        else:
            serial = identity.serial or "without a serial number"
            yield Answer(True, f"{device.id} at {bus.port}: {identity.model}, {identity.protocol}, {serial}")
        finally:
            port.close()


def _way_out(trouble: str) -> str:
    if "lock" in trouble or "Resource temporarily unavailable" in trouble:
        return "another program holds the port; if it is `gridward run`, it is at work: look at the page"
    if "cannot be opened" in trouble:
        return "is the cable in? `gridward scan` shows what is there"
    return "is the device on, and the cable in the right socket? A BMS may be asleep: let some current flow"


async def _broker(site: Site) -> Answer:
    if site.broker.url == EMBEDDED:
        return Answer(True, "the broker is embedded: nothing to reach")
    where = site.broker.url.rpartition("@")[2]
    will = aiomqtt.Will(f"gridward/{site.id}/doctor", b"", retain=False)
    try:
        async with asyncio.timeout(8), site.broker.client(f"gridward-{site.id}-doctor", will):
            return Answer(True, f"the broker at {where} takes our credentials")
    except (aiomqtt.MqttError, TimeoutError, OSError) as error:
        return Answer(
            False, f"the broker at {where}: {error or 'no answer'}", "is it running; user and password right?"
        )


def _store(site: Site) -> Iterator[Answer]:
    path = site.record.store
    if not path.exists():
        yield Answer(
            os.access(path.parent, os.W_OK),
            f"the store {path} is not there yet; it is made at the first start",
        )
        return
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5) as store:
            verdict = store.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        verdict = str(error)
    good = verdict == "ok"
    yield Answer(
        good,
        f"the store {path}: {verdict}",
        "" if good else f"stop gridward, move {path} away, start: history begins anew",
    )


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
    usage = shutil.disk_usage(site.folder if site else Path.cwd())
    share = usage.used / usage.total
    yield Answer(
        share < LOW_DISK,
        f"the disk is {share:.0%} full, {usage.free / 1e9:.1f} GB free",
        "" if share < LOW_DISK else "free some, or shorten `record: keep:`",
    )


def _contactor(site: Site) -> Iterator[Answer]:
    for device in site.devices:
        ends = integrations()[device.integration].ends_lease
        if ends is None:
            continue
        yield Answer(True, f"{device.id}: the rules or the broker die: grid connected within the lease")
        yield Answer(True, f"{device.id}: this computer dies: {ends(device.options)}")
