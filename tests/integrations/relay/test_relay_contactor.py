"""Dwell, limits, lock and count of the contactor, for every history of wishes."""

import random
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridward_kit.kept import Json
from gridward_relay.contactor import DAY, HOUR, Contactor, Position

CONNECTED, ISLANDED = Position.CONNECTED, Position.ISLANDED


class Driven:
    """A contactor whose driver does at once what it is told; kept on a disk between lives."""

    def __init__(self) -> None:
        self.now = 0.0
        self.disk: Mapping[str, Json] | None = None
        self.moves: list[tuple[float, Position]] = []
        self.started = 0.0
        self.contactor = Contactor(0.0)

    def wish(self, *, islanded: bool) -> None:
        order = self.contactor.decide(lease_open=islanded, now=self.now)
        if order is not None:
            self.disk = self.contactor.to_json(self.now, order)
            if order is not self.contactor.position:
                self.moves.append((self.now, order))
            self.contactor.moved(order, self.now)
        elif self.contactor.locked is not None:
            self.disk = self.contactor.to_json(self.now)
        if not islanded:
            assert self.contactor.position is CONNECTED

    def kill(self) -> None:
        """The process dies; the board's own timer connects."""
        if self.contactor.position is ISLANDED:
            self.moves.append((self.now, CONNECTED))
        self.started = self.now
        self.contactor = Contactor(self.now, self.disk)

    def check(self) -> None:
        for place, (at, position) in enumerate(self.moves):
            before = [earlier for earlier, _ in self.moves[: place + 1]]
            assert sum(at - earlier < HOUR for earlier in before) <= 4
            assert sum(at - earlier < DAY for earlier in before) <= 12
            if position is ISLANDED and place:
                assert at - self.moves[place - 1][0] >= 600


@given(
    st.lists(
        st.tuples(
            st.sampled_from((30.0, 300.0, 601.0, 1900.0, 9000.0)), st.sampled_from("iicck r".replace(" ", ""))
        ),
        max_size=80,
    )
)
@settings(max_examples=300)
def test_no_history_flaps(steps: list[tuple[float, str]]) -> None:
    driven = Driven()
    for wait, what in steps:
        driven.now += wait
        if what == "k":
            driven.kill()
        elif what == "r":
            driven.contactor.release()
        else:
            driven.wish(islanded=what == "i")
            if driven.contactor.position is ISLANDED:
                assert driven.now - driven.started >= 600
    driven.check()


def test_a_simulated_year_of_a_nervous_rule() -> None:
    """Wishes that flap all year, processes that die, and a person who releases the lock every morning."""
    draw = random.Random(7)
    driven = Driven()
    morning = 0.0
    while driven.now < 365 * DAY:
        driven.now += draw.choice((60.0, 300.0, 700.0, 2000.0))
        if driven.now > morning:
            morning += DAY
            driven.contactor.release()
        if draw.random() < 0.002:
            driven.kill()
        driven.wish(islanded=draw.random() < 0.5)
    driven.check()
    assert len(driven.moves) > 1000


def test_ten_minutes_after_start_and_after_each_connect() -> None:
    driven = Driven()
    for now, islanded, position in (
        (599.0, True, CONNECTED),
        (600.0, True, ISLANDED),
        (610.0, False, CONNECTED),
        (1209.0, True, CONNECTED),
        (1210.0, True, ISLANDED),
    ):
        driven.now = now
        driven.wish(islanded=islanded)
        assert driven.contactor.position is position, now
    assert driven.contactor.reason.startswith("Islanded")


def test_the_fifth_change_in_an_hour_locks_until_a_person_releases() -> None:
    driven = Driven()
    for now in (600.0, 1300.0):
        driven.now = now
        driven.wish(islanded=True)
        driven.now += 60
        driven.wish(islanded=False)
    assert driven.contactor.changes_last_hour(driven.now) == 4
    driven.now = 2000.0
    driven.wish(islanded=True)
    assert driven.contactor.locked is not None
    assert "4 changes in an hour" in driven.contactor.locked
    driven.kill()
    driven.now = 90_000.0
    driven.wish(islanded=True)
    assert driven.contactor.position is CONNECTED
    assert driven.contactor.locked is not None
    driven.contactor.release()
    driven.wish(islanded=True)
    assert driven.contactor.position is ISLANDED


def test_after_a_release_the_limit_waits_in_place_of_locking_again() -> None:
    driven = Driven()
    for now in (600.0, 1300.0):
        driven.now = now
        driven.wish(islanded=True)
        driven.now += 60
        driven.wish(islanded=False)
    driven.now = 2000.0
    driven.wish(islanded=True)
    driven.contactor.release()
    driven.wish(islanded=True)
    assert driven.contactor.locked is None
    assert "4 changes in an hour" in driven.contactor.reason
    driven.now = 600.0 + HOUR + 61
    driven.wish(islanded=True)
    assert driven.contactor.position is ISLANDED


def test_time_while_nothing_ran_does_not_shorten_the_count() -> None:
    driven = Driven()
    driven.now = 600.0
    driven.wish(islanded=True)
    driven.now = 10 * DAY
    driven.kill()
    assert driven.contactor.changes_last_hour(driven.now) == 2


def test_feedback_that_disagrees_for_five_seconds_drives_safe_once_and_locks() -> None:
    contactor = Contactor(0.0)
    for now in (0.0, 2.0, 4.9):
        contactor.check({"the feedback contact": ISLANDED}, now)
        assert contactor.locked is None
    contactor.check({}, 4.95)
    contactor.check({"the feedback contact": ISLANDED}, 5.0)
    assert contactor.locked == "the feedback contact says islanded where connected was ordered"
    assert contactor.decide(lease_open=False, now=5.0) is CONNECTED
    contactor.moved(CONNECTED, 5.0)
    for now in (6.0, 1000.0):
        contactor.check({"the feedback contact": ISLANDED}, now)
        assert contactor.decide(lease_open=True, now=now) is None


def test_feedback_that_agrees_in_between_is_no_fault() -> None:
    contactor = Contactor(0.0)
    for now in range(0, 60, 4):
        contactor.check({"contact": ISLANDED if now % 8 else CONNECTED, "board": CONNECTED}, float(now))
    assert contactor.locked is None


def test_one_that_agrees_does_not_hide_one_that_disagrees() -> None:
    contactor = Contactor(0.0)
    for now in (0.0, 5.0):
        contactor.check({"board": CONNECTED, "contact": ISLANDED}, now)
    assert contactor.locked is not None


@pytest.mark.parametrize(
    "kept",
    [
        {"unreadable": True},
        {"changes": "many", "position": "connected"},
        {"changes": [1, "x"], "position": "connected"},
        {"changes": [], "position": "open"},
        {"changes": [1]},
    ],
)
def test_a_count_that_cannot_be_read_locks(kept: dict[str, Json]) -> None:
    assert Contactor(0.0, kept).locked == "the count of changes on disk cannot be read"


@given(
    st.dictionaries(
        st.sampled_from(("changes", "position", "locked")),
        st.none() | st.booleans() | st.floats() | st.text() | st.lists(st.floats() | st.text() | st.none()),
    )
)
def test_whatever_is_on_disk_never_islands_at_once(kept: dict[str, Json]) -> None:
    contactor = Contactor(1000.0, kept)
    assert contactor.position is CONNECTED
    assert contactor.decide(lease_open=True, now=1500.0) is not ISLANDED
