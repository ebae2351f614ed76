"""Slots of a schedule: times with a power or a mode for the battery. Pure; times in s since 1970.

Battery power has the sign of the whole house: positive is charging.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from gridward_kit.kept import Json

Mode = Literal["charge", "discharge", "hold"]
MODES: tuple[Mode, ...] = ("charge", "discharge", "hold")
MOST = 200
LONGEST = 366 * 86400.0  # s that a slot may lie ahead
POSSIBLE = 100_000.0  # W where neither site file nor inverter says less


class Impossible(ValueError):
    """A request that cannot be carried out, in words."""


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """From `start` up to before `end`; without a power (W, positive charges) as much as the devices allow."""

    start: float
    end: float
    mode: Mode
    power: float | None = None

    def to_json(self) -> dict[str, Json]:
        """As it is kept."""
        return {"start": self.start, "end": self.end, "mode": self.mode, "power": self.power}


Schedule = tuple[Slot, ...]
"""In order of time; no two overlap."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The highest power in W into the battery and out of it (both positive)."""

    charge: float = POSSIBLE
    discharge: float = POSSIBLE


def put(schedule: Schedule, new: Iterable[Slot], now: float, limits: Limits) -> Schedule:
    """Lay new slots over the schedule: what they overlap gives way, in part if in part.

    Raises Impossible, and nothing is taken, for a slot that is past, has no length, asks for more than the
    limits, lies over another one of the same request, or too far ahead.
    """
    wished = sorted(new)
    for slot in wished:
        _possible(slot, now, limits)
    for before, after in pairwise(wished):
        if after.start < before.end:
            raise Impossible("two slots of this request overlap")
    kept = schedule
    for slot in wished:
        kept = cut(kept, slot.start, slot.end)
    whole = tuple(sorted((*(slot for slot in kept if slot.end > now), *wished)))
    if len(whole) > MOST:
        raise Impossible(f"that would be {len(whole)} slots; {MOST} are the most")
    return whole


def cut(schedule: Schedule, start: float, end: float) -> Schedule:
    """The schedule without what lies between two moments."""
    left: list[Slot] = []
    for slot in schedule:
        if slot.end <= start or slot.start >= end:
            left.append(slot)
            continue
        if slot.start < start:
            left.append(replace(slot, end=start))
        if slot.end > end:
            left.append(replace(slot, start=end))
    return tuple(left)


def current(schedule: Schedule, now: float) -> Slot | None:
    """The slot that holds now, None for the default."""
    return next((slot for slot in schedule if slot.start <= now < slot.end), None)


def coming(schedule: Schedule, now: float) -> Schedule:
    """What is not over yet."""
    return tuple(slot for slot in schedule if slot.end > now)


def from_json(content: Json) -> Schedule:
    """The schedule as it was kept; raises ValueError where it is none."""
    if not isinstance(content, list):
        raise ValueError("the schedule that was kept is no list")
    return tuple(sorted(_kept(item) for item in content))


def _kept(item: Json) -> Slot:
    if isinstance(item, dict):
        start, end, power = item.get("start"), item.get("end"), item.get("power")
        mode = next((one for one in MODES if one == item.get("mode")), None)
        if _number(start) and _number(end) and mode and (power is None or _number(power)):
            watts = None if power is None else float(str(power))
            return Slot(float(str(start)), float(str(end)), mode, watts)
    raise ValueError(f"{item!r} is no slot of a schedule")


def _number(item: Json) -> bool:
    return isinstance(item, int | float) and not isinstance(item, bool)


def _possible(slot: Slot, now: float, limits: Limits) -> None:
    if slot.end <= slot.start:
        raise Impossible("a slot has to end after it starts")
    if slot.start < now:
        raise Impossible("a slot starts in the past")
    if slot.end > now + LONGEST:
        raise Impossible("a slot lies more than a year ahead")
    power = slot.power or 0.0
    if power > limits.charge:
        raise Impossible(f"{power:g} W is more than can be charged ({limits.charge:g} W)")
    if -power > limits.discharge:
        raise Impossible(f"{-power:g} W is more than can be discharged ({limits.discharge:g} W)")
