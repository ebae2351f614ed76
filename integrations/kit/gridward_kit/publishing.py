"""Messages on their way to the broker, several at once."""

import asyncio
import math
from collections.abc import Sequence

import aiomqtt

from gridward_kit.tasks import end

TOGETHER = 8  # no broker takes fewer unacknowledged ones unless it was told to
SILENCE = 3.0
UNANSWERED = "Operation timed out"  # aiomqtt's words

Outgoing = tuple[str, str, bool, int]  # topic, payload, retained, QoS


async def published(client: aiomqtt.Client, messages: Sequence[Outgoing]) -> None:
    """Send messages in their order, and return when the broker has them all (QoS 0: when they are out).

    Raises MqttError when the connection is gone, or nothing goes out or is acknowledged for 3 s. It watches
    that itself, once for all: aiomqtt's own watch is a task and a timer for each message.
    """
    loop = asyncio.get_running_loop()

    async def send(topic: str, payload: str, retain: bool, qos: int) -> None:  # noqa: FBT001 - as it waits
        data = payload.encode("utf-8", "replace")  # JSON may hold half a character
        await client.publish(topic, data, qos=qos, retain=retain, timeout=math.inf)
        patience.reschedule(loop.time() + SILENCE)

    try:
        async with asyncio.timeout(SILENCE) as patience:
            under_way = [asyncio.ensure_future(send(*message)) for message in messages]
            try:
                await asyncio.gather(*under_way)
            except BaseException:
                await end(under_way)
                raise
    except TimeoutError:
        raise aiomqtt.MqttError(UNANSWERED) from None
