"""The panel's pure parts: presses out of a bouncing contact, and the LED's codes."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward.panel.codes import CODES, Facts, blinks, code
from gridward.panel.press import APART, LONG, MOST, STUCK, WITHIN, Button, Press

STEP = 0.02


class Finger:
    """A button that is sampled every 20 ms; `presses` with their moments."""

    def __init__(self) -> None:
        self.now = 100.0
        self.button = Button()
        self.presses: list[tuple[Press, float]] = []

    def hold(self, seconds: float, *, pressed: bool) -> None:
        for _ in range(max(1, round(seconds / STEP))):
            self.now += STEP
            press = self.button.sample(self.now, pressed=pressed)
            if press is not None:
                self.presses.append((press, self.now))

    @property
    def names(self) -> list[Press]:
        return [press for press, _ in self.presses]


@pytest.fixture
def finger() -> Finger:
    made = Finger()
    made.hold(1, pressed=False)
    return made


def test_short_at_release_and_long_while_held(finger: Finger) -> None:
    finger.hold(0.3, pressed=True)
    assert finger.names == []
    finger.hold(2, pressed=False)
    assert finger.names == ["short"]
    finger.hold(LONG + 0.2, pressed=True)
    assert finger.names == ["short", "long"]
    finger.hold(5, pressed=True)
    finger.hold(5, pressed=False)
    assert finger.names == ["short", "long"], "its release is no second press"


def test_bouncing_contacts_are_one_press(finger: Finger) -> None:
    for pressed in (True, False, True, False, True):
        finger.hold(STEP, pressed=pressed)
    finger.hold(0.2, pressed=True)
    for pressed in (False, True, False, True):
        finger.hold(STEP, pressed=pressed)
    finger.hold(1, pressed=False)
    assert finger.names == ["short"]


def test_a_button_that_hangs_counts_once_and_is_told(finger: Finger) -> None:
    finger.hold(3600, pressed=True)
    assert finger.names == ["long"]
    assert "held for" in str(finger.button.trouble(finger.now))
    finger.hold(1, pressed=False)
    assert finger.button.trouble(finger.now) is None


def test_a_button_that_hangs_from_the_start_counts_never() -> None:
    finger = Finger()
    finger.hold(3600, pressed=True)
    finger.hold(2, pressed=False)
    assert finger.names == []


def test_a_flood_ends(finger: Finger) -> None:
    for _ in range(100):
        finger.hold(0.2, pressed=True)
        finger.hold(1.2, pressed=False)
    assert len(finger.presses) < 100 * 1.4 / WITHIN * MOST + MOST
    assert finger.button.trouble(finger.now) == "pressed too often"
    finger.hold(WITHIN + 1, pressed=False)
    assert finger.button.trouble(finger.now) is None


@given(st.lists(st.tuples(st.floats(0.01, 30), st.booleans()), max_size=60))
def test_no_history_floods(history: list[tuple[float, bool]]) -> None:
    finger = Finger()
    for seconds, pressed in history:
        finger.hold(seconds, pressed=pressed)
    moments = [at for _, at in finger.presses]
    assert all(after - before >= APART for before, after in pairwise(moments))
    assert all(sum(at <= other < at + WITHIN for other in moments) <= MOST for at in moments)
    assert STUCK > LONG


WELL = Facts(broker=True, rules=True, contactor=True, islanded=True)


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        (WELL, "islanded"),
        (replace(WELL, islanded=False), "connected"),
        (replace(WELL, islanded=None), "unknown"),
        (replace(WELL, rules=False), "no_rules"),
        (replace(WELL, contactor=False, rules=False), "no_contactor"),
        (Facts(), "no_broker"),
        (Facts(by_hand=True), "by_hand"),
        (Facts(stopped=True, by_hand=True), "stopped"),
        (replace(WELL, locked=True, stopped=True), "locked"),
        (Facts(button="held"), "button"),
    ],
)
def test_each_state_has_its_code(facts: Facts, name: str) -> None:
    assert code(facts).name == name


def test_no_two_codes_look_alike() -> None:
    assert len({one.pattern for one in CODES}) == len(CODES)
    assert len({one.name for one in CODES}) == len(CODES)


@pytest.mark.parametrize("count", [1, 2, 6])
def test_blinks_are_counted(count: int) -> None:
    shown = next(one for one in CODES if one.pattern == blinks(count))
    lit = [shown.lit(step * 0.01) for step in range(round(sum(shown.pattern) * 100) - 1)]
    assert sum(after and not before for before, after in zip([False, *lit], lit, strict=False)) == count
