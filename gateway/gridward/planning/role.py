"""The role `plan`: reads what the house says, and publishes the virtual device `plan`."""

import asyncio
import json
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from gridward.live import Live
from gridward.planning import core, house
from gridward.planning.core import Inputs, Memory, Settings
from gridward.planning.entities import IDENTITY, INTEGRATION, PLAN, rows
from gridward.planning.forecast import (
    DAY,
    LOAD_DAYS,
    PV_DAYS,
    Forecast,
    Place,
    Told,
    house_of,
    read_told,
    sun_of,
)
from gridward.planning.prices import HOUR, NoList, Prices, day, of_tariff, read_csv, read_json
from gridward.planning.request import Request, request, shown
from gridward.planning.slots import Impossible, Schedule, coming, cut, from_json, put
from gridward.recorder.history import History
from gridward.rules import audit
from gridward.site import Site
from gridward_kit.clock import Clock
from gridward_kit.command import Command
from gridward_kit.device import Device
from gridward_kit.entity import Entity
from gridward_kit.errors import DeviceError, Refused
from gridward_kit.info import Setup
from gridward_kit.kept import Json
from gridward_kit.mqtt import Link, Message
from gridward_kit.point import Value
from gridward_kit.spool import SANE

log = logging.getLogger(__name__)

TURN = 5.0
RECORD_EVERY = 60.0
LEARN_EVERY = 1800.0
READ_EVERY = 300.0
SLOTS = "slots"
T = TypeVar("T")


async def run_plan(site: Site, link: Link, clock: Clock) -> None:
    """Run the device `plan` until cancelled."""
    await Planning(site, Live(link, clock), link, clock).run()


