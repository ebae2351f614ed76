"""A device of five rows on a broker in memory, and what it was told to do."""

import asyncio
import json
from pathlib import Path

from gridward_kit.command import Command
from gridward_kit.device import Device
from gridward_kit.entity import VOLTAGE, BinarySensor, Entity, Number, Select, Sensor, Setting
from gridward_kit.info import Setup
from gridward_kit.integration import Identity, Integration
from gridward_kit.kept import Json
from gridward_kit.point import Derived, Value
from gridward_kit.testing import MemoryBroker, TurnedClock

KNOWN = Setting(lambda value: (f"SET{value}",), wear="stored")
ROWS: tuple[Entity, ...] = (
    Sensor("voltage", "Voltage", quantity=VOLTAGE),
    Sensor("double", "Double", Derived(("voltage",), lambda volts: volts * 2), VOLTAGE),
    BinarySensor("problem", "Problem", device_class="problem"),
    Select("priority", "Priority", setting=KNOWN, options=("USB", "SBU")),
    Number("limit", "Limit", setting=KNOWN, low=10, high=60, step=10),
)
DUMMY = Integration(domain="dummy", name="Dummy", kind="inverter", entities=lambda _: ROWS)


class House:
    def __init__(self, folder: Path, *, writable: bool = True) -> None:
        self.clock = TurnedClock()
        self.broker = MemoryBroker(self.clock)
        self.link = self.broker.link("bus:line")
        self.wire: list[tuple[str, Value]] = []
        self.trouble: Exception | None = None
        setup = Setup(id="unit", integration=DUMMY, name="Unit", folder=folder, writable=writable)
        self.device = Device(setup, self.link, self.clock, self._perform)
        self.device.describe(Identity(model="D1", protocol="X", serial="42"), ROWS)
        self.device.read({"voltage": 52.0, "priority": "USB", "limit": 10.0, "problem": False})
        self.device.publish()

    async def _perform(self, row: Entity, command: Command) -> Value:
        if self.clock.monotonic() >= command.deadline:
            raise ValueError("it expired before the line was free")
        self.device.spend(row, command.by)
        self.wire.append((row.key, command.value))
        if self.trouble is not None:
            raise self.trouble
        self.device.read({row.key: command.value})
        return command.value

    async def send(self, topic: str, payload: str, *, retain: bool = False) -> list[dict[str, Json]]:
        self.broker.publish(f"gridward/home/unit/{topic}", payload, retain=retain)
        for _ in range(10):
            await asyncio.sleep(0)
        key = topic.partition("/")[0]
        return [json.loads(item) for item in self.broker.said(f"gridward/home/unit/{key}/result")]

    async def command(
        self, key: str, value: Json, identifier: str = "1", by: str = "http:anna", **more: Json
    ) -> dict[str, Json]:
        wish = {"v": 1, "value": value, "id": identifier, "by": by, **more}
        return (await self.send(f"{key}/command", json.dumps(wish)))[-1]

    def state(self) -> dict[str, Json]:
        state: dict[str, Json] = json.loads(self.broker.retained["gridward/home/unit/state"])
        return state
