"""Whether a host answers: ICMP where the system lets an ordinary user send it, else a TCP connect."""

import asyncio
from collections.abc import Callable, Mapping
from socket import gaierror

import voluptuous as vol
from icmplib import ICMPLibError, NameLookupError, async_ping

from gridward_kit.device import Device
from gridward_kit.entity import MILLISECONDS, BinarySensor, Entity, Sensor
from gridward_kit.errors import DeviceError
from gridward_kit.integration import Fact, Identity, Integration, Options

__all__ = ["INTEGRATION", "probe", "serve"]

EVERY = 10.0
PATIENCE = 2.0
TRIES = 2
PORT = 22

ENTITIES: tuple[Entity, ...] = (
    BinarySensor("reachable", "Reachable", device_class="connectivity"),
    Sensor("round_trip_time", "Round-trip time", quantity=MILLISECONDS, limits=(0, 60_000)),
)


async def probe(host: str, port: int) -> float | None:
    """Round-trip time in ms, None where the host does not answer.

    Raises DeviceError, in words, when the name cannot be resolved or this machine may not ask.
    """
    for _ in range(TRIES):
        try:
            answer = await async_ping(host, count=1, timeout=PATIENCE, privileged=False)
        except NameLookupError as error:
            raise DeviceError(f"the name {host!r} cannot be resolved") from error
        except ICMPLibError:  # no socket for ICMP here: not allowed, or not known to this system
            return await connect(host, port)
        if answer.is_alive:
            return float(answer.avg_rtt)
    return None


async def connect(host: str, port: int) -> float | None:
    """The time of a TCP connect in ms; a refusal is an answer, too. None where nothing answers."""
    clock = asyncio.get_running_loop().time
    begin = clock()
    try:
        async with asyncio.timeout(PATIENCE):
            _, writer = await asyncio.open_connection(host, port)
    except ConnectionRefusedError:
        return (clock() - begin) * 1000
    except PermissionError as error:
        raise DeviceError(f"this machine may not connect to {host} port {port}: {error}") from error
    except gaierror as error:
        raise DeviceError(f"the name {host!r} cannot be resolved") from error
    except OSError:
        return None
    took = (clock() - begin) * 1000
    writer.close()
    return took


async def serve(device: Device, options: Options) -> None:
    """Ask the host for ever; that it does not answer is a reading, not a fault of the device."""
    host, port, every = str(options["host"]), _number(options, "port", PORT), _number(options, "every", EVERY)
    device.describe(Identity(model=f"Host {host}", protocol="icmp"), ENTITIES)
    owned = frozenset(row.key for row in ENTITIES)
    while True:
        try:
            took = await probe(host, int(port))
        except DeviceError as error:
            device.lost(str(error))
        else:
            values = {"reachable": True, "round_trip_time": round(took, 2)} if took is not None else {}
            device.read({"reachable": False, **values}, every, owned)
            device.publish()
        await device.clock.sleep(every)


def _number(options: Options, key: str, default: float) -> float:
    value = options.get(key, default)
    return float(value) if isinstance(value, int | float) else default


def host(value: Fact) -> Fact:
    """A host's name or address."""
    if not isinstance(value, str) or not value or not value.isprintable() or set(value) & set(" /@"):
        raise vol.Invalid("a host's name or address, such as 192.0.2.4")
    return value


def interval(value: Fact) -> Fact:
    """A time such as `10s`, or a number of seconds, from 1 s to an hour."""
    text = value.removesuffix("s").strip() if isinstance(value, str) else value
    try:
        seconds = float(text) if isinstance(text, str | int | float) and not isinstance(text, bool) else -1.0
    except ValueError:
        seconds = -1.0
    if not 1 <= seconds <= 3600:
        raise vol.Invalid("a time from 1s to 3600s, such as 10s")
    return seconds


def tcp_port(value: Fact) -> Fact:
    """A TCP port's number."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65535:
        raise vol.Invalid("a port from 1 to 65535")
    return value


OPTIONS: Mapping[vol.Marker, Callable[[Fact], Fact]] = {
    vol.Required("host", description="a host's name or address"): host,
    vol.Optional("every", default=EVERY): interval,
    vol.Optional("port", default=PORT): tcp_port,
}

INTEGRATION = Integration(
    domain="ping",
    name="Host",
    kind="host",
    entities=lambda _options: ENTITIES,
    poll=EVERY,
    options=OPTIONS,
    serve=serve,
)
