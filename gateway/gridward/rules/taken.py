"""Whether a device takes a value, by what it says of its settings in `info`. Pure."""

from collections.abc import Mapping
from typing import TypeGuard

from gridward_kit.kept import Json
from gridward_kit.point import Value


def objection(said: Mapping[str, Json], value: Value) -> str | None:
    """What the device takes instead, in words; None where it takes this, or does not say."""
    options = said.get("options")
    if isinstance(options, list) and options:
        return None if value in options else _one_of(options)
    if isinstance(value, bool | str):
        return "a number" if "step" in said else None
    only, low, high, step = (said.get(key) for key in ("only", "low", "high", "step"))
    if isinstance(only, list) and only:
        return None if value in only else _one_of(only)
    if not (_number(low) and _number(high) and _number(step)):
        return None
    if not low <= value <= high:
        return f"{low:g} to {high:g}"
    steps = (value - low) / step if step else 0.0
    return None if abs(steps - round(steps)) < 1e-6 else f"{low:g} plus a multiple of {step:g}"


def _one_of(items: list[Json]) -> str:
    return f"one of {', '.join(f'{item:g}' if _number(item) else str(item) for item in items)}"


def _number(item: Json) -> TypeGuard[int | float]:
    return isinstance(item, int | float) and not isinstance(item, bool)
