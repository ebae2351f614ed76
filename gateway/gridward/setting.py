"""One command from the command line to a device, over the broker, and its final answer."""

import asyncio
import getpass

from gridward.commands import Commands
from gridward.live import Live
from gridward.run import EMBEDDED_PORT, House, broker_of
from gridward.site import EMBEDDED, Site
from gridward_kit.clock import SystemClock
from gridward_kit.kept import Json
from gridward_kit.mqtt import MQTT_3, Broker
from gridward_kit.point import Value

PATIENCE = 5.0


async def set_once(
    site: Site, url: str | None, device: str, entity: str, text: str, *, expert: bool
) -> dict[str, Json]:
    """Ask for a value and return the last result; an entity for experts needs `expert`."""
    clock = SystemClock()
    if url is None and site.broker.url == EMBEDDED:
        broker = Broker(f"mqtt://127.0.0.1:{EMBEDDED_PORT}", version=MQTT_3)
        return await _set(House(site, clock, broker), clock, (device, entity, text), expert=expert)
    async with broker_of(site, url) as broker:
        return await _set(House(site, clock, broker), clock, (device, entity, text), expert=expert)


async def _set(
    house: House, clock: SystemClock, wish: tuple[str, str, str], *, expert: bool
) -> dict[str, Json]:
    device, entity, text = wish
    link = house.link("cli")
    live = Live(link, clock)
    commands = Commands(link, clock)
    connection = asyncio.create_task(link.run())
    try:
        if not await _known(live, device):
            reason = f"no device {device} at" if link.connected else "no broker at"
            return _result(device, entity, "failed", f"{reason} {house.broker.where}")
        row = live.devices[device].entities.get(entity)
        if row is not None and row.get("expert") and not expert:
            return _result(device, entity, "refused", "this is for experts: say --expert")
        last: dict[str, Json] = _result(device, entity, "failed", "no answer")
        async for result in commands.ask(device, entity, _value(text), f"cli:{getpass.getuser()}"):
            last = {
                **_result(device, entity, result.status, result.reason),
                "value": result.value,
                "id": result.id,
            }
        return last
    finally:
        connection.cancel()
        await asyncio.gather(connection, return_exceptions=True)


async def _known(live: Live, device: str) -> bool:
    """Wait for the device's retained info."""
    told = asyncio.Event()
    live.on_change(lambda _: told.set())
    end = asyncio.get_running_loop().time() + PATIENCE
    while device not in live.devices or not live.devices[device].info:
        told.clear()
        try:
            async with asyncio.timeout_at(end):
                await told.wait()
        except TimeoutError:
            return False
    return True


def _result(device: str, entity: str, status: str, reason: str) -> dict[str, Json]:
    return {"device": device, "entity": entity, "status": status, "reason": reason}


def _value(text: str) -> Value:
    try:
        return float(text)
    except ValueError:
        return text
