"""What the broker says now: fresh means live, available and young; garbage is told once and left out."""

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward.live import Live
from gridward_kit.mqtt import Message
from gridward_kit.testing import MemoryBroker, TurnedClock

ROOT = "gridward/home"
SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
ANY_JSON = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
PAYLOADS = st.binary(max_size=60) | st.builds(lambda item: json.dumps(item).encode(), ANY_JSON)


class Site:
    """A broker in memory with a BMS on it, and somebody who listens."""

    def __init__(self) -> None:
        self.clock = TurnedClock()
        self.broker = MemoryBroker(self.clock)
        self.live = Live(self.broker.link("http"), self.clock)
        self.count = 0

    def say(self, topic: str, payload: str, *, retain: bool = False) -> None:
        self.broker.publish(f"{ROOT}/{topic}", payload, retain=retain)

    def state(self, **values: object) -> None:
        self.count += 1
        self.say("bms/state", json.dumps({"v": 1, "at": f"state {self.count}", **values}))

    def online(self) -> None:
        self.say("bms/info", json.dumps({"v": 1, "kind": "battery", "name": "Bank", "role": "bus_bms"}))
        self.say("bus_bms/availability", "online")
        self.say("bms/availability", "online")

    def fresh(self, key: str = "voltage") -> object:
        return self.live.fresh("bms", key, self.clock.monotonic())


@pytest.fixture
def site() -> Site:
    return Site()


def test_a_live_state_is_fresh_and_grows_old(site: Site) -> None:
    site.online()
    site.state(voltage=52.1)
    assert site.fresh() == 52.1
    site.clock.pass_by(10.0)
    assert site.fresh() == 52.1
    site.clock.pass_by(0.1)
    assert site.fresh() is None
    assert site.live.value("bms", "voltage") == 52.1
    assert site.live.devices["bms"].age(site.clock.monotonic()) == pytest.approx(10.1)


def test_what_was_retained_never_counts_as_fresh() -> None:
    site = Site()
    site.say("bms/availability", "online", retain=True)
    site.say("bms/state", json.dumps({"v": 1, "at": "x", "voltage": 52.1}), retain=True)
    late = Live(site.broker.link("rules"), site.clock)
    assert late.value("bms", "voltage") == 52.1
    assert late.devices["bms"].at is None
    assert late.fresh("bms", "voltage", site.clock.monotonic()) is None


def test_a_retained_state_neither_renews_nor_replaces_a_live_one(site: Site) -> None:
    site.online()
    site.state(voltage=52.1)
    site.clock.pass_by(6.0)
    device = site.live.devices["bms"]
    device.take({"voltage": 99.0}, None, Message("t", b"", retain=True, at=site.clock.monotonic()))
    assert site.fresh() == 52.1
    assert site.live.value("bms", "voltage") == 99.0
    site.clock.pass_by(5.0)
    assert site.fresh() is None


def test_a_state_that_is_said_again_after_a_reconnect_is_no_new_one(site: Site) -> None:
    site.online()
    site.state(voltage=52.1)
    site.clock.pass_by(8.0)
    site.count -= 1
    site.state(voltage=52.1)
    assert site.fresh() == 52.1
    site.clock.pass_by(2.1)
    assert site.fresh() is None


def test_a_retained_state_that_is_said_again_live_stays_old() -> None:
    site = Site()
    old = json.dumps({"v": 1, "at": "long ago", "voltage": 52.1})
    site.say("bms/state", old, retain=True)
    late = Live(site.broker.link("rules"), site.clock)
    site.online()
    site.say("bms/state", old, retain=True)
    assert late.value("bms", "voltage") == 52.1
    assert late.fresh("bms", "voltage", site.clock.monotonic()) is None


def test_a_lost_device_says_an_empty_state_which_is_no_answer(site: Site) -> None:
    site.online()
    site.state(voltage=52.1)
    site.clock.pass_by(4.0)
    site.state()
    assert site.fresh() is None
    assert site.live.devices["bms"].age(site.clock.monotonic()) == 4.0


@pytest.mark.parametrize("who", ["bms", "bus_bms"])
def test_a_device_is_away_when_it_or_its_role_is(site: Site, who: str) -> None:
    site.online()
    site.state(voltage=52.1)
    site.say(f"{who}/availability", "offline")
    assert not site.live.devices["bms"].available
    assert site.fresh() is None
    assert site.live.value("bms", "voltage") is None
    site.say(f"{who}/availability", "online")
    assert site.fresh() is None, "what was said before an absence proves nothing after it"
    site.state(voltage=52.0)
    assert site.fresh() == 52.0


def test_a_role_that_never_said_online_serves_nobody(site: Site) -> None:
    site.say("bms/info", json.dumps({"v": 1, "kind": "battery", "role": "bus_bms"}))
    site.say("bms/availability", "online")
    site.state(voltage=52.1)
    assert site.fresh() is None


