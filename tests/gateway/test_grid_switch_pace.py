"""The rules pace themselves: the contactor never has to lock, and the way to the grid never waits for it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from gateway.rehearsed import written
from gateway.rule_house import House
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mutations import broken, red

from gridward.rehearsal.sites import trial_of
from gridward.rehearsal.switch import Switch
from gridward.rehearsal.tally import Result
from gridward.rehearsal.trial import Span, rehearse
from gridward.rules import pace
from gridward.rules.grid_switch import Memory, decide
from gridward.rules.inputs import Inputs, Position, Source
from gridward.site import GridSwitchSettings
from gridward_kit.integration import integrations
from gridward_kit.point import Value

SETTINGS = GridSwitchSettings("bms", "inverter", relay="contactor", settle=0.0)
INVERTER = Source("the inverter", fresh=True, values={"mode": "battery", "output_voltage": 230.0})
BANK: Mapping[str, Value] = {"discharge_mosfet": True, "cell_voltage_min": 3.2}
STATES: Mapping[str, Mapping[str, Value]] = {
    "full": {**BANK, "voltage": 52.5, "current": 5.0},
    "low": {**BANK, "voltage": 50.5, "current": -20.0},
    "silent": {},
}
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def bank(state: str) -> Source:
    return Source("the BMS", fresh=state != "silent", age=60.0, values=STATES[state])


class Night:
    """A house whose bank comes and goes, with the contactor's own limits behind its rules."""

    def __init__(self) -> None:
        limits = integrations()["relay"].limits
        assert limits is not None
        self.now = 1000.0
        self.switch = Switch(SETTINGS, limits(self.now), 30.0, MINUTE)
        self.changes: list[float] = []

    def killed(self) -> None:
        """The rules die and begin anew; the contactor's lease ends meanwhile."""
        kept = json.loads(json.dumps(pace.to_json(self.switch._record, self.now)))
        self.switch._memory, self.switch._record = Memory(), pace.from_json(kept, self.now)
        self.passes("silent")

    def passes(self, state: str) -> None:
        """One minute."""
        self.now += MINUTE
        before = self.switch.limits.position
        self.switch.turn({"bms": bank(state), "inverter": INVERTER}, self.now, None)
        if self.switch.limits.position != before:
            self.changes.append(self.now)

    def within(self, window: float) -> int:
        return max((sum(at <= one < at + window for one in self.changes) for at in self.changes), default=0)


MINUTES = st.sampled_from([5, 11, 15, 30, 90])
EVENTS = st.lists(st.tuples(st.sampled_from([*STATES, "killed"]), MINUTES), min_size=30, max_size=60)


@settings(max_examples=40, deadline=None)
@given(EVENTS)
@example([("full", 11), ("low", 10)] * 40)
@example([("full", 70), ("silent", 12)] * 30)
@example([("full", 15), ("killed", 1)] * 40)
def test_whatever_the_bank_does_the_contactor_never_locks(events: list[tuple[str, int]]) -> None:
    night = Night()
    for state, minutes in events:
        if state == "killed":
            night.killed()
            continue
        for _ in range(minutes):
            night.passes(state)
            assert night.switch.limits.locked is None
    assert night.within(HOUR) <= 3
    assert night.within(DAY) <= 8


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([*STATES]),
    st.sampled_from(["connected", "islanded"]),
    st.lists(st.floats(0.0, DAY), max_size=20),
    st.floats(0.0, 600.0),
)
@example("low", "islanded", [0.0] * 8, 241.0)
def test_the_way_to_the_grid_never_waits_however_often_it_switched(
    state: str, position: Position, ages: list[float], low: float
) -> None:
    now = 2 * DAY
    inputs = Inputs({"battery": bank(state), "inverter": INVERTER})
    rested = Memory(position, 0.0, now - low, at=now - 1.0)
    tired = replace(rested, changes=tuple(sorted(now - age for age in ages)))
    alone, often = (decide(inputs, SETTINGS, now, memory).position for memory in (rested, tired))
    if alone == "connected" or position == "islanded":
        assert often == alone


@pytest.mark.parametrize("name", ["rules_switch_without_end", "changes_are_forgotten"])
def test_rules_that_do_not_pace_themselves_are_found(name: str) -> None:
    with broken(name):
        red(test_whatever_the_bank_does_the_contactor_never_locks)


def test_a_pace_that_keeps_the_house_off_the_grid_is_found() -> None:
    with broken("often_switched_stays_islanded"):
        red(test_the_way_to_the_grid_never_waits_however_often_it_switched)


def test_it_says_how_often_it_switched_and_until_when_it_stays() -> None:
    now = 2 * DAY
    changes = tuple(now - 23 * HOUR + number * HOUR for number in range(8))
    memory = Memory("connected", 0.0, at=now - 1.0, changes=changes)
    seen = Inputs({"battery": bank("full"), "inverter": INVERTER})
    words = "Decided otherwise 8 times in 24 hours; stays on the grid"
    decision = decide(seen, SETTINGS, now, memory)
    assert (decision.position, decision.cause) == ("connected", "pace")
    assert decision.reasons == (f"{words} for another 2 h.",)
    local = datetime(2026, 1, 21, 4, 10, tzinfo=UTC)
    decision = decide(replace(seen, local=local), SETTINGS, now, memory)
    assert decision.reasons == (f"{words} until 06:10.",)
    at = 2 * HOUR
    assert decide(seen, SETTINGS, now + at - 1, replace(memory, at=now + at - 2)).position == "connected"
    assert decide(seen, SETTINGS, now + at, replace(memory, at=now + at - 1)).position == "islanded"


