"""The write budget: an automation can never wear a setting out, a person is never held."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward_kit.kept import Json
from gridward_kit.wear import APART, BUCKET, DAY, REFILL, SAFETY, Budget, automated

YEAR = 365 * DAY


def attempts(budget: Budget, by: str, times: list[float]) -> list[float]:
    written = []
    for at in times:
        if budget.refusal(by, at) is None:
            budget.spend(by, at)
            written.append(at)
    return written


def test_an_oscillating_automation_keeps_the_year_under_its_limit() -> None:
    budget = Budget(refilled=0.0)
    written = attempts(budget, "rules", [30.0 * step for step in range(int(YEAR / 30))])
    assert len(written) <= 7320
    assert len(written) > 7000


@given(st.lists(st.floats(0, 3 * DAY), min_size=1, max_size=300))
def test_two_automated_writes_are_never_closer_than_a_minute(times: list[float]) -> None:
    written = attempts(Budget(refilled=0.0), "rules", sorted(times))
    assert all(later - one >= APART for one, later in itertools.pairwise(written))
    assert len(written) <= BUCKET + 3 * DAY / REFILL + 1


def test_persons_are_counted_and_not_held() -> None:
    budget = Budget(refilled=0.0)
    written = attempts(budget, "http:anna", [float(step) for step in range(100)])
    assert len(written) == 100
    assert budget.total == 100
    assert budget.tokens == BUCKET


def test_safety_rules_have_five_more_a_day() -> None:
    budget = Budget(tokens=0.0, refilled=0.0)
    times = [100.0 * step for step in range(20)]
    assert len(attempts(budget, "rules:safety", times)) == SAFETY
    assert attempts(Budget(tokens=0.0, refilled=0.0), "rules", times) == []


def test_a_restart_carries_the_tokens_and_not_the_clock() -> None:
    budget = Budget(refilled=0.0)
    attempts(budget, "rules", [61.0 * step for step in range(10)])
    kept = budget.to_json(600.0)
    again = Budget.from_json(kept, 5.0)
    assert abs(again.tokens - budget.tokens) < 0.001
    assert again.total == budget.total
    assert again.refusal("rules", 5.0) is not None


@pytest.mark.parametrize("kept", [{"tokens": "many", "safety": "none"}, {}, None, 20])
def test_a_spoiled_file_never_fills_the_bucket(kept: Json) -> None:
    assert Budget.from_json(kept, 0.0).refusal("rules:safety", 0.0) is not None


def test_home_assistant_counts_as_automation() -> None:
    assert automated("home_assistant")
    assert automated("rules:safety")
    assert not automated("http:anna")
