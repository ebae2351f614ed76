"""A broker that speaks only MQTT 3 takes our roles, too."""

import asyncio

import aiomqtt

from gridward.broker import embedded_broker, free_port
from gridward_kit.clock import SystemClock
from gridward_kit.mqtt import MQTT_3, MQTT_5, Broker, Message, MqttLink
from gridward_kit.tasks import end


async def test_a_broker_of_mqtt_3_is_found_out_and_works() -> None:
    async with embedded_broker(free_port()) as url:
        for version in (MQTT_5, MQTT_3):
            link = MqttLink(Broker(url, version=version), "home", "bench", SystemClock())
            heard: asyncio.Queue[Message] = asyncio.Queue()
            link.subscribe("gridward/home/bench/note", heard.put_nowait)
            task = asyncio.create_task(link.run())
            async with asyncio.timeout(30):
                while not link.connected:  # noqa: ASYNC110 - what it waits for has no event
                    await asyncio.sleep(0.05)
                link.publish("gridward/home/bench/note", "here")
                assert (await heard.get()).payload == b"here"
            await end((task,))


async def test_a_client_hears_of_retained_messages_only_those_that_it_subscribed() -> None:
    port = free_port()
    async with embedded_broker(port), aiomqtt.Client("127.0.0.1", port, identifier="first") as first:
        await first.subscribe("theirs/#")
        await first.subscribe("ours/#")
        for topic in ("theirs/state", "ours/state"):
            await first.publish(topic, topic, retain=True)
        async with asyncio.timeout(30):
            assert {str((await anext(first.messages)).topic) for _ in range(2)} == {
                "theirs/state",
                "ours/state",
            }
        async with aiomqtt.Client("127.0.0.1", port, identifier="second") as second:
            await second.subscribe("ours/#")
            await second.publish("ours/end", "over")
            heard: list[tuple[str, bool]] = []
            async with asyncio.timeout(30):
                async for message in second.messages:
                    heard.append((str(message.topic), message.retain))
                    if str(message.topic) == "ours/end":
                        break
    assert heard == [("ours/state", True), ("ours/end", False)]
