"""A house of some size in this process: `devices ENTITIES-OF-EACH` or `history DAYS`; its costs as JSON.

All in processor seconds, but for memory in bytes; of several rounds the best.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
from bench.decisions import rule
from bench.settled import PAST, filled
from gateway.plain_site import plain_site

from gridward.api.serve import run_http
from gridward.api.tokens import Tokens
from gridward.broker import free_port
from gridward.live import Live
from gridward.recorder.store import Parcel, Store
from gridward.recorder.telemetry import Stamps
from gridward.rules.engine import Inputs, Memory, decide
from gridward.rules.policy import Policy
from gridward.rules.view import View
from gridward.rules.wiring import gather
from gridward.site import HttpSpec
from gridward_kit.clock import SystemClock
from gridward_kit.device import Device
from gridward_kit.entity import VOLTAGE, Sensor
from gridward_kit.info import Setup
from gridward_kit.integration import Identity, integrations
from gridward_kit.mqtt import Message
from gridward_kit.point import Field
from gridward_kit.testing import MemoryBroker, TurnedClock

ROUNDS = 7
RULES = 12


def best(act: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Processor seconds of one go."""
    took = []
    for _ in range(rounds):
        begun = time.process_time()
        act()
        took.append(time.process_time() - begun)
    return min(took)


@dataclass
class House:
    """So many devices of so many entities on a broker in memory, and who listens there."""

    folder: Path
    devices: int
    entities: int

    def __post_init__(self) -> None:
        self.clock = TurnedClock()
        self.broker = MemoryBroker(self.clock)
        self.rows = tuple(
            Sensor(f"value_{number}", f"Value {number}", Field("Q", number), VOLTAGE)
            for number in range(self.entities)
        )
        integration = integrations()["daly"]
        self.there: list[Device] = []
        for number in range(self.devices):
            setup = Setup(
                id=f"device_{number}", integration=integration, name=f"D {number}", folder=self.folder
            )
            device = Device(setup, self.broker.link("bus:line"), self.clock)
            device.describe(Identity("M", "bench", str(number), "1", "Bench"), self.rows)
            self.there.append(device)
        self.broker.publish("gridward/home/bus_line/availability", "online", retain=True)
        self._turn = 0

    def say(self) -> None:
        """Every device publishes its state once, and its telemetry."""
        self._turn += 1
        self.clock.pass_by(5.0)
        self.broker.log.clear()
        for device in self.there:
            device.read({row.key: 50.0 + self._turn / 100 for row in self.rows}, 5.0)
            device.publish()

    def messages(self, end: str) -> Iterator[Message]:
        """What was said last on topics that end so."""
        for topic, payload, retain in self.broker.log:
            if topic.endswith(end):
                yield Message(topic, payload.encode(), retain, self.clock.monotonic())


def costs(devices: int, entities: int, folder: Path) -> dict[str, float]:
    """Of publishing, hearing, storing, deciding, asking the store, and the page's first view."""
    house = House(folder, devices, entities)
    found = {"a state of every device published": best(house.say)}
    live = Live(house.broker.link("http"), house.clock)
    house.say()
    states = list(house.messages("/state"))
    taken = {name: handler for name, handler in house.broker._handlers if name.endswith("/state")}

    def hear() -> None:
        for message in states:
            taken["gridward/home/+/state"](message)

    found["the same heard by page or rules"] = best(hear)
    found["its telemetry committed"] = _stored(house)
    found["a decision of 12 rules"] = _decided(house, live)
    past = folder / "past"
    past.mkdir()
    store = filled(past / "gridward.db", 1.0, 300.0, devices, entities)
    found["24 h of 4 entities asked"] = best(lambda: _asked(store, entities), 3)
    store.close()
    found["the page's first view"] = asyncio.run(_viewed(house, past))
    found["resident memory"] = float(psutil.Process().memory_info().rss)
    return found


