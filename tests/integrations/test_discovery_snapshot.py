"""What Home Assistant is told of each integration's example device, whole, as a snapshot.

A change here is a change that users of Home Assistant see: look at it before it is accepted
(`pytest tests/integrations/test_discovery_snapshot.py --snapshot-update`).
"""

import json

from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from gridward_kit import discovery
from gridward_kit.integration import Integration

VERSION = "0"


def test_discovery(lined: Integration, snapshot: SnapshotAssertion) -> None:
    assert lined.dialect
    assert lined.example
    about = discovery.Announcement(
        root="gridward/home",
        site="home",
        device="unit",
        name="Unit",
        role="bus_line",
        identity=lined.example,
        version=VERSION,
        writable=True,
    )
    rows = lined.dialect(lined.example, {}).entities
    told = {discovery.topic(about, row): json.loads(discovery.message(about, row)) for row in rows}
    shared = ("device", "origin", "availability", "availability_mode")
    first = next(iter(told.values()))
    common = {key: first[key] for key in shared}
    assert all({key: message[key] for key in shared} == common for message in told.values())
    entities = {
        topic: {key: value for key, value in message.items() if key not in shared}
        for topic, message in told.items()
    }
    assert {"every entity": common, **entities} == snapshot(extension_class=JSONSnapshotExtension)
