"""The contactor between the public grid and the house: its lease, its limits, and digital inputs."""

import asyncio
from uuid import uuid4

from gridward_kit.clock import SystemClock
from gridward_kit.device import Device
from gridward_kit.integration import Integration, Options
from gridward_kit.point import Value
from gridward_relay.contactor import Contactor
from gridward_relay.drivers import Report, check, ends_lease, glimpse, make
from gridward_relay.drivers.load import make as load_switch
from gridward_relay.entities import entities
from gridward_relay.generator import Generator
from gridward_relay.interlock import Interlock
from gridward_relay.lease import Lease
from gridward_relay.load import Load
from gridward_relay.options import GENERATOR, LOAD, SCHEMA, settings
from gridward_relay.relay import Relay, kept
from gridward_relay.rtu import LINE
from gridward_relay.simulator import Board

__all__ = ["INTEGRATION", "ends_lease", "faults", "safe", "serve", "settings"]


async def serve(device: Device, options: Options) -> None:
    """Serve one switch until cancelled; raises ValueError for options that do not fit together."""
    chosen = settings(options)
    check(chosen)
    if chosen.duty == LOAD:
        await Load(device, load_switch(chosen, device.id, device.link, device.clock)).run(chosen.driver)
        return
    driver = make(chosen, device.id, device.link, device.clock)
    if chosen.duty == GENERATOR:
        interlock = Interlock(chosen.interlock_with or "")
        await Generator(device, driver, interlock, chosen).run(chosen.driver)
        return
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
    if chosen.duty == LOAD:
        return "a load: it stays as it is"

    async def connect() -> str:
        driver = make(chosen, "", None, SystemClock())
        try:
            await driver.connect()
        finally:
            await driver.close()
        where = "the generator is off the house" if chosen.duty == GENERATOR else "connected to the grid"
        return f"{driver.name}: {where}"

    return asyncio.run(connect())


def look(options: Options) -> dict[str, Value]:
    """Where the contactor's own contact says it stands, while no process drives it; nothing is moved."""
    chosen = settings(options)
    check(chosen)
    if chosen.duty == LOAD:
        return {}

    async def seen() -> Report:
        if chosen.driver == "gpio":
            return glimpse(chosen)
        driver = make(chosen, "", None, SystemClock())
        try:
            return await driver.read()
        finally:
            await driver.close()

    feedback = asyncio.run(seen()).feedback
    return {} if feedback is None else {"feedback": str(feedback)}


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
    look=look,
    limits=Contactor,
)
