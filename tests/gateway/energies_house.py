"""A house of devices whose energies are told, on a turned clock and a broker in memory."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gridward.energies.core import Settings
from gridward.energies.devices import DeviceEnergies
from gridward.live import Live
from gridward_kit.kept import Json
from gridward_kit.testing import MemoryBroker, TurnedClock


@pytest.fixture(autouse=True)
def no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is written at once: a turned clock does not wait for a thread."""

    async def at_once(work: Callable[..., object], *given: object) -> object:
        return work(*given)

    monkeypatch.setattr(asyncio, "to_thread", at_once)


class House:
    """Devices that say their powers every second, as a broker in memory hears them."""

    def __init__(self, folder: Path, clock: TurnedClock | None = None, also: tuple[str, ...] = ()) -> None:
        self.clock = clock or TurnedClock()
        self.broker = MemoryBroker(self.clock)
        self.store = folder / "gridward.db"
        link = self.broker.link("rules")
        live, known = Live(link, self.clock), {"bms", "bank", "axpert", "srne", "sdm", "clamp", *also}
        zone = Settings(ZoneInfo("UTC"))
        self.each = DeviceEnergies(live, link, self.clock, self.store, folder, zone, known)
        self.powers: dict[str, dict[str, float]] = {}

    def announce(self, device: str, kind: str, keys: tuple[str, ...]) -> None:
        entities: dict[str, Json] = {key: {"name": key} for key in keys}
        content = {"v": 1, "kind": kind, "name": device.upper(), "entities": entities}
        self.broker.publish(f"gridward/home/{device}/info", json.dumps(content), retain=True)
        self.broker.publish(f"gridward/home/{device}/availability", "online", retain=True)

    async def live(self, seconds: int) -> None:
        for _ in range(seconds):
            for device, powers in self.powers.items():
                said = json.dumps({"v": 1, "at": str(self.clock.time()), **powers})
                self.broker.publish(f"gridward/home/{device}/state", said, retain=True)
            await self.clock.turn(1.0)

    def shown(self, device: str) -> dict[str, float]:
        said = self.broker.retained.get(f"gridward/home/{device}_energies/state")
        content = json.loads(said) if said else {}
        return {key: value for key, value in content.items() if key not in ("v", "at")}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.each.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def of(key: str) -> set[str]:
    """An energy's keys by local day, month and year."""
    return {f"{key}_{period}" for period in ("today", "month", "year")}
