"""Nothing on its way to the audit is lost: recorder away, killed, disk full; repeats change nothing."""

import asyncio
import json
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest
from faults.small_disk import fill, small_disk

from gridward.audit.chain import faults
from gridward.audit.trail import Event, Trail, entries, files, folder_of, lines
from gridward.recorder.copies import copies
from gridward.recorder.role import Recorder
from gridward.recorder.store import Store
from gridward.site import Keep
from gridward_kit.audit import mark
from gridward_kit.clock import SystemClock
from gridward_kit.mqtt import Broker, MqttLink
from gridward_kit.testing import MemoryBroker, TurnedClock

TOPIC = "gridward/home/audit"


class Running(Protocol):
    url: str


def payload(number: int) -> str:
    return json.dumps(
        {"v": 1, "what": "inverter/mode", "number": number, "reason": "ü\u2028"}, ensure_ascii=False
    )


def numbers(folder: Path) -> list[object]:
    return [entry.event["number"] for entry in entries(folder)]


async def test_events_of_a_recorder_that_was_away_come_once_each(mosquitto: Running, tmp_path: Path) -> None:
    clock = SystemClock()

    async def connected(*links: MqttLink) -> None:
        while not all(link.connected for link in links):
            await clock.sleep(0.01)

    def rules() -> MqttLink:
        return MqttLink(Broker(mosquitto.url), "home", "rules", clock, tmp_path / "state")

    first = rules()
    running = asyncio.create_task(first.run())
    store = Store(tmp_path / "gridward.db")
    try:
        async with asyncio.timeout(30):
            first.publish(TOPIC, payload(1))
            await connected(first)
            first.publish(TOPIC, payload(2))
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            second = rules()
            running = asyncio.create_task(second.run())
            second.publish(TOPIC, payload(3))
            link = MqttLink(Broker(mosquitto.url), "home", "recorder", clock)
            recorder = Recorder(link, store, clock, Keep())
            recording = asyncio.create_task(link.run())
            await connected(second, link)
            while sorted(map(str, numbers(folder_of(store.path)))) != ["1", "2", "3"]:
                await recorder.cycle()
                await clock.sleep(0.02)
            while (tmp_path / "state" / "spool" / "audit-rules.jsonl").exists():
                await recorder.cycle()
                await clock.sleep(0.02)
    finally:
        for task in (running, recording):
            task.cancel()
        await asyncio.gather(running, recording, return_exceptions=True)
        recorder.audit.trail.close()
        store.close()
    assert list(faults(lines(folder_of(store.path)), copies(store.path))) == []


async def test_the_audit_of_an_older_store_is_taken_up_first(tmp_path: Path) -> None:
    store = Store(tmp_path / "gridward.db")
    for number in range(3):
        store.audit(100.0 + number, json.loads(payload(number)))
    broker = MemoryBroker(clock := TurnedClock())
    recorder = Recorder(broker.link("recorder"), store, clock, Keep())
    broker.publish(TOPIC, payload(3))
    broker.publish(TOPIC, payload(1))
    await recorder.cycle()
    assert numbers(folder_of(store.path)) == [0, 1, 2, 3]
    assert [event.content["number"] for event in store.events(0, 1e10)] == [0, 1, 2, 3]
    assert [copy.number for copy in copies(store.path)] == [1, 2, 3, 4]
    (said,) = broker.said("gridward/home/recorder/audit/stored")
    assert json.loads(said)["stored"] == [mark(payload(3).encode()), mark(payload(1).encode())]
    recorder.audit.trail.close()
    store.close()


async def test_the_audit_goes_on_without_the_store(tmp_path: Path) -> None:
    store = Store(tmp_path / "gridward.db")
    store.path.write_bytes(b"this is no database, " * 200)
    broker = MemoryBroker(clock := TurnedClock())
    recorder = Recorder(broker.link("recorder"), store, clock, Keep())
    broker.publish(TOPIC, payload(1))
    await recorder.cycle()
    assert numbers(folder_of(store.path)) == [1]
    assert broker.said("gridward/home/recorder/audit/stored")
    store.path.unlink()
    await recorder.cycle()
    await recorder.cycle()
    assert [event.content["number"] for event in store.events(0, 1e10)] == [1], "copied when it is back"
    recorder.audit.trail.close()
    store.close()


