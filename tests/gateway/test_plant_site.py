"""The plant as a whole: energies that balance, steps, commands and scenes."""

import math
from dataclasses import asdict
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridward.plant import (
    ChargerSource,
    FaultKind,
    GridFault,
    GridSettings,
    InverterSettings,
    Ledger,
    Output,
    Plant,
    PlantSettings,
    Scene,
    scene,
)
from gridward.plant.battery import BatterySettings
from gridward_kit.keys import BATTERY, BINARY, INVERTER, METER
from gridward_kit.point import Value

ZONE = ZoneInfo("Europe/Bratislava")
START = datetime(2026, 1, 1, tzinfo=ZONE)
inverters = st.builds(
    InverterSettings,
    output_source_priority=st.sampled_from(Output),
    charger_source_priority=st.sampled_from(ChargerSource),
    max_charging_current=st.sampled_from([10.0, 40.0, 100.0]),
    max_utility_charging_current=st.sampled_from([2.0, 30.0, 60.0]),
    battery_recharge_voltage=st.floats(44, 51),
    battery_redischarge_voltage=st.one_of(st.just(0.0), st.floats(48, 58)),
    battery_under_voltage=st.floats(42, 48),
    battery_bulk_voltage=st.floats(48, 58.4),
    battery_float_voltage=st.floats(48, 58.4),
)
commands: st.SearchStrategy[dict[str, Value]] = st.fixed_dictionaries(
    {},
    optional={
        "output_source_priority": st.sampled_from(["USB", "SUB", "SBU"]),
        "charger_source_priority": st.sampled_from([item.value for item in ChargerSource]),
        "max_charging_current": st.sampled_from([10, 60]),
        "battery_bulk_voltage": st.floats(48, 58.4),
    },
)
moves = st.tuples(
    st.one_of(st.sampled_from([0.2, 1.0, 60.0]), st.floats(0.2, 60)),
    commands,
    st.booleans(),  # contactor closed
    st.sampled_from([0.0, 0.0, 2000.0, 6000.0, 12000.0]),  # extra load
    st.tuples(st.booleans(), st.booleans()),  # MOSFET switches
)
sites = st.builds(
    PlantSettings,
    start=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 30), timezones=st.just(ZONE)),
    battery=st.builds(BatterySettings, soc=st.floats(0, 100), soc_spread=st.floats(0, 2)),
    inverter=inverters,
    grid=st.builds(GridSettings, random_faults=st.sampled_from([0.0, 0.9])),
    cloud_cover=st.one_of(st.none(), st.floats(0, 1)),
    contactor_closed=st.booleans(),
)


@settings(max_examples=60)
@given(sites, st.integers(0, 1000), st.lists(moves, min_size=1, max_size=25))
def test_energies_balance_at_every_step_whatever_happens(
    site: PlantSettings,
    seed: int,
    story: list[tuple[float, dict[str, Value], bool, float, tuple[bool, bool]]],
) -> None:
    plant = Plant(site, seed)
    for span, wishes, closed, extra, (charge, discharge) in story:
        plant.settings_from(wishes)
        plant.contactor_closed, plant.extra_load = closed, extra
        plant.battery_readings()
        plant.switches_from({"charge_mosfet": charge, "discharge_mosfet": discharge})
        before = plant.ledger
        plant.step(span)
        part = plant.ledger.since(before)
        assert part.imbalance == pytest.approx(0, abs=1e-7)
        assert all(value >= -1e-7 for value in asdict(part).values())
        check_physics(plant, part, span)


def check_physics(plant: Plant, part: Ledger, span: float) -> None:
    """What holds after every step."""
    flows = plant.flows
    assert part.pv + part.curtailed == pytest.approx(plant.pv_possible * span / 3600, abs=1e-7)
    assert min(part.battery_in, part.battery_out) == 0
    assert flows.load == 0 or flows.unserved == 0
    assert 0 <= plant.soc <= 100
    assert 0 <= plant.bms.soc <= 100
    if not plant.grid_at_inverter:
        assert flows.grid == 0
    if not plant.bms.charge_switch:
        assert flows.current <= 0
    if not plant.bms.discharge_switch:
        assert flows.current >= 0
    for readings in (plant.inverter_readings(), plant.battery_readings(), plant.grid_readings()):
        for value in readings.values():
            assert isinstance(value, str) or math.isfinite(value)
    if plant.inverter_answering:
        losses_at_least = 15 if not plant.inverter.output_on else 60
        assert flows.losses >= losses_at_least - 1e-9


@given(st.sampled_from([0.2, 1.0, 7.0, 30.0]))
def test_the_story_does_not_depend_on_the_step(step: float) -> None:
    begin = PlantSettings(start=datetime(2026, 5, 4, 7, tzinfo=ZONE), cloud_cover=0.3)
    coarse, fine = Plant(begin), Plant(begin)
    coarse.run(1800)
    fine.run(1800, step=step)
    assert fine.now == coarse.now
    for key, energy in asdict(coarse.ledger).items():
        assert asdict(fine.ledger)[key] == pytest.approx(energy, rel=0.03, abs=3)
    assert fine.soc == pytest.approx(coarse.soc, abs=0.05)
    assert fine.battery.voltage == pytest.approx(coarse.battery.voltage, abs=0.05)


def test_the_same_seed_tells_the_same_story_and_another_another() -> None:
    plants = [Plant(scene("sunny_noon"), seed) for seed in (5, 5, 6)]
    for plant in plants:
        plant.run(7200)
    one, same, other = ([plant.inverter_readings(), plant.battery_readings()] for plant in plants)
    assert one == same != other


