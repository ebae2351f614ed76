"""Time is handed in: monotonic for intervals and leases, wall time only to stamp."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """A source of time; tests turn one by hand (`gridward_kit.testing.TurnedClock`)."""

    def monotonic(self) -> float:
        """Seconds that only grow, a suspended machine's sleep included."""

    def time(self) -> float:
        """Wall time in seconds since 1970 (UTC)."""

    async def sleep(self, seconds: float) -> None:
        """Wait so long on the monotonic clock."""


class SystemClock:
    """The machine's clock; CLOCK_BOOTTIME also counts while the machine is suspended."""

    def monotonic(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def time(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def iso(seconds: float) -> str:
    """Wall time as ISO 8601 in UTC with milliseconds: `2026-11-21T06:30:00.125Z`."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
