"""Programs that write and say what others may rely on; what must hold after the power was cut."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from faults.recorded_writes import Say

from gridward.api.access import Role
from gridward.api.tokens import Tokens
from gridward.audit.chain import faults
from gridward.audit.trail import Event, Trail, entries, lines
from gridward.recorder.role import CYCLE, SURE, Recorder
from gridward.recorder.schema import open_store
from gridward.recorder.store import Parcel, Store
from gridward.site import Keep
from gridward_kit.audit import AuditSpool
from gridward_kit.clock import iso
from gridward_kit.kept import Kept
from gridward_kit.spool import LAG, RESEND, Spool
from gridward_kit.testing import MemoryBroker, TurnedClock

T = TypeVar("T")
START = TurnedClock().time()
CELLS = [f"cell_{number}_voltage" for number in range(1, 5)]


@dataclass(frozen=True, slots=True)
class Work:
    """A program that writes below a folder and says what others may rely on; what must hold after a cut."""

    write: Callable[[Path, Say], None]
    holds: Callable[[Path, list[str]], None]


def told(said: list[str]) -> int:
    """The newest number of all that was said."""
    return max((int(line) for word in said for line in word.split() if line.isdecimal()), default=0)


# The store: telemetry is sure once a durable commit came after it, the audit's copies at once.


def soon_full(path: Path) -> sqlite3.Connection:
    """SQLite moves its log into the file after 40 pages, not a thousand."""
    connection = open_store(path)
    connection.execute("PRAGMA wal_autocheckpoint=40")
    return connection


def write_store(root: Path, say: Say) -> None:
    pytest.MonkeyPatch().setattr("gridward.recorder.store.open_store", soon_full)  # of the forked child alone
    number = 0
    for closed in (True, False):
        store = Store(root / "gridward.db")
        for commit in range(1, 15):
            for _ in range(4):
                number += 1
                values = {key: float(number) for key in CELLS} | {"state": f"step {number}"}
                store.add(Parcel("bms", "b", number, START + 60 * number, dict(values), 1))
            durable = commit % 6 == 0
            acknowledged = store.commit(durable=durable)
            assert acknowledged == {("bms", "b"): number}
            say(f"{number} {'durable' if durable else 'stored'}\n")
            if commit % 4 == 0:
                store.audit(START + number, {"what": "step", "seq": number})
                say(f"{number} audited\n")
            store.roll(START + 60 * number)
        if closed:
            store.close()


def numbered(said: list[str], what: str) -> list[int]:
    return [int(word.split()[0]) for word in said if word.split()[1] == what]


def store_holds(root: Path, said: list[str]) -> None:
    sure = max((*numbered(said, "durable"), *numbered(said, "audited")), default=0)
    store = Store(root / "gridward.db")
    try:
        store.newest()
        with sqlite3.connect(store.path) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            rows = connection.execute(
                "SELECT ts, group_concat(value, ' ') FROM raw GROUP BY ts ORDER BY ts"
            ).fetchall()
            audited = connection.execute("SELECT json_extract(content, '$.seq') FROM audit").fetchall()
        connection.close()
        whole = [(1000 * (START + 60 * n), {str(float(n)), "step", str(n)}) for n in range(1, len(rows) + 1)]
        assert [(ts, set(values.split())) for ts, values in rows] == whole, "from the first on, each whole"
        assert len(rows) >= sure, f"{sure} was told to be sure, {len(rows)} are there"
        assert {seq for (seq,) in audited} >= set(numbered(said, "audited"))
        store.add(Parcel("bms", "c", 1, START + 1e6, {"state": "again"}, 1))
        assert store.commit() == {("bms", "c"): 1}
    finally:
        store.close()


# The recorder: of what it acknowledged a power cut takes back a minute at most, and the last cycle.

MINUTE = round((SURE + CYCLE) / 5)


class AtOnce(Recorder):
    """Works in the one thread that is recorded."""

    async def in_thread(self, work: Callable[[], T]) -> T:
        return work()


def write_recorder(root: Path, say: Say) -> None:
    clock = TurnedClock()
    broker = MemoryBroker(clock)
    recorder = AtOnce(broker.link("recorder"), Store(root / "gridward.db"), clock, Keep())
    for number in range(1, 28):
        content = {"v": 1, "boot": "b", "seq": number, "at": iso(clock.time()), "values": {"soc": number}}
        broker.publish("gridward/home/bms/telemetry", json.dumps(content))
        asyncio.run(recorder.cycle())
        say(f"{json.loads(broker.retained['gridward/home/recorder/bms/stored'])['seq']}\n")
        clock.pass_by(5)


def recorder_holds(root: Path, said: list[str]) -> None:
    store = Store(root / "gridward.db")
    try:
        store.newest()
        assert store.count() >= told(said) - MINUTE
    finally:
        store.close()


# The audit's chain.


def write_chain(root: Path, say: Say) -> None:
    number = 0
    for _ in range(3):
        trail = Trail(root / "gridward.audit", 1024)
        for _ in range(4):
            number += 1
            trail.append([Event(number, 1.0, {"number": number, "reason": "ü\u2028"})])
            say(f"{number}\n")
        trail.close()


def chain_holds(root: Path, said: list[str]) -> None:
    folder = root / "gridward.audit"
    trail = Trail(folder, 1024)
    found = trail.newest
    assert found >= told(said)
    trail.append([Event(1, 1.0, {"number": "after"})])
    trail.close()
    assert [str(fault) for fault in faults(lines(folder))] == []
    assert [entry.event["number"] for entry in entries(folder)] == [*range(1, found + 1), "after"]


# Files that are written whole: the relay's counts, a device's write budget, a proposal's state.


def write_kept(root: Path, say: Say) -> None:
    for number in range(1, 13):
        Kept(root / "state" / "contactor.json").save({"count": number})
        say(f"{number}\n")


def kept_holds(root: Path, said: list[str]) -> None:
    count = Kept(root / "state" / "contactor.json").content.get("count", 0)
    assert isinstance(count, int)
    assert count >= told(said), "counted on disk before the write"


# The page's tokens: one that was replaced opens nothing.


def write_tokens(root: Path, say: Say) -> None:
    tokens = Tokens(root)
    for _ in range(4):
        say(f"{tokens.renew()}\n")


def tokens_hold(root: Path, said: list[str]) -> None:
    tokens = Tokens(root)
    assert [tokens.role_of(word.strip()) for word in said[:-1]] == [None] * len(said[:-1])
    assert tokens.roles() == {Role.ADMIN}


# What waits for the recorder.


def spool(root: Path, boot: str, clock: TurnedClock, broker: MemoryBroker | None = None) -> Spool:
    link = (broker or MemoryBroker(clock)).link("bus:one")
    link.connected = broker is not None
    return Spool(link, "bms", boot, root / "spool" / "bms.jsonl", clock)


def write_spool(root: Path, say: Say) -> None:
    clock = TurnedClock()
    waiting = spool(root, "a", clock)
    for number in range(1, 40):
        clock.pass_by(7)
        waiting.put({"seq": number, "state": "ü\u2028 \x85"})
        file = root / "spool" / "bms.jsonl"
        if file.exists():
            spilled = file.read_bytes().count(b'"values"')
            say(f"{spilled}\n")


def spool_holds(root: Path, said: list[str]) -> None:
    clock = TurnedClock()
    clock.pass_by(10_000)
    sure = told(said)
    assert _in_file(root, clock, "a")[:sure] == list(range(1, sure + 1))
    later = spool(root, "b", clock)
    for number in range(1000, 1003):
        clock.pass_by(LAG / 2 + 1)
        later.put({"seq": number})
    kept = _in_file(root, clock, "b")
    assert kept == list(range(1000, 1000 + len(kept)))
    assert kept, "what is spilled after a torn line is whole"


def _in_file(root: Path, clock: TurnedClock, boot: str) -> list[object]:
    broker = MemoryBroker(clock)
    waiting = spool(root, "x", clock, broker)
    clock.pass_by(RESEND + 1)
    waiting.tend()
    sent = [json.loads(payload) for payload in broker.said("gridward/home/bms/telemetry")]
    return [one["values"]["seq"] for one in sent if one["boot"] == boot]


def write_events(root: Path, say: Say) -> None:
    waiting = AuditSpool(root, "rules", TurnedClock(), lambda _: None)
    for number in range(1, 13):
        waiting.put(_event(number))
        say(f"{number}\n")


def events_hold(root: Path, said: list[str]) -> None:
    sure = told(said)
    assert _sent(root)[:sure] == [_event(number) for number in range(1, sure + 1)]
    AuditSpool(root, "rules", TurnedClock(), lambda _: None).put(_event(0))
    assert _sent(root)[-1] == _event(0), "what is put after a torn line is whole"


def _sent(root: Path) -> list[str]:
    found: list[str] = []
    AuditSpool(root, "rules", TurnedClock(), found.extend).send()
    return found


def _event(number: int) -> str:
    return json.dumps(
        {"v": 1, "what": "inverter/mode", "number": number, "by": "ü\u2028"}, ensure_ascii=False
    )


WORKS = {
    "store": Work(write_store, store_holds),
    "recorder": Work(write_recorder, recorder_holds),
    "audit": Work(write_chain, chain_holds),
    "tokens": Work(write_tokens, tokens_hold),
    "counters": Work(write_kept, kept_holds),
    "spool": Work(write_spool, spool_holds),
    "audit-spool": Work(write_events, events_hold),
}
