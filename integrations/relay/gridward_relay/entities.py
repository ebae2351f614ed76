"""What a relay shows. It has no `set` for its position: that follows the lease alone."""

from gridward_kit.entity import (
    COUNT,
    ENUM,
    SECONDS,
    TEXT,
    TOTAL,
    BinarySensor,
    Button,
    Category,
    Entity,
    Sensor,
)
from gridward_kit.integration import Options
from gridward_kit.point import Value
from gridward_relay.contactor import Contactor, Position
from gridward_relay.drivers import Report
from gridward_relay.generator import ROWS as GENERATOR_ROWS
from gridward_relay.hand import WISHES
from gridward_relay.lease import Lease, Refusal
from gridward_relay.load import ROWS as LOAD_ROWS
from gridward_relay.options import GENERATOR, LOAD, settings

POSITIONS = tuple(str(position) for position in Position)
POSITION = Sensor("position", "Position", quantity=ENUM, options=POSITIONS)
FEEDBACK = Sensor("feedback", "Feedback", quantity=ENUM, options=POSITIONS)
CLOSED = BinarySensor("closed", "Contactor closed")
HAND = Sensor("hand", "By hand", quantity=ENUM, options=WISHES)
RELEASE = Button("release", "Release lock")
REFUSED = {refusal: f"renewals_{refusal}" for refusal in Refusal}

ENTITIES: tuple[Entity, ...] = (
    CLOSED,
    Sensor("lease_remaining", "Lease remaining", quantity=SECONDS, enabled=False),
    Sensor("changes_last_hour", "Changes in the last hour", quantity=COUNT),
    Sensor("changes_today", "Changes in 24 hours", quantity=COUNT),
    BinarySensor("locked", "Locked", device_class="problem"),
    HAND,
    Sensor("reason", "Reason", quantity=TEXT),
    Sensor("lease_ended_by", "Lease ended by", quantity=TEXT, category=Category.DIAGNOSTIC),
    RELEASE,
    *(
        Sensor(
            key,
            f"Renewals refused as {refusal}",
            quantity=TOTAL,
            category=Category.DIAGNOSTIC,
            enabled=False,
        )
        for refusal, key in REFUSED.items()
    ),
)


OWN = frozenset(
    (*(row.key for row in (POSITION, FEEDBACK, *ENTITIES)), "at", "availability", "info", "lease", "v")
)


def entities(options: Options) -> tuple[Entity, ...]:
    """The rows for these options; with none, every row that any relay can have. Raises ValueError."""
    if not options:
        return (POSITION, FEEDBACK, *ENTITIES)
    chosen = settings(options)
    if chosen.duty == GENERATOR:
        return GENERATOR_ROWS
    if chosen.duty == LOAD:
        return LOAD_ROWS
    taken = sorted(OWN & {item.key for item in chosen.inputs})
    if taken:
        words = ", ".join(f"`{key}`" for key in taken)
        raise ValueError(f"inputs: the keys {words} are the relay's own")
    feedback = (FEEDBACK,) if chosen.has_feedback else ()
    inputs = (BinarySensor(item.key, item.name) for item in chosen.inputs)
    return (POSITION, *feedback, *ENTITIES, *inputs)


def shown(contactor: Contactor, lease: Lease, report: Report, ended_by: str, now: float) -> dict[str, Value]:
    """The values of all rows; a position that was not read back is absent.

    `closed` follows the feedback contact, without one the relay's own position.
    """
    values: dict[str, Value] = {
        "lease_remaining": round(lease.remaining(now)),
        "changes_last_hour": contactor.changes_last_hour(now),
        "changes_today": contactor.changes_last_day(now),
        "locked": contactor.locked is not None,
        "reason": contactor.reason[:255],
        "lease_ended_by": ended_by,
        **{REFUSED[refusal]: count for refusal, count in lease.refused.items()},
        **report.inputs,
    }
    if report.output is not None:
        values[POSITION.key] = str(report.output)
    if report.feedback is not None:
        values[FEEDBACK.key] = str(report.feedback)
    stands = report.feedback or report.output
    if stands is not None:
        values[CLOSED.key] = stands is Position.CONNECTED
    return values
