"""The role `plan` on a broker in memory: what it shows, what it is asked, what a restart leaves of it."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from planning_house import PlanHouse

from gridward_kit.kept import Json


@pytest.fixture(autouse=True)
def _no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(work: Callable[..., object], *given: object) -> object:
        return work(*given)

    monkeypatch.setattr(asyncio, "to_thread", at_once)


async def test_tonight_is_said_and_announced_to_home_assistant(tmp_path: Path) -> None:
    house = PlanHouse(tmp_path)
    async with house.running():
        await house.live(120)
    assert house.state()["tonight"] == (
        "At this load the battery lasts until 04:40; sun at 07:10; the grid will join about 04:25."
    )
    assert house.state()["sun_at"] == "2026-11-22T06:08:00Z"
    found = json.loads(house.broker.retained["homeassistant/sensor/gridward_home_plan_tonight/config"])
    assert found["state_topic"] == "gridward/home/plan/state"
    moment = json.loads(house.broker.retained["homeassistant/sensor/gridward_home_plan_empty_at/config"])
    assert moment["device_class"] == "timestamp"
    schedule = json.loads(house.broker.retained["homeassistant/text/gridward_home_plan_schedule/config"])
    assert schedule["command_topic"] == "gridward/home/plan/schedule/set"
    assert schedule["max"] == 255
    told = [json.loads(text) for text in house.broker.said("gridward/home/plan/telemetry")]
    assert any("tonight" in json.dumps(one) for one in told), "it is stored, for Grafana"


async def test_tonight_is_said_as_soon_as_the_load_is_read(tmp_path: Path) -> None:
    house = PlanHouse(tmp_path)
    async with house.running():
        await house.clock.turn(10)
        assert "the house's load" in str(house.state()["tonight"])
        await house.live(15)
        assert str(house.state()["tonight"]).startswith("At this load the battery lasts until ")


async def test_a_slot_holds_from_its_start_to_its_end_and_then_the_default(tmp_path: Path) -> None:
    house = PlanHouse(tmp_path)
    slot: Json = {"start": "2026-11-21T21:05", "end": "2026-11-21T21:10", "power": 2000}
    async with house.running():
        await house.live(30)
        answer = await house.ask({"slots": [slot]}, "a")
        assert (answer["status"], answer["value"]) == ("confirmed", "21:05 to 21:10 charge 2000 W")
        assert house.state()["schedule_mode"] == "none"
        await house.live(300)
        assert house.state()["schedule_mode"] == "charge"
        assert house.state()["schedule_power"] == 2000
        assert house.state()["charge_current"] == 30, "2000 W at 51.2 V, in steps that inverters take"
        assert house.state()["schedule_until"] == "2026-11-21T20:10:00Z"
        await house.live(300)
        assert house.state()["schedule_mode"] == "none"
        assert "schedule_power" not in house.state()
        assert house.slots() == []
    audit = [json.loads(text) for text in house.broker.said("gridward/home/audit")]
    assert [(one["what"], one["status"]) for one in audit] == [
        ("plan/schedule", "confirmed"),
        ("plan/schedule", "expired"),
    ]


async def test_a_request_with_one_impossible_slot_changes_nothing(tmp_path: Path) -> None:
    house = PlanHouse(tmp_path)
    good: Json = {"start": "2026-11-22T01:00", "end": "2026-11-22T02:00", "power": 2000}
    dear: Json = {"start": "2026-11-22T03:00", "end": "2026-11-22T04:00", "power": 3100}
    async with house.running():
        await house.live(30)
        answer = await house.ask({"slots": [good, dear]}, "a")
        assert answer["status"] == "refused"
        assert answer["reason"] == "3100 W is more than can be charged (3000 W)"
        assert house.slots() == []
        assert (await house.ask("charge, please", "b"))["reason"] == "the request is not JSON"
        assert (await house.ask({"slots": [good]}, "c"))["status"] == "confirmed"
        cleared = await house.ask({"clear": {"start": "2026-11-22T01:30"}}, "d")
        assert cleared["value"] == "22 Nov 01:00 to 01:30 charge 2000 W"
        assert (await house.ask({"clear": {}}, "e"))["value"] == "no slots"


async def test_a_restart_keeps_the_schedule_and_drops_what_is_over(tmp_path: Path) -> None:
    house = PlanHouse(tmp_path)
    slots: Json = [
        {"start": "2026-11-21T21:05", "end": "2026-11-21T22:00", "mode": "hold"},
        {"start": "2026-11-21T23:00", "end": "2026-11-21T23:30", "power": -1000},
    ]
    async with house.running():
        await house.live(30)
        await house.ask({"slots": slots}, "a")
    later = PlanHouse(tmp_path, "2026-11-21T23:10")
    async with later.running():
        await later.live(30)
        assert later.state()["schedule_mode"] == "discharge"
        assert [slot["mode"] for slot in later.slots()] == ["discharge"]


async def test_a_disk_that_takes_nothing_fails_the_request_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = PlanHouse(tmp_path)

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    async with house.running() as planning:
        await house.live(30)
        monkeypatch.setattr(planning.device.kept, "save", full)
        answer = await house.ask({"slots": [{"end": "2026-11-21T22:00", "mode": "hold"}]}, "a")
        assert answer["status"] == "failed"
        assert "free some disk" in str(answer["reason"])
        assert house.slots() == []
        assert house.state()["schedule_mode"] == "none"


async def test_a_clock_that_was_never_set_has_no_schedule(tmp_path: Path) -> None:
    house = PlanHouse(tmp_path)
    house.clock.jump(-50 * 365 * 86400.0)
    async with house.running():
        await house.live(30)
        assert "schedule_mode" not in house.state()
        answer = await house.ask({"slots": [{"end": "2026-11-21T22:00", "mode": "hold"}]}, "a")
        assert answer["status"] == "refused"


async def test_readings_that_stop_are_absent_in_the_sentence_too(tmp_path: Path) -> None:
    house = PlanHouse(tmp_path)
    async with house.running():
        await house.live(60)
        await house.clock.turn(180)
        state = house.state()
    assert str(state["tonight"]).startswith("How long the battery lasts is not known: no reading of")
    assert "empty_at" not in state
    assert "sun_at" in state
