"""A role's connection against a real Mosquitto: everything is said again, whoever was restarted."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import aiomqtt
import pytest
from paho.mqtt.subscribeoptions import SubscribeOptions

from gridward_kit.clock import SystemClock
from gridward_kit.mqtt import BIRTH, Broker, Message, MqttLink

if TYPE_CHECKING:
    from conftest import Mosquitto

CONFIG = "homeassistant/sensor/gridward_home_unit_voltage/config"
STATE = "gridward/home/unit/state"
ROLE = "gridward/home/bus_line/availability"


class Ear:
    """A stranger's client that listens to everything."""

    def __init__(self, port: int) -> None:
        self.heard: list[tuple[str, bytes, bool]] = []
        self._port = port
        self.listens = False

    async def run(self) -> None:
        async with aiomqtt.Client("127.0.0.1", self._port) as client:
            await client.subscribe("#", qos=1)
            self.listens = True
            async for message in client.messages:
                payload = message.payload if isinstance(message.payload, bytes) else b""
                self.heard.append((str(message.topic), payload, bool(message.retain)))

    def topics(self) -> list[str]:
        return [topic for topic, _, _ in self.heard]


async def until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not so():  # noqa: ASYNC110 - what it waits for has no event
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def running(*work: "asyncio.Task[None]") -> AsyncIterator[None]:
    try:
        yield
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)


@pytest.fixture
def link(mosquitto: "Mosquitto") -> MqttLink:
    return MqttLink(Broker(mosquitto.url), "home", "bus:line", SystemClock())


async def test_everything_retained_is_said_again_after_a_broker_that_lost_it_all(
    mosquitto: "Mosquitto", link: MqttLink
) -> None:
    link.publish(STATE, '{"v":1}', retain=True)
    link.publish(CONFIG, "{}", retain=True)
    async with running(asyncio.create_task(link.run())):
        await until(lambda: link.connected)
        mosquitto.stop()
        await until(lambda: not link.connected)
        mosquitto.start()
        await until(lambda: link.connected)
        ear = Ear(mosquitto.port)
        async with running(asyncio.create_task(ear.run())):
            await until(lambda: {CONFIG, ROLE, STATE} <= set(ear.topics()))
            said = {topic: payload for topic, payload, _ in ear.heard}
            assert said == {CONFIG: b"{}", ROLE: b"online", STATE: b'{"v":1}'}


async def test_on_home_assistants_birth_all_is_said_in_order(mosquitto: "Mosquitto", link: MqttLink) -> None:
    link.publish(STATE, '{"v":1}', retain=True)
    link.publish(CONFIG, "{}", retain=True)
    ear = Ear(mosquitto.port)
    async with running(asyncio.create_task(link.run()), asyncio.create_task(ear.run())):
        await until(lambda: STATE in ear.topics())
        ear.heard.clear()
        async with aiomqtt.Client("127.0.0.1", mosquitto.port) as assistant:
            await assistant.publish("homeassistant/status", "online")
        await until(lambda: STATE in ear.topics())
        said = [topic for topic in ear.topics() if topic in (CONFIG, ROLE, STATE)]
        assert said == [CONFIG, ROLE, STATE]


VICTIM = """
import asyncio
from gridward_kit.clock import SystemClock
from gridward_kit.mqtt import Broker, MqttLink

asyncio.run(MqttLink(Broker({url!r}), "home", "bus:line", SystemClock()).run())
"""


async def test_the_last_will_says_offline_when_the_process_dies(mosquitto: "Mosquitto") -> None:
    ear = Ear(mosquitto.port)
    async with running(asyncio.create_task(ear.run())):
        victim = await asyncio.create_subprocess_exec(sys.executable, "-c", VICTIM.format(url=mosquitto.url))
        await until(lambda: (ROLE, b"online", False) in ear.heard)
        victim.kill()
        await victim.wait()
        await until(lambda: (ROLE, b"offline", False) in ear.heard)
        assert [payload for topic, payload, _ in ear.heard if topic == ROLE] == [b"online", b"offline"]


async def test_a_clean_stop_says_offline(mosquitto: "Mosquitto", link: MqttLink) -> None:
    ear = Ear(mosquitto.port)
    async with running(asyncio.create_task(ear.run())):
        await until(lambda: ear.listens)
        async with running(asyncio.create_task(link.run())):
            await until(lambda: (ROLE, b"online", False) in ear.heard)
        await until(lambda: (ROLE, b"offline", False) in ear.heard)
        assert [payload for topic, payload, _ in ear.heard if topic == ROLE] == [b"online", b"offline"]


async def test_what_was_published_meanwhile_comes_after_the_broker_is_back(
    mosquitto: "Mosquitto", link: MqttLink
) -> None:
    ear = Ear(mosquitto.port)
    async with running(asyncio.create_task(link.run())):
        await until(lambda: link.connected)
        mosquitto.stop()
        await until(lambda: not link.connected)
        link.publish("gridward/home/unit/x/result", "late")
        mosquitto.start()
        async with running(asyncio.create_task(ear.run())):
            await until(lambda: "gridward/home/unit/x/result" in ear.topics())
            assert [payload for topic, payload, _ in ear.heard if topic.endswith("/result")] == [b"late"]


