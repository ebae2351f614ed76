"""The MQTT driver against switches as their makers describe them, on a broker in memory."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plugs import SWITCHES, Shelly, Tasmota

from gridward_kit.errors import DeviceError, NoAnswer
from gridward_kit.integration import Options
from gridward_kit.testing import MemoryBroker, MemoryLink, TurnedClock
from gridward_relay import ends_lease, safe
from gridward_relay.contactor import Position
from gridward_relay.drivers.mqtt import MqttSwitch
from gridward_relay.options import STYLES, settings
from gridward_relay.switches import switch

CONNECTED, ISLANDED = Position.CONNECTED, Position.ISLANDED
BASE: Options = {"driver": "mqtt", "topic": "grid", "contact": "normally_closed"}


class Bench:
    def __init__(self, style: str) -> None:
        self.clock = TurnedClock()
        self.broker = MemoryBroker(self.clock)
        self.switch = SWITCHES[style](self.broker, self.clock)
        more: Options = {"timer": "15s"} if style == "shelly1" else {}
        self.link: MemoryLink = self.broker.link("contactor")
        chosen = settings({**BASE, **more, "style": style})
        self.driver = MqttSwitch(chosen, "contactor", self.link, self.clock)

    async def start(self) -> None:
        task = asyncio.create_task(self.driver.start())
        await self.clock.turn(4)
        await task

    async def position(self) -> Position | None:
        await self.driver.read()
        await self.clock.turn(0.1)
        return (await self.driver.read()).output


@pytest.fixture(params=STYLES)
def bench(request: pytest.FixtureRequest) -> Bench:
    return Bench(str(request.param))


async def test_it_switches_and_its_own_timer_ends_it(bench: Bench) -> None:
    await bench.start()
    assert await bench.position() is CONNECTED
    await bench.driver.island(bench.clock.monotonic() + 28)
    assert await bench.position() is ISLANDED
    await bench.clock.turn(10)
    assert bench.switch.is_on()
    await bench.driver.island(bench.clock.monotonic() + 28)
    await bench.clock.turn(14)
    assert bench.switch.is_on()
    await bench.clock.turn(14)
    assert not bench.switch.is_on()
    assert await bench.position() is CONNECTED


async def test_asking_does_not_stop_the_timer(bench: Bench) -> None:
    await bench.start()
    await bench.driver.island(bench.clock.monotonic() + 28)
    for _ in range(14):
        await bench.clock.turn(2)
        await bench.driver.read()
    assert not bench.switch.is_on()


async def test_connect_is_at_once_and_a_silent_switch_is_no_answer(bench: Bench) -> None:
    await bench.start()
    await bench.driver.island(bench.clock.monotonic() + 28)
    await bench.driver.connect()
    assert not bench.switch.is_on()
    bench.switch.dead = True
    await bench.clock.turn(11)
    with pytest.raises(NoAnswer, match="has not answered"):
        await bench.driver.read()


async def test_without_a_broker_nothing_is_islanded_and_nothing_is_sent_later(bench: Bench) -> None:
    await bench.start()
    bench.link.connected = False
    with pytest.raises(NoAnswer, match="broker is away"):
        await bench.driver.island(bench.clock.monotonic() + 28)
    bench.link.reconnect()
    await bench.clock.turn(1)
    assert not bench.switch.is_on()


async def test_a_switch_left_on_is_told_after_a_reconnect(bench: Bench) -> None:
    await bench.start()
    bench.link.connected = False
    bench.switch.turn(on=True)
    bench.link.reconnect()
    assert not bench.switch.is_on()


async def test_the_end_of_a_lease_is_not_sent_as_a_beginning(bench: Bench) -> None:
    await bench.start()
    with pytest.raises(DeviceError, match="lease ended"):
        await bench.driver.island(bench.clock.monotonic() + 1.0)
    assert not bench.switch.is_on()


@pytest.mark.parametrize("pulse", [0, 99, 126, 130, 3700])
async def test_tasmota_with_an_unfit_pulse_time_is_refused(pulse: int) -> None:
    bench = Bench("tasmota")
    assert isinstance(bench.switch, Tasmota)
    bench.switch.pulse = pulse
    with pytest.raises(ValueError, match="must be 10 to 25 s"):
        await bench.start()
    assert not bench.switch.is_on()


@pytest.mark.parametrize(
    "config", [{"auto_off": False, "auto_off_delay": 30.0}, {"auto_off": True, "auto_off_delay": 31.0}]
)
async def test_a_shelly_without_auto_off_is_refused(config: dict[str, object]) -> None:
    bench = Bench("shelly")
    assert isinstance(bench.switch, Shelly)
    bench.switch.config = config
    with pytest.raises(ValueError, match="30 s or less"):
        await bench.start()


@pytest.mark.parametrize("style", ["tasmota", "shelly"])
async def test_a_switch_that_does_not_tell_its_timer_is_not_used(style: str) -> None:
    bench = Bench(style)
    bench.switch.dead = True
    with pytest.raises(NoAnswer, match="how its timer is set"):
        await bench.start()


async def test_retained_words_of_a_switch_are_not_what_is_so_now() -> None:
    bench = Bench("zigbee2mqtt")
    bench.broker.publish("zigbee2mqtt/grid", json.dumps({"state": "ON"}), retain=True)
    bench.switch.dead = True
    await bench.start()
    assert (await bench.driver.read()).output is None


@given(st.sampled_from(STYLES), st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_whatever_is_said_is_never_a_crash(style: str, payload: bytes) -> None:
    heard = switch(style, "grid", 0, "gridward/home/contactor/switch")
    assert heard.state(payload) in (True, False, None)
    timer = heard.timer(payload)
    assert timer is None or timer >= 0


WORDS = ("POWER", "POWER1", "PulseTime1", "Set", "result", "output", "auto_off", "auto_off_delay", "state")
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=5),
    lambda item: (
        st.lists(item, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ("POWER", "POWER1", "PulseTime1", "Set", "result", "output", "auto_off", "state")
            ),
            item,
        )
    ),
)


@given(st.sampled_from(STYLES), JSON)
def test_whatever_json_is_said_is_never_a_crash(style: str, content: object) -> None:
    heard = switch(style, "grid", 0, "gridward/home/contactor/switch")
    payload = json.dumps(content).encode()
    assert heard.state(payload) in (True, False, None)
    assert heard.timer(payload) is None or isinstance(heard.timer(payload), float | int)


def test_the_switch_cannot_be_made_safe_without_a_broker() -> None:
    with pytest.raises(ValueError, match="own timer ends the lease"):
        safe({**BASE, "style": "tasmota"})


@pytest.mark.parametrize("style", STYLES)
def test_it_says_what_ends_the_lease(style: str) -> None:
    more: Options = {"timer": "15s"} if style == "shelly1" else {}
    assert "own timer" in ends_lease(settings({**BASE, **more, "style": style}))
