"""A wish to set a value: parsed, checked, answered always, confirmed only by what is read back."""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from gridward_kit.entity import Entity, Number
from gridward_kit.kept import Json
from gridward_kit.mqtt import Link, Message
from gridward_kit.point import Value

TTL = 10.0
LONGEST = 300.0
REMEMBERED = 3600.0
SAME = 1e-6


@dataclass(frozen=True, slots=True)
class Command:
    """A value for an entity, from whom, until when and since when (monotonic seconds)."""

    value: Value
    id: str
    by: str
    deadline: float
    since: float | None = None


class Malformed(ValueError):
    """What cannot be a command, in words; `id` and `by` as far as it told them, to answer its sender."""

    def __init__(self, reason: str, identifier: str = "", by: str = "unknown") -> None:
        super().__init__(reason)
        self.id = identifier
        self.by = by


def parse(message: Message, fresh_id: Callable[[], str]) -> Command:
    """Read `.../command` (JSON) or Home Assistant's `.../set` (a bare value); raises Malformed."""
    if message.topic.endswith("/set"):
        return Command(
            message.payload.decode("utf-8", "replace"),
            fresh_id(),
            "home_assistant",
            message.at + TTL,
            message.at,
        )
    try:
        content: Json = json.loads(message.payload)
    except (ValueError, RecursionError):
        raise Malformed("the command is not JSON") from None
    if not isinstance(content, dict):
        raise Malformed("the command is not a JSON object")
    identifier, by = content.get("id"), content.get("by", "http")
    if not isinstance(identifier, str) or not 0 < len(identifier) <= 64:
        raise Malformed("the command has no id of 1 to 64 characters")
    if not isinstance(by, str):
        raise Malformed("`by` is not a name", identifier)
    value, ttl = content.get("value"), content.get("ttl", TTL)
    if not isinstance(value, bool | int | float | str):
        raise Malformed("the command has no value", identifier, by[:64])
    if isinstance(value, float) and not math.isfinite(value):
        raise Malformed("the value is not a finite number", identifier, by[:64])
    if not isinstance(ttl, int | float) or isinstance(ttl, bool) or not 0 < ttl <= LONGEST:
        raise Malformed(f"`ttl` is not a time above 0 and up to {LONGEST:g} s", identifier, by[:64])
    return Command(value, identifier, by[:64], message.at + ttl, message.at)


class Seen:
    """The ids of the last hour's commands."""

    def __init__(self) -> None:
        self._ids: dict[str, float] = {}

    def again(self, identifier: str, now: float) -> bool:
        """Whether this id came before; it is remembered from now on."""
        self._ids = {key: at for key, at in self._ids.items() if now - at < REMEMBERED}
        known = identifier in self._ids
        self._ids.setdefault(identifier, now)
        return known


def same(one: Value | None, other: Value) -> bool:
    """Whether two values are one and the same to a device: numbers within a millionth."""
    if one is None or isinstance(one, str) or isinstance(other, str):
        return one == other
    if isinstance(one, bool) or isinstance(other, bool):
        return bool(one) == bool(other)
    return abs(one - other) < SAME


def crossed(
    row: Entity, value: Value, rows: Mapping[str, Entity], known: Iterable[Mapping[str, Value]]
) -> str | None:
    """Why a number cannot be set beside the one that it must stay under, or those that stay under it, in
    words; None if it can. `known` are the values that stand, and those that are just being set."""
    numbers = {one.key: one for one in rows.values() if isinstance(one, Number)}
    mine = numbers.get(row.key)
    if mine is None:
        return None
    for other in numbers.values():
        above, below = other.key == mine.under, other.under == mine.key
        for stands in (values.get(other.key) for values in known):
            if stands is None or isinstance(stands, str):
                continue
            if (above and float(value) > stands + SAME) or (below and float(value) < stands - SAME):
                side = "above" if above else "below"
                words = f"{float(value):g} is {side} {other.name}, {float(stands):g}"
                return f"{words}: that one has to be set first"
    return None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command: its status, why, what stood before and stands now, and how long it took."""

    status: str
    reason: str
    before: Value | None
    value: Value | None
    seconds: float | None = None


def answer(link: Link, at: str, what: str, command: Command, outcome: Outcome) -> None:
    """Publish what became of a command to `what`, a device and its entity; a final one is audited too."""
    result: dict[str, Json] = {
        "v": 1,
        "id": command.id,
        "status": outcome.status,
        "value": outcome.value,
        "reason": outcome.reason,
        "by": command.by,
        "at": at,
    }
    link.publish(f"{link.root}/{what}/result", json.dumps(result, ensure_ascii=False))
    if outcome.status != "accepted":
        event = {**result, "what": what, "asked": command.value, "before": outcome.before}
        if outcome.seconds is not None:
            event["seconds"] = outcome.seconds
        link.publish(f"{link.root}/audit", json.dumps(event, ensure_ascii=False))
