"""What the health view says of a device: what was told, and a dash for what was not."""

from pathlib import Path

import pytest
from gateway.api_house import House

from gridward.live import LiveDevice
from gridward.page.alarmview import unwatched, ways
from gridward.page.board import board
from gridward.page.figures import DASH
from gridward.page.healthview import following, measured, missing, told
from gridward_kit.kept import Json


@pytest.mark.parametrize(
    ("health", "words"),
    [
        ({}, (DASH, DASH, DASH, DASH)),
        (
            {"errors": {"bad_frame": 0, "no_answer": 0}, "spool": {"waiting": 0, "dropped": 0}, "wear": {}},
            ("none", "none", "none", DASH),
        ),
        (
            {
                "errors": {"bad_frame": 2, "no_answer": 0, "impossible": 1},
                "spool": {"waiting": 1, "dropped": 17},
                "wear": {"a": {"left": 20, "of": 20}, "float_voltage": {"left": 3, "of": 20}},
            },
            ("2 bad frame, 1 impossible", "1 message", "17 messages", "3 of 20 for float voltage"),
        ),
        ({"errors": 5, "spool": [1], "wear": "much"}, (DASH, DASH, DASH, DASH)),
        ({"spool": {"waiting": "1", "dropped": None}}, (DASH, DASH, DASH, DASH)),
    ],
)
def test_a_devices_health_in_words(health: dict[str, Json], words: tuple[str, ...]) -> None:
    assert tuple(told(LiveDevice(id="bms", health=health)).values()) == words


def test_the_store_and_its_disk_are_measured(tmp_path: Path) -> None:
    store = tmp_path / "gridward.db"
    assert measured(store)[1] == "0.0 MB"
    store.write_bytes(b"x" * 1_500_000)
    store.with_name("gridward.db-wal").write_bytes(b"x" * 1_000_000)
    disk, size = measured(store)
    assert size == "2.5 MB"
    assert "GB free" in disk
    assert measured(tmp_path / "nowhere" / "gridward.db")[1] == DASH


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"database": "a:8086/solar", "waiting": 0, "refused": 0}, "a:8086/solar: up to date"),
        (
            {"database": "a/b", "waiting": 1200, "refused": 3, "reason": "it is away", "remedy": "see to it"},
            "a/b: 1200 readings wait, 3 refused, it is away; see to it",
        ),
        ({"database": 7, "waiting": "x"}, "a database: up to date"),
    ],
)
def test_a_following_database_in_words(content: dict[str, Json], words: str) -> None:
    assert following(content) == words


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, "No alarm stands. Nobody is told: the site file has no `notify: to:`."),
        ({"alarms": [{}], "channels": {"phone": None}}, "1 alarm."),
        (
            {"alarms": [{}, {}], "held": 1, "waiting": 3, "channels": {"phone": "no way", "mail": None}},
            "2 alarms. 1 message held back until the quiet hours end. "
            "3 messages not delivered yet. phone: no way.",
        ),
        (
            {"alarms": 5, "held": "x", "channels": []},
            "No alarm stands. Nobody is told: the site file has no `notify: to:`.",
        ),
    ],
)
def test_alarms_and_ways_in_words(content: dict[str, Json], words: str) -> None:
    assert ways(content) == words


async def test_a_role_that_does_not_run_is_named(tmp_path: Path) -> None:
    house = House(tmp_path)
    assert missing(house.gateway) == ["rules", "plan", "recorder", "notify"]
    for role in ("rules", "recorder", "notify"):
        house.broker.publish(f"gridward/home/{role}/availability", "online", retain=True)
    assert missing(house.gateway) == ["plan"]


async def test_without_a_broker_no_device_is_blamed(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.broker.publish("gridward/home/notify/availability", "online", retain=True)
    assert unwatched(house.gateway) is None
    house.link.connected = False
    assert "broker" in (unwatched(house.gateway) or "")
    for seconds in (0, 60):
        house.clock.pass_by(seconds)
        top = board(house.gateway).top
        assert (top.text.split(",")[0], top.tone) == ("No connection to the broker", "fault")
    house.link.connected = True
    assert "broker" not in board(house.gateway).top.text
