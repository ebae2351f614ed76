"""A relay of its own loop: a simulated board, a turned clock, a broker in memory."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from faults.lease_house import OPTIONS

import gridward_relay
from gridward_kit.device import Device
from gridward_kit.info import Setup
from gridward_kit.integration import Options
from gridward_kit.point import Value
from gridward_kit.testing import MemoryBroker, MemoryLink, TurnedClock
from gridward_relay import INTEGRATION
from gridward_relay.simulator import Board

LEASE = "gridward/home/contactor/lease"
RENEW = f"{LEASE}/renew"


class Site:
    """A broker, a board, a relay's device; `good` rules renew every pair at once."""

    def __init__(self, folder: Path, clock: TurnedClock) -> None:
        self.folder = folder
        self.clock = clock
        self.broker = MemoryBroker(clock)
        self.board = Board()
        self.good = False
        self.link: MemoryLink = self.broker.link("contactor")
        self.device: Device | None = None
        self.options: Options = OPTIONS
        self.broker.subscribe(LEASE, self._answer)

    def _answer(self, message: object) -> None:
        if self.good:
            self.broker.publish(RENEW, self.broker.said(LEASE)[-1])

    def closed(self) -> bool:
        return self.board.closed(self.clock.monotonic())

    def state(self) -> dict[str, Value]:
        content: dict[str, Value] = json.loads(self.broker.said("gridward/home/contactor/state")[-1])
        return content

    def audit(self) -> list[tuple[str, str]]:
        events = [json.loads(text) for text in self.broker.said("gridward/home/audit")]
        return [
            (event["before"], event["after"]) for event in events if event["what"] == "contactor/position"
        ]

    async def press(self, payload: str = "PRESS", by: str = "http") -> dict[str, Value]:
        command = json.dumps({"v": 1, "value": payload, "id": f"id{len(self.broker.log)}", "by": by})
        self.broker.publish("gridward/home/contactor/release/command", command)
        await self.clock.turn(1)
        result: dict[str, Value] = json.loads(self.broker.said("gridward/home/contactor/release/result")[-1])
        return result

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """One life of the relay's process, ended in good order."""
        setup = Setup("contactor", INTEGRATION, "Contactor", self.folder, writable=True)
        self.device = Device(setup, self.link, self.clock)
        task = asyncio.create_task(gridward_relay.serve(self.device, self.options))
        try:
            await self.clock.turn(1)
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
