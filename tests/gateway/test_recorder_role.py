"""The recorder on a broker: acknowledged only after the commit, alarms that clear, nothing lost."""

import asyncio
import json
import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from gateway.recorder_place import ALARM, ROOT, STORED, Place, file_size_limit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridward.recorder import store as store_module
from gridward.recorder.history import Stored
from gridward.recorder.role import ENOUGH
from gridward.recorder.schema import open_store
from gridward.recorder.store import Parcel
from gridward_kit.clock import iso
from gridward_kit.kept import Json
from gridward_kit.spool import Spool
from gridward_kit.testing import TurnedClock


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def test_what_is_acknowledged_is_on_disk_and_nothing_before(place: Place) -> None:
    for seq in (1, 2, 3):
        place.telemetry(seq, {"soc": 80 + seq})
        place.clock.pass_by(5)
    assert place.acknowledged() == []
    await place.recorder.cycle()
    assert place.acknowledged() == [("b", 3)]
    assert place.broker.retained[STORED] == '{"v": 1, "boot": "b", "seq": 3}'
    assert place.store.count() == 3
    await place.recorder.cycle()
    assert len(place.acknowledged()) == 1, "nothing new, nothing said"


async def test_the_device_says_what_its_series_are(place: Place) -> None:
    info = {"v": 1, "kind": "battery", "integration": "daly", "entities": {"soc": {"unit": "%"}, "x": None}}
    place.broker.publish(f"{ROOT}/bms/info", json.dumps(info), retain=True)
    place.telemetry(1, {"soc": 80})
    await place.recorder.cycle()
    assert [(one.key, one.unit, one.kind) for one in place.store.series("bms")] == [("soc", "%", "battery")]


async def test_audit_events_are_kept(place: Place) -> None:
    event = {"v": 1, "at": iso(place.clock.time() - 5), "what": "inverter/mode", "by": "http"}
    place.broker.publish(f"{ROOT}/audit", json.dumps(event))
    await place.recorder.cycle()
    told = place.store.events(place.clock.time() - 60, place.clock.time())
    assert [(one.at, one.content) for one in told] == [(place.clock.time() - 5, event)]


async def test_enough_at_once_does_not_wait_for_the_cycle(place: Place) -> None:
    stored = asyncio.Event()
    place.broker.subscribe(STORED, lambda _: stored.set())
    running = asyncio.create_task(place.recorder.run())
    for seq in range(1, ENOUGH + 1):
        place.telemetry(seq, {"soc": 80})
    async with asyncio.timeout(20):
        await stored.wait()
    assert place.clock.monotonic() == TurnedClock().monotonic(), "no time was turned"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_came_last_is_stored_on_stop(place: Place) -> None:
    running = asyncio.create_task(place.recorder.run())
    await asyncio.sleep(0)
    place.telemetry(1, {"soc": 80})
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert place.store.count() == 1
    assert place.acknowledged() == [("b", 1)]


@pytest.mark.parametrize("part", ["audit", "readings"])
async def test_a_stop_while_the_store_is_busy_loses_nothing(place: Place, part: str) -> None:
    """Databases that follow work in the store's thread, too: what is queued behind them is stored."""
    recorder, first, second = place.recorder, threading.Event(), threading.Event()
    busy = [asyncio.ensure_future(recorder.in_thread(lambda: first.wait(20)))]
    place.telemetry(1, {"soc": 80})
    recorder.put(Parcel("bms", "", 0, place.clock.time(), {"spool_waiting": 7}, kind="health"))
    running = asyncio.create_task(recorder.run())
    await asyncio.sleep(0)
    if part == "readings":
        audited = recorder.in_thread(lambda: True)
        busy.append(asyncio.ensure_future(recorder.in_thread(lambda: second.wait(20))))
        first.set()
        await audited
    running.cancel()
    await asyncio.sleep(0)  # else what is queued begins before it is called off
    first.set()
    second.set()
    await asyncio.gather(running, *busy, return_exceptions=True)
    assert place.store.count() == 2
    assert place.acknowledged() == [("b", 1)]


