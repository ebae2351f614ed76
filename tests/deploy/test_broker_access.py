"""Who may read and write what: every user and every kind of topic, on a real Mosquitto."""

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import aiomqtt
import pytest
from deploy.broker_site import free_port, guarded, observer, with_users

from gridward.service.access import users
from gridward.site import Site
from gridward_kit.mqtt import Broker

SITE = """\
version: 1
site: {{id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}}
mqtt: {{url: "mqtt://127.0.0.1:{port}", users: generated}}
buses:
  - {{id: one, port: /dev/one, devices: [{{id: inverter, integration: axpert, writable: true}}]}}
  - {{id: two, port: /dev/two, devices: [{{id: bms, integration: daly}}]}}
devices:
  - {{id: contactor, integration: relay, driver: gpio, pin: 26, closed_when: low, feedback_pin: 16}}
  - id: plug
    integration: relay
    driver: mqtt
    style: tasmota
    topic: plug
    contact: normally_closed
    lease: 60s
  - {{id: logger, integration: ping, host: 192.0.2.4}}
roles: {{pv: inverter, load: inverter, battery: bms, grid_switch: contactor}}
rules: {{mode: "on", grid_switch: {{settle: 0s}}}}
panel: {{led: 22, button: 27}}
plan: {{forecast: forecast/pv}}
"""
BUSES = {"bus_one", "bus_two"}
DEVICES = {"device_contactor", "device_plug", "device_logger"}
WITH_DEVICES = BUSES | DEVICES | {"rules", "plan", "notify", "panel"}
SEEING = {"rules", "plan", "http", "notify", "panel", "cli", "drill"}
ROLES = WITH_DEVICES | {"recorder", "http", "cli", "drill"}
ASKING = {"rules", "http", "cli"}
NOBODY: set[str] = set()
HA = {"homeassistant"}
R = "gridward/home"

# topic: who may write it, who may read it; written by hand from the contracts.
EXPECTED: dict[str, tuple[set[str], set[str]]] = {
    f"{R}/contactor/lease": ({"device_contactor"}, {"rules"}),
    f"{R}/contactor/lease/renew": ({"rules"}, {"device_contactor"}),
    f"{R}/plug/lease/renew": (NOBODY, {"device_plug"}),
    f"{R}/inverter/output_source_priority/set": (HA, {"bus_one"}),
    f"{R}/rules/grid_override/set": (HA, {"rules"}),
    f"{R}/contactor/release/set": (HA, {"device_contactor"}),
    f"{R}/inverter/output_source_priority/command": (ASKING, {"bus_one"}),
    f"{R}/bms/charging/command": (ASKING, {"bus_two"}),
    f"{R}/contactor/release/command": (ASKING, {"device_contactor"}),
    f"{R}/rules/grid_override/command": (ASKING | {"panel"}, {"rules"}),
    f"{R}/plan/mode/command": (ASKING, {"plan"}),
    f"{R}/bus_one/capture/command": (ASKING, {"bus_one"}),
    f"{R}/inverter/output_source_priority/result": ({"bus_one"}, {"http", "cli", "panel"}),
    f"{R}/rules/grid_override/result": ({"rules"}, {"http", "cli", "panel"}),
    f"{R}/inverter/state": ({"bus_one"}, SEEING | HA),
    f"{R}/bms/state": ({"bus_two"}, SEEING | HA),
    f"{R}/contactor/state": ({"device_contactor"}, SEEING | HA),
    f"{R}/site/state": ({"rules"}, SEEING | HA),
    f"{R}/alarms/state": ({"notify"}, SEEING | HA),
    f"{R}/inverter/availability": ({"bus_one"}, SEEING | HA | {"recorder", "doctor"}),
    f"{R}/bus_one/availability": ({"bus_one"}, SEEING | HA | {"recorder", "doctor"}),
    f"{R}/recorder/availability": ({"recorder"}, ROLES | HA | {"doctor"}),
    f"{R}/inverter/info": ({"bus_one"}, SEEING | {"recorder"}),
    f"{R}/bms/health": ({"bus_two"}, SEEING | {"recorder"}),
    f"{R}/bms/telemetry": ({"bus_two"}, {"recorder"}),
    f"{R}/recorder/bms/stored": ({"recorder"}, {"bus_two"}),
    f"{R}/recorder/audit/stored": ({"recorder"}, ROLES),
    f"{R}/recorder/alarm": ({"recorder"}, SEEING | {"doctor"}),
    f"{R}/recorder/follower/influx": ({"recorder"}, SEEING | {"recorder"}),
    f"{R}/rules/decisions": ({"rules"}, SEEING),
    f"{R}/rules/proposals": ({"rules"}, SEEING),
    f"{R}/plan/slots": ({"plan"}, SEEING),
    f"{R}/notify/alarms": ({"notify"}, SEEING),
    f"{R}/bus_one/capture": ({"bus_one"}, SEEING),
    f"{R}/audit": (ROLES, {"recorder", "drill"}),
    "homeassistant/sensor/gridward_home_bms_soc/config": (WITH_DEVICES, HA),
    "homeassistant/status": (HA, ROLES),
    "cmnd/plug/Power1": ({"device_plug"}, {"switch_plug"}),
    "stat/plug/RESULT": ({"switch_plug"}, {"device_plug"}),
    "forecast/pv": (HA, {"plan"}),
    "gridward/other/inverter/state": (NOBODY, NOBODY),
    "anything/else": (NOBODY, NOBODY),
    "$SYS/broker/version": (NOBODY, NOBODY),
}


