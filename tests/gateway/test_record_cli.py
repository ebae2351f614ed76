"""`gridward record`: out of a store and into another, whole, and what it says of both."""

import csv
import sqlite3
from pathlib import Path

import pytest
from follower_bench import Influx
from typer.testing import CliRunner

from gridward.cli import app
from gridward.recorder.lines import Reading
from gridward.recorder.store import About, Parcel, Store
from gridward.site import Keep
from gridward_kit.arguments import BAD, USAGE
from gridward_kit.point import Value

START = 1_795_000_000.0
SITE = """\
version: 1
site: {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}
mqtt: {url: embedded}
"""
DATABASE = "record: {influxdb: {url: http://localhost:8086, version: 1, database: solar}}\n"


def site(folder: Path, more: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "site.yaml"
    path.write_text(SITE + more)
    return path


def say(*words: str, status: int = 0) -> str:
    result = CliRunner().invoke(app, ["record", *words])
    assert result.exit_code == status, result.output
    return result.output


def filled(folder: Path, count: int = 100) -> Path:
    path = site(folder)
    store = Store(folder / "gridward.db")
    store.describe("bms", About("battery", "daly", {}))
    for seq in range(1, count + 1):
        values: dict[str, Value] = {
            "soc": 80,
            "voltage": 53.1 + seq / 100,
            "charging": seq % 2 == 0,
            "mode": 'a,"b"\n1',
        }
        store.add(Parcel("bms", "b", seq, START + seq * 5, values, 1))
    store.commit()
    store.close()
    return path


def rows(folder: Path) -> list[tuple[object, ...]]:
    query = (
        "SELECT ts, device, key, form, value, typeof(value), kind, integration "
        "FROM raw JOIN series ON id = series ORDER BY ts, device, key"
    )
    with sqlite3.connect(folder / "gridward.db") as connection:
        found = connection.execute(query).fetchall()
    connection.close()
    return found


def test_an_export_imported_elsewhere_is_the_same_and_twice_is_once(tmp_path: Path) -> None:
    first, second = filled(tmp_path / "a"), site(tmp_path / "b")
    out = tmp_path / "out.csv"
    say("export", "--site", str(first), "--out", str(out))
    first_time = say("import", str(out), "--site", str(second))
    assert "400 rows: 400 new readings, 0 there already, 0 rows left out" in first_time
    assert rows(tmp_path / "b") == rows(tmp_path / "a")
    again = say("import", str(out), "--site", str(second))
    assert "400 rows: 0 new readings, 400 there already" in again
    assert rows(tmp_path / "b") == rows(tmp_path / "a")
    assert Store(tmp_path / "b" / "gridward.db").count() == 400
    assert "whole" in say("verify", "--site", str(second))


def test_a_span_and_a_device(tmp_path: Path) -> None:
    path = filled(tmp_path)
    begin, until = "2026-11-18T11:06:45Z", "2026-11-18T12:06:55"
    text = say("export", "--site", str(path), "--from", begin, "--to", until, "--device", "bms")
    times = {line.partition(",")[0] for line in text.splitlines()[1:] if line.startswith("2026")}
    assert times == {"2026-11-18T11:06:45.000Z", "2026-11-18T11:06:50.000Z"}, (
        "the site's zone, if none is said"
    )
    assert text.splitlines()[0] == "time,device,key,value,form,kind,integration"
    assert say("export", "--site", str(path), "--device", "nobody").splitlines() == text.splitlines()[:1]
    say("export", "--site", str(path), "--from", "yesterday", status=USAGE)


def test_lines_are_what_influxdb_takes(tmp_path: Path) -> None:
    path = filled(tmp_path)
    server = Influx(tmp_path)
    server.start()
    try:
        server.tell("CREATE DATABASE solar")
        server.put(say("export", "--site", str(path), "--format", "lines"))
        assert server.count("soc") == server.count("mode") == 100
    finally:
        server.stop()


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
    assert "stored 400 readings; as they came: 400" in say("status", "--site", str(second))


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


def test_a_changed_audit_and_a_broken_file_are_told(tmp_path: Path) -> None:
    path = filled(tmp_path)
    store = Store(tmp_path / "gridward.db")
    store.audit(START, {"what": "inverter/mode", "by": "http"})
    store.audit(START, {"what": "inverter/mode", "by": "rules"})
    store.close()
    say("verify", "--site", str(path))
    with sqlite3.connect(tmp_path / "gridward.db") as connection:
        connection.execute("UPDATE audit SET content = replace(content, 'http', 'none') WHERE id = 1")
    connection.close()
    assert "audit event 1 was changed" in say("verify", "--site", str(path), status=BAD)
    (tmp_path / "gridward.db").write_bytes(b"no database" * 500)
    assert "no database" in say("verify", "--site", str(path), status=BAD)


def test_compact_gives_the_disk_back_what_is_free(tmp_path: Path) -> None:
    path = filled(tmp_path, 20_000)
    with sqlite3.connect(tmp_path / "gridward.db") as connection:
        connection.execute("DELETE FROM raw WHERE ts > ?", (round(START * 1000) + 5000,))
    connection.close()
    before = (tmp_path / "gridward.db").stat().st_size
    say("compact", "--site", str(path))
    assert (tmp_path / "gridward.db").stat().st_size < before / 10
    assert "as they came: 4" in say("status", "--site", str(path))


@pytest.mark.parametrize("word", ["status", "export", "verify", "compact"])
def test_without_a_store_there_are_words(tmp_path: Path, word: str) -> None:
    said = say(word, "--site", str(site(tmp_path)), status=BAD)
    assert "there is no store yet" in said
    assert not (tmp_path / "gridward.db").exists()
