"""The grid switch as stories on a turned clock, and as properties over any inputs."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from gateway.grid_story import BANK, SETTINGS, WELL, Story, source
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gridward.rules.grid_switch import Decision, Memory
from gridward.rules.inputs import Inputs, Wish
from gridward.rules.words import progress, span
from gridward.site import GridSwitchSettings
from gridward_kit.point import Value


def test_after_a_start_the_grid_stays_until_all_was_fresh_for_the_settling_time() -> None:
    story = Story()
    first = story.decide()
    assert (first.position, first.cause) == ("connected", "settling")
    assert story.after(59).position == "connected"
    assert story.after(1).position == "islanded"


def test_an_input_lost_while_settling_starts_it_anew() -> None:
    story = Story()
    story.after(50)
    story.silent("battery", 11.0)
    assert story.after(1).position == "connected"
    story.has("battery", **BANK)
    assert story.after(60).position == "connected"
    assert story.after(1).position == "islanded"


def test_the_low_bank_is_waited_for_the_whole_four_minutes() -> None:
    story = Story().islanded()
    story.has("battery", voltage=51.1)
    first = story.after(1)
    assert (first.position, first.waiting) == ("islanded", "0 of 4 minutes")
    half = story.after(150)
    assert half.reasons[0] == "Bank at 51.1 V and discharging for 2 of 4 minutes."
    assert story.after(89).position == "islanded"
    over = story.after(1)
    assert over.position == "connected"
    assert over.reasons[0] == "Bank at 51.1 V after 4 minutes below 51.2 V; back to the battery from 51.8 V."


@pytest.mark.parametrize("better", [{"voltage": 51.2}, {"current": 0.0}, {"current": 4.0}])
def test_one_better_sample_starts_the_four_minutes_anew(better: dict[str, Value]) -> None:
    story = Story().islanded()
    story.has("battery", voltage=51.1)
    assert story.after(239).position == "islanded"
    story.has("battery", **better)
    assert story.after(1).position == "islanded"
    story.has("battery", voltage=51.1, current=-12.0)
    assert story.after(240).position == "islanded"
    assert story.after(1).position == "connected"


def test_a_kettle_does_not_switch_and_a_charging_low_bank_does_not_either() -> None:
    story = Story().islanded()
    story.has("battery", voltage=50.9)
    story.after(180)
    story.has("battery", voltage=52.4)
    assert story.after(600).position == "islanded"
    story.has("battery", voltage=50.9, current=8.0)
    assert story.after(3600).position == "islanded"


def test_back_to_the_battery_with_hysteresis() -> None:
    story = Story().islanded()
    story.has("battery", voltage=51.0)
    assert story.after(241).position == "connected"
    for voltage in (51.1, 51.2, 51.5, 51.79):
        story.has("battery", voltage=voltage, current=10.0)
        assert story.after(300).position == "connected"
    story.has("battery", voltage=51.8)
    story.rested()
    assert story.after(1).position == "islanded"
    story.has("battery", voltage=51.3)
    assert story.after(900).position == "islanded"


def test_time_without_samples_never_counts_as_time_below() -> None:
    story = Story().islanded()
    story.has("battery", voltage=None)
    story.after(600)
    story.has("battery", voltage=51.1)
    story.after(70)
    story.has("battery", voltage=51.5)
    story.wish = "islanded"
    story.rested()
    assert story.after(1).position == "islanded"


def test_a_process_that_was_suspended_settles_anew() -> None:
    story = Story().islanded()
    story.now += 11.0
    decision = story.decide()
    assert (decision.position, decision.cause) == ("connected", "settling")
    story.rested()
    assert story.after(60).position == "islanded"


def test_a_pause_in_deciding_does_not_count_as_agreement() -> None:
    story = Story(replace(SETTINGS, settle=0.0)).islanded()
    story.has("battery", voltage=51.0)
    story.after(200)
    story.now += 60.0
    assert story.decide().position == "islanded"
    assert story.after(239).position == "islanded"
    assert story.after(1).position == "connected"


def test_a_clock_that_goes_back_settles_anew() -> None:
    story = Story().islanded()
    story.now -= 100.0
    assert story.decide().position == "connected"


JUNK: st.SearchStrategy[Value | None] = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(),
    st.sampled_from(["", "fault", "line", "battery", "unknown", "52.0"]),
)
KEYS = [(part, key) for part, values in WELL.items() for key in values]
EVENTS = st.one_of(
    st.tuples(st.just("set"), st.sampled_from(KEYS), JUNK),
    st.tuples(st.just("volts"), st.just(("battery", "voltage")), st.floats(50.0, 54.0)),
    st.tuples(st.just("amps"), st.just(("battery", "current")), st.floats(-50.0, 50.0)),
    st.tuples(st.just("heal"), st.sampled_from([(part, "") for part in WELL]), st.none()),
    st.tuples(st.just("silent"), st.sampled_from([(part, "") for part in WELL]), st.none()),
    st.tuples(st.just("wish"), st.just(("", "")), st.sampled_from(["auto", "connected", "islanded"])),
)
STEPS = st.lists(st.tuples(EVENTS, st.sampled_from([0.2, 1.0, 1.0, 5.0, 9.0, 61.0])), max_size=60)
Steps = list[tuple[tuple[str, tuple[str, str], Value | None], float]]
WISHES: tuple[Wish, ...] = ("auto", "connected", "islanded")


def play(steps: Steps, rules: GridSwitchSettings) -> Iterator[tuple[Inputs, float, Decision]]:
    """A history of inputs as it unfolds; each span is decided in turns of at most 5 s."""
    story = Story(rules)
    for (what, (part, key), value), seconds in steps:
        match what:
            case "set" | "volts" | "amps":
                story.has(part, **{key: value})
            case "heal":
                story.sources[part] = source(part, WELL[part])
            case "silent":
                story.silent(part, 11.0)
            case _:
                story.wish = next(wish for wish in WISHES if wish == value)
        end = story.now + seconds
        while story.now < end:
            story.now = min(end, story.now + 5.0)
            decision = story.decide()
            yield Inputs(dict(story.sources), story.wish), story.now, decision


QUICK = replace(SETTINGS, settle=6.0, wait=20.0)


def well(inputs: Inputs) -> bool:
    """All lease conditions but the bank's threshold, written down a second time."""
    bank, inverter = inputs.sources["battery"].values, inputs.sources["inverter"].values

    def number(value: Value | None, low: float, high: float) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high

    return (
        number(bank.get("voltage"), 25.6, 103.6)
        and number(bank.get("current"), -1e4, 1e4)
        and bank.get("discharge_mosfet") is True
        and number(bank.get("cell_voltage_min"), 2.8, 5.0)
        and inverter.get("mode") in ("line", "battery", "52.0")
        and inverter.get("problem") is False
        and number(inverter.get("output_voltage"), 200.0, 1000.0)
        and inputs.sources["logger"].values.get("reachable") is True
    )


