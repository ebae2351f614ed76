"""The role `rules` on a broker in memory: what it publishes, renews, keeps and refuses."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gridward.live import Live
from gridward.rules.grid_switch import decide
from gridward.rules.role import Rules
from gridward.site import GridSwitchSettings
from gridward_kit.clock import iso
from gridward_kit.mqtt import Message
from gridward_kit.testing import MemoryBroker, TurnedClock

ROOT = "gridward/home"
SETTINGS = GridSwitchSettings("bms", "inverter", relay="contactor", logger="logger")
DEVICES: dict[str, dict[str, object]] = {
    "bms": {
        "voltage": 53.2,
        "current": -12.0,
        "soc": 71.0,
        "discharge_mosfet": True,
        "cell_voltage_min": 3.3,
    },
    "inverter": {"mode": "battery", "output_voltage": 230.0, "problem": False},
    "logger": {"reachable": True},
    "contactor": {"position": "islanded", "locked": False, "reason": "Islanded"},
}


class House:
    """All devices of a site say their state once a second; the relay issues its lease every 5 s."""

    def __init__(self, folder: Path) -> None:
        self.clock = TurnedClock()
        self.broker = MemoryBroker(self.clock)
        self.link = self.broker.link("rules")
        self.folder = folder
        self.states = {device: dict(values) for device, values in DEVICES.items()}
        self.silent: set[str] = set()
        self.issued = 0
        self.task: asyncio.Task[None] | None = None
        for device, values in DEVICES.items():
            info = {"v": 1, "kind": "any", "name": device, "entities": {key: {} for key in values}}
            self.broker.publish(f"{ROOT}/{device}/info", json.dumps(info), retain=True)
            self.broker.publish(f"{ROOT}/{device}/availability", "online", retain=True)

    def start(self, mode: str = "on", settings: GridSwitchSettings = SETTINGS) -> None:
        live = Live(self.link, self.clock)
        rules = Rules(live, self.link, self.clock, settings, self.folder, mode)
        self.task = asyncio.create_task(rules.run())

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    async def restart(self, mode: str = "on") -> None:
        await self.stop()
        self.broker = MemoryBroker(self.clock, retained=self.broker.retained)
        self.link = self.broker.link("rules")
        self.start(mode)

    async def live(self, seconds: int) -> None:
        for _ in range(seconds):
            for device, values in self.states.items():
                if device not in self.silent:
                    state = {"v": 1, "at": iso(self.clock.time()), **values}
                    self.broker.publish(f"{ROOT}/{device}/state", json.dumps(state), retain=True)
            if int(self.clock.monotonic()) % 5 == 0:
                self.issue()
            await self.clock.turn(1.0)

    def issue(self, *, retain: bool = False) -> None:
        self.issued += 1
        lease = json.dumps({"v": 1, "epoch": "e1", "n": self.issued})
        self.broker.publish(f"{ROOT}/contactor/lease", lease, retain=retain)

    async def ask(self, entity: str, value: str) -> dict[str, object]:
        command = {"v": 1, "value": value, "id": f"c{len(self.broker.log)}", "by": "page", "ttl": 10}
        self.broker.publish(f"{ROOT}/rules/{entity}/command", json.dumps(command))
        await self.clock.turn(0.0)
        result: dict[str, object] = json.loads(self.broker.said(f"{ROOT}/rules/{entity}/result")[-1])
        return result

    @property
    def shown(self) -> dict[str, object]:
        state: dict[str, object] = json.loads(self.broker.said(f"{ROOT}/rules/state")[-1])
        return state

    def said(self, key: str) -> object:
        return self.shown[key]

    @property
    def sentence(self) -> str:
        return str(self.shown["sentence"])

    @property
    def renewals(self) -> list[int]:
        said = self.broker.said(f"{ROOT}/contactor/lease/renew")
        return [json.loads(payload)["n"] for payload in said]

    def events(self, what: str) -> list[dict[str, object]]:
        events = [json.loads(payload) for payload in self.broker.said(f"{ROOT}/audit")]
        return [event for event in events if event["what"] == what]


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
    assert (await house.ask("mode", "on"))["status"] == "confirmed"
    await house.live(10)
    assert house.said("decision") == "islanded"
    assert house.renewals
    assert (await house.ask("mode", "on"))["status"] == "unchanged"
    assert (await house.ask("mode", "perhaps"))["status"] == "refused"
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


async def test_a_person_connects_for_an_hour_then_it_is_automatic_again(house: House) -> None:
    house.start()
    await house.live(90)
    assert (await house.ask("grid_override", "connected"))["status"] == "confirmed"
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
    assert (await house.ask("grid_override", "islanded"))["status"] == "confirmed"
    await house.live(20)
    assert house.said("decision") == "islanded"
    assert len(house.renewals) >= 3
    house.states["bms"]["discharge_mosfet"] = False
    await house.live(2)
    assert house.said("decision") == "connected"
    assert (await house.ask("grid_override", "auto"))["status"] == "confirmed"


async def test_islanding_by_hand_is_refused_outside_the_conditions_with_the_reason(house: House) -> None:
    house.start()
    house.states["bms"]["voltage"] = 50.9
    await house.live(90)
    result = await house.ask("grid_override", "islanded")
    assert result["status"] == "refused"
    assert result["reason"] == "Bank at 50.9 V; back to the battery from 51.2 V."
    assert house.said("grid_override") == "auto"
    house.silent = {"inverter"}
    await house.live(15)
    result = await house.ask("grid_override", "islanded")
    assert str(result["reason"]).startswith("No answer from the inverter for ")
    assert (await house.ask("grid_override", "connected"))["status"] == "confirmed"


async def test_a_virtual_islanding_gives_nobody_the_low_bank(house: House) -> None:
    house.start("observe")
    await house.live(90)
    house.states["bms"]["voltage"] = 51.0
    await house.live(60)
    assert house.said("would") == "islanded"
    assert (await house.ask("grid_override", "islanded"))["status"] == "refused"


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
    assert (await house.ask("grid_override", "islanded"))["status"] == "confirmed"
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
    assert house.sentence.startswith(
        "Grid connected. Decided otherwise 2 times in an hour; stays on the grid"
    )


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


async def test_a_disk_that_takes_nothing_does_not_hold_a_person_back(house: House) -> None:
    house.start()
    await house.live(70)
    house.folder.joinpath("rules.new").mkdir()
    assert (await house.ask("grid_override", "connected"))["status"] == "confirmed"
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
