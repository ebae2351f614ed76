"""Whatever is lost, the decision is the safe side at once; each property is red when its guard is broken."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import broken, red

from gridward.rules import grid_switch
from gridward.rules.grid_switch import Memory
from gridward.rules.inputs import Inputs, Source
from gridward.site import GridSwitchSettings
from gridward_kit.point import Value

SETTINGS = GridSwitchSettings("bms", "inverter", relay="contactor", logger="logger", settle=5.0)
WELL: Mapping[str, Mapping[str, Value]] = {
    "battery": {"voltage": 53.2, "current": -12.0, "discharge_mosfet": True, "cell_voltage_min": 3.31},
    "inverter": {"mode": "battery", "output_voltage": 230.1, "problem": False},
    "logger": {"reachable": True},
}
NEEDED = [(part, key) for part, values in WELL.items() for key in values]
IMPOSSIBLE: tuple[Value, ...] = (float("nan"), 1e9, -1e9, "", "?")
LOSSES = st.lists(
    st.tuples(st.sampled_from(NEEDED), st.sampled_from(("gone", *IMPOSSIBLE))), min_size=1, max_size=5
)


def sources(values: Mapping[str, Mapping[str, Value]]) -> Inputs:
    return Inputs(
        {
            part: Source(part, fresh=bool(known), age=1.0, values=known, keys=frozenset(WELL[part]))
            for part, known in values.items()
        }
    )


def islanded_house() -> tuple[Memory, float]:
    """A house that has lived on its battery for a while."""
    memory, now = Memory(), 100.0
    for _ in range(60):
        now += 1.0
        memory = grid_switch.decide(sources(WELL), SETTINGS, now, memory).memory
    assert memory.position == "islanded"
    return memory, now


@given(LOSSES)
def test_a_lost_input_connects_at_once(losses: list[tuple[tuple[str, str], Value]]) -> None:
    memory, now = islanded_house()
    left = {part: dict(values) for part, values in WELL.items()}
    for (part, key), loss in losses:
        if loss == "gone":
            left[part].pop(key, None)
        else:
            left[part][key] = loss
    decision = grid_switch.decide(sources(left), SETTINGS, now + 1, memory)
    # An inverter that shows an unheard-of mode is not silent; all else is a lost input.
    known = all(key in left[part] and left[part][key] not in IMPOSSIBLE for part, key in NEEDED)
    odd_mode = {pair for pair, loss in losses} == {("inverter", "mode")} and left["inverter"].get(
        "mode"
    ) == "?"
    if not known and not odd_mode:
        assert decision.position == "connected"
        assert decision.broken


@given(st.lists(st.floats(48.0, 53.0), min_size=1, max_size=600), st.floats(-100, 100))
def test_a_low_bank_connects_after_its_wait_and_not_later(volts: list[float], amperes: float) -> None:
    memory, now = islanded_house()
    low_for = 0.0
    for each in volts:
        now += 1.0
        bank = {**WELL["battery"], "voltage": each, "current": amperes}
        decision = grid_switch.decide(sources({**WELL, "battery": bank}), SETTINGS, now, memory)
        memory = decision.memory
        low_for = low_for + 1 if each < SETTINGS.connect_below and amperes < 0 else 0
        if low_for > SETTINGS.wait:
            assert decision.position == "connected"


@pytest.mark.parametrize("name", ["no_lease_condition", "lost_voltage_is_the_last"])
def test_a_broken_guard_is_found(name: str) -> None:
    with broken(name):
        red(test_a_lost_input_connects_at_once)


def test_a_pause_begins_the_wait_for_islanding_anew() -> None:
    memory, now = islanded_house()
    decision = grid_switch.decide(sources(WELL), SETTINGS, now + 3600, memory)
    assert decision.position == "connected"
    assert decision.cause == "settling"
