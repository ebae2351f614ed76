"""The whole recorder beside a real InfluxDB: killed while it writes, and as the role that it is."""

import asyncio
import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from follower_bench import Following, Influx

from gridward.live import Live
from gridward.recorder.role import run_recorder
from gridward.recorder.store import Store
from gridward.site import Database, RecordSpec, Site
from gridward_kit.clock import iso
from gridward_kit.mqtt import Broker
from gridward_kit.testing import FastClock, MemoryBroker

ROUNDS = 8
KEYS = 16

WRITER = """
import asyncio, sys
from pathlib import Path
from gridward.recorder.database import writer
from gridward.recorder.follower import Desk, Follower
from gridward.recorder.store import About, Parcel, Store
from gridward.site import Database
from gridward_kit.clock import SystemClock
from gridward_kit.testing import MemoryBroker

START = 1_795_000_000.0
clock = SystemClock()
database = Database(sys.argv[2], 1, "solar")
store = Store(Path(sys.argv[1]), [database.name])
store.describe("bms", About("battery", "daly", {}))

async def ask(work):
    return work()

async def main():
    seq = int(sys.argv[3])
    desk = Desk(store, ask, lambda: START + 1e6)
    follower = Follower(database, writer(database), desk, MemoryBroker(clock).link("recorder"), clock)
    while True:
        for _ in range(20):
            late = 7000 if seq % 10 == 0 else 0
            values = {f"cell_{number}_voltage": float(seq) for number in range(16)}
            store.add(Parcel("bms", "b", seq, START + seq * 5 - late + late / 10000, values, 1))
            seq += 1
        print(store.commit()["bms", "b"], flush=True)
        await follower.step()
        store.outbox.save(database.name)

asyncio.run(main())
"""


@pytest.fixture
def influx(tmp_path: Path) -> Iterator[Influx]:
    running = Influx(tmp_path)
    running.start()
    running.tell("CREATE DATABASE solar")
    yield running
    running.stop()


def follow_until_killed(path: Path, url: str, first: int, chance: random.Random) -> int:
    """Let a recorder begin with message `first`; the newest that it said was stored before SIGKILL."""
    arguments = [sys.executable, "-c", WRITER, str(path), url, str(first)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    heard = [int(process.stdout.readline()) for _ in range(chance.randint(1, 25))]
    try:
        process.wait(chance.uniform(0, 0.05))
    except subprocess.TimeoutExpired:
        process.kill()
    rest, _ = process.communicate()
    assert process.returncode == -signal.SIGKILL
    return [*heard, *(int(line) for line in rest.splitlines(keepends=True) if line.endswith("\n"))][-1]


async def test_a_killed_recorder_leaves_no_hole_and_no_double(
    influx: Influx, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, chance, newest = tmp_path / "gridward.db", random.Random(), 0
    for number in range(ROUNDS):
        newest = follow_until_killed(path, influx.url, newest + 1, chance)
        if number == ROUNDS // 2:
            influx.stop()
            influx.start()
    store = Store(path)
    stored = store.count()
    store.close()
    assert stored >= newest * KEYS
    place = Following(tmp_path, Database(influx.url, 1, "solar"))
    place.clock.jump(1e6)
    await place.catch_up()
    for number in range(KEYS):
        assert influx.count(f"cell_{number}_voltage") == stored // KEYS
    rows = influx.rows('SELECT "cell_3_voltage" FROM "battery"')
    seen = sorted(float(str(row["cell_3_voltage"])) for row in rows)
    assert seen == [float(seq) for seq in range(1, stored // KEYS + 1)], "each once, with its own value"
    standing = place.store.outbox.places[place.database.name]
    assert (standing.sent, standing.refused) == (stored, 0), "counted once, whatever went again"
    place.store.close()
    with capsys.disabled():
        print(f" {ROUNDS} kills, {stored} readings, none lost, none twice")


async def test_the_role_follows_while_it_records(influx: Influx, tmp_path: Path) -> None:
    """Telemetry on a broker in, points in the database out; what it was sent before is there on stop."""
    clock = FastClock()
    broker = MemoryBroker(clock)
    database = Database(influx.url, 1, "solar")
    record = RecordSpec(tmp_path / "gridward.db", databases=(database,))
    mqtt = Broker("mqtt://127.0.0.1")
    site = Site("home", "Home", ZoneInfo("UTC"), "grid_connected", mqtt, tmp_path, record)
    running = asyncio.create_task(run_recorder(site, broker.link("recorder"), clock))
    broker.publish("gridward/home/recorder/follower/gone_solar", '{"v": 1}', retain=True)
    live = Live(broker.link("http"), clock)
    await asyncio.sleep(0)
    info = {"v": 1, "kind": "battery", "integration": "daly", "entities": {"soc": {"unit": "%"}}}
    broker.publish("gridward/home/bms/info", json.dumps(info), retain=True)
    for seq in range(1, 101):
        at = iso(clock.time() + seq / 1000)
        content = {"v": 1, "boot": "b", "seq": seq, "at": at, "values": {"soc": seq, "far": 1e300}}
        broker.publish("gridward/home/bms/telemetry", json.dumps(content))
    try:
        async with asyncio.timeout(60):
            while influx.count("soc") < 100:
                assert not running.done(), running.result()
                await asyncio.sleep(0.05)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    values = [
        float(str(row["soc"])) for row in influx.rows('SELECT "soc" FROM "battery" WHERE "device" = \'bms\'')
    ]
    assert values == [float(number) for number in range(1, 101)]
    said = [json.loads(one) for topic, one in broker.retained.items() if "/recorder/follower/" in topic]
    assert [one["database"] for one in said] == [database.name], "one that follows no longer is taken back"
    assert [one["database"] for one in live.databases.values()] == [database.name]
