"""An inverter and the rules' device on a broker in memory, and the door that browsers come to."""

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx

from gridward.api.access import Role
from gridward.api.app import create_app
from gridward.api.tokens import Tokens
from gridward.commands import Commands
from gridward.live import Live
from gridward.recorder.history import History
from gridward.site import HttpSpec, RecordSpec, Site
from gridward_kit.command import Command
from gridward_kit.device import Device
from gridward_kit.entity import Category, Entity, Select, Setting
from gridward_kit.errors import Refused
from gridward_kit.info import Setup
from gridward_kit.integration import Identity, Integration
from gridward_kit.kept import Json
from gridward_kit.mqtt import Broker
from gridward_kit.point import Value
from gridward_kit.testing import MemoryBroker, TurnedClock

TAKES = 2.0
PROXY = "https://house.example"
OWN = Setting(write=lambda value: (str(value),), wear="none")
INVERTER = (
    Select("output_source_priority", "Output source", setting=OWN, options=("USB", "SUB", "SBU")),
    Select("charger_source_priority", "Charger", setting=OWN, options=("solar_first", "only_solar")),
)
RULES = (
    Select("mode", "Rules", setting=OWN, category=Category.CONFIG, options=("off", "observe", "on")),
    Select("grid_override", "Grid", setting=OWN, options=("auto", "connected", "islanded")),
    Select(
        "inverter_output_source_priority_proposal",
        "Proposal",
        setting=OWN,
        options=("none", "approve 7f", "decline 7f", "approve 80"),
    ),
)


def proposal(identifier: str, value: str = "SUB", status: str = "open") -> Json:
    return {
        "id": identifier,
        "rule": "sun_first",
        "output": "inverter.output_source_priority",
        "device": "inverter",
        "key": "output_source_priority",
        "entity": "inverter_output_source_priority_proposal",
        "before": "SBU",
        "value": value,
        "reason": "The bank is well, <so> the sun carries the house.",
        "status": status,
    }


class ButtonHouse:
    """Its devices obey after 2 s; `refuses` is what the inverter says no to."""

    def __init__(self, folder: Path, site: Site | None = None) -> None:
        self.clock = TurnedClock()
        self.broker = MemoryBroker(self.clock)
        self.site = site or site_in(folder)
        link = self.broker.link("http")
        self.tokens = Tokens(folder)
        live, commands = Live(link, self.clock), Commands(link, self.clock)
        history = History(self.site.record.store)
        self.app = create_app(self.site, live, commands, history, self.clock, self.tokens)
        self.written: list[tuple[str, Value]] = []
        self.refuses: Value = None  # type: ignore[assignment]  # nothing is
        self.inverter = self._device("inverter", INVERTER, output_source_priority="SBU")
        self.rules = self._device(
            "rules", RULES, mode="on", grid_override="auto", inverter_output_source_priority_proposal="none"
        )

    def _device(self, kind: str, rows: tuple[Entity, ...], **values: Value) -> Device:
        made = Device(
            Setup(
                kind,
                Integration(domain=kind, name=kind.capitalize(), kind=kind, entities=lambda _: rows),
                kind.capitalize(),
                self.site.folder / "devices",
                writable=True,
            ),
            self.broker.link("bus:line"),
            self.clock,
        )

        async def perform(row: Entity, command: Command) -> Value:
            await self.clock.sleep(TAKES)
            if command.value == self.refuses:
                raise Refused("the inverter says no in this mode")
            self.written.append((row.key, command.value))
            made.read({row.key: command.value})
            return command.value

        made.perform = perform
        self.broker.publish("gridward/home/bus_line/availability", "online", retain=True)
        made.describe(Identity("Model", "test", serial="1"), rows)
        made.read(values)
        made.publish()
        return made

    def propose(self, *found: Json) -> None:
        told: Json = {"v": 1, "proposals": list(found)}
        self.broker.publish("gridward/home/rules/proposals", json.dumps(told), retain=True)

    def audited(self) -> list[dict[str, Json]]:
        """The audit's events of commands."""
        return [json.loads(said[1]) for said in self.broker.log if said[0].endswith("/audit")]

    def client(self, address: str = "192.0.2.7", base: str = PROXY) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(address, 1))
        return httpx.AsyncClient(transport=transport, base_url=base)

    async def log_in(self, client: httpx.AsyncClient, role: Role = Role.ADMIN) -> None:
        token = self.tokens.made if role is Role.ADMIN else self.tokens.renew(role)
        entered = await client.post("/login", data={"token": token or ""})
        assert entered.status_code == 303

    async def turn(self, seconds: float) -> None:
        """Let time pass, and what waits for it be done."""
        await self.clock.turn(seconds)
        await asyncio.sleep(0)


def site_in(folder: Path, prefix: str = "", **more: object) -> Site:
    site = Site(
        id="home",
        name="Home & hearth",
        time_zone=ZoneInfo("Europe/Bratislava"),
        fail_safe="grid_connected",
        broker=Broker("mqtt://memory"),
        folder=folder,
        record=RecordSpec(folder / "gridward.db"),
        http=HttpSpec(prefix=prefix),
        roles={"load": "inverter"},
    )
    return replace(site, **more)  # type: ignore[arg-type]  # a test's own parts


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page's form."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
