"""A number that must not exceed another: refused before the wire, whichever of the two is set."""

import asyncio
import json
from pathlib import Path

from gridward_kit.command import Command
from gridward_kit.device import Device
from gridward_kit.entity import VOLTAGE, Entity, Number, Setting
from gridward_kit.info import Setup
from gridward_kit.integration import Identity, Integration
from gridward_kit.kept import Json
from gridward_kit.point import Value
from gridward_kit.testing import MemoryBroker, TurnedClock

KNOWN = Setting(lambda value: (f"SET{value}",))
ROWS: tuple[Entity, ...] = (
    Number("bulk", "Bulk voltage", quantity=VOLTAGE, setting=KNOWN, low=48, high=58.4, step=0.1),
    Number("float", "Float voltage", None, VOLTAGE, KNOWN, low=48, high=58.4, step=0.1, under="bulk"),
)
DUMMY = Integration(domain="dummy", name="Dummy", kind="inverter", entities=lambda _: ROWS)


class Charger:
    """A charger that takes what it is told after a while, and what went over its wire."""

    def __init__(self, folder: Path) -> None:
        self.clock = TurnedClock()
        self.broker = MemoryBroker(self.clock)
        self.wire: list[tuple[str, Value]] = []
        setup = Setup(id="unit", integration=DUMMY, name="Unit", folder=folder, writable=True)
        self.device = Device(setup, self.broker.link("bus:line"), self.clock, self._perform)
        self.device.describe(Identity(model="D1", protocol="X"), ROWS)

    async def _perform(self, row: Entity, command: Command) -> Value:
        self.wire.append((row.key, command.value))
        await self.clock.sleep(1.0)
        self.device.read({row.key: command.value})
        return command.value

    def ask(self, key: str, value: float) -> None:
        wish = {"v": 1, "value": value, "id": f"{key}-{value}", "by": "http:anna"}
        self.broker.publish(f"gridward/home/unit/{key}/command", json.dumps(wish))

    async def result(self, key: str) -> dict[str, Json]:
        for _ in range(10):
            await asyncio.sleep(0)
        last: dict[str, Json] = json.loads(self.broker.said(f"gridward/home/unit/{key}/result")[-1])
        return last


async def test_neither_crosses_the_other_as_it_stands(tmp_path: Path) -> None:
    unit = Charger(tmp_path)
    unit.device.read({"bulk": 56.4, "float": 54.0})
    unit.ask("float", 56.5)
    told = await unit.result("float")
    assert told["status"] == "refused"
    assert told["reason"] == "56.5 is above Bulk voltage, 56.4: that one has to be set first"
    unit.ask("bulk", 53.9)
    told = await unit.result("bulk")
    assert told["reason"] == "53.9 is below Float voltage, 54: that one has to be set first"
    assert unit.wire == []
    unit.ask("float", 56.4)
    await unit.clock.turn(1.0)
    assert (await unit.result("float"))["status"] == "confirmed"


async def test_nor_as_it_is_just_being_set(tmp_path: Path) -> None:
    """What is on its way may stand a moment later, or not: both have to fit."""
    unit = Charger(tmp_path)
    unit.device.read({"bulk": 57.0, "float": 54.0})
    unit.ask("float", 56.0)
    unit.ask("bulk", 55.0)
    assert (await unit.result("bulk"))["status"] == "refused"
    assert unit.wire == [("float", 56.0)]
    await unit.clock.turn(1.0)
    unit.ask("bulk", 56.0)
    await unit.clock.turn(1.0)
    assert (await unit.result("bulk"))["status"] == "confirmed"


async def test_what_is_not_known_holds_nothing_up(tmp_path: Path) -> None:
    unit = Charger(tmp_path)
    unit.device.read({"float": 54.0})
    unit.ask("float", 58.0)
    await unit.clock.turn(1.0)
    assert (await unit.result("float"))["status"] == "confirmed"
