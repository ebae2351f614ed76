"""Prices, forecast and the battery's plan as they come and go, on a broker in memory."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from planning_house import DEARER, STEADY, ZONE, PlanHouse, begin, prices

from gridward.energies.core import Tariff
from gridward.recorder.store import Parcel, Store
from gridward_kit.kept import Json


@pytest.fixture(autouse=True)
def _no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(work: Callable[..., object], *given: object) -> object:
        return work(*given)

    monkeypatch.setattr(asyncio, "to_thread", at_once)


async def test_the_cheap_hours_charge_and_the_dear_ones_are_lived_from(tmp_path: Path) -> None:
    house = PlanHouse(tmp_path, "2026-11-21T00:00")
    house.soc = 20.0
    seen: dict[int, tuple[Json, Json]] = {}
    async with house.running(STEADY):
        house.broker.publish("prices/day_ahead", prices("2026-11-21"))
        for hour in range(24):
            house.clock.jump(begin("2026-11-21T00:00") + hour * 3600 + 60 - house.clock.time())
            house.soc = 20.0 if hour < 6 else 70.0
            await house.live(30)
            state = house.state()
            seen[hour] = (state.get("charge_now"), state.get("discharge_now"))
            assert state["price"] == DEARER[hour]
        assert house.state()["price_rank"] == pytest.approx(4 / 24, abs=1e-3)
    assert all(seen[hour] == (False, True) for hour in range(18, 22))
    assert any(seen[hour][0] for hour in range(6, 10))
    assert not any(seen[hour][0] for hour in (*range(6), *range(10, 24)))


async def test_three_days_of_prices_by_mqtt_over_the_day_of_25_hours(tmp_path: Path) -> None:
    """Each day's list comes in the afternoon before, as exchanges publish it; the night of 25 October has
    an hour twice, at two prices."""
    begins, ends = begin("2026-10-24T00:00"), begin("2026-10-27T00:00")
    assert ends - begins == 73 * 3600
    listed = [
        {"start": datetime.fromtimestamp(begins + hour * 3600, UTC).isoformat(), "price": _price(hour)}
        for hour in range(97)
    ]
    house = PlanHouse(tmp_path, "2026-10-24T00:00")
    charged, lived = [], []
    async with house.running(STEADY):
        for hour in range(73):
            until = {0: 24, 14: 49, 39: 73, 63: 97}.get(hour)
            if until is not None:
                house.broker.publish("prices/day_ahead", json.dumps(listed[max(0, hour - 24) : until]))
            house.clock.jump(begins + hour * 3600 + 1800 - house.clock.time())
            house.soc = 20.0 if hour % 24 < 4 else 70.0
            await house.live(10)
            state = house.state()
            assert state["price"] == _price(hour), hour
            assert "charge_now" in state, (hour, state["plan_reason"])
            charged += [hour] if state["charge_now"] else []
            lived += [hour] if state["discharge_now"] else []
    repeated = [datetime.fromtimestamp(begins + hour * 3600, ZONE).hour for hour in range(24, 49)]
    assert repeated.count(2) == 2
    assert charged, "the cheap hours charge"
    assert all(_price(hour) == 0.10 for hour in charged)
    assert 26 in charged, "of the hour that comes twice the cheap one"
    assert 27 not in charged, "and not the dear one"
    dear = [hour for hour in range(73) if _price(hour) == 0.50]
    assert set(dear) - {27} <= set(lived)


def _price(hour: int) -> float:
    """At hours since the first midnight: cheap at night, dear in the evening; 2 o'clock, the second time, is
    dear."""
    local = datetime.fromtimestamp(begin("2026-10-24T00:00") + hour * 3600, ZONE)
    if local.hour == 2 and local.fold:
        return 0.50
    return 0.10 if local.hour < 4 else 0.50 if 18 <= local.hour < 22 else 0.30


async def test_a_stale_price_list_is_absent_and_so_is_the_plan(tmp_path: Path) -> None:
    house = PlanHouse(tmp_path, "2026-11-21T20:00")
    async with house.running(STEADY):
        house.broker.publish("prices/day_ahead", prices("2026-11-21", days=1))
        await house.live(30)
        assert house.state()["discharge_now"] is True
        house.clock.jump(4.5 * 3600)
        await house.live(30)
        left = house.state()
        assert not {"price", "price_rank", "charge_now", "discharge_now", "needed_soc"} & left.keys()
        assert left["plan_reason"] == "No plan: no prices for the next hours."
        assert str(left["tonight"]).startswith("The battery lasts the night"), "the rest goes on"
        house.broker.publish("prices/day_ahead", "[]]")
        house.broker.publish("prices/day_ahead", prices("2026-11-22"))
        await house.live(30)
        assert "discharge_now" in house.state()


async def test_without_a_forecast_there_are_prices_but_no_plan(tmp_path: Path) -> None:
    house = PlanHouse(tmp_path, "2026-11-21T20:00")
    async with house.running():
        house.broker.publish("prices/day_ahead", prices("2026-11-21"))
        await house.live(30)
        state = house.state()
    assert state["price"] == 0.5
    assert "charge_now" not in state
    assert state["plan_reason"] == "No plan: no forecast of house and sun for the next hours."
    assert not {key for key in state if "expected" in key}


async def test_a_file_of_prices_is_read_again_when_others_write_it(tmp_path: Path) -> None:
    house = PlanHouse(tmp_path)
    file = tmp_path / "prices.csv"
    house.site = replace(house.site, tariff=Tariff("EUR", 0.2, csv=str(file)))
    async with house.running():
        await house.live(30)
        assert "price" not in house.state()
        file.write_text("start,price\n2026-11-21T21:00,0.17\n")
        await house.live(330)
        assert house.state()["price"] == 0.17


async def test_what_the_store_knows_becomes_the_forecast(tmp_path: Path) -> None:
    house = PlanHouse(tmp_path)
    store = Store(tmp_path / "gridward.db")
    for hour in range(1, 200):
        at = house.clock.time() - hour * 3600
        watts = 100.0 * (datetime.fromtimestamp(at, ZONE).hour + 1)
        store.add(Parcel("site", "boot", hour, at, {"load_power": watts, "pv_power": 0.0}))
    store.commit()
    store.close()
    async with house.running():
        await house.live(90)
        assert house.state()["load_expected_tomorrow"] == pytest.approx(30.0, abs=0.2)
        assert house.state()["pv_expected_tomorrow"] == 0.0
