"""What the rules put on record: one event of the audit on the broker."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from gridward_kit.clock import Clock, iso
from gridward_kit.kept import Json
from gridward_kit.mqtt import Link
from gridward_kit.point import Value


@dataclass(frozen=True, slots=True)
class Change:
    """What changed, by whom, and why; None is unknown."""

    what: str
    before: Value | None
    after: Value | None
    status: str
    reason: str
    by: str = "rules"


def publish(link: Link, clock: Clock, change: Change, more: Mapping[str, Json] | None = None) -> None:
    """Publish the event with both clocks' time; `more` are further fields."""
    event: dict[str, Json] = {
        "v": 1,
        "id": uuid.uuid4().hex,
        "at": iso(clock.time()),
        "monotonic": round(clock.monotonic(), 3),
        "what": change.what,
        "by": change.by,
        "before": change.before,
        "after": change.after,
        "status": change.status,
        "reason": change.reason,
        **(more or {}),
    }
    link.publish(f"{link.root}/audit", json.dumps(event, ensure_ascii=False))
