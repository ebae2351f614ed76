"""The last 24 hours: power, state of charge and voltage, with one cursor through both."""

import asyncio
import logging

from nicegui import ui

from gridward.api.gateway import Gateway
from gridward.page import charts, figures
from gridward.page.board import SITE
from gridward.page.charts import Day, Series
from gridward.page.parts import Tag

log = logging.getLogger(__name__)

SPAN = 86400.0
STEP = 300.0
MINUTE = 60.0
AGAIN = 60.0
RULES = "rules/"
OBSERVED = "observed"  # what the rules would have done
LEGEND = {
    "sun": "Sun",
    "battery": "Battery",
    "house": "House",
    "grid": "Grid",
    "soc": "State of charge",
    "volts": "Voltage",
    "shade": "Grid connected",
    "acted": "A rule acted",
}


class Charts:
    """The chart with its explanation, or the words that stand in for it while there is no history."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        with Tag("div", dress="title"):
            Tag("h2", "Last 24 hours")
            Tag("span", "Sources above the line, uses below it.", "soft small")
        with Tag("div", dress="legend small soft") as self._legend:
            for dress, word in LEGEND.items():
                Tag("span", word, dress)
        self._empty = Tag("p", "Reading the history …", "empty")
        self._chart = ui.echart({}, renderer="svg").classes("chart gone")

    async def follow(self) -> None:
        """Draw now and again every minute."""
        await self.look()
        ui.timer(AGAIN, self.look, immediate=False)

    async def look(self) -> None:
        """Read the day and draw it."""
        try:
            day = await day_of(self._gateway)
            since = await self._gateway.past.since()
        except OSError as error:
            log.warning("the history cannot be read: %s", error)
            self._empty.say(f"The history cannot be read: {error}")
            return
        if day.empty:
            self._empty.say(self._words(since))
            return
        self._empty.dress("gone")
        self._chart.classes(remove="gone")
        self._chart.options.clear()
        self._chart.options.update(charts.options(day))
        self._chart.update()

    def _words(self, since: float | None) -> str:
        if since is None:
            return "No history yet. It collects from the first reading on; come back in a few minutes."
        now, zone = self._gateway.clock.time(), self._gateway.site.time_zone
        began = figures.at_clock(since, zone, now)
        return f"Nothing was recorded in the last 24 hours. The history goes back to {began}."


async def day_of(gateway: Gateway) -> Day:
    """The last 24 hours from the store; raises OSError."""
    end = gateway.clock.time() // STEP * STEP
    start = end - SPAN
    battery = gateway.site.roles.get("battery")
    relay = gateway.site.roles.get("grid_switch")

    async def series(device: str | None, key: str) -> Series:
        if device is None:
            return {}
        steps = await gateway.past.numbers(device, key, start, end + STEP, STEP)
        return {at: step.mean for at, step in steps.items()}

    async def connected() -> tuple[tuple[float, float], ...]:
        if relay is None:
            return ()
        closed = await gateway.past.numbers(relay, "closed", start, end, MINUTE)
        if closed:
            return charts.held({at: step.mean for at, step in closed.items()}, MINUTE)
        known = gateway.live.devices.get(relay)
        key = "feedback" if known is not None and "feedback" in known.entities else "position"
        changes = await gateway.past.texts(relay, key, start, end)
        return charts.stretches(changes, "connected", end)

    pv, load, power, grid, soc, voltage = await asyncio.gather(
        *(series(SITE, key) for key in ("pv_power", "load_power", "battery_power", "grid_power", "soc")),
        series(battery, "voltage"),
    )
    return Day(
        start=start,
        end=end,
        step=STEP,
        zone=gateway.site.time_zone,
        pv=pv,
        load=load,
        battery=power,
        grid=grid,
        soc=soc,
        voltage=voltage,
        connected=await connected(),
        acted=await _acted(gateway, start, end),
    )


async def _acted(gateway: Gateway, start: float, end: float) -> tuple[tuple[float, str], ...]:
    """When a rule decided something, and why."""
    found = []
    for event in await gateway.past.events(start, end):
        told = event.content
        ruled = str(told.get("what", "")).startswith(RULES) and str(told.get("by", "")).startswith("rules")
        if ruled and told.get("status") != OBSERVED:
            found.append((event.at, str(told.get("reason") or told.get("what"))))
    return tuple(found)
