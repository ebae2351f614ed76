"""The night in one sentence: how long the battery lasts, when the sun comes, when the grid joins. Pure."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import exp
from zoneinfo import ZoneInfo

from gridward.planning.forecast import Place
from gridward.planning.prices import QUARTER
from gridward.plant.cells import LEVELS, STEPS
from gridward.plant.sun import HORIZON as UPPER_EDGE
from gridward.plant.sun import elevation, sunrise_and_sunset

MOVES = 30.0  # W under which a battery rests
INVERTER = 0.93  # of what leaves the battery reaches the house
HORIZON = 36 * 3600.0
FADES = 4 * 3600.0  # s after which a third is left of what is unusual now
FACTOR = (0.5, 2.0)  # how far the present may be from what is usual at this hour
CELL = 3.2  # V of a LiFePO4 cell, nominal
DEEPEST_SAG = 0.3  # V of a cell under load

Power = Callable[[float], float | None]
Levels = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Bank:
    """The battery now: per cent, W (positive charges), V, Wh when full; None for what was not read."""

    soc: float | None = None
    power: float | None = None
    voltage: float | None = None
    capacity: float | None = None
    cells: int | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """When the grid joins: under `below` V of the bank; whether it feeds the house now, None unknown."""

    below: float | None = None
    feeding: bool | None = None


@dataclass(frozen=True, slots=True)
class Evening:
    """All that the sentence is made from. `load` is that of the present (W), `usual` and `sun` are what is
    expected at a time; `reserve` is the SoC (%) down to which the battery is said to last."""

    now: float
    zone: ZoneInfo
    bank: Bank | None
    load: float | None
    usual: Power
    sun: Power
    reserve: float
    grid: Grid = Grid()
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Night:
    """The sentence, and its moments (s since 1970) where they are known."""

    says: str
    empty_at: float | None = None
    sun_at: float | None = None
    grid_at: float | None = None


def tonight(evening: Evening) -> Night:
    """What is to be said of the coming night, in at most 255 characters."""
    rises, up = sunrise(evening)
    sunny = _sunny(evening, rises, up=up)
    bank = evening.bank
    if bank is None:
        return Night(_said("This site has no battery", sunny), sun_at=rises)
    needed = {
        "the battery's charge": bank.soc,
        "its capacity": bank.capacity,
        "its power": bank.power,
        "the house's load": evening.load,
    }
    missing = [name for name, value in needed.items() if value is None]
    if missing:
        words = f"How long the battery lasts is not known: no reading of {', '.join(missing)}"
        return Night(_said(words, sunny), sun_at=rises)
    charging = (bank.power or 0.0) >= MOVES
    begin = f"The battery charges with {_power(bank.power or 0.0)}" if charging else ""
    if evening.sun(evening.now) is None and (up or (up is None and charging)):
        why = (
            "nothing tells yet what the sun will give"
            if up
            else "the site file has no latitude and longitude"
        )
        return Night(_said(begin, f"how long it lasts cannot be said by day, as {why}"), sun_at=rises)
    return _lasting(evening, bank, (begin, sunny), rises)


def _lasting(evening: Evening, bank: Bank, around: tuple[str, str], rises: float | None) -> Night:
    begin, sunny = around
    levels = course(evening, bank, rises)
    empty = falls(levels, evening.reserve)
    joins = None if evening.grid.feeding else _joins(evening, bank, levels)
    grid = _grid(evening, joins)
    if empty is None:
        until = "36 hours and more" if rises is None else "the night"
        then = "then" if rises is None else f"when the sun rises at {clock(rises, evening.zone)}"
        lasts = f"{'it' if begin else 'the battery'} lasts {until}: about {levels[-1][1]:.0f} % left {then}"
        return Night(_said(begin, lasts, grid), None, rises, joins)
    at = clock(empty, evening.zone)
    if empty <= evening.now:
        lasts = "the battery is down to its reserve"
    elif evening.grid.feeding and not begin:
        lasts = f"the grid carries the house; the battery alone would last until {at}"
    else:
        lasts = f"{'it lasts' if begin else 'at this load the battery lasts'} until {at}"
    return Night(_said(begin, lasts, sunny, grid), empty, rises, joins)


def sunrise(evening: Evening) -> tuple[float | None, bool | None]:
    """The next sunrise within two days, and whether the sun is up; None for what is not known."""
    if evening.place is None:
        return None, None
    place = (evening.place.latitude, evening.place.longitude)
    today = datetime.fromtimestamp(evening.now, evening.zone).date()
    found = (sunrise_and_sunset(today + timedelta(days=more), *place, evening.zone) for more in range(-1, 3))
    moments = (one[0].timestamp() for one in found if one is not None)
    later = (at for at in sorted(moments) if at > evening.now)
    return next(later, None), elevation(evening.now, *place) > UPPER_EDGE


def course(evening: Evening, bank: Bank, rises: float | None) -> Levels:
    """SoC (%) from now to the next sunrise by quarters of an hour: the house as usual at each hour, scaled by
    what it draws now (which counts ever less later on), less the sun."""
    load, soc, capacity = evening.load or 0.0, bank.soc or 0.0, bank.capacity or 1.0
    usual = evening.usual(evening.now)
    factor = 1.0 if not usual else min(FACTOR[1], max(FACTOR[0], load / usual))
    end = evening.now + HORIZON if rises is None else rises
    levels = [(evening.now, soc)]
    at = evening.now
    while at < end:
        after = min(end, at + QUARTER)
        expected = evening.usual(at)
        like_now = 1 + (factor - 1) * exp((evening.now - at) / FADES)
        house = load if expected is None else expected * like_now
        net = house - (evening.sun(at) or 0.0)
        out = net / INVERTER if net > 0 else net * INVERTER
        soc = min(100.0, max(0.0, soc - out * (after - at) / 3600 / capacity * 100))
        levels.append((after, soc))
        at = after
    return levels


def falls(levels: Levels, soc: float) -> float | None:
    """When the SoC reaches a level from above; None if it does not."""
    if levels[0][1] <= soc:
        return levels[0][0]
    for (at, high), (after, low) in pairwise(levels):
        if low <= soc < high:
            return at + (after - at) * (high - soc) / (high - low)
    return None


def _joins(evening: Evening, bank: Bank, levels: Levels) -> float | None:
    """When the bank falls under the grid's threshold: by its rest voltage, less what it sags now."""
    below = evening.grid.below
    if below is None:
        return None
    cells = bank.cells or max(1, round(below / CELL))
    sag = 0.0
    if bank.voltage is not None and (bank.power or 0.0) <= -MOVES:
        rest = LEVELS[round((bank.soc or 0.0) / 100 * STEPS)]
        sag = min(DEEPEST_SAG, max(0.0, rest - bank.voltage / cells))
    level = bisect_left(LEVELS, below / cells + sag)
    return falls(levels, 100 * level / STEPS)


def _sunny(evening: Evening, rises: float | None, *, up: bool | None) -> str:
    if up is None:
        return "when the sun rises is not known: the site file has no latitude and longitude"
    if rises is None:
        return "the sun does not set" if up else "the sun does not rise tomorrow"
    return f"sun at {clock(rises, evening.zone)}"


def _grid(evening: Evening, joins: float | None) -> str:
    if joins is None:
        return ""
    if joins <= evening.now + QUARTER / 3:
        return "the grid will join any minute"
    return f"the grid will join about {clock(joins, evening.zone)}"


def _said(*parts: str) -> str:
    told = "; ".join(part for part in parts if part)
    return f"{told[:1].upper()}{told[1:253]}."


def _power(watts: float) -> str:
    return f"{watts / 1000:.1f} kW" if watts >= 1000 else f"{watts:.0f} W"


def clock(moment: float, zone: ZoneInfo) -> str:
    """Local time to five minutes: nobody knows it better."""
    return f"{datetime.fromtimestamp(round(moment / 300) * 300, zone):%H:%M}"
