"""Gathers what the alarms look at: the broker's words, the disk, the clock, the drills."""

import asyncio
import shutil
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from gridward import payload
from gridward.drill.reports import past
from gridward.live import Live, LiveDevice
from gridward.notify.scene import Scene, Seen
from gridward.plant.sun import elevation
from gridward.site import Site
from gridward_kit.clock import Clock
from gridward_kit.device import STALE_LEAST, STALE_POLLS
from gridward_kit.kept import Json
from gridward_kit.mqtt import Link, role_topic
from gridward_kit.spool import SANE

SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
COUNTERS = ("pv_energy", "load_energy", "grid_import_energy", "grid_export_energy")
DAY = 86400.0
RECORDER = "recorder"


class Look:
    """One site, seen from one link."""

    def __init__(self, site: Site, live: Live, link: Link, clock: Clock) -> None:
        self._site, self._live, self._link, self._clock = site, live, link, clock
        self._expected = {item.id: item.name for item in site.all_devices()}
        self._floors = {item.id: STALE_POLLS * item.poll for item in site.all_devices() if item.poll}

    async def scene(self, channels: Mapping[str, str | None]) -> Scene:
        """What is so now."""
        disk, drill = await asyncio.to_thread(self._files)
        wall = self._clock.time()
        return Scene(
            devices={key: self._seen(one) for key, one in self._live.devices.items()},
            expected=self._expected,
            roles=self._site.roles,
            broker=self._link.connected,
            sun=self._sun(wall),
            disk=disk,
            clock=synchronised(wall),
            store=self._store(),
            recorder=self._live.online(role_topic(RECORDER)),
            behind=self._behind(wall),
            drill=drill,
            channels=channels,
        )

    def counters(self) -> dict[str, Json]:
        """The site's lifetime energies (kWh), to tell next week what came since."""
        site = self._live.devices.get("site")
        values = {} if site is None else site.fresh(self._clock.monotonic())
        found: dict[str, Json] = {}
        for key in COUNTERS:
            value = values.get(key)
            if isinstance(value, int | float):
                found[key] = value
        return found

    def _seen(self, one: LiveDevice) -> Seen:
        now = self._clock.monotonic()
        values = one.held(now, max(STALE_LEAST, self._floors.get(one.id, 0.0)))
        return Seen(
            id=one.id,
            name=one.name,
            kind=one.kind,
            answers=bool(values),
            silent=one.age(now),
            values=values,
            left=budgets(one.health),
        )

    def _sun(self, wall: float) -> float | None:
        latitude, longitude = self._site.latitude, self._site.longitude
        if wall < SANE or latitude is None or longitude is None:
            return None
        return elevation(wall, latitude, longitude)

    def _store(self) -> str | None:
        alarm = self._live.alarm
        return None if alarm is None else payload.text(alarm, "reason") or "the recorder does not say why"

    def _behind(self, wall: float) -> dict[str, tuple[float, str]]:
        """By database: for how many seconds its oldest reading waits, and why."""
        found: dict[str, tuple[float, str]] = {}
        for content in self._live.databases.values():
            name = payload.text(content, "database")
            if name is None or wall < SANE:
                continue
            since = _moment(payload.text(content, "waiting_from"))
            late = max(0.0, wall - since) if since is not None and content.get("waiting") else 0.0
            found[name] = (late, payload.text(content, "reason") or "")
        return found

    def _files(self) -> tuple[float | None, float | None]:
        """The disk's use (0 to 1), and the days since the last drill; None where it cannot be told."""
        disk = drilled = None
        with suppress(OSError, ZeroDivisionError):  # no folder yet, or a card that fails: the others go on
            usage = shutil.disk_usage(self._site.record.store.parent)
            disk = usage.used / usage.total
        with suppress(OSError, IndexError):
            drilled = (self._clock.time() - past(self._site.folder)[-1].at) / DAY
        return disk, drilled


def budgets(health: Mapping[str, Json]) -> dict[str, float]:
    """The share of each stored setting's write budget that is left."""
    wear = health.get("wear")
    found: dict[str, float] = {}
    for key, row in wear.items() if isinstance(wear, dict) else ():
        left, of = (row.get("left"), row.get("of")) if isinstance(row, dict) else (None, None)
        if isinstance(left, int | float) and isinstance(of, int | float) and of > 0:
            found[key] = left / of
    return found


def synchronised(wall: float) -> bool | None:
    """Whether the wall clock can be trusted; None where this machine does not tell."""
    if wall < SANE:
        return False
    return SYNCHRONISED.exists() if SYNCHRONISED.parent.exists() else None


def _moment(said: str | None) -> float | None:
    try:
        return None if said is None else datetime.fromisoformat(said).timestamp()
    except ValueError:
        return None
