"""The inverter's behaviour as stories: priorities, thresholds, outages, overload."""

from dataclasses import replace

import pytest
from gateway.plant_days import NIGHT, NOON, mode, plant, until

from gridward.plant import ChargerSource, Output
from gridward.plant.charger import Stage
from gridward.plant.flows import Converter
from gridward.plant.grid import FaultKind


def test_sbu_lives_from_sun_and_battery_beside_a_good_grid() -> None:
    day = plant(NOON, soc=70)
    assert mode(day) == "battery"
    assert day.flows.battery > 0
    night = plant(NIGHT, soc=70)
    night.run(3600)
    assert mode(night) == "battery"
    assert night.ledger.grid_import == 0
    assert night.ledger.battery_out == pytest.approx(night.ledger.load + night.ledger.losses, abs=1e-6)
    assert night.inverter_readings()["pv_power"] == 0


def test_what_the_panels_give_in_full_leaves_nothing_over() -> None:
    day = plant(NOON, soc=40, output=Output.USB)
    day.extra_load = 2500
    for _ in range(600):
        day.step(5)
        assert day.flows.curtailed >= 0
    assert day.ledger.curtailed == pytest.approx(0, abs=1e-9)
    assert day.ledger.curtailed >= 0


def test_usb_carries_the_load_from_the_grid_and_charges_from_the_sun() -> None:
    day = plant(NOON, soc=50, output=Output.USB)
    day.extra_load = 800
    day.run(3600)
    assert mode(day) == "line"
    assert day.ledger.battery_out == 0
    assert day.ledger.battery_in > 1500
    assert day.ledger.grid_import > 600
    assert day.inverter_readings()["charging_from_grid"] is False


def test_sub_takes_sun_first_then_grid_and_spares_the_battery() -> None:
    day = plant(NOON, soc=50, output=Output.SUB)
    day.extra_load = 3300
    day.step(10)
    assert mode(day) == "line"
    assert day.flows.grid > 500
    assert day.flows.battery == 0
    assert day.flows.pv == day.pv_possible
    day.extra_load = 0
    day.step(10)
    assert day.flows.grid == 0
    assert day.flows.battery > 0


@pytest.mark.parametrize("output", [Output.USB, Output.SUB, Output.SBU])
def test_without_grid_every_priority_is_sun_and_battery(output: Output) -> None:
    islanded = plant(NIGHT, soc=60, output=output, contactor_closed=False)
    islanded.run(600)
    assert mode(islanded) == "battery"
    assert islanded.ledger.grid_import == 0
    assert islanded.ledger.battery_out > 0


def test_an_open_contactor_leaves_no_grid_at_the_inverter() -> None:
    site = plant(NIGHT, soc=60, output=Output.USB)
    site.run(60)
    assert float(site.inverter_readings()["grid_voltage"]) > 200
    site.contactor_closed = False
    imported = site.ledger.grid_import
    site.run(300)
    values = site.inverter_readings()
    assert (values["grid_voltage"], values["grid_frequency"], values["mode"]) == (0, 0, "battery")
    assert site.ledger.grid_import == imported
    assert site.grid_side_nominal
    assert site.inverter_warnings() == {"line_fail"}
    assert values["problem"] is False
    assert float(site.grid_readings()["voltage"]) > 200
    site.contactor_closed = True
    assert until(site, "line", within=30) >= 10


def test_a_low_battery_goes_back_to_the_grid_at_recharge_and_to_battery_at_redischarge() -> None:
    site = plant(NIGHT, soc=12, charger=ChargerSource.SOLAR_AND_UTILITY)
    site.settings_from({"battery_recharge_voltage": 50.5, "max_utility_charging_current": 40})
    site.extra_load = 1500
    until(site, "line", within=3 * 3600)
    assert site.battery.voltage > 50.4
    assert site.inverter_readings()["output_voltage"] == pytest.approx(230, abs=8)
    site.run(600)
    assert mode(site) == "line"
    assert 50.6 < site.battery.voltage < 54.0, "between the thresholds it stays"
    assert site.inverter_readings()["charging_from_grid"] is True
    until(site, "battery", within=12 * 3600)
    assert site.battery.voltage > 53.4
    assert site.ledger.grid_import > 5000


def test_redischarge_of_zero_means_full() -> None:
    site = plant(NIGHT, soc=9, charger=ChargerSource.SOLAR_AND_UTILITY)
    site.settings_from(
        {"battery_recharge_voltage": 51, "battery_redischarge_voltage": 0, "max_utility_charging_current": 40}
    )
    site.extra_load = 1200
    until(site, "line", within=7200)
    until(site, "battery", within=14 * 3600)
    assert site.inverter.charger.stage is Stage.FLOAT
    assert site.soc > 95


