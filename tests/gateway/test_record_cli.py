"""`gridward record`: out of a store and into another, whole, and what it says of both."""

import sqlite3
from pathlib import Path

import pytest
from follower_bench import Influx
from gateway.recorded_site import DATABASE, START, filled, rows, say, site

from gridward import record_cli
from gridward.recorder import inspection, place
from gridward.recorder.schema import read_only
from gridward.recorder.store import Parcel, Store
from gridward_kit.arguments import BAD, USAGE
from gridward_kit.clock import iso


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
    assert len(rows(tmp_path)) == 4


def test_the_status_of_a_large_store_looks_at_few_of_its_readings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, count = site(tmp_path, DATABASE), 50_000
    store = Store(tmp_path / "gridward.db", ["localhost:8086/solar"])
    for seq in range(1, count // 50 + 1):
        store.add(Parcel("bms", "b", seq, START + seq, {f"cell_{n}_voltage": 3.3 for n in range(50)}, 1))
    store.commit()
    store.close()
    steps: list[None] = []

    def watched(path: Path) -> sqlite3.Connection:
        connection = read_only(path)
        connection.set_progress_handler(lambda: steps.append(None), 1000)
        return connection

    monkeypatch.setattr(inspection, "read_only", watched)
    monkeypatch.setattr(place, "COUNTED", 100)
    monkeypatch.setattr(record_cli, "COUNTED", 100)
    told = say("status", "--site", str(path))
    assert f"stored {count} readings; kept as they came: {iso(START + 1)} to {iso(START + 1000)}" in told
    assert f"waiting at least 100 (from {iso(START + 1)} on)" in told
    assert len(steps) < 10, "thousands of SQLite's own steps"


@pytest.mark.parametrize("word", ["status", "export", "verify", "compact"])
def test_without_a_store_there_are_words(tmp_path: Path, word: str) -> None:
    said = say(word, "--site", str(site(tmp_path)), status=BAD)
    assert "there is no store yet" in said
    assert not (tmp_path / "gridward.db").exists()
