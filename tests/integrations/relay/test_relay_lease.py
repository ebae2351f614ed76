"""The lease as the relay keeps it, and the rules' side of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward.rules.renewal import Renewal
from gridward_relay.lease import Lease, Refusal


def issued(lease: Lease, times: int, now: float = 0.0) -> float:
    for _ in range(times):
        lease.issue(now)
        now += 5
    return now - 5


def test_open_until_thirty_seconds_after_its_own_issue_time() -> None:
    lease = Lease("e", 30)
    lease.issue(100.0)
    assert not lease.open(100.0)
    assert lease.renew("e", 1, 112.0) is None
    assert lease.remaining(112.0) == 18
    assert lease.open(129.999)
    assert not lease.open(130.0)
    assert lease.remaining(140.0) == 0


def test_issued_at_once_and_then_every_five_seconds() -> None:
    lease = Lease("e", 30)
    assert lease.due(7.0)
    assert lease.issue(7.0) == ("e", 1)
    assert not lease.due(11.9)
    assert lease.due(12.0)
    assert lease.issue(12.0) == ("e", 2)


def test_what_does_not_count_is_named_and_counted() -> None:
    lease = Lease("mine", 30)
    now = issued(lease, 4)
    assert lease.renew("mine", 3, now) is None
    assert lease.renew("mine", 3, now) is Refusal.REPEATED
    assert lease.renew("mine", 2, now) is Refusal.OLDER
    assert lease.renew("other", 4, now) is Refusal.FOREIGN
    assert lease.renew("mine", 5, now) is Refusal.FOREIGN
    assert lease.renew("mine", 0, now) is Refusal.FOREIGN
    assert lease.renew("mine", 4, now + 30) is Refusal.LATE
    assert lease.refuse(Refusal.RETAINED) is Refusal.RETAINED
    assert lease.refused == {
        Refusal.LATE: 1,
        Refusal.REPEATED: 1,
        Refusal.OLDER: 1,
        Refusal.FOREIGN: 3,
        Refusal.RETAINED: 1,
    }
    assert lease.until == 40


def test_late_by_itself_also_after_many_issues() -> None:
    lease = Lease("e", 10)
    now = issued(lease, 50)
    assert lease.renew("e", 1, now) is Refusal.LATE


@pytest.mark.parametrize("length", [9.9, 60.1, 0, -30])
def test_a_length_out_of_bounds_is_refused(length: float) -> None:
    with pytest.raises(ValueError, match="between 10 and 60"):
        Lease("e", length)


@given(
    st.lists(
        st.tuples(st.floats(0, 40), st.sampled_from(("issue", "renew", "foreign")), st.integers(1, 12)),
        max_size=60,
    )
)
def test_never_open_without_a_pair_issued_within_its_length(steps: list[tuple[float, str, int]]) -> None:
    lease = Lease("e", 30)
    now, times, best = 0.0, dict[int, float](), -1e9
    for wait, what, n in steps:
        now += wait
        if what == "issue":
            times[lease.issue(now)[1]] = now
        elif lease.renew("e" if what == "renew" else "f", n, now) is None:
            assert n in times
            assert times[n] > best
            best = times[n]
        assert lease.open(now) == (now < best + 30)


def test_rules_answer_a_pair_once_on_a_decision_made_since() -> None:
    renewal = Renewal()
    assert renewal.answer("islanded", 0.0, 0.0) is None
    renewal.seen("e", 7, 100.0)
    assert renewal.answer("islanded", 99.9, 100.1) is None
    assert renewal.answer("connected", 100.5, 100.5) is None
    assert renewal.answer("islanded", 100.5, 105.6) is None
    assert renewal.answer("islanded", 100.5, 105.5) == ("e", 7)
    assert renewal.answer("islanded", 106.0, 106.0) is None


def test_rules_never_answer_a_retained_pair_nor_an_older_one() -> None:
    renewal = Renewal()
    renewal.seen("e", 7, 1.0, retained=True)
    assert renewal.answer("islanded", 1.5, 1.5) is None
    renewal.seen("e", 8, 2.0)
    renewal.seen("e", 6, 2.5)
    assert renewal.answer("islanded", 3.0, 3.0) == ("e", 8)
    renewal.seen("new", 1, 4.0)
    assert renewal.answer("islanded", 4.0, 4.0) == ("new", 1)


def test_rules_that_slept_answer_nothing() -> None:
    renewal = Renewal()
    renewal.seen("e", 1, 0.0)
    assert renewal.answer("islanded", 0.5, 600.0) is None
    assert renewal.answer("islanded", 600.0, 600.0) is None