def low(inputs: Inputs) -> bool:
    bank = inputs.sources["battery"].values
    volts, amperes = bank.get("voltage"), bank.get("current")
    return isinstance(volts, float) and volts < 51.2 and isinstance(amperes, float) and amperes < 0


@settings(max_examples=300)
@given(STEPS)
@example([(("silent", ("battery", ""), None), 61.0)])
def test_islanded_only_while_everything_holds(steps: Steps) -> None:
    low_since: float | None = None
    well_since: float | None = None
    for inputs, now, decision in play(steps, QUICK):
        low_since = (low_since if low_since is not None else now) if well(inputs) and low(inputs) else None
        well_since = (well_since if well_since is not None else now) if well(inputs) else None
        assert decision.position in ("connected", "islanded")
        assert decision.reasons
        assert all(reason.endswith(".") for reason in decision.reasons)
        if decision.position == "islanded":
            assert inputs.override != "connected"
            assert well_since is not None
            assert now - well_since >= QUICK.settle
            assert low_since is None or now - low_since < QUICK.wait
        assert bool(decision.broken) is not well(inputs)


@settings(max_examples=200)
@given(STEPS)
def test_the_same_history_gives_the_same_decisions(steps: Steps) -> None:
    once = [(now, decision) for _, now, decision in play(steps, QUICK)]
    assert once == [(now, decision) for _, now, decision in play(steps, QUICK)]


@settings(max_examples=200)
@given(STEPS)
def test_from_connected_to_islanded_only_above_the_hysteresis_or_by_hand(steps: Steps) -> None:
    history = [(Inputs({}), 0.0, Decision("connected", "settling", (), Memory())), *play(steps, QUICK)]
    for (_, _, before), (inputs, _, after) in pairwise(history):
        if (before.position, after.position) == ("connected", "islanded"):
            volts = inputs.sources["battery"].values["voltage"]
            assert isinstance(volts, int | float)
            assert volts >= (51.2 if inputs.override == "islanded" else 51.8)


@given(STEPS, st.sets(st.sampled_from(KEYS), min_size=1), st.floats(0.0, 1e6))
def test_any_subset_of_inputs_may_be_missing_for_any_time(
    steps: Steps, gone: set[tuple[str, str]], seconds: float
) -> None:
    story = Story(QUICK)
    for _, now, decision in play(steps, QUICK):
        story.now, story.memory = now, decision.memory
    for part, key in gone:
        story.has(part, **{key: None})
    story.now += seconds
    needed = any(part != "grid" for part, _ in gone)
    assert not needed or story.decide().position == "connected"


@pytest.mark.parametrize(
    ("seconds", "words"), [(40, "40 s"), (119.4, "119 s"), (180, "3 min"), (9000, "2 h"), (3e5, "3 d")]
)
def test_spans_as_a_person_reads_them(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_progress_counts_what_is_whole() -> None:
    assert progress(179.9, 240) == "2 of 4 minutes"
    assert progress(12.7, 60) == "12 of 60 seconds"
    assert progress(999, 240) == "4 of 4 minutes"
    assert progress(30, 150) == "30 of 150 seconds"
