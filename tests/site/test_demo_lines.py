"""The demo's devices and its plant tell one story, from the first moment on."""

import asyncio
from datetime import datetime
from pathlib import Path

import pytest

from gridward.config import load
from gridward.demo.line import Lines
from gridward.demo.yesterday import house, live_through, longitude, zone_at_noon
from gridward.plant import Plant, scene
from gridward.plant.sun import sunrise_and_sunset
from gridward.recorder.store import Store

SITE = Path("gateway/gridward/demo/site.yaml")
NOW = 1_795_000_000.0


async def lines(plant: Plant, folder: Path) -> Lines:
    made = Lines(load(SITE), plant, folder / "ports")
    for _ in range(2):  # the contactor's place is seen by the inverter the next time
        made.feed(asyncio.get_running_loop().time())
    return made


async def test_the_battery_goes_on_where_the_plant_stands(tmp_path: Path) -> None:
    plant = Plant(scene("night_on_battery"))
    before = plant.battery_readings()["soc"]
    made = await lines(plant, tmp_path)
    try:
        assert made.devices["bms"].simulator.state["soc"] == before
        assert plant.battery_readings()["soc"] == before
    finally:
        made.stop()


async def test_a_silent_bms_is_silent_on_its_line_only(tmp_path: Path) -> None:
    made = await lines(Plant(scene("broken_bms")), tmp_path)
    try:
        assert made.devices["bms"].served.faults.silence
        assert not made.devices["inverter"].served.faults.silence
    finally:
        made.stop()


async def test_every_reading_of_the_plant_reaches_its_device(tmp_path: Path) -> None:
    plant = Plant(scene("sunny_noon"))
    made = await lines(plant, tmp_path)
    computed = {"battery_current", "battery_power", "problem", "power", "balancing", "cell_spread"}
    try:
        for device, told in (("inverter", plant.inverter_readings()), ("bms", plant.battery_readings())):
            state = made.devices[device].simulator.state
            assert {key for key in told if key not in state} <= computed
            assert {key: state[key] for key in told if key in state} == {
                key: value for key, value in told.items() if key in state
            }
    finally:
        made.stop()


@pytest.mark.parametrize("hour", range(24))
def test_the_sun_rises_in_the_morning_of_the_demos_zone(hour: int) -> None:
    now = NOW + 3600 * hour
    zone = zone_at_noon(now)
    east = longitude(now, zone)
    assert -180 <= east <= 180
    assert east == house(now, zone).longitude
    found = sunrise_and_sunset(datetime.fromtimestamp(now, zone).date(), 48.15, east, zone)
    assert found is not None
    assert [3 < found[0].hour < 9, 15 < found[1].hour < 22] == [True, True], found


def test_the_day_before_is_full_and_sunny_at_the_end(tmp_path: Path) -> None:
    zone = zone_at_noon(NOW)
    plant = Plant(house(NOW, zone))
    store = Store(tmp_path / "gridward.db")
    live_through(plant, store, NOW)
    assert 9.5 <= plant.now.hour + plant.now.minute / 60 <= 12.5
    steps = store.history("site", "pv_power", NOW - 86400, NOW, 900)
    assert len(steps) >= 95
    assert max(step.mean for step in steps) > 1000
    assert min(step.mean for step in steps) == 0
    store.close()
