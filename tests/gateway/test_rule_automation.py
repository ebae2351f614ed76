"""The rules beside the grid switch on a broker in memory: commands, modes, overrides, the record."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gridward.live import Live
from gridward.rules import automation as at_work
from gridward.rules.automation import Automation
from gridward.rules.condition import Compare
from gridward.rules.policy import Output, Policy, Rule, Wish
from gridward.rules.role import Rules
from gridward.rules.view import Ref
from gridward.site import GridSwitchSettings
from gridward_kit.clock import iso
from gridward_kit.testing import MemoryBroker, TurnedClock

ROOT = "gridward/home"
VOLTS = Ref("bms", "voltage", "battery.voltage", "V")
SOURCE = Ref("inverter", "source", "inverter.source", "", ("USB", "SUB", "SBU"))
USB = Rule(
    "usb",
    "The bank is critical.",
    Compare(VOLTS, "at_most", 50.6),
    (Wish(SOURCE, "USB"),),
    hold=60.0,
    criticality="safety",
)
POLICY = Policy("tested", "d1", rules=(USB,), settle=10.0)
WELL: dict[str, dict[str, object]] = {
    "bms": {"voltage": 53.2, "current": -12.0, "discharge_mosfet": True, "cell_voltage_min": 3.3},
    "inverter": {"mode": "battery", "output_voltage": 230.0, "problem": False, "source": "SBU"},
}


class House:
    """A BMS and an inverter that say their state once a second; the relay issues its lease every 5 s."""

    def __init__(self, folder: Path) -> None:
        self.clock = TurnedClock()
        self.broker = MemoryBroker(self.clock)
        self.folder = folder
        self.states = {device: dict(values) for device, values in WELL.items()}
        self.task: asyncio.Task[None] | None = None
        self.issued = 0
        for device, values in WELL.items():
            info = {"v": 1, "kind": "any", "name": device, "entities": {key: {} for key in values}}
            self.broker.publish(f"{ROOT}/{device}/info", json.dumps(info), retain=True)
            self.broker.publish(f"{ROOT}/{device}/availability", "online", retain=True)

    def start(self, mode: str = "on", policy: Policy = POLICY) -> None:
        link = self.broker.link("rules")
        live = Live(link, self.clock)
        automation = Automation(live, link, self.clock, policy, ZoneInfo("Europe/Bratislava"))
        settings = GridSwitchSettings("bms", "inverter", relay="contactor")
        rules = Rules(live, link, self.clock, settings, self.folder, mode, automation)
        self.task = asyncio.create_task(rules.run())

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    async def restart(self, mode: str = "on") -> None:
        await self.stop()
        self.broker = MemoryBroker(self.clock, retained=self.broker.retained)
        self.start(mode)

    async def live(self, seconds: int) -> None:
        for _ in range(seconds):
            for device, values in self.states.items():
                state = {"v": 1, "at": iso(self.clock.time()), **values}
                self.broker.publish(f"{ROOT}/{device}/state", json.dumps(state), retain=True)
            if int(self.clock.monotonic()) % 5 == 0:
                self.issued += 1
                lease = json.dumps({"v": 1, "epoch": "e1", "n": self.issued})
                self.broker.publish(f"{ROOT}/contactor/lease", lease)
            await self.clock.turn(1.0)

    async def ask(self, entity: str, value: str) -> str:
        command = {"v": 1, "value": value, "id": f"c{len(self.broker.log)}", "by": "page", "ttl": 10}
        self.broker.publish(f"{ROOT}/rules/{entity}/command", json.dumps(command))
        await self.clock.turn(0.0)
        return str(json.loads(self.broker.said(f"{ROOT}/rules/{entity}/result")[-1])["status"])

    @property
    def commands(self) -> list[dict[str, object]]:
        return [json.loads(payload) for payload in self.broker.said(f"{ROOT}/inverter/source/command")]

    @property
    def shown(self) -> dict[str, object]:
        state: dict[str, object] = json.loads(self.broker.said(f"{ROOT}/rules/state")[-1])
        return state

    def said(self, key: str) -> object:
        return self.shown[key]

    def events(self, what: str = "inverter/source") -> list[dict[str, object]]:
        events = [json.loads(payload) for payload in self.broker.said(f"{ROOT}/audit")]
        return [event for event in events if event["what"] == what]


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
