"""Prices, forecast and the battery's plan as they come and go, on a broker in memory."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
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
