"""What the rules may write, over any history of inputs: arbitration, envelope, wear, waits, fallback."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from gateway.engine_house import (
    ALWAYS,
    AMPERES,
    CRITICAL,
    FULL,
    SBU,
    SOC,
    SOURCE,
    USB,
    VOLTS,
    code,
    house,
    policy,
    rule,
    writes,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from gridward.rules.amount import Amount
from gridward.rules.condition import Compare, OneOf
from gridward.rules.policy import Criticality, Output
from gridward.rules.spending import DAY, EXTRA
from gridward.rules.view import Ref
from gridward_kit.point import Value

MINUTE = 60.0


def test_a_condition_must_hold_for_its_whole_time() -> None:
    one = house(policy(USB), voltage=50.4)
    assert not writes(one, 235)
    (write,) = writes(one, 20)
    assert (write.output, write.value, write.rule) == (SOURCE, "USB", "usb")
    assert write.reason == "Usb says so. (battery.voltage 50.4 V at most 50.6 for 4 min)."


@pytest.mark.parametrize("lost", [{VOLTS: None}, {VOLTS: 51.0}])
def test_a_break_in_the_wait_begins_it_anew(lost: Mapping[Ref, Value | None]) -> None:
    one = house(policy(USB), voltage=50.4)
    assert not writes(one, 200)
    one.has(lost)
    one.step()
    one.has({VOLTS: 50.4})
    assert not writes(one, 235)
    assert writes(one, 20)


def test_a_share_of_the_time_is_enough_but_missing_samples_are_no_agreement() -> None:
    shared = replace(USB, share=0.75)
    one = house(policy(shared), voltage=50.4)
    writes(one, 100)
    one.has({VOLTS: None})
    assert not writes(one, 30)
    one.has({VOLTS: 50.4})
    assert not writes(one, 75)
    assert writes(one, 20)


def test_a_pause_in_deciding_proves_nothing_of_what_was_between() -> None:
    one = house(policy(USB), voltage=50.4)
    assert not writes(one, 230)
    assert not writes(one, 60, step=60)
    assert not writes(one, 230)
    assert writes(one, 20)


def test_a_clock_that_steps_back_begins_anew() -> None:
    one = house(policy(USB), voltage=50.4)
    writes(one, 230)
    one.now -= 1000.0
    assert not writes(one, 230)
    assert writes(one, 20)


def test_nothing_is_written_in_the_settling_time_after_a_start() -> None:
    one = house(policy(replace(USB, hold=0.0), settle=60.0), voltage=50.4)
    assert not writes(one, 60)
    assert writes(one, 10)


@pytest.mark.parametrize(("level", "said"), [(1, "advised"), (3, "proposed")])
def test_levels_1_and_3_write_nothing(level: int, said: str) -> None:
    one = house(policy(replace(USB, level=level)), voltage=50.4)
    assert not writes(one, 3600)
    assert code(one) == said


@pytest.mark.parametrize("level", [1, 3])
def test_what_they_cannot_advise_or_propose_is_no_reason_for_the_fallback(level: int) -> None:
    outside = Output(SOURCE, needs=Compare(SOC, "above", 90.0), fallback="SUB")
    one = house(policy(replace(USB, level=level), outputs=(outside,)), voltage=50.4)
    assert not writes(one, 600)
    assert code(one) == "envelope"


@pytest.mark.parametrize(("level", "expected"), [(1, []), (3, ["SUB"])])
def test_an_output_that_is_only_advised_on_has_no_fallback(level: int, expected: list[str]) -> None:
    one = house(policy(replace(USB, level=level), outputs=(Output(SOURCE, fallback="SUB", grace=60.0),)))
    one.has({VOLTS: None})
    assert [write.value for write in writes(one, 600)] == expected


def test_a_value_that_stands_is_not_written_and_one_that_is_not_read_neither() -> None:
    one = house(policy(USB), voltage=50.4, output_source_priority="USB")
    assert not writes(one, 3600)
    assert code(one) == "stands"
    one.has({SOURCE: None})
    assert not writes(one, 3600)
    assert code(one) == "unread"


def test_precedence_override_then_safety_then_business_and_the_losers_are_named() -> None:
    ranks: tuple[Criticality, ...] = ("supporting", "optimisation", "business", "safety")
    rules = [rule(name, ALWAYS, {AMPERES: float(10 + place)}, name) for place, name in enumerate(ranks)]
    one = house(policy(*rules))
    decision = one.step()[0]
    assert (decision.value, decision.rule) == (13.0, "safety")
    assert decision.suppressed == ("business", "optimisation", "supporting")
    one.overrides[AMPERES] = 30.0
    (write,) = writes(one, 5)
    assert (write.value, write.rule) == (30.0, None)
    assert write.suppressed == ("safety", "business", "optimisation", "supporting")


def test_within_one_class_the_first_in_the_file_wins() -> None:
    one = house(policy(rule("a", ALWAYS, {AMPERES: 11.0}), rule("b", ALWAYS, {AMPERES: 12.0})))
    assert one.step()[0].value == 11.0


def test_stop_by_hand_keeps_every_rule_from_writing() -> None:
    one = house(policy(USB), voltage=50.4)
    one.overrides[SOURCE] = "stop"
    assert not writes(one, 3600)
    assert code(one) == "stopped"
    del one.overrides[SOURCE]
    assert writes(one, 10)


@given(st.floats(-1e5, 1e5), st.booleans())
def test_nothing_leaves_the_envelope_by_a_rule_or_by_hand(wish: float, by_hand: bool) -> None:
    output = Output(AMPERES, least=2.0, most=40.0)
    one = house(policy(rule("any", ALWAYS, {AMPERES: 7.0 if by_hand else wish}), outputs=(output,)))
    if by_hand:
        one.overrides[AMPERES] = wish
    writes(one, 10)
    value = one.state[AMPERES]
    assert isinstance(value, float)
    assert 2.0 <= value <= 40.0


@pytest.mark.parametrize("soc", [None, 10.0])
def test_outside_its_conditions_an_output_is_left_or_falls_back(soc: float | None) -> None:
    needs = Compare(SOC, "above", 20.0)
    for fallback, expected in ((None, "SBU"), ("SUB", "SUB")):
        one = house(policy(USB, outputs=(Output(SOURCE, needs=needs, fallback=fallback),)), voltage=50.4)
        one.has({SOC: soc})
        writes(one, 600)
        assert one.state[SOURCE] == expected


def test_without_inputs_the_fallback_comes_after_the_grace_and_not_before() -> None:
    one = house(policy(USB, SBU, outputs=(Output(SOURCE, fallback="SUB", grace=120.0),)))
    assert not writes(one, 60)
    one.has({VOLTS: None})
    assert not writes(one, 120)
    (write,) = writes(one, 10)
    assert (write.value, write.rule, write.criticality) == ("SUB", None, "safety")
    one.has({VOLTS: 52.0})
    assert not writes(one, 600)


def test_a_device_that_does_nothing_is_tried_ever_more_seldom() -> None:
    one = house(policy(USB), voltage=50.4)
    one.obeys = False
    assert len(writes(one, 3600)) in range(5, 9)
    later = writes(one, 6 * 3600)
    assert len(later) in range(5, 8)


def test_a_stepwise_rule_waits_anew_after_each_step_and_stops_at_the_envelope() -> None:
    lower = rule("lower", FULL, {AMPERES: Amount(AMPERES, -10.0)}, hold=240.0)
    one = house(policy(lower, outputs=(Output(AMPERES, least=5.0),)), voltage=54.6)
    assert [write.value for write in writes(one, 250)] == [30.0]
    assert not writes(one, 230)
    assert [write.value for write in writes(one, 3600)] == [20.0, 10.0, 5.0]


STATES = st.lists(
    st.tuples(
        st.sampled_from([50.0, 50.6, 52.0, 54.5, 56.0, None]),
        st.sampled_from(["USB", "SBU", "SUB", None]),
        st.integers(1, 400),
    ),
    min_size=1,
    max_size=20,
)


@settings(max_examples=20, deadline=None)
@given(STATES)
def test_only_what_a_rule_or_the_fallback_says_is_ever_written(
    history: list[tuple[float | None, str | None, int]],
) -> None:
    one = house(policy(USB, SBU, outputs=(Output(SOURCE, fallback="SUB"),)))
    said = {"usb": "USB", "sbu": "SBU", None: "SUB"}
    for volts, source, lasts in history:
        one.has({VOLTS: volts, SOURCE: source})
        for _ in range(min(lasts, 80)):
            before = one.state.get(SOURCE)
            for decision in one.step(min(5.0, float(lasts))):
                assert decision.reason
                if decision.code == "write":
                    assert decision.value == said[decision.rule]
                    assert before is not None
                    assert before != decision.value


@settings(max_examples=25, deadline=None)
@given(STATES, st.lists(st.sampled_from(["business", "optimisation", "supporting"]), max_size=4))
def test_no_set_of_lower_rules_changes_when_a_safety_rule_acts(
    history: list[tuple[float | None, str | None, int]], lower: list[Criticality]
) -> None:
    others = [
        rule(f"low_{place}", ALWAYS, {SOURCE: "SUB" if place % 2 else "SBU"}, criticality)
        for place, criticality in enumerate(lower)
    ]
    alone, among = house(policy(USB)), house(policy(*others, USB))
    alone.obeys = among.obeys = False
    for volts, _, lasts in history:
        for one in (alone, among):
            one.has({VOLTS: volts})
        for _ in range(min(lasts, 60)):
            wanted = [write for write in alone.step() if write.rule == "usb"]
            got = [write for write in among.step() if write.rule == "usb"]
            assert [one.code for one in wanted if one.code == "write"] == [
                one.code for one in got if one.code == "write"
            ]


@settings(max_examples=5, deadline=None)
@given(st.lists(st.integers(1, 90), min_size=5, max_size=20), st.sampled_from(["safety", "optimisation"]))
def test_an_oscillating_rule_stays_in_its_budget_in_any_24_hours(
    swings: list[int], criticality: Criticality
) -> None:
    low = rule("low", CRITICAL, {SOURCE: "USB"}, criticality)
    high = rule("high", FULL, {SOURCE: "SBU"}, criticality)
    one = house(policy(low, high, gap=MINUTE))
    times: list[float] = []
    turn = 0
    while one.now < 2 * DAY:
        one.has({VOLTS: 50.0 if turn % 2 else 56.0})
        for _ in range(swings[turn % len(swings)]):
            times += [one.now for decision in one.step(MINUTE) if decision.code == "write"]
        turn += 1
    most = 20 + (EXTRA if criticality == "safety" else 0)
    for begin in times:
        assert sum(begin <= at < begin + DAY for at in times) <= most


@settings(max_examples=20, deadline=None)
@given(STATES)
def test_the_same_history_gives_the_same_decisions(
    history: list[tuple[float | None, str | None, int]],
) -> None:
    runs = []
    for _ in range(2):
        one, found = house(policy(USB, SBU)), []
        for volts, source, lasts in history:
            one.has({VOLTS: volts, SOURCE: source})
            found += [one.step() for _ in range(min(lasts, 30))]
        runs.append(found)
    assert runs[0] == runs[1]


def test_a_person_is_not_held_back_by_the_budget() -> None:
    one = house(policy(rule("never", OneOf(SOURCE, ("none",)), {AMPERES: 1.0})))
    for turn in range(60):
        one.overrides[AMPERES] = float(10 + turn % 2)
        assert len(writes(one, 5)) == 1
