"""What the store tells of the past: values and events at every depth, and how long each depth is kept."""

import math
from pathlib import Path

import pytest
from gateway.stored_readings import HOUR, NOON, fill, parcel, retain_all, roll_all
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridward.recorder.history import Event, History, Step, Stored
from gridward.recorder.store import Store
from gridward.site import DAY, Keep


@pytest.fixture
def store(memory_path: Path) -> Store:
    return Store(memory_path / "gridward.db")


def test_texts_and_flags_are_told_by_their_changes(store: Store) -> None:
    modes = ["line", "line", "battery", "battery", "line"]
    for seq, mode in enumerate(modes, 1):
        store.add(parcel(seq, NOON + 5 * seq, {"mode": mode, "fan": mode == "line"}))
    store.commit()
    assert store.read.changes("bms", "mode", NOON, NOON + 99) == [
        Stored(NOON + 5, "line"),
        Stored(NOON + 15, "battery"),
        Stored(NOON + 25, "line"),
    ]
    assert [one.value for one in store.read.changes("bms", "fan", NOON, NOON + 99)] == [True, False, True]
    assert store.history("bms", "mode", NOON, NOON + 99, 5) == [], "a text has no mean"
    shares = store.history("bms", "fan", NOON, NOON + 50, 50)
    assert [(step.mean, step.count) for step in shares] == [(0.6, 5)]


READINGS = st.dictionaries(
    st.integers(0, 3 * 3600 - 1).map(float),
    st.floats(-1000, 1000, allow_subnormal=False),
    min_size=1,
    max_size=60,
)


def plain(values: dict[float, float], step: float) -> dict[float, tuple[float, float, float, float, int]]:
    """Least, mean, greatest, last and count of each step, computed plainly."""
    bins: dict[float, list[float]] = {}
    for offset in sorted(values):
        bins.setdefault(NOON + offset // step * step, []).append(values[offset])
    return {at: (min(row), sum(row) / len(row), max(row), row[-1], len(row)) for at, row in bins.items()}


def equal(found: list[Step], wanted: dict[float, tuple[float, float, float, float, int]]) -> None:
    assert [step.at for step in found] == sorted(wanted)
    for step in found:
        low, mean, high, last, count = wanted[step.at]
        assert (step.min, step.max, step.last, step.count) == (low, high, last, count)
        assert math.isclose(step.mean, mean, rel_tol=1e-9, abs_tol=1e-9)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=READINGS, late=READINGS, step=st.sampled_from([60.0, 300.0, 3600.0]), first=st.booleans())
def test_minutes_and_hours_equal_a_plain_computation(
    memory_path: Path, values: dict[float, float], late: dict[float, float], step: float, *, first: bool
) -> None:
    """Also for readings that come after their hour was summed up, before and after it is summed up again."""
    path = memory_path / "gridward.db"
    for file in memory_path.glob("gridward.db*"):
        file.unlink()
    store = Store(path)
    fill(store, values)
    roll_all(store, NOON + 4 * HOUR)
    equal(store.history("bms", "voltage", NOON, NOON + 3 * HOUR, step), plain(values, step))
    late = {offset: value for offset, value in late.items() if offset not in values}
    if late:
        fill(store, late, first=len(values) + 1)
        if first:
            roll_all(store, NOON + 4 * HOUR)
        equal(store.history("bms", "voltage", NOON, NOON + 3 * HOUR, step), plain(values | late, step))
    store.close()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=READINGS, late=READINGS, step=st.sampled_from([60.0, 3600.0]))
def test_minutes_outlive_their_readings(
    memory_path: Path, values: dict[float, float], late: dict[float, float], step: float
) -> None:
    """What comes late for an hour whose readings were let go is added to its minutes."""
    for file in memory_path.glob("gridward.db*"):
        file.unlink()
    store = Store(memory_path / "gridward.db")
    now = NOON + 4 * HOUR
    fill(store, values)
    roll_all(store, now)
    assert retain_all(store, now + DAY, Keep(raw=HOUR)) == len(values)
    late = {offset: value for offset, value in late.items() if offset not in values}
    if late:
        fill(store, late, first=len(values) + 1)
        roll_all(store, now + DAY)
        retain_all(store, now + DAY, Keep(raw=HOUR))
    found = store.history("bms", "voltage", NOON, NOON + 3 * HOUR, step)
    wanted = plain(values | late, step)
    assert [(one.at, one.min, one.max, one.count) for one in found] == [
        (at, row[0], row[2], row[4]) for at, row in sorted(wanted.items())
    ]
    for one in found:
        assert math.isclose(one.mean, wanted[one.at][1], rel_tol=1e-9, abs_tol=1e-6)
    store.close()


