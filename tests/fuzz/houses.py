"""A site with every part, and its roles and devices on one broker in memory that takes any bytes."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

from aiomqtt import Topic

from gridward.commands import Commands
from gridward.config import load
from gridward.live import Live
from gridward.recorder.schema import open_store
from gridward.run import House
from gridward_kit.command import Command
from gridward_kit.device import Device
from gridward_kit.entity import Entity, readings
from gridward_kit.info import Setup
from gridward_kit.integration import integrations
from gridward_kit.mqtt import Broker, Message, MqttLink
from gridward_kit.point import Value
from gridward_kit.tasks import end
from gridward_kit.testing import MemoryBroker, TurnedClock
from gridward_kit.trial import asked, made, taken

SITE = """version: 1
site:
  {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected, latitude: 48, longitude: 17}
mqtt: {url: embedded}
buses:
  - {id: a, port: /dev/null, devices: [{id: inverter, integration: axpert, name: Inverter, writable: true}]}
  - {id: b, port: /dev/zero, devices: [{id: bms, integration: daly, name: Battery, writable: true}]}
devices:
  - {id: contactor, integration: relay, driver: gpio, pin: 26, closed_when: low, feedback_pin: 16}
roles: {pv: inverter, load: inverter, battery: bms, grid_switch: contactor}
record: {follow_discovery: true, csv: days}
rules: {mode: "on", grid_switch: {}, policy: axpert-lifepo4-16s}
tariff: {currency: EUR, import: 0.2, prices: {topic: prices/today}}
plan: {capacity: 14, forecast: forecast/pv}
"""
KINDS = ("rules", "plan", "recorder", "notify")


class Crowd(House):
    """Roles that run, devices that take commands; `died` is what a role or a handler stumbled over."""

    def __init__(self, folder: Path) -> None:
        (folder / "site.yaml").write_text(SITE)
        self.turned = TurnedClock()
        super().__init__(load(folder / "site.yaml"), self.turned, Broker("mqtt://memory"))
        self.memory = MemoryBroker(self.turned)
        self.died: list[BaseException] = []
        self._tasks: list[asyncio.Task[None]] = []
        http = self.memory.link("http")
        self.live, self.commands = Live(http, self.turned), Commands(http, self.turned)

    async def __aenter__(self) -> "Crowd":
        open_store(self.site.record.store).close()  # that of a first start is made while others look for it
        for role in self.roles(KINDS).values():
            self._tasks.append(asyncio.ensure_future(self._kept(role())))
        for spec in (one for bus in self.site.buses for one in bus.devices):
            integration = integrations()[spec.integration]
            simulator, dialect, identity = made(integration)
            setup = Setup(spec.id, integration, spec.name, self.state, writable=True)
            device = Device(setup, self.memory.link(f"bus:{spec.id}"), self.turned, perform=self._obeyed)
            payloads = {
                query.name: taken(dialect, query.name, asked(simulator, dialect, query.name))
                for query in dialect.queries
            }
            device.describe(identity, dialect.entities)  # with the bounds that it was just asked for
            for query, payload in payloads.items():
                assert payload is not None
                device.read(readings(dialect.entities, query, payload).values)
            device.publish()
        await self.turned.turn(1)
        return self

    async def __aexit__(self, *_: object) -> None:
        await end(self._tasks)

    async def deliver(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Bring a message to all who want it, as the broker would."""
        message = Message(topic, payload, retain, self.turned.monotonic())
        for wanted, handler in list(self.memory._handlers):
            if not Topic(topic).matches(wanted):
                continue
            waited = handler(message)
            if inspect.isawaitable(waited):
                self._tasks.append(asyncio.ensure_future(self._kept(waited)))

    async def _kept(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:
            self.died.append(error)
            raise

    @staticmethod
    async def _obeyed(_: Entity, command: Command) -> Value:
        return command.value

    async def _linked(self, role: str, work: Callable[[MqttLink], Awaitable[None]]) -> None:
        await work(cast("MqttLink", self.memory.link(role)))
