"""Rules that hang or die in a process of their own, and a dead broker: the contactor connects by itself."""

import json
import signal
from pathlib import Path

import pytest
from faults.broker_house import Running
from faults.line_house import until
from faults.quick_gridward import QUICK
from faults.site_house import Listener, listening, plugged_in, process, roles, site_file

from gridward_kit.testing import FastClock
from gridward_relay.contactor import Contactor

SPEED = 3.0
HERE = ("bus:one", "bus:two", "contactor")
RENEW = "gridward/home/contactor/lease/renew"


def renewals(heard: Listener) -> int:
    return sum(topic == RENEW for topic, _, _ in heard.all)


def after_the_last_renewal(heard: Listener) -> list[str]:
    """Where the contactor was told to go since the rules spoke last."""
    last = max(place for place, (topic, _, _) in enumerate(heard.all) if topic == RENEW)
    told = (json.loads(payload) for topic, payload, _ in heard.all[last:] if topic == "gridward/home/audit")
    return [str(one["after"]) for one in told if one["what"] == "contactor/position"]


async def test_rules_that_hang_or_die(
    mosquitto: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Contactor, "DWELL", 0.0)
    path, clock = site_file(tmp_path, tmp_path / "ports", mosquitto.url), FastClock(SPEED)
    with plugged_in(tmp_path / "ports") as devices, process(path, "--only", "rules", program=QUICK) as rules:
        async with listening(mosquitto.url, clock) as heard, roles(path, clock, HERE):
            await until(devices.islanded)
            rules.send_signal(signal.SIGSTOP)
            await until(lambda: not devices.islanded())
            await until(lambda: heard.state("contactor").get("position") == "connected")
            assert after_the_last_renewal(heard)[-1] == "connected"
            count = renewals(heard)
            assert heard.state("contactor")["locked"] is False
            rules.send_signal(signal.SIGCONT)
            await until(devices.islanded)
            assert renewals(heard) > count, "only a renewal opens it again"
            rules.send_signal(signal.SIGKILL)
            await until(lambda: not devices.islanded())
            await until(lambda: heard.last["gridward/home/rules/availability"] == b"offline")
            await until(lambda: len(heard.audit("contactor/position")) >= 4)
            moves = [event["after"] for event in heard.audit("contactor/position")]
            assert moves == ["islanded", "connected"] * 2
            assert after_the_last_renewal(heard)[-1] == "connected"


async def test_a_dead_broker(mosquitto: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Contactor, "DWELL", 0.0)
    path, clock = site_file(tmp_path, tmp_path / "ports", mosquitto.url), FastClock(SPEED)
    with plugged_in(tmp_path / "ports") as devices, process(path, "--only", "rules", program=QUICK) as rules:
        async with roles(path, clock, HERE):
            await until(devices.islanded)
            mosquitto.stop()
            await until(lambda: not devices.islanded())
            assert rules.poll() is None
            mosquitto.start()
            await until(devices.islanded)
