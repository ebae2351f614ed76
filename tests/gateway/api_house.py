"""One device with its API over HTTP, for what a client may ask and be told."""

from pathlib import Path

import httpx
from gateway.plain_site import plain_site
from starlette.responses import PlainTextResponse

from gridward.api.app import create_app
from gridward.api.gateway import Gateway
from gridward.api.tokens import Tokens
from gridward.commands import Commands
from gridward.live import Live
from gridward.recorder.store import Store
from gridward_kit.command import Command
from gridward_kit.device import Device
from gridward_kit.entity import CURRENT, VOLTAGE, Entity, Number, Select, Sensor, Setting
from gridward_kit.errors import Refused
from gridward_kit.info import Setup
from gridward_kit.integration import Identity, Integration
from gridward_kit.point import Value
from gridward_kit.testing import MemoryBroker, TurnedClock


def _said(value: Value) -> tuple[str, ...]:
    return (str(value),)


OWN = Setting(write=_said, wear="none")
ROWS: tuple[Entity, ...] = (
    Sensor("battery_voltage", "Battery voltage", quantity=VOLTAGE),
    Select("output_source_priority", "Output source", setting=OWN, options=("USB", "SUB", "SBU")),
    Number(
        "max_charging_current",
        "Max charging current",
        quantity=CURRENT,
        setting=OWN,
        low=10,
        high=80,
        step=10,
    ),
    Number("battery_under_voltage", "Cut-off", quantity=VOLTAGE, setting=OWN, low=40, high=48, expert=True),
)
INVERTER = Integration(domain="test", name="Test", kind="inverter", entities=lambda _: ROWS)


class House:
    """One device on a broker in memory, a store, and a client that has the token."""

    def __init__(self, folder: Path) -> None:
        self.clock = TurnedClock()
        self.broker = MemoryBroker(self.clock)
        site = plain_site(folder)
        self.store = Store(site.record.store)
        self.written: list[Value] = []
        self.link = self.broker.link("http")
        live, commands = Live(self.link, self.clock), Commands(self.link, self.clock)
        tokens = Tokens(folder)
        app = create_app(site, live, commands, self.store.read, self.clock, tokens)
        app.mount("/", PlainTextResponse("<html>no such page</html>", 404))  # as the page is
        self.gateway: Gateway = app.state.gateway
        self.device = Device(
            Setup("inverter", INVERTER, "Inverter", folder / "devices", writable=True),
            self.broker.link("bus:line"),
            self.clock,
            perform=self._perform,
        )
        self.broker.publish("gridward/home/bus_line/availability", "online", retain=True)
        self.device.describe(Identity("VM III", "PI30", serial="123"), ROWS)
        self.say(battery_voltage=52.4, output_source_priority="SBU")
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False, client=("192.0.2.7", 1)),
            base_url="http://home",
            headers={"Authorization": f"Bearer {tokens.made}"},
        )

    def say(self, **values: Value) -> None:
        self.device.read(values)
        self.device.publish()

    async def wish(self, key: str, **body: Value) -> httpx.Response:
        return await self.client.post(f"/api/v1/devices/inverter/entities/{key}", json=body)

    async def _perform(self, row: Entity, command: Command) -> Value:
        if command.value == "USB":
            raise Refused("the inverter says no in this mode")
        self.written.append(command.value)
        self.device.read({row.key: command.value})
        return command.value
