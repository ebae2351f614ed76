"""What a person asks of the rules from outside: which entity of the device `rules` takes it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from gridward.rules.holds import ALL
from gridward.rules.override import FOR
from gridward_kit.kept import Json
from gridward_kit.point import Value

Told = Mapping[str, Mapping[str, Json]]
"""What the rules published under `rules/`, by the name of the topic."""
WORDS = {"all": ALL, "grid": "grid_override"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A command to the device `rules`."""

    entity: str
    value: Value


def proposals(told: Told) -> list[dict[str, Json]]:
    """The open proposals, the oldest first."""
    found = told.get("proposals", {}).get("proposals")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def rules(told: Told) -> list[dict[str, Json]]:
    """Each rule as it is now."""
    found = told.get("decisions", {}).get("rules")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def named(told: Told, name: str) -> dict[str, dict[str, Json]]:
    """The `outputs` or the `overrides`, by the output as the rule file calls it."""
    found = told.get("decisions", {}).get(name)
    items = found.items() if isinstance(found, dict) else ()
    return {said: one for said, one in items if isinstance(one, dict)}


def answer(told: Told, identifier: str, said: str) -> Asked | None:
    """The answer to one proposal; None where there is none of this id."""
    found = next((one for one in proposals(told) if one.get("id") == identifier), None)
    return None if found is None else Asked(str(found.get("entity")), f"{said} {identifier}")


def override(told: Told, output: str, value: Value, lasts: str | None = None) -> Asked | None:
    """A value, `stop` or `auto` for an output by any of its names, for `all` or the `grid`; None where
    there is no such output."""
    entity = WORDS.get(output) or _entity(told, output)
    wish = f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else value
    if isinstance(wish, bool):
        wish = "on" if wish else "off"
    return None if entity is None else Asked(entity, wish if lasts is None else f"{wish}{FOR}{lasts}")


def _entity(told: Told, output: str) -> str | None:
    for said, one in named(told, "outputs").items():
        if output in (said, f"{one.get('device')}.{one.get('key')}"):
            return f"{one.get('device')}_{one.get('key')}_override"
    return None
