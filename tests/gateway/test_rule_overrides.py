"""A person's word: over one output, over all, over the grid; for how long, and through a restart."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from gateway.leased_house import ROOT
from gateway.rule_house import AMPERES, MORE, POLICY, USB, VOLTS, House

from gridward.rules import asked
from gridward.rules.condition import Compare
from gridward.rules.holds import read_wish
from gridward.rules.policy import Output, Policy
from gridward.rules.view import Ref
from gridward_kit.entity import Switch

ACTING = replace(MORE, level=2)
NUMBERS = replace(POLICY, rules=(USB, ACTING))
FORCED, CHOSEN = "inverter_amperes_forced", "inverter_amperes_override"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    yield house
    await house.stop()


def top_of(house: House) -> str:
    return str(house.said("sentence"))


async def test_a_number_is_forced_by_a_number_of_its_own_bounds(house: House) -> None:
    house.start("observe", NUMBERS)
    await house.live(2)
    assert house.said(CHOSEN) == "auto"
    assert FORCED not in house.shown
    assert await house.ask(FORCED, 61) == "refused"
    assert await house.ask(FORCED, 3) == "refused"
    assert await house.ask(FORCED, 30) == "confirmed"
    await house.live(2)
    (command,) = house.sent("amperes")
    assert (command["value"], command["by"]) == (30.0, "override")
    assert (house.said(FORCED), house.said(CHOSEN)) == (30.0, "forced")
    assert await house.ask(CHOSEN, "auto") == "confirmed"
    await house.live(1)
    assert FORCED not in house.shown


async def test_home_assistant_has_a_select_and_a_number(house: House) -> None:
    house.start("observe", NUMBERS)
    await house.live(1)
    number = json.loads(house.broker.retained[f"homeassistant/number/gridward_home_rules_{FORCED}/config"])
    assert (number["min"], number["max"], number["step"]) == (2, 60, 2)
    assert number["unit_of_measurement"] == "A"
    select = json.loads(house.broker.retained[f"homeassistant/select/gridward_home_rules_{CHOSEN}/config"])
    assert select["options"] == ["auto", "stop", "forced"]
    everything = house.broker.retained["homeassistant/select/gridward_home_rules_override/config"]
    assert json.loads(everything)["options"] == ["auto", "stop"]


@pytest.mark.parametrize(
    ("said", "lasts"), [("SUB for 90 s", 90), ("SUB for 5min", 300), ("SUB for 0.1h", 360)]
)
async def test_a_word_holds_as_long_as_it_says(house: House, said: str, lasts: int) -> None:
    house.start("observe")
    await house.live(2)
    assert await house.ask("inverter_source_override", said) == "confirmed"
    house.states["inverter"]["source"] = "SUB"
    await house.live(lasts - 5)
    assert house.said("inverter_source_override") == "SUB"
    await house.live(10)
    assert house.said("inverter_source_override") == "auto"
    assert house.events()[-1]["status"] == "expired"


@pytest.mark.parametrize("said", ["SUB for ever", "SUB for 1s", "SUB for 30d", "XYZ for 2h", "for 2h"])
async def test_a_word_that_cannot_be_is_refused(house: House, said: str) -> None:
    house.start("observe")
    await house.live(2)
    assert await house.ask("inverter_source_override", said) == "refused"
    assert house.said("inverter_source_override") == "auto"


async def test_stop_for_all_leaves_every_output_and_connects_the_grid(house: House) -> None:
    house.start("on", NUMBERS)
    await house.live(65)
    assert house.said("decision") == "islanded"
    before = len(house.sent("amperes"))
    assert await house.ask("override", "stop for 10min") == "confirmed"
    assert house.said("decision") == "connected"
    house.states["bms"]["voltage"] = 50.0
    renewed = len(house.broker.said(f"{ROOT}/contactor/lease/renew"))
    await house.live(590)
    assert house.commands == []
    assert len(house.sent("amperes")) == before
    assert len(house.broker.said(f"{ROOT}/contactor/lease/renew")) == renewed
    assert top_of(house) == "Automatic writes are stopped by hand for another 10 s. Grid connected."
    assert house.decisions["overrides"]["all"]["value"] == "stop"
    await house.live(20)
    assert [command["value"] for command in house.commands] == ["USB"]
    assert house.events("rules/override")[-1]["status"] == "expired"


async def test_a_persons_own_value_goes_out_while_all_else_is_stopped(house: House) -> None:
    house.start("on", NUMBERS)
    await house.live(5)
    await house.ask("override", "stop")
    await house.ask(FORCED, 30)
    await house.live(2)
    assert [command["value"] for command in house.sent("amperes")] == [30.0]


async def test_it_comes_back_after_a_restart_with_its_time_before_any_rule_runs(house: House) -> None:
    house.start("on", NUMBERS)
    await house.live(2)
    await house.ask("override", "stop for 10min")
    await house.ask(CHOSEN, "30 for 5min")
    await house.restart(policy=NUMBERS)
    await house.clock.turn(0.0)
    shown = json.loads(house.broker.said(f"{ROOT}/rules/state")[-1])
    assert (shown["override"], shown[FORCED]) == ("stop", 30.0)
    house.states["bms"]["voltage"] = 50.0
    house.states["inverter"]["amperes"] = 30.0
    await house.live(300)
    assert house.commands == []
    assert (house.said("override"), house.said(CHOSEN)) == ("stop", "auto")
    await house.live(300)
    assert house.said("override") == "auto"


async def test_one_that_ends_while_no_rules_run_is_told_as_over(house: House) -> None:
    house.start("on")
    await house.live(2)
    for entity, said in (
        ("override", "stop for 2min"),
        ("inverter_source_override", "SUB for 2min"),
        ("grid_override", "connected for 2min"),
    ):
        assert await house.ask(entity, said) == "confirmed"
    await house.live(100)
    await house.restart()
    await house.clock.turn(0.0)
    shown = [house.said(one) for one in ("override", "inverter_source_override", "grid_override")]
    assert shown == ["auto", "auto", "auto"]
    for what in ("rules/override", "inverter/source", "rules/grid_override"):
        (event,) = [one for one in house.events(what) if one["status"] == "expired"]
        assert event["after"] == "auto"


async def test_one_ends_although_the_rules_are_killed_again_and_again(house: House) -> None:
    house.states["contactor"]["position"] = "connected"
    house.start("observe")
    await house.live(2)
    assert await house.ask("inverter_source_override", "SUB for 3min") == "confirmed"
    house.states["inverter"]["source"] = "SUB"
    file = house.folder / "rules.json"
    for _ in range(6):
        await house.live(5)
        kept = file.read_bytes()
        await house.stop()
        file.write_bytes(kept)  # who is killed keeps nothing on the way out
        await house.restart("observe")
    await house.live(2)
    assert house.said("inverter_source_override") == "auto"
    assert [event["status"] for event in house.events()].count("expired") == 1


async def test_one_that_another_policy_leaves_no_room_for_is_told_as_withdrawn(house: House) -> None:
    house.start("on", NUMBERS)
    await house.live(2)
    assert await house.ask(CHOSEN, "30 for 1h") == "confirmed"
    house.take(replace(POLICY, digest="d2"))
    event = house.events("inverter/amperes")[-1]
    assert (event["before"], event["after"], event["status"]) == (30.0, "auto", "withdrawn")


async def test_the_grid_takes_a_time_too(house: House) -> None:
    house.start("on")
    await house.live(65)
    assert await house.ask("grid_override", "connected for 2h") == "confirmed"
    assert house.said("grid_override") == "connected"
    assert house.said("override_remaining") == 7200
    assert await house.ask("grid_override", "sideways") == "refused"
    assert await house.ask("grid_override", "connected for 1y") == "refused"


async def test_a_forced_number_stays_inside_the_envelope(house: House) -> None:
    house.start("observe", replace(NUMBERS, outputs={AMPERES: Output(AMPERES, most=24.0)}))
    await house.live(2)
    await house.ask(FORCED, 50)
    await house.live(2)
    assert [command["value"] for command in house.sent("amperes")] == [24.0]


async def test_outside_its_conditions_nothing_is_forced(house: House) -> None:
    outputs = {AMPERES: Output(AMPERES, needs=Compare(VOLTS, "above", 60.0))}
    house.start("observe", replace(NUMBERS, outputs=outputs))
    await house.live(2)
    await house.ask(FORCED, 50)
    await house.live(30)
    assert house.sent("amperes") == []
    assert house.events("inverter/amperes")[-1]["status"] == "envelope"


async def test_what_is_decided_and_waited_for_is_told(house: House) -> None:
    house.start("on", Policy("tested", "d1", rules=(replace(USB, hold=240.0),), settle=10.0))
    house.states["bms"]["voltage"] = 50.4
    await house.live(125)
    (rule,) = asked.rules({"decisions": json.loads(house.broker.retained[f"{ROOT}/rules/decisions"])})
    assert (rule["state"], rule["waiting"], rule["acted"]) == ("waiting", "2 of 4 minutes", None)
    await house.live(130)
    output = house.decisions["outputs"]["inverter.source"]
    assert (output["rule"], output["value"], output["suppressed"]) == ("usb", "USB", [])
    assert str(output["reason"]).startswith("The bank is critical.")
    (rule,) = asked.rules({"decisions": json.loads(house.broker.retained[f"{ROOT}/rules/decisions"])})
    assert rule["state"] == "holds"
    assert str(rule["acted"]).startswith("20")


async def test_a_long_wait_is_told_now_and_then_and_not_every_second(house: House) -> None:
    house.start("on", Policy("tested", "d1", rules=(replace(USB, hold=100.0),), settle=10.0))
    house.states["bms"]["voltage"] = 50.4
    await house.live(5)
    before = len(house.broker.said(f"{ROOT}/rules/decisions"))
    await house.live(60)
    assert len(house.broker.said(f"{ROOT}/rules/decisions")) - before <= 13


def test_a_switch_is_said_in_words() -> None:
    row = Switch("boiler", "Boiler")
    assert (read_wish("on", row).value, read_wish("off for 2h", row).value) == (True, False)
    told: asked.Told = {"decisions": {"outputs": {"load.boiler": {"device": "relay", "key": "boiler"}}}}
    assert asked.override(told, "relay.boiler", True, "2h") == asked.Asked(
        "relay_boiler_override", "on for 2h"
    )
    assert asked.override(told, "load.boiler", 4.0) == asked.Asked("relay_boiler_override", "4")
    assert asked.override(told, "all", "stop") == asked.Asked("override", "stop")
    assert asked.override(told, "other.thing", "x") is None
    assert Ref("relay", "boiler", "load.boiler", row=row) == Ref("relay", "boiler", "")
