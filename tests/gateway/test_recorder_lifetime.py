"""What a wrong clock or another hand does to the store: no history is deleted, and an alarm is there soon."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from gateway.recorder_place import ROOT, Place, file_size_limit
from hypothesis import given
from hypothesis import strategies as st

from gridward.audit.trail import entries
from gridward.recorder.lifetime import Lifetime
from gridward.recorder.role import CYCLE, UPKEEP
from gridward.recorder.schema import STEPS, open_store
from gridward_kit.kept import Json

DAY = 86400.0
YEAR = 365 * DAY
A_DAY = 8


@pytest.fixture
def place(memory_path: Path) -> Place:
    return Place(memory_path)


def kept(place: Place, table: str = "raw") -> int:
    with closing(sqlite3.connect(place.store.path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608


async def days(place: Place, count: int, first: int) -> int:
    """Live so many days with eight readings each and the upkeep of all; the next number."""
    for seq in range(first, first + A_DAY * count):
        place.telemetry(seq, {"soc": seq % 100})
        place.clock.pass_by(DAY / A_DAY)
        for _ in range(3):
            await place.recorder.cycle()
    return first + A_DAY * count


async def test_a_clock_that_is_years_ahead_deletes_nothing_and_is_forgotten(place: Place) -> None:
    seq = await days(place, 20, 1)
    before = kept(place)
    place.clock.jump(4 * YEAR)
    seq = await days(place, 2, seq)
    assert kept(place) == before + 2 * A_DAY, "what is of four years ago by this clock is there"
    assert kept(place, "minutes") >= before - 2
    place.clock.jump(-4 * YEAR)
    assert place.recorder.wall() == place.clock.time(), "the right clock is believed at once"
    seq = await days(place, 1, seq)
    assert kept(place) == before + 3 * A_DAY
    assert place.alarm() is None


async def test_retention_goes_on_by_running_time_over_restarts_and_pauses(place: Place) -> None:
    seq = await days(place, 31, 1)
    assert kept(place) == pytest.approx(30 * A_DAY, abs=A_DAY + 1)
    place.clock.pass_by(20 * DAY)  # switched off
    place.store.close()
    place.recorder = place.start()
    seq = await days(place, 1, seq)
    after = kept(place)
    assert after > 29 * A_DAY, "the time without us is not used up at once"
    await days(place, 21, seq)
    assert kept(place) == pytest.approx(22 * A_DAY, abs=20), "but made good by and by"


async def test_a_clock_before_what_was_lived_through_is_not_believed(place: Place) -> None:
    await days(place, 2, 1)
    place.store.close()
    place.recorder = place.start()
    place.clock.jump(-DAY)
    await place.recorder.cycle()
    assert place.recorder.wall() is None


@given(
    steps=st.lists(st.tuples(st.floats(0, 1e6), st.floats(-1e9, 1e9)), max_size=30),
    start=st.floats(1.8e9, 1.9e9),
)
def test_a_lifetime_never_outruns_its_running_time(steps: list[tuple[float, float]], start: float) -> None:
    life, mono = Lifetime(start, start), 0.0
    life.pass_to(start, mono)
    for ran, wrong in steps:
        before, mono = (life.lived or 0.0, life.aged or 0.0), mono + ran
        life.pass_to(start + mono + wrong, mono)
        assert life.lived is not None
        assert life.aged is not None
        assert before[0] <= life.lived <= before[0] + ran + 1e-3
        assert life.lived <= start + mono + 1e-3
        assert life.aged <= max(before[1] + 2 * ran, start + mono) + 1e-3


def by_rubbish(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"no store at all " * 4096)


def by_nothing(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(0)


def by_another(path: Path) -> None:
    other = path.with_name("other.db")
    open_store(other).close()
    with closing(open_store(other)) as connection:
        connection.execute("INSERT OR REPLACE INTO marks VALUES ('identity', 1)")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    with path.open("r+b") as file:
        file.truncate(0)
        file.write(other.read_bytes())


@pytest.mark.parametrize("overwrite", [by_rubbish, by_nothing, by_another])
async def test_a_store_that_is_overwritten_in_place_raises_the_alarm_within_three_cycles(
    place: Place, overwrite: Callable[[Path], None]
) -> None:
    await days(place, 1, 1)
    place.store.close()
    await place.recorder.cycle()
    assert place.alarm() is None
    overwrite(place.store.path)
    for _ in range(3):
        place.clock.pass_by(CYCLE)
        await place.recorder.cycle()
        if place.alarm() is not None:
            break
    alarm = place.alarm()
    assert alarm is not None
    assert "move the store away" in alarm["remedy"]


async def test_an_older_state_copied_over_it_raises_the_alarm(place: Place) -> None:
    seq = await days(place, 1, 1)
    place.store.close()
    older = place.store.path.read_bytes()
    await days(place, 1, seq)
    place.store.close()
    await place.recorder.cycle()
    with place.store.path.open("r+b") as file:
        file.truncate(0)
        file.write(older)
    for _ in range(3):
        place.clock.pass_by(CYCLE)
        await place.recorder.cycle()
        if place.alarm() is not None:
            break
    alarm = place.alarm()
    assert alarm is not None
    assert "older state" in alarm["reason"]


async def test_beside_a_store_of_a_newer_version_the_audit_is_kept(place: Place) -> None:
    """As after an update that was given up, where no copy was there to put back."""
    open_store(place.store.path, (*STEPS, "CREATE TABLE newer (x);")).close()
    event = {"v": 1, "at": "2026-11-21T06:30:00Z", "what": "inverter/mode", "by": "http"}
    place.broker.publish(f"{ROOT}/audit", json.dumps(event))
    place.telemetry(1, {"soc": 80})
    await place.recorder.cycle()
    alarm = place.alarm()
    assert alarm is not None
    assert "update Gridward" in alarm["reason"]
    assert [entry.event for entry in entries(place.recorder.audit.trail.folder)] == [event]
    assert len(place.broker.said(f"{ROOT}/recorder/audit/stored")) == 1
    place.store.path.unlink()
    await place.recorder.cycle()
    assert place.acknowledged() == [("b", 1)]


async def test_a_checkpoint_that_found_the_disk_full_raises_none(place: Place) -> None:
    values: dict[str, Json] = {f"value_{number}": number / 7 for number in range(300)}

    async def come(*numbers: int) -> None:
        for seq in numbers:
            place.telemetry(seq, values)
            place.clock.pass_by(CYCLE)
        await place.recorder.cycle()

    path = place.store.path
    await come(*range(1, 60))
    place.store.close()
    await come(*range(60, 70))
    longest = max(path.stat().st_size + 4096, path.with_name(f"{path.name}-wal").stat().st_size)
    with closing(open_store(path)) as other, file_size_limit(longest):
        with pytest.raises(sqlite3.OperationalError):
            other.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        alone = closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True))
        with alone as torn, pytest.raises(sqlite3.DatabaseError, match="malformed"):
            torn.execute("SELECT 1 FROM marks").fetchall()
    for seq in range(70, 75):
        await come(seq)
        assert place.alarm() is None
    assert place.store.count() == 74 * len(values)


async def test_a_store_in_use_by_others_raises_none(place: Place) -> None:
    seq = await days(place, 1, 1)
    with closing(open_store(place.store.path)) as other:
        for number in range(40):
            with other:
                other.execute("INSERT OR REPLACE INTO energies VALUES (?, 0, ?)", (str(number), "x" * 4000))
            other.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            place.telemetry(seq + number, {"soc": 1})
            place.clock.pass_by(UPKEEP)
            await place.recorder.cycle()
            assert place.alarm() is None