async def test_a_disk_that_refuses_raises_an_alarm_and_recovers(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gridward.recorder")
    place.telemetry(1, {"soc": 80})
    await place.recorder.cycle()
    big: dict[str, Json] = {f"cell_{number}_voltage": 3.3 for number in range(3000)}
    with file_size_limit(150_000):
        for seq in (2, 3, 4):
            place.telemetry(seq, big)
            place.clock.pass_by(1)
            await place.recorder.cycle()
            alarm = place.alarm()
            assert alarm is not None
            assert "disk" in alarm["reason"]
            assert "free some disk" in alarm["remedy"]
    assert place.acknowledged() == [("b", 1)]
    await place.recorder.cycle()
    assert place.alarm() is None
    assert place.acknowledged() == [("b", 1), ("b", 4)]
    assert place.store.count() == 1 + 3 * len(big)
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"], "told once each way"


async def test_a_full_database_is_told_as_a_full_disk(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def cramped(path: Path) -> sqlite3.Connection:
        connection = open_store(path)
        connection.execute("PRAGMA max_page_count=24")
        return connection

    monkeypatch.setattr(store_module, "open_store", cramped)
    big: dict[str, Json] = {f"cell_{number}_voltage": 3.3 for number in range(3000)}
    place.telemetry(1, big)
    event = {"v": 1, "what": "inverter/mode", "by": "http"}
    place.broker.publish(f"{ROOT}/audit", json.dumps(event))
    await place.recorder.cycle()
    alarm = place.alarm()
    assert alarm is not None
    assert alarm["reason"].startswith("the disk is full")
    assert place.acknowledged() == []
    monkeypatch.undo()
    await place.recorder.cycle()
    assert place.acknowledged() == [("b", 1)]
    assert len(place.store.events(0, place.clock.time() + 1)) == 1, "the audit waited, too"


async def test_a_broken_store_is_told_until_it_is_moved_away(place: Place) -> None:
    place.store.path.write_bytes(b"this is no database, " * 200)
    place.telemetry(1, {"soc": 80})
    await place.recorder.cycle()
    alarm = place.alarm()
    assert alarm is not None
    assert "no database" in alarm["reason"]
    assert "move the store away" in alarm["remedy"]
    place.store.path.unlink()
    await place.recorder.cycle()
    assert place.alarm() is None
    assert place.acknowledged() == [("b", 1)]


async def test_a_store_that_vanished_is_made_anew(place: Place) -> None:
    place.telemetry(1, {"soc": 80})
    await place.recorder.cycle()
    for file in place.store.path.parent.glob("gridward.db*"):
        file.unlink()
    place.telemetry(2, {"soc": 81}, oldest=2)
    await place.recorder.cycle()
    assert place.alarm() is not None
    await place.recorder.cycle()
    assert place.alarm() is None
    assert place.acknowledged() == [("b", 1), ("b", 2)]


async def test_a_stale_alarm_is_cleared_at_start(place: Place) -> None:
    place.broker.publish(ALARM, '{"v": 1, "reason": "of an earlier run"}', retain=True)
    place.start()
    assert place.alarm() is None


async def test_a_clock_that_runs_ahead_does_not_delete_the_history(place: Place) -> None:
    place.telemetry(1, {"soc": 80})
    await place.recorder.cycle()
    place.clock.jump(3650 * 86400.0)
    place.clock.pass_by(700)
    for _ in range(3):
        await place.recorder.cycle()
    (found,) = place.store.read.changes("bms", "soc", 0, 1e10)
    assert found.value == 80
    assert place.store.read.count() == 1


async def test_hours_are_summed_up_by_the_way(place: Place) -> None:
    start = place.clock.time()
    for seq in range(1, 200):
        place.telemetry(seq, {"soc": float(seq)})
        place.clock.pass_by(60)
    await place.recorder.cycle()
    place.clock.pass_by(700)
    await place.recorder.cycle()
    with sqlite3.connect(place.store.path) as connection:
        assert connection.execute("SELECT count(*) FROM hours").fetchone()[0] >= 2
    connection.close()
    steps = place.store.history("bms", "soc", start - start % 3600, start + 5 * 3600, 3600)
    assert sum(step.count for step in steps) == 199


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "v": st.just(1) | ANYTHING,
        "boot": st.just("b") | ANYTHING,
        "seq": st.integers(-2, 9) | ANYTHING,
        "at": st.none() | st.datetimes().map(lambda moment: f"{moment.isoformat()}Z") | ANYTHING,
        "mono": st.floats() | ANYTHING,
        "oldest": st.integers(-2, 9) | ANYTHING,
        "values": st.dictionaries(st.text(max_size=5), ANYTHING, max_size=4) | ANYTHING,
        "entities": ANYTHING,
    },
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=st.lists(MESSAGES, min_size=1, max_size=5), sane=st.booleans())
def test_no_message_whatever_stops_the_recorder(
    memory_path: Path, messages: list[dict[str, Json]], *, sane: bool
) -> None:
    async def story() -> None:
        place = Place(memory_path)
        if not sane:
            place.clock.jump(-place.clock.time())
        for message in messages:
            for topic in ("bms/telemetry", "bms/info", "audit"):
                place.broker.publish(f"{ROOT}/{topic}", json.dumps(message))
        await place.recorder.cycle()
        assert place.recorder.trouble is None
        place.recorder.audit.trail.close()
        place.store.close()

    for file in memory_path.glob("gridward.db*"):
        file.unlink()
    asyncio.run(story())


