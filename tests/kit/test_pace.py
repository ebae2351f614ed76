"""Devices that drop what comes too soon are found out, and left alone for no longer than needed."""

from hypothesis import given
from hypothesis import strategies as st

from gridward_kit.pace import CALM, STEPS, Pace


def asked(pace: Pace, now: float, needs: float) -> float:
    """One request to a device that drops what comes sooner than `needs` after its answer; the time after."""
    start = max(now, pace.until)
    if start - pace.answered_at >= needs:
        pace.answered(start + 0.05)
        return start + 0.05
    pace.silent(start, late=1.0)
    return start + 0.3


@given(st.sampled_from([0.0, 0.01, 0.04, 0.09, 0.19]))
def test_a_device_that_drops_requests_is_left_alone_long_enough(needs: float) -> None:
    pace, now = Pace(), 0.0
    for _ in range(200):
        now = asked(pace, now, needs)
    assert needs <= pace.pause <= next(step for step in STEPS if step >= needs)


def test_now_and_then_a_lost_request_changes_nothing() -> None:
    pace, now = Pace(), 0.0
    for number in range(5000):
        now += 0.1
        if number % 100 == 50:
            pace.silent(now)
            assert pace.pause == 0.0
        else:
            pace.answered(now)
    assert pace.pause == 0.0


def test_what_was_needed_long_ago_is_tried_with_less() -> None:
    pace, now = Pace(), 0.0
    for _ in range(200):
        now = asked(pace, now, 0.04)
    assert pace.pause == 0.05
    for _ in range(2 * CALM):
        now = asked(pace, now, 0.0)
    assert pace.pause == 0.0


def test_a_silent_device_is_asked_nothing_while_its_answer_may_still_come() -> None:
    pace = Pace()
    pace.silent(10.0, late=1.0)
    assert pace.until == 11.0
    pace.answered(12.0, least=0.05)
    assert pace.until == 12.05