def test_history_goes_over_the_edge_between_minutes_and_readings(store: Store) -> None:
    values = {float(offset): offset / 10 for offset in range(0, 2 * 3600 + 900, 5)}
    fill(store, values)
    assert roll_all(store, NOON + 2 * HOUR + 900) == 2, "the running hour is not summed up"
    step = 600.0
    found = store.history("bms", "voltage", NOON + HOUR, NOON + 3 * HOUR, step)
    equal(found, {at: row for at, row in plain(values, step).items() if at >= NOON + HOUR})
    straddling = store.history("bms", "voltage", NOON + 2 * HOUR - 300, NOON + 2 * HOUR + 300, step)
    assert [(one.count, one.min, one.max) for one in straddling] == [(120, 690.0, 749.5)]


def test_readings_are_seen_as_they_came_below_a_minute(store: Store) -> None:
    fill(store, {0: 1.0, 5: 2.0, 3605: 3.0})
    roll_all(store, NOON + 5 * HOUR)
    found = store.history("bms", "voltage", NOON, NOON + 2 * HOUR, 5)
    assert [(one.at - NOON, one.last) for one in found] == [(0, 1.0), (5, 2.0), (3605, 3.0)]


def test_an_odd_question_has_no_answer(store: Store) -> None:
    fill(store, {0: 1.0})
    for start, end, step in ((NOON, NOON, 5), (NOON + 9, NOON, 5), (NOON, NOON + 9, 0), (0, math.inf, 1)):
        assert store.history("bms", "voltage", start, end, step) == []
    assert store.history("bms", "unknown", NOON, NOON + 9, 1) == []
    assert len(store.history("bms", "voltage", 0, NOON * 2, 3600)) == 1


def test_retention_keeps_each_level_its_time(store: Store) -> None:
    fill(store, {hour * HOUR + second: 1.0 for hour in range(6) for second in range(0, 3600, 60)})
    now = NOON + 6 * HOUR
    assert retain_all(store, now, Keep(raw=0, minutes=0, hours=0)) == 0, "nothing goes that was not summed up"
    assert roll_all(store, now + 200) == 6
    assert retain_all(store, now, Keep(raw=2 * HOUR, minutes=4 * HOUR)) == 4 * 60 + 2 * 60
    counts = [(one.at - NOON, one.count) for one in store.history("bms", "voltage", NOON, now, HOUR)]
    assert counts == [(hour * HOUR, 60) for hour in range(6)]
    fine = store.history("bms", "voltage", NOON, now, 60)
    assert [one.count for one in fine] == [60, 60] + [1] * 240
    assert store.read.first() == NOON
    assert retain_all(store, now, Keep(raw=HOUR, minutes=HOUR, hours=HOUR)) > 0
    assert [one.at - NOON for one in store.history("bms", "voltage", NOON, now, HOUR)] == [5 * HOUR]


def test_the_audit_is_told_in_order_and_once(store: Store) -> None:
    store.audit(NOON + 2, {"what": "rules/decision", "after": "islanded"})
    store.audit(NOON + 1, {"what": "inverter/mode", "by": "http"})
    store.audit(NOON + 1, {"by": "http", "what": "inverter/mode"})
    told = store.events(NOON, NOON + 3)
    assert [(event.at - NOON, event.content["what"]) for event in told] == [
        (1, "inverter/mode"),
        (2, "rules/decision"),
    ]
    assert store.events(NOON, NOON + 2) == told[:1]


def test_the_newest_of_the_audit_are_read_and_no_more(store: Store) -> None:
    assert store.read.audited() == 0
    for number in range(500):
        store.audit(NOON + number, {"what": "rules/decision" if number % 5 else "inverter/mode", "n": number})
    before = store.read.audited()
    looked: list[float] = []

    def wanted(event: Event) -> bool:
        looked.append(event.at - NOON)
        return event.content["what"] == "inverter/mode"

    told = store.read.events(NOON, NOON + 500, wanted, 3)
    assert [event.content["n"] for event in told] == [485, 490, 495]
    assert looked == list(range(499, 484, -1))
    assert store.read.audited() == before
    store.audit(NOON, {"what": "late"})
    assert store.read.audited() > before


def test_where_there_is_no_store_there_is_no_history(tmp_path: Path) -> None:
    history = History(tmp_path / "absent.db")
    assert history.history("bms", "soc", NOON, NOON + 9, 1) == []
    assert history.events(0, NOON) == []
    assert (history.count(), history.first(), history.audited(), history.series()) == (0, None, 0, ())
    assert not (tmp_path / "absent.db").exists()


def test_others_read_while_it_is_written(store: Store) -> None:
    fill(store, {0: 1.0})
    history = History(store.path)
    assert history.count() == 1
    fill(store, {0: 1.0, 5: 2.0})
    assert history.count() == 2
    store.close()
    assert history.count() == 2
