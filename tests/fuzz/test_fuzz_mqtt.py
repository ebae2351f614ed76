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

AT = "2026-11-21T12:00:00.000Z"
ROOT = "gridward/home/"
OTHERS: dict[str, Tree] = {
    "contactor/state": {"v": 1, "at": AT, "feedback": "islanded", "position": "islanded", "closed": False},
    "contactor/lease": {"v": 1, "epoch": "5f0c", "n": 7},
    "contactor/lease/renew": {"v": 1, "epoch": "5f0c", "n": 7},
    "inverter/output_source_priority/command": {"v": 1, "value": "SUB", "id": "a", "by": "http", "ttl": 5},
    "bms/soc_setting/command": {"v": 1, "value": 50, "id": "b", "by": "http", "ttl": 5},
    "rules/mode/command": {"v": 1, "value": "observe", "id": "c", "by": "http", "ttl": 5},
    "rules/override/command": {"v": 1, "value": "stop", "id": "d", "by": "http", "ttl": 5},
    "rules/grid_override/command": {"v": 1, "value": "connected", "id": "e", "by": "http", "ttl": 5},
    "plan/schedule/command": {
        "v": 1, "value": '{"slots": [{"end": "2026-11-21T13:00", "mode": "hold"}]}', "id": "f", "ttl": 5
    },
    "rules/proposals": {
        "v": 1, "proposals": [{"id": "a1", "status": "open", "output": "inverter.x", "value": 1, "until": AT}]
    },
    "recorder/alarm": {"v": 1, "at": AT, "reason": "full", "remedy": "free some"},
    "recorder/follower/influx": {
        "v": 1, "at": AT, "database": "influx", "read": 9, "sent": 4, "refused": 0, "omitted": 1,
        "waiting": 4, "waiting_from": AT, "reason": "it is away", "remedy": "start it"
    },
    "bus_a/capture": {"v": 1, "at": AT, "on": True, "path": "/x", "cap": 2},
}  # fmt: skip
PLAIN: dict[str, bytes] = {
    "gridward/home/inverter/availability": b"online",
    "gridward/home/bus_a/availability": b"offline",
    "gridward/home/inverter/output_source_priority/set": b"SBU",
    "homeassistant/status": b"online",
    "homeassistant/sensor/other/x/config": b'{"name":"x","state_topic":"o/x","unique_id":"u"}',
    "o/x": b"12.5",
    "prices/today": b'[{"start":"2026-11-21T12:00+01:00","end":"2026-11-21T13:00+01:00","price":0.2}]',
    "forecast/pv": b'[{"start":"2026-11-21T12:00+01:00","end":"2026-11-21T13:00+01:00","pv":1200}]',
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


async def lived(folder: Path) -> tuple[dict[str, bytes], list[BaseException]]:
    """What is said last on each topic of a house that others speak to as they should."""
    good = {f"{ROOT}{tail}": text(tree) for tail, tree in OTHERS.items()} | PLAIN
    async with Crowd(folder) as crowd:
        for topic, payload in good.items():
            await crowd.deliver(topic, payload, retain=False)
            await crowd.turned.turn(0.5)
        await crowd.turned.turn(10)
        said = {topic: payload.encode() for topic, payload, _ in crowd.memory.log if payload}
        own = {topic: payload for topic, payload in said.items() if topic.startswith(ROOT)}
        return {**own, **good}, crowd.died


@cache
def recorded() -> dict[str, bytes]:
    """A good message of each topic."""
    with TemporaryDirectory() as folder:
        found, died = asyncio.run(lived(Path(folder)))
    assert died == []
    return found


def tree_of(payload: bytes) -> Tree | None:
    """A payload as a tree, None if it is a bare word."""
    if not payload.startswith(b"{"):
        return None
    found: Tree = json.loads(payload)
    return found


@st.composite
def messages(draw: st.DrawFn) -> tuple[str, bytes, bool]:
    """A message that is nearly right, or bytes on a topic that is nearly one of ours."""
    retain = draw(st.integers(0, 3)) == 0
    if draw(st.integers(0, 4)) == 0:
        topic = f"gridward/home/{draw(st.sampled_from(LEVELS))}/{draw(st.sampled_from(TAILS))}"
        return topic, draw(st.binary(max_size=20) | odd.map(text)), retain
    topic = draw(st.sampled_from(sorted(recorded())))
    good = recorded()[topic]
    own = tree_of(good)
    if own is None:
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


def test_what_is_mangled_was_good(caplog: pytest.LogCaptureFixture) -> None:
    """A message that is refused as it stands never shows what its mangled kin do behind the refusal."""
    recorded.cache_clear()
    with caplog.at_level(logging.WARNING):
        found = recorded()
    assert [record.getMessage() for record in caplog.records] == []
    results = [json.loads(found[topic])["status"] for topic in found if topic.endswith("/result")]
    assert len(results) == 6
    assert set(results) <= {"confirmed", "unchanged"}
    assert {f"{ROOT}{name}/info" for name in ("inverter", "bms", "rules", "plan")} <= set(found)
