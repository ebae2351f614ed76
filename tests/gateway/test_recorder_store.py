"""The local store: each message once, values as they were, its layout, and files that are not ours."""

import math
import sqlite3
from pathlib import Path

import pytest
from gateway.stored_readings import NOON, fill, parcel

from gridward.recorder.history import Stored
from gridward.recorder.schema import STEPS, ForeignFile, NewerStore, open_store
from gridward.recorder.store import About, Store, Vanished
from gridward_kit.point import Value


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "gridward.db")


def test_the_same_telemetry_twice_is_stored_once(store: Store) -> None:
    for _ in range(2):
        for seq in range(1, 6):
            store.add(parcel(seq, NOON + seq, {"voltage": 52.0 + seq, "soc": 80}))
        assert store.commit() == {("bms", "b"): 5}, "a repeat is acknowledged again"
    assert store.count() == 10
    assert [step.last for step in store.history("bms", "voltage", NOON, NOON + 9, 1)] == [53, 54, 55, 56, 57]


def test_the_same_telemetry_after_a_restart_is_stored_once(store: Store) -> None:
    fill(store, {0: 1.0, 5: 2.0, 10: 3.0})
    store.close()
    again = Store(store.path)
    fill(again, {0: 9.0, 5: 9.0, 10: 9.0, 15: 4.0})
    assert again.count() == 4
    assert [step.mean for step in again.history("bms", "voltage", NOON, NOON + 20, 5)] == [1, 2, 3, 4]


def test_any_order_gives_the_same_history(store: Store) -> None:
    for seq in (3, 1, 4, 2):
        store.add(parcel(seq, NOON + seq, {"soc": float(seq)}))
        store.commit()
    assert [step.last for step in store.history("bms", "soc", NOON, NOON + 9, 1)] == [1, 2, 3, 4]


def test_nothing_behind_a_gap_is_acknowledged(store: Store) -> None:
    for seq in (1, 2, 4):
        store.add(parcel(seq, NOON + seq, {"soc": 50}))
    assert store.commit() == {("bms", "b"): 2}
    store.add(parcel(3, NOON + 3, {"soc": 50}))
    assert store.commit() == {("bms", "b"): 4}


def test_boots_and_devices_are_apart(store: Store) -> None:
    for device, boot in (("bms", "a"), ("bms", "b"), ("inverter", "a")):
        store.add(parcel(1, NOON, {"soc": 1.0}, device, boot))
    assert store.commit() == {("bms", "a"): 1, ("bms", "b"): 1, ("inverter", "a"): 1}


def test_a_reading_without_time_is_not_acknowledged(store: Store) -> None:
    store.add(parcel(1, None, {"soc": 1.0}))
    assert store.commit() == {}
    store.add(parcel(1, NOON, {"soc": 1.0}))
    assert store.commit() == {("bms", "b"): 1}


def test_values_keep_their_type_and_what_cannot_be_stored_is_absent(store: Store) -> None:
    values: dict[str, Value] = {
        "soc": 80,
        "voltage": 52.5,
        "charge_mosfet": True,
        "state": "charging",
        "nan": math.nan,
        "infinite": -math.inf,
        "huge": 1 << 70,
    }
    store.add(parcel(1, NOON, values))
    assert store.commit() == {("bms", "b"): 1}
    for key, value in values.items():
        found = store.read.changes("bms", key, NOON, NOON + 1)
        if key in ("nan", "infinite", "huge"):
            assert found == [], key
        else:
            assert found == [Stored(NOON, value)]
            assert type(found[0].value) is type(value)
    assert store.count() == 4


def test_series_know_what_the_device_said_of_itself(store: Store) -> None:
    store.add(parcel(1, NOON, {"soc": 80}))
    store.commit()
    store.describe("bms", About("battery", "daly", {"soc": "%", "voltage": "V"}))
    store.add(parcel(2, NOON + 5, {"voltage": 52.0}))
    store.commit()
    said = {(one.key, one.unit, one.kind, one.integration, one.form) for one in store.series("bms")}
    assert said == {("soc", "%", "battery", "daly", "number"), ("voltage", "V", "battery", "daly", "number")}
    assert store.series("inverter") == ()


def test_the_layout_gives_pages_back_and_knows_whose_it_is(store: Store) -> None:
    fill(store, {0: 1.0})
    store.close()
    with sqlite3.connect(store.path) as connection:
        pragmas = [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("auto_vacuum", "journal_mode", "user_version")
        ]
    connection.close()
    assert pragmas == [2, "wal", len(STEPS)]


def test_a_newer_store_is_refused_and_left_alone(store: Store) -> None:
    fill(store, {0: 1.0})
    store.close()
    with sqlite3.connect(store.path) as connection:
        connection.execute(f"PRAGMA user_version={len(STEPS) + 1}")
    connection.close()
    before = store.path.read_bytes()
    with pytest.raises(NewerStore, match="update Gridward"):
        fill(Store(store.path), {5: 2.0})
    assert store.path.read_bytes() == before


def test_an_older_store_is_copied_and_led_forward(store: Store) -> None:
    fill(store, {0: 1.0})
    store.close()
    further = (*STEPS, "ALTER TABLE series ADD COLUMN area TEXT;")
    open_store(store.path, further).close()
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("SELECT area FROM series").fetchall() == [(None,)]
    connection.close()
    copy = Store(store.path.with_name(f"gridward.db.version-{len(STEPS)}"))
    assert copy.count() == 1
    with pytest.raises(NewerStore):
        Store(store.path).newest()


def test_a_migration_that_fails_leaves_the_store_as_it_was(store: Store) -> None:
    fill(store, {0: 1.0})
    store.close()
    with pytest.raises(sqlite3.OperationalError):
        open_store(store.path, (*STEPS, "CREATE TABLE area (id); INSERT INTO nowhere VALUES (1);"))
    assert store.count() == 1
    fill(store, {0: 1.0, 5: 2.0})
    assert store.count() == 2


def test_another_programs_database_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (text)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(ForeignFile, match="no store of Gridward"):
        Store(path).newest()
    assert path.read_bytes() == before


def test_a_file_taken_away_is_noticed_and_nothing_is_lost(store: Store) -> None:
    fill(store, {0: 1.0})
    for file in store.path.parent.glob("gridward.db*"):
        file.unlink()
    store.add(parcel(2, NOON + 5, {"voltage": 2.0}))
    with pytest.raises(Vanished):
        store.commit()
    assert store.waiting == 1
    assert store.commit() == {}, "the new file never had number 1, which the sender holds"
    assert store.read.changes("bms", "voltage", NOON, NOON + 9) == [Stored(NOON + 5, 2.0)]


def test_a_full_disk_takes_nothing_and_loses_nothing(store: Store) -> None:
    fill(store, {0: 1.0})
    opened = store._open().telemetry
    pages = opened.execute("PRAGMA page_count").fetchone()[0]
    opened.execute(f"PRAGMA max_page_count={pages + 4}")
    big: dict[str, Value] = {f"cell_{number}_voltage": 3.3 + number / 1000 for number in range(2000)}
    store.add(parcel(2, NOON + 5, big))
    store.add(parcel(3, NOON + 10, big))
    for _ in range(3):
        with pytest.raises(sqlite3.OperationalError, match="full"):
            store.commit()
    assert store.count() == 1
    opened.execute("PRAGMA max_page_count=1000000")
    assert store.commit() == {("bms", "b"): 3}
    assert store.count() == 1 + 2 * len(big)
