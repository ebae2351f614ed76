"""The inventory: states and what each needs, addresses, the trail of every change, sheets in and out."""

import csv
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridward.meters import sheet
from gridward.meters.inventory import Event, Inventory, Why
from gridward.meters.meter import NEEDS, ORDER, AddressRules, Meter, State, Step, advanced, colour, overdue
from gridward.recorder.schema import STEPS, open_store

TODAY = date(2026, 11, 21)
RULES = AddressRules()
SERIAL = "200322016690"
AT = 1_795_000_000.0


def meter(serial: str = SERIAL, **changes: object) -> Meter:
    return replace(Meter(serial=serial, type="DDSU666"), **changes)  # type: ignore[arg-type]


ASSIGNED = meter(
    site="Ridge", building="Flat 2", address=12, state=State.ASSIGNED, assigned_on=TODAY, assigned_by="Ann"
)


def step(to: State, reason: str = "", *proven: str, by: str = "Ben", on: date = TODAY) -> Step:
    return Step(to, by, on, reason, frozenset(proven))


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    return Inventory(tmp_path / "gridward.db", RULES)


def why(reason: str = "") -> Why:
    return Why("Ann", AT, reason)


# states


def test_a_meter_goes_its_way_with_who_and_when() -> None:
    moved = ASSIGNED
    for state in ORDER[2:6]:
        with pytest.raises(ValueError, match="it lacks"):
            advanced(moved, step(state))
        moved = advanced(moved, step(state, "", *NEEDS[state]))
    assert moved.state is State.COMMISSIONED
    assert all(moved.reached(state) == (TODAY, "Ann" if state is ORDER[1] else "Ben") for state in ORDER[1:6])


@given(st.sampled_from(ORDER), st.sampled_from(ORDER))
def test_every_other_way_needs_a_reason(here: State, there: State) -> None:
    start = replace(ASSIGNED, state=here)
    proofs = NEEDS.get(there, ())
    if here is there:
        with pytest.raises(ValueError, match="already"):
            advanced(start, step(there, "why", *proofs))
        return
    if ORDER.index(there) != ORDER.index(here) + 1 or there is State.ARCHIVED:
        with pytest.raises(ValueError, match="needs a reason"):
            advanced(start, step(there, "", *proofs))
    moved = advanced(start, step(there, "because"))
    assert moved.state is there
    later = ORDER[ORDER.index(there) + 1 :]
    if ORDER.index(there) < ORDER.index(here):
        assert all(
            moved.reached(state) == (None, "") for state in later if state in ORDER[: ORDER.index(here) + 1]
        )


def test_nobody_is_nobody(inventory: Inventory) -> None:
    with pytest.raises(ValueError, match="say who"):
        advanced(ASSIGNED, step(State.CONVERTED, "why", by=" "))
    with pytest.raises(ValueError, match="say who"):
        inventory.add([ASSIGNED], Why("", AT))
    assert inventory.all() == []


def test_a_meter_without_a_place_is_not_converted() -> None:
    with pytest.raises(ValueError, match="no site, no building, no address"):
        advanced(meter(), step(State.CONVERTED, "why"))


@pytest.mark.parametrize("serial", ["20032201669", "2003220166900", "20032201669x", ""])
def test_a_serial_number_has_exactly_twelve_digits(serial: str) -> None:
    with pytest.raises(ValueError, match="exactly 12 digits"):
        meter(serial)


@pytest.mark.parametrize(
    ("state", "days", "late"),
    [
        (State.ASSIGNED, 7, False),
        (State.ASSIGNED, 8, True),
        (State.INSTALLED, 2, False),
        (State.INSTALLED, 3, True),
        (State.SHIPPED, 100, False),
    ],
)
def test_who_waits_too_long(state: State, days: int, late: bool) -> None:
    one = replace(ASSIGNED, state=state, assigned_on=TODAY, installed_on=TODAY, shipped_on=TODAY)
    today = TODAY + timedelta(days=days)
    assert (overdue(one, today) is not None) == late
    assert (colour(one, today, RULES) == "red") == late


def test_a_date_that_is_not_known_is_never_overdue() -> None:
    assert overdue(replace(ASSIGNED, assigned_on=None), TODAY + timedelta(days=999)) is None


# addresses


@pytest.mark.parametrize(
    ("phases", "address", "fault", "warned"),
    [
        ("1phase", 1, "leave the factory", False),
        ("1phase", 2, None, True),
        ("1phase", 9, None, True),
        ("1phase", 10, None, False),
        ("1phase", 99, None, False),
        ("1phase", 100, "three-phase", False),
        ("3phase", 99, "single-phase", False),
        ("3phase", 100, None, False),
        ("3phase", 247, None, False),
        ("3phase", 248, "no Modbus address", False),
        ("1phase", 0, "no Modbus address", False),
        ("3phase", 1, "leave the factory", False),
    ],
)
def test_addresses(phases: str, address: int, fault: str | None, warned: bool) -> None:
    said = RULES.fault(phases, address)
    assert said is None if fault is None else said is not None and fault in said
    assert (RULES.warning(phases, address) is not None) == warned


