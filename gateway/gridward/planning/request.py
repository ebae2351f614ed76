"""What a request to change the schedule says, as JSON: local times of the site, or with an offset. Pure."""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from gridward.planning.forecast import HIGHEST
from gridward.planning.slots import MODES, Impossible, Mode, Slot
from gridward_kit.kept import Json

KEYS = frozenset({"start", "end", "power", "mode"})


@dataclass(frozen=True, slots=True)
class Request:
    """Slots to lay over the schedule, or a time (s since 1970) to be cleared."""

    slots: tuple[Slot, ...] = ()
    clear: tuple[float, float] | None = None


def request(text: str, zone: ZoneInfo, now: float) -> Request:
    """Read `{"slots": [{start, end, power or mode}, ...]}` or `{"clear": {start, end}}`.

    A slot without `start` starts `now`; what is cleared may be open on both sides. Raises Impossible.
    """
    try:
        content: Json = json.loads(text)
    except (ValueError, RecursionError):
        raise Impossible("the request is not JSON") from None
    if not isinstance(content, dict) or len(content) != 1:
        raise Impossible('expected {"slots": [...]} or {"clear": {...}}')
    slots, clear = content.get("slots"), content.get("clear")
    if isinstance(slots, list) and slots:
        return Request(slots=tuple(slot(item, zone, now) for item in slots))
    if isinstance(clear, dict) and set(clear) <= {"start", "end"}:
        start, end = clear.get("start"), clear.get("end")
        bounds = (
            -math.inf if start is None else moment(start, zone, "start"),
            math.inf if end is None else moment(end, zone, "end"),
        )
        if bounds[0] >= bounds[1]:
            raise Impossible("`end` has to come after `start`")
        return Request(clear=bounds)
    raise Impossible('expected {"slots": [...]} or {"clear": {...}}')


def slot(item: Json, zone: ZoneInfo, now: float) -> Slot:
    """One slot; raises Impossible."""
    if not isinstance(item, dict) or set(item) - KEYS:
        raise Impossible("a slot has `start`, `end`, and `power` (W, positive charges) or `mode`")
    start = moment(item["start"], zone, "start") if "start" in item else now
    end = moment(item.get("end"), zone, "end")
    if end <= start and isinstance(item.get("end"), str):
        end = _later(str(item["end"]), zone, end)
    power, wished = item.get("power"), item.get("mode")
    if power is not None and (
        isinstance(power, bool) or not isinstance(power, int | float) or not abs(power) <= HIGHEST
    ):
        raise Impossible("`power` is a number of W, positive to charge and negative to discharge")
    if wished is not None and wished not in MODES:
        raise Impossible(f"`mode` is one of {', '.join(MODES)}")
    if power is None and wished is None:
        raise Impossible("a slot needs `power` or `mode`")
    meant = None if power is None else meaning(power)
    mode = next((one for one in MODES if one == wished), meant)
    if mode is None or (meant is not None and mode != meant):
        raise Impossible(f"{power} W does not fit the mode {wished}: positive charges, negative discharges")
    return Slot(start, end, mode, None if power is None else float(power))


def meaning(power: float) -> Mode:
    """The mode of a power."""
    return "charge" if power > 0 else "discharge" if power < 0 else "hold"


def moment(value: Json, zone: ZoneInfo, name: str) -> float:
    """Seconds since 1970 of ISO 8601 local time, or with an offset.

    Of an hour that comes twice the first is meant; one that is left out that night is refused.
    """
    if isinstance(value, str):
        try:
            told = datetime.fromisoformat(value)
        except ValueError:
            told = None
        if told is not None:
            return told.timestamp() if told.tzinfo is not None else _local(told, zone)
    raise Impossible(f"`{name}` is a time such as 2026-11-21T22:00, in the site's zone if it has no offset")


def _local(told: datetime, zone: ZoneInfo) -> float:
    if not 1971 <= told.year <= 5000:
        raise Impossible(f"{told.year} is no year of a schedule")
    here = told.replace(tzinfo=zone, fold=0)
    there = here.astimezone(UTC)
    if there.astimezone(zone).replace(tzinfo=None) != told:
        raise Impossible(f"{told:%H:%M} does not exist on {told:%d %b}: clocks go forward then")
    return there.timestamp()


def _later(text: str, zone: ZoneInfo, first: float) -> float:
    """The second of two equal local times, where the first would be before the start."""
    told = datetime.fromisoformat(text)
    if told.tzinfo is not None:
        return first
    second = told.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return max(first, second.timestamp())


def shown(one: Slot, zone: ZoneInfo) -> dict[str, Json]:
    """A slot with local times and their offset, as HTTP and the broker tell it."""
    return {
        "start": datetime.fromtimestamp(one.start, zone).isoformat(),
        "end": datetime.fromtimestamp(one.end, zone).isoformat(),
        "mode": one.mode,
        "power": one.power,
    }


def words(one: Slot, zone: ZoneInfo, now: float) -> str:
    """A slot in a few words: `22:00 to 06:00 charge 2000 W`."""
    start, end = (datetime.fromtimestamp(at, zone) for at in (one.start, one.end))
    today = datetime.fromtimestamp(now, zone).date()
    day = "" if start.date() == today else f"{start.day} {start:%b} "
    far = end.date() - start.date() > timedelta(days=1)
    until = f"{end.day} {end:%b %H:%M}" if far else f"{end:%H:%M}"
    power = "" if not one.power else f" {abs(one.power):g} W"
    return f"{day}{start:%H:%M} to {until} {one.mode}{power}"
