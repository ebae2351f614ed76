"""A broker that comes back empty, while the house runs: all that was retained is there again."""

import asyncio
import json
from pathlib import Path

import pytest
from faults.broker_house import Running
from faults.line_house import until
from faults.site_house import Listener, listening, plugged_in, roles, site_file

from gridward_kit.clock import SystemClock
from gridward_kit.mqtt import PREFIX, Broker, MqttLink
from gridward_kit.testing import FastClock

SPEED = 5.0
NAMES = ("bus:one", "bus:two", "contactor", "rules", "recorder")
DEVICES = ("inverter", "bms", "contactor", "rules", "site")
LASTING = ("/availability", "/info", "/state", "/config")


async def retained(heard: Listener) -> dict[str, bytes]:
    """What the broker keeps for whoever comes; it gives that out before the listener's own message."""
    await until(lambda: heard.link.connected)
    heard.link.publish(f"{PREFIX}/heard", "all")
    await until(lambda: f"{PREFIX}/heard" in heard.last)
    return {topic: payload for topic, payload, kept in heard.all if kept and payload}


def lasting(topics: dict[str, bytes]) -> set[str]:
    return {topic for topic in topics if topic.endswith(LASTING)}


def described(topics: dict[str, bytes]) -> set[str]:
    """The states of all devices that said what they are; some have their first value later."""
    return {topic.removesuffix("/info") + "/state" for topic in topics if topic.endswith("/info")}


@pytest.mark.parametrize("times", [2])
async def test_discovery_availability_info_and_state_are_back(
    mosquitto: Running, tmp_path: Path, times: int
) -> None:
    clock = FastClock(SPEED)
    path = site_file(tmp_path, tmp_path / "ports", mosquitto.url)
    with plugged_in(tmp_path / "ports") as devices:
        async with roles(path, clock, NAMES):
            async with listening(mosquitto.url, clock) as heard:
                await until(lambda: all(len(heard.state(device)) > 2 for device in DEVICES))
                await until(lambda: described(heard.last) <= heard.last.keys())
            async with listening(mosquitto.url, clock) as heard:
                before = await retained(heard)
            assert len([topic for topic in before if topic.startswith(PREFIX)]) > 100
            for _ in range(times):
                mosquitto.stop()
                devices.bms.state["soc"] = float(devices.bms.state["soc"]) - 1
                mosquitto.start()
                async with listening(mosquitto.url, clock) as heard:
                    await until(lambda: lasting(heard.last) >= lasting(before))
                    await until(lambda: heard.state("bms").get("soc") == devices.bms.state["soc"])
                    await until(
                        lambda: all(
                            heard.last[f"gridward/home/{device}/availability"] == b"online"
                            for device in DEVICES
                        )
                    )
                    same = [topic for topic in before if topic.endswith(("/config", "/info"))]
                    assert all(json.loads(heard.last[topic]) == json.loads(before[topic]) for topic in same)
            async with listening(mosquitto.url, clock) as heard:
                assert lasting(await retained(heard)) == lasting(before)


async def test_a_role_can_be_ended_while_its_broker_is_dying(mosquitto: Running) -> None:
    link = MqttLink(Broker(mosquitto.url), "home", "rules", SystemClock())
    task = asyncio.create_task(link.run())
    await until(lambda: link.connected)
    mosquitto.stop()
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=15)
    assert task in done
    assert task.cancelled()
