"""How often one output may be written: pauses between writes, and a most in any 24 hours. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from gridward.rules.policy import Criticality, Output
from gridward.rules.view import Ref
from gridward.rules.words import span
from gridward_kit.command import same
from gridward_kit.kept import Json
from gridward_kit.point import Value

DAY = 86400.0
LONGEST_PAUSE = 3600.0
EXTRA = 5

Importance = Criticality | Literal["forced"]


@dataclass(frozen=True, slots=True)
class Tries:
    """A value that was written and not read back since: how often, and when last."""

    value: Value
    count: int
    at: float


@dataclass(frozen=True, slots=True)
class Written:
    """When one output was written (monotonic seconds of the last day), and what was tried, by safety
    rules and by all others apart: what a lower rule tries never makes a safety rule wait."""

    times: tuple[float, ...] = ()
    safety: Tries | None = None
    others: Tries | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """What speaks against a write now, or what is noted of the write."""

    written: Written
    code: Literal["write", "later", "spent"]
    why: str = ""


def spend(output: Output, written: Written, value: Value, importance: Importance, now: float) -> Spent:
    """Write, unless the last write is too near or too many went before. One that was not read back is
    tried again after a pause that doubles each time, up to an hour. A person is counted, not held."""
    times = tuple(at for at in written.times if 0 <= now - at < DAY)
    forced = importance == "forced"
    urgent = forced or importance == "safety"
    before = written.safety if urgent else written.others
    count = before.count if before is not None and same(before.value, value) else 0
    pause = min(output.apart * 2 ** min(max(count - 1, 0), 12), max(LONGEST_PAUSE, output.apart))
    last = None if before is None or (forced and not count) else before.at
    if not urgent and times:
        last = times[-1]
    if last is not None and 0 <= now - last < pause:
        return Spent(written, "later", f"Written {span(now - last)} ago, next after {span(pause)}")
    if len(times) >= output.per_day + (EXTRA if urgent else 0) and not forced:
        return Spent(written, "spent", f"{len(times)} writes in 24 h are the most")
    tries = Tries(value, count + 1, now)
    noted = Written((*times, now), tries if urgent else written.safety, written.others if urgent else tries)
    return Spent(noted, "write")


def confirmed(written: Written, value: Value) -> Written:
    """Forget the tries of a value that was read back."""
    safety, others = (
        None if one is not None and same(one.value, value) else one
        for one in (written.safety, written.others)
    )
    return replace(written, safety=safety, others=others)


def to_json(written: Mapping[Ref, tuple[float, ...]], now: float) -> Json:
    """What is kept of the writes: for how many seconds of running time each is past."""
    return {
        f"{ref.device}/{ref.key}": [round(now - at, 1) for at in times if 0 <= now - at < DAY]
        for ref, times in written.items()
    }


def from_json(content: Json, now: float) -> dict[Ref, tuple[float, ...]]:
    """Take up what was kept. How long nobody ran is not known, so it counts as no time at all."""
    found = {}
    for name, ages in content.items() if isinstance(content, dict) else ():
        device, _, key = name.partition("/")
        good = [age for age in ages if _is_age(age)] if isinstance(ages, list) else []
        times = sorted(now - age for age in good if isinstance(age, int | float))
        if times and key:
            found[Ref(device, key, name)] = tuple(times)
    return found


def _is_age(age: Json) -> bool:
    return isinstance(age, int | float) and not isinstance(age, bool) and 0 <= age < DAY
