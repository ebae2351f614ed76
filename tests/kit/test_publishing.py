"""Several messages under way at once: in their order, and given up together."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import aiomqtt
import pytest

from gridward_kit import publishing
from gridward_kit.publishing import TOGETHER, published

if TYPE_CHECKING:
    from conftest import Mosquitto

CONNACK = bytes((0x20, 2, 0, 0))


class Mute:
    """A broker that lets everybody in, and acknowledges nothing that is said."""

    def __init__(self) -> None:
        self.heard = b""
        self.full = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(CONNACK)
        while data := await reader.read(4096):
            self.heard += data
            if self.heard.count(b"said/") == TOGETHER:
                self.full.set()
        writer.close()


@contextlib.asynccontextmanager
async def muted() -> AsyncIterator[tuple[Mute, aiomqtt.Client]]:
    """Such a broker, and a client that is connected to it."""
    mute = Mute()
    server = await asyncio.start_server(mute.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V311)
    async with server:
        with contextlib.suppress(aiomqtt.MqttError):
            async with client:
                yield mute, client


MESSAGES = [(f"said/{number}", "x" * number, False, 1) for number in range(TOGETHER)]


async def test_a_broker_that_acknowledges_nothing_is_given_up_and_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(publishing, "SILENCE", 0.05)
    async with muted() as (mute, client):
        before = asyncio.all_tasks()
        with pytest.raises(aiomqtt.MqttError, match="timed out"):
            await published(client, MESSAGES)
        await mute.full.wait()
        assert asyncio.all_tasks() == before


async def test_all_of_them_are_under_way_at_once_and_a_cancellation_ends_them() -> None:
    async with muted() as (mute, client):
        before = asyncio.all_tasks()
        sending = asyncio.create_task(published(client, MESSAGES))
        await mute.full.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert asyncio.all_tasks() == before


async def test_what_cannot_be_sent_is_told_and_the_others_do_not_go_on_waiting() -> None:
    async with muted() as (_, client):
        before = asyncio.all_tasks()
        with pytest.raises(ValueError, match="wildcard"):
            await published(client, [*MESSAGES[:2], ("said/#", "", False, 1)])
        assert asyncio.all_tasks() == before


async def test_their_order_is_kept_whatever_their_quality(mosquitto: "Mosquitto") -> None:
    said = [(f"said/{number}", str(number), False, number % 2) for number in range(TOGETHER)]
    async with aiomqtt.Client("127.0.0.1", mosquitto.port) as ear:
        await ear.subscribe("said/#", qos=0)
        async with aiomqtt.Client("127.0.0.1", mosquitto.port) as client:
            await published(client, said)
            heard = [str((await anext(ear.messages)).topic) for _ in said]
    assert heard == [topic for topic, *_ in said]
