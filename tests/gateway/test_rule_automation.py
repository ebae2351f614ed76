"""The rules beside the grid switch on a broker in memory: commands, modes, overrides, the record."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from gateway.leased_house import ROOT
from gateway.rule_house import POLICY, SOURCE, USB, VOLTS, House

from gridward.rules import automation as at_work
from gridward.rules.condition import Compare
from gridward.rules.policy import Output, Policy, Rule


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    yield house
    await house.stop()


async def test_a_rule_that_holds_sends_one_command_and_says_why(house: House) -> None:
    house.start()
    house.states["bms"]["voltage"] = 50.4
    await house.live(55)
    assert house.commands == []
    await house.live(15)
    (command,) = house.commands
    assert (command["value"], command["by"], command["ttl"]) == ("USB", "rules:safety", 10.0)
    house.states["inverter"]["source"] = "USB"
    await house.live(300)
    assert len(house.commands) == 1
    (event,) = house.events()
    assert {key: event[key] for key in ("by", "before", "after", "status", "level", "criticality")} == {
        "by": "rules:usb",
        "before": "SBU",
        "after": "USB",
        "status": "decided",
        "level": 2,
        "criticality": "safety",
    }
    assert (event["policy"], event["digest"], event["suppressed"]) == ("tested", "d1", [])
    assert event["inputs"] == {"battery.voltage": [50.4, pytest.approx(0, abs=2)]}
    assert event["reason"] == "The bank is critical. (battery.voltage 50.4 V at most 50.6 for 60 s)."
    assert isinstance(event["monotonic"], float)


@pytest.mark.parametrize(("mode", "statuses"), [("observe", ["observed"]), ("off", [])])
async def test_observing_and_off_send_nothing(house: House, mode: str, statuses: list[str]) -> None:
    house.start(mode)
    house.states["bms"]["voltage"] = 50.4
    await house.live(400)
    assert house.commands == []
    assert [event["status"] for event in house.events()] == statuses


async def test_a_change_of_mode_begins_every_wait_anew(house: House) -> None:
    house.start("observe")
    house.states["bms"]["voltage"] = 50.4
    await house.live(100)
    assert await house.ask("mode", "on") == "confirmed"
    await house.live(55)
    assert house.commands == []
    await house.live(15)
    assert len(house.commands) == 1


async def test_a_value_that_comes_and_goes_does_not_fill_the_record(house: House) -> None:
    house.start()
    house.states["bms"]["voltage"] = 50.4
    house.states["inverter"]["source"] = "USB"
    await house.live(65)
    for _ in range(5):
        house.states["inverter"].pop("source", None)
        await house.live(20)
        house.states["inverter"]["source"] = "USB"
        await house.live(20)
    assert [event["status"] for event in house.events()] == ["unread"]
    assert house.commands == []


async def test_old_values_write_nothing(house: House) -> None:
    house.start()
    house.states["bms"]["voltage"] = 50.4
    await house.live(30)
    del house.states["bms"]
    await house.live(300)
    assert house.commands == []


async def test_a_person_stops_or_sets_an_output_for_a_while(house: House) -> None:
    house.start("observe")
    await house.live(5)
    assert house.said("inverter_source_override") == "auto"
    assert await house.ask("inverter_source_override", "SUB") == "confirmed"
    await house.live(2)
    (command,) = house.commands
    assert (command["value"], command["by"]) == ("SUB", "override")
    assert house.said("inverter_source_override") == "SUB"
    house.states["inverter"]["source"] = "SUB"
    await house.live(3600)
    assert house.said("inverter_source_override") == "auto"
    assert [event["status"] for event in house.events()][-1] == "expired"
    assert await house.ask("inverter_source_override", "XYZ") == "refused"


async def test_a_stop_survives_a_restart_with_the_time_that_was_left(house: House) -> None:
    house.start()
    await house.live(5)
    await house.ask("inverter_source_override", "stop")
    await house.live(1000)
    await house.restart()
    house.states["bms"]["voltage"] = 50.4
    await house.live(2400)
    assert house.commands == []
    await house.live(300)
    assert [command["value"] for command in house.commands][:1] == ["USB"]


async def test_an_override_stays_inside_the_envelope(house: House) -> None:
    house.start(
        policy=Policy(
            "tested", rules=(USB,), outputs={SOURCE: Output(SOURCE, needs=Compare(VOLTS, "above", 60.0))}
        )
    )
    await house.live(5)
    await house.ask("inverter_source_override", "SUB")
    await house.live(30)
    assert house.commands == []
    assert house.events()[-1]["status"] == "envelope"


async def test_a_policy_that_fails_writes_nothing_and_the_lease_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(at_work, "decide", broken)
    house.start()
    await house.live(120)
    assert house.shown["decision"] == "islanded"
    assert len(house.broker.said(f"{ROOT}/contactor/lease/renew")) > 5
    assert house.commands == []


ALARM = Rule("low", "It is low.", Compare(VOLTS, "below", 52.0), (), criticality="informational")


async def test_an_alarm_stays_raised_over_a_reload_that_moves_it_in_its_file(house: House) -> None:
    house.states["bms"]["voltage"] = 51.0
    house.start("on", replace(POLICY, rules=(USB, replace(ALARM, place="own.yaml:5"))))
    await house.live(2)
    house.take(replace(POLICY, digest="d2", rules=(USB, replace(ALARM, place="own.yaml:9"))))
    await house.live(2)
    assert [event["status"] for event in house.events("rules/alarm_low")] == ["raised"]
    house.take(replace(POLICY, digest="d3"))
    await house.live(2)
    assert [event["status"] for event in house.events("rules/alarm_low")] == ["raised", "cleared"]


async def test_what_an_alarm_was_while_a_person_held_an_output_is_not_shown_after(house: House) -> None:
    house.states["bms"]["voltage"] = 51.0
    house.start("off", replace(POLICY, rules=(USB, ALARM)))
    await house.live(2)
    assert "alarm_low" not in house.shown
    await house.ask("inverter_source_override", "SUB for 60s")
    await house.live(2)
    assert house.said("alarm_low") is True
    await house.live(75)
    assert "alarm_low" not in house.shown
