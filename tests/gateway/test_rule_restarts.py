"""Restarts and reloads: what is counted and remembered over them, and what begins anew."""

import json
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from gateway.rule_house import AMPERES, MORE, POLICY, SOURCE, USB, VOLTS, House
from gateway.test_rule_file import RULE, SITE
from gateway.test_rule_values import ask
from gateway.test_rule_values import site as held_against

from gridward.config import load
from gridward.rules.condition import All, Changed, Compare, OneOf
from gridward.rules.policy import Output, Policy, Rule, Wish
from gridward.rules.view import Ref
from gridward.run import House as Roles
from gridward.run import reread
from gridward_kit.clock import SystemClock
from gridward_kit.kept import Json, Kept
from gridward_kit.mqtt import Broker

SETTLED = 15


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    yield house
    await house.stop()


def policy(criticality: str = "optimisation", per_day: int = 4) -> Policy:
    rule = replace(USB, hold=0.0, criticality="safety" if criticality == "safety" else "optimisation")
    return Policy(
        "tested", "d1", rules=(rule,), outputs={SOURCE: Output(SOURCE, per_day=per_day)}, settle=10.0
    )


@pytest.mark.parametrize(("criticality", "most"), [("optimisation", 4), ("safety", 9)])
async def test_twenty_restarts_write_no_more_than_a_day_allows(
    house: House, criticality: str, most: int
) -> None:
    house.states["bms"]["voltage"] = 50.4
    house.start("on", policy(criticality))
    await house.live(SETTLED)
    for _ in range(20):
        await house.restart(policy=policy(criticality))
        await house.live(SETTLED + 60)
    assert len(house.commands) == most


async def test_a_change_of_mode_does_not_forget_the_writes(house: House) -> None:
    house.states["bms"]["voltage"] = 50.4
    house.start("on", policy())
    for _ in range(10):
        await house.ask("mode", "on")
        await house.live(SETTLED + 60)
        await house.ask("mode", "observe")
        await house.live(2)
    assert len(house.commands) == 4


async def test_observing_spends_nothing(house: House) -> None:
    house.states["bms"]["voltage"] = 50.4
    house.start("observe", policy())
    await house.live(600)
    await house.ask("mode", "on")
    await house.live(SETTLED)
    assert len(house.commands) == 1


async def test_a_restart_in_the_middle_of_a_wait_begins_it_anew(house: House) -> None:
    waits = Policy("tested", "d1", rules=(replace(USB, hold=240.0),), settle=10.0)
    house.states["bms"]["voltage"] = 50.4
    house.start("on", waits)
    for _ in range(5):
        await house.live(200)
        await house.restart(policy=waits)
    assert house.commands == []
    await house.live(245)
    assert len(house.commands) == 1


async def test_a_clock_on_the_wall_that_steps_about_neither_ends_a_wait_nor_begins_it_anew(
    house: House,
) -> None:
    waits = Policy("tested", "d1", rules=(replace(USB, hold=240.0),), settle=10.0)
    house.states["bms"]["voltage"] = 50.4
    house.start("on", waits)
    for jump in (3600.0, -3600.0, 86400.0, -86400.0, 3 * 365 * 86400.0, -6 * 365 * 86400.0):
        await house.live(38)
        house.clock.jump(jump)
    await house.live(8)
    assert house.commands == []
    await house.live(10)
    assert len(house.commands) == 1


async def test_a_disk_that_takes_nothing_holds_the_rules_back_and_no_person(house: House) -> None:
    house.states["bms"]["voltage"] = 50.4
    house.start("on", policy())
    await house.live(2)
    house.folder.joinpath("rules.new").mkdir()
    await house.live(300)
    assert house.commands == []
    await house.ask("inverter_source_override", "SUB")
    await house.live(2)
    assert [command["value"] for command in house.commands] == ["SUB"]


async def test_what_is_written_at_one_look_is_counted_on_disk_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs: list[int] = []
    save = Kept.save

    def noted(kept: Kept, changes: Mapping[str, Json]) -> None:
        rules = changes.get("rules")
        writes = rules.get("writes") if isinstance(rules, dict) else None
        if isinstance(writes, dict):
            outputs.append(len(writes))
        save(kept, changes)

    monkeypatch.setattr(Kept, "save", noted)
    more = Rule("more", "More.", Compare(VOLTS, "at_most", 50.6), (Wish(AMPERES, 10.0),))
    house.states["bms"]["voltage"] = 50.4
    house.start("on", Policy("tested", "d1", rules=(replace(USB, hold=0.0), more), settle=10.0))
    await house.live(SETTLED)
    assert len(house.commands) == len(house.sent("amperes")) == 1
    assert 1 not in outputs
    assert 2 in outputs


@pytest.mark.parametrize(
    "kept",
    [
        {"writes": [1], "holds": 3, "proposals": "x", "acted": []},
        {"writes": {"inverter/source": ["x", True, -4, 1e9, None]}, "holds": {"override": {"value": "stop"}}},
        {"proposals": {"open": [{"id": 4}, 3], "closed": [[1], "x", ["a", "b", "c"]]}, "acted": {"usb": "x"}},
        {"writes": {"": [3]}, "holds": {"inverter_source_override": {"value": "ABC", "remaining": 900}}},
    ],
)
async def test_what_is_kept_and_cannot_be_is_left_out(house: House, kept: dict[str, object]) -> None:
    house.folder.joinpath("rules.json").write_text(json.dumps({"rules": kept}))
    house.states["bms"]["voltage"] = 50.4
    house.start("on", policy())
    await house.live(SETTLED)
    assert [command["value"] for command in house.commands] == ["USB"]


