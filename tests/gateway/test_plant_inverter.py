"""The inverter's behaviour as stories: priorities, thresholds, outages, MOSFETs, overload."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gridward.plant import ChargerSource, InverterSettings, Output, Plant, PlantSettings
from gridward.plant.battery import BatterySettings
from gridward.plant.charger import Stage
from gridward.plant.flows import Converter
from gridward.plant.grid import FaultKind, GridFault, GridSettings
from gridward_kit.point import Value

ZONE = ZoneInfo("Europe/Bratislava")
NOON = datetime(2026, 6, 11, 12, tzinfo=ZONE)
NIGHT = datetime(2026, 6, 11, 1, tzinfo=ZONE)


def plant(
    start: datetime,
    soc: float,
    output: Output = Output.SBU,
    charger: ChargerSource = ChargerSource.ONLY_SOLAR,
    *,
    faults: tuple[tuple[FaultKind, float, float], ...] = (),
    contactor_closed: bool = True,
    cloud_cover: float = 0,
) -> Plant:
    """A plant whose faults are (kind, seconds after the start, seconds)."""
    planned = tuple(GridFault(kind, start.timestamp() + after, span) for kind, after, span in faults)
    return Plant(
        PlantSettings(
            start=start,
            battery=BatterySettings(soc=soc),
            inverter=InverterSettings(output_source_priority=output, charger_source_priority=charger),
            grid=GridSettings(faults=planned),
            cloud_cover=cloud_cover,
            contactor_closed=contactor_closed,
        )
    )


def mode(plant: Plant) -> Value | None:
    return plant.inverter_readings().get("mode")


def until(plant: Plant, wanted: str, *, within: float) -> float:
    """Run until the inverter is in this mode; seconds that it took, not over `within`."""
    begin = plant.moment
    while mode(plant) != wanted:
        assert plant.moment - begin <= within, f"not {wanted} within {within} s but {mode(plant)}"
        plant.step(5)
    return plant.moment - begin


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
