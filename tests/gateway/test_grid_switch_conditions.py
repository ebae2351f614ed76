"""What connects at once, what is required, and what a person may do beside the conditions."""

from dataclasses import replace

import pytest
from gateway.grid_story import SETTINGS, Story, source

from gridward.rules.inputs import Source, required
from gridward.rules.wiring import parts
from gridward_kit.point import Value


@pytest.mark.parametrize(
    ("part", "values", "words"),
    [
        ("battery", {"voltage": None}, "The BMS gives no voltage of the bank."),
        ("battery", {"voltage": 0.0}, "The BMS gives no voltage of the bank."),
        ("battery", {"voltage": 5.12}, "The BMS gives no voltage of the bank."),
        ("battery", {"voltage": 4000.0}, "The BMS gives no voltage of the bank."),
        ("battery", {"voltage": "52"}, "The BMS gives no voltage of the bank."),
        ("battery", {"voltage": True}, "The BMS gives no voltage of the bank."),
        ("battery", {"voltage": float("nan")}, "The BMS gives no voltage of the bank."),
        ("battery", {"current": None}, "The BMS gives no current."),
        ("battery", {"discharge_mosfet": False}, "The BMS has switched discharging off."),
        ("battery", {"discharge_mosfet": None}, "The BMS does not say whether discharging is on."),
        ("battery", {"discharge_mosfet": 1}, "The BMS does not say whether discharging is on."),
        ("battery", {"cell_voltage_min": 2.79}, "A cell is at 2.79 V, under its minimum of 2.80 V."),
        ("battery", {"cell_voltage_min": None}, "The BMS gives no lowest cell."),
        ("inverter", {"mode": "fault"}, "The inverter has a fault."),
        ("inverter", {"mode": None}, "The inverter does not say its mode."),
        ("inverter", {"mode": "unknown"}, "The inverter does not say its mode."),
        ("inverter", {"problem": True}, "The inverter reports a problem."),
        ("inverter", {"problem": None}, "The inverter does not say whether it has a problem."),
        ("inverter", {"output_voltage": 0.0}, "The inverter gives out 0 V, under 200 V."),
        ("inverter", {"output_voltage": None}, "The inverter gives no output voltage."),
        ("logger", {"reachable": False}, "The logger's host cannot be reached."),
    ],
)
def test_each_broken_condition_connects_at_once_and_says_which(
    part: str, values: dict[str, Value | None], words: str
) -> None:
    story = Story().islanded()
    story.has(part, **values)
    decision = story.after(1)
    assert (decision.position, decision.cause) == ("connected", "broken")
    assert words in decision.broken
    assert decision.reasons[: len(decision.broken)] == decision.broken


@pytest.mark.parametrize("part", ["battery", "inverter", "logger"])
def test_a_required_device_that_is_lost_connects_at_once(part: str) -> None:
    story = Story().islanded()
    story.silent(part, 40.0)
    decision = story.after(1)
    assert decision.position == "connected"
    assert decision.reasons[0].startswith("No answer from the ")
    assert decision.reasons[0].endswith(" for 40 s.")


def test_a_lost_voltage_while_the_bank_is_low_does_not_wait_for_the_four_minutes() -> None:
    story = Story().islanded()
    story.has("battery", voltage=51.0)
    assert story.after(30).position == "islanded"
    story.has("battery", voltage=None)
    assert story.after(1).position == "connected"


def test_further_devices_may_be_required() -> None:
    story = Story(replace(SETTINGS, require=("flat_2",)))
    story.sources[required("flat_2")] = Source("Flat 2")
    assert story.after(120).reasons[0] == "No answer from Flat 2 yet."
    story.sources[required("flat_2")] = Source("Flat 2", fresh=True, values={"power": 3.0})
    assert story.after(61).position == "islanded"


@pytest.mark.parametrize("part", ["battery", "inverter", "logger", "grid", "relay"])
def test_a_required_device_never_takes_another_ones_part(part: str) -> None:
    rules = replace(SETTINGS, require=(part,))
    named = {"battery": "bms", "inverter": "inverter", "logger": "logger", "grid": "grid_meter"}
    playing = parts(rules)
    assert playing[part] == {**named, "relay": "contactor"}[part]
    assert part in [playing[other] for other in playing if other != part]


def test_a_logger_that_is_not_named_is_not_needed() -> None:
    story = Story(replace(SETTINGS, logger=None))
    story.silent("logger", None)
    assert story.after(61).position == "islanded"


def test_a_grid_that_is_known_to_be_bad_is_told_but_never_blocks_connecting() -> None:
    story = Story().islanded()
    story.has("grid", voltage=181.0)
    assert story.after(30).position == "islanded"
    story.silent("battery", 12.0)
    decision = story.after(1)
    assert decision.position == "connected"
    assert decision.reasons[-1] == "The grid is at 181 V, which is not nominal."


@pytest.mark.parametrize("side", [None, "load"])
def test_a_meter_behind_the_open_contactor_proves_nothing(side: str | None) -> None:
    story = Story()
    story.sources["grid"] = source("grid", {"voltage": 0.0, "frequency": 0.0}, side)
    assert len(story.after(1).reasons) == 1


def test_a_person_connects_always_and_at_once() -> None:
    story = Story().islanded()
    story.wish = "connected"
    decision = story.after(1)
    assert (decision.position, decision.cause) == ("connected", "override")
    story.silent("battery", 300.0)
    decision = story.after(1)
    assert decision.position == "connected"
    assert decision.reasons[0] == "No answer from the BMS for 5 min."


def test_a_person_islands_only_inside_the_conditions() -> None:
    story = Story()
    story.has("battery", voltage=51.4)
    assert story.after(120).position == "connected"
    story.wish = "islanded"
    assert story.after(1).position == "islanded"
    story.has("battery", discharge_mosfet=False)
    assert story.after(1).position == "connected"
    story.has("battery", discharge_mosfet=True)
    story.rested()
    assert story.after(60).position == "connected"
    assert story.after(1).position == "islanded"


def test_an_override_does_not_lengthen_the_four_minutes_nor_beat_them_again_and_again() -> None:
    story = Story().islanded()
    story.wish = "islanded"
    story.has("battery", voltage=51.0)
    assert story.after(240).position == "islanded"
    assert story.after(1).position == "connected"
    story.has("battery", voltage=51.6)
    assert story.after(600).position == "connected"
    story.has("battery", voltage=51.8)
    story.rested()
    assert story.after(1).position == "islanded"


def test_a_low_bank_is_never_islanded_by_hand() -> None:
    story = Story()
    story.has("battery", voltage=51.1)
    story.wish = "islanded"
    decision = story.after(100)
    assert decision.position == "connected"
    assert decision.reasons[0] == "Bank at 51.1 V; back to the battery from 51.2 V."
