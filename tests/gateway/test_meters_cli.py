"""`gridward meters` as a field team uses it: a sheet in, meters on simulated lines, a sheet out."""

import asyncio
import csv
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import openpyxl
import pytest
from brook import BROOK
from meter_bench import Quick
from typer.testing import CliRunner, Result

from gridward.cli import app
from gridward.meters import presence, sheet
from gridward.meters.cli import common, place
from gridward.meters.inventory import Inventory
from gridward.meters.meter import AddressRules, State
from gridward.recorder.history import History
from gridward_chint.fresh_meter import FreshMeter
from gridward_kit.integration import Line, integrations
from gridward_kit.simulate import Served, serve_pty

SERIALS = tuple(f"2003220166{n}" for n in (10, 21, 32, 43, 54))
HEAD = [sheet.TITLES[name] for name in sheet.NEEDED]


def meters(*words: str, text: str = "") -> Result:
    return CliRunner().invoke(app, ["meters", *words], input=text, catch_exceptions=False)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(common, "commission", Quick)
    monkeypatch.setattr(presence, "WAIT", 1.0)
    return tmp_path


def inventory(folder: Path) -> Inventory:
    return Inventory(folder / "gridward.db", AddressRules())


def brought_in(folder: Path, kind: str = "DDSU666") -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(HEAD)
    for serial in SERIALS:
        book.active.append([serial, kind, "", "", None, "Unassigned"])
    book.save(folder / "delivery.xlsx")
    done = meters("import", "delivery.xlsx", "--by", "Ann")
    assert done.exit_code == 0, done.output
    assert "5 meters without a fault, 5 new" in done.output


@dataclass
class Lines:
    """Pseudo-terminals served in a thread of their own, as a bench beside the tool would."""

    loop: asyncio.AbstractEventLoop
    served: list[Served] = field(default_factory=list)

    def serve(self, *devices: FreshMeter) -> str:
        async def start() -> str:
            self.served.append(serve_pty(list(devices), Line(), chunk=16, turnaround=0.0))
            return self.served[-1].url

        return asyncio.run_coroutine_threadsafe(start(), self.loop).result()


@contextmanager
def bench() -> Iterator[Lines]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    lines = Lines(loop)
    try:
        yield lines
    finally:
        for one in lines.served:
            loop.call_soon_threadsafe(one.unplug)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


@pytest.fixture
def lines() -> Iterator[Lines]:
    with bench() as opened:
        yield opened


@pytest.fixture
def at_the_meter(monkeypatch: pytest.MonkeyPatch) -> Callable[[FreshMeter], list[str]]:
    """Somebody who cuts this meter's supply when the tool asks for it, and agrees to all else."""

    def stands(meter: FreshMeter) -> list[str]:
        asked: list[str] = []

        def confirm(question: str, **_: object) -> bool:
            asked.append(question)
            if "supply" in question and "Connect" not in question:
                meter.power_cycle()
            return True

        monkeypatch.setattr("typer.confirm", confirm)
        return asked

    return stands


def test_from_a_delivery_to_shipped(
    folder: Path, lines: Lines, at_the_meter: Callable[[FreshMeter], list[str]]
) -> None:
    brought_in(folder)
    serial = SERIALS[0]
    assert "say where it goes" in meters("assign", serial, "--by", "Ann").output
    done = meters("assign", serial, "--at", "Ridge", "--building", "Flat 2", "--by", "Ann")
    assert done.output == f"{serial}: Assigned, Ridge, Flat 2, address 10\n"
    meter = FreshMeter(serial, variant="sleeps", unit=44)
    asked = at_the_meter(meter)
    port = lines.serve(meter)
    whole = meters("full", port, serial, "--by", "Ben", "--yes")
    assert whole.exit_code == 0, whole.output
    assert meter.unit == 10
    assert any("cut its supply" in question for question in asked)
    assert "verified before and after its supply was cut" in whole.output
    missing = meters("assign", serial, "--to", "Converted", "--by", "Ben")
    assert missing.exit_code == 2
    assert "label fixed" in missing.output
    assert "Modbus Address: 10" in meters("label", serial).output
    assert meters("assign", serial, "--to", "Converted", "--proof", "labelled", "--by", "Ben").exit_code == 0
    tested = meters("verify", port, "10", "--by", "Ben")
    assert tested.output == f"address 10 ({serial}): Tested OK: ddsu666, 231.4 V, 0 A, 0 W, 0.12 kWh\n"
    assert meters("assign", serial, "--to", "Shipped", "--by", "Cem").exit_code == 0
    known = inventory(folder).need(serial)
    assert (known.state, known.converted_by, known.shipped_by) == (State.SHIPPED, "Ben", "Cem")
    assert {path.name for path in (folder / "meters").iterdir()} == {
        f"{serial}.{end}" for end in ("log", "html", "csv")
    }
    assert meters("report", "all.csv").exit_code == 0
    with (folder / "all.csv").open() as file:
        (row,) = list(csv.DictReader(file))
    assert (row["serial"], row["result"], row["address"], row["site"]) == (serial, "done", "10", "Ridge")
    shown = meters("list", "--serial", serial).output
    assert "Ben  changed  state  Assigned -> Converted" in shown
    assert "Cem  changed  state  Converted -> Shipped" in shown