def test_slow_devices_are_stale_after_three_of_their_own_intervals(site: Site) -> None:
    site.online()
    for _ in range(4):
        site.state(voltage=52.1)
        site.clock.pass_by(60.0)
    assert site.live.devices["bms"].interval == 60.0
    assert site.fresh() == 52.1
    site.clock.pass_by(120.0)
    assert site.fresh() == 52.1
    site.clock.pass_by(0.1)
    assert site.fresh() is None


def test_one_long_pause_does_not_make_old_values_pass_for_fresh(site: Site) -> None:
    site.online()
    site.state(voltage=52.1)
    site.clock.pass_by(600.0)
    site.state(voltage=52.1)
    site.clock.pass_by(10.1)
    assert site.fresh() is None
    for pause in (1.0, 1.0, 1.0, 600.0):
        site.state(voltage=52.1)
        site.clock.pass_by(pause)
    site.state(voltage=52.1)
    site.clock.pass_by(10.1)
    assert site.fresh() is None


def test_a_key_that_the_last_state_leaves_out_is_absent(site: Site) -> None:
    site.online()
    site.state(voltage=52.1, current=-3.0)
    site.state(current=-3.1)
    assert site.fresh() is None
    assert site.live.value("bms", "voltage") is None
    assert site.fresh("current") == -3.1


def test_the_rules_hold_a_value_over_three_polls_and_no_longer(site: Site) -> None:
    site.online()
    for _ in range(6):
        site.state(voltage=52.1, current=3.0)
        site.clock.pass_by(1.0)

    def held() -> object:
        return site.live.devices["bms"].held(site.clock.monotonic()).get("current")

    for _ in range(2):
        site.state(voltage=52.2)
        assert site.fresh("current") is None
        assert held() == 3.0
        site.clock.pass_by(1.0)
    site.clock.pass_by(1.0)
    site.state(voltage=52.3)
    assert held() is None


def test_nothing_of_a_lost_device_is_held(site: Site) -> None:
    site.online()
    for _ in range(6):
        site.state(voltage=52.1)
        site.clock.pass_by(1.0)
    site.state()
    assert site.live.devices["bms"].held(site.clock.monotonic()) == {}
    site.state(current=1.0)
    assert site.live.devices["bms"].held(site.clock.monotonic()) == {"current": 1.0}


def test_values_that_are_none_are_absent_and_zero_is_a_value(site: Site) -> None:
    site.online()
    raw = '{"v":1,"at":"x","a":NaN,"b":1e999,"c":null,"d":[1],"e":0,"f":false,"g":"","h":0.0,"i":%s}' % (
        "9" * 400
    )
    site.say("bms/state", raw)
    assert dict(site.live.devices["bms"].values) == {"e": 0, "f": False, "g": "", "h": 0.0}


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "nonsense",
        "[1]",
        '{"v": 2, "voltage": 1}',
        '{"v": true, "voltage": 1}',
        "[" * 100_000,
        '{"at": ' * 30_000,
        '{"name": "\\ud800"}',
        " " * 300_000,
    ],
)
def test_garbage_is_left_out_and_told_once(
    site: Site, payload: str, caplog: pytest.LogCaptureFixture
) -> None:
    site.online()
    site.state(voltage=52.1)
    with caplog.at_level(logging.WARNING):
        site.say("bms/state", payload)
        site.say("bms/state", payload)
    assert site.fresh() == 52.1
    assert len(caplog.records) == (1 if payload else 0)


def test_a_cleared_info_takes_the_device_away(site: Site) -> None:
    site.online()
    assert site.live.devices["bms"].name == "Bank"
    site.say("bms/info", "")
    assert "bms" not in site.live.devices


def test_the_recorders_alarm_stands_until_it_is_taken_back(site: Site) -> None:
    alarm = {"v": 1, "at": "2026-11-21T12:00:00Z", "reason": "the disk is full", "remedy": "free some"}

    def told() -> tuple[object, bool | None]:
        return site.live.alarm, site.live.online("recorder")

    assert told() == (None, None)
    site.say("recorder/availability", "online")
    site.say("recorder/alarm", json.dumps(alarm))
    assert told() == (alarm, True)
    site.say("recorder/alarm", "nonsense")
    assert told() == (alarm, True)
    site.say("recorder/alarm", "")
    site.say("recorder/availability", "offline")
    assert told() == (None, False)


TAILS = ["bms/info", "bms/state", "bms/availability", "bus_bms/availability", "bms/health", "recorder/alarm"]


@given(st.lists(st.tuples(st.sampled_from(TAILS), PAYLOADS, st.booleans()), max_size=12))
def test_whatever_is_published_nothing_breaks(messages: list[tuple[str, bytes, bool]]) -> None:
    site = Site()
    handlers = [handler for _, handler in site.broker._handlers]
    for tail, payload, retain in messages:
        for handler in handlers:
            handler(Message(f"{ROOT}/{tail}", payload, retain, site.clock.monotonic()))
    now = site.clock.monotonic()
    for device in site.live.devices.values():
        json.dumps([device.name, device.kind, device.entities, dict(device.values)]).encode()
        assert all(isinstance(value, bool | int | float | str) for value in device.fresh(now).values())
        assert device.available or not device.fresh(now)
