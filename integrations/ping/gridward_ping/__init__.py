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
from gridward_kit.network import asked, host, interval, tcp_port

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
    name, port, every = str(options["host"]), _number(options, "port", PORT), _number(options, "every", EVERY)
    device.describe(Identity(model=f"Host {name}", protocol="icmp"), ENTITIES)
    owned = frozenset(row.key for row in ENTITIES)

    async def ask() -> None:
        took = await probe(name, int(port))
        values = {"reachable": True, "round_trip_time": round(took, 2)} if took is not None else {}
        device.read({"reachable": False, **values}, every, owned)
        device.publish()

    await asked(device, every, ask)


def _number(options: Options, key: str, default: float) -> float:
    value = options.get(key, default)
    return float(value) if isinstance(value, int | float) else default


OPTIONS: Mapping[vol.Marker, Callable[[Fact], Fact]] = {
    vol.Required("host", description="a host's name or address"): host,
    vol.Optional("every", default=EVERY): interval(3600, EVERY),
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