def _stored(house: House) -> float:
    store, stamps = Store(house.folder / "gridward.db"), Stamps()
    took = []
    for _ in range(ROUNDS):
        house.say()
        messages = list(house.messages("/telemetry"))
        begun = time.process_time()
        for message in messages:
            store.add(stamps.stamp(message.topic.split("/")[2], message, house.clock.time()))
        store.commit()
        took.append(time.process_time() - begun)
    store.close()
    return min(took[1:])


def _decided(house: House, live: Live) -> float:
    policy = Policy("bench", rules=tuple(rule(number) for number in range(RULES)))
    playing = {device.id: device.id for device in house.there}
    memory = Memory()
    for _ in range(3):
        house.say()

    def decided() -> None:
        now = house.clock.monotonic()
        view = View(gather(live, playing, now), datetime(2026, 6, 1, 12, tzinfo=UTC))
        decide(Inputs(view), policy, now, memory)

    return best(decided)


def _asked(store: Store, entities: int) -> None:
    end = PAST + 86400.0
    for key in range(min(4, entities)):
        assert store.history("device_0", f"value_{key}", PAST, end, 300)


async def _viewed(house: House, folder: Path) -> float:
    """Processor seconds of the first view, all of it in this process."""
    site = replace(plain_site(folder), http=HttpSpec(port=free_port()))
    token = Tokens(folder).made
    role = asyncio.create_task(run_http(site, house.broker.link("http"), SystemClock()))
    house.say()
    took = []
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{site.http.port}") as client:
            client.headers["Authorization"] = f"Bearer {token}"
            while not role.done():
                try:
                    await client.get("/healthz")
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.05)
            (await client.get("/")).raise_for_status()  # templates are compiled once
            for _ in range(ROUNDS):
                begun = time.process_time()
                (await client.get("/")).raise_for_status()
                (await client.get("/devices")).raise_for_status()
                took.append(time.process_time() - begun)
    finally:
        role.cancel()
        await asyncio.gather(role, return_exceptions=True)
    return min(took)


def aged(days: float, folder: Path) -> dict[str, float]:
    """Costs of a store of four entities that has lived so long."""
    path = folder / "gridward.db"
    filled(path, days, 5.0, 1, 4).close()
    end = PAST + days * 86400
    store = Store(path)
    house = House(folder / "now", 1, 4)
    house.clock.pass_by(end - house.clock.time())
    store.commit()
    took = {}
    begun = time.process_time()
    assert store.history("device_0", "value_0", end - 3600, end, 60)
    took["the store opened and asked"] = time.process_time() - begun
    took["24 h of 4 entities at minutes"] = best(lambda: _spans(store, end, 1, 60), 3)
    took["all of it, 4 entities at steps of a 500th"] = best(
        lambda: _spans(store, end, days, days * 172.8), 3
    )
    took["a telemetry message committed"] = _committed(store, end)
    took["resident memory"] = float(psutil.Process().memory_info().rss)
    took["bytes on disk"] = float(sum(part.stat().st_size for part in folder.glob("gridward.db*")))
    store.close()
    return took


def _spans(store: Store, end: float, days: float, step: float) -> None:
    for key in range(4):
        assert store.history("device_0", f"value_{key}", end - days * 86400, end, step)


def _committed(store: Store, end: float) -> float:
    took = []
    for number in range(50):
        store.add(
            Parcel(
                "device_0", "now", number + 1, end + 5 * number, {f"value_{key}": 1.0 for key in range(4)}, 1
            )
        )
        begun = time.process_time()
        store.commit()
        took.append(time.process_time() - begun)
    return sorted(took)[len(took) // 2]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        if sys.argv[1] == "history":
            sys.stdout.write(json.dumps(aged(float(sys.argv[2]), Path(place))))
        else:
            sys.stdout.write(json.dumps(costs(int(sys.argv[1]), int(sys.argv[2]), Path(place))))
