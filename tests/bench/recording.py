"""The store beside a bare executemany of the same rows, and what is new while a database catches up."""

import asyncio
import json
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock

from bench.figures import Row

from gridward.recorder.follower import Desk, Follower
from gridward.recorder.store import Parcel, Store
from gridward.recorder.telemetry import Stamps
from gridward.site import Database
from gridward_kit.clock import SystemClock, iso
from gridward_kit.mqtt import Message
from gridward_kit.testing import MemoryBroker

START = 1_795_003_200.0
DEVICES, KEYS, EVERY = 10, 30, 5
ENTITIES = DEVICES * KEYS
CYCLES = 720
SCALE = 30 * 24 * 3600 // EVERY // CYCLES
FLUSHED = 6  # cycles: the kernel writes out what is 30 s old


def recording(effort: float) -> list[Row]:
    """All figures of the recorder; always the usual counts, of whatever `effort`."""
    assert effort > 0
    with tempfile.TemporaryDirectory() as folder:
        return [*storing(Path(folder)), *asyncio.run(catching_up(Path(folder)))]


def storing(folder: Path) -> list[Row]:
    """An hour of 300 entities every 5 s through the recorder, a day of them by the minute, and a query."""
    path = folder / "gridward.db"
    store, stamps = Store(path), Stamps()
    payloads = [[_payload(device, cycle) for device in range(DEVICES)] for cycle in range(CYCLES)]
    before, begun = _written(), time.process_time()
    for cycle, messages in enumerate(payloads):
        for device, payload in enumerate(messages):
            message = Message(f"gridward/home/d{device}/telemetry", payload, retain=False, at=0.0)
            store.add(stamps.stamp(f"d{device}", message, START + cycle * EVERY))
        store.commit()
        if cycle % FLUSHED == 0:
            _flush(path)
    spent = time.process_time() - begun
    written = _written() - before
    count = CYCLES * ENTITIES
    bare = _bare(folder / "bare.db")
    size = sum(part.stat().st_size for part in folder.glob("gridward.db*"))
    day = written * 24 * 3600 / (CYCLES * EVERY)
    scaled = f"{ENTITIES} entities, an hour of them; 30 days are {SCALE} times that"
    return [
        Row(
            "store: readings a second of one core, from the message to the commit",
            f"{count / spent:,.0f}",
            f"bare executemany of the same rows: {count / bare:,.0f} ({scaled})",
            "50 times what comes",
            count / spent > 50 * ENTITIES / EVERY,
        ),
        Row(
            "store: bytes for a reading, WAL included",
            f"{size / count:.1f}",
            scaled,
            "under 60",
            size < 60 * count,
        ),
        Row(
            "store: written to disk in a day, by the kernel's count",
            f"{day / 1e9:.2f} GB",
            f"{written / count:.0f} bytes a reading; {ENTITIES} entities every {EVERY} s",
            "under 1 GB",
            0 < day < 1e9,
        ),
        _query(store),
    ]


def _query(store: Store) -> Row:
    """24 hours of 4 entities at minute means; the day is stored by the minute, for it is read from there."""
    for minute in range(24 * 60):
        for device in range(DEVICES):
            values = {f"value_{key}": minute + key / 10 for key in range(KEYS)}
            store.add(Parcel(f"d{device}", "day", minute + 1, START + 7200 + minute * 60, values, 1))
        if minute % 60 == 59:
            store.commit()
    end = START + 7200 + 24 * 3600
    while store.roll(end):
        pass
    took = []
    for _ in range(10):
        begun = time.perf_counter()
        for key in range(4):
            assert len(store.history("d1", f"value_{key}", end - 24 * 3600, end, 60)) == 24 * 60
        took.append(time.perf_counter() - begun)
    store.close()
    middle = statistics.median(took)
    return Row(
        "store: 24 h of 4 entities at minute means",
        f"{1000 * middle:.0f} ms",
        "",
        "under 300 ms",
        middle < 0.3,
    )


def _payload(device: int, cycle: int) -> bytes:
    values = {f"value_{key}": round(53.1 + device + key / 7 + cycle % 50 / 100, 3) for key in range(KEYS)}
    at = START + cycle * EVERY + device / 100
    content = {"v": 1, "boot": "b", "seq": cycle + 1, "oldest": 1, "at": iso(at), "values": values}
    return json.dumps(content).encode()


def _bare(path: Path) -> float:
    """Processor seconds of nothing but the rows, a commit for each cycle."""
    rows = [
        [
            (
                round(1000 * (START + cycle * EVERY + device / 100)),
                device * KEYS + key,
                53.1 + device + key / 7,
            )
            for device in range(DEVICES)
            for key in range(KEYS)
        ]
        for cycle in range(CYCLES)
    ]
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("CREATE TABLE raw (ts, series, value, PRIMARY KEY (ts, series)) WITHOUT ROWID")
    begun = time.process_time()
    for cycle in rows:
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO raw VALUES (?, ?, ?)", cycle)
        connection.execute("COMMIT")
    spent = time.process_time() - begun
    connection.close()
    return spent


def _flush(path: Path) -> None:
    for part in path.parent.glob("gridward.db*"):
        if not part.name.endswith("-shm"):
            with part.open("rb") as file:
                os.fsync(file.fileno())


def _written() -> int:
    rows = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(rows["write_bytes"])


class Sink:
    """A database that takes a batch in the time that InfluxDB on a small host needs."""

    texts = True
    breaks = 0

    def __init__(self) -> None:
        self.came: dict[int, float] = {}

    def write(self, lines: Sequence[str]) -> None:
        """Note when each reading of `live` came."""
        time.sleep(len(lines) / 2000)
        now = time.monotonic()
        for line in lines:
            if "device=live" in line:
                self.came[int(line.rpartition(" ")[2])] = now

    def close(self) -> None:
        """Nothing is held."""


async def catching_up(folder: Path, seconds: int = 20) -> list[Row]:
    """How late what is new is with the database, with nothing else to do and while it catches up."""
    late = [
        statistics.median(await _delays(folder / f"caught-up-{hours}.db", hours, seconds))
        for hours in (0, 72)
    ]
    ratio = late[1] / late[0]
    return [
        Row(
            "database: from stored to there, while 72 h are caught up",
            f"{late[1]:.1f} s",
            f"{late[0]:.1f} s with nothing to catch up: {ratio:.0%} of that",
            "110 % or less",
            ratio <= 1.1,
        )
    ]


async def _delays(path: Path, hours: int, seconds: int) -> list[float]:
    database, sink, clock, lock = Database("http://a", 1, "solar"), Sink(), SystemClock(), Lock()
    store = Store(path, [database.name])
    begin = time.time() - hours * 3600 - 120
    for number in range(hours * 720):
        values = {f"value_{key}": float(number) for key in range(20)}
        store.add(Parcel("past", "b", number + 1, begin + number * 5, values, 1))
    store.commit()

    async def ask(work: Callable[[], object]) -> object:
        with lock:
            return work()

    link = MemoryBroker(clock).link("recorder")
    following = asyncio.create_task(Follower(database, sink, Desk(store, ask, time.time), link, clock).run())
    stored: dict[int, float] = {}
    for number in range(seconds):
        at = time.time()
        with lock:
            store.add(Parcel("live", "b", number + 1, at, {"power": float(number)}, 1))
            store.commit()
        stored[round(at * 1000)] = time.monotonic()
        await asyncio.sleep(1)
    await asyncio.sleep(8)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    store.close()
    return [sink.came[ts] - at for ts, at in stored.items() if ts in sink.came]