class Planning:
    """The device `plan`: schedule, prices and forecast as they come in, and what follows from them."""

    def __init__(self, site: Site, live: Live, link: Link, clock: Clock) -> None:
        self._site, self._live, self._link, self._clock = site, live, link, clock
        setup = Setup(
            PLAN, INTEGRATION, "Plan", site.folder / "state", writable=True, record_every=RECORD_EVERY
        )
        self.device = Device(setup, link, clock, perform=self._perform)
        self._settings = _settings(site)
        self._rows = rows(None if site.tariff is None else site.tariff.currency)
        self._keys = frozenset(row.key for row in self._rows)
        self._memory = Memory()
        self._schedule = self._kept_schedule()
        self._listed: Prices = ()
        self._forecast = Forecast(no_sun="pv" not in site.roles)
        self._told: tuple[Told, ...] = ()
        self._words: dict[str, str] = {}
        if site.tariff is not None and site.tariff.topic is not None:
            link.subscribe(site.tariff.topic, self._prices_came)
        if site.plan.forecast is not None:
            link.subscribe(site.plan.forecast, self._forecast_came)

    async def run(self) -> None:
        """Look, reckon and publish until cancelled."""
        self.device.describe(IDENTITY, self._rows)
        self._say_slots()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._learn())
            group.create_task(self._read_prices())
            group.create_task(self._show())

    async def _show(self) -> None:
        while True:
            self.turn()
            await self._clock.sleep(TURN)

    def turn(self) -> None:
        """Reckon once, and publish."""
        inputs = self._inputs()
        if inputs.wall is not None:
            self._expire(inputs.wall)
        self._memory, values = core.step(self._memory, inputs, self._settings)
        self.device.read(values, TURN, self._keys)
        self.device.publish()

    def _now(self) -> float | None:
        wall = self._clock.time()
        return wall if wall >= SANE else None

    def _inputs(self) -> Inputs:
        now = self._now()
        return house.inputs(
            self._live,
            self._site.roles,
            (self._clock.monotonic(), now),
            prices=() if now is None else self._prices(now),
            forecast=self._forecast,
            schedule=self._schedule,
            capacity=self._site.plan.capacity,
        )

    def _prices(self, now: float) -> Prices:
        """Yesterday's to the day after tomorrow's; a list that does not cover the time is absent."""
        tariff, zone = self._site.tariff, self._site.time_zone
        if tariff is None:
            return ()
        begin, end = day(now, zone)[0], day(now, zone, 2)[1]
        if tariff.csv is not None or tariff.topic is not None:
            return tuple(one for one in self._listed if one.end > begin and one.start < end)
        return of_tariff(tariff, begin, end, zone)

    def _prices_came(self, message: Message) -> None:
        taken = self._understood(
            message.topic, lambda: read_json(message.payload.decode("utf-8"), self._site.time_zone)
        )
        if taken is not None:
            self._listed = taken

    def _forecast_came(self, message: Message) -> None:
        taken = self._understood(message.topic, lambda: read_told(message.payload.decode("utf-8")))
        if taken is not None:
            self._told = taken
            self._forecast = Forecast(self._forecast.sun, self._forecast.house, taken, self._forecast.no_sun)

    def _understood(self, source: str, read: Callable[[], T]) -> T | None:
        """What was read; None where it is none, told once."""
        try:
            found = read()
        except (NoList, OSError, UnicodeDecodeError) as error:
            words = f"{source}: {error}; what came before holds for as long as it reaches"
            if self._words.get(source) != words:
                log.warning("plan: %s", words)
            self._words[source] = words
            return None
        self._words.pop(source, None)
        return found

    async def _read_prices(self) -> None:
        """Read the file of prices, and again every few minutes: others write it."""
        tariff, zone = self._site.tariff, self._site.time_zone
        while tariff is not None and tariff.csv is not None:
            file = Path(tariff.csv)
            taken = self._understood(
                str(file),
                lambda file=file: read_csv(file.read_text("utf-8"), zone),  # type: ignore[misc]
            )
            if taken is not None:
                self._listed = taken
            await self._clock.sleep(READ_EVERY)

    async def _learn(self) -> None:
        """Learn from the store what sun and house do; what cannot be read is absent, told once."""
        while True:
            now = self._now()
            if now is not None:
                await self._look_back(now)
            await self._clock.sleep(LEARN_EVERY)

    async def _look_back(self, now: float) -> None:
        history = History(self._site.record.store)
        end = now // HOUR * HOUR

        def hours(key: str, days: int) -> dict[float, float]:
            steps = history.history("site", key, end - days * DAY, end, HOUR)
            return {step.at: step.mean for step in steps}

        try:
            sun = await asyncio.to_thread(hours, "pv_power", PV_DAYS)
            load = await asyncio.to_thread(hours, "load_power", LOAD_DAYS)
        except (sqlite3.Error, OSError) as error:
            if self._words.get("store") != str(error):
                log.warning("plan: the store cannot be read (%s); no forecast of its own", error)
            self._words["store"] = str(error)
            sun, load = {}, {}
        else:
            self._words.pop("store", None)
        place = self._settings.place
        self._forecast = Forecast(
            None if place is None else sun_of(sun, place, now),
            house_of(load, self._site.time_zone, now),
            self._told,
            self._forecast.no_sun,
        )

    async def _perform(self, _: Entity, command: Command) -> Value:
        """Change the schedule, whole or not at all; raises Refused with the reason in words."""
        now = self._now()
        if now is None:
            raise Refused("the clock was never set, so there is no time for a schedule")
        inputs = self._inputs()
        limits = self._site.plan.limits(inputs.charge, inputs.discharge)
        try:
            wish = request(str(command.value), self._site.time_zone, now)
            changed = self._changed(wish, now, lambda: put(self._schedule, wish.slots, now, limits))
        except Impossible as error:
            raise Refused(str(error)) from None
        self._keep(changed)
        self._schedule = changed
        self._say_slots()
        self.turn()
        return str(self.device.values.get("schedule", "no slots"))

    def _changed(self, wish: Request, now: float, laid: Callable[[], Schedule]) -> Schedule:
        return coming(cut(self._schedule, *wish.clear), now) if wish.clear is not None else laid()

    def _expire(self, now: float) -> None:
        """Forget what is over; the default holds then, and it is put on record."""
        left = coming(self._schedule, now)
        if left == self._schedule:
            return
        gone, self._schedule = len(self._schedule) - len(left), left
        over, ahead = f"{gone} slot{'' if gone == 1 else 's'}", f"{len(left)} to come"
        change = audit.Change(f"{PLAN}/schedule", over, ahead, "expired", "Its time is over.", PLAN)
        audit.publish(self._link, self._clock, change)
        self._say_slots()
        try:
            self._keep(left)
        except DeviceError as error:
            log.error("plan: %s", error)

    def _keep(self, schedule: Schedule) -> None:
        try:
            self.device.kept.save({"schedule": [slot.to_json() for slot in schedule]})
        except OSError as error:
            raise DeviceError(f"the schedule cannot be kept: {error}; free some disk") from None

    def _kept_schedule(self) -> Schedule:
        try:
            return from_json(self.device.kept.content.get("schedule", []))
        except ValueError as error:
            log.error("%s: %s; there is no schedule", self.device.kept.path, error)
            return ()

    def _say_slots(self) -> None:
        """The whole schedule, retained: for page, HTTP and command line."""
        slots: list[Json] = [shown(slot, self._site.time_zone) for slot in self._schedule]
        content: dict[str, Json] = {"v": 1, "slots": slots}
        self._link.publish(f"{self._link.root}/{PLAN}/{SLOTS}", json.dumps(content), retain=True)


def _settings(site: Site) -> Settings:
    known = site.latitude is not None and site.longitude is not None
    switch = site.rules.grid_switch
    return Settings(
        zone=site.time_zone,
        spec=site.plan,
        place=Place(site.latitude or 0.0, site.longitude or 0.0) if known else None,
        battery="battery" in site.roles,
        grid_below=switch.connect_below if switch is not None and switch.relay is not None else None,
    )
