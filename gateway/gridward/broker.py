"""A broker inside the process, for the demo and for sites that name `url: embedded`."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator

import aiomqtt

from gridward_kit.mqtt import Broker

PATIENCE = 8.0  # s for a broker to take us


def free_port() -> int:
    """A TCP port on the loopback interface that is free right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int) -> bool:
    """Whether nobody listens on this loopback port."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextlib.asynccontextmanager
async def visit(broker: Broker, topic: str) -> AsyncIterator[aiomqtt.Client]:
    """A short connection under a name of its own; raises OSError, in words, where the broker takes none.

    `topic` is where a will would go that is never left. Raises ValueError for a URL that is none.
    """
    client = broker.client(topic.replace("/", "-"), aiomqtt.Will(topic, b"", retain=False))
    try:
        async with asyncio.timeout(PATIENCE), client:
            yield client
    except (aiomqtt.MqttError, TimeoutError) as error:
        raise OSError(str(error) or "no answer") from error


@contextlib.asynccontextmanager
async def embedded_broker(port: int) -> AsyncIterator[str]:
    """Run a broker on loopback; gives its URL. It keeps nothing over a restart: every role says all anew."""
    from gridward.embedded import Embedded  # noqa: PLC0415 - a site with a broker of its own does not load it

    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    broker = Embedded(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
    )
    await broker.start()
    try:
        yield f"mqtt://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await broker.shutdown()
