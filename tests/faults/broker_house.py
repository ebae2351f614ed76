"""A bus whose device speaks over a real broker to a stranger who listens."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from faults.line_house import LineHouse, Member, frames, line_house, lines, until

from gridward_kit.faults import Faults
from gridward_kit.kept import Json
from gridward_kit.mqtt import Broker, Message, MqttLink
from gridward_kit.tasks import end
from gridward_kit.testing import FastClock

SPEED = 50.0


class Reached(Protocol):
    url: str


class Running(Reached, Protocol):
    def start(self) -> None: ...

    def stop(self) -> None: ...


class Stranger:
    """Whoever listens on the broker: every state, availability and result in order."""

    def __init__(self, link: MqttLink) -> None:
        self.states: list[tuple[str, dict[str, Json]]] = []
        self.availability: list[tuple[str, str]] = []
        self.results: list[dict[str, Json]] = []
        self.link = link
        link.subscribe(f"{link.root}/+/state", self._state)
        link.subscribe(f"{link.root}/+/availability", self._availability)
        link.subscribe(f"{link.root}/+/+/result", self._result)

    def clear(self) -> None:
        """Forget what was heard."""
        self.states.clear()
        self.availability.clear()
        self.results.clear()

    async def final(self, identifier: str) -> dict[str, Json]:
        """What became of a command in the end."""

        def found() -> list[dict[str, Json]]:
            return [one for one in self.results if one["id"] == identifier and one["status"] != "accepted"]

        await until(lambda: bool(found()))
        return found()[0]

    def _state(self, message: Message) -> None:
        self.states.append((_device(message), json.loads(message.payload)))

    def _availability(self, message: Message) -> None:
        self.availability.append((_device(message), message.payload.decode()))

    def _result(self, message: Message) -> None:
        self.results.append(json.loads(message.payload))


def _device(message: Message) -> str:
    return message.topic.split("/")[2]


@asynccontextmanager
async def on_broker(
    broker: Reached, folder: Path, member: Member, faults: Faults | None = None
) -> AsyncIterator[tuple[LineHouse, Stranger]]:
    """A bus with one device whose states go over a real broker to a stranger."""
    clock = FastClock(SPEED)
    link, other = (MqttLink(Broker(broker.url), "home", role, clock) for role in ("bus:line", "stranger"))
    stranger = Stranger(other)
    whole = frames if member.integration.domain == "daly" else lines
    tasks = [asyncio.create_task(one.run()) for one in (other, link)]
    try:
        await until(lambda: link.connected and other.connected)
        async with line_house(folder, [member], clock, link=link, whole=whole, faults=faults) as house:
            await until(lambda: any(len(state) > 20 for _, state in stranger.states))
            yield house, stranger
    finally:
        await end(tasks)
