"""The role `panel` on gpiozero's mock pins, beside a real relay loop, with the broker there and gone."""

import asyncio
import contextlib
import json
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import gpiozero
import pytest
from faults.lease_house import OPTIONS, Wire
from gpiozero.pins.mock import MockFactory

import gridward_relay
from gridward.live import Live
from gridward.panel import role
from gridward.panel.role import Panel
from gridward.site import PanelSpec
from gridward_kit.clock import Clock
from gridward_kit.device import Device
from gridward_kit.info import Setup
from gridward_kit.mqtt import Link, Message
from gridward_kit.point import Value
from gridward_kit.testing import MemoryBroker, TurnedClock
from gridward_relay import INTEGRATION
from gridward_relay.contactor import Contactor
from gridward_relay.options import Settings
from gridward_relay.simulator import Board

ROOT = "gridward/home"
LED, BUTTON = 17, 27


class House:
    """A relay with a board, rules that renew and take overrides, and the panel."""

    def __init__(self, folder: Path, pins: MockFactory) -> None:
        self.folder, self.pins = folder, pins
        self.clock = TurnedClock()
        self.broker = MemoryBroker(self.clock)
        self.board = Board()
        self.links = {name: self.broker.link(name) for name in ("contactor", "panel")}
        self.rules: dict[str, Value] = {"mode": "on", "grid_override": "auto", "override": "auto"}
        self.broker.subscribe(f"{ROOT}/contactor/lease", self._renew)
        self.broker.subscribe(f"{ROOT}/rules/+/command", self._command)
        self.commands: list[tuple[str, str]] = []
        self.panel_task: asyncio.Task[None]

    def _renew(self, _: Message) -> None:
        self.broker.publish(f"{ROOT}/contactor/lease/renew", self.broker.said(f"{ROOT}/contactor/lease")[-1])

    def _command(self, message: Message) -> None:
        key, wish = message.topic.split("/")[3], json.loads(message.payload)
        self.commands.append((key, wish["value"]))
        assert wish["by"] == "panel"
        self.rules[key] = wish["value"]
        result = {"v": 1, "id": wish["id"], "status": "confirmed", "value": wish["value"]}
        self.broker.publish(f"{ROOT}/rules/{key}/result", json.dumps(result))

    async def turn(self, seconds: float) -> None:
        for _ in range(round(seconds)):
            state = {"v": 1, "at": str(self.clock.monotonic()), **self.rules}
            self.broker.publish(f"{ROOT}/rules/state", json.dumps(state), retain=True)
            await self.clock.turn(1)

    async def press(self, seconds: float) -> None:
        self.pins.pin(BUTTON).drive_low()
        await self.clock.turn(seconds)
        self.pins.pin(BUTTON).drive_high()

    def closed(self) -> bool:
        return self.board.closed(self.clock.monotonic())

    def panel(self) -> dict[str, Value]:
        told: dict[str, Value] = json.loads(self.broker.said(f"{ROOT}/panel/state")[-1])
        return told

    def relay(self) -> dict[str, Value]:
        told: dict[str, Value] = json.loads(self.broker.said(f"{ROOT}/contactor/state")[-1])
        return told

    async def flashes(self, seconds: float) -> int:
        """How often the LED comes on in this time."""
        pin, before, count = self.pins.pin(LED), True, 0
        for _ in range(round(seconds / 0.05)):
            await self.clock.turn(0.05)
            count += bool(pin.state) and not before
            before = bool(pin.state)
        return count

    def serve_relay(self) -> asyncio.Task[None]:
        setup = Setup("contactor", INTEGRATION, "Contactor", self.folder, writable=True)
        device = Device(setup, self.links["contactor"], self.clock)
        return asyncio.create_task(gridward_relay.serve(device, OPTIONS))

    def serve_panel(self) -> asyncio.Task[None]:
        link = self.links["panel"]
        spec = PanelSpec(LED, BUTTON, "contactor")
        return asyncio.create_task(Panel(Live(link, self.clock), link, self.clock, spec, self.folder).run())


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    factory = MockFactory()
    before, gpiozero.Device.pin_factory = gpiozero.Device.pin_factory, factory
    yield factory
    factory.reset()
    gpiozero.Device.pin_factory = before


