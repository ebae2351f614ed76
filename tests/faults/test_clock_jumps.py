"""The wall clock jumps at random: no slot runs twice or is skipped silently, and no write budget fills up."""

import asyncio
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from kit.device_house import House
from planning_house import PlanHouse

from gridward_kit.kept import Json
from gridward_kit.wear import BUCKET, REFILL

JUMPS = (-86400.0, -3600.0, -600.0, -1.0, 1.0, 600.0, 3600.0, 86400.0)  # s
HOURS = 20


def chances(what: str) -> random.Random:
    seed = random.randrange(1 << 32)
    print(f"{what} under jumps of the clock: seed {seed}")
    return random.Random(seed)


def moment(slot: dict[str, Json], side: str) -> float:
    return datetime.fromisoformat(str(slot[side])).timestamp()


def given_up(house: PlanHouse) -> int:
    """How many slots were put on record as over."""
    events = [json.loads(text) for text in house.broker.said("gridward/home/audit")]
    return sum(int(event["before"].split()[0]) for event in events if event["status"] == "expired")


async def test_a_slot_holds_while_it_is_its_time_and_is_told_when_that_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(work: Callable[..., object], *given: object) -> object:
        return work(*given)

    monkeypatch.setattr(asyncio, "to_thread", at_once)
    house, chance = PlanHouse(tmp_path), chances(f"{HOURS} slots")
    first = datetime.fromtimestamp(house.clock.time(), UTC) + timedelta(hours=1)
    slots: list[Json] = [
        {
            "start": (first + timedelta(hours=2 * number)).isoformat(),
            "end": (first + timedelta(hours=2 * number + 1)).isoformat(),
            "mode": "hold" if number % 2 else "charge",
        }
        for number in range(HOURS)
    ]
    async with house.running():
        await house.live(30)
        assert (await house.ask({"slots": slots}, "a"))["status"] == "confirmed"
        before = house.slots()
        for _ in range(25):
            house.clock.jump(chance.choice(JUMPS))
            house.clock.pass_by(chance.uniform(0, 1800))
            await house.live(30)
            now, left, mode = house.clock.time(), house.slots(), house.state()["schedule_mode"]
            assert all(slot in before for slot in left), "what is over never comes back"
            assert all(moment(slot, "end") > now - 30 for slot in left)
            assert len(left) == HOURS - given_up(house), "each that is over is on record"
            held = [slot["mode"] for slot in left if moment(slot, "start") <= now < moment(slot, "end")]
            assert mode == (held[0] if held else "none")
            before = left


async def test_a_write_budget_is_refilled_by_running_time_alone(tmp_path: Path) -> None:
    home, chance = House(tmp_path), chances("150 writes")
    began = home.clock.monotonic()
    for number in range(150):
        home.clock.jump(chance.choice(JUMPS))
        home.clock.pass_by(61)
        await home.command("priority", ("SBU", "USB")[number % 2], str(number), by="rules")
    passed = home.clock.monotonic() - began
    assert BUCKET <= len(home.wire) <= BUCKET + passed / REFILL
