"""Today's four figures and the stacked bar of who fed the house."""

import asyncio
import logging

from gridward.api.gateway import Gateway
from gridward.page import figures
from gridward.page.board import SITE
from gridward.page.parts import Tag
from gridward.page.today import Series, Today, today

log = logging.getLogger(__name__)

STEP = 300.0
WORDS = {"produced": "Produced", "used": "Used", "imported": "From grid", "exported": "To grid"}
SOURCES = {"sun": "sun", "battery": "battery", "grid": "grid"}


class Energies:
    """The day so far, from the store."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        with Tag("section", dress="card today", aria_label="Today"):
            with Tag("dl", dress="figures"):
                self._figures = {name: self._figure(word) for name, word in WORDS.items()}
            with Tag("div", dress="stack", aria_hidden="true"):
                self._parts = {name: Tag("div", dress=name) for name in SOURCES}
            with Tag("div", dress="legend small soft"):
                self._legend = {name: Tag("span", "", name) for name in SOURCES}
        self._show(Today(), None)

    @staticmethod
    def _figure(word: str) -> Tag:
        with Tag("div"):
            Tag("dt", word)
            return Tag("dd", figures.DASH)

    async def look(self) -> None:
        """Read the day again and show it."""
        try:
            found, since = await self._read()
        except OSError as error:
            log.warning("the recorded day cannot be read: %s", error)
            found, since = Today(), None
        self._show(found, since)

    async def _read(self) -> tuple[Today, float | None]:
        gateway = self._gateway
        now = gateway.clock.time()
        begin = figures.midnight(now, gateway.site.time_zone)

        async def series(key: str) -> Series:
            steps = await gateway.past.numbers(SITE, key, begin, now, STEP)
            return {at: step.mean for at, step in steps.items()}

        keys = ("pv_power", "load_power", "battery_power", "grid_power")
        pv, load, battery, grid = await asyncio.gather(*(series(key) for key in keys))
        return today(pv, load, battery, grid, STEP, now), await gateway.past.since()

    def _show(self, found: Today, since: float | None) -> None:
        values = (found.produced, found.used, found.imported, found.exported)
        for shown, value in zip(self._figures.values(), values, strict=True):
            shown.say(figures.energy(value))
        shares = found.shares or {}
        for name, word in SOURCES.items():
            share = shares.get(name, 0.0)
            self._parts[name].set(style=f"width: {100 * share:.1f}%")
            self._legend[name].say(f"{figures.percent(100 * share)} {word}")
            self._legend[name].dress(name if shares else "gone")
        if not shares:
            first = self._legend["sun"]
            first.dress("")
            first.say(self._since(since))

    def _since(self, since: float | None) -> str:
        if since is None:
            return "Today's energies appear when readings have been recorded."
        now, zone = self._gateway.clock.time(), self._gateway.site.time_zone
        return f"Collecting since {figures.at_clock(since, zone, now)}."
