"""Slots of a schedule: laid over one another, refused in words, right on both nights when clocks change."""

import json
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward.planning.request import request, shown, words
from gridward.planning.slots import Impossible, Limits, Slot, current, cut, from_json, put
from gridward_kit.kept import Json

ZONE = ZoneInfo("Europe/Bratislava")
NOW = datetime.fromisoformat("2026-03-20T12:00+01:00").timestamp()
LIMITS = Limits(charge=3000, discharge=5000)
HOUR = 3600.0


def asked(*slots: dict[str, Json]) -> tuple[Slot, ...]:
    return request(json.dumps({"slots": list(slots)}), ZONE, NOW).slots


def later(begin: float, end: float, power: float = 1000.0) -> Slot:
    return Slot(NOW + begin * HOUR, NOW + end * HOUR, "charge" if power > 0 else "discharge", power)


def test_a_new_slot_takes_the_place_of_what_it_overlaps() -> None:
    night = put((), [later(1, 9)], NOW, LIMITS)
    split = put(night, [later(3, 4, -2000)], NOW, LIMITS)
    assert split == (later(1, 3), later(3, 4, -2000), later(4, 9))
    assert put(split, [later(0.5, 10, 500)], NOW, LIMITS) == (later(0.5, 10, 500),)
    assert put(night, [later(0, 1)], NOW, LIMITS) == (later(0, 1), later(1, 9)), "one that touches stays"


@pytest.mark.parametrize(
    ("slots", "reason"),
    [
        ([later(-1, 1)], "a slot starts in the past"),
        ([later(2, 2)], "a slot has to end after it starts"),
        ([later(3, 2)], "a slot has to end after it starts"),
        ([later(1, 3), later(2, 4)], "two slots of this request overlap"),
        ([later(1, 2, 3001)], "3001 W is more than can be charged (3000 W)"),
        ([later(1, 2, -5001)], "5001 W is more than can be discharged (5000 W)"),
        ([later(1, 9000)], "a slot lies more than a year ahead"),
        ([later(n, n + 1) for n in range(30, 231)], "that would be 203 slots; 200 are the most"),
    ],
)
def test_what_cannot_be_is_refused_as_a_whole(slots: list[Slot], reason: str) -> None:
    with pytest.raises(Impossible) as refused:
        put((later(1, 2),), [later(20, 21), *slots], NOW, LIMITS)
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("charge", "not JSON"),
        ("[]", 'expected {"slots"'),
        ('{"slots": []}', 'expected {"slots"'),
        ('{"slots": [{"end": "2026-03-20T22:00"}]}', "needs `power` or `mode`"),
        ('{"slots": [{"start": "ten", "end": "2026-03-20T22:00", "power": 1}]}', "`start` is a time such as"),
        ('{"slots": [{"end": "2026-03-20T22:00", "power": NaN}]}', "`power` is a number"),
        ('{"slots": [{"end": "2026-03-20T22:00", "power": true}]}', "`power` is a number"),
        (f'{{"slots": [{{"end": "2026-03-20T22:00", "power": 1{"0" * 400}}}]}}', "`power` is a number"),
        ('{"slots": [{"end": "9999-12-31T23:59", "power": 1}]}', "9999 is no year"),
        ('{"clear": {"end": "0001-01-01T00:00"}}', "1 is no year"),
        ('{"slots": [{"end": "2026-03-20T22:00", "mode": "sell"}]}', "`mode` is one of"),
        ('{"slots": [{"end": "2026-03-20T22:00", "mode": "charge", "power": -1}]}', "does not fit"),
        ('{"slots": [{"end": "2026-03-20T22:00", "powr": 1}]}', "a slot has `start`"),
        ('{"clear": {"start": "2026-03-21T00:00", "end": "2026-03-20T00:00"}}', "has to come after"),
        (
            '{"slots": [{"start": "2026-03-29T02:30", "end": "2026-03-29T04:00", "power": 1}]}',
            "does not exist",
        ),
    ],
)
def test_a_request_that_is_none_is_refused_in_words(text: str, part: str) -> None:
    with pytest.raises(Impossible) as refused:
        request(text, ZONE, NOW)
    assert part in str(refused.value)


def test_positive_power_charges_and_negative_discharges() -> None:
    modes = [asked({"end": "2026-03-20T22:00", "power": power})[0].mode for power in (1500, -1500, 0)]
    assert modes == ["charge", "discharge", "hold"]
    assert asked({"end": "2026-03-20T22:00", "mode": "charge"})[0].power is None


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-03-28T22:00", "2026-03-29T06:00", 7),
        ("2026-03-29T01:00", "2026-03-29T03:00", 1),
        ("2026-10-24T22:00", "2026-10-25T06:00", 9),
        ("2026-10-25T01:00", "2026-10-25T03:00", 3),
        ("2026-10-25T02:30", "2026-10-25T03:00", 1.5),
        ("2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00", 1),
        ("2026-10-25T02:30", "2026-10-25T02:30", 1),
        ("2026-10-25T02:45", "2026-10-25T02:15", 0.5),
    ],
)
def test_a_night_when_clocks_change_is_as_long_as_it_is(start: str, end: str, hours: float) -> None:
    slot = asked({"start": start, "end": end, "power": 1000})[0]
    assert slot.end - slot.start == hours * HOUR
    back = shown(slot, ZONE)
    again = asked({"start": back["start"], "end": back["end"], "power": 1000})[0]
    assert again == slot, "what is shown is what is taken"


def test_now_is_where_a_slot_without_a_start_begins() -> None:
    slot = asked({"end": "2026-03-20T14:00", "mode": "hold"})[0]
    assert slot.start == NOW
    assert put((), [slot], NOW, LIMITS) == (slot,)
    assert words(slot, ZONE, NOW) == "12:00 to 14:00 hold"


spans = st.tuples(st.integers(0, 100), st.integers(1, 30)).map(lambda span: later(span[0], span[0] + span[1]))


@given(st.lists(st.one_of(spans, spans.map(lambda slot: (slot.start, slot.end))), max_size=25))
def test_slots_never_overlap_and_the_last_word_holds(requests: list[Slot | tuple[float, float]]) -> None:
    schedule: tuple[Slot, ...] = ()
    said: dict[int, bool] = {}
    for one in requests:
        if isinstance(one, Slot):
            schedule = put(schedule, [one], NOW, LIMITS)
            begin, end = one.start, one.end
        else:
            schedule, (begin, end) = cut(schedule, *one), one
        hours = range(int((begin - NOW) / HOUR), int((end - NOW) / HOUR))
        said |= dict.fromkeys(hours, isinstance(one, Slot))
        assert all(one.end <= after.start for one, after in pairwise(schedule))
    for hour in range(135):
        assert (current(schedule, NOW + hour * HOUR + 1) is not None) == said.get(hour, False)
    kept: Json = [slot.to_json() for slot in schedule]
    assert from_json(json.loads(json.dumps(kept))) == schedule


@pytest.mark.parametrize("kept", [{}, [1], [{"start": 1, "end": 2, "mode": "sell"}], [{"start": "1"}]])
def test_a_kept_schedule_that_is_none_is_told(kept: Json) -> None:
    with pytest.raises(ValueError, match=r"slot|list"):
        from_json(kept)
