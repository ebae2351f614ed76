"""Whatever is published on whatever topic: every role goes on, and nothing is logged as a traceback."""

import asyncio
import json
import logging
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fuzz.budget import budget
from fuzz.houses import Crowd
from fuzz.mangle import Tree, mangled_bytes, mangled_tree, odd
from hypothesis import given
from hypothesis import strategies as st

OWN: dict[str, Tree] = {
    "inverter/state": {"v": 1, "at": "2026-11-21T12:00:00Z", "battery_voltage": 52.1, "mode": "battery"},
    "bms/state": {"v": 1, "at": "2026-11-21T12:00:00Z", "voltage": 52.1, "soc": 80, "current": -3.0},
    "bms/telemetry": {"v": 1, "device": "bms", "boot": "abc", "seq": 1, "values": {"soc": 80}},
    "bms/health": {"v": 1, "errors_today": 0, "polls": 12},
    "contactor/state": {"v": 1, "at": "2026-11-21T12:00:00Z", "feedback": "islanded", "position": "islanded"},
    "contactor/lease": {"v": 1, "id": "x", "ttl": 30},
    "contactor/lease/renew": {"v": 1, "id": "x", "by": "rules", "ttl": 30},
    "inverter/output_source_priority/command": {"v": 1, "value": "SBU", "id": "a", "by": "http", "ttl": 5},
    "inverter/output_source_priority/result": {"v": 1, "id": "a", "status": "confirmed", "value": 1},
    "bms/soc/command": {"v": 1, "value": 50, "id": "b", "by": "http", "ttl": 5},
    "rules/mode/command": {"v": 1, "value": "on", "id": "c", "by": "http", "ttl": 5},
    "rules/override/command": {"v": 1, "value": "all stop 2h", "id": "d", "by": "http", "ttl": 5},
    "rules/proposals": {"v": 1, "proposals": [{"id": "a1", "status": "open", "output": "x", "value": 1}]},
    "rules/decisions": {"v": 1, "outputs": [{"output": "inverter.x", "value": "SBU", "reason": "r"}]},
    "plan/slots": {"v": 1, "slots": [{"start": "2026-11-21T12:00:00+01:00", "end": "x", "mode": "hold"}]},
    "plan/schedule/command": {
        "v": 1, "value": '{"slots": [{"end": "2026-11-21T13:00", "mode": "hold"}]}', "id": "e", "ttl": 5
    },
    "notify/alarms": {"v": 1, "alarms": [{"id": "x", "since": 1.0}]},
    "recorder/alarm": {"v": 1, "at": "", "reason": "full", "remedy": "free some"},
    "recorder/follower/influx": {"v": 1, "behind": 4, "error": "no"},
    "bus_a/capture": {"v": 1, "on": True, "path": "x", "cap": 2},
    "audit": {"v": 1, "id": "z", "role": "rules", "boot": "b", "seq": 1, "what": "w"},
    "inverter/info": {"v": 1, "name": "x", "kind": "inverter", "entities": {"mode": {"component": "sensor"}}},
}  # fmt: skip
PLAIN: dict[str, bytes] = {
    "gridward/home/inverter/availability": b"online",
    "gridward/home/bus_a/availability": b"offline",
    "gridward/home/inverter/output_source_priority/set": b"SBU",
    "homeassistant/status": b"online",
    "homeassistant/sensor/other/x/config": b'{"name":"x","state_topic":"o/x","unique_id":"u"}',
    "o/x": b"12.5",
    "prices/today": b'[{"start":"2026-11-21T12:00:00+01:00","end":"2026-11-21T13:00:00+01:00","value":0.2}]',
    "forecast/pv": b'{"watts":{"2026-11-21 12:00:00":1200,"2026-11-21 13:00:00":1500}}',
}
LEVELS = [
    "inverter",
    "bms",
    "contactor",
    "rules",
    "plan",
    "recorder",
    "nobody",
    "bus_a",
    "",
    "\U0001f50b",
    "site",
]
TAILS = ["state", "info", "health", "command", "x/command", "x/result", "telemetry", "lease", "capture", ""]


def text(tree: Tree) -> bytes:
    return json.dumps(tree).encode()


@cache
def topics() -> list[str]:
    return sorted([*(f"gridward/home/{tail}" for tail in OWN), *PLAIN])


@st.composite
def messages(draw: st.DrawFn) -> tuple[str, bytes, bool]:
    """A message that is nearly right, or bytes on a topic that is nearly one of ours."""
    retain = draw(st.integers(0, 3)) == 0
    if draw(st.integers(0, 4)) == 0:
        topic = f"gridward/home/{draw(st.sampled_from(LEVELS))}/{draw(st.sampled_from(TAILS))}"
        return topic, draw(st.binary(max_size=20) | odd.map(text)), retain
    topic = draw(st.sampled_from(topics()))
    own = OWN.get(topic.removeprefix("gridward/home/"))
    if own is None:
        good = PLAIN[topic]
        return topic, draw(st.just(good) | mangled_bytes(good) | odd.map(text)), retain
    return topic, text(draw(mangled_tree(own) | st.just(own))), retain


async def flood(said: list[tuple[str, bytes, bool]], folder: Path) -> list[BaseException]:
    async with Crowd(folder) as crowd:
        for topic, payload, retain in said:
            await crowd.deliver(topic, payload, retain=retain)
            await crowd.turned.turn(0.1)
        await crowd.turned.turn(12)
        await asyncio.sleep(0.01)
        return crowd.died


@budget(5)
@given(said=st.lists(messages(), min_size=20, max_size=60))
def test_every_role_goes_on(said: list[tuple[str, bytes, bool]], caplog: pytest.LogCaptureFixture) -> None:
    caplog.clear()
    with TemporaryDirectory() as folder, caplog.at_level(logging.ERROR):
        died = asyncio.run(flood(said, Path(folder)))
    assert not died, died
    assert not [record.getMessage() for record in caplog.records if record.exc_info]
