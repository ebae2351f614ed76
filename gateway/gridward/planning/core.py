"""All that the device `plan` shows, from what is known now: `step(memory, inputs)`. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from gridward.planning import prices as priced
from gridward.planning.battery import Plan, plan
from gridward.planning.forecast import Forecast, Place, energy
from gridward.planning.prices import QUARTER, Prices, day
from gridward.planning.request import words
from gridward.planning.slots import Schedule, coming, current
from gridward.planning.spec import PlanSpec
from gridward.planning.tonight import Bank, Evening, Grid, Night, tonight
from gridward_kit.point import Value

SMOOTH = 600.0  # s over which the present load is taken
LOST = 60.0  # s without a load after which what was before says nothing
DETAILS = 60.0  # s by the wall clock between looks at the night: a clock that steps is a look at once
CURRENTS = (2.0, 10.0)  # A: the least grid charging current that inverters take, and their steps
LONGEST = 255


@dataclass(frozen=True, slots=True)
class Settings:
    """What does not change while the program runs. `grid_below` is the grid switch's threshold, V."""

    zone: ZoneInfo
    spec: PlanSpec = field(default_factory=PlanSpec)
    place: Place | None = None
    battery: bool = True
    grid_below: float | None = None


@dataclass(frozen=True, slots=True)
class Inputs:
    """The house now: `monotonic` s, `wall` s since 1970 if it is believed; what is absent was not read.

    `bank.power` positive is charging; `charge` and `discharge` are what the devices allow, W; `nominal` is
    the bank's voltage that does not change with its charge, V.
    """

    monotonic: float
    wall: float | None
    bank: Bank = field(default_factory=Bank)
    load: float | None = None
    feeding: bool | None = None
    charge: float | None = None
    discharge: float | None = None
    nominal: float | None = None
    prices: Prices = ()
    forecast: Forecast = field(default_factory=Forecast)
    schedule: Schedule = ()


@dataclass(frozen=True, slots=True)
class Memory:
    """What goes on from step to step: the smoothed load and when it was last heard (monotonic), the plan of
    the battery and of what it was made, the night and when it was looked at (wall)."""

    load: float | None = None
    heard: float = 0.0
    plan: Plan | None = None
    made_of: tuple[object, ...] = ()
    night: Night | None = None
    seen: float = 0.0
    days: Mapping[str, Value] = field(default_factory=dict)


def step(memory: Memory, inputs: Inputs, settings: Settings) -> tuple[Memory, dict[str, Value]]:
    """Take in what is so now; returns the values by key. Without a clock that can be believed there are
    none, as everything here hangs on the time."""
    memory = _heard(memory, inputs)
    now = inputs.wall
    if now is None:
        return replace(memory, plan=None, made_of=(), night=None), {}
    memory = _planned(memory, inputs, settings, now)
    memory = _looked(memory, inputs, settings, now)
    values: dict[str, Value] = {**memory.days, **_priced(inputs, settings, now)}
    values |= _scheduled(inputs.schedule, settings.zone, now)
    if memory.plan is not None:
        values |= memory.plan.shown(now)
    if memory.night is not None:
        values |= _told(memory.night)
    current_wanted = _amperes(values, inputs, settings)
    if current_wanted is not None:
        values["charge_current"] = current_wanted
    return memory, values


def _heard(memory: Memory, inputs: Inputs) -> Memory:
    """The load of the last minutes; one that is no longer read is forgotten."""
    passed = inputs.monotonic - memory.heard
    if inputs.load is None:
        return memory if memory.load is None or passed <= LOST else replace(memory, load=None)
    if memory.load is None or passed > LOST:
        return replace(memory, load=inputs.load, heard=inputs.monotonic, night=None)
    share = min(1.0, max(0.0, passed) / SMOOTH)
    return replace(memory, load=memory.load + share * (inputs.load - memory.load), heard=inputs.monotonic)


