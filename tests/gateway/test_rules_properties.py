"""What holds of the rules for any history of inputs, as state machines; each turns red when broken."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count

import pytest
from gateway.rule_site import (
    AMPERES,
    AMPS,
    FLOOR,
    GRACE,
    HOLD,
    JUMPS,
    LEAST,
    LOW,
    LOWER,
    MOST,
    SAFE,
    SOC,
    SOURCE,
    VOLTS,
    Site,
    policy,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from mutations import RED, broken, red

from gridward.rules import spending
from gridward.rules.condition import All, Compare
from gridward.rules.engine import Inputs, Memory, decide
from gridward.rules.policy import Criticality, Rule, Wish
from gridward.rules.proposals import Proposals
from gridward.rules.view import Ref
from gridward_kit.point import Value


class AnyHistory(RuleBasedStateMachine):
    """Whatever happens: values inside the envelope, waits waited, the fallback when data is lost."""

    @initialize(data=st.lists(st.tuples(AMPS, st.sampled_from(LOWER)), max_size=3))
    def begin(self, data: list[tuple[float, Criticality]]) -> None:
        lower = (
            Rule(f"low_{place}", "Low.", All(()), (Wish(AMPERES, amperes),), criticality=rank)
            for place, (amperes, rank) in enumerate(data)
        )
        self.site = Site(policy(*lower))
        self.low_since: float | None = None
        self.lost_since: float | None = None

    @rule(volts=st.sampled_from([None, 49.0, LOW, 52.0, 1e308, -4.0]))
    def voltage(self, volts: float | None) -> None:
        self._set(VOLTS, volts)

    @rule(soc=st.sampled_from([None, 0.0, FLOOR, 50.0]))
    def charge(self, soc: float | None) -> None:
        self._set(SOC, soc)

    def _set(self, ref: Ref, value: Value | None) -> None:
        self.site.state.pop(ref, None)
        if value is not None:
            self.site.state[ref] = value

    @rule(device=st.sampled_from(["bms", "inverter"]))
    def falls_silent_or_speaks(self, device: str) -> None:
        self.site.silent ^= {device}

    @rule(wish=st.one_of(AMPS, st.just("stop"), st.just(None)))
    def by_hand(self, wish: Value | None) -> None:
        self.site.overrides = {} if wish is None else {AMPERES: wish}

    @rule(seconds=JUMPS)
    def clock_is_torn(self, seconds: float) -> None:
        self.site.now += seconds
        self.low_since = self.lost_since = None

    @rule()
    def restarted(self) -> None:
        self.site.memory = Memory()
        self.low_since = self.lost_since = None

    def _seen(self, ref: Ref) -> Value | None:
        """What may be believed, reckoned apart from the code."""
        value = None if ref.device in self.site.silent else self.site.state.get(ref)
        return None if isinstance(value, float) and abs(value) >= 1e300 else value

    @rule(turns=st.integers(1, 40))
    def lives(self, turns: int) -> None:
        for _ in range(turns):
            self._turn()

    def _turn(self) -> None:
        site = self.site
        volts, soc, read = self._seen(VOLTS), self._seen(SOC), self._seen(SOURCE)
        at = site.now + 5.0
        low = isinstance(volts, float) and volts <= LOW
        self.low_since = (at if self.low_since is None else self.low_since) if low else None
        lost = volts is None
        self.lost_since = (at if self.lost_since is None else self.lost_since) if lost else None
        for write in site.step():
            if write.output == AMPERES:
                assert isinstance(write.value, float)
                assert LEAST <= write.value <= MOST
                assert isinstance(soc, float)
                assert soc > FLOOR
            if write.rule == "safe":
                assert self.low_since is not None
                assert at - self.low_since >= HOLD
        source = next(one for one in site.last if one.output == SOURCE)
        if self.low_since is not None and at - self.low_since >= HOLD and read is not None:
            assert source.rule == "safe"
        if self.lost_since is not None and at - self.lost_since >= GRACE and read is not None:
            assert source.value == "SUB"

    @invariant()
    def every_decision_has_a_reason(self) -> None:
        assert all(one.reason for one in getattr(self, "site", Site(policy())).last)


def any_history(base: settings | None = None) -> None:
    run_state_machine_as_test(AnyHistory, settings=settings(base, stateful_step_count=40))


@given(
    st.lists(
        st.tuples(
            st.sampled_from([49.0, 52.0, None]), st.integers(1, 20), st.sampled_from([5.0, 5.0, 5.0, 600.0])
        ),
        max_size=12,
    )
)
def a_wait_is_seen_whole(history: list[tuple[float | None, int, float]]) -> None:
    """A safety write comes only after decisions no more than 10 s apart which all saw the low bank."""
    site = Site(policy())
    since: float | None = None
    for volts, turns, pause in history:
        site.state.pop(VOLTS, None)
        if volts is not None:
            site.state[VOLTS] = volts
        for turn in range(turns):
            gap = pause if turn == 0 else 5.0
            at = site.now + gap
            low = volts is not None and volts <= LOW
            since = None if not low else at if since is None or gap > site.of.gap else since
            for write in site.step(gap):
                if write.rule == "safe":
                    assert since is not None
                    assert at - since >= HOLD
                    site.state[SOURCE] = "SBU"


@given(st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=2, max_size=5), st.integers(1, 3))
def writes_stay_in_their_number(swings: list[tuple[int, bool]], most: int) -> None:
    """In any 24 hours, restarts included, and a restart knows what was written before."""
    quick = Rule("quick", "Quick.", All(()), (Wish(AMPERES, 30.0),))
    site = Site(policy(quick, per_day=most))
    times: list[float] = []
    for turns, restarts in swings:
        for _ in range(turns):
            site.state[AMPERES] = 20.0
            times += [site.now for write in site.step(61.0) if write.output == AMPERES]
            site.memory = replace(site.memory, at=site.now - 1)
        if restarts:
            told = spending.to_json({ref: one.times for ref, one in site.memory.written.items()}, site.now)
            kept = spending.from_json(told, site.now)
            site.memory = Memory(written={ref: spending.Written(at) for ref, at in kept.items()})
    assert len(times) <= most, "all of it is within one day"


@given(st.lists(st.sampled_from(["approve", "decline", "true", "false", "none", "restart"]), max_size=40))
def a_proposal_is_carried_out_once(history: list[str]) -> None:
    """Each write of a level 3 rule has an approval of its own, and an answered one waits for a false."""
    asks = Rule(
        "asks", "Asks.", Compare(SOC, "above", FLOOR), (Wish(AMPERES, 30.0),), level=3, min_confidence=0.0
    )
    site, numbers = Site(policy(asks)), count()

    def new_id() -> str:
        return f"p{next(numbers)}"

    proposals = Proposals(new_id)
    approvals = writes = 0
    answered = False
    for word in history:
        match word:
            case "approve" | "decline" if proposals.waiting and not proposals.waiting[0].by:
                proposals.answer(proposals.waiting[0].id, word, "anna")
                approvals += word == "approve"
                answered = True
            case "true" | "false":
                site.state[SOC] = 50.0 if word == "true" else 0.0
                site.state[AMPERES] = 20.0
            case "none":
                site.state.pop(SOC, None)
            case "restart":
                kept, proposals = proposals.to_json(site.now), Proposals(new_id)
                proposals.restore(kept, site.of, site.now, 0.0)
        site.now += 61.0
        view = site.view()
        inputs = Inputs(view, approved=proposals.approved, closed=proposals.closed)
        found, site.memory = decide(inputs, site.of, site.now, replace(site.memory, at=site.now - 1))
        truths = {name: held.now for name, held in site.memory.held.items()}
        steps = proposals.turn(found, site.of, truths, site.now, 0.0, view.value)
        for step in steps:
            if step.status == "proposed":
                assert not answered
        writes += sum(one.code == "write" and one.rule == "asks" for one in found)
        assert writes <= approvals
        answered = answered and site.state.get(SOC) != 0.0


@given(
    st.lists(
        st.tuples(st.sampled_from([49.0, 50.6, 52.0, None]), st.booleans(), st.integers(1, 40)), max_size=8
    ),
    st.lists(st.sampled_from(LOWER), max_size=4),
)
def no_lower_rule_keeps_a_safety_rule_from_acting(
    history: list[tuple[float | None, bool, int]], ranks: list[Criticality]
) -> None:
    lower = [
        Rule(
            f"low_{place}",
            "Low.",
            All(()),
            (Wish(SOURCE, "SUB" if place % 2 else "SBU"),),
            criticality=rank,
        )
        for place, rank in enumerate(ranks)
    ]
    plain = replace(policy(), outputs={})
    sites = (Site(plain), Site(replace(plain, rules=(*lower, SAFE))))
    for volts, silent, turns in history:
        for _ in range(turns):
            for site in sites:
                site.state.pop(VOLTS, None)
                site.state[SOURCE] = "none"
                if volts is not None:
                    site.state[VOLTS] = volts
                site.silent = {"inverter"} if silent else set()
                site.step()
            alone, among = (next(one for one in site.last if one.output == SOURCE) for site in sites)
            if alone.rule == "safe":
                assert (among.rule, among.code, among.value) == ("safe", alone.code, alone.value)


PROPERTIES: Mapping[str, Callable[[], None]] = {
    "any_history": any_history,
    "wait": a_wait_is_seen_whole,
    "writes": writes_stay_in_their_number,
    "proposal": a_proposal_is_carried_out_once,
    "lower": no_lower_rule_keeps_a_safety_rule_from_acting,
}
GUARDS = {
    "envelope_does_not_clip": "any_history",
    "envelope_needs_nothing": "any_history",
    "no_fallback": "any_history",
    "stale_is_fresh": "any_history",
    "wait_is_not_waited": "wait",
    "pause_counts_as_agreement": "wait",
    "writes_without_end": "writes",
    "writes_are_forgotten": "writes",
    "level_3_acts": "proposal",
    "answered_comes_again": "proposal",
    "weakest_rule_wins": "lower",
}


@pytest.mark.parametrize("name", PROPERTIES)
def test_it_holds_for_any_history(name: str) -> None:
    PROPERTIES[name]()


@pytest.mark.parametrize(("mutation", "guard"), GUARDS.items())
def test_it_turns_red_when_broken(mutation: str, guard: str) -> None:
    with broken(mutation):
        if guard != "any_history":
            red(PROPERTIES[guard])
            return
        with pytest.raises(AssertionError):
            any_history(RED)


@pytest.mark.soak
def test_it_holds_for_many_histories() -> None:
    run_state_machine_as_test(AnyHistory, settings=settings(max_examples=2000, stateful_step_count=100))
