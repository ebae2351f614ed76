"""Alarms: once each, cleared once, quiet hours but for safety, and nothing from what is not known."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridward.notify.core import (
    Found,
    Message,
    Moment,
    Row,
    State,
    due,
    from_json,
    gathered,
    quiet,
    shown,
    step,
    to_json,
)
from gridward.notify.scene import Scene
from gridward.notify.spec import NotifySpec, Severity, Weekly

ZONE = ZoneInfo("Europe/Bratislava")
NOON = datetime(2026, 11, 21, 12, tzinfo=ZONE)
NIGHT = (22 * 60, 7 * 60)


def disk(scene: Scene) -> list[Found]:
    share = scene.disk
    return [] if share is None else [Found("disk", "The disk", f"{share:.2f}", share > 0.8, share < 0.6)]


def row(severity: Severity = "warning") -> Row:
    return Row("disk", "Disk", severity, 60, 30, disk, "{name} is at {value}.", "{name} is at {value} again.")


class Watch:
    """One alarm over a story of shares of a disk, one look every 10 seconds."""

    def __init__(
        self, spec: NotifySpec | None = None, kind: Severity = "warning", local: datetime = NOON
    ) -> None:
        self.state = State()
        self.spec = spec or NotifySpec()
        self.rows = [row(kind)]
        self.now, self.local = 0.0, local
        self.told: list[tuple[float, Message]] = []

    def pass_by(self, seconds: float, share: float | None) -> None:
        for _ in range(round(seconds / 10)):
            moment = Moment(self.now, self.local.timestamp(), self.local)
            self.state, messages = step(self.state, Scene(disk=share), self.rows, moment, self.spec)
            self.told += [(self.now, message) for message in messages]
            self.now += 10
            self.local += timedelta(seconds=10)

    @property
    def texts(self) -> list[str]:
        return [message.text for _, message in self.told]


def test_an_alarm_is_raised_after_its_time_and_cleared_after_its_time_once_each() -> None:
    watch = Watch()
    watch.pass_by(50, 0.9)
    assert watch.told == []
    watch.pass_by(600, 0.9)
    watch.pass_by(600, 0.7)
    assert watch.texts == ["The disk is at 0.90."], "between the thresholds it stands"
    assert shown(watch.state) != []
    watch.pass_by(600, 0.5)
    assert watch.texts == ["The disk is at 0.90.", "The disk is at 0.50 again."]
    assert [at for at, _ in watch.told] == [60.0, 50 + 1200 + 30]
    assert watch.told[1][1].title == "All clear: Disk"
    assert shown(watch.state) == []


def test_what_is_not_known_neither_raises_nor_clears() -> None:
    watch = Watch()
    watch.pass_by(3600, None)
    watch.pass_by(50, 0.9)
    watch.pass_by(20, None)
    watch.pass_by(50, 0.9)
    assert watch.told == [], "a gap begins the time anew"
    watch.pass_by(60, 0.9)
    watch.pass_by(86400, None)
    assert watch.texts == ["The disk is at 0.90."]
    assert len(watch.state.raised) == 1


def test_quiet_hours_hold_back_and_are_told_in_one_message_afterwards() -> None:
    watch = Watch(NotifySpec(quiet=NIGHT), local=NOON.replace(hour=22, minute=30))
    watch.pass_by(600, 0.9)
    watch.pass_by(600, 0.5)
    watch.pass_by(8 * 3600, 0.9)
    assert len(watch.told) == 0
    watch.pass_by(3600, 0.9)
    (message,) = [message for _, message in watch.told]
    assert message.title == "While it was quiet"
    assert message.text.splitlines() == [
        "Disk: The disk is at 0.90.",
        "All clear: Disk: The disk is at 0.50 again.",
        "Disk: The disk is at 0.90.",
    ]
    assert watch.told[0][0] == pytest.approx(8.5 * 3600, abs=10)


def test_of_several_none_says_its_title_twice() -> None:
    messages = [
        Message("Nothing is recorded", "Nothing is recorded: the disk is full.", "fault"),
        Message("Device silent", "BMS has not answered for 65 s.", "fault"),
    ]
    assert gathered(messages, "").text.split("\n") == [
        "Nothing is recorded: the disk is full.",
        "Device silent: BMS has not answered for 65 s.",
    ]


def test_safety_is_told_in_quiet_hours() -> None:
    watch = Watch(NotifySpec(quiet=NIGHT), "safety", NOON.replace(hour=23))
    watch.pass_by(120, 0.9)
    assert watch.texts == ["The disk is at 0.90."]


SHARES = st.lists(st.tuples(st.sampled_from([0.3, 0.5, 0.7, 0.9, None]), st.integers(1, 30)), max_size=25)


@settings(max_examples=80)
@given(SHARES, st.booleans(), st.integers(0, 23))
def test_over_any_story_raised_and_cleared_take_turns(
    story: list[tuple[float | None, int]],
    calm: bool,
    hour: int,
) -> None:
    watch = Watch(NotifySpec(quiet=NIGHT if calm else None), local=NOON.replace(hour=hour))
    for share, turns in story:
        watch.pass_by(turns * 10, share)
        watch.state = from_json(to_json(watch.state)) if turns % 7 == 0 else watch.state
    watch.spec = NotifySpec()
    watch.pass_by(10, None)
    lines = [line for text in watch.texts for line in text.splitlines()]
    ended = [line.endswith("again.") for line in lines]
    assert ended == [place % 2 == 1 for place in range(len(ended))], "never the same twice"
    assert bool(watch.state.raised) == (len(ended) % 2 == 1)


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 1439))
def test_quiet_hours_may_go_over_midnight(begin: int, end: int, minute: int) -> None:
    local = NOON.replace(hour=minute // 60, minute=minute % 60)
    inside = begin <= minute < end if begin <= end else minute >= begin or minute < end
    assert quiet(local, (begin, end)) == (inside and begin != end)
    assert not quiet(None, (begin, end))
    assert not quiet(local, None)


def test_the_weekly_word_comes_once_a_week_also_over_clock_changes() -> None:
    spec = Weekly(6, 9 * 60)
    local, state, told = datetime(2026, 10, 1, tzinfo=ZONE), State(), list[datetime]()
    while local < datetime(2026, 11, 30, tzinfo=ZONE):
        state, now = due(state, local, spec)
        told += [local] if now else []
        local = (local.astimezone(ZoneInfo("UTC")) + timedelta(minutes=7)).astimezone(ZONE)
    assert [one.weekday() for one in told] == [6] * 9
    assert all(one.hour == 9 and one.minute < 7 for one in told)
    assert len({one.date() for one in told}) == 9


def test_the_weekly_word_is_not_sent_at_the_first_start_nor_days_late_nor_backwards() -> None:
    spec = Weekly(6, 9 * 60)
    state, now = due(State(), NOON, spec)
    assert not now
    state, now = due(state, NOON + timedelta(days=1), spec)
    assert now, "a Sunday at noon: a gateway that was off at nine says it later that day"
    state, now = due(state, NOON + timedelta(days=10), spec)
    assert not now
    assert due(state, NOON + timedelta(days=2), spec) == (state, False)
    assert due(state, None, spec) == (state, False)


def test_a_clock_that_was_once_years_ahead_does_not_end_the_weekly_words() -> None:
    spec = Weekly(6, 9 * 60)
    state, _ = due(State(), NOON, spec)
    state, now = due(state, NOON + timedelta(days=700), spec)
    assert not now
    state, now = due(state, NOON, spec)
    assert not now
    state, now = due(state, NOON + timedelta(days=1), spec)
    assert now


@pytest.mark.parametrize(
    "content", [{}, {"raised": 5, "held": [[1]], "weekly": None}, {"raised": [["a"], []]}]
)
def test_a_broken_memory_is_an_empty_one(content: dict[str, object]) -> None:
    assert from_json(content) == State()  # type: ignore[arg-type]  # whatever a file may hold
