"""A wish to set a value: parsed, checked, answered always, confirmed only by what is read back."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from gridward_kit.kept import Json
from gridward_kit.mqtt import Message
from gridward_kit.point import Value

TTL = 10.0
LONGEST = 300.0
REMEMBERED = 3600.0


@dataclass(frozen=True, slots=True)
class Command:
    """A value for an entity, from whom, until when (monotonic seconds)."""

    value: Value
    id: str
    by: str
    deadline: float


def parse(message: Message, fresh_id: Callable[[], str]) -> Command:
    """Read `.../command` (JSON) or Home Assistant's `.../set` (a bare value); raises ValueError in words."""
    if message.topic.endswith("/set"):
        return Command(
            message.payload.decode("utf-8", "replace"), fresh_id(), "home_assistant", message.at + TTL
        )
    try:
        content: Json = json.loads(message.payload)
    except (ValueError, RecursionError):
        raise ValueError("the command is not JSON") from None
    if not isinstance(content, dict):
        raise ValueError("the command is not a JSON object")
    value, by, ttl = content.get("value"), content.get("by", "http"), content.get("ttl", TTL)
    if not isinstance(value, bool | int | float | str):
        raise ValueError("the command has no value")
    if not isinstance(by, str) or not isinstance(ttl, int | float) or isinstance(ttl, bool):
        raise ValueError("`by` is a name and `ttl` a number of seconds")
    if not 0 < ttl <= LONGEST:
        raise ValueError(f"`ttl` is not between 0 and {LONGEST:g} s")
    identifier = content.get("id")
    if not isinstance(identifier, str) or not 0 < len(identifier) <= 64:
        raise ValueError("the command has no id of 1 to 64 characters")
    return Command(value, identifier, by[:64], message.at + ttl)


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
    return abs(one - other) < 1e-6
