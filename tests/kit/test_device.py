"""A device on the broker: what it says, and what it does with every kind of command."""

import asyncio
import json
from pathlib import Path

import pytest
from kit.device_house import DUMMY, ROWS, House

from gridward_kit.clock import iso
from gridward_kit.command import Command
from gridward_kit.device import Device
from gridward_kit.entity import Button, Entity
from gridward_kit.errors import NoAnswer, Refused, Unconfirmed
from gridward_kit.info import Setup
from gridward_kit.integration import Identity
from gridward_kit.kept import Json
from gridward_kit.point import Value
from gridward_kit.testing import MemoryBroker


@pytest.fixture
def home(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_a_command_is_accepted_done_and_confirmed_with_its_value(home: House) -> None:
    results = await home.send("priority/command", json.dumps({"value": "SBU", "id": "a", "by": "http"}))
    assert [item["status"] for item in results] == ["accepted", "confirmed"]
    assert home.wire == [("priority", "SBU")]
    assert home.state()["priority"] == "SBU"
    audit = json.loads(home.broker.said("gridward/home/audit")[-1])
    assert (audit["what"], audit["before"], audit["value"], audit["by"]) == (
        "unit/priority",
        "USB",
        "SBU",
        "http",
    )


async def test_home_assistants_bare_value_is_audited_as_its_own(home: House) -> None:
    results = await home.send("priority/set", "SBU")
    assert results[-1]["status"] == "confirmed"
    assert results[-1]["by"] == "home_assistant"


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("limit", 9, "not between 10 and 60"),
        ("limit", 70, "not between 10 and 60"),
        ("limit", 15, "multiple of 10"),
        ("limit", "much", "not a number"),
        ("priority", "XYZ", "not one of USB, SBU"),
        ("voltage", 50, "cannot be set"),
        ("nonsense", 1, "no such entity"),
    ],
)
async def test_out_of_bounds_never_reaches_the_wire(home: House, key: str, value: Json, words: str) -> None:
    result = await home.command(key, value)
    assert result["status"] == "refused"
    assert words in str(result["reason"])
    assert home.wire == []


async def test_an_equal_value_is_not_written_again(home: House) -> None:
    assert (await home.command("priority", "USB"))["status"] == "unchanged"
    assert (await home.command("limit", 10, "2"))["status"] == "unchanged"
    assert home.wire == []


async def test_a_retained_command_is_refused_and_reported(home: House, tmp_path: Path) -> None:
    broker = MemoryBroker(home.clock)
    wish = json.dumps({"value": "SBU", "id": "old", "by": "http"})
    broker.publish("gridward/home/unit/priority/command", wish, retain=True)
    setup = Setup(id="unit", integration=DUMMY, name="Unit", folder=tmp_path / "b", writable=True)
    device = Device(setup, broker.link("bus:line"), home.clock, home._perform)
    device.describe(Identity(model="D1", protocol="X"), ROWS)
    for _ in range(10):
        await asyncio.sleep(0)
    result = json.loads(broker.said("gridward/home/unit/priority/result")[-1])
    assert result["status"] == "refused"
    assert "retained" in result["reason"]
    assert home.wire == []


async def test_a_repeated_command_runs_once(home: House) -> None:
    await home.command("priority", "SBU", "same")
    again = await home.command("priority", "USB", "same")
    assert again["status"] == "refused"
    assert "came before" in str(again["reason"])
    assert home.wire == [("priority", "SBU")]


