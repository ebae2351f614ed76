"""`gridward record import`: tables of others and exports of ours, each reading once, with its own time."""

import csv
import sqlite3
import tracemalloc
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from gateway.recorded_site import DATABASE, START, filled, rows, say, site

from gridward.recorder.exchange import AT_ONCE, Columns, take_in
from gridward.recorder.lines import Reading
from gridward.recorder.store import Parcel, Store
from gridward.site import Keep
from gridward_kit.arguments import BAD, USAGE

TABLE = """\
ts,var1,var2,var3
2026-03-29 01:59:00,53.1,80,bulk
2026-03-29 03:01:00,53.2,,NULL
2026-03-29 03:02:00,nan,81,float
never,53.3,82,float
2099-01-01 00:00:00,53.3,82,float
"""


def test_a_table_in_columns_with_times_of_its_zone(tmp_path: Path) -> None:
    path = site(tmp_path)
    (tmp_path / "table.csv").write_text(TABLE)
    words = ["import", str(tmp_path / "table.csv"), "--site", str(path), "--time-column", "ts"]
    named = ["--device", "bms", "--kind", "battery", "--column", "var1=voltage", "--column", "var3=mode"]
    said = say(*words, *named, status=BAD)
    assert "3 rows: 4 new readings, 0 there already, 2 rows left out" in said
    assert "line 5: 'never' is no time" in said
    assert "line 6: a time in the future" in said
    found = [(row[0], row[2], row[4]) for row in rows(tmp_path)]
    night = 1_774_745_940_000
    assert found == [
        (night, "mode", "bulk"),
        (night, "voltage", 53.1),
        (night + 120_000, "voltage", 53.2),
        (night + 180_000, "mode", "float"),
    ]
    say(*words, "--device", "bms", "--column", "var9=voltage", status=USAGE)
    say(*words, "--device", "bms", "--column", "var9", status=USAGE)
    say(*words, "--device", "bms", status=USAGE)


