"""What the role `rules` says: its modes, its sentence, its events, and what it does not fall over."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from gateway.leased_house import House

from gridward.rules.grid_switch import decide


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    yield house
    await house.stop()


async def test_observing_says_what_it_would_do_and_switches_nothing(house: House) -> None:
    house.start("observe")
    await house.live(120)
    assert (house.said("decision"), house.said("would")) == ("connected", "islanded")
    assert house.renewals == []
    assert house.sentence.startswith("The rules only watch, and would switch the grid off. Bank at 53.2 V.")
    (event,) = house.events("rules/would")
    assert (event["before"], event["after"], event["status"]) == ("connected", "islanded", "observed")
    assert house.events("rules/decision") == []


async def test_off_switches_nothing_and_says_so(house: House) -> None:
    house.start("off")
    await house.live(120)
    assert house.said("decision") == "connected"
    assert "would" not in house.shown
    assert "waiting" not in house.shown
    assert house.renewals == []
    assert house.sentence == "Rules are off. Grid connected."
    assert house.events("rules/decision") == []


async def test_switching_the_rules_on_and_off_is_answered_and_kept(house: House) -> None:
    house.start("observe")
    await house.live(120)
    assert (await house.answer("mode", "on"))["status"] == "confirmed"
    await house.live(10)
    assert house.said("decision") == "islanded"
    assert house.renewals
    assert (await house.answer("mode", "on"))["status"] == "unchanged"
    assert (await house.answer("mode", "perhaps"))["status"] == "refused"
    await house.restart("observe")
    await house.live(1)
    assert house.said("mode") == "on"
    await house.ask("mode", "off")
    await house.live(1)
    assert house.said("decision") == "connected"


async def test_a_mode_that_the_site_file_says_anew_wins_over_the_kept_one(house: House) -> None:
    house.start("observe")
    await house.live(1)
    await house.ask("mode", "on")
    await house.restart("off")
    await house.live(1)
    assert house.said("mode") == "off"


async def test_a_bank_that_gets_low_is_told_with_its_wait_and_put_on_record(house: House) -> None:
    house.start()
    await house.live(90)
    assert house.sentence == "Living from the battery, 71 %. Grid stays off until 51.2 V for 4 minutes."
    house.states["bms"]["voltage"] = 51.1
    await house.live(130)
    assert house.said("waiting") == "2 of 4 minutes"
    assert house.sentence == (
        "Living from the battery, 71 %. Bank at 51.1 V and discharging for 2 of 4 minutes."
    )
    await house.live(120)
    assert "waiting" not in house.shown
    islanded, connected = house.events("rules/decision")
    assert (islanded["before"], islanded["after"], islanded["by"]) == ("connected", "islanded", "rules")
    assert (connected["after"], connected["status"]) == ("connected", "decided")
    assert connected["reason"] == (
        "Bank at 51.1 V after 4 minutes below 51.2 V; back to the battery from 51.8 V."
    )
    assert house.said("decisions") == 2


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ({"locked": True, "reason": "Locked connected until released: feedback"}, "Locked connected until"),
        (
            {"position": "connected", "reason": "9 min to go"},
            "The grid may go off; the contactor waits. 9 min",
        ),
    ],
)
async def test_the_contactor_has_a_word_in_the_sentence(
    house: House, reason: dict[str, object], said: str
) -> None:
    house.start()
    await house.live(70)
    house.states["contactor"] |= reason
    await house.live(2)
    assert house.sentence.startswith(said)
    house.silent = {"contactor"}
    await house.live(20)
    assert house.sentence.startswith("No answer from the contactor for ")


async def test_grid_off_by_hand_is_not_said_before_the_contactor_has_done_it(house: House) -> None:
    house.start("observe")
    house.states["contactor"] |= {"position": "connected", "reason": "9 min to go"}
    await house.live(70)
    assert house.sentence.startswith("The rules only watch")
    await house.ask("grid_override", "islanded")
    assert house.sentence == "The grid may go off; the contactor waits. 9 min to go."
    house.states["contactor"] |= {"position": "islanded"}
    await house.live(2)
    assert house.sentence == "Grid off by hand for another 60 min."


async def test_a_rule_that_fails_connects_and_the_loop_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house.start()
    await house.live(90)

    def wrong(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("gridward.rules.switching.decide", wrong)
    with caplog.at_level(logging.ERROR):
        await house.live(5)
    assert house.said("decision") == "connected"
    assert house.sentence.startswith("The grid switch's rule failed (ZeroDivisionError: division by zero).")
    assert len(caplog.records) == 1
    monkeypatch.setattr("gridward.rules.switching.decide", decide)
    await house.live(65)
    assert house.sentence.startswith("Living from the battery")  # its lease went on: nothing was switched


async def test_garbage_in_states_connects_with_a_reason(house: House) -> None:
    house.start()
    await house.live(90)
    house.states["bms"]["voltage"] = "fifty-two"
    await house.live(2)
    assert house.said("decision") == "connected"
    assert house.sentence == "The BMS gives no voltage of the bank. Grid connected to be safe."


async def test_no_sentence_is_longer_than_a_state_may_be(house: House) -> None:
    house.start()
    await house.live(70)
    house.states["contactor"] |= {"position": "connected", "reason": "because of many words " * 30}
    await house.live(2)
    assert 200 < len(house.sentence) <= 255