@given(st.sampled_from(["1phase", "3phase"]), st.sets(st.integers(0, 260)), st.integers(2, 20))
def test_a_free_address_is_free_and_allowed(phases: str, taken: set[int], lowest: int) -> None:
    rules = AddressRules(lowest=lowest)
    found = rules.free(phases, taken)
    if found is None:
        assert set(rules.span(phases)) <= taken
    else:
        assert found not in taken
        assert rules.fault(phases, found) is None
        assert rules.warning(phases, found) is None


# the store


def test_every_change_is_kept_with_who_and_when(inventory: Inventory) -> None:
    assert inventory.add([meter()], why()) == 1
    placed = inventory.assign(SERIAL, ("Ridge", "Flat 2"), None, step(State.ASSIGNED), AT + 60)
    assert (placed.address, placed.state, placed.assigned_by) == (10, State.ASSIGNED, "Ben")
    inventory.note(Event(SERIAL, AT + 70, "tool", "proof", "verified"))
    with pytest.raises(ValueError, match="label fixed"):
        inventory.advance(SERIAL, step(State.CONVERTED), AT + 80)
    inventory.advance(SERIAL, step(State.CONVERTED, "", "labelled"), AT + 90)
    back = inventory.advance(SERIAL, step(State.ASSIGNED, "it fell back to DL/T 645"), AT + 100)
    assert (back.converted_on, back.converted_by) == (None, "")
    assert inventory.proven(SERIAL) == frozenset()
    told = inventory.events(SERIAL)
    assert [event.at for event in told] == sorted(event.at for event in told)
    assert {event.who for event in told} == {"Ann", "Ben", "tool"}
    changes = [(one.what, one.before, one.after) for one in told if one.kind == "changed"]
    assert ("address", None, "10") in changes
    assert ("state", "Assigned", "Converted") in changes
    assert ("state", "Converted", "Assigned") in changes
    assert told[-1].reason == "it fell back to DL/T 645"
    assert inventory.get(SERIAL) == back


def test_another_address_is_to_be_proven_anew(inventory: Inventory) -> None:
    inventory.add([ASSIGNED], why())
    inventory.note(Event(SERIAL, AT, "tool", "proof", "verified"))
    inventory.assign(SERIAL, ("Ridge", "Flat 2"), None, step(State.ASSIGNED), AT)
    assert inventory.need(SERIAL).address == 10
    assert inventory.proven(SERIAL) == frozenset()
    inventory.note(Event(SERIAL, AT, "tool", "proof", "verified"))
    inventory.assign(SERIAL, ("Ridge", "Flat 3"), 10, step(State.ASSIGNED), AT)
    assert inventory.proven(SERIAL) == {"verified"}


def test_two_meters_never_share_an_address_of_a_site(inventory: Inventory) -> None:
    other = meter("200322016691")
    inventory.add([ASSIGNED, other], why())
    with pytest.raises(ValueError, match="taken by another"):
        inventory.assign(other.serial, ("Ridge", "Flat 3"), 12, step(State.ASSIGNED), AT)
    assert inventory.get(other.serial) == other
    assert inventory.get(SERIAL) == ASSIGNED
    assert inventory.assign(other.serial, ("Hill", "Flat 3"), 12, step(State.ASSIGNED), AT).address == 12
    inventory.advance(SERIAL, step(State.ARCHIVED, "replaced"), AT)
    moved = inventory.assign(other.serial, ("Ridge", "Flat 2"), 12, step(State.ASSIGNED, "moves"), AT)
    assert (moved.site, moved.address) == ("Ridge", 12)


def test_an_import_is_all_or_nothing(inventory: Inventory) -> None:
    wrong = meter("200322016691", site="Ridge", building="x", address=12, state=State.ASSIGNED)
    with pytest.raises(ValueError, match="taken by another"):
        inventory.add([ASSIGNED, wrong], why())
    assert inventory.all() == []
    assert inventory.events() == []


def test_two_meters_may_change_addresses_in_one_import(inventory: Inventory) -> None:
    other = replace(ASSIGNED, serial="200322016691", address=13)
    inventory.add([ASSIGNED, other], why())
    assert inventory.add([replace(ASSIGNED, address=13), replace(other, address=12)], why()) == 2
    assert {one.serial: one.address for one in inventory.all()} == {SERIAL: 13, other.serial: 12}


def test_looking_makes_no_file(inventory: Inventory) -> None:
    assert inventory.all() == []
    assert inventory.get(SERIAL) is None
    assert inventory.events() == []
    assert not inventory.path.exists()


def test_no_address_is_free(tmp_path: Path) -> None:
    full = Inventory(tmp_path / "gridward.db", AddressRules(lowest=99))
    full.add([replace(ASSIGNED, address=99), meter("200322016691")], why())
    with pytest.raises(ValueError, match="no address is free"):
        full.assign("200322016691", ("Ridge", "Flat 3"), None, step(State.ASSIGNED), AT)


def test_a_store_from_before_the_inventory_is_taken_along(tmp_path: Path) -> None:
    path = tmp_path / "gridward.db"
    open_store(path, STEPS[:1]).close()
    Inventory(path, RULES).add([ASSIGNED], why())
    assert Inventory(path, RULES).all() == [ASSIGNED]
    with sqlite3.connect(tmp_path / "gridward.db.version-1") as copy:
        assert copy.execute("PRAGMA user_version").fetchone()[0] == 1
    copy.close()


# sheets

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