def test_in_the_night_when_clocks_are_set_back_no_hour_is_lost(tmp_path: Path) -> None:
    zone, begin, count = ZoneInfo("Europe/Bratislava"), 1_792_882_800, 48  # 2026-10-25 01:00 there
    table, store = tmp_path / "table.csv", Store(tmp_path / "gridward.db")
    times = [begin + 300 * number for number in range(count)]
    local = [datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M:%S") for at in times]
    assert len(set(local)) == count - 12, "an hour is there twice"
    table.write_text("time,soc\n" + "".join(f"{at},{number}\n" for number, at in enumerate(local)))
    assert take_in(store, table, START, Columns("bms", {"soc": "soc"}, zone)).readings.new == count
    with closing(sqlite3.connect(store.path)) as connection:
        found = connection.execute("SELECT ts, value FROM raw ORDER BY ts").fetchall()
    assert found == [(1000 * at, number) for number, at in enumerate(times)]
    store.close()


def test_a_large_table_is_read_row_by_row(tmp_path: Path) -> None:
    table, count, store = tmp_path / "table.csv", 3000, Store(tmp_path / "gridward.db")
    table.write_text("time,soc,notes\n" + f"no time,80,{'x' * 1000}\n" * count)
    tracemalloc.start()
    try:
        taken = take_in(store, table, START, Columns("bms", {"soc": "soc"}, ZoneInfo("UTC")))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (taken.rows, taken.left, len(taken.reasons)) == (0, count, 20)
    assert most < table.stat().st_size / 10


def test_files_that_overlap_count_each_reading_once(tmp_path: Path) -> None:
    path = filled(tmp_path / "a")
    whole, half, other = tmp_path / "whole.csv", tmp_path / "half.csv", tmp_path / "other.csv"
    say("export", "--site", str(path), "--out", str(whole))
    with whole.open(newline="") as file:
        header, *lines = csv.reader(file)
    mended = [["81" if cell == "80" else cell for cell in line] for line in lines[100:]]
    changed = sum(line[3] == "81" for line in mended[:100])
    for path, table in ((half, [*lines[:200], lines[199]]), (other, mended)):
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([header, *table])
    second = site(tmp_path / "b")
    assert "201 rows: 200 new readings, 1 there already," in say("import", str(half), "--site", str(second))
    said = say("import", str(other), "--site", str(second))
    assert f"300 rows: 200 new readings, 100 there already ({changed} with another value)" in said
    assert changed > 0
    assert "stored 400 readings; kept as they came: 20" in say("status", "--site", str(second))


def test_what_was_summed_up_and_let_go_is_not_summed_up_twice(tmp_path: Path) -> None:
    second = site(tmp_path)
    store, start = Store(tmp_path / "gridward.db"), 1_790_000_000.0 // 3600 * 3600
    table = tmp_path / "table.csv"
    lines = [f"{start + 60 * number},{20 + number}\n" for number in range(180)]
    words = ["import", str(table), "--site", str(second), "--device", "bms", "--column", "soc=soc"]
    for rows_ in (lines[:120], lines[60:]):
        table.write_text("".join(["time,soc\n", *rows_]))
        told = say(*words)
        while store.roll(start + 40 * 86_400) or store.retain(start + 40 * 86_400, Keep()):
            pass
    store.close()
    assert "120 rows: 60 new readings, 60 there already, 0 rows left out" in told
    counts = [step.count for step in Store(store.path).history("bms", "soc", start, start + 10_800, 3600)]
    assert counts == [60, 60, 60]


def test_what_is_imported_goes_to_the_databases_too(tmp_path: Path) -> None:
    """However far the running recorder has read."""
    path = filled(tmp_path / "a")
    out = tmp_path / "out.csv"
    say("export", "--site", str(path), "--out", str(out))
    target = site(tmp_path / "b", DATABASE)
    running = Store(tmp_path / "b" / "gridward.db", ["localhost:8086/solar"])
    running.add(Parcel("other", "b", 1, START + 1000, {"soc": 1}))
    running.commit()
    batch = running.outbox.take("localhost:8086/solar", START + 2000, 10)
    assert batch is not None
    running.outbox.settle("localhost:8086/solar", batch, {}, 0)
    say("import", str(out), "--site", str(target))
    batch = running.outbox.take("localhost:8086/solar", START + 2000, 1000)
    assert batch is not None
    assert len(batch.readings) == 400
    refused = Reading(round(START * 1000) + 5000, 2, 80, "bms", "soc", "number", None, None)
    running.outbox.settle("localhost:8086/solar", batch, {refused: "field type conflict"}, 0)
    said = say("status", "--site", str(target))
    assert "localhost:8086/solar: sent 400, waiting 0, refused 1" in said
    assert "field type conflict" in said
    assert said.count("name a new database in the site file") == 1
    running.close()


def test_a_recorder_beside_has_its_turn_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of many columns is committed by its readings, not by its rows."""
    table, store, columns = tmp_path / "table.csv", Store(tmp_path / "gridward.db"), range(60)
    table.write_text(
        ",".join(["time", *(f"c{n}" for n in columns)])
        + "".join(f"\n{START + 60 * row}{',53.1' * 60}" for row in range(400))
    )
    written: list[int] = []
    whole = Store.commit

    def commit(store: Store, *, durable: bool = False) -> dict[tuple[str, str], int]:
        before, complete = store.counted, whole(store, durable=durable)
        written.append((store.counted - before).new)
        return complete

    monkeypatch.setattr(Store, "commit", commit)
    keys = {f"c{n}": f"cell_{n}_voltage" for n in columns}
    take_in(store, table, START + 1e6, Columns("bms", keys, ZoneInfo("UTC")))
    assert sum(written) == 400 * 60
    assert max(written) < AT_ONCE + 60
