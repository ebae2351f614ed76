"""The contactor between the public grid and the house: its lease, its limits, and digital inputs."""

import asyncio
from uuid import uuid4

from gridward_kit.clock import SystemClock
from gridward_kit.device import Device
from gridward_kit.integration import Integration, Options
from gridward_relay.contactor import Contactor
from gridward_relay.drivers import check, ends_lease, make
from gridward_relay.entities import entities
from gridward_relay.lease import Lease
from gridward_relay.options import SCHEMA, settings
from gridward_relay.relay import Relay, kept
from gridward_relay.rtu import LINE
from gridward_relay.simulator import Board

__all__ = ["INTEGRATION", "ends_lease", "faults", "safe", "serve", "settings"]


async def serve(device: Device, options: Options) -> None:
    """Serve one contactor until cancelled; raises ValueError for options that do not fit together."""
    chosen = settings(options)
    check(chosen)
    driver = make(chosen, device.id, device.link, device.clock)
    lease = Lease(uuid4().hex[:12], chosen.lease)
    contactor = Contactor(device.clock.monotonic(), kept(device))
    await Relay(device, driver, lease, contactor).run(options)


def faults(options: Options) -> list[str]:
    """What is wrong with the options together, in words; opens nothing."""
    try:
        check(settings(options))
        entities(options)
    except ValueError as error:
        return [str(error)]
    return []


def safe(options: Options) -> str:
    """Drive the contactor to connected, for `gridward relay safe`; says in words what was done.

    Raises ValueError for options that name nothing to drive, DeviceError or OSError when it cannot.
    """
    chosen = settings(options)
    check(chosen)

    async def connect() -> str:
        driver = make(chosen, "", None, SystemClock())
        try:
            await driver.connect()
        finally:
            await driver.close()
        return f"{driver.name}: connected to the grid"

    return asyncio.run(connect())


INTEGRATION = Integration(
    domain="relay",
    name="Grid contactor",
    kind="relay",
    entities=entities,
    options=SCHEMA,
    line=LINE,
    simulator=lambda options: Board(int(str(options.get("address", 1)))),
    serve=serve,
    faults=faults,
    safe=safe,
    ends_lease=lambda options: ends_lease(settings(options)),
)