async def test_a_full_disk_stops_the_audit_last_and_nothing_is_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with small_disk(tmp_path, "3m") as disk:
        store = Store(disk / "gridward.db")
        broker = MemoryBroker(clock := TurnedClock())
        recorder = Recorder(broker.link("recorder"), store, clock, Keep())
        recorder.audit.trail = Trail(folder_of(store.path), 65536)
        broker.publish(TOPIC, payload(0))
        await recorder.cycle()
        fill(disk / "filler")
        sent = 1
        while "audit" not in str(broker.retained.get("gridward/home/recorder/alarm")):
            for _ in range(100):
                broker.publish(TOPIC, payload(sent))
                sent += 1
            await recorder.cycle()
            assert sent < 20_000
        kept = len(numbers(folder_of(store.path)))
        assert kept > 250, "room for these was kept free"
        assert "free some disk" in json.loads(broker.retained["gridward/home/recorder/alarm"])["remedy"]
        acknowledged = {
            name
            for said in broker.said("gridward/home/recorder/audit/stored")
            for name in json.loads(said)["stored"]
        }
        assert len(acknowledged) == kept, "what is not on disk is not acknowledged"
        (disk / "filler").unlink()
        while len(numbers(folder_of(store.path))) < sent or "gridward/home/recorder/alarm" in broker.retained:
            await recorder.cycle()
        assert numbers(folder_of(store.path)) == list(range(sent))
        assert list(faults(lines(folder_of(store.path)), copies(store.path))) == []
        recorder.audit.trail.close()
        store.close()
    with capsys.disabled():
        print(f" {kept} events on a full disk, {sent} in the end, none lost")


WRITER = """
import sys
from pathlib import Path
from gridward.audit.trail import Event, Trail
trail = Trail(Path(sys.argv[1]), 65536)
number = int(sys.argv[2])
while True:
    trail.append([Event(number, 1.0, {"number": number, "reason": "x" * (number * 37 % 900)})])
    print(number, flush=True)
    number += 1
"""


@pytest.mark.parametrize(
    "rounds", [pytest.param(8, id="few"), pytest.param(1000, id="many", marks=pytest.mark.soak)]
)
def test_a_killed_writer_loses_nothing_that_it_told(
    tmp_path: Path, rounds: int, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, chance, next_number, cuts = tmp_path / "audit", random.Random(), 1, 0
    for _ in range(rounds):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder), str(next_number)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        said = [int(writer.stdout.readline()) for _ in range(chance.randint(1, 40))]
        with pytest.raises(subprocess.TimeoutExpired):
            writer.wait(chance.uniform(0.001, 0.02))
        writer.kill()
        rest, _ = writer.communicate()
        assert writer.returncode == -signal.SIGKILL
        said += [int(line) for line in rest.splitlines(keepends=True) if line.endswith("\n")]
        found = numbers(folder)
        assert set(said) <= set(found)
        assert list(faults(lines(folder))) == []
        trail = Trail(folder, 65536)
        next_number = trail.newest + 1
        cuts += trail.cut > 0
        trail.close()
    assert numbers(folder) == list(range(1, next_number))
    with capsys.disabled():
        print(f" {rounds} kills, {next_number - 1} events, {cuts} lines cut short, none lost")


def test_a_disk_error_in_the_middle_of_a_line_leaves_the_chain_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail = Trail(tmp_path / "a", 4096)
    trail.append([Event(1, 1.0, {"number": 1})])
    put = Trail.__module__ + "._put"

    def half(_: object, place: int, data: bytes) -> None:
        path = files(tmp_path / "a")[0]
        content = bytearray(path.read_bytes())
        content[place : place + len(data) // 2] = data[: len(data) // 2]
        path.write_bytes(bytes(content))
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(put, half)
        with pytest.raises(OSError, match="No space"):
            trail.append([Event(2, 1.0, {"number": 2})])
    trail.append([Event(2, 1.0, {"number": 2})])
    trail.close()
    assert numbers(tmp_path / "a") == [1, 2]
    assert list(faults(lines(tmp_path / "a"))) == []


def test_a_store_without_copies_knows_none(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        copies(tmp_path / "gridward.db")
