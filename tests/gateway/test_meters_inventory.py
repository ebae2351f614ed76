"""The inventory: states and what each needs, addresses, and the trail of every change."""

import sqlite3
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from gateway.meter_records import ASSIGNED, RULES, SERIAL, TODAY, meter
from hypothesis import given
from hypothesis import strategies as st

from gridward.meters.inventory import Event, Inventory, Why
from gridward.meters.meter import NEEDS, ORDER, AddressRules, State, Step, advanced, colour, overdue
from gridward.recorder.schema import STEPS, open_store

AT = 1_795_000_000.0


def step(to: State, reason: str = "", *proven: str, by: str = "Ben", on: date = TODAY) -> Step:
    return Step(to, by, on, reason, frozenset(proven))


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    return Inventory(tmp_path / "gridward.db", RULES)


def why(reason: str = "") -> Why:
    return Why("Ann", AT, reason)


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
