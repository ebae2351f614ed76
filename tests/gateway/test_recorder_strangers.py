"""What others announce by MQTT discovery, on record beside our own devices."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward.recorder.discovered import sensors, slug
from gridward.recorder.exchange import Span, readings
from gridward.recorder.lines import Reading
from gridward.recorder.role import Recorder, run_recorder
from gridward.recorder.store import Store
from gridward.recorder.strangers import MOST, Shelf, Strangers
from gridward.recorder.template import Unreadable, reader
from gridward.site import Keep, RecordSpec, Site
from gridward_kit.kept import Json
from gridward_kit.mqtt import Broker
from gridward_kit.testing import MemoryBroker, TurnedClock

ZIGBEE = "homeassistant/sensor/0x00158d0001a2b3c4/temperature/config"
ZIGBEE_SAYS: dict[str, Json] = {
    "device": {"identifiers": ["zigbee2mqtt_0x00158d0001a2b3c4"], "name": "Kitchen"},
    "device_class": "temperature",
    "origin": {"name": "Zigbee2MQTT", "sw": "2.1.3"},
    "state_class": "measurement",
    "state_topic": "zigbee2mqtt/Kitchen",
    "unique_id": "0x00158d0001a2b3c4_temperature_zigbee2mqtt",
    "unit_of_measurement": "°C",
    "value_template": "{{ value_json['temperature'] }}",
}
TASMOTA = "homeassistant/sensor/DE1F2A_ENERGY_Power/config"
TASMOTA_SAYS: dict[str, Json] = {
    "name": "Boiler ENERGY Power",
    "stat_t": "~SENSOR",
    "~": "tele/boiler/",
    "uniq_id": "DE1F2A_ENERGY_Power",
    "dev": {"ids": ["DE1F2A"], "name": "Boiler"},
    "unit_of_meas": "W",
    "dev_cla": "power",
    "val_tpl": "{{value_json['ENERGY']['Power']}}",
}
ESPHOME = "homeassistant/sensor/cellar/cellar_humidity/config"
ESPHOME_SAYS: dict[str, Json] = {
    "unit_of_meas": "%",
    "name": "Humidity",
    "stat_t": "cellar/sensor/cellar_humidity/state",
    "uniq_id": "ESPsensorhumidity",
    "dev": {"ids": "a1b2c3d4e5f6", "name": "cellar", "sw": "esphome v2025.10", "mf": "Espressif"},
}


class House:
    """A recorder on a broker in memory that follows what others announce."""

    def __init__(self, folder: Path) -> None:
        self.clock = TurnedClock()
        self.broker = MemoryBroker(self.clock)
        self.store = Store(folder / "gridward.db")
        link = self.broker.link("recorder")
        self.recorder = Recorder(link, self.store, self.clock, Keep())
        shelf = Shelf(self.recorder.put, self.recorder.describe, self.recorder.wall)
        self.strangers = Strangers(link, shelf, self.clock, ("bms", "site"))

    def say(self, topic: str, content: dict[str, Json] | str, *, retain: bool = False) -> None:
        said = content if isinstance(content, str) else json.dumps(content)
        self.broker.publish(topic, said, retain=retain)

    async def kept(self) -> list[Reading]:
        self.strangers.flush()
        await self.recorder.cycle()
        return list(readings(self.store.path, Span()))


def rows(found: list[Reading]) -> list[tuple[str, str, float | int | str]]:
    return [(one.device, one.key, one.value) for one in found]


async def test_zigbee_tasmota_and_esphome_are_recorded_under_their_own_names(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.say(ZIGBEE, ZIGBEE_SAYS, retain=True)
    house.say(TASMOTA, TASMOTA_SAYS, retain=True)
    house.say(ESPHOME, ESPHOME_SAYS, retain=True)
    house.say("zigbee2mqtt/Kitchen", {"temperature": 21.5, "linkquality": 120})
    house.say("tele/boiler/SENSOR", {"ENERGY": {"Power": 1840}})
    house.say("cellar/sensor/cellar_humidity/state", "61.3")
    found = await house.kept()
    assert sorted(rows(found)) == [
        ("boiler", "energy_power", 1840),
        ("cellar", "humidity", 61.3),
        ("kitchen", "temperature", 21.5),
    ]
    series = {one.device: (one.kind, one.integration, one.unit) for one in house.store.series()}
    assert series["kitchen"] == ("sensor", "zigbee2mqtt", "°C")
    assert series["boiler"] == ("sensor", "mqtt", "W")


async def test_what_is_retained_is_old_and_what_comes_often_is_kept_once_in_5_s(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.say("zigbee2mqtt/Kitchen", {"temperature": 12.0}, retain=True)
    house.say(ZIGBEE, ZIGBEE_SAYS, retain=True)
    assert await house.kept() == []
    task = asyncio.create_task(house.strangers.run())
    for tick in range(60):
        house.say("zigbee2mqtt/Kitchen", {"temperature": 20.0 + tick / 10})
        await house.clock.turn(0.5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    found = await house.kept()
    assert 6 <= len(found) <= 7
    assert found[-1].value == 25.9


async def test_our_own_and_what_has_no_unit_are_not_recorded_twice_or_at_all(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(tmp_path)
    ours = {**ESPHOME_SAYS, "uniq_id": "gridward_home_bms_soc", "stat_t": "gridward/home/bms/state"}
    house.say("homeassistant/sensor/gridward_home_bms_soc/config", ours)
    house.say("homeassistant/sensor/elsewhere/config", ours)
    plain = {key: value for key, value in ESPHOME_SAYS.items() if key != "unit_of_meas"}
    house.say("homeassistant/sensor/cellar/words/config", {**plain, "stat_t": "cellar/words"})
    house.say("gridward/home/bms/state", {"soc": 55})
    house.say("cellar/words", "12")
    assert await house.kept() == []
    assert caplog.text == ""


async def test_what_cannot_be_read_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    house = House(tmp_path)
    for _ in range(3):
        house.say(ZIGBEE, {**ZIGBEE_SAYS, "value_template": "{{ states('sensor.x') }}"})
        house.say(ESPHOME, "{ no json")
        house.say(TASMOTA, {**TASMOTA_SAYS, "stat_t": "tele/+/SENSOR"})
    assert len(caplog.records) == 3
    house.say(ZIGBEE, ZIGBEE_SAYS)
    for said in ("", "{", "[]", '{"temperature": "unavailable"}', '{"temperature": true}', "\udc80"):
        house.broker.publish("zigbee2mqtt/Kitchen", said.encode("utf-8", "replace").decode())
    assert await house.kept() == []


async def test_who_is_gone_is_recorded_no_more_and_a_new_template_counts(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.say(ZIGBEE, ZIGBEE_SAYS)
    house.say(ZIGBEE, {**ZIGBEE_SAYS, "value_template": "{{ (value_json.temperature | float - 32) / 1.8 }}"})
    house.say("zigbee2mqtt/Kitchen", {"temperature": 68})
    house.say(ESPHOME, ESPHOME_SAYS)
    house.say(ESPHOME, "")
    house.say("cellar/sensor/cellar_humidity/state", "61.3")
    assert rows(await house.kept()) == [("kitchen", "temperature", 20.0)]


async def test_two_of_one_name_and_one_of_ours_are_told_apart(tmp_path: Path) -> None:
    house = House(tmp_path)
    for number, (name, node) in enumerate((("Plug", "0xaa11"), ("Plug", "0xbb22"), ("BMS", "0xcc33"))):
        block: dict[str, Json] = {"identifiers": [node], "name": name}
        says = {**ZIGBEE_SAYS, "device": block, "state_topic": f"z/{number}"}
        house.say(f"homeassistant/sensor/{node}/temperature/config", says)
        house.say(f"z/{number}", {"temperature": number})
    assert {one.device for one in await house.kept()} == {"plug", "plug_0xbb22", "bms_0xcc33"}


async def test_no_stranger_writes_into_a_device_of_ours(tmp_path: Path) -> None:
    clock = TurnedClock()
    broker, record = MemoryBroker(clock), RecordSpec(tmp_path / "gridward.db", follow_discovery=True)
    site = Site("home", "Home", ZoneInfo("UTC"), "grid_connected", Broker("mqtt://a"), tmp_path, record)
    running = asyncio.create_task(run_recorder(site, broker.link("recorder"), clock))
    await clock.turn(1)
    for name in ("Alarms", "Site", "Rules", "Panel"):
        says = {**ESPHOME_SAYS, "stat_t": name, "dev": {"ids": "a1b2", "name": name}}
        broker.publish(f"homeassistant/sensor/{name}/soc/config", json.dumps(says))
        broker.publish(name, "1")
    await clock.turn(6)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    found = {one.device for one in readings(tmp_path / "gridward.db", Span()) if one.kind == "sensor"}
    assert found == {"alarms_a1b2", "site_a1b2", "rules_a1b2", "panel_a1b2"}


async def test_a_stranger_with_ten_thousand_sensors_is_bounded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(tmp_path)
    for number in range(MOST + 500):
        says = {**ESPHOME_SAYS, "stat_t": f"flood/{number}"}
        house.say(f"homeassistant/sensor/flood/value_{number}/config", says)
    for number in range(MOST + 500):
        house.say(f"flood/{number}", "1")
    assert len(await house.kept()) == MOST
    assert len(caplog.records) == 1


@pytest.mark.parametrize("topic", ["a\0b", "well/\x7f", "\uffff", "/".join("a" * 300), "$share/own/well"])
def test_what_a_broker_ends_the_connection_for_is_not_asked_for(topic: str) -> None:
    """Retained, it would cut the recorder off at each new connect."""
    found, reasons = sensors(ESPHOME, json.dumps({**ESPHOME_SAYS, "stat_t": topic}).encode())
    assert found == []
    assert reasons == ["sensor/cellar/cellar_humidity: no `state_topic`, or one that no broker takes"]


async def test_a_whole_device_in_one_message(tmp_path: Path) -> None:
    house = House(tmp_path)
    says: dict[str, Json] = {
        "dev": {"ids": ["well"], "name": "Well"},
        "o": {"name": "own"},
        "stat_t": "well/state",
        "cmps": {
            "level": {"p": "sensor", "unit_of_meas": "cm", "val_tpl": "{{ value_json.level | round(1) }}"},
            "pump": {"p": "switch", "cmd_t": "well/set"},
            "odd": {"p": "sensor", "unit_of_meas": "V", "val_tpl": "{% if 1 %}2{% endif %}"},
        },
    }
    house.say("homeassistant/device/well/config", says)
    house.say("well/state", {"level": 112.26})
    assert rows(await house.kept()) == [("well", "level", 112.3)]


@pytest.mark.parametrize(
    ("template", "payload", "number"),
    [
        ("{{ value }}", " 4.5 ", 4.5),
        ("{{value|float}}", "4.5", 4.5),
        ("{{ value | float(0) }}", "unavailable", None),
        ("{{ value_json.a.b[1] }}", '{"a": {"b": [1, 2]}}', 2),
        ('{{ value_json["a b"] }}', '{"a b": "7"}', 7),
        ("{{ value_json.x | default(0) }}", "{}", None),
        ("{{ value_json.x | float / 10 }}", '{"x": 42}', 4.2),
        ("{{ (value_json.x * 0.1) | round(1) }}", '{"x": 123.4}', 12.3),
        ("{{ value_json.x | int }}", '{"x": -3.9}', -3),
        ("{{ value }}", "nan", None),
        ("{{ value }}", "1e999", None),
    ],
)
def test_templates(template: str, payload: str, number: float | None) -> None:
    try:
        content: Json = json.loads(payload)
    except ValueError:
        content = None
    assert reader(template)(payload, content) == number


@pytest.mark.parametrize(
    "template",
    [
        "{{ value }} {{ value }}",
        "{{ value.__class__ }}",
        "{{ value_json.x if value_json.x else 0 }}",
        "{{ value_json.x / 0 }}",
        "{{ value | round(1, 'floor') }}",
        "{{ range(9) }}",
        "{{ value + 1 * 2 }}",
        "{{ " + "(" * 400,
        "value",
    ],
)
def test_other_templates_are_refused(template: str) -> None:
    with pytest.raises(Unreadable):
        reader(template)


@given(st.text(max_size=60))
def test_no_template_and_no_name_breaks_anything(text: str) -> None:
    assert slug(text) == slug(slug(text))
    try:
        read = reader("{{" + text + "}}")
    except Unreadable:
        return
    read("1", {"a": 1})


@given(st.binary(max_size=80))
def test_no_message_breaks_it(payload: bytes) -> None:
    with suppress(ValueError):
        found, reasons = sensors("homeassistant/sensor/x/config", payload)
        assert (found, reasons) == ([], [])
