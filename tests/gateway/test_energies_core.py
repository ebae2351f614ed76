"""Energies of the site: right for each local day of a year, rising only, and equal to the plant's ledger."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridward.energies.core import Sample, Settings, State, Tariff, step
from gridward.energies.split import ENERGIES, FLOWS, LOSSES, UNMEASURED, split
from gridward.energies.stored import read, written
from gridward.energies.tally import areas
from gridward.plant import Plant, PlantSettings

HOUSE = ZoneInfo("Europe/Bratislava")
USUAL = Settings(HOUSE)
QUARTER = 900.0
SLOW = Settings(HOUSE, Tariff("EUR", 0.2, 0.05), gap=QUARTER)
NOON = datetime(2026, 7, 1, 12, tzinfo=HOUSE).timestamp()
WATT_HOURS = st.floats(0, 1e6)
WATTS = st.floats(-8000, 8000)


def begun(**watts: float) -> State:
    return step(State(), Sample(0, NOON, watts), USUAL)


def later(state: State, seconds: float, counters: Mapping[str, float] | None = None, **watts: float) -> State:
    """The state after a pause; monotonic and wall clock go on together."""
    now = (state.monotonic or 0.0) + seconds
    return step(state, Sample(now, NOON + now, watts, counters or {}), USUAL)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(ENERGIES, WATT_HOURS)))
def test_every_source_and_every_consumer_is_accounted_for(energies: dict[str, float]) -> None:
    flows = split(energies)
    sun, load, charged, battery, imported, exported = (energies.get(key, 0.0) for key in ENERGIES)
    passed = sum(flows[name] for name in FLOWS)
    assert sun + battery + imported == pytest.approx(passed + flows[LOSSES], abs=1e-6)
    assert load + charged + exported == pytest.approx(passed + flows[UNMEASURED], abs=1e-6)
    assert flows["sun_to_battery"] + flows["grid_to_battery"] <= charged + 1e-6
    assert flows["sun_to_grid"] + flows["battery_to_grid"] <= exported + 1e-6
    assert all(value >= 0 for value in flows.values())


@given(WATTS, WATTS, st.floats(0, 2))
def test_in_and_out_of_a_line_are_its_net(before: float, after: float, hours: float) -> None:
    above, below = areas(before, after, hours)
    assert above >= 0
    assert below >= 0
    assert above - below == pytest.approx((before + after) / 2 * hours, abs=1e-6)


@settings(max_examples=2, deadline=None)
@given(st.integers(0, 1_000_000))
def test_each_local_day_of_a_year_has_its_own_energy(seed: int) -> None:
    rng = Random(seed)
    begin, end = datetime(2026, 1, 1, tzinfo=HOUSE), datetime(2027, 1, 1, tzinfo=HOUSE)
    moments = int((end.timestamp() - begin.timestamp()) / QUARTER)
    state, load, expected, whole = State(), 500.0, 0.0, 0.0
    lengths: dict[date, float] = {}
    for place in range(moments + 1):
        at = begin.timestamp() + place * QUARTER
        day = datetime.fromtimestamp(at, HOUSE).date()
        before, load = load, rng.uniform(100, 4000)
        if place:
            lengths[state.day or day] = lengths.get(state.day or day, 0.0) + QUARTER
            expected += (before + load) / 2 * QUARTER / 3600
        state = step(state, Sample(place * QUARTER, at, {"load": load, "grid": load}), SLOW)
        if (
            datetime.fromtimestamp(at, HOUSE).hour == 23
            and day != datetime.fromtimestamp(at + QUARTER, HOUSE).date()
        ):
            assert state.of("today")["load"] == pytest.approx(expected)
        if state.of("today").get("load") == 0 and place:
            whole, expected = whole + expected, 0.0
    assert lengths[date(2026, 3, 29)] == 23 * 3600
    assert lengths[date(2026, 10, 25)] == 25 * 3600
    assert len(lengths) == 365
    assert state.totals["load"] == pytest.approx(whole + expected)
    assert state.totals["cost"] == pytest.approx(0.2 * state.totals["load"] / 1000)
    assert state.day == date(2027, 1, 1)
    assert [state.of(period)["load"] for period in ("today", "month", "year")] == [0, 0, 0]


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_steady_kilowatt_on_the_days_of_the_clock_change(day: date, hours: int) -> None:
    state = State()
    begin = datetime(day.year, day.month, day.day, tzinfo=HOUSE).timestamp() - 3605
    for place in range(0, (hours + 2) * 3600, 10):
        state = step(state, Sample(place, begin + place, {"load": 1000}), USUAL)
        if state.day == day + timedelta(days=1):
            break
        today = state.of("today")["load"] if state.totals else 0.0
    assert today == pytest.approx(1000 * hours, abs=3)
    assert state.of("today")["load"] == pytest.approx(1000 * 5 / 3600)


@pytest.mark.parametrize(
    "start", [datetime(2026, 3, 28, 12, tzinfo=HOUSE), datetime(2026, 10, 24, 12, tzinfo=HOUSE)]
)
def test_the_energies_are_those_of_the_plants_ledger(start: datetime) -> None:
    plant = Plant(PlantSettings(start=start), seed=3)
    state, minute = State(), Settings(HOUSE, gap=60)
    for place in range(2 * 1440):
        if place % 700 == 350:
            plant.contactor_closed = not plant.contactor_closed
        flows = plant.flows
        powers = {"pv": flows.pv, "load": flows.load, "battery": flows.battery, "grid": flows.grid}
        state = step(state, Sample(plant.moment, plant.moment, powers), minute)
        plant.step(60)
    ledger = plant.ledger
    theirs = (ledger.pv, ledger.load, ledger.battery_in, ledger.battery_out, ledger.grid_import, 0.0)
    for key, energy in zip(ENERGIES, theirs, strict=True):
        assert state.totals[key] == pytest.approx(energy, rel=0.002, abs=60), key
    assert state.totals[LOSSES] - state.totals[UNMEASURED] == pytest.approx(ledger.losses, rel=0.01, abs=60)


def test_a_short_gap_is_bridged_and_told_as_an_estimate() -> None:
    state = later(begun(load=1000), 1200, load=2000)
    assert state.totals["load"] == pytest.approx(500)
    assert state.totals["estimated"] == pytest.approx(500)
    state = later(state, 10, load=2000)
    assert state.totals["estimated"] == pytest.approx(500)


def test_over_a_long_gap_nothing_is_invented() -> None:
    state = later(begun(load=1000), 7200, load=1000)
    assert state.totals["load"] == 0
    assert state.totals["unknown_time"] == 7200
    assert "estimated" not in state.totals


def test_over_a_long_gap_the_counter_tells() -> None:
    state = later(begun(load=1000), 10, {"load": 50_000}, load=1000)
    before = state.totals["load"]
    state = later(state, 7200, {"load": 51_870}, load=1000)
    assert state.totals["load"] - before == pytest.approx(1870)
    assert "estimated" not in state.totals


def test_a_power_that_comes_later_is_split_when_it_has_come() -> None:
    state = begun(load=1000, grid=1000)
    state = later(state, 10, load=1000)
    assert state.totals.get("grid_to_home", 0.0) == 0
    state = later(state, 10, load=1000, grid=1000)
    assert state.totals["grid_to_home"] == pytest.approx(1000 * 20 / 3600)
    assert state.totals[UNMEASURED] == 0


@pytest.mark.parametrize("factor", [0.9, 1.0, 1.08])
@pytest.mark.parametrize("resolution", [1, 10, 1000])
def test_a_counter_corrects_a_power_that_reads_wrong(factor: float, resolution: int) -> None:
    state, true, rng = State(), 123_456.0, Random(7)
    steps: list[float] = []
    for _ in range(20_000):
        watts = rng.uniform(500, 3500)
        true += watts * 10 / 3600
        before = state.totals.get("load", 0.0)
        state = later(state, 10, {"load": true // resolution * resolution}, load=watts * factor)
        steps.append(state.totals.get("load", 0.0) - before)
    assert state.totals["load"] == pytest.approx(true - 123_456.0, abs=2 * resolution + 115)
    assert min(steps) >= 0
    assert max(steps) <= 2 * 3500 * factor * 10 / 3600
    assert "estimated" not in state.totals


@pytest.mark.parametrize("false", [0.0, 12.0, 9e8])
def test_a_counter_that_shows_nonsense_at_wake_up_changes_nothing(false: float) -> None:
    state = begun(pv=0)
    for shown in (100_000.0, 100_000.0, false, false, 100_000.0, 100_010.0, 100_020.0):
        state = later(state, 10, {"pv": shown}, pv=3600)
    assert state.totals["pv"] == pytest.approx(70, abs=20)


@pytest.mark.parametrize("scale", [0.0, 0.001, 0.1, 10, 1000])
def test_a_counter_in_another_unit_is_no_good_one(scale: float) -> None:
    state, true = begun(load=2000), 0.0
    for place in range(3000):
        if place == 2000:
            state = later(read(written(state)), 10, load=2000)
        true += 20000 / 3600
        state = later(state, 10, {"load": 50_000 + true * scale}, load=2000)
    assert state.totals["load"] == pytest.approx(true, rel=0.02, abs=200)


def test_after_a_restart_of_unknown_length_the_counter_tells() -> None:
    state, shown = begun(load=3600), 100_000.0
    for _ in range(100):
        shown += 10
        state = later(state, 10, {"load": shown}, load=3600)
    before = state.totals["load"]
    state = read(written(state))
    for place in range(100):
        state = step(state, Sample(place * 10, None, {"load": 3600}, {"load": shown + 5000}), USUAL)
        shown += 10
    assert state.totals["load"] - before == pytest.approx(5990, abs=30)


def test_a_counter_that_was_reset_is_followed_from_there_on() -> None:
    state, shown = begun(load=3600), 100_000.0
    for place in range(400):
        shown = 0.0 if place == 100 else shown + 10
        before = state.totals.get("load", 0.0)
        state = later(state, 10, {"load": shown}, load=3600)
        assert 0 <= state.totals["load"] - before <= 20
    assert state.totals["load"] == pytest.approx(4000, abs=20)


def test_a_clock_ten_minutes_off_moves_midnight_and_nothing_else() -> None:
    begin = datetime(2026, 5, 1, 23, 30, tzinfo=HOUSE).timestamp()
    right, ahead = State(), State()
    for place in range(0, 3601, 10):
        right = step(right, Sample(place, begin + place, {"load": 1000}), USUAL)
        ahead = step(ahead, Sample(place, begin + 600 + place, {"load": 1000}), USUAL)
    assert right.totals == pytest.approx(ahead.totals)
    assert right.of("today")["load"] == pytest.approx(500)
    assert ahead.of("today")["load"] == pytest.approx(1000 * 40 / 60)


def test_a_clock_set_back_over_midnight_does_not_begin_the_day_again() -> None:
    begin = datetime(2026, 5, 1, 23, 50, tzinfo=HOUSE).timestamp()
    state, ten = State(), 600.0
    for place in range(0, 3600, 10):
        back = ten if 900 <= place < 1800 else 0.0
        state = step(state, Sample(place, begin + place - back, {"load": 1000}), USUAL)
    assert state.of("today")["load"] == pytest.approx(1000 * 2990 / 3600)


def test_a_clock_that_was_wrong_by_years_does_not_hold_the_day() -> None:
    state = begun(load=1000)
    wrong = datetime(2031, 1, 1, 12, tzinfo=HOUSE).timestamp()
    state = step(state, Sample(10, wrong, {"load": 1000}), USUAL)
    assert state.day == date(2031, 1, 1)
    state = later(state, 10, load=1000)
    assert state.day == date(2026, 7, 1)
    assert state.totals["load"] == pytest.approx(1000 * 20 / 3600)


def test_before_the_clock_is_known_energy_counts_all_the_same() -> None:
    state = State()
    for place in range(0, 100, 10):
        state = step(state, Sample(place, None, {"load": 3600}), USUAL)
    state = step(state, Sample(100, NOON, {"load": 3600}), USUAL)
    assert state.day == date(2026, 7, 1)
    assert state.totals["load"] == pytest.approx(100)


POWER = st.fixed_dictionaries({}, optional=dict.fromkeys(("pv", "load", "battery", "grid"), WATTS))
COUNTER = st.fixed_dictionaries({}, optional=dict.fromkeys(("pv", "load", "grid_import"), st.floats(0, 1e9)))
PAUSE = st.sampled_from([0.0, 1.0, 10.0, 25.0, 400.0, 5000.0, 100_000.0])
JUMP = st.sampled_from([0.0, 0.0, 0.0, 3600.0, -3600.0, -600.0, 1e8])


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(PAUSE, JUMP, POWER, COUNTER, st.booleans()), max_size=25))
def test_whatever_comes_nothing_falls_and_everything_adds_up(
    story: list[tuple[float, float, dict[str, float], dict[str, float], bool]],
) -> None:
    states, now, off = [State()], 0.0, 0.0
    for pause, jump, powers, counters, restart in story:
        now, off = now + pause, off + jump
        state = read(written(states[-1])) if restart else states[-1]
        states.append(step(state, Sample(now, NOON + now + off, powers, counters), USUAL))
    for before, after in pairwise(states):
        for name in (*ENERGIES, *FLOWS, "estimated", "unknown_time"):
            assert after.totals.get(name, 0.0) >= before.totals.get(name, 0.0) - 1e-9, name
    last = states[-1]
    booked = {key: last.totals.get(key, 0.0) - last.pots.get(key, 0.0) for key in ENERGIES}
    flows = sum(last.totals.get(name, 0.0) for name in FLOWS)
    given_ = booked["pv"] + booked["battery_out"] + booked["grid_import"]
    assert given_ == pytest.approx(flows + last.totals.get(LOSSES, 0.0), abs=1e-3)
    taken = booked["load"] + booked["battery_in"] + booked["grid_export"]
    assert taken == pytest.approx(flows + last.totals.get(UNMEASURED, 0.0), abs=1e-3)


def test_what_is_saved_reads_back_whole_but_for_this_runs_clock() -> None:
    state = begun(load=1000, battery=-300, grid=700)
    state = later(state, 10, {"load": 5000.5}, load=1000, grid=700)
    found = read(written(state))
    assert found.monotonic is None
    assert replace(found, monotonic=state.monotonic) == state


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"at": true}', '{"at": 0, "seen": {"pv": [1]}}'])
def test_a_row_that_is_none_is_told_and_never_guessed(text: str) -> None:
    with pytest.raises(ValueError, match=r"object|number|list of|Expecting"):
        read(text)


def test_a_restart_of_a_minute_is_a_gap_of_a_minute() -> None:
    state = later(begun(load=1000), 10, load=1000)
    again = step(read(written(state)), Sample(5, NOON + 70, {"load": 1000}), USUAL)
    assert again.totals["load"] == pytest.approx(1000 * 70 / 3600)
    assert again.totals["estimated"] == pytest.approx(1000 * 60 / 3600)