async def test_a_command_that_waited_for_the_broker_is_never_sent(
    mosquitto: "Mosquitto", link: MqttLink
) -> None:
    ear = Ear(mosquitto.port)
    async with running(asyncio.create_task(link.run())):
        await until(lambda: link.connected)
        mosquitto.stop()
        await until(lambda: not link.connected)
        link.publish("gridward/home/unit/mode/command", "{}")
        link.publish("gridward/home/contactor/lease/renew", "{}")
        link.publish("gridward/home/unit/mode/result", "last")
        mosquitto.start()
        async with running(asyncio.create_task(ear.run())):
            await until(lambda: "gridward/home/unit/mode/result" in ear.topics())
            assert not [topic for topic in ear.topics() if topic.endswith(("/command", "/renew"))]


async def test_a_handler_that_fails_does_not_end_the_connection(
    mosquitto: "Mosquitto", link: MqttLink
) -> None:
    got: list[Message] = []

    def fail(_: Message) -> None:
        raise RuntimeError("a fault in a handler")

    link.subscribe("a/#", fail)
    link.subscribe("b/#", got.append)
    async with running(asyncio.create_task(link.run())):
        await until(lambda: link.connected)
        async with aiomqtt.Client("127.0.0.1", mosquitto.port) as other:
            await other.publish("a/x", "1", qos=1)
            await other.publish("b/x", "2", qos=1)
        await until(lambda: bool(got))
        assert link.connected


async def test_handlers_are_brought_what_they_asked_for_over_reconnects(
    mosquitto: "Mosquitto", link: MqttLink
) -> None:
    got: list[Message] = []
    link.subscribe("gridward/home/unit/+/command", got.append)
    async with running(asyncio.create_task(link.run())):
        await until(lambda: link.connected)
        mosquitto.stop()
        await until(lambda: not link.connected)
        mosquitto.start()
        await until(lambda: link.connected)
        async with aiomqtt.Client("127.0.0.1", mosquitto.port) as other:
            await other.publish("gridward/home/unit/mode/command", "{}", qos=1)
            await other.publish("gridward/home/unit/mode/else", "{}", qos=1)
        await until(lambda: bool(got))
        assert [item.topic for item in got] == ["gridward/home/unit/mode/command"]
        assert not got[0].retain


async def test_what_is_asked_for_while_it_connects_is_brought_too(
    mosquitto: "Mosquitto", link: MqttLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: list[Message] = []
    subscribe = aiomqtt.Client.subscribe

    async def asked(client: aiomqtt.Client, topic: str, *, options: SubscribeOptions) -> object:
        if topic == BIRTH and not link.connected:
            link.subscribe("gridward/home/late/mode/command", got.append)
        return await subscribe(client, topic, options=options)

    monkeypatch.setattr(aiomqtt.Client, "subscribe", asked)
    async with running(asyncio.create_task(link.run())):
        await until(lambda: link.connected)
        async with aiomqtt.Client("127.0.0.1", mosquitto.port) as other:
            await other.publish("gridward/home/late/mode/command", "{}", qos=1)
        await until(lambda: bool(got))


async def test_what_is_asked_for_in_vain_is_asked_for_after_a_reconnect(
    mosquitto: "Mosquitto", link: MqttLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: list[Message] = []
    tried: list[str] = []
    subscribe, topic = aiomqtt.Client.subscribe, "gridward/home/late/mode/command"

    async def asked(client: aiomqtt.Client, wanted: str, *, options: SubscribeOptions) -> object:
        tried.append(wanted)
        if tried.count(topic) == 1 and wanted == topic:
            raise aiomqtt.MqttError("Operation timed out")
        return await subscribe(client, wanted, options=options)

    monkeypatch.setattr(aiomqtt.Client, "subscribe", asked)
    async with running(asyncio.create_task(link.run())):
        await until(lambda: link.connected)
        link.subscribe(topic, got.append)
        await until(lambda: tried.count(topic) == 2 and link.connected)
        async with aiomqtt.Client("127.0.0.1", mosquitto.port) as other:
            await other.publish(topic, "{}", qos=1)
        await until(lambda: bool(got))


async def test_what_follows_an_acknowledgement_does_not_wait_for_one(
    mosquitto: "Mosquitto", link: MqttLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small packets go out at once: else a command waits 40 ms behind the acknowledgement of a state."""
    opened: list[socket.socket] = []
    connect = socket.create_connection

    def noted(address: tuple[str, int], timeout: float, source_address: tuple[str, int]) -> socket.socket:
        opened.append(connect(address, timeout, source_address))
        return opened[-1]

    monkeypatch.setattr(socket, "create_connection", noted)
    async with running(asyncio.create_task(link.run())):
        await until(lambda: link.connected)
        (one,) = (each for each in opened if each.getpeername()[1] == mosquitto.port)
        assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("url", ["", "host", "http://host", "mqtt://"])
def test_a_url_that_is_none_is_told(url: str) -> None:
    with pytest.raises(ValueError, match="is not mqtt://"):
        Broker(url).client("x", aiomqtt.Will("t", b""))