def _site(folder: Path) -> tuple[Site, int]:
    port = free_port()
    path = folder / "site.yaml"
    path.write_text(SITE.format(port=port))
    return with_users(path), port


def _client(broker: Broker, user: str) -> aiomqtt.Client:
    name = user.removeprefix("gridward-home-")
    own = {"doctor": f"{R}/doctor", "homeassistant": "homeassistant/status", "switch_plug": "tele/plug/LWT"}
    return broker.client(user, aiomqtt.Will(own.get(name, f"{R}/{name}/availability"), b"gone"))


async def _heard(client: aiomqtt.Client, payload: bytes) -> set[str]:
    """The topics that have reached a client by now; the answer to a last request comes behind them."""
    await client.unsubscribe("barrier")
    found: set[str] = set()
    while len(client.messages):
        message = await anext(client.messages)
        if message.payload == payload:
            found.add(str(message.topic))
    return found


async def test_every_user_and_every_topic(tmp_path: Path) -> None:
    site, port = _site(tmp_path)
    names = users(site)
    assert set(names) == ROLES | HA | {"doctor", "switch_plug"}
    with guarded(site, tmp_path / "broker", port):
        async with AsyncExitStack() as stack:
            watching = observer(site)
            sees = await stack.enter_async_context(_client(watching, "observer"))
            clients = {}
            for name, user in names.items():
                clients[name] = await stack.enter_async_context(_client(site.broker, user))
                await clients[name].subscribe("#")
            for topic in EXPECTED:
                await sees.publish(topic, b"read", qos=1)
            reads = {name: await _heard(client, b"read") for name, client in clients.items()}
            await sees.subscribe("#")
            writes: dict[str, set[str]] = {}
            for name, client in clients.items():
                for topic in EXPECTED:
                    await client.publish(topic, name.encode(), qos=1)
                writes[name] = await _heard(sees, name.encode())
    for topic, (writers, readers) in EXPECTED.items():
        assert {name for name in names if topic in writes[name]} == writers, topic
        assert {name for name in names if topic in reads[name]} == readers, topic


async def test_who_records_what_others_announce_reads_no_commands(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    port = free_port()
    path.write_text(SITE.format(port=port) + "record: {follow_discovery: true}\n")
    site = with_users(path)
    foreign = ("tele/meter/SENSOR", "homeassistant/sensor/meter/power/config", "zigbee2mqtt/door")
    others = (*foreign, "stat/plug/RESULT", f"{R}/bms/state", f"{R}/bms/charging/set")
    kept = (
        f"{R}/inverter/output_source_priority/command",
        f"{R}/bms/charging/set",
        f"{R}/contactor/lease/renew",
    )
    with guarded(site, tmp_path / "broker", port):
        async with (
            _client(observer(site), "observer") as sees,
            _client(site.broker, "gridward-home-recorder") as recorder,
            site.broker.client("gridward-home-others", aiomqtt.Will("tele/meter/LWT", b"gone")) as other,
        ):
            await recorder.subscribe("#")
            for topic in (*foreign, *kept):
                await sees.publish(topic, b"read", qos=1)
            assert await _heard(recorder, b"read") == set(foreign)
            await sees.subscribe("#")
            for topic in others:
                await other.publish(topic, b"other", qos=1)
            assert await _heard(sees, b"other") == set(foreign)


@pytest.mark.parametrize(
    ("user", "password"), [(None, None), ("gridward-home-rules", "wrong"), ("guest", "guest")]
)
async def test_nobody_else_gets_in(user: str | None, password: str | None, tmp_path: Path) -> None:
    site, port = _site(tmp_path)
    stranger = replace(site.broker, users=None, username=user, password=password)
    with guarded(site, tmp_path / "broker", port), pytest.raises(aiomqtt.MqttError, match="uthori"):
        async with _client(stranger, "stranger"):
            pass


async def test_with_tls_whoever_trusts_the_certificate_gets_in(tmp_path: Path) -> None:
    site, port = _site(tmp_path)
    folder = tmp_path / "broker"
    secure = replace(site.broker, url=f"mqtts://127.0.0.1:{port + 1}")
    with guarded(site, folder, port, tls=True):
        async with _client(replace(secure, ca=folder / "state" / "tls.pem"), "gridward-home-http"):
            pass
        with pytest.raises(aiomqtt.MqttError, match="certificate verify failed"):
            async with _client(secure, "gridward-home-http"):
                pass