def test_a_batch_with_one_that_fails(
    folder: Path, lines: Lines, at_the_meter: Callable[[FreshMeter], list[str]]
) -> None:
    brought_in(folder, "DTSU666")
    for serial in SERIALS[:2]:
        meters("assign", serial, "--at", "Ridge", "--building", "Flat", "--by", "Ann")
    good = FreshMeter(SERIALS[0], "dtsu666")
    at_the_meter(good)
    port = lines.serve(good)
    done = meters("batch", port, "--by", "Ben", "--yes")
    assert done.exit_code == 3
    assert "1 of 2 done" in done.output
    assert "Modbus Address: 100\nRidge, Flat" in done.output
    assert inventory(folder).proven(SERIALS[0]) == {"verified"}
    assert inventory(folder).proven(SERIALS[1]) == frozenset()
    assert "escalate" not in done.output


def test_the_third_failed_try_is_escalated(folder: Path, lines: Lines) -> None:
    brought_in(folder)
    meters("assign", SERIALS[0], "--at", "Ridge", "--building", "Flat", "--by", "Ann")
    port = lines.serve(FreshMeter(SERIALS[1]))
    said = [meters("full", port, SERIALS[0], "--by", "Ben") for _ in range(3)]
    assert [one.exit_code for one in said] == [3, 3, 3]
    assert ["try 3: escalate it" in one.output for one in said] == [False, False, True]
    assert f"meter {SERIALS[1]} answers, not {SERIALS[0]}" in said[0].output


def test_scan_set_address_and_verify(lines: Lines) -> None:
    one, other = FreshMeter(SERIALS[0], unit=3), FreshMeter(SERIALS[1], "dtsu666", unit=105)
    for meter in (one, other):
        meter.speak(modbus=True)
    port = lines.serve(one, other)
    found = meters("scan", port, "--from", "1", "--to", "5")
    assert found.output == "address 3: answers function 3, 231.4 V\n"
    wrong = meters("set-address", port, "105", "106", "--type", "1phase", "--yes", "--by", "Ann")
    assert wrong.exit_code == 3
    assert "not a 1phase meter" in wrong.output
    moved = meters("set-address", port, "3", "12", "--by", "Ann", text="y\n")
    assert moved.exit_code == 0, moved.output
    assert one.unit == 12
    assert other.ratio == 1
    tested = meters("verify", port, "12", "105", "106", "--by", "Ann")
    assert tested.exit_code == 3
    assert [line.partition(": ")[2][:9] for line in tested.output.splitlines()] == [
        "Tested OK",
        "Tested OK",
        "Retest Re",
    ]
    assert meters("scan", port, "--from", "50", "--to", "51").exit_code == 3


def test_an_address_of_two_sites_says_nothing_about_whose_meter_it_is(folder: Path, lines: Lines) -> None:
    brought_in(folder)
    for serial, site in zip(SERIALS[:2], ("Ridge", "Hill"), strict=True):
        meters("assign", serial, "--at", site, "--building", "Flat", "--address", "12", "--by", "Ann")
    meter = FreshMeter(SERIALS[0], unit=12)
    meter.speak(modbus=True)
    port = lines.serve(meter)
    assert meters("verify", port, "12", "--by", "Ben").output.startswith("address 12: Tested OK")
    assert inventory(folder).proven(SERIALS[0]) == inventory(folder).proven(SERIALS[1]) == frozenset()
    assert SERIALS[1] in meters("verify", port, "12", "--at", "Hill", "--by", "Ben").output
    assert inventory(folder).proven(SERIALS[1]) == {"tested"}


