"""For tests: clocks that are turned, a broker in memory, and the fixture that runs over every integration.

A pytest plug-in, so that whoever installs the kit has it. The contract tests themselves are in
`gridward_kit.contract`: `pytest --pyargs gridward_kit.contract [--integration DOMAIN]`.
"""

import asyncio
import heapq
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from aiomqtt import Topic

from gridward_kit.clock import Clock
from gridward_kit.entity import Entity, Number
from gridward_kit.integration import Integration, integrations
from gridward_kit.mqtt import Handler, Message, role_topic
from gridward_kit.takers import Takers

START = 1_795_000_000.0


class TurnedClock:
    """A clock that stands still until it is turned; sleepers wake in order while it turns."""

    def __init__(self, time: float = START) -> None:
        self._now = 1000.0
        self._offset = time - self._now
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def monotonic(self) -> float:
        return self._now

    def time(self) -> float:
        return self._now + self._offset

    def jump(self, seconds: float) -> None:
        """Set the wall clock by so much; the monotonic clock does not move."""
        self._offset += seconds

    async def sleep(self, seconds: float) -> None:
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self._now + seconds, self._count, sleeper))
        await sleeper

    def pass_by(self, seconds: float) -> None:
        """Let time pass where nobody sleeps."""
        self._now += seconds

    async def turn(self, seconds: float) -> None:
        """Let time pass; whoever sleeps until then wakes at its own moment."""
        end = self._now + seconds
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            at, _, sleeper = heapq.heappop(self._sleepers)
            self._now = max(self._now, at)
            if not sleeper.done():
                sleeper.set_result(None)
                await self._settle()
        self._now = end
        await self._settle()

    @staticmethod
    async def _settle() -> None:
        """Let run what can: while anything is ready, and some rounds where the world may wake the loop."""
        inside = vars(asyncio.get_running_loop())
        for _ in range(20):
            await asyncio.sleep(0)
            if not inside.get("_ready", True) and _alone(inside):
                return


def _alone(inside: Mapping[str, Any]) -> bool:
    """Whether a loop of asyncio waits for no thread and for no socket but its own."""
    return inside.get("_default_executor") is None and len(inside["_selector"].get_map()) <= 1


class FastClock:
    """The machine's clock, running `speed` times as fast: real lines beside intervals of seconds."""

    def __init__(self, speed: float = 100.0) -> None:
        self._speed = speed
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()

    def monotonic(self) -> float:
        return 1000.0 + (self._loop.time() - self._start) * self._speed

    def time(self) -> float:
        return START + self.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)


@dataclass
class MemoryBroker:
    """A broker in memory: retained messages, filters, several links; delivers at once, in order."""

    clock: Clock
    retained: dict[str, str] = field(default_factory=dict)
    log: list[tuple[str, str, bool]] = field(default_factory=list)
    _handlers: Takers[Handler] = field(default_factory=Takers)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def link(self, role: str, site: str = "home") -> "MemoryLink":
        """A role's connection."""
        return MemoryLink(self, role, site)

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        """Bring a message to every subscriber."""
        self.log.append((topic, payload, retain))
        if retain and payload:
            self.retained[topic] = payload
        elif retain:
            self.retained.pop(topic, None)
        for handler in self._handlers.of(topic):
            self._deliver(handler, topic, payload, retain=False)

    def subscribe(self, wanted: str, handler: Handler) -> None:
        """Bring the retained messages, then all that come."""
        self._handlers.add(wanted, handler)
        for topic, payload in list(self.retained.items()):
            if Topic(topic).matches(wanted):
                self._deliver(handler, topic, payload, retain=True)

    def said(self, topic: str) -> list[str]:
        """The payloads published on one topic so far."""
        return [payload for where, payload, _ in self.log if where == topic]

    def _deliver(self, handler: Handler, topic: str, payload: str, *, retain: bool) -> None:
        waited = handler(Message(topic, payload.encode(), retain, self.clock.monotonic()))
        if inspect.iscoroutine(waited):
            task = asyncio.get_running_loop().create_task(waited)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


class MemoryLink:
    """A role's connection to the broker in memory; `connected` may be taken away."""

    def __init__(self, broker: MemoryBroker, role: str, site: str) -> None:
        self.root = f"gridward/{site}"
        self.site = site
        self.role = role_topic(role)
        self.connected = True
        self._broker = broker
        self._on_connect: list[Callable[[], None]] = []

    def publish(self, topic: str, payload: str, *, retain: bool = False, qos: int = 1) -> None:
        if self.connected:
            self._broker.publish(topic, payload, retain=retain)

    def subscribe(self, topic: str, handler: Handler) -> None:
        def deliver(message: Message) -> Awaitable[None] | None:
            return handler(message) if self.connected else None

        self._broker.subscribe(topic, deliver)

    def on_connect(self, act: Callable[[], None]) -> None:
        self._on_connect.append(act)

    def reconnect(self) -> None:
        """The connection is back."""
        self.connected = True
        for act in self._on_connect:
            act()


def _settable(row: Entity) -> bool:
    return row.setting is not None


def _bounded(row: Entity) -> bool:
    """Whether it must not exceed another."""
    return isinstance(row, Number) and bool(row.under)


EXAMPLES: dict[str, Callable[[Entity], bool] | None] = {
    "lined": None,
    "settable": _settable,
    "bounded": _bounded,
}
"""What a test may take that is run over examples, and what one row of the example must be for that."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--integration DOMAIN` runs the contract tests of one integration only."""
    parser.addoption("--integration", action="append", default=[], help="only this integration's contract")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `integration` over every installed one, one that takes `lined` over each
    example of every one with a line, one that takes `settable` over those with something to set, one that
    takes `bounded` over those where a number must not exceed another."""
    wanted = metafunc.config.getoption("--integration")
    if "integration" in metafunc.fixturenames:
        chosen = [item for item in integrations().values() if not wanted or item.domain in wanted]
        metafunc.parametrize("integration", chosen, ids=[item.domain for item in chosen])
    for fixture in [name for name in EXAMPLES if name in metafunc.fixturenames]:
        given = [pair for pair in _examples()[fixture] if not wanted or pair[1].domain in wanted]
        metafunc.parametrize(fixture, [item for _, item in given], ids=[name for name, _ in given])


@cache
def _examples() -> dict[str, list[tuple[str, Integration]]]:
    """For each of EXAMPLES the examples of all installed integrations, by the names that reports have."""
    lined = [pair for item in integrations().values() if item.dialect for pair in item.each()]
    rows = {name: _rows(item) for name, item in lined}
    return {
        fixture: [pair for pair in lined if fits is None or any(map(fits, rows[pair[0]]))]
        for fixture, fits in EXAMPLES.items()
    }


def _rows(integration: Integration) -> tuple[Entity, ...]:
    """What its example device has."""
    if integration.dialect is None or integration.example is None:
        return ()
    return integration.dialect(integration.example, {}).entities


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what an integration has nothing for, such as bounds of one number by another."""
    empty = [item for item in items if any(map(_of_nothing, item.iter_markers("skip")))]
    if empty:
        config.hook.pytest_deselected(items=empty)
        items[:] = [item for item in items if item not in empty]


def _of_nothing(mark: pytest.Mark) -> bool:
    return "empty parameter set" in str(mark.kwargs.get("reason"))