async def test_an_expired_command_is_refused(home: House) -> None:
    home.device.perform = None
    slow = home._perform

    async def late(row: Entity, command: Command) -> Value:
        home.clock.pass_by(11)
        return await slow(row, command)

    home.device.perform = late
    result = await home.command("priority", "SBU", ttl=10)
    assert result["status"] == "refused"
    assert "expired" in str(result["reason"])
    assert home.wire == []


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "[]",
        "[" * 100_000,
        "{",
        '{"value": null, "id": "1"}',
        '{"value": 1}',
        '{"value":1,"id":"1","ttl":-1}',
    ],
)
async def test_garbage_is_refused_in_words(home: House, payload: str) -> None:
    result = (await home.send("priority/command", payload))[-1]
    assert result["status"] == "refused"
    assert result["reason"]
    assert home.wire == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('"value": {"a": 1}', "no value"),
        ('"value": NaN', "finite"),
        ('"value": -1e999', "finite"),
        ('"value": "SBU", "ttl": 0', "`ttl`"),
        ('"value": "SBU", "ttl": "soon"', "`ttl`"),
    ],
)
async def test_a_malformed_command_is_answered_to_its_sender(home: House, more: str, words: str) -> None:
    result = (await home.send("priority/command", f'{{"id": "mine", "by": "http:anna", {more}}}'))[-1]
    assert (result["id"], result["by"], result["status"]) == ("mine", "http:anna", "refused")
    assert words in str(result["reason"])
    audit = home.broker.said("gridward/home/audit")[-1]
    assert "NaN" not in audit
    assert "Infinity" not in audit
    assert home.wire == []


async def test_read_only_is_the_default(tmp_path: Path) -> None:
    home = House(tmp_path, writable=False)
    result = await home.command("priority", "SBU")
    assert result["status"] == "refused"
    assert "writable" in str(result["reason"])


async def test_a_device_that_is_away_takes_no_command(home: House) -> None:
    home.device.lost("no answer")
    assert (await home.command("priority", "SBU"))["status"] == "refused"


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (Refused("NAK"), "refused"),
        (NoAnswer("silence"), "failed"),
        (Unconfirmed("USB", "acknowledged, but USB was read back"), "failed"),
        (KeyError("a fault of the table"), "failed"),
    ],
)
async def test_what_the_device_does_not_do_is_not_confirmed(
    home: House, trouble: Exception, status: str
) -> None:
    home.trouble = trouble
    result = await home.command("priority", "SBU")
    assert result["status"] == status
    assert home.state()["priority"] == "USB"
    audit = json.loads(home.broker.said("gridward/home/audit")[-1])
    assert (audit["before"], audit["value"], audit["asked"]) == ("USB", "USB", "SBU")


async def test_the_write_is_counted_on_disk_before_it_goes_out(home: House, tmp_path: Path) -> None:
    counted: list[int] = []
    perform = home._perform

    async def watch(row: Entity, command: Command) -> Value:
        value = await perform(row, command)
        counted.append(json.loads((tmp_path / "unit.json").read_text())["wear"]["priority"]["total"])
        return value

    home.device.perform = watch
    await home.command("priority", "SBU", "1", by="rules")
    result = await home.command("priority", "USB", "2", by="rules")
    assert counted == [1]
    assert result["status"] == "refused"
    assert "waits 60 s" in str(result["reason"])


async def test_on_a_full_disk_a_persons_command_goes_on_and_automation_waits(
    home: House, tmp_path: Path
) -> None:
    beside = tmp_path / "unit.new"
    beside.mkdir()  # nothing can be written
    assert (await home.command("priority", "SBU", "1", by="http:anna"))["status"] == "confirmed"
    held = await home.command("priority", "USB", "2", by="rules")
    assert held["status"] == "refused"
    assert "disk" in str(held["reason"])
    assert home.wire == [("priority", "SBU")]
    beside.rmdir()
    assert (await home.command("priority", "USB", "3", by="rules"))["status"] == "confirmed"
    kept = json.loads((tmp_path / "unit.json").read_text())["wear"]["priority"]
    assert (kept["total"], kept["tokens"]) == (2, 19)


def test_a_value_that_was_not_read_is_absent(home: House) -> None:
    assert home.state()["double"] == 104.0
    home.device.read({"priority": "USB"}, owned=frozenset({"voltage", "priority"}))
    home.device.publish()
    assert "voltage" not in home.state()
    assert "double" not in home.state()
    home.clock.pass_by(20)
    home.device.publish()
    assert set(home.state()) == {"v", "at"}