def test_a_sheet_with_faults_changes_nothing(folder: Path) -> None:
    (folder / "bad.csv").write_text("Serial,Type\n1,2\n")
    done = meters("import", "bad.csv", "--by", "Ann")
    assert done.exit_code == 2
    assert "row 1, column 1: found `Serial`" in done.output
    assert "nothing was imported" in done.output
    assert inventory(folder).all() == []
    assert meters("import", "missing.csv", "--by", "Ann").exit_code == 2


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_what_goes_out_comes_in_again(folder: Path, suffix: str) -> None:
    brought_in(folder)
    assert meters("export", f"out.{suffix}").exit_code == 0
    done = meters("import", f"out.{suffix}", "--by", "Ann")
    assert "5 meters without a fault, 0 new or changed" in done.output


def test_who_waits_for_whom(folder: Path) -> None:
    brought_in(folder)
    meters("assign", SERIALS[0], "--at", "Ridge", "--building", "Flat", "--by", "Ann")
    with opened(folder) as connection:
        connection.execute("UPDATE meters SET assigned_on = '2026-01-01' WHERE serial = ?", (SERIALS[0],))
    said = meters("pending").output
    assert "development team: assign site and address (4)" in said
    assert "field operations: convert (1)" in said
    assert "OVERDUE: conversion overdue: Assigned for" in said
    assert SERIALS[0] in meters("list", "--overdue").output
    assert SERIALS[1] not in meters("list", "--overdue").output


