"""A load on a pin, a board's coil and a plug on the broker: set, read back, and left as it stands."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory
from plugs import SWITCHES, Shelly, SimulatedSwitch, Tasmota

from gridward_kit.clock import SystemClock
from gridward_kit.device import Device
from gridward_kit.info import Setup
from gridward_kit.integration import Options
from gridward_kit.point import Value
from gridward_kit.simulate import serve_tcp
from gridward_kit.testing import MemoryBroker, TurnedClock
from gridward_relay import INTEGRATION, faults, look, rtu, safe, serve
from gridward_relay.drivers.load import Coil
from gridward_relay.options import STYLES, settings
from gridward_relay.simulator import Board

ROOT = "gridward/home"
PLUG: Options = {"driver": "mqtt", "duty": "load", "topic": "grid"}
PIN: Options = {"driver": "gpio", "duty": "load", "pin": 20, "closed_when": "high"}
COIL: Options = {"driver": "modbus", "duty": "load", "port": "/dev/null", "contact": "normally_closed"}


class House:
    """One load on a broker in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = TurnedClock()
        self.broker = MemoryBroker(self.clock)
        self.link = self.broker.link("boiler")

    @asynccontextmanager
    async def served(self, options: Options) -> AsyncIterator[None]:
        setup = Setup("boiler", INTEGRATION, "Boiler", self.folder, writable=True)
        self.link = self.broker.link("boiler")
        task = asyncio.create_task(serve(Device(setup, self.link, self.clock), options))
        try:
            await self.clock.turn(2)
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def ask(self, value: str, by: str = "rules:business") -> dict[str, Value]:
        command = json.dumps({"v": 1, "value": value, "id": f"id{len(self.broker.log)}", "by": by})
        self.broker.publish(f"{ROOT}/boiler/switch/command", command)
        await self.clock.turn(5)
        told: dict[str, Value] = json.loads(self.broker.said(f"{ROOT}/boiler/switch/result")[-1])
        return told

    @property
    def on(self) -> Value | None:
        state: dict[str, Value] = json.loads(self.broker.retained[f"{ROOT}/boiler/state"])
        return state.get("switch")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def plug(house: House, style: str) -> SimulatedSwitch:
    """A plug that is on, without a timer."""
    found = SWITCHES[style](house.broker, house.clock)
    if isinstance(found, Tasmota):
        found.pulse = 0
    if isinstance(found, Shelly):
        found.config["auto_off"] = False
    found.turn(on=True)
    return found


@pytest.mark.parametrize("style", STYLES)
async def test_a_plug_is_set_and_read_back_and_stays_when_the_gateway_goes(house: House, style: str) -> None:
    switch = plug(house, style)
    async with house.served({**PLUG, "style": style}):
        assert house.on is True
        assert (await house.ask("OFF"))["status"] == "confirmed"
        assert (switch.is_on(), house.on) == (False, False)
    await house.clock.turn(60)
    assert not switch.is_on(), "nothing switches it when the gateway ends, or comes back"
    async with house.served({**PLUG, "style": style}):
        await house.clock.turn(5)
        assert (switch.is_on(), house.on) == (False, False)
        assert (await house.ask("ON"))["status"] == "confirmed"
    assert switch.is_on()


@pytest.mark.parametrize("style", STYLES)
async def test_a_hand_at_the_plug_is_seen_and_a_dead_one_is_absent(house: House, style: str) -> None:
    switch = plug(house, style)
    async with house.served({**PLUG, "style": style}):
        switch.turn(on=False)
        await house.clock.turn(5)
        assert not house.on
        switch.dead = True
        await house.clock.turn(20)
        assert house.on is None
        assert house.broker.retained[f"{ROOT}/boiler/availability"] == "offline"
        assert (await house.ask("ON"))["status"] == "refused"


async def test_a_plug_that_takes_the_word_and_does_nothing_is_not_confirmed(house: House) -> None:
    switch = plug(house, "tasmota")
    async with house.served({**PLUG, "style": "tasmota"}):
        switch.turn = lambda **_: None  # type: ignore[method-assign]  # its relay is stuck
        told = await house.ask("OFF")
        assert told["status"] == "failed"
        assert "does not follow" in str(told["reason"])
        assert house.on is True


@pytest.mark.parametrize(("style", "seconds"), [("tasmota", "15 s"), ("shelly", "30 s")])
async def test_a_plug_with_a_timer_of_its_own_is_refused(
    house: House, caplog: pytest.LogCaptureFixture, style: str, seconds: str
) -> None:
    SWITCHES[style](house.broker, house.clock)
    async with house.served({**PLUG, "style": style}):
        assert f"switches off by itself after {seconds}; set its timer to off" in caplog.text
        assert house.on is None
        assert house.broker.retained[f"{ROOT}/boiler/availability"] == "offline"


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    factory = MockFactory()
    before, gpiozero.Device.pin_factory = gpiozero.Device.pin_factory, factory
    yield factory
    factory.reset()
    gpiozero.Device.pin_factory = before


async def test_a_pin_is_on_at_first_and_as_it_stood_after_a_restart(house: House, pins: MockFactory) -> None:
    async with house.served(PIN):
        assert (house.on, bool(pins.pin(20).state)) == (True, True)
        assert (await house.ask("OFF"))["status"] == "confirmed"
        assert (house.on, bool(pins.pin(20).state)) == (False, False)
    pins.pin(20).clear_states()
    async with house.served(PIN):
        assert house.on is False
        assert not any(state.state for state in pins.pin(20).states)


@pytest.mark.parametrize("contact", ["normally_closed", "normally_open"])
async def test_a_coil_of_a_board_switches_the_load_by_its_contact(contact: str) -> None:
    board = Board()
    server = await serve_tcp([board], rtu.LINE, turnaround=0.002)
    host, port = server.sockets[0].getsockname()[:2]
    options = {**COIL, "port": f"socket://{host}:{port}", "contact": contact, "coil": 3}
    coil = Coil(settings(options), SystemClock())
    try:
        await coil.start(on=True)
        before = await coil.read()
        assert before is (contact == "normally_closed"), "no start moves it"
        for on in (False, True, False):
            await coil.put(on=on)
            assert await coil.read() is on
    finally:
        await coil.close()
        server.close()


@pytest.mark.parametrize("options", [PIN, COIL, {**PLUG, "style": "shelly"}])
def test_a_load_has_one_switch_and_is_left_as_it_is(options: Options) -> None:
    assert [row.key for row in INTEGRATION.entities(options)] == ["switch"]
    assert faults(options) == []
    assert safe(options) == "a load: it stays as it is"
    assert look(options) == {}
    assert INTEGRATION.ends_lease is not None
    assert "stays as it is" in INTEGRATION.ends_lease(options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({**PIN, "lease": "20s"}, "`lease` belongs to a contactor"),
        ({**PIN, "feedback_pin": 16}, "`feedback_pin` belongs to a contactor"),
        ({**PIN, "interlock_with": "contactor"}, "neither inputs nor an interlock"),
        ({**PLUG, "style": "shelly", "contact": "normally_open"}, "`contact` does not belong to a plug"),
        ({**PLUG, "style": "shelly1", "timer": "15s"}, "`timer` belongs to a contactor"),
        ({"driver": "modbus", "duty": "load", "port": "/dev/null"}, "needs `contact`"),
        ({**PIN, "level": 2}, "`level` belongs to a generator"),
    ],
)
def test_what_does_not_belong_to_a_load_is_told(options: Options, words: str) -> None:
    [told] = faults(options)
    assert words in told