def _planned(memory: Memory, inputs: Inputs, settings: Settings, now: float) -> Memory:
    """A plan holds for its quarter of an hour, unless prices or forecast are others meanwhile."""
    made_of: tuple[object, ...] = (now // QUARTER, inputs.prices, inputs.forecast)
    if made_of == memory.made_of and memory.plan is not None and memory.plan.complete:
        return memory
    limits = settings.spec.limits(inputs.charge, inputs.discharge)
    bank = inputs.bank if settings.battery else None
    made = plan(now, bank, inputs.prices, inputs.forecast, settings.spec, limits)
    return replace(memory, plan=made, made_of=made_of)


def _looked(memory: Memory, inputs: Inputs, settings: Settings, now: float) -> Memory:
    if memory.night is not None and 0 <= now - memory.seen < DETAILS and memory.load is not None:
        return memory
    evening = Evening(
        now=now,
        zone=settings.zone,
        bank=inputs.bank if settings.battery else None,
        load=memory.load,
        usual=inputs.forecast.load,
        sun=inputs.forecast.pv,
        reserve=settings.spec.reserve,
        grid=Grid(settings.grid_below, inputs.feeding),
        place=settings.place,
    )
    days = _days(inputs.forecast, settings.zone, now)
    return replace(memory, night=tonight(evening), seen=now, days=days)


def _days(forecast: Forecast, zone: ZoneInfo, now: float) -> dict[str, Value]:
    """kWh expected today and tomorrow, whole local days of 23, 24 or 25 hours."""
    found: dict[str, Value] = {}
    for name, after in (("today", 0), ("tomorrow", 1)):
        begin, end = day(now, zone, after)
        quarters = [begin + (place + 0.5) * QUARTER for place in range(round((end - begin) / QUARTER))]
        for key, power in (("pv", forecast.pv), ("load", forecast.load)):
            expected = energy([power(at) for at in quarters])
            if expected is not None:
                found[f"{key}_expected_{name}"] = round(expected, 1)
    return found


def _priced(inputs: Inputs, settings: Settings, now: float) -> dict[str, Value]:
    price, rank = priced.at(inputs.prices, now), priced.rank(inputs.prices, now, settings.zone)
    found: dict[str, Value] = {} if price is None else {"price": round(price, 6)}
    return found if rank is None else {**found, "price_rank": round(rank, 4)}


def _scheduled(schedule: Schedule, zone: ZoneInfo, now: float) -> dict[str, Value]:
    """What the schedule says now, and the next slots in words."""
    slot, ahead = current(schedule, now), coming(schedule, now)
    told = "; ".join(words(one, zone, now) for one in ahead) or "no slots"
    found: dict[str, Value] = {
        "schedule": told if len(told) <= LONGEST else f"{told[: LONGEST - 3]}...",
        "schedule_mode": "none" if slot is None else slot.mode,
    }
    if slot is not None:
        found["schedule_until"] = stamp(slot.end)
        if slot.power is not None:
            found["schedule_power"] = slot.power
    return found


def _told(night: Night) -> dict[str, Value]:
    moments = {"empty_at": night.empty_at, "sun_at": night.sun_at, "grid_at": night.grid_at}
    return {"tonight": night.says, **{key: stamp(at) for key, at in moments.items() if at is not None}}


def _amperes(values: Mapping[str, Value], inputs: Inputs, settings: Settings) -> float | None:
    """The grid's charging current (A) that schedule or plan ask for, rounded down to what inverters take."""
    watts: float | None = None
    scheduled = values.get("schedule_power")
    if values.get("schedule_mode") == "charge":
        watts = float(scheduled) if isinstance(scheduled, int | float) else None
    elif values.get("charge_now") is not True:
        return None
    if watts is None:
        watts = settings.spec.limits(inputs.charge, inputs.discharge).charge
    if not inputs.nominal:
        return None
    least, steps = CURRENTS
    amperes = watts / inputs.nominal + 1e-6
    return least if amperes < steps else amperes // steps * steps


def stamp(moment: float) -> str:
    """A moment to the minute, ISO 8601 in UTC."""
    return datetime.fromtimestamp(round(moment / 60) * 60, UTC).isoformat().replace("+00:00", "Z")
