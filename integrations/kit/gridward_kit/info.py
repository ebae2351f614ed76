"""What `<device>/info` and `<device>/health` say: enough for a page that has no table and no site file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from gridward_kit import discovery
from gridward_kit.entity import Entity
from gridward_kit.integration import Identity, Integration
from gridward_kit.kept import Json
from gridward_kit.mqtt import Link
from gridward_kit.spool import Spool
from gridward_kit.wear import BUCKET, Budget


@dataclass(frozen=True, slots=True)
class Setup:
    """One device of the site file, with what the whole site says beside it.

    `card` is id and name of another device on whose card Home Assistant shows this one's entities.
    """

    id: str
    integration: Integration
    name: str
    folder: Path
    writable: bool = False
    record_every: float = 5.0
    side: str | None = None
    port: str | None = None
    via: str | None = None
    card: tuple[str, str] | None = None


def announcement(setup: Setup, link: Link, identity: Identity) -> discovery.Announcement:
    """What discovery says of the device in each of its entities' messages."""
    return discovery.Announcement(
        root=link.root,
        site=link.site,
        device=setup.id,
        name=setup.name,
        role=link.role,
        identity=identity,
        version=version("gridward-kit"),
        writable=setup.writable,
        via=setup.via,
        card=setup.card,
    )


def info(setup: Setup, role: str, identity: Identity, entities: tuple[Entity, ...]) -> str:
    """The message as JSON."""
    content: dict[str, Json] = {
        "v": 1,
        "kind": setup.integration.kind,
        "role": role,
        "integration": setup.integration.domain,
        "name": setup.name,
        "model": identity.model,
        "protocol": identity.protocol,
        "serial": identity.serial,
        "firmware": identity.firmware,
        "writable": setup.writable,
        "side": setup.side,
        "port": setup.port,
        "entities": {row.key: described(row, writable=setup.writable) for row in entities},
    }
    return json.dumps(content, ensure_ascii=False)


def health(
    at: str, counters: Mapping[str, int], spool: Spool, budgets: Mapping[str, Budget], now: float
) -> str:
    """What is counted: faults of the line, what waits for the store, each stored setting's write budget."""
    content: dict[str, Json] = {
        "v": 1,
        "at": at,
        "errors": dict(counters),
        "spool": {"waiting": len(spool), "dropped": spool.dropped},
        "wear": {
            key: {"left": budget.left(now), "of": BUCKET, "total": budget.total}
            for key, budget in budgets.items()
        },
    }
    return json.dumps(content)


def described(row: Entity, *, writable: bool) -> dict[str, Json]:
    """An entity as `info` tells it: enough for a page and a recorder that have no table."""
    content: dict[str, Json] = {
        "name": row.name,
        "component": discovery.component(row, writable=writable),
        "category": str(row.category) if row.category else None,
        "unit": row.quantity.unit,
        "device_class": row.quantity.device_class,
        "precision": row.quantity.precision,
        "expert": row.expert,
    }
    for name in ("options", "only", "low", "high", "step", "device_class"):
        extra = getattr(row, name, None)
        if extra not in (None, ()):
            content[name] = list(extra) if isinstance(extra, tuple) else extra
    if not writable:
        content.pop("only", None)
    return content
