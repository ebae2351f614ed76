"""A recorder that is killed at any moment: its store always opens, and nothing acknowledged is lost."""

import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from gridward.recorder.store import Store

ROUNDS = 20
START = 1_795_003_200.0

WRITER = """
import sys
from pathlib import Path
from gridward.recorder.store import Parcel, Store
from gridward.site import Keep

START = 1_795_003_200.0
store = Store(Path(sys.argv[1]))
seq = int(sys.argv[2])
while True:
    for _ in range(20):
        values = {f"cell_{number}_voltage": float(seq) for number in range(16)}
        store.add(Parcel("bms", "b", seq, START + seq * 5, {**values, "state": f"step {seq}"}, 1))
        seq += 1
    acknowledged = store.commit()
    store.audit(START + seq * 5, {"what": "step", "seq": acknowledged["bms", "b"]})
    print(acknowledged["bms", "b"], flush=True)
    store.roll(START + seq * 5)
    store.retain(START + seq * 5, Keep(raw=10 * 86400.0, minutes=20 * 86400.0))
"""


def write_until_killed(path: Path, first: int, acknowledgements: int, late: float) -> list[int]:
    """Let a writer begin with message `first`; the numbers it acknowledged before SIGKILL."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(first)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    said = [int(writer.stdout.readline()) for _ in range(acknowledgements)]
    try:
        writer.wait(late)
    except subprocess.TimeoutExpired:
        writer.kill()
    rest, _ = writer.communicate()
    assert writer.returncode == -signal.SIGKILL
    # A line that was cut in the middle was not heard; the sender would send that message again.
    return said + [int(line) for line in rest.splitlines(keepends=True) if line.endswith("\n")]


def test_a_killed_recorder_loses_nothing_that_it_acknowledged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(ROUNDS, *killed(tmp_path / "gridward.db", ROUNDS))
    with capsys.disabled():
        print(f" {said}")


def told(kills: int, acknowledged: int, stored: int) -> str:
    return f"{kills} kills, {acknowledged} messages acknowledged, {stored} stored, none lost"


def killed(path: Path, rounds: int) -> tuple[int, int]:
    """Kill a writer so many times; how many messages it acknowledged, and how many are stored."""
    chance = random.Random()
    newest = 0
    for _ in range(rounds):
        heard = write_until_killed(path, newest + 1, chance.randint(1, 12), chance.uniform(0, 0.03))
        newest = heard[-1]
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            events = {
                row[0] for row in connection.execute("SELECT json_extract(content, '$.seq') FROM audit")
            }
        connection.close()
        assert set(heard) <= events, "the audit was on disk before the word"
        store = Store(path)
        try:
            assert store.newest() is not None
            found = store.read.history("bms", "cell_1_voltage", START, START + newest * 5 + 1, 3600)
            assert sum(step.count for step in found) >= newest
        finally:
            store.close()
    with sqlite3.connect(path) as connection:
        query = (
            "SELECT ts, value FROM raw JOIN series ON id = series WHERE key = 'cell_7_voltage' ORDER BY ts"
        )
        rows = connection.execute(query).fetchall()
        texts = connection.execute("SELECT count(*) FROM raw WHERE typeof(value) = 'text'").fetchone()[0]
    connection.close()
    assert len(rows) >= newest
    assert rows == [((START + seq * 5) * 1000, float(seq)) for seq in range(1, len(rows) + 1)], "each once"
    assert texts == len(rows), "a message is stored whole or not at all"
    return newest, len(rows)
