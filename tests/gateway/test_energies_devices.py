"""Energies of each device without counters: integrated over its polls, kept, shown on its own card."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from gateway.energies_house import House, no_thread, of
from planning_house import site

from gridward.energies.counted import ENERGIES
from gridward_kit.classes import SENSOR
from gridward_kit.testing import TurnedClock

__all__ = ["no_thread"]

INVERTER = ("pv_power", "output_power", "battery_power", "mode")


async def test_a_battery_has_its_energies_on_its_own_card(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.announce("bms", "battery", ("power", "soc"))
    house.powers["bms"] = {"power": 3600.0}
    async with house.running():
        await house.live(100)
        house.powers["bms"] = {"power": -1800.0}
        await house.live(100)
    found = house.shown("bms")
    assert found["charge_energy"] == pytest.approx(0.095, abs=0.003)
    assert found["discharge_energy"] == pytest.approx(0.043, abs=0.016)
    config = json.loads(
        house.broker.retained["homeassistant/sensor/gridward_home_bms_energies_charge_energy/config"]
    )
    assert config["device"] == {"identifiers": ["gridward_home_bms"], "name": "BMS"}
    told = (config["device_class"], config["state_class"], config["unit_of_measurement"])
    assert told == ("energy", "total_increasing", "kWh")


async def test_an_inverter_gets_what_it_does_not_count_itself(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.announce("axpert", "inverter", (*INVERTER, "pv_energy"))
    house.announce("srne", "inverter", (*INVERTER, "pv_energy", "load_energy", "battery_charge_energy"))
    house.announce("clamp", "meter", ("power",))
    powers = {"pv_power": 3600.0, "output_power": 1800.0, "battery_power": 1800.0}
    house.powers = {"axpert": powers, "srne": powers, "clamp": {"power": -900.0}}
    async with house.running():
        await house.live(130)
    axpert, made = house.shown("axpert"), ("load_energy", "battery_charge_energy", "battery_discharge_energy")
    assert axpert.keys() == {*made, "estimated_energy"}.union(*map(of, made))
    assert axpert["load_energy"] == axpert["battery_charge_energy"] > 0.05
    assert axpert["battery_discharge_energy"] == 0
    assert axpert["load_energy_today"] == axpert["load_energy_year"] == axpert["load_energy"]
    discharged = "battery_discharge_energy"
    charged = of("battery_charge_energy")  # from the power, as long as its counter has not been read
    assert house.shown("srne").keys() == {discharged, "estimated_energy", *of(discharged), *charged}
    clamp = house.shown("clamp")
    assert clamp["export_energy"] > 0.02
    assert clamp["import_energy"] == 0


async def test_restarts_and_gaps_make_nothing_fall_or_jump(tmp_path: Path) -> None:
    clock, seen = TurnedClock(), [0.0]
    for away in (0, 300, 20_000):
        house = House(tmp_path, clock)
        house.announce("bms", "battery", ("power",))
        house.powers["bms"] = {"power": 3600.0}
        async with house.running():
            await house.live(75)
            seen.append(house.shown("bms")["charge_energy"])
            house.powers.clear()
            clock.pass_by(away)
            house.powers["bms"] = {"power": 3600.0}
            await house.live(65)
            seen.append(house.shown("bms")["charge_energy"])
    assert seen == sorted(seen)
    found = house.shown("bms")
    lived = 6 * 70 + 300
    assert found["charge_energy"] == pytest.approx(lived / 1000, rel=0.15)  # the 20,000 s are not made up
    assert 0.29 < found["estimated_energy"] < 0.42


async def test_a_broken_row_costs_one_device_its_energies_and_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(tmp_path)
    for device in ("bms", "bank"):
        house.announce(device, "battery", ("power",))
        house.powers[device] = {"power": 3600.0}
    async with house.running():
        await house.live(70)
    with closing(sqlite3.connect(house.store)) as connection, connection:
        connection.execute("UPDATE energies SET content = '[]' WHERE device = 'bank'")
    house = House(tmp_path, house.clock)
    for device in ("bms", "bank"):
        house.announce(device, "battery", ("power",))
        house.powers[device] = {"power": 3600.0}
    async with house.running():
        await house.live(70)
    assert house.shown("bms")["charge_energy"] > 0.1
    assert house.shown("bank") == {}
    assert caplog.text.count("the row of bank") == 1


async def test_a_broken_file_of_a_device_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for device in ("bms", "gone"):
        (tmp_path / f"{device}_energies.json").write_text("{ half")
    house = House(tmp_path)
    for device in ("bms", "bank"):
        house.announce(device, "battery", ("power",))
        house.powers[device] = {"power": 3600.0}
    async with house.running():
        await house.live(70)
    assert house.shown("bank")["charge_energy"] > 0.03
    assert len(caplog.records) == 2
    assert house.shown("bms") == {}


async def test_a_device_that_goes_takes_its_energies_with_it_and_finds_them_again(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.announce("bms", "battery", ("power",))
    house.powers["bms"] = {"power": 3600.0}
    async with house.running():
        await house.live(70)
        before = house.shown("bms")["charge_energy"]
        house.broker.publish("gridward/home/bms/info", "", retain=True)
        house.powers.clear()
        await house.live(1)
        left = {topic for topic, said in house.broker.retained.items() if "bms_energies" in topic and said}
        assert left == set()
        house.announce("bms", "battery", ("power",))
        house.powers["bms"] = {"power": 3600.0}
        await house.live(70)
        assert house.shown("bms")["charge_energy"] > before > 0


async def test_of_a_device_that_left_the_site_file_everything_is_taken_back(tmp_path: Path) -> None:
    house = House(tmp_path, also=("guest",))
    house.announce("guest", "battery", ("power",))
    house.powers["guest"] = {"power": 3600.0}
    async with house.running():
        await house.live(70)
    config = "homeassistant/sensor/gridward_home_guest_energies_charge_energy/config"
    assert config in house.broker.retained
    after = House(tmp_path, house.clock)
    assert (config, "", True) in after.broker.log
    assert ("gridward/home/guest_energies/info", "", True) in after.broker.log
    assert len(House(tmp_path, house.clock).broker.said(config)) == 0  # once is enough


async def test_of_one_that_leaves_while_all_run_everything_is_taken_back_at_once(tmp_path: Path) -> None:
    house = House(tmp_path, also=("guest",))
    house.announce("guest", "battery", ("power",))
    house.powers["guest"] = {"power": 3600.0}
    async with house.running():
        await house.live(70)
        assert house.shown("guest")
        house.each.reread("the file has a fault")
        assert house.shown("guest"), "a faulty file takes nobody away"
        house.each.reread(site(tmp_path))
        await house.live(5)
        left = {topic for topic, said in house.broker.retained.items() if "guest_energies" in topic and said}
        assert left == set(), "nor does what it says while it leaves bring it back"


def test_its_rows_are_such_as_home_assistant_takes() -> None:
    assert {"charge_energy", "total_energy_year"} < {row.key for row in ENERGIES.entities({})}
    for row in ENERGIES.entities({}):
        allowed = SENSOR[row.quantity.device_class or ""]
        assert row.quantity.unit in allowed.units
        assert row.quantity.state_class == "total_increasing"
