"""A house on a broker in memory, with the role `plan` in it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from gridward.energies.core import Tariff
from gridward.live import Live
from gridward.planning.forecast import Forecast, House, Place, Sun
from gridward.planning.role import Planning
from gridward.planning.spec import PlanSpec
from gridward.site import GridSwitchSettings, RecordSpec, RulesSpec, Site
from gridward_kit.kept import Json
from gridward_kit.mqtt import Broker
from gridward_kit.testing import MemoryBroker, TurnedClock

ZONE = ZoneInfo("Europe/Bratislava")
ROLES = {"pv": "inverter", "load": "inverter", "battery": "bms", "grid_switch": "contactor"}
DEARER = [0.30] * 6 + [0.10] * 4 + [0.30] * 8 + [0.50] * 4 + [0.30] * 2


def begin(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


def site(folder: Path) -> Site:
    return Site(
        id="home",
        name="Home",
        time_zone=ZONE,
        fail_safe="grid_connected",
        broker=Broker("mqtt://127.0.0.1"),
        folder=folder,
        record=RecordSpec(folder / "gridward.db"),
        latitude=48.15,
        longitude=17.11,
        roles=ROLES,
        rules=RulesSpec(grid_switch=GridSwitchSettings("bms", "inverter", "contactor")),
        tariff=Tariff("EUR", 0.2, topic="prices/day_ahead"),
        plan=PlanSpec(charge=3000, discharge=4000),
    )


class PlanHouse:
    """A house on a broker in memory, and the role's answers."""

    def __init__(self, folder: Path, at: str = "2026-11-21T21:00") -> None:
        self.folder = folder
        self.clock = TurnedClock(begin(at))
        self.broker = MemoryBroker(self.clock)
        self.site = site(folder)
        self.soc = 60.0
        for name, kind in (("inverter", "inverter"), ("bms", "battery"), ("contactor", "relay")):
            self.say(f"{name}/info", {"v": 1, "kind": kind})
            self.broker.publish(f"gridward/home/{name}/availability", "online", retain=True)

    def say(self, topic: str, content: Json) -> None:
        self.broker.publish(f"gridward/home/{topic}", json.dumps(content), retain=True)

    def poll(self) -> None:
        at = str(self.clock.time())
        self.say("inverter/state", {"v": 1, "at": at, "pv_power": 0, "output_power": 800, "mode": "battery"})
        bank: dict[str, Json] = {"voltage": 52.6, "power": -860, "soc": self.soc, "cells": 16}
        self.say("bms/state", {"v": 1, "at": at, **bank, "remaining_capacity": 2.8 * self.soc})
        self.say("contactor/state", {"v": 1, "at": at, "feedback": "islanded"})

    async def live(self, seconds: int, every: int = 5) -> None:
        for _ in range(seconds // every):
            self.poll()
            await self.clock.turn(every)

    async def ask(self, wish: Json, identifier: str) -> dict[str, Json]:
        command = {
            "value": wish if isinstance(wish, str) else json.dumps(wish),
            "id": identifier,
            "by": "test",
        }
        self.broker.publish("gridward/home/plan/schedule/command", json.dumps(command))
        await self.clock.turn(0.1)
        answers = [json.loads(text) for text in self.broker.said("gridward/home/plan/schedule/result")]
        return next(one for one in reversed(answers) if one["id"] == identifier)

    def state(self) -> dict[str, Json]:
        found: dict[str, Json] = json.loads(self.broker.retained["gridward/home/plan/state"])
        return found

    def slots(self) -> list[dict[str, Json]]:
        found: list[dict[str, Json]] = json.loads(self.broker.retained["gridward/home/plan/slots"])["slots"]
        return found

    @asynccontextmanager
    async def running(self, forecast: Forecast | None = None) -> AsyncIterator[Planning]:
        link = self.broker.link("plan")
        planning = Planning(self.site, Live(link, self.clock), link, self.clock)
        task = asyncio.create_task(planning.run())
        await self.clock.turn(0.1)
        if forecast is not None:
            planning._forecast = forecast
        try:
            yield planning
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


STEADY = Forecast(
    Sun(Place(48.15, 17.11), 0.0),
    House(ZONE, {}, {}, 800.0),
)


def prices(first: str, days: int = 2) -> str:
    start = datetime.fromisoformat(first).replace(tzinfo=ZONE)
    rows = [
        {"start": (start + timedelta(days=day, hours=hour)).isoformat(), "price": price}
        for day in range(days)
        for hour, price in enumerate(DEARER)
    ]
    return json.dumps(rows)
