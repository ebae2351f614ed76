"""Sheets of meters: what is written is what is read, and every wrong cell is named."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from gateway.meter_records import ASSIGNED, RULES, SERIAL, meter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridward.meters import sheet
from gridward.meters.meter import Meter

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=12)
SERIALS = st.integers(0, 10**12 - 1).map(lambda number: f"{number:012d}")
METERS = st.lists(
    st.builds(
        Meter,
        serial=SERIALS,
        type=st.sampled_from(["DDSU666", "DTSU666"]),
        site=WORDS,
        building=WORDS,
        notes=WORDS,
        converted_on=st.none() | st.dates(),
        converted_by=WORDS,
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one.serial,
)


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(meters=METERS)
def test_what_is_written_is_what_is_read(tmp_path: Path, suffix: str, meters: list[Meter]) -> None:
    path = tmp_path / f"meters.{suffix}"
    sheet.write(path, meters)
    assert sheet.read(path, RULES) == meters


def xlsx(path: Path, *rows: Sequence[object]) -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(dict(enumerate(row, 1)))
    book.save(path)
    return path


GOOD = ["200322016690", "DDSU666", "Ridge", "Flat 2", 12, "Assigned"]
HEAD = [sheet.TITLES[name] for name in sheet.NEEDED]


def faults(path: Path, *others: Meter) -> list[str]:
    with pytest.raises(sheet.FaultySheet) as caught:
        sheet.read(path, RULES, others)
    return [str(fault) for fault in caught.value.faults]


def test_wrong_columns_are_named_one_by_one(tmp_path: Path) -> None:
    head = ["Serial", "Meter Type", "Site Name", "Site Name", "Status", "Colour"]
    told = faults(xlsx(tmp_path / "wrong.xlsx", head, ["1", "DDSU999", "a", "b", "Nowhere", "red"]))
    assert told == [
        "row 1, column 1: found `Serial`; expected one of the inventory's titles",
        "row 1, column 4: found `Site Name` twice; expected each title once",
        "row 1, column 6: found `Colour`; expected one of the inventory's titles",
        "row 1, titles: found nothing; expected the column `Meter Serial Number`",
        "row 1, titles: found nothing; expected the column `Building/Customer`",
        "row 1, titles: found nothing; expected the column `Assigned Modbus Address`",
        "row 2, Meter Type: found `DDSU999`; expected DDSU666 or DTSU666",
        "row 2, Status: found `Nowhere`; expected one of Unassigned, Assigned, Converted, Shipped, "
        "Installed, Commissioned, Archived",
    ]


def test_every_wrong_cell_is_named(tmp_path: Path) -> None:
    path = xlsx(
        tmp_path / "wrong.xlsx",
        [*HEAD, "Date Assigned"],
        [*GOOD, date(2026, 11, 1)],
        ["20032201669", *GOOD[1:], None],
        [*GOOD[:4], 13, "Assigned", "yesterday"],
        ["200322016691", "DTSU666", "Ridge", "Flat 3", 50, "Assigned", None],
        ["200322016692", "DDSU666", "Ridge", "Flat 4", 1, "Assigned", None],
        ["200322016693", "DDSU666", "Ridge", "Flat 5", 12, "Converted", None],
        ["200322016694", "DDSU666", "Ridge", "", 248.5, "Installed", None],
        ["200322016695", "DDSU666", "Hill", "Flat 1", 20, "Assigned", None],
    )
    kept = replace(ASSIGNED, serial="200322016699", site="Hill", address=20)
    assert faults(path, kept) == [
        "row 3, Meter Serial Number: found `20032201669`; expected exactly 12 digits (11 given; as text, or "
        "a leading 0 is lost)",
        "row 4, Date Assigned: found `yesterday`; expected a date as 2026-11-21",
        "row 5, Assigned Modbus Address: found `50`; expected another address: 50 is for single-phase "
        "meters; three-phase begins at 100",
        "row 6, Assigned Modbus Address: found `1`; expected another address: 1 is the address that meters "
        "leave the factory with",
        "row 7, Assigned Modbus Address: found `12` at Ridge, as row 2; expected an address that is free",
        "row 8, Assigned Modbus Address: found `248.5`; expected a whole number from 2 to 247",
        "row 8, Building/Customer: found nothing; expected a value: the meter is Installed",
        "row 8, Assigned Modbus Address: found `248.5`; expected a value: the meter is Installed",
        "row 9, Assigned Modbus Address: found `20` at Hill, as 200322016699 in the inventory; expected an "
        "address that is free",
    ]


def test_a_meter_twice_and_an_empty_sheet(tmp_path: Path) -> None:
    twice = faults(xlsx(tmp_path / "twice.xlsx", HEAD, GOOD, [*GOOD[:4], 13, "Assigned"]))
    assert twice == ["row 3, Meter Serial Number: found `200322016690` as in row 2; expected each meter once"]
    assert faults(xlsx(tmp_path / "none.xlsx", HEAD)) == [
        "row 2, Meter Serial Number: found no meter; expected at least one row"
    ]


@pytest.mark.parametrize("name", ["meters.txt", "broken.xlsx", "latin.csv"])
def test_what_is_no_sheet(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"Meter Serial Number\xff\n\xe9")
    with pytest.raises(ValueError, match=name):
        sheet.read(path, RULES)


def test_a_serial_number_that_a_spreadsheet_made_a_number(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "numbers.xlsx", HEAD, [200322016690, *GOOD[1:4], 12.0, "Assigned"])
    (found,) = sheet.read(path, RULES)
    assert (found.serial, found.address) == (SERIAL, 12)


def test_no_cell_is_a_formula_for_the_program_that_opens_it(tmp_path: Path) -> None:
    evil = meter(notes="=HYPERLINK(1)", building="+1")
    path = tmp_path / "meters.csv"
    sheet.write(path, [evil])
    with path.open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []
    assert sheet.read(path, RULES) == [evil]
    book_path = tmp_path / "meters.xlsx"
    sheet.write(book_path, [evil])
    book = openpyxl.load_workbook(book_path)
    assert {cell.data_type for row in book.worksheets[0].iter_rows() for cell in row} <= {
        "s",
        "inlineStr",
        "n",
    }
    assert sheet.read(book_path, RULES) == [evil]
