"""A simulated mbmd, and a site that reads its meters."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gridward_kit.device import Device
from gridward_kit.info import Setup
from gridward_kit.integration import Fact
from gridward_kit.point import Value
from gridward_kit.testing import FastClock, MemoryBroker
from gridward_mbmd import INTEGRATION
from gridward_mbmd.behind import serve

KEY = "SDM2301.1"
SDM230: Mapping[str, float] = {
    "ApparentPower": 512.3, "Cosphi": 0.981, "Current": 2.221, "Export": 12.4, "Frequency": 49.99,
    "Import": 812.4, "PhaseAngle": 348.8, "Power": 502.6, "ReactiveExport": 3.1, "ReactiveImport": 44.9,
    "ReactivePower": -98.7, "ReactiveSum": 48.0, "Sum": 824.8, "Voltage": 230.7,
}  # fmt: skip
READ: Mapping[str, Value] = {
    "apparent_power": 512.3, "power_factor": 0.981, "current": 2.221, "export_energy": 12.4,
    "frequency": 49.99, "import_energy": 812.4, "phase_angle": 348.8, "power": 502.6,
    "export_reactive_energy": 3.1, "import_reactive_energy": 44.9, "reactive_power": -98.7,
    "total_reactive_energy": 48.0, "total_energy": 824.8, "voltage": 230.7,
}  # fmt: skip


@dataclass
class Mbmd:
    """What the simulated mbmd knows: devices by key, those that are online, what it reads and averages."""

    last: dict[str, dict[str, float]] = field(default_factory=lambda: {KEY: dict(SDM230)})
    mean: dict[str, dict[str, float]] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=lambda: {KEY: "SDM230"})
    offline: set[str] = field(default_factory=set)
    unix: int = 1_715_674_867
    stands: bool = False
    raw: tuple[int, str] | None = None
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def answer(self, path: str) -> tuple[int, str]:
        """Status and text of a page."""
        self.asked.append(path)
        if self.raw is not None:
            return self.raw
        self.unix += 0 if self.stands else 1
        if path == "/api/status":
            kinds = self.types.items()
            meters = [{"Device": key, "Type": kind, "Online": key not in self.offline} for key, kind in kinds]
            return 200, json.dumps({"Meters": meters})
        for root, table in (("/api/last", self.last), ("/api/avg", {**self.last, **self.mean})):
            if path == root:
                online = {key: self._inner(item) for key, item in table.items() if key not in self.offline}
                return (200, self._object(online)) if online else (400, "all meters are inactive")
            if path.startswith(f"{root}/"):
                key = path.removeprefix(f"{root}/")
                if key not in table:
                    return 400, f"device {key} does not exist"
                known = key not in self.offline
                return (200, self._inner(table[key])) if known else (400, f"device {key} is not available")
        return 404, "404 page not found"

    def _inner(self, measured: Mapping[str, float]) -> str:
        said = "".join(f',"{name}":{value:.6f}' for name, value in sorted(measured.items()))
        return f'{{"Timestamp":"2024-05-14T10:21:07.113+02:00","Unix":{self.unix}{said}}}'

    @staticmethod
    def _object(inner: Mapping[str, str]) -> str:
        return "{" + ",".join(f'"{key}":{text}' for key, text in inner.items()) + "}"


class Site:
    """A site with one meter behind mbmd."""

    def __init__(self, broker: MemoryBroker, device: Device) -> None:
        self.broker = broker
        self.device = device

    def state(self) -> dict[str, Value]:
        """The last state published, without its frame."""
        said = self.broker.said("gridward/home/meter/state")
        content: dict[str, Value] = json.loads(said[-1]) if said else {}
        return {key: value for key, value in content.items() if key not in ("v", "at")}

    async def until(self, so: Callable[[], bool]) -> None:
        """Wait until it is so; fails the test if it never is."""
        async with asyncio.timeout(10):
            while not so():  # noqa: ASYNC110
                await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def site(folder: Path, port: int, **options: Fact) -> AsyncIterator[Site]:
    """The meter, read as the site file says."""
    clock = FastClock(100)
    broker = MemoryBroker(clock)
    device = Device(Setup("meter", INTEGRATION, "Meter", folder), broker.link("meter"), clock)
    task = asyncio.create_task(serve(device, {"host": "127.0.0.1", "port": port, **options}))
    try:
        yield Site(broker, device)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