def test_within_an_hour_there_is_no_third_way_out() -> None:
    memory = Memory("connected", 0.0, at=4999.0, changes=(3000.0, 4000.0))
    decision = decide(Inputs({"battery": bank("full"), "inverter": INVERTER}), SETTINGS, 5000.0, memory)
    assert decision.reasons == (
        "Decided otherwise 2 times in an hour; stays on the grid for another 27 min.",
    )


async def test_what_the_contactor_did_counts_for_a_person_while_rules_only_watch(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.states["contactor"] |= {"position": "connected", "changes_last_hour": 3, "changes_today": 3}
    house.start("observe")
    await house.live(65)
    answer = await house.answer("grid_override", "islanded")
    await house.stop()
    assert (answer["status"], str(answer["reason"])[:31]) == ("refused", "Switched 3 times in an hour; st")


def test_by_hand_it_is_the_same() -> None:
    memory = Memory("connected", 0.0, at=4999.0, changes=(3000.0, 4000.0))
    seen = Inputs({"battery": bank("full"), "inverter": INVERTER}, "islanded")
    assert decide(seen, SETTINGS, 5000.0, memory).cause == "pace"


@pytest.mark.parametrize("rubbish", [None, 7, [], {"ages": "x"}, {"ages": [None, "y", -3, 1e9, True]}])
def test_a_count_that_cannot_be_read_is_left_to_the_contactor(rubbish: None) -> None:
    assert set(pace.from_json(rubbish, 100.0).changes) <= {99.0}


async def test_the_count_outlives_the_rules_and_the_page_says_so(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.start()
    try:
        await house.live(70)
        assert house.said("decision") == "islanded"
        house.states["contactor"]["position"] = "connected"  # its lease ended while nobody decided
        await house.restart()
        await house.live(70)
        assert house.said("decision") == "connected"
        assert str(house.said("sentence")).startswith(
            "Grid connected. Decided otherwise 2 times in an hour; stays on the grid until "
        )
    finally:
        await house.stop()


def at(position: str, **counts: int) -> dict[str, object]:
    return {"position": position, "feedback": position, "locked": False, "reason": "", **counts}


async def ask_and_take_back(house: House, times: int) -> None:
    """The rules decide to be islanded and, by hand, otherwise again."""
    for _ in range(times):
        await house.live(65)
        await house.ask("grid_override", "connected")
        await house.live(2)
        await house.ask("grid_override", "auto")
        house.states["bms"]["cell_voltage_min"] = 2.0  # the settling time begins anew
        await house.live(2)
        house.states["bms"]["cell_voltage_min"] = 3.3
    await house.live(65)


async def test_what_the_contactors_dwell_held_back_is_no_change(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.states["contactor"] = at("connected", changes_last_hour=0, changes_today=0)
    house.start()
    try:
        await ask_and_take_back(house, 3)
        assert house.said("decision") == "islanded"
    finally:
        await house.stop()


async def test_while_the_contactor_says_nothing_each_decision_counts(tmp_path: Path) -> None:
    house = House(tmp_path)
    del house.states["contactor"]
    house.start()
    try:
        await ask_and_take_back(house, 2)
        assert house.said("decision") == "connected"
    finally:
        await house.stop()


async def test_changes_that_only_the_contactor_saw_count_as_well(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.states["contactor"] = at("connected", changes_last_hour=2, changes_today=2)
    house.start()
    try:
        await house.live(70)
        assert house.said("decision") == "connected"
        words = "Switched 2 times in an hour; stays on the grid until the contactor counts fewer."
        assert words in str(house.said("sentence"))
        house.states["contactor"] = at("connected", changes_last_hour=0, changes_today=2)
        await house.live(2)
        assert house.said("decision") == "islanded"
    finally:
        await house.stop()


@pytest.mark.parametrize("counts", [(2, 2), (0, 7), (1, 7)])
def test_the_contactors_own_count_decides_and_its_changes_say_until_when(counts: tuple[int, int]) -> None:
    now = 2 * DAY
    changes = (*(now - HOUR - 600 * number for number in range(8, 0, -1)), now - 1000, now - 500)
    found = pace.rest(changes, now, tuple(map(float, counts)))
    assert found is not None
    assert found.until == (now - 1000 + HOUR if counts[0] == 2 else changes[-counts[1]] + DAY)
    assert pace.rest(changes, now, (1.0, 6.0)) is None


def test_a_contactor_that_does_not_say_where_it_stands_did_as_it_was_told() -> None:
    silent, seen = Source("the contactor"), Source("", fresh=True, values={"position": "connected"})
    record = pace.Record().after("islanded", silent, 10.0)
    assert record == pace.Record("islanded", (10.0,))
    assert record.after("islanded", seen, 20.0) == pace.Record("connected", (10.0, 20.0))
    assert pace.Record().after("islanded", seen, 10.0) == pace.Record()


WINTER = Span(days=21, start=date(2026, 1, 20))


def winter(folder: Path, policy: str, span: Span) -> Result:
    return rehearse(trial_of(written(folder, policy)), span)


def test_no_lock_from_20_january_to_10_february(tmp_path: Path) -> None:
    found = winter(tmp_path, "axpert-lifepo4-16s", WINTER)
    print(f"{found.length} days: {len(found.switches)} changes, {found.locks} locks")
    assert found.locks == 0
    assert 20 < len(found.switches) <= 8 * found.length
    assert found.switches_hour <= 3
    assert found.switches_day <= 8


def test_without_the_pace_that_winter_locks(tmp_path: Path) -> None:
    with broken("rules_switch_without_end"):
        assert winter(tmp_path, "axpert-lifepo4-16s", replace(WINTER, days=3)).locks
