"""Conditions: true, false and unknown; hours and days on the site's own clock, over both clock changes."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward.rules.calendar import Dates, Hours
from gridward.rules.condition import (
    Age,
    All,
    AnyOf,
    Changed,
    Compare,
    Condition,
    Not,
    OneOf,
    Truth,
)
from gridward.rules.inputs import Source
from gridward.rules.view import Ref, View
from gridward_kit.point import Value

ZONE = ZoneInfo("Europe/Bratislava")
VOLTS = Ref("bms", "voltage", "battery.voltage", "V")
BACK = Ref("inverter", "battery_redischarge_voltage", "inverter.battery_redischarge_voltage", "V")
MODE = Ref("inverter", "mode", "inverter.mode")
TRUE, FALSE = All(()), AnyOf(())
UNKNOWN = Compare(VOLTS, "above", 1.0)


def view(volts: Value | None = None, *, fresh: bool = True, age: float | None = 1.0, **other: Value) -> View:
    values: dict[str, Value] = {} if volts is None else {"voltage": volts}
    return View(
        {
            "bms": Source("BMS", fresh=fresh, age=age, values=values),
            "inverter": Source("Inverter", fresh=True, age=1.0, values=other),
        }
    )


@pytest.mark.parametrize(
    ("comparison", "below", "same", "above"),
    [
        ("above", False, False, True),
        ("below", True, False, False),
        ("at_least", False, True, True),
        ("at_most", True, True, False),
    ],
)
def test_comparisons_at_and_beside_the_threshold(
    comparison: str, below: bool, same: bool, above: bool
) -> None:
    asked = Compare(VOLTS, comparison, 50.6)
    assert [asked.truth(view(volts)) for volts in (50.5, 50.6, 50.7)] == [below, same, above]


@pytest.mark.parametrize(
    "nothing",
    [view(), view(50.0, fresh=False), view(float("nan")), view(float("inf")), view("50"), view(True)],
)
def test_what_is_missing_old_or_impossible_is_unknown(nothing: View) -> None:
    for comparison in ("above", "below", "at_least", "at_most"):
        assert Compare(VOLTS, comparison, 50.0).truth(nothing) is None
        assert Not(Compare(VOLTS, comparison, 50.0)).truth(nothing) is None


def test_two_entities_are_compared_only_when_both_are_known() -> None:
    asked = Compare(VOLTS, "at_least", BACK)
    assert asked.truth(view(53.0, battery_redischarge_voltage=53.0)) is True
    assert asked.truth(view(52.9, battery_redischarge_voltage=53.0)) is False
    assert asked.truth(view(53.0)) is None


def test_one_of_some_words() -> None:
    asked = OneOf(MODE, ("line", "bypass"))
    assert [asked.truth(view(mode=mode)) for mode in ("line", "battery")] == [True, False]
    assert asked.truth(view()) is None


def test_age_is_that_of_the_last_answer_even_when_it_is_no_longer_fresh() -> None:
    old = Age(VOLTS, "above", 300.0)
    assert old.truth(view(fresh=False, age=301.0)) is True
    assert old.truth(view(50.0, age=2.0)) is False
    assert old.truth(view(age=None)) is None


def test_a_change_counts_for_its_time_and_a_first_sight_is_none() -> None:
    asked = Changed(VOLTS, 60.0)
    seen = view(50.0)
    assert asked.truth(seen) is False
    assert asked.truth(View(seen.sources, settled={VOLTS: 60.0})) is True
    assert asked.truth(View(seen.sources, settled={VOLTS: 61.0})) is False
    assert asked.truth(View({}, settled={VOLTS: 1.0})) is None


TRUTHS = st.lists(st.sampled_from([True, False, None]), max_size=5)


@given(TRUTHS)
def test_unknown_never_counts_as_agreement(truths: list[Truth]) -> None:
    made: dict[Truth, Condition] = {True: TRUE, False: FALSE, None: UNKNOWN}
    parts = tuple(made[truth] for truth in truths)
    every, some = All(parts).truth(view()), AnyOf(parts).truth(view())
    assert (every is True) == all(truth is True for truth in truths)
    assert (some is True) == (True in truths)
    assert (every is False) == (False in truths)
    assert (some is False) == all(truth is False for truth in truths)


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 29, 1), (10, 25, 3), (6, 1, 2)])
def test_a_window_over_a_clock_change_is_shorter_or_longer_and_never_skipped_or_twice(
    month: int, day: int, hours: int
) -> None:
    asked = Hours(time(1, 30), time(3, 30))
    begin = datetime(2026, month, day, tzinfo=ZONE).astimezone(UTC)
    moments = [(begin + timedelta(minutes=minute)).astimezone(ZONE) for minute in range(6 * 60)]
    found = [asked.truth(View(local=local)) for local in moments]
    assert sum(truth is True for truth in found) == hours * 60
    assert sum(a is not True and b is True for a, b in pairwise(found)) == 1


@given(st.times(), st.times(), st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)))
def test_a_window_and_its_contrary_share_out_the_day(after: time, before: time, at: datetime) -> None:
    now = View(local=at.replace(tzinfo=ZONE))
    if after != before:
        assert Hours(after, before).truth(now) is not Hours(before, after).truth(now)
    assert Hours(after, before).truth(View()) is None


@pytest.mark.parametrize(
    ("day", "inside"), [("10-31", False), ("11-01", True), ("01-01", True), ("03-15", True), ("03-16", False)]
)
def test_dates_over_new_year(day: str, inside: bool) -> None:
    local = datetime.fromisoformat(f"2026-{day} 12:00").replace(tzinfo=ZONE)
    asked = Dates((11, 1), (3, 15))
    assert asked.truth(View(local=local)) is inside
    assert asked.truth(View()) is None


def test_days_of_the_week() -> None:
    asked = Hours(time(7), time(13), ("sat", "sun"))
    truths = [asked.truth(View(local=datetime(2026, 6, day, 8, tzinfo=ZONE))) for day in range(1, 8)]
    assert truths == [False] * 5 + [True] * 2
