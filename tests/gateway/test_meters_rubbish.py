"""Whatever a sheet, a history, a logger's list or a kept conversion holds: words, never a traceback."""

import csv
import json
from collections.abc import Callable
from datetime import UTC, date
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridward.document import SiteFault
from gridward.meters import calin, logger, sheet
from gridward.meters.meter import AddressRules, Meter
from gridward.meters.outcome import Known, Order, Outcome, Stage, Taken, known_from, outcome_from
from gridward.meters.sitefile import Addition, with_line

T = TypeVar("T")
E = TypeVar("E", bound=Exception)
RULES = AddressRules()
WORDS = st.text(max_size=15)
CELLS = (
    st.none()
    | st.integers(-5, 10**13)
    | st.floats(allow_nan=True)
    | st.dates()
    | WORDS
    | st.sampled_from(["200322016690", "DDSU666", "Assigned", "12", "2026-11-21", "=1+1", "\x00"])
)
HEADS = st.lists(st.sampled_from([*sheet.TITLES.values(), "Other", ""]), max_size=20) | st.just(
    list(sheet.TITLES.values())
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=10,
)
SHARED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def tried(work: Callable[[], T], kind: type[E]) -> tuple[T | None, E | None]:
    """What it gives, or the one error that it may end with."""
    try:
        return work(), None
    except kind as error:
        return None, error


@given(HEADS, st.lists(st.lists(CELLS, max_size=20), max_size=5))
def test_any_sheet_is_read_or_its_faults_are_named(head: list[str], rows: list[list[sheet.Cell]]) -> None:
    found, error = tried(lambda: sheet.judged([head, *rows], RULES), sheet.FaultySheet)
    faults = () if error is None else error.faults
    assert bool(found) != bool(faults)
    assert all(fault.row >= 1 and fault.column and fault.expected for fault in faults)


@SHARED
@given(st.lists(st.lists(WORDS, max_size=6), max_size=4))
def test_any_history_is_read_or_its_faults_are_named(tmp_path: Path, rows: list[list[str]]) -> None:
    path = tmp_path / "day.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["timestamp", "meter_id", "V_L1_V", "P_total_kW"])
        writer.writerows(rows)
    past, error = tried(lambda: logger.history(path, UTC), ValueError)
    assert error is None or "nothing was imported" in str(error)
    assert all(row.device for row in past or [])


@SHARED
@given(JSON)
def test_any_list_of_a_logger_is_read_or_its_faults_are_named(tmp_path: Path, content: object) -> None:
    path = tmp_path / "logger.yaml"
    path.write_text(json.dumps({"meters": content}), "utf-8")
    entries, error = tried(lambda: logger.configured(path, RULES), SiteFault)
    assert error is None or error.faults
    assert all(RULES.fault(one.phases, one.address) is None for one in entries or [])


@given(JSON)
def test_any_kept_conversion_is_read_or_refused(content: object) -> None:
    kept = json.loads(json.dumps(content))
    known_from(kept)
    found, error = tried(lambda: outcome_from(kept), ValueError)
    assert (found is None) != (error is None)


def test_a_conversion_comes_back_as_it_was_kept() -> None:
    order = Order(12, "Ann", "200322016690", "1phase")
    known = Known("200322016690", "modbus", 12, "ddsu666", switch_sent=True, reading={"voltage": 231.4})
    outcome = Outcome(order, known, 1.0, 2.5, "failed", "why", [Taken(Stage.FIND, "bad", "x", 1.0, 2.0)])
    back = outcome_from(json.loads(json.dumps(outcome.to_json())))
    assert back == outcome


@given(WORDS)
def test_any_code_is_looked_up_or_unknown(text: str) -> None:
    words, error = tried(lambda: calin.lookup(text), ValueError)
    assert words or str(error)


@given(st.text(max_size=200))
def test_no_text_without_the_bus_gets_a_line(text: str) -> None:
    after, error = tried(lambda: with_line(text, Addition("meters", "a", (("address", 12),))), ValueError)
    assert after is None
    assert "bus meters" in str(error)


@pytest.mark.parametrize("day", [date.min, date.max])
def test_days_at_the_ends_of_time(tmp_path: Path, day: date) -> None:
    meter = Meter(serial="200322016690", type="DDSU666", shipped_on=day)
    sheet.write(tmp_path / "out.csv", [meter])
    assert sheet.read(tmp_path / "out.csv", RULES) == [meter]