@pytest.fixture
async def house(tmp_path: Path, pins: MockFactory, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    made = House(tmp_path, pins)

    def make(_: Settings, __: str, ___: Link | None, clock: Clock) -> Wire:
        return Wire(made.board, clock, made.clock.monotonic, OPTIONS)

    monkeypatch.setattr(gridward_relay, "make", make)
    monkeypatch.setattr(Contactor, "DWELL", 20.0)
    monkeypatch.setattr(role, "FOR", 100.0)
    for device in ("rules", "contactor", "panel"):
        made.broker.publish(f"{ROOT}/{device}/availability", "online", retain=True)
    made.panel_task = made.serve_panel()
    tasks = [made.serve_relay(), made.panel_task]
    await made.turn(24)
    assert not made.closed()
    yield made
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_short_press_connects_within_a_second_and_the_next_is_automatic_again(house: House) -> None:
    assert house.panel()["code"] == "islanded"
    await house.press(0.3)
    await house.clock.turn(1)
    assert house.closed()
    assert house.panel()["wish"] == "connected"
    assert house.panel()["code"] == "by_hand"
    assert house.commands == [("grid_override", "connected")]
    assert house.relay()["hand"] == "connected"
    assert "by hand" in str(house.relay()["reason"])
    assert await house.flashes(17.5) == 10
    await house.turn(10)
    assert house.closed(), "longer than the dwell"
    await house.press(0.3)
    await house.turn(2)
    assert house.commands[-1] == ("grid_override", "auto")
    assert house.relay()["hand"] == "auto"
    assert not house.closed()


async def test_it_works_with_broker_and_rules_gone(house: House) -> None:
    for link in house.links.values():
        link.connected = False
    await house.press(0.3)
    await house.clock.turn(1)
    assert house.closed(), "long before the lease ends"
    assert house.commands == []
    assert await house.flashes(17.5) == 10, "one flash: by hand"
    await house.press(0.3)
    await house.clock.turn(2)
    assert await house.flashes(3.25 * 4) == 16, "four flashes: no broker"


async def test_a_long_press_stops_everything_automatic(house: House) -> None:
    await house.press(2.5)
    await house.turn(2)
    assert house.closed()
    assert sorted(house.commands) == [("grid_override", "connected"), ("override", "stop")]
    assert house.panel()["code"] == "stopped"
    await house.press(0.3)
    await house.turn(2)
    assert sorted(house.commands[2:]) == [("grid_override", "auto"), ("override", "auto")]
    assert house.panel()["wish"] == "auto"


async def test_it_ends_by_time_and_by_the_page(house: House) -> None:
    await house.press(0.3)
    await house.turn(3)
    house.rules["grid_override"] = "auto"  # somebody said so on the page
    await house.turn(3)
    assert house.panel()["wish"] == "auto"
    assert house.relay()["hand"] == "auto"
    await house.press(0.3)
    await house.turn(96)
    assert house.relay()["hand"] == "connected"
    await house.turn(5)
    assert (house.panel()["wish"], house.relay()["hand"]) == ("auto", "auto")


async def test_a_replayed_press_does_nothing(house: House) -> None:
    path = house.folder / "hand" / "contactor.json"
    await house.press(0.3)
    await house.turn(2)
    recorded = house.folder / "recorded.json"
    shutil.copy(path, recorded)
    await house.press(0.3)
    await house.turn(2)
    assert house.relay()["hand"] == "auto"
    for _ in range(3):
        shutil.copy(recorded, path)
        os.utime(path, ns=(0, int(house.clock.monotonic() * 1e9)))
        await house.turn(2)
        assert house.relay()["hand"] == "auto"
    path.write_text("{half a fi")
    await house.turn(2)
    assert house.relay()["hand"] == "auto"


async def test_it_survives_the_relays_restart(tmp_path: Path, house: House) -> None:
    await house.press(0.3)
    await house.turn(20)
    kept = json.loads((tmp_path / "contactor.json").read_text())
    assert 90 < kept["hand"]["remaining"] <= 100
    second = house.serve_relay()  # it reads what the first kept
    await house.turn(5)
    assert house.relay()["hand"] == "connected"
    await house.turn(110)
    assert house.relay()["hand"] == "auto"
    second.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await second


async def test_a_panel_that_starts_anew_asks_for_no_longer_than_the_relay(house: House) -> None:
    await house.press(0.3)
    await house.turn(95)
    house.panel_task.cancel()
    await asyncio.gather(house.panel_task, return_exceptions=True)
    second = house.serve_panel()
    await house.turn(2)
    assert (house.panel()["wish"], house.relay()["hand"]) == ("connected", "connected")
    await house.turn(6)
    assert (house.panel()["wish"], house.relay()["hand"]) == ("auto", "auto")
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)


async def test_a_computer_without_pins_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def nowhere() -> MockFactory:
        raise gpiozero.BadPinFactory("Unable to load any default pin factory!")

    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    monkeypatch.setattr(gpiozero.Device, "_default_pin_factory", nowhere)
    clock = TurnedClock()
    link = MemoryBroker(clock).link("panel")
    task = asyncio.create_task(Panel(Live(link, clock), link, clock, PanelSpec(1, 2, "c"), tmp_path).run())
    await clock.turn(60)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert len([text for text in caplog.messages if "pip install lgpio" in text and "trying" in text]) == 1
