"""Fair turns: the fast queries every turn, one of the others in between."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from gridward_kit.integration import FAST, ONCE, Query
from gridward_kit.turns import Turns

QUERIES = (
    Query("QPIGS", FAST),
    Query("QMOD", 2.0),
    Query("QPIWS", 5.0),
    Query("QPIRI", 15.0),
    Query("QID", ONCE),
)
SECONDS = {"QPIGS": 0.512, "QMOD": 0.07, "QPIWS": 0.21, "QPIRI": 0.49, "QID": 0.16}


def polled(turns: Turns, seconds: float) -> list[tuple[float, str]]:
    now, asked = 0.0, []
    while now < seconds:
        query = turns.next(now)
        if query is None:
            now = max(now + 0.001, turns.due())
            continue
        asked.append((now, query.name))
        started, now = now, now + SECONDS[query.name]
        turns.answered(query, started)
    return asked


def test_power_values_are_fresh_one_and_a_half_times_a_second() -> None:
    asked = polled(Turns(QUERIES, 0.5), 120)
    fast = [at for at, name in asked if name == "QPIGS"]
    assert len(fast) / 120 >= 1.5
    assert max(later - one for one, later in itertools.pairwise(fast)) < 1.1


def test_never_two_slow_queries_in_a_row() -> None:
    names = [name for _, name in polled(Turns(QUERIES, 0.5), 60)]
    assert not any("QPIGS" not in pair for pair in itertools.pairwise(names))


def test_every_query_keeps_its_interval() -> None:
    asked = polled(Turns(QUERIES, 0.5), 120)
    for query in QUERIES[1:4]:
        times = [at for at, name in asked if name == query.name]
        gaps = [later - one for one, later in itertools.pairwise(times)]
        assert max(gaps) < query.every + 2
    assert [name for _, name in asked].count("QID") == 1


def test_a_refused_query_is_told_once_and_left_out() -> None:
    turns = Turns(QUERIES, 0.5)
    assert turns.refuse(QUERIES[1], 0.0)
    assert "QMOD" not in {name for _, name in polled(turns, 60)}
    assert not turns.refuse(QUERIES[1], 3600.0)


@given(st.integers(1, 12))
def test_a_silent_query_is_asked_more_and_more_rarely(misses: int) -> None:
    turns = Turns(QUERIES, 0.5)
    for query in QUERIES:
        turns.answered(query, 0.0)
    for _ in range(misses):
        turns.missed(QUERIES[2], 0.0, silent=True)
    turns.answered(QUERIES[0], 0.0)
    waited = turns._slots["QPIWS"].due
    assert waited == min(600.0, 2.0**misses)


def test_after_an_absence_everything_is_asked_anew() -> None:
    turns = Turns(QUERIES, 0.5)
    polled(turns, 10)
    turns.restart(10.0)
    asked = []
    for step in range(20):
        query = turns.next(10.0)
        if query is None:
            break
        asked.append(query.name)
        turns.answered(query, 10.0 + step / 100)
    assert set(asked) == {query.name for query in QUERIES}


FULL = (Query("power", FAST), Query("phases", FAST), Query("counters", 10.0, rounds=10), Query("set", 60.0))


def test_an_absence_is_no_interval_of_its_answers() -> None:
    """Else what is read first when it is back would count for three times as long."""
    turns = Turns(QUERIES, 0.5)
    polled(turns, 60)
    turns.restart(4000.0)
    assert [turns.answered(query, 4000.0) for query in QUERIES] == [0.0] * len(QUERIES)
    turns.missed(QUERIES[1], 4002.0, silent=True)
    assert turns.answered(QUERIES[1], 4600.0) == 0.0
    assert turns.answered(QUERIES[1], 4602.0) == 2.0


def on_a_full_line(seconds: float, lap: float) -> list[tuple[float, str]]:
    """A device whose turns come `lap` apart; each lasts until its round is complete."""
    turns, asked, now = Turns(FULL, 0.05), [], 0.0
    while now < seconds:
        while True:
            query = turns.next(now)
            assert query is not None
            asked.append((now, query.name))
            turns.answered(query, now)
            now += 0.1
            if not turns.midway():
                break
        now += lap
    return asked


def test_on_a_full_line_a_turn_is_a_whole_round_and_at_most_one_slow_query() -> None:
    names = [name for _, name in on_a_full_line(400, 4.0)]
    rounds = "".join({"power": "p", "phases": "h", "counters": "c", "set": "s"}[name] for name in names)
    assert rounds.replace("c", "").replace("s", "") == "ph" * (rounds.count("p"))
    assert "cs" not in rounds
    assert "sc" not in rounds


def test_on_a_full_line_counters_are_read_each_tenth_round() -> None:
    names = [name for _, name in on_a_full_line(400, 4.0)]
    places = [place for place, name in enumerate(names) if name == "counters"]
    between = [names[one:other].count("power") for one, other in itertools.pairwise(places)]
    assert set(between) <= {10, 11}


def test_on_a_line_with_time_left_the_slow_queries_keep_their_interval() -> None:
    """Rounds are no reason to wait where they come as often as they should."""
    turns, asked, now = Turns(FULL, 5.0), [], 0.0
    while now < 400:
        while (query := turns.next(now)) is not None:
            asked.append((now, query.name))
            turns.answered(query, now)
        now += 5.0
    counters = [at for at, name in asked if name == "counters"]
    assert {later - one for one, later in itertools.pairwise(counters)} == {10.0}


def test_a_poll_is_complete_once_for_each_round() -> None:
    turns, told = Turns(FULL, 0.05), []
    for step in range(60):
        query = turns.next(float(step))
        assert query is not None
        turns.answered(query, float(step))
        if turns.last_of_round():
            told.append(query.name)
    assert set(told) == {"phases"}
    assert len(told) >= 25