def test_when_lost_no_old_value_stays(home: House) -> None:
    home.device.lost("no answer")
    assert set(home.state()) == {"v", "at"}
    assert home.broker.retained["gridward/home/unit/availability"] == "offline"


def test_what_was_read_before_it_was_lost_is_not_recorded_as_read_when_it_is_back(home: House) -> None:
    home.clock.pass_by(10)
    home.device.publish()
    home.device.read({"limit": 20.0})
    home.device.lost("no answer")
    home.clock.pass_by(3600)
    home.device.read({"voltage": 51.0})
    home.device.publish()
    *_, before, after = (json.loads(item) for item in home.broker.said("gridward/home/unit/telemetry"))
    assert (before["values"], before["at"]) == ({"limit": 20.0}, iso(home.clock.time() - 3600))
    assert after["values"] == {"voltage": 51.0, "double": 102.0}


def test_a_role_that_is_started_again_numbers_its_readings_under_another_boot(tmp_path: Path) -> None:
    """Else the recorder takes them for repeats of those that it has."""
    numbers: list[tuple[str, int]] = []
    for _ in range(2):
        home = House(tmp_path)
        home.clock.pass_by(10)
        home.device.publish()
        sent = (json.loads(item) for item in home.broker.said("gridward/home/unit/telemetry"))
        numbers += [(item["boot"], item["seq"]) for item in sent]
    assert [number for _, number in numbers] == [1, 1]
    assert len(set(numbers)) == 2


def test_removed_entities_are_cleaned_up(home: House, tmp_path: Path) -> None:
    topic = "homeassistant/number/gridward_home_unit_limit/config"
    assert topic in home.broker.retained
    setup = Setup(id="unit", integration=DUMMY, name="Unit", folder=tmp_path, writable=True)
    again = Device(setup, home.link, home.clock)
    again.describe(Identity(model="D1", protocol="X"), ROWS[:-1])
    assert topic not in home.broker.retained
    assert "homeassistant/select/gridward_home_unit_priority/config" in home.broker.retained


def test_telemetry_comes_every_five_seconds_with_a_number(home: House) -> None:
    for step in range(12):
        home.clock.pass_by(1)
        home.device.read({"voltage": 52.0 + step})
        home.device.publish()
    sent = [json.loads(item) for item in home.broker.said("gridward/home/unit/telemetry")]
    assert [item["seq"] for item in sent] == [1, 2]
    assert sent[-1]["values"]["voltage"] == 61.0


async def test_a_setting_that_is_not_there_for_a_while_keeps_its_budget(home: House) -> None:
    assert (await home.command("priority", "SBU", "1", by="rules"))["status"] == "confirmed"
    home.device.describe(Identity("D1", "X"), tuple(row for row in ROWS if row.key != "priority"))
    assert (await home.command("limit", 20, "2", by="rules"))["status"] == "confirmed"
    home.device.describe(Identity("D1", "X"), ROWS)
    home.device.say_health()
    wear = json.loads(home.broker.retained["gridward/home/unit/health"])["wear"]
    assert {key: item["left"] for key, item in wear.items()} == {"priority": 19, "limit": 19}


async def test_the_write_budget_is_published_at_each_write(home: House) -> None:
    await home.command("priority", "SBU", "1", by="rules")
    health = json.loads(home.broker.retained["gridward/home/unit/health"])
    assert health["wear"]["priority"] == {"left": 19, "of": 20, "total": 1}
    assert health["wear"]["limit"] == {"left": 20, "of": 20, "total": 0}


def test_a_read_only_device_shows_its_settings_as_sensors_and_no_buttons(tmp_path: Path) -> None:
    home = House(tmp_path, writable=False)
    home.device.describe(Identity(model="D1", protocol="X"), (*ROWS, Button("release", "Release")))
    platforms = {topic.split("/")[1] for topic in home.broker.retained if topic.startswith("homeassistant/")}
    assert platforms == {"sensor", "binary_sensor"}
    assert "homeassistant/sensor/gridward_home_unit_limit/config" in home.broker.retained
    assert not any("release" in topic for topic in home.broker.retained)
