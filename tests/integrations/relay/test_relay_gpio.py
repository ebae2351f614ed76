"""The GPIO driver on gpiozero's mock pins."""

import asyncio
import json
import warnings
from collections.abc import Iterator
from pathlib import Path

import gpiozero
import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from gridward_kit.device import Device as Relayed
from gridward_kit.errors import DeviceError
from gridward_kit.info import Setup
from gridward_kit.integration import Options
from gridward_kit.testing import MemoryBroker, TurnedClock
from gridward_relay import INTEGRATION, ends_lease, safe, serve
from gridward_relay.contactor import Position
from gridward_relay.drivers.gpio import Gpio
from gridward_relay.options import settings

CONNECTED, ISLANDED = Position.CONNECTED, Position.ISLANDED
LOW: Options = {"driver": "gpio", "pin": 26, "closed_when": "low"}
HIGH: Options = {"driver": "gpio", "pin": 26, "closed_when": "high"}


@pytest.fixture(autouse=True)
def pins() -> Iterator[MockFactory]:
    factory = MockFactory()
    before, Device.pin_factory = Device.pin_factory, factory
    yield factory
    factory.reset()
    Device.pin_factory = before


def levels(factory: MockFactory, pin: int) -> list[bool]:
    """Every level that the pin had, in order, since it was cleared."""
    return [bool(state.state) for state in factory.pin(pin).states]


@pytest.mark.parametrize(("options", "safe_level"), [(LOW, False), (HIGH, True)])
async def test_the_pin_never_passes_the_islanded_level_at_start(
    pins: MockFactory, options: Options, *, safe_level: bool
) -> None:
    pin = pins.pin(26)
    pin.clear_states()
    gpio = Gpio(settings(options))
    await gpio.start()
    assert pin.function == "output"
    assert set(levels(pins, 26)[1:]) <= {safe_level}
    assert bool(pin.state) is safe_level
    assert (await gpio.read()).output is CONNECTED
    await gpio.island(30.0)
    assert bool(pin.state) is not safe_level
    assert (await gpio.read()).output is ISLANDED
    await gpio.connect()
    assert bool(pin.state) is safe_level
    await gpio.close()


async def test_feedback_and_inputs_are_closed_contacts_to_ground(pins: MockFactory) -> None:
    gpio = Gpio(settings({**LOW, "feedback_pin": 16, "inputs": ["supply_ok:17:Supply monitor"]}))
    await gpio.start()
    assert (await gpio.read()).feedback is ISLANDED
    pins.pin(16).drive_low()
    pins.pin(17).drive_low()
    report = await gpio.read()
    assert report.feedback is CONNECTED
    assert report.inputs == {"supply_ok": True}
    await gpio.close()


async def test_a_pin_that_is_taken_is_a_fault_in_words() -> None:
    first, second = Gpio(settings(LOW)), Gpio(settings(LOW))
    await first.start()
    with pytest.raises(DeviceError, match="GPIO 26 cannot be driven"):
        await second.start()
    with pytest.raises(DeviceError, match="not open"):
        await second.read()
    await first.close()


async def test_an_error_of_the_library_below_is_a_fault_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    class Busy(Exception):
        """As lgpio has it: no relative of gpiozero's errors."""

    def taken(*_: object, **__: object) -> object:
        raise Busy("'GPIO busy'")

    monkeypatch.setattr(gpiozero, "OutputDevice", taken)
    with pytest.raises(DeviceError, match="GPIO 26 cannot be driven: 'GPIO busy'"):
        await Gpio(settings(LOW)).start()


async def test_a_second_start_after_a_fault_goes_on() -> None:
    gpio = Gpio(settings({**LOW, "feedback_pin": 16}))
    await gpio.start()
    await gpio.start()
    assert (await gpio.read()).output is CONNECTED
    await gpio.close()


def test_safe_drives_the_pin(pins: MockFactory) -> None:
    pins.pin(26).clear_states()
    assert safe(HIGH) == "GPIO 26: connected to the grid"
    assert True in levels(pins, 26)


def test_it_says_that_no_timer_ends_its_lease() -> None:
    words = ends_lease(settings(LOW))
    for word in ("WatchdogSec", "ExecStopPost=gridward relay safe", "hardware watchdog"):
        assert word in words


async def test_a_computer_without_pins_is_told_once_and_tried_for_ever(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    def nowhere() -> MockFactory:
        warnings.warn("Falling back from lgpio", gpiozero.PinFactoryFallback, stacklevel=1)
        raise gpiozero.BadPinFactory("Unable to load any default pin factory!")

    clock = TurnedClock()
    broker = MemoryBroker(clock)
    setup = Setup("contactor", INTEGRATION, "Contactor", tmp_path, writable=True)
    device = Relayed(setup, broker.link("device:contactor"), clock)
    with pytest.MonkeyPatch.context() as patch:
        Device.pin_factory = None
        patch.setattr(Device, "_default_pin_factory", nowhere)
        task = asyncio.create_task(serve(device, LOW))
        await clock.turn(60)
    told = [text for text in caplog.messages if "GPIO 26" in text]
    assert len(told) == 2, "the driver's fault, and that the device is unavailable"
    assert all("pip install lgpio" in text for text in told)
    assert not recwarn.list
    Device.pin_factory = MockFactory()
    await clock.turn(10)
    state = json.loads(broker.said("gridward/home/contactor/state")[-1])
    assert state["position"] == "connected"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
