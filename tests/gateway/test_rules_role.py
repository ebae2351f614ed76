"""The role `rules` on a broker in memory: what it publishes, renews, keeps and refuses."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from gateway.leased_house import ROOT, SETTINGS, House

from gridward_kit.clock import iso
from gridward_kit.mqtt import Message


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    yield house
    await house.stop()


async def test_the_rules_renew_each_number_once_and_only_when_all_is_well(house: House) -> None:
    house.start()
    await house.live(58)
    assert house.renewals == []
    assert house.said("decision") == "connected"
    await house.live(62)
    assert house.said("decision") == "islanded"
    assert len(house.renewals) >= 11
    assert house.renewals == sorted(set(house.renewals))
    house.silent = {"bms"}
    await house.live(11)
    last = house.renewals[-1]
    await house.live(60)
    assert house.renewals[-1] == last
    assert house.sentence.startswith("No answer from the BMS for ")
    assert house.sentence.endswith(" s. Grid connected to be safe.")


async def test_the_lease_is_not_renewed_while_the_loop_stands_still(house: House) -> None:
    house.start()
    await house.live(90)
    await house.stop()
    before = house.renewals
    await house.live(20)
    assert before
    assert house.renewals == before


async def test_retained_and_broken_leases_are_not_answered(house: House) -> None:
    house.start()
    await house.live(90)
    before = len(house.renewals)
    topic = f"{ROOT}/contactor/lease"
    for payload in ("", "[]", '{"v":1}', '{"v":1,"epoch":"e1","n":true}', '{"v":1,"epoch":7,"n":99}'):
        house.broker.publish(topic, payload)
        await house.clock.turn(0.1)
    old = json.dumps({"v": 1, "epoch": "e1", "n": 5000}).encode()
    for wanted, handler in house.broker._handlers:
        if wanted == topic:
            handler(Message(topic, old, retain=True, at=house.clock.monotonic()))
    await house.clock.turn(0.1)
    assert len(house.renewals) == before
    house.issue()
    await house.clock.turn(0.1)
    assert len(house.renewals) == before + 1


async def test_what_was_retained_before_a_restart_islands_nobody(house: House) -> None:
    house.start()
    await house.live(90)
    await house.restart()
    house.silent = set(house.states)
    await house.live(120)
    assert house.renewals == []
    assert house.said("decision") == "connected"


async def test_a_person_connects_for_an_hour_then_it_is_automatic_again(house: House) -> None:
    house.start()
    await house.live(90)
    assert (await house.answer("grid_override", "connected"))["status"] == "confirmed"
    assert house.said("decision") == "connected"
    before = len(house.renewals)
    await house.live(3590)
    assert house.said("override_remaining") == 10
    assert house.sentence == "Grid connected by hand for another 10 s."
    assert len(house.renewals) == before
    await house.live(12)
    assert house.said("grid_override") == "auto"
    assert "override_remaining" not in house.shown
    (event,) = house.events("rules/grid_override")[1:]
    assert (event["before"], event["after"], event["status"]) == ("connected", "auto", "expired")
    assert house.said("decision") == "islanded"


@pytest.mark.parametrize("mode", ["off", "observe", "on"])
async def test_a_person_islands_inside_the_conditions_in_every_mode(house: House, mode: str) -> None:
    house.start(mode)
    house.states["bms"]["voltage"] = 51.5
    await house.live(90)
    assert house.renewals == []
    assert (await house.answer("grid_override", "islanded"))["status"] == "confirmed"
    await house.live(20)
    assert house.said("decision") == "islanded"
    assert len(house.renewals) >= 3
    house.states["bms"]["discharge_mosfet"] = False
    await house.live(2)
    assert house.said("decision") == "connected"
    assert (await house.answer("grid_override", "auto"))["status"] == "confirmed"


async def test_islanding_by_hand_is_refused_outside_the_conditions_with_the_reason(house: House) -> None:
    house.start()
    house.states["bms"]["voltage"] = 50.9
    await house.live(90)
    result = await house.answer("grid_override", "islanded")
    assert result["status"] == "refused"
    assert result["reason"] == "Bank at 50.9 V; back to the battery from 51.2 V."
    assert house.said("grid_override") == "auto"
    house.silent = {"inverter"}
    await house.live(15)
    result = await house.answer("grid_override", "islanded")
    assert str(result["reason"]).startswith("No answer from the inverter for ")
    assert (await house.answer("grid_override", "connected"))["status"] == "confirmed"


async def test_a_virtual_islanding_gives_nobody_the_low_bank(house: House) -> None:
    house.start("observe")
    await house.live(90)
    house.states["bms"]["voltage"] = 51.0
    await house.live(60)
    assert house.said("would") == "islanded"
    assert (await house.answer("grid_override", "islanded"))["status"] == "refused"


async def test_an_override_survives_a_restart_by_its_remaining_running_time(house: House) -> None:
    house.start()
    await house.live(90)
    await house.ask("grid_override", "connected")
    await house.live(1000)
    await house.stop()
    house.clock.jump(86400.0)
    house.clock.pass_by(5000.0)
    await house.restart()
    await house.live(1)
    assert house.said("grid_override") == "connected"
    remaining = house.said("override_remaining")
    assert isinstance(remaining, int)
    assert 2560 <= remaining <= 2600


async def test_an_islanding_override_does_not_survive_a_restart(house: House) -> None:
    house.start()
    await house.ask("mode", "observe")
    await house.live(90)
    assert (await house.answer("grid_override", "islanded"))["status"] == "confirmed"
    await house.live(5)
    assert house.said("decision") == "islanded"
    await house.restart("observe")
    await house.live(90)
    assert (house.said("grid_override"), house.said("decision")) == ("auto", "connected")
    (event,) = [event for event in house.events("rules/grid_override") if event["status"] == "expired"]
    assert (event["before"], event["after"]) == ("islanded", "auto")


async def test_restarts_without_end_do_not_keep_an_override_alive(house: House) -> None:
    house.start()
    await house.ask("mode", "on")
    await house.live(2)
    await house.ask("grid_override", "connected")
    for _ in range(121):
        await house.restart()
        await house.live(1)
    assert house.said("grid_override") == "auto"


async def test_the_clock_on_the_wall_moves_nothing(house: House) -> None:
    house.start()
    await house.live(90)
    await house.ask("grid_override", "connected")
    for jump in (-(30 * 86400.0), 60 * 86400.0, 3600.0):
        house.clock.jump(jump)
        await house.live(5)
        assert house.said("grid_override") == "connected"
    assert house.said("override_remaining") == 3600 - 15


async def test_a_disk_that_takes_nothing_does_not_hold_a_person_back(house: House) -> None:
    house.start()
    await house.live(70)
    house.folder.joinpath("rules.new").mkdir()
    assert (await house.answer("grid_override", "connected"))["status"] == "confirmed"
    await house.live(1)
    assert house.said("decision") == "connected"


async def test_a_decision_follows_a_state_within_the_same_moment(house: House) -> None:
    house.start()
    await house.live(90)
    await house.clock.turn(0.3)
    state = {"v": 1, "at": iso(house.clock.time()), **house.states["bms"], "discharge_mosfet": False}
    house.broker.publish(f"{ROOT}/bms/state", json.dumps(state))
    await house.clock.turn(0.0)
    assert house.said("decision") == "connected"


async def test_the_grace_of_the_site_file_is_how_long_a_silent_device_is_believed(house: House) -> None:
    house.start(settings=replace(SETTINGS, grace=20.0))
    await house.live(90)
    house.silent = {"bms"}
    await house.live(19)
    assert house.said("decision") == "islanded"
    await house.live(2)
    assert house.said("decision") == "connected"
