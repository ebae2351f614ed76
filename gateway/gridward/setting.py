"""One command from the command line to a device, over the broker, and its final answer."""

import asyncio
import getpass
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gridward.commands import Commands
from gridward.live import RULES, Live
from gridward.page import choices
from gridward.rules.asked import Asked, Told
from gridward.run import EMBEDDED_PORT, House, broker_of
from gridward.site import EMBEDDED, Site
from gridward_kit.clock import SystemClock
from gridward_kit.kept import Json
from gridward_kit.mqtt import MQTT_3, Broker
from gridward_kit.point import Value

PATIENCE = 5.0
RULES_PATIENCE = 15.0
NOBODY = "the rules do not answer; is the gateway running?"


@dataclass(frozen=True, slots=True)
class Line:
    """A connection to the site for one command."""

    live: Live
    commands: Commands
    where: str

    async def heard(self, known: Callable[[Live], bool], within: float = PATIENCE) -> bool:
        """Wait until what the broker keeps has come in; whether it did in time."""
        told = asyncio.Event()
        self.live.on_change(lambda _: told.set())
        end = asyncio.get_running_loop().time() + within
        while not known(self.live):
            told.clear()
            try:
                async with asyncio.timeout_at(end):
                    await told.wait()
            except TimeoutError:
                return False
        return True

    async def ask(self, device: str, entity: str, value: Value) -> dict[str, Json]:
        """Send it, and tell the last answer."""
        last: dict[str, Json] = _result(device, entity, "failed", "no answer")
        async for result in self.commands.ask(device, entity, value, f"cli:{getpass.getuser()}"):
            last = {
                **_result(device, entity, result.status, result.reason),
                "value": result.value,
                "id": result.id,
            }
        return last


async def set_once(
    site: Site, url: str | None, device: str, entity: str, text: str, *, expert: bool, sure: bool = False
) -> dict[str, Json]:
    """Ask for a value and return the last result; an entity for experts needs `expert`, and to put a
    generator on the house somebody who is `sure`."""
    async with connected(site, url) as line:
        if not await line.heard(lambda live: device in live.devices and bool(live.devices[device].info)):
            reason = f"no device {device} at" if line.commands.connected else "no broker at"
            return _result(device, entity, "failed", f"{reason} {line.where}")
        row = line.live.devices[device].entities.get(entity)
        if row is not None and row.get("expert") and not expert:
            return _result(device, entity, "refused", "this is for experts: say --expert")
        question = choices.question(line.live.devices[device].kind, entity, text.lower() in ("on", "true"))
        if question is not None and not sure:
            return _result(device, entity, "refused", f"{question} If so, say --sure")
        return await line.ask(device, entity, _value(text))


async def rules_now(site: Site, url: str | None) -> Told | None:
    """What the rules say of their work; None where they say nothing."""
    async with connected(site, url) as line:
        return line.live.rules if await line.heard(_all_told, RULES_PATIENCE) else None


async def ask_rules(
    site: Site, url: str | None, choose: Callable[[Told], Asked | None]
) -> dict[str, Json] | None:
    """Ask the rules for what `choose` makes of their work; None where it finds nothing to ask."""
    async with connected(site, url) as line:
        if not await line.heard(_all_told, RULES_PATIENCE):
            return _result("rules", "", "failed", NOBODY)
        asked = choose(line.live.rules)
        return None if asked is None else await line.ask("rules", asked.entity, asked.value)


def _all_told(live: Live) -> bool:
    return all(name in live.rules for name in RULES)


@asynccontextmanager
async def connected(site: Site, url: str | None) -> AsyncIterator[Line]:
    """A connection to the site's broker, or to the one at `url`, while it lasts."""
    if site.broker.url == EMBEDDED:
        broker = Broker(url or f"mqtt://127.0.0.1:{EMBEDDED_PORT}", version=MQTT_3)
        async with _line(site, broker) as line:
            yield line
        return
    async with broker_of(site, url) as broker, _line(site, broker) as line:
        yield line


@asynccontextmanager
async def _line(site: Site, broker: Broker) -> AsyncIterator[Line]:
    clock = SystemClock()
    link = House(site, clock, broker).link("cli")
    line = Line(Live(link, clock), Commands(link, clock), broker.where)
    connection = asyncio.create_task(link.run())
    try:
        yield line
    finally:
        connection.cancel()
        await asyncio.gather(connection, return_exceptions=True)


def _result(device: str, entity: str, status: str, reason: str) -> dict[str, Json]:
    return {"device": device, "entity": entity, "status": status, "reason": reason}


def _value(text: str) -> Value:
    try:
        return float(text)
    except ValueError:
        return text
