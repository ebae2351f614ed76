"""The virtual device `site`: each flow from who measures it, absent where that is not fresh."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from gateway.plain_site import plain_site
from hypothesis import given
from hypothesis import strategies as st

from gridward.live import Live
from gridward.planning.spec import PlanSpec
from gridward.roles import KEYS, SiteDevice, flows
from gridward.rules.inputs import Source
from gridward.rules.role import run_rules
from gridward_kit.point import Value
from gridward_kit.testing import MemoryBroker, TurnedClock

ROLES = {"pv": "inverter", "load": "inverter", "battery": "bms", "grid_switch": "contactor"}


def source(kind: str, **values: Value) -> Source:
    return Source(kind, kind=kind, fresh=bool(values), values=values, keys=frozenset(values))


INVERTER = source(
    "inverter", pv_power=2400, output_power=900, battery_power=1300, battery_soc=80, mode="line"
)
BMS = source("battery", power=1420.0, soc=71.0, voltage=53.0, remaining_capacity=198.8)
ISLANDED = source("relay", position="islanded", feedback="islanded")
CLOSED = source("relay", position="connected", feedback="connected")
METER = source("meter", power=-35.0)


def house(**sources: Source) -> dict[str, Source]:
    return {"pv": INVERTER, "load": INVERTER, "battery": BMS, "grid_switch": CLOSED, **sources}


def test_each_flow_comes_from_its_role() -> None:
    assert flows(house(grid=METER)) == {
        "pv_power": 2400,
        "load_power": 900,
        "battery_power": 1420.0,
        "soc": 71.0,
        "grid_power": -35.0,
        "grid_power_source": "meter",
    }


def test_without_a_meter_the_grid_is_what_the_others_leave_over() -> None:
    found = flows(house())
    assert (found["grid_power"], found["grid_power_source"]) == (900 + 1420.0 - 2400, "balance")


def test_behind_the_open_contactor_nothing_flows() -> None:
    found = flows(house(grid_switch=ISLANDED))
    assert (found["grid_power"], found["grid_power_source"]) == (0.0, "contactor")


def test_the_wish_of_the_contactor_proves_nothing_without_its_feedback() -> None:
    wished = source("relay", position="islanded")
    assert flows(house(grid_switch=wished))["grid_power_source"] == "balance"


def test_an_inverter_on_its_battery_takes_nothing_from_the_grid() -> None:
    battery = replace(INVERTER, values={**INVERTER.values, "mode": "battery"})
    found = flows(house(pv=battery, load=battery))
    assert (found["grid_power"], found["grid_power_source"]) == (0.0, "inverter")


def test_a_grid_meter_that_is_silent_is_not_replaced_by_a_guess() -> None:
    silent = Source("the meter", kind="meter")
    found = flows(house(grid=silent))
    assert "grid_power" not in found
    assert "grid_power_source" not in found


def test_an_inverter_measures_the_battery_where_there_is_no_bms() -> None:
    found = flows({"pv": INVERTER, "load": INVERTER})
    assert (found["battery_power"], found["soc"]) == (1300, 80)


def test_two_trackers_count_together_or_not_at_all() -> None:
    both = replace(INVERTER, values={**INVERTER.values, "pv2_power": 600}, keys=INVERTER.keys | {"pv2_power"})
    assert flows(house(pv=both))["pv_power"] == 3000
    half = replace(both, values=INVERTER.values)
    assert "pv_power" not in flows(house(pv=half))


def test_the_total_of_all_trackers_is_taken_where_the_inverter_has_one() -> None:
    """Also of a third to sixth tracker, and not made up of two where it is absent."""
    keys = INVERTER.keys | {"pv2_power", "pv3_power", "pv_total_power"}
    trackers = {**INVERTER.values, "pv2_power": 600, "pv3_power": 150}
    whole = replace(INVERTER, values={**trackers, "pv_total_power": 3150}, keys=keys)
    assert flows(house(pv=whole))["pv_power"] == 3150
    assert "pv_power" not in flows(house(pv=replace(whole, values=trackers)))


def test_pv_and_load_may_be_meters() -> None:
    found = flows(house(pv=source("meter", power=1234.0), load=source("meter", power=321.0)))
    assert (found["pv_power"], found["load_power"]) == (1234.0, 321.0)


def test_hours_left_to_the_reserve_at_this_load() -> None:
    giving = source("battery", power=-530.0, soc=64.0, voltage=53.0, remaining_capacity=128.0)
    assert flows(house(battery=giving))["battery_hours_left"] == pytest.approx((128.0 - 28.0) * 53.0 / 530.0)
    empty = source("battery", power=-530.0, soc=10.0, voltage=51.0, remaining_capacity=20.0)
    assert flows(house(battery=empty))["battery_hours_left"] == 0.0
    assert "battery_hours_left" not in flows(house())


NUMBERS = st.floats(-1e5, 1e5)
VALUES: st.SearchStrategy[Value] = NUMBERS | st.booleans() | st.sampled_from(["line", "battery", "islanded"])


def sources_of(kind: str, keys: list[str]) -> st.SearchStrategy[Source]:
    values: st.SearchStrategy[dict[str, Value]] = st.dictionaries(st.sampled_from(keys), VALUES)
    return values.map(lambda found: source(kind, **found))


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "pv": sources_of("inverter", ["pv_power", "mode"]),
            "load": sources_of("inverter", ["output_power", "mode", "battery_power"]),
            "battery": sources_of("battery", ["power", "soc", "voltage", "remaining_capacity"]),
            "grid": sources_of("meter", ["power"]),
            "grid_switch": sources_of("relay", ["feedback"]),
        },
    )
)
def test_any_subset_of_sources_gives_only_what_was_measured(sources: Mapping[str, Source]) -> None:
    found = flows(sources)
    assert found.keys() <= KEYS
    for key, role, theirs in (
        ("pv_power", "pv", "pv_power"),
        ("load_power", "load", "output_power"),
        ("battery_power", "battery", "power"),
    ):
        if role in sources:
            measured = sources[role].values.get(theirs)
            known = isinstance(measured, float)
            assert found.get(key) == (measured if known else None)
    assert ("grid_power" in found) is ("grid_power_source" in found)


async def test_the_battery_lasts_to_the_reserve_that_the_site_file_says(tmp_path: Path) -> None:
    clock = TurnedClock()
    broker = MemoryBroker(clock)
    site = replace(plain_site(tmp_path), roles={"battery": "bms"}, plan=PlanSpec(reserve=40.0))
    task = asyncio.create_task(run_rules(site, broker.link("rules"), clock))
    values = {"power": -530.0, "soc": 64.0, "voltage": 53.0, "remaining_capacity": 128.0}
    broker.publish("gridward/home/bms/availability", "online", retain=True)
    await clock.turn(1.0)
    broker.publish("gridward/home/bms/state", json.dumps({"v": 1, **values}), retain=True)
    await clock.turn(1.0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    state = json.loads(broker.retained["gridward/home/site/state"])
    assert state["battery_hours_left"] == pytest.approx((128.0 - 80.0) * 53.0 / 530.0)


async def test_the_device_site_is_published_and_follows_what_gets_lost(tmp_path: Path) -> None:
    clock = TurnedClock()
    broker = MemoryBroker(clock)
    link = broker.link("rules")
    device = SiteDevice(Live(link, clock), link, clock, ROLES, tmp_path)
    for name, known in (("inverter", INVERTER), ("bms", BMS), ("contactor", CLOSED)):
        broker.publish(f"gridward/home/{name}/info", json.dumps({"v": 1, "kind": known.kind}), retain=True)
        broker.publish(f"gridward/home/{name}/availability", "online", retain=True)
        broker.publish(f"gridward/home/{name}/state", json.dumps({"v": 1, **known.values}), retain=True)
    task = asyncio.create_task(device.run())
    try:
        await clock.turn(1.0)
        state = json.loads(broker.retained["gridward/home/site/state"])
        assert (state["battery_power"], state["grid_power"]) == (1420.0, -80.0)
        broker.publish("gridward/home/bms/availability", "offline", retain=True)
        await clock.turn(1.0)
        state = json.loads(broker.retained["gridward/home/site/state"])
        assert {"pv_power", "load_power"} == state.keys() - {"v", "at"}
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