async def test_a_reload_keeps_what_is_remembered_of_rules_that_are_the_same(house: House) -> None:
    waits = replace(USB, hold=240.0, place="own.yaml:5")
    other = Rule("other", "Another.", Compare(VOLTS, "at_most", 50.6), (Wish(AMPERES, 10.0),), hold=240.0)
    house.states["bms"]["voltage"] = 50.4
    house.start("on", Policy("tested", "d1", rules=(waits, other), settle=10.0))
    await house.live(200)
    moved, changed = replace(waits, place="own.yaml:9"), replace(other, hold=220.0)
    house.take(Policy("tested", "d2", rules=(moved, changed), settle=10.0))
    await house.live(45)
    assert len(house.commands) == 1
    assert house.sent("amperes") == []
    await house.live(200)
    assert len(house.sent("amperes")) == 1
    (event,) = house.events("rules/policy")
    assert (event["before"], event["after"], event["status"]) == ("d1", "d2", "reloaded")


async def test_a_reload_ends_what_is_about_rules_and_outputs_that_are_gone(house: House) -> None:
    house.start("on", replace(POLICY, rules=(USB, MORE), digest="d1"))
    await house.live(75)
    assert len(house.proposals) == 1
    topic = "homeassistant/select/gridward_home_rules_inverter_amperes_override/config"
    assert topic in house.broker.retained
    house.take(replace(POLICY, digest="d2"))
    await house.live(2)
    assert house.proposals == []
    assert topic not in house.broker.retained
    assert [event["status"] for event in house.events("inverter/amperes")][-1] == "proposal_withdrawn"


async def test_an_override_stays_over_a_reload_and_a_broken_file_leaves_the_old_policy(house: House) -> None:
    house.start("on")
    await house.live(2)
    await house.ask("inverter_source_override", "SUB")
    house.take(replace(POLICY, digest="d2"))
    house.rules.reread("own.yaml:3: expected a number")
    await house.live(2)
    assert house.said("inverter_source_override") == "SUB"
    event = house.events("rules/policy")[-1]
    assert (event["status"], event["after"]) == ("refused", "d2")
    assert event["reason"] == "own.yaml:3: expected a number"


async def test_what_ended_while_no_rules_ran_is_seen_to_have_ended(house: House) -> None:
    mode = Ref("inverter", "mode", "inverter.mode")
    ends = All((OneOf(mode, ("line",)), Changed(mode, 600.0)))
    over = Policy(
        "tested", "d1", rules=(Rule("over", "It is over.", ends, (Wish(SOURCE, "SUB"),)),), settle=0.0
    )
    house.start("on", over)
    await house.live(5)
    await house.restart(policy=over)
    await house.live(5)
    assert house.commands == []
    house.states["inverter"]["mode"] = "line"
    await house.restart(policy=over)
    await house.live(5)
    assert [command["value"] for command in house.commands] == ["SUB"]
    house.states["inverter"]["source"] = "SUB"
    await house.live(5)
    house.states["inverter"]["source"] = "SBU"
    await house.restart(policy=over)
    await house.live(120)
    assert len(house.commands) == 1, "what ended is ended once"


async def test_a_mode_that_the_site_file_says_anew_is_taken_up_and_else_a_persons_stays(house: House) -> None:
    house.start("on")
    await house.live(65)
    assert house.said("decision") == "islanded"
    await house.ask("mode", "observe")
    house.take(replace(POLICY, digest="d2"))
    await house.live(2)
    assert (house.said("mode"), house.said("decision")) == ("observe", "connected")
    await house.ask("mode", "on")
    await house.live(2)
    assert house.said("decision") == "islanded"
    house.take(replace(POLICY, digest="d3"), "off")
    await house.live(2)
    assert (house.said("mode"), house.said("decision")) == ("off", "connected")
    event = house.events("rules/mode")[-1]
    assert (event["before"], event["after"], event["status"]) == ("on", "off", "reloaded")
    await house.restart("off")
    await house.live(2)
    assert house.said("mode") == "off"


async def test_a_site_file_is_read_anew_and_a_broken_one_told_once_with_its_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site, rules = tmp_path / "site.yaml", tmp_path / "own.yaml"
    site.write_text(SITE)
    rules.write_text(RULE)
    roles = Roles(load(site), SystemClock(), Broker("mqtt://nowhere"))
    taken: list[object] = []
    roles.rereads["rules"] = taken.append
    before = roles.site.rules.policy
    rules.write_text(RULE.replace("at_most: critical", "at_most: critcal"))
    with caplog.at_level(logging.ERROR):
        reread(roles, site)
    assert roles.site.rules.policy is before
    (said,) = taken
    assert isinstance(said, str)
    assert "own.yaml:10" in said
    assert sum("own.yaml:10" in line for line in caplog.messages) == 1
    rules.write_text(RULE.replace("50.6", "50.5"))
    reread(roles, site)
    assert taken[-1] is roles.site
    now = roles.site.rules.policy
    assert now is not None
    assert before is not None
    assert now.digest != before.digest


def test_what_a_device_was_found_not_to_take_keeps_no_file_from_being_read_anew(tmp_path: Path) -> None:
    file = held_against(tmp_path, ": 20}", ": 18}")
    roles = Roles(load(file), SystemClock(), Broker("mqtt://nowhere"))
    taken: list[object] = []
    roles.rereads["rules"] = taken.append
    ask(tmp_path)
    reread(roles, file)
    assert taken == [roles.site], "it would have started with it, too"