def test_without_grid_it_discharges_to_the_cut_off_and_waits_for_the_sun() -> None:
    site = plant(NIGHT, soc=7, contactor_closed=False)
    site.extra_load = 700
    until(site, "standby", within=3 * 3600)
    values = site.inverter_readings()
    assert (values["output_voltage"], values["output_power"], values["load_on"]) == (0, 0, False)
    before = site.ledger.unserved
    site.run(600)
    assert site.ledger.unserved > before
    assert mode(site) == "standby"
    site.extra_load = 0
    until(site, "battery", within=12 * 3600)
    assert site.now.hour >= 5
    assert site.battery.voltage > 50


def test_a_cut_off_battery_is_carried_by_the_grid() -> None:
    site = plant(NIGHT, soc=7, contactor_closed=False)
    site.extra_load = 700
    until(site, "standby", within=3 * 3600)
    site.contactor_closed = True
    until(site, "line", within=30)
    assert site.flows.unserved == 0


def test_an_outage_is_bridged_without_a_gap_and_the_grid_is_taken_back() -> None:
    site = plant(NIGHT, 60, Output.USB, faults=((FaultKind.OUTAGE, 100, 300),))
    site.run(95, step=1)
    assert mode(site) == "line"
    site.run(205, step=1)
    assert mode(site) == "battery"
    assert not site.grid_side_nominal
    assert site.grid_readings()["voltage"] == 0
    site.run(140, step=1)
    assert float(site.grid_readings()["voltage"]) > 200
    assert mode(site) == "battery", "the relays wait before they close again"
    until(site, "line", within=60)
    assert site.ledger.unserved == 0


@pytest.mark.parametrize("kind", [kind for kind in FaultKind if kind is not FaultKind.OUTAGE])
def test_a_bad_grid_is_kept_from_the_inverter_by_its_relays(kind: FaultKind) -> None:
    site = plant(NIGHT, 60, Output.USB, faults=((kind, 60, 120),))
    site.run(30, step=1)
    assert mode(site) == "line"
    site.run(60, step=1)
    assert float(site.grid_readings()["voltage"]) > 150
    assert site.inverter_readings()["grid_voltage"] == 0
    assert not site.grid_side_nominal
    assert mode(site) == "battery"


def test_too_much_load_is_a_fault_and_starts_again_when_it_has_gone() -> None:
    site = plant(NIGHT, 70, contactor_closed=False)
    site.extra_load = 5900
    site.run(5, step=1)
    assert mode(site) == "battery"
    site.run(10, step=1)
    assert mode(site) == "fault"
    values = site.inverter_readings()
    assert (values["output_voltage"], values["problem"]) == (0, True)
    assert {"inverter_fault", "overload"} <= site.inverter_warnings()
    site.extra_load = 0
    until(site, "battery", within=70)


def test_a_short_surge_is_carried() -> None:
    site = plant(NIGHT, 70)
    site.extra_load = 5900
    site.run(8, step=1)
    site.extra_load = 0
    site.run(30, step=1)
    assert mode(site) == "battery"
    assert site.ledger.unserved == 0


def test_the_heat_sink_warms_with_the_load() -> None:
    site = plant(NIGHT, 80)
    site.run(1800)
    cool = site.inverter.heat_sink
    site.extra_load = 4000
    site.run(1800)
    assert cool + 10 < site.inverter.heat_sink < 75


def test_efficiency_is_what_the_maker_says() -> None:
    converter = Converter()
    load = 2500.0
    battery = (load + converter.loss(load) + converter.own) / converter.battery
    assert 0.90 < load / battery < 0.94
    bus = load + converter.loss(load)
    assert converter.inverted(bus) == pytest.approx(load)


def test_settings_that_nobody_changed_stay_and_unknown_ones_are_refused() -> None:
    site = plant(NIGHT, 70)
    before = site.inverter.settings
    site.settings_from({"output_source_priority": "SBU", "mode": "line", "grid_voltage": 230})
    assert site.inverter.settings is before
    site.settings_from({"output_source_priority": "USB"})
    assert site.inverter.settings == replace(before, output_source_priority=Output.USB)
    with pytest.raises(ValueError, match="ZZZ"):
        site.settings_from({"output_source_priority": "ZZZ"})
