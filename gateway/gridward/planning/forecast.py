"""What sun and house are expected to do: from the days before, or from a list. Pure; W and s since 1970.

The sun's estimate is the clear sky over the site, hour by hour, times what the array made of it on the last
days; the house's is the mean of its own weeks by weekday and hour. Both are absent without enough history.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from statistics import fmean
from zoneinfo import ZoneInfo

from gridward.planning.prices import HOUR, QUARTER, NoList
from gridward.plant.sun import clear_sky, direction
from gridward_kit.kept import Json

DAY = 86400.0
PV_DAYS = 7
LOAD_DAYS = 28
LEAST_SUN = 2000.0  # Wh/m2 of clear sky in the history, about a winter's day and a half
LOW_SUN = 100.0  # W/m2 under which an hour tells nothing about the array
LEAST_HOURS = 20  # of the day before: a gateway that was begun yesterday has a night behind it
OLDEST = 3 * DAY  # s: a history that ends before is no forecast
HIGHEST = 1e6  # W

Hourly = Mapping[float, float]
"""Mean W of each hour by its begin."""


@dataclass(frozen=True, slots=True)
class Place:
    """Degrees, north and east positive."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Sun:
    """What the array made of each W/m2 of clear sky lately, by hour of the UTC day; `usual` elsewhere."""

    place: Place
    usual: float
    by_hour: Mapping[int, float] = field(default_factory=dict)

    def power(self, moment: float) -> float:
        """Expected W at a moment, never negative."""
        sky = clear(moment, self.place)
        return sky * self.by_hour.get(int(moment % DAY // HOUR), self.usual)


@dataclass(frozen=True, slots=True)
class House:
    """Mean load (W) by weekday (0 is Monday) and hour of the site's clock, and by hour alone; `usual` in an
    hour that was never seen."""

    zone: ZoneInfo
    by_weekday: Mapping[tuple[int, int], float]
    by_hour: Mapping[int, float]
    usual: float

    def power(self, moment: float) -> float:
        """Expected W at a moment."""
        local = datetime.fromtimestamp(moment, self.zone)
        known = self.by_weekday.get((local.weekday(), local.hour))
        return self.by_hour.get(local.hour, self.usual) if known is None else known


@dataclass(frozen=True, slots=True)
class Told:
    """One step of a forecast that somebody else made; W, each of them may be left out."""

    start: float
    end: float
    pv: float | None
    load: float | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected; a list goes first. `no_sun`: the site has no array, so nothing is known for sure."""

    sun: Sun | None = None
    house: House | None = None
    told: tuple[Told, ...] = ()
    no_sun: bool = False

    def pv(self, moment: float) -> float | None:
        """Expected W of the sun; None where nothing tells."""
        if self.no_sun:
            return 0.0
        said = self._said(moment)
        if said is not None and said.pv is not None:
            return said.pv
        return None if self.sun is None else self.sun.power(moment)

    def load(self, moment: float) -> float | None:
        """Expected W of the house; None where nothing tells."""
        said = self._said(moment)
        if said is not None and said.load is not None:
            return said.load
        return None if self.house is None else self.house.power(moment)

    def _said(self, moment: float) -> Told | None:
        return next((one for one in self.told if one.start <= moment < one.end), None)


def energy(power: Sequence[float | None]) -> float | None:
    """kWh of W by quarters of an hour; None if one is not known."""
    known = [watts for watts in power if watts is not None]
    return sum(known) * QUARTER / HOUR / 1000 if len(known) == len(power) else None


@lru_cache(maxsize=1024)  # the next plan asks for the same quarters of an hour
def clear(moment: float, place: Place) -> float:
    """W/m2 of a clear sky on level ground."""
    return clear_sky(direction(moment, place.latitude, place.longitude)[2])


def sun_of(history: Hourly, place: Place, now: float) -> Sun | None:
    """The array by its last days; None without enough daylight in them, or if they are too old."""
    lately = {at: watts for at, watts in history.items() if now - PV_DAYS * DAY <= at < now}
    if not lately or max(lately) < now - OLDEST:
        return None
    sky = {at: _hour(at, place) for at in lately}
    whole = sum(sky.values())
    if whole < LEAST_SUN:
        return None
    made: dict[int, list[tuple[float, float]]] = {}
    for at, light in sky.items():
        if light >= LOW_SUN:
            made.setdefault(int(at % DAY // HOUR), []).append((max(0.0, lately[at]), light))
    by_hour = {
        hour: sum(watts for watts, _ in rows) / sum(light for _, light in rows) for hour, rows in made.items()
    }
    lit = [at for at, light in sky.items() if light > 0]
    return Sun(place, sum(max(0.0, lately[at]) for at in lit) / whole, by_hour)


def _hour(begin: float, place: Place) -> float:
    return fmean(clear(begin + (part + 0.5) * QUARTER, place) for part in range(4))


def house_of(history: Hourly, zone: ZoneInfo, now: float) -> House | None:
    """The house by its last weeks; None with less than most of a day, or if they are too old."""
    lately = {at: watts for at, watts in history.items() if now - LOAD_DAYS * DAY <= at < now}
    if len(lately) < LEAST_HOURS or max(lately) < now - OLDEST:
        return None
    by_weekday: dict[tuple[int, int], list[float]] = {}
    by_hour: dict[int, list[float]] = {}
    for at, watts in lately.items():
        local = datetime.fromtimestamp(at, zone)
        by_weekday.setdefault((local.weekday(), local.hour), []).append(max(0.0, watts))
        by_hour.setdefault(local.hour, []).append(max(0.0, watts))
    return House(
        zone,
        {key: fmean(rows) for key, rows in by_weekday.items()},
        {key: fmean(rows) for key, rows in by_hour.items()},
        max(0.0, fmean(lately.values())),
    )


def read_told(payload: str) -> tuple[Told, ...]:
    """A list `[{"start": ISO, "end": ISO, "pv": W, "load": W}, ...]`, times with their offset, one of the
    two powers or both; raises NoList."""
    try:
        content: Json = json.loads(payload)
    except (ValueError, RecursionError):
        raise NoList("the forecast is not JSON") from None
    if not isinstance(content, list) or len(content) > 2000:
        raise NoList("the forecast is a list of at most 2000 steps")
    return tuple(sorted((_step(item) for item in content), key=lambda step: step.start))


def _step(item: Json) -> Told:
    if not isinstance(item, dict):
        raise NoList(f"{item!r} is no step of a forecast")
    start, end = _moment(item.get("start")), _moment(item.get("end"))
    if start >= end:
        raise NoList("a step of the forecast ends before it starts")
    return Told(start, end, _watts(item.get("pv")), _watts(item.get("load")))


def _moment(value: Json) -> float:
    try:
        told = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        told = None
    if told is None or told.tzinfo is None:
        raise NoList(f"{value!r} is no time with an offset, as 2026-11-21T00:00+01:00")
    return told.timestamp()


def _watts(value: Json) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= HIGHEST:
        raise NoList(f"{value!r} is no power in W of 0 or more")
    return float(value)