@contextmanager
def opened(folder: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(folder / "gridward.db")
    with connection:
        yield connection
    connection.close()


def test_the_former_loggers_list_becomes_lines_of_the_site_file(folder: Path) -> None:
    (folder / "logger.yaml").write_text(
        "meters:\n"
        "  - {id: 12, name: flat_2, type: 1phase, enabled: true}\n"
        "  - {id: 101, name: lift, type: 3phase, enabled: false}\n"
    )
    said = meters("import", "logger.yaml").output
    assert "      - {id: flat_2, integration: chint, model: ddsu666, address: 12}" in said
    assert "      # - {id: lift, integration: chint, model: dtsu666, address: 101}" in said
    (folder / "logger.yaml").write_text(
        "meters:\n  - {id: 1, name: a, type: 1phase}\n  - {id: 50, name: B}\n"
    )
    wrong = meters("import", "logger.yaml")
    assert wrong.exit_code == 2
    assert "logger.yaml:2: found `1`; expected 1 is the address" in wrong.output
    assert "logger.yaml:3: found `B`; expected `name`" in wrong.output


def test_the_former_loggers_history_comes_into_the_store_once(folder: Path) -> None:
    (folder / "day.csv").write_text(
        "timestamp,meter_id,V_L1_V,I_L1_A,P_total_kW,E_total_kWh\n"
        "2026-11-20 10:00:00,10,231.4,1.2,0.277,1834.27\n"
        "2026-11-20 10:15:00,10,,1.3,-0.5,1834.30\n"
    )
    assert "2 rows read, 7 stored" in meters("import", "day.csv").output
    assert "2 rows read, 0 stored" in meters("import", "day.csv").output
    history = History(folder / "gridward.db")
    steps = history.history("meter_010", "power", 1_795_168_000, 1_795_178_000, 900)
    assert [step.last for step in steps] == [277.0, -500.0]
    assert len(history.history("meter_010", "voltage", 1_795_168_000, 1_795_178_000, 900)) == 1
    (folder / "day.csv").write_text("timestamp,meter_id,V_L1_V,Colour\nnow,10,a,1\n2026-11-20,10,a,1\n")
    wrong = meters("import", "day.csv").output
    assert "row 1, column 4: found `Colour`" in wrong
    assert "row 2, timestamp: found `now`" in wrong
    assert "row 3, column 3: found `a`" in wrong


def test_status_of_a_code() -> None:
    assert "1008: not active" in meters("status", "1008").output
    assert meters("status", "999999").exit_code == 2


@pytest.fixture
def with_chint(monkeypatch: pytest.MonkeyPatch) -> None:
    """A meter of this name that takes a model and an address is installed here."""
    meter = replace(BROOK, domain="chint", models=("ddsu666", "dtsu666"))
    monkeypatch.setattr("gridward.config.integrations", lambda: {**integrations(), "chint": meter})
    monkeypatch.setattr(place, "commission", Quick)


def site_file(folder: Path, port: str) -> str:
    text = (
        "version: 1\n"
        "site: {id: home, name: Ridge, time_zone: Europe/Bratislava, fail_safe: grid_connected}\n"
        "mqtt: {url: embedded}\n"
        "buses:\n"
        f"  - id: meters\n    port: {port}\n    devices:\n"
        "      - {id: flat_1, integration: chint, model: ddsu666, address: 11}  # stays\n"
    )
    (folder / "site.yaml").write_text(text)
    return text


@pytest.mark.usefixtures("with_chint")
def test_add_keeps_what_a_reading_proves(folder: Path, lines: Lines) -> None:
    meter = FreshMeter(SERIALS[0], unit=12)
    meter.speak(modbus=True)
    before = site_file(folder, lines.serve(meter))
    brought_in(folder)
    meters("assign", SERIALS[0], "--building", "Flat 2", "--address", "12", "--by", "Ann")
    assert "nothing was changed" in meters("add", "meters", SERIALS[0], "--id", "flat_2", "--dry-run").output
    assert (folder / "site.yaml").read_text() == before
    done = meters("add", "meters", SERIALS[0], "--id", "flat_2", "--by", "Dan")
    assert done.exit_code == 0, done.output
    assert "flat_2: 231.4 V at address 12" in done.output
    line = "      - {id: flat_2, integration: chint, model: ddsu666, address: 12}\n"
    assert (folder / "site.yaml").read_text() == before + line
    assert inventory(folder).proven(SERIALS[0]) == {"configured", "reading"}
    again = meters("add", "meters", SERIALS[0], "--id", "flat_2", "--by", "Dan")
    assert again.exit_code == 2
    assert "has a device 'flat_2' already" in again.output


@pytest.mark.usefixtures("with_chint")
def test_add_takes_back_what_nothing_proves(folder: Path, lines: Lines) -> None:
    other = FreshMeter(SERIALS[1], "dtsu666", unit=13)
    other.speak(modbus=True)
    before = site_file(folder, lines.serve(other))
    for address in ("12", "13"):  # nobody there; somebody of another model
        done = meters("add", "meters", "--type", "1phase", "--address", address, "--by", "Dan")
        assert done.exit_code == 3
        assert "the site file is as it was before" in done.output
        assert (folder / "site.yaml").read_text() == before
    assert meters("add", "meters", "--type", "3phase", "--address", "50").exit_code == 2
    assert meters("add", "meters").exit_code == 2
    assert (folder / "site.yaml").read_text() == before


@pytest.mark.usefixtures("with_chint")
def test_ten_fresh_meters_from_unassigned_to_commissioned(
    folder: Path, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = {f"2003220166{n}": FreshMeter(f"2003220166{n}") for n in range(40, 50)}
    for meter in shelf.values():
        meter.unplugged = True
    (folder / "delivery.csv").write_text(
        ",".join(HEAD) + "\n" + "".join(f"{serial},DDSU666,,,,Unassigned\n" for serial in shelf)
    )
    port = lines.serve(*shelf.values())
    site_file(folder, port)

    def at_the_bench(question: str, **_: object) -> bool:
        for serial, meter in shelf.items():
            if "Connect it alone" in question:
                meter.unplugged = serial not in question
            elif "supply" in question and not meter.unplugged:
                meter.power_cycle()
        return True

    monkeypatch.setattr("typer.confirm", at_the_bench)

    def each(*words: str) -> None:
        for serial in shelf:
            done = meters("assign", serial, *words, "--by", "Ann")
            assert done.exit_code == 0, done.output

    assert meters("import", "delivery.csv", "--by", "Ann").exit_code == 0
    each("--building", "House")
    batch = meters("batch", port, "--by", "Ben", "--yes")
    assert "10 of 10 done" in batch.output, batch.output
    each("--to", "Converted", "--proof", "labelled")
    for meter in shelf.values():
        meter.unplugged = False
    assert sorted(meter.unit for meter in shelf.values()) == list(range(10, 20))
    assert meters("verify", port, *(str(number) for number in range(10, 20)), "--by", "Ben").exit_code == 0
    each("--to", "Shipped")
    each("--to", "Installed", "--proof", "serial_matched")
    assert "remote team: commission (10)" in meters("pending").output
    (folder / "site.yaml").write_text(
        (folder / "site.yaml").read_text().replace("address: 11", "address: 30")
    )
    for serial in shelf:
        done = meters("add", "meters", serial, "--by", "Dan")
        assert done.exit_code == 0, done.output
    each("--to", "Commissioned")
    assert {one.state for one in inventory(folder).all()} == {State.COMMISSIONED}
    assert meters("pending").output == "no meter waits for anybody\n"
