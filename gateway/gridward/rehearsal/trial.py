"""Rules lived through on a plant, as fast as it goes: the same code as in a house, without its lines."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from datetime import time as clock_time

from gridward.planning.entities import PLAN
from gridward.planning.slots import Schedule
from gridward.planning.spec import RESERVE
from gridward.rehearsal.house import House
from gridward.rehearsal.plan import Planner
from gridward.rehearsal.rates import Rates
from gridward.rehearsal.switch import SEVERAL, switch_of
from gridward.rehearsal.tally import DAY, Result, Tally
from gridward.rules.engine import Inputs, Memory, decide
from gridward.rules.policy import Policy
from gridward.rules.view import View
from gridward.site import GridSwitchSettings, Site

FIRST = date(2026, 1, 1)


@dataclass(frozen=True, slots=True)
class Span:
    """What is lived through: so many days from `start`, in steps of so many seconds (1 to 60, whole ones
    in an hour); the seed of weather and household; the reserve in % that time below is counted of. Where
    settings are not `limited`, the write budget of the devices is counted and holds nothing back."""

    days: int = 365
    start: date = FIRST
    step: float = 60.0
    seed: int = 1
    reserve: float = RESERVE
    limited: bool = True


@dataclass(frozen=True, slots=True)
class Trial:
    """A site, under a name that tells it from the one beside it; `slots` are its schedule."""

    title: str
    site: Site
    slots: Schedule = ()


def rehearse(trial: Trial, span: Span, told: Callable[[], None] = lambda: None) -> Result:
    """Live through it; `told` is called after each day. The rules act, whatever mode the file says."""
    site = trial.site
    start = datetime.combine(span.start, clock_time(0), site.time_zone)
    house = House.of(site, start, span.seed)
    house.limited = span.limited
    switch = switch_of(site, span.step)
    rules = None if site.rules.policy is None else Rules(site.rules.policy, house, span.step)
    low = (site.rules.grid_switch or GridSwitchSettings("", "")).connect_below
    rates = Rates(site)
    tally = Tally(house.plant, span.step, span.reserve, low, rates)
    if PLAN in house.watched:
        house.planner = Planner(site, rates, trial.slots)
    plant, now, began = house.plant, 0.0, time.process_time()
    for day in range(span.days):
        for _ in range(round(DAY / span.step)):
            plant.step(span.step)
            now += span.step
            sources, local = house.sources(now), plant.now
            if switch is not None:
                tally.contactor(islanded=switch.turn(sources, now, local), now=now)
                tally.locks += switch.released(local)
            if rules is not None:
                rules.turn(View(sources, local), now, tally)
            tally.look(local)
        tally.end_day(span.start + timedelta(days=day))
        told()
    tally.beyond = house.beyond
    return tally.result(trial.title, span.start, time.process_time() - began)


class Rules:
    """A policy that acts on a house."""

    def __init__(self, policy: Policy, house: House, step: float) -> None:
        self._policy = replace(policy, gap=max(policy.gap, SEVERAL * step))
        self._house = house
        self._memory = Memory()

    def turn(self, view: View, now: float, tally: Tally) -> None:
        """Decide once and carry it out."""
        decisions, self._memory = decide(Inputs(view, worded=False), self._policy, now, self._memory)
        for one in decisions:
            if one.code == "write" and one.value is not None:
                refusal = self._house.command(one.output, one.value, f"rules:{one.criticality}", now)
                tally.wrote(one, refusal)
