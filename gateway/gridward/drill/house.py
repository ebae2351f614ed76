"""The house as the drill sees and hits it: processes of this computer, the broker, the feedback contact."""

import asyncio
import json
import os
import signal
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from gridward.drill.processes import Running, running
from gridward.drill.steps import unsafe
from gridward.live import Live
from gridward.site import Site
from gridward_kit.clock import Clock
from gridward_kit.errors import DeviceError
from gridward_kit.integration import integrations
from gridward_kit.mqtt import Link, Message
from gridward_kit.point import Value

LOOK = 0.2


class House:
    """Listens on the broker as a stranger; hits only processes that say whose they are."""

    def __init__(self, site: Site, link: Link, clock: Clock) -> None:
        settings = site.rules.grid_switch
        self.site, self.link, self.clock = site, link, clock
        self.live = Live(link, clock)
        self.battery = "" if settings is None else settings.battery
        self.relay = "" if settings is None else settings.relay or ""
        self.logger = None if settings is None else settings.logger
        self._connected_at: list[float] = []
        link.subscribe(f"{link.root}/audit", self._audited)

    def _audited(self, message: Message) -> None:
        try:
            event = json.loads(message.payload)
            if event["what"] == f"{self.relay}/feedback" and event["after"] == "connected":
                self._connected_at.append(datetime.fromisoformat(event["at"]).timestamp())
        except (ValueError, KeyError, TypeError):
            return

    @property
    def lease(self) -> float:
        """The contactor's lease in seconds."""
        said = self.site.device(self.relay).options.get("lease", 30.0)
        return float(said) if isinstance(said, int | float) else 30.0

    @property
    def settle(self) -> float:
        """Seconds that the rules wait after their start before they ask for islanding."""
        settings = self.site.rules.grid_switch
        return 0.0 if settings is None else settings.settle

    def unsafe(self) -> tuple[str, ...]:
        """Why no part may be killed now, in words."""
        now = self.clock.monotonic()
        values = {key: one.fresh(now) for key, one in self.live.devices.items()}
        return tuple(unsafe(values, self.battery, self.relay))

    def feedback(self) -> Value | None:
        """Where the contact says that the contactor stands, now."""
        return self.live.fresh(self.relay, "feedback", self.clock.monotonic())

    async def until(self, holds: Callable[[], bool], within: float) -> float | None:
        """Seconds until it was so, None if it was not in time."""
        began = self.clock.monotonic()
        while not holds():
            if self.clock.monotonic() - began > within:
                return None
            await self.clock.sleep(LOOK)
        return self.clock.monotonic() - began

    def process(self, role: str) -> Running | None:
        """The process of this computer that runs a role."""
        found = running(self.site.folder / "state")
        return next((one for one in found if role in one.roles), None)

    async def looked(self, dead: int | None, within: float) -> tuple[float | None, bool]:
        """Seconds until the contact itself, read without the relay's process, says connected; and whether
        another one than the `dead` process runs it again, and may have been the one who connected."""
        spec = self.site.device(self.relay)
        look = integrations()[spec.integration].look
        began = self.clock.monotonic()
        while look is not None and self.clock.monotonic() - began <= within:
            try:
                seen = await asyncio.to_thread(look, spec.options)
            except (DeviceError, OSError):
                seen = {}
            found = self.process(self.relay)
            again = found is not None and found.pid != dead
            told = again and self.feedback() == "connected"  # it has the port, and says it itself
            if told or seen.get("feedback") == "connected":
                return self.clock.monotonic() - began, again
            await self.clock.sleep(LOOK)
        return None, False

    async def audited(self, since: float, within: float) -> float | None:
        """Seconds of wall time after `since` at which the relay itself saw its contact close."""
        found = await self.until(lambda: any(at >= since for at in self._connected_at), within)
        return None if found is None else min(at for at in self._connected_at if at >= since) - since


def broker_process(port: int) -> int | None:
    """The process of this computer that listens on the port, where we may look at it."""
    sockets = set()
    for table in ("tcp", "tcp6"):
        try:
            rows = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        except OSError:
            continue
        fields = [row.split() for row in rows]
        sockets |= {
            f"socket:[{row[9]}]" for row in fields if row[3] == "0A" and row[1].endswith(f":{port:04X}")
        }
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if any(os.readlink(one) in sockets for one in (entry / "fd").iterdir()):
                return int(entry.name)
        except OSError:
            continue
    return None


def hit(pid: int, name: signal.Signals) -> None:
    """Send a signal; raises OSError, in words, where it may not."""
    try:
        os.kill(pid, name)
    except PermissionError as error:
        raise OSError(f"process {pid} belongs to another user; run the drill as that one (sudo)") from error
