"""`gridward meters` as a field team uses it: a sheet in, meters on simulated lines, a sheet out."""

import csv
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from gateway.meter_lines import SERIALS, Lines, brought_in, folder, inventory, lines, meters

from gridward.meters.meter import State
from gridward_chint.fresh_meter import FreshMeter

__all__ = ["folder", "lines"]


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


def test_status_of_a_code() -> None:
    assert "1008: not active" in meters("status", "1008").output
    assert meters("status", "999999").exit_code == 2
