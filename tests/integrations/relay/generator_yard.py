"""A yard with a grid contactor and a generator's switch, each with a board of its own, on one broker."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from faults.lease_house import Wire

import gridward_relay
from gridward_kit.device import Device
from gridward_kit.info import Setup
from gridward_kit.integration import Options
from gridward_kit.mqtt import Message
from gridward_kit.point import Value
from gridward_kit.testing import MemoryBroker, TurnedClock
from gridward_relay import INTEGRATION
from gridward_relay.simulator import Board

ROOT = "gridward/home"
WIRED: Options = {"driver": "modbus", "port": "/dev/null", "feedback_input": 0}
GRID: Options = {**WIRED, "contact": "normally_closed", "interlock_with": "generator"}
GENERATOR: Options = {
    **WIRED,
    "contact": "normally_open",
    "duty": "generator",
    "interlock_with": "contactor",
}


class NormallyOpen(Board):
    """The generator's contactor hangs on the normally open contact: its own contact follows the coil."""

    def closed(self, now: float) -> bool:
        return not super().closed(now)


class Yard:
    """A house with a contactor and a generator's switch, each with a board of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = TurnedClock()
        self.broker = MemoryBroker(self.clock)
        self.boards = {"contactor": Board(), "generator": NormallyOpen()}
        self.links = {name: self.broker.link(name) for name in self.boards}
        self.good = True
        self.both = False
        self.wire: type[Wire] = Wire
        self.rules: dict[str, Value] = {"grid_present": "absent", "decision": "islanded"}
        self.broker.subscribe(f"{ROOT}/contactor/lease", self._answer)

    def _answer(self, _: Message) -> None:
        if self.good:
            self.broker.publish(
                f"{ROOT}/contactor/lease/renew", self.broker.said(f"{ROOT}/contactor/lease")[-1]
            )

    def on_the_grid(self) -> bool:
        return self.boards["contactor"].closed(self.clock.monotonic())

    def on_the_generator(self) -> bool:
        return self.boards["generator"].closed(self.clock.monotonic())

    async def turn(self, seconds: float) -> None:
        """Let time pass in small steps, and look at both at each."""
        for _ in range(round(seconds / 0.1)):
            await self.clock.turn(0.1)
            self.both |= self.on_the_grid() and self.on_the_generator()

    async def ask(self, value: str, by: str = "http") -> dict[str, Value]:
        said = {"v": 1, "at": len(self.broker.log), **self.rules}
        self.broker.publish(f"{ROOT}/rules/state", json.dumps(said), retain=True)
        command = json.dumps({"v": 1, "value": value, "id": f"id{len(self.broker.log)}", "by": by})
        self.broker.publish(f"{ROOT}/generator/feed_house/command", command)
        await self.turn(1)
        told: dict[str, Value] = json.loads(self.broker.said(f"{ROOT}/generator/feed_house/result")[-1])
        return told

    def state(self, device: str) -> dict[str, Value]:
        told: dict[str, Value] = json.loads(self.broker.said(f"{ROOT}/{device}/state")[-1])
        return told

    @asynccontextmanager
    async def running(self, name: str) -> AsyncIterator[asyncio.Task[None]]:
        setup = Setup(name, INTEGRATION, name.capitalize(), self.folder, writable=True)
        device = Device(setup, self.links[name], self.clock)
        options = GRID if name == "contactor" else GENERATOR
        task = asyncio.create_task(gridward_relay.serve(device, options))
        try:
            yield task
        finally:
            task.cancel()
            while not task.done():  # the contactor waits for the generator, and the clock has to go on
                await self.clock.turn(0.4)
