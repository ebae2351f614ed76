"""The role `notify` on a broker: alarms retained and for Home Assistant, messages brought, restarts."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from letter_box import Web

from gridward.notify.core import Message
from gridward.notify.role import IDENTITY, ROWS_OF_DEVICE, Notify
from gridward.notify.spec import NotifySpec, Recipient, Weekly
from gridward.rules.condition import All
from gridward.rules.policy import Policy, Rule
from gridward.site import DeviceSpec, RecordSpec, RulesSpec, Site
from gridward_kit.clock import iso
from gridward_kit.kept import Json
from gridward_kit.mqtt import Broker
from gridward_kit.testing import MemoryBroker, TurnedClock

ROOT = "gridward/home"
ZONE = ZoneInfo("Europe/Bratislava")
NOON = datetime(2026, 11, 21, 12, tzinfo=ZONE).timestamp()


class House:
    """A battery on a broker in memory, and the role that watches it."""

    def __init__(self, folder: Path, spec: NotifySpec | None = None) -> None:
        self.clock = TurnedClock(NOON)
        self.broker = MemoryBroker(self.clock)
        self.site = Site(
            id="home",
            name="Home",
            time_zone=ZONE,
            fail_safe="grid_connected",
            broker=Broker("mqtt://127.0.0.1:1"),
            folder=folder,
            record=RecordSpec(folder / "gridward.db"),
            devices=(DeviceSpec("bms", "daly", "Battery"),),
            notify=spec or NotifySpec(),
        )
        self.sent: list[Message] = []
        self.takes = True
        self.start()
        self.say("bms/info", {"v": 1, "kind": "battery", "name": "Battery", "role": "bus_one"}, retain=True)
        for topic in ("bms/availability", "bus_one/availability", "recorder/availability"):
            self.broker.publish(f"{ROOT}/{topic}", "online", retain=True)

    def start(self) -> None:
        self.link = self.broker.link("notify")
        self.role = Notify(self.site, self.link, self.clock, self._send)
        self.role.device.describe(IDENTITY, ROWS_OF_DEVICE)

    def _send(self, url: str, message: Message) -> bool:
        if self.takes:
            self.sent.append(message)
        return self.takes

    def say(self, topic: str, content: dict[str, Json], *, retain: bool = False) -> None:
        self.broker.publish(f"{ROOT}/{topic}", json.dumps(content), retain=retain)

    async def pass_by(self, seconds: float, values: dict[str, Json] | None = None) -> None:
        for _ in range(round(seconds / 5)):
            if values is not None:
                self.say("bms/state", {"v": 1, "at": iso(self.clock.time()), **values})
            await self.role.turn()
            self.clock.pass_by(5)

    def alarms(self) -> list[str]:
        return [one["text"] for one in json.loads(self.broker.retained[f"{ROOT}/notify/alarms"])["alarms"]]

    def state(self) -> dict[str, Json]:
        found: dict[str, Json] = json.loads(self.broker.retained[f"{ROOT}/alarms/state"])
        return found


TO = NotifySpec(to=(Recipient("phone", "json://127.0.0.1:1/"),))
GOOD: dict[str, Json] = {"soc": 80, "temperature_max": 25, "cell_spread": 0.01, "problem": False}


async def test_a_silent_device_is_told_once_and_its_return_once(tmp_path: Path) -> None:
    house = House(tmp_path, TO)
    await house.pass_by(300, GOOD)
    assert house.sent == []
    assert house.alarms() == []
    assert house.state()["silent"] is False
    await house.pass_by(600)
    assert [one.title for one in house.sent] == ["Device silent"]
    assert house.sent[0].text.startswith("Battery has not answered for ")
    assert house.alarms() == [house.sent[0].text]
    assert (house.state()["silent"], house.state()["alarms"]) == (True, 1)
    await house.pass_by(300, GOOD)
    assert [one.title for one in house.sent] == ["Device silent", "All clear: Device silent"]
    assert house.alarms() == []


async def test_a_device_that_is_asked_seldom_is_not_silent_in_between(tmp_path: Path) -> None:
    house = House(tmp_path, TO)
    house.site = replace(house.site, devices=(DeviceSpec("bms", "daly", "Battery", poll=600.0),))
    house.start()
    for _ in range(2):
        await house.pass_by(5, GOOD)
        await house.pass_by(595)
    assert house.sent == []
    await house.pass_by(1500)
    assert [one.title for one in house.sent] == ["Device silent"]


async def test_a_fault_is_told_although_every_other_reading_of_it_is_lost(tmp_path: Path) -> None:
    house = House(tmp_path, TO)
    await house.pass_by(30, GOOD)
    for _ in range(6):
        await house.pass_by(5, {**GOOD, "problem": True})
        await house.pass_by(5, {"soc": 80})
    assert [one.title for one in house.sent] == ["Fault of a device"]
    await house.pass_by(90, {"soc": 80})
    assert len(house.alarms()) == 1, "what is not known clears nothing"
    await house.pass_by(90, GOOD)
    assert house.alarms() == []


async def test_what_home_assistant_is_told(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.pass_by(10, GOOD)
    topic = "homeassistant/binary_sensor/gridward_home_alarms_low_soc/config"
    found = json.loads(house.broker.retained[topic])
    assert (found["device_class"], found["name"], found["device"]["name"]) == (
        "problem",
        "Battery low",
        "Alarms",
    )


async def test_a_restart_repeats_no_alarm_and_loses_no_message(tmp_path: Path) -> None:
    house = House(tmp_path, TO)
    house.takes = False
    await house.pass_by(200, {**GOOD, "temperature_max": 60})
    assert house.sent == []
    house.takes = True
    house.start()
    await house.pass_by(300, {**GOOD, "temperature_max": 60})
    assert [one.text for one in house.sent] == ["Battery is at 60 °C."]
    house.start()
    await house.pass_by(300, GOOD)
    assert [one.title for one in house.sent] == ["Too hot", "All clear: Too hot"]


async def test_an_alarm_of_a_device_that_left_the_site_file_is_forgotten(tmp_path: Path) -> None:
    house = House(tmp_path, TO)
    await house.pass_by(200, {**GOOD, "temperature_max": 60})
    house.site = replace(house.site, devices=())
    house.start()
    await house.pass_by(10)
    assert house.alarms() == []


async def test_a_device_that_leaves_the_site_file_while_all_runs_is_not_called_silent(
    tmp_path: Path,
) -> None:
    house = House(tmp_path, TO)
    await house.pass_by(100)
    assert len(house.alarms()) == 1
    house.role.reread("site.yaml:3: a fault")
    await house.pass_by(10)
    assert len(house.alarms()) == 1
    house.role.reread(replace(house.site, devices=()))
    await house.pass_by(100)
    assert house.alarms() == []


async def test_an_alarm_of_a_rule_that_is_gone_does_not_stand_for_ever(tmp_path: Path) -> None:
    house = House(tmp_path, TO)
    rule = Rule("low", "It is low.", All(()), (), criticality="informational")
    house.site = replace(house.site, rules=RulesSpec(policy=Policy("own", rules=(rule,))))
    house.start()
    house.say("rules/info", {"v": 1, "kind": "rules", "name": "Rules"}, retain=True)
    house.broker.publish(f"{ROOT}/rules/availability", "online", retain=True)
    for _ in range(3):
        house.say("rules/state", {"v": 1, "at": iso(house.clock.time()), "mode": "on", "alarm_low": True})
        await house.pass_by(5, GOOD)
    assert house.alarms() == ["Low."]
    house.role.reread(replace(house.site, rules=RulesSpec(policy=Policy("own"))))
    house.say("rules/state", {"v": 1, "at": iso(house.clock.time()), "mode": "on"})
    await house.pass_by(5, GOOD)
    assert house.alarms() == []


async def test_a_device_that_is_in_no_site_file_is_told_of_once(tmp_path: Path) -> None:
    house = House(tmp_path, TO)
    house.site = replace(house.site, devices=())
    house.start()
    await house.pass_by(200, {**GOOD, "temperature_max": 60})
    assert [one.title for one in house.sent] == ["Too hot"]


async def test_a_card_that_fails_keeps_no_other_alarm_back(tmp_path: Path) -> None:
    house = House(tmp_path, TO)
    nowhere = tmp_path / ("long" * 100) / "gridward.db"  # no file system tells of it
    house.site = replace(house.site, record=RecordSpec(nowhere))
    house.start()
    await house.pass_by(100, {**GOOD, "temperature_max": 60})
    assert house.alarms() == ["Battery is at 60 °C."]


async def test_a_silent_channel_is_itself_an_alarm(tmp_path: Path) -> None:
    house = House(tmp_path, TO)
    house.takes = False
    await house.pass_by(200, {**GOOD, "temperature_max": 60})
    await house.pass_by(600, GOOD)
    assert [text for text in house.alarms() if text.startswith("phone takes no message")]
    said = json.loads(house.broker.retained[f"{ROOT}/notify/alarms"])
    assert said["waiting"] == 3
    assert "takes no message" in said["channels"]["phone"]
    house.takes = True
    await house.pass_by(3600, GOOD)
    assert house.alarms() == []


async def test_a_broker_that_is_away_is_told_and_not_every_device(tmp_path: Path) -> None:
    house = House(tmp_path, TO)
    await house.pass_by(100, GOOD)
    house.link.connected = False
    await house.pass_by(600)
    assert [one.title for one in house.sent] == ["Broker"]


async def test_a_proposal_is_told_once(tmp_path: Path) -> None:
    house = House(tmp_path, TO)
    one: dict[str, Json] = {
        "id": "a1",
        "rule": "night",
        "output": "inverter.mode",
        "value": "SBU",
        "reason": "It is dark.",
    }
    for _ in range(3):
        house.say("rules/proposals", {"v": 1, "proposals": [one, "rubbish", {}]}, retain=True)
        await house.pass_by(10, GOOD)
    house.start()
    await house.pass_by(10, GOOD)
    assert [one.text for one in house.sent] == ["night proposes inverter.mode = SBU. It is dark."]


async def test_the_weekly_word_has_the_weeks_energies(tmp_path: Path) -> None:
    house = House(tmp_path, replace(TO, weekly=Weekly(5, 13 * 60)))
    house.say("site/info", {"v": 1, "kind": "site", "name": "Site", "role": "rules"}, retain=True)
    for topic in ("site/availability", "rules/availability"):
        house.broker.publish(f"{ROOT}/{topic}", "online", retain=True)

    async def at(energy: float) -> None:
        for _ in range(4):
            house.clock.pass_by(1)
            house.say("site/state", {"v": 1, "at": iso(house.clock.time()), "pv_energy": energy, "soc": 71})
        await house.pass_by(5, GOOD)

    await at(100.0)
    assert house.sent == [], "not at the first start"
    house.clock.pass_by(3600)
    await at(103.0)
    house.clock.pass_by(7 * 86400)
    await at(120.5)
    weeks = [one.text for one in house.sent if one.title == "Weekly word"]
    assert len(weeks) == 2
    assert "1 of 1 devices answer. Battery 71 %. This week: sun 17.5 kWh." in weeks[1]


async def test_from_the_state_of_a_device_to_a_server(tmp_path: Path) -> None:
    async with Web() as web:
        house = House(tmp_path, NotifySpec(to=(Recipient("hook", web.url),)))
        house.role = Notify(house.site, house.link, house.clock)
        await house.pass_by(200, {**GOOD, "temperature_max": 60})
        assert [(one["title"], one["text"]) for one in web.got] == [("Too hot", "Battery is at 60 °C.")]
