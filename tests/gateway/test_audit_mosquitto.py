"""The audit over a real broker: every command and every move of the contactor reaches the store, whole."""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from gridward import doctor
from gridward.commands import Commands
from gridward.live import Live
from gridward.recorder.role import Recorder
from gridward.recorder.store import Store
from gridward.rules.entities import IDENTITY, ROWS, RULES
from gridward.site import Keep, RecordSpec, Site
from gridward_kit.clock import SystemClock
from gridward_kit.command import Command
from gridward_kit.device import Device
from gridward_kit.entity import Entity
from gridward_kit.errors import Refused
from gridward_kit.info import Setup
from gridward_kit.integration import Options
from gridward_kit.kept import Json
from gridward_kit.mqtt import Broker, Message, MqttLink
from gridward_kit.point import Value
from gridward_relay import INTEGRATION
from gridward_relay.contactor import Contactor, Position
from gridward_relay.drivers import Report
from gridward_relay.lease import Lease
from gridward_relay.relay import Relay

ROOT = "gridward/home"
OPTIONS: Options = {"driver": "modbus", "port": "/dev/null", "contact": "normally_closed"}
WANTED = 4


class Running(Protocol):
    url: str


@dataclass
class Bench:
    """A contactor on the bench: it stands where it was told to."""

    name: str = "bench"
    ends_lease: str = "nobody"
    hold: float = 0.0
    position: Position = field(default=Position.CONNECTED)

    async def start(self) -> None:
        self.position = Position.CONNECTED

    async def connect(self) -> None:
        self.position = Position.CONNECTED

    async def island(self, until: float) -> None:
        self.position = Position.ISLANDED

    async def read(self) -> Report:
        return Report(output=self.position)

    async def close(self) -> None:
        return


class House:
    """Recorder, a device that takes commands, and a contactor whose every lease is renewed."""

    def __init__(self, url: str, folder: Path) -> None:
        self.clock = SystemClock()
        self.links = {
            role: MqttLink(Broker(url), "home", role, self.clock)
            for role in ("recorder", "rules", "device:contactor", "http")
        }
        self.store = Store(folder / "gridward.db")
        self.recorder = Recorder(self.links["recorder"], self.store, self.clock, Keep())
        rules = self.links["rules"]
        self.rules = Device(Setup("rules", RULES, "Rules", folder, writable=True), rules, self.clock)
        self.rules.perform = self._perform
        self.commands = Commands(self.links["http"], self.clock)
        self.live = Live(self.links["http"], self.clock)
        rules.subscribe(f"{ROOT}/contactor/lease", self._leased)
        setup = Setup("contactor", INTEGRATION, "Contactor", folder)
        device = Device(setup, self.links["device:contactor"], self.clock)
        started = self.clock.monotonic() - Contactor.DWELL  # its dwell is over
        self.bench = Bench()
        self.relay = Relay(device, self.bench, Lease("bench"), Contactor(started))

    async def _perform(self, row: Entity, command: Command) -> Value:
        if command.value == "islanded":
            raise Refused("a cell is at 2.70 V")
        return command.value

    def _leased(self, message: Message) -> None:
        content = json.loads(message.payload)
        self.links["rules"].publish(f"{message.topic}/renew", json.dumps(content), qos=0)

    async def connected(self) -> None:
        while not all(link.connected for link in self.links.values()):
            await self.clock.sleep(0.01)
        self.rules.describe(IDENTITY, ROWS)
        self.rules.read({"mode": "observe", "grid_override": "auto"})
        self.rules.publish()

    async def asked(self, entity: str, value: str) -> str:
        return [item async for item in self.commands.ask("rules", entity, value, "page:192.0.2.7")][-1].status

    async def moved(self) -> None:
        """Islanded once, and connected on the way out."""
        serving = asyncio.create_task(self.relay.run(OPTIONS))
        while self.bench.position is not Position.ISLANDED:
            await self.clock.sleep(0.01)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    async def stored(self, count: int) -> list[dict[str, Json]]:
        while len(events := self.store.events(0.0, 1e10)) < count:
            await self.recorder.cycle()
            await self.clock.sleep(0.02)
        return [dict(event.content) for event in events]


def part(event: dict[str, Json], *keys: str) -> tuple[Json, ...]:
    return tuple(event.get(key) for key in keys)


async def test_commands_and_moves_are_stored_with_who_what_and_why(
    mosquitto: Running, tmp_path: Path
) -> None:
    house = House(mosquitto.url, tmp_path)
    tasks = [asyncio.create_task(link.run()) for link in house.links.values()]
    try:
        async with asyncio.timeout(30):
            await house.connected()
            assert await house.asked("mode", "on") == "confirmed"
            assert await house.asked("grid_override", "islanded") == "refused"
            await house.moved()
            events = await house.stored(WANTED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        house.store.close()
    found = {(event["what"], event["before"], event["status"]): event for event in events}
    command = found["rules/mode", "observe", "confirmed"]
    assert part(command, "by", "asked", "value") == ("page:192.0.2.7", "on", "on")
    refused = found["rules/grid_override", "auto", "refused"]
    assert part(refused, "by", "asked", "value", "reason") == (
        *("page:192.0.2.7", "islanded", "auto"),
        "a cell is at 2.70 V",
    )
    away = found["contactor/position", "connected", "ordered"]
    back = found["contactor/position", "islanded", "ordered"]
    assert part(away, "by", "after") == ("lease", "islanded")
    assert part(back, "by", "after") == ("lease", "connected")
    assert away["reason"]
    assert back["reason"]
    assert all(isinstance(event["at"], str) for event in events)


async def test_doctor_reads_the_recorders_alarm(mosquitto: Running, tmp_path: Path) -> None:
    site = Site(
        id="home",
        name="Home",
        time_zone=ZoneInfo("Europe/Bratislava"),
        fail_safe="grid_connected",
        broker=Broker(mosquitto.url),
        folder=tmp_path,
        record=RecordSpec(tmp_path / "gridward.db"),
    )
    clock = SystemClock()
    link = MqttLink(Broker(mosquitto.url), "home", "recorder", clock)
    task = asyncio.create_task(link.run())

    async def told() -> list[tuple[bool, str, str]]:
        return [
            (answer.good, answer.what.partition(": ")[2], answer.way_out)
            for answer in await doctor.examine(site)
            if answer.what.startswith("the recorder")
        ]

    try:
        async with asyncio.timeout(30):
            while not link.connected:
                await clock.sleep(0.01)
            assert await told() == []
            alarm = {
                "v": 1,
                "at": "2026-11-21T12:00:00Z",
                "reason": "the disk is full",
                "remedy": "free some",
            }
            link.publish(f"{ROOT}/recorder/alarm", json.dumps(alarm), retain=True)
            while not (found := await told()):
                await clock.sleep(0.01)
            assert found == [(False, "the disk is full", "free some")]
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
