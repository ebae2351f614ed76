"""Requests to change the schedule, as the entity `schedule` of the device `plan` takes them."""

import json
from collections.abc import Mapping, Sequence

from gridward_kit.kept import Json

KEY = "schedule"


def laid(slots: Sequence[Mapping[str, Json]]) -> str:
    """Lay slots over the schedule, all of them or none."""
    return json.dumps({"slots": [dict(slot) for slot in slots]})


def cleared(start: str | None = None, end: str | None = None) -> str:
    """Clear the schedule from and to these times; None is open."""
    bounds = {name: text for name, text in (("start", start), ("end", end)) if text is not None}
    return json.dumps({"clear": bounds})