def test_time_is_the_sites_and_moves_only_by_steps() -> None:
    plant = Plant(PlantSettings(start=datetime(2026, 10, 25, 1, 30, tzinfo=ZONE)))
    assert plant.now.isoformat() == "2026-10-25T01:30:00+02:00"
    plant.run(2 * 3600)
    assert plant.now.isoformat() == "2026-10-25T02:30:00+01:00"
    assert plant.ledger.load > 0
    with pytest.raises(ValueError, match="no time zone"):
        Plant(PlantSettings(start=datetime(2026, 1, 1)))


@pytest.mark.parametrize("span", [0, -1, 60.001, math.nan])
def test_steps_that_cannot_be_are_refused(span: float) -> None:
    plant = Plant()
    before = plant.now
    with pytest.raises(ValueError, match="a step is"):
        plant.step(span)
    assert plant.now == before


def test_the_ledger_begins_with_the_plant_and_the_counters_do_not_go_back() -> None:
    plant = Plant(scene("sunny_noon"))
    assert plant.ledger == Ledger()
    counted = float(plant.inverter_readings()["pv_energy"])
    assert counted > 0
    plant.run(3600)
    assert float(plant.inverter_readings()["pv_energy"]) == pytest.approx(
        counted + plant.ledger.pv / 1000, abs=0.002
    )


def test_readings_speak_the_kits_keys() -> None:
    plant = Plant(scene("outage_at_dusk"))
    settings_keys = plant.inverter_settings().keys()
    strings = {key for key in INVERTER if key.startswith("pv2") or key == "pv_total_power"}  # it has one
    canonical = set(INVERTER) - strings | set(BINARY["inverter"])
    assert canonical <= plant.inverter_readings().keys() | settings_keys
    assert not settings_keys & plant.inverter_readings().keys()
    assert set(BATTERY) | set(BINARY["battery"]) - {"problem"} <= plant.battery_readings().keys()
    assert plant.grid_readings().keys() <= set(METER)


def test_devices_agree_on_what_they_both_measure() -> None:
    plant = Plant(scene("sunny_noon"))
    for _ in range(200):
        plant.step(60)
        inverter, battery = plant.inverter_readings(), plant.battery_readings()
        assert float(inverter["battery_voltage"]) == pytest.approx(float(battery["voltage"]), abs=0.1)
        assert float(inverter["battery_current"]) == pytest.approx(float(battery["current"]), abs=1)
        assert float(inverter["pv_voltage"]) * float(inverter["pv_current"]) == pytest.approx(
            float(inverter["pv_power"]), rel=0.05, abs=30
        )


def test_a_mosfet_that_protection_opened_is_nobodys_command() -> None:
    plant = Plant(PlantSettings(start=START, battery=BatterySettings(soc=99.9)))
    plant.bms.failures = frozenset({"cell_voltage_high_protection"})
    state = plant.battery_readings()
    assert state["charge_mosfet"] is False
    plant.switches_from(state)
    assert plant.bms.charge_switch
    state["charge_mosfet"] = True
    plant.switches_from(state)
    assert plant.bms.charge_switch
    plant.bms.failures = frozenset()
    state = plant.battery_readings()
    state["charge_mosfet"] = False
    plant.switches_from(state)
    assert not plant.bms.charge_switch


def test_the_counter_of_the_bms_can_be_set() -> None:
    plant = Plant(PlantSettings(start=START, battery=BatterySettings(soc=60)))
    state = plant.battery_readings()
    plant.switches_from({**state, "soc": 33.3})
    assert plant.battery_readings()["soc"] == 33.3
    assert plant.soc == pytest.approx(60, abs=1)


@pytest.mark.parametrize("name", [item.value for item in Scene])
def test_a_scene_is_the_same_moment_each_time(name: str) -> None:
    first, second = Plant(scene(name)), Plant(scene(name))
    assert first.now == second.now == scene(name).start
    assert first.inverter_readings() == second.inverter_readings()
    assert first.battery_readings() == second.battery_readings()


def test_scenes_show_what_they_are_called() -> None:
    noon, dusk, broken, night = (Plant(scene(name)) for name in Scene)
    assert noon.flows.pv > 2000
    assert noon.flows.battery > 500
    assert not noon.contactor_closed
    assert dusk.grid.voltage == 0
    assert dusk.contactor_closed
    assert dusk.flows.battery < -1000
    assert broken.battery_readings() == {}
    assert broken.inverter_readings()
    assert broken.grid_at_inverter
    assert night.flows.pv == 0
    assert night.flows.battery < -100
    assert night.soc < 50
    with pytest.raises(ValueError, match="blizzard"):
        scene("blizzard")


def test_scheduled_faults_happen_on_time() -> None:
    at = START.timestamp() + 600
    fault = GridFault(FaultKind.OVER_FREQUENCY, at, 120)
    plant = Plant(PlantSettings(start=START, grid=GridSettings(faults=(fault,))))
    seen = []
    for _ in range(30):
        plant.step(30)
        if not plant.grid.nominal:
            seen.append(plant.moment - at)
    assert seen == [30, 60, 90, 120]


def test_random_faults_are_seeded_and_about_as_many_as_said() -> None:
    counts = []
    for seed in (1, 1, 2):
        plant = Plant(PlantSettings(start=START, grid=GridSettings(random_faults=0.5)), seed)
        days = set()
        for minute in range(60 * 1440):
            plant.grid.step(START.timestamp() + minute * 60, 60)
            if not plant.grid.nominal:
                days.add(minute // 1440)
        counts.append(days)
    assert counts[0] == counts[1] != counts[2]
    assert 10 < len(counts[0]) < 45
