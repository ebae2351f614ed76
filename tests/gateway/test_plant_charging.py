"""Who charges the battery, how far, and what its MOSFETs let through."""

from datetime import timedelta

import pytest
from gateway.plant_days import NIGHT, NOON, mode, plant, until

from gridward.plant import ChargerSource, Output
from gridward.plant.charger import Stage


@pytest.mark.parametrize(
    ("charger", "from_grid", "from_sun"),
    [
        (ChargerSource.ONLY_SOLAR, False, True),
        (ChargerSource.SOLAR_FIRST, False, True),
        (ChargerSource.SOLAR_AND_UTILITY, True, True),
        (ChargerSource.UTILITY_FIRST, True, False),
    ],
)
def test_who_charges_by_day(charger: ChargerSource, from_grid: bool, from_sun: bool) -> None:
    site = plant(NOON, 50, Output.USB, charger, cloud_cover=0.9)
    site.step(10)
    assert (site.flows.grid_charging > 0) == from_grid
    stored_by_sun = site.flows.battery - site.flows.grid_charging > 0
    assert stored_by_sun == from_sun


@pytest.mark.parametrize("charger", list(ChargerSource))
def test_who_charges_by_night(charger: ChargerSource) -> None:
    site = plant(NIGHT, 50, Output.USB, charger)
    site.step(10)
    assert (site.flows.battery > 0) == (charger is not ChargerSource.ONLY_SOLAR)
    assert site.flows.current <= 10 + 1e-9


def test_charging_keeps_to_the_current_then_to_bulk_then_floats() -> None:
    site = plant(NOON - timedelta(hours=4), soc=75)
    highest = 0.0
    stages: list[Stage] = []
    for _ in range(9 * 120):
        site.step(30)
        assert site.flows.current <= 40 + 1e-9
        highest = max(highest, site.battery.voltage)
        if not stages or stages[-1] is not site.inverter.charger.stage:
            stages.append(site.inverter.charger.stage)
    assert stages == [Stage.BULK, Stage.ABSORB, Stage.FLOAT]
    assert 55.1 < highest < 55.4
    assert site.ledger.curtailed > 1000
    assert site.soc > 98


def test_a_lower_charging_current_and_voltage_are_obeyed() -> None:
    site = plant(NOON, soc=80)
    site.settings_from({"max_charging_current": 10})
    site.step(10)
    assert site.flows.current == pytest.approx(10)
    site.settings_from({"battery_bulk_voltage": 53.0, "battery_float_voltage": 52.9})
    site.run(1200, step=10)
    assert site.battery.voltage == pytest.approx(53.0, abs=0.4)
    assert site.flows.current < 1


def test_an_open_charge_mosfet_stops_charging_and_shows_the_chargers_voltage() -> None:
    site = plant(NOON, soc=70)
    site.battery_readings()
    site.switches_from({"charge_mosfet": False})
    site.step(10)
    assert site.flows.current == 0
    assert mode(site) == "battery"
    assert site.flows.curtailed > 500
    assert site.inverter_readings()["battery_voltage"] == 55.2
    assert site.battery_readings()["charge_mosfet"] is False


def test_an_open_discharge_mosfet_throws_the_house_on_the_grid_or_into_the_dark() -> None:
    with_grid, alone = plant(NIGHT, 70), plant(NIGHT, 70, contactor_closed=False)
    for site in (with_grid, alone):
        site.battery_readings()
        site.switches_from({"discharge_mosfet": False})
        site.step(10)
    assert mode(with_grid) == "line"
    assert with_grid.inverter_readings()["battery_voltage"] == 0
    assert with_grid.inverter_warnings() == {"battery_open"}
    assert not alone.inverter_answering
    assert alone.inverter_readings() == {}
    assert alone.flows.unserved > 0
    for site in (with_grid, alone):
        site.battery_readings()
        site.switches_from({"discharge_mosfet": True})
        until(site, "battery", within=60)