async def deliver(place: Place, spool: Spool, turns: int, value: Callable[[int], float]) -> None:
    """A device that reads every 5 s, beside the recorder's cycles."""
    for turn in range(turns):
        spool.put({"soc": value(turn)})
        await place.recorder.cycle()
        place.clock.pass_by(5)


async def test_a_long_outage_of_the_recorder_loses_nothing(tmp_path: Path) -> None:
    """Three hours of a device's readings wait in its spool; all come into the store, each once."""
    place = Place(tmp_path)
    bus = place.broker.link("bus")
    spool = Spool(bus, "bms", "b", tmp_path / "spool.jsonl", place.clock)
    start = place.clock.time()
    await deliver(place, spool, 10, float)
    bus.connected = False
    for turn in range(10, 2170):
        spool.put({"soc": float(turn)})
        place.clock.pass_by(5)
    bus.connected = True
    await deliver(place, spool, 120, lambda turn: float(2170 + turn))
    assert len(spool) <= 2
    rows = place.store.history("bms", "soc", start, start + 3 * 3600 + 1000, 5 * 60)
    assert sum(row.count for row in rows) == 2290
    assert place.store.count() == 2290
    with sqlite3.connect(place.store.path) as connection:
        values = [row[0] for row in connection.execute("SELECT value FROM raw ORDER BY ts")]
    connection.close()
    assert values == [float(number) for number in range(2290)]


async def test_a_store_that_is_new_waits_for_what_the_device_still_holds(tmp_path: Path) -> None:
    """The recorder comes hours after the device: the first it hears is not the first there is."""
    place = Place(tmp_path)
    place.link.connected = False
    spool = Spool(place.broker.link("bus"), "bms", "b", tmp_path / "spool.jsonl", place.clock)
    for turn in range(1, 400):
        spool.put({"soc": float(turn)})
        place.clock.pass_by(5)
    place.link.connected = True
    await deliver(place, spool, 60, lambda turn: float(400 + turn))
    assert place.store.count() == 459
    last = place.store.read.changes("bms", "soc", 0, 1e10)[-1]
    assert last == Stored(place.clock.time() - 5, 459.0)
    assert len(spool) <= 1
