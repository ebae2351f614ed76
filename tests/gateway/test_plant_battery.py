"""The bank and its BMS: voltages, charge, heat, protection and balancing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward.plant.battery import Battery, BatterySettings
from gridward.plant.bms import LIMITS, Bms
from gridward.plant.cells import REST, cold_factor, rest_voltage

EVEN = {"soc_spread": 0.0, "capacity_spread": 0.0}


def bank(
    soc: float, temperature: float = 25, *, soc_spread: float = 0.25, capacity_spread: float = 0.6
) -> tuple[Battery, Bms]:
    settings = BatterySettings(soc=soc, soc_spread=soc_spread, capacity_spread=capacity_spread)
    battery = Battery(1, settings, temperature)
    return battery, Bms(battery, 1)


def mosfets(bms: Bms) -> tuple[bool, bool]:
    """Charge and discharge MOSFET."""
    return bms.charge_mosfet, bms.discharge_mosfet


def flow(battery: Battery, bms: Bms, current: float, seconds: float, step: float = 10) -> None:
    for _ in range(round(seconds / step)):
        discharging, charging = bms.limits(step)
        battery.step(max(-discharging, min(charging, current)), step, 25)
        bms.step(step)


def test_the_rest_voltage_rises_with_charge_from_empty_to_full() -> None:
    curve = [rest_voltage(soc / 10) for soc in range(1001)]
    assert curve == sorted(curve)
    assert curve[0] == 2.50
    assert curve[-1] == 3.65
    assert all(rest_voltage(soc) == volts for soc, volts in REST)
    assert rest_voltage(80) - rest_voltage(30) < 0.06  # the plateau
    assert cold_factor(0) == pytest.approx(2, abs=0.1)
    assert cold_factor(25) == 1


def test_voltage_falls_under_load_at_once_and_more_with_time_and_comes_back() -> None:
    battery, bms = bank(60, **EVEN)
    rest = battery.voltage
    flow(battery, bms, -50, 1, step=1)
    at_once = battery.voltage
    flow(battery, bms, -50, 300)
    later = battery.voltage
    flow(battery, bms, 0, 900)
    assert rest - at_once == pytest.approx(16 * 50 * 0.00035, rel=0.2)
    assert rest - later == pytest.approx(16 * 50 * 0.00075, rel=0.25)
    assert rest - 0.15 < battery.voltage < rest


def test_a_cold_bank_sags_more() -> None:
    sags = []
    for degrees in (0.0, 25.0):
        battery, bms = bank(60, degrees, **EVEN)
        rest = battery.voltage
        flow(battery, bms, -80, 60)
        sags.append(rest - battery.voltage)
    assert sags[0] > 1.7 * sags[1]


@given(st.floats(5, 95), st.floats(-200, 200), st.sampled_from([0.2, 1.0, 10.0, 60.0]))
def test_the_terminals_foretell_the_voltage(soc: float, current: float, step: float) -> None:
    battery, _ = bank(soc)
    terminals = battery.terminals(step)
    foretold = terminals.base + terminals.resistance * current
    battery.step(current, step, 25)
    assert battery.voltage == pytest.approx(foretold, abs=0.01 + 0.0005 * step * abs(current) / 20)


@given(st.floats(-9000, 9000), st.floats(2, 98))
def test_power_and_current_of_the_terminals_are_inverse(power: float, soc: float) -> None:
    terminals = bank(soc)[0].terminals(10)
    assert terminals.power(terminals.current(power)) == pytest.approx(power, abs=1e-6)


def test_more_power_than_the_bank_has_is_its_greatest_current() -> None:
    terminals = bank(60)[0].terminals(10)
    current = terminals.current(-1e9)
    assert terminals.power(current) > -1e9
    assert terminals.power(current) <= terminals.power(current * 1.01)


@given(st.lists(st.tuples(st.floats(-250, 250), st.floats(0.2, 60)), max_size=40), st.floats(0, 100))
def test_no_cell_leaves_empty_or_full(flows: list[tuple[float, float]], soc: float) -> None:
    battery, bms = bank(soc)
    for current, seconds in flows:
        discharging, charging = bms.limits(seconds)
        battery.step(max(-discharging, min(charging, current)), seconds, 25)
        bms.step(seconds)
        assert all(0 <= charge <= size for charge, size in zip(battery.charge, battery.capacity, strict=True))
        assert 0 <= battery.soc <= 100
        assert 0 <= bms.soc <= 100
        assert all(2.0 < volts < 4.2 for volts in battery.voltages)


def test_charging_gives_back_less_than_it_took() -> None:
    battery, bms = bank(50)
    taken = given_back = 0.0
    for current in (60, -60):
        for _ in range(2 * 3600 // 10):
            terminals = battery.terminals(10)
            energy = terminals.power(current) * 10 / 3600
            taken, given_back = taken + max(0.0, energy), given_back - min(0.0, energy)
            battery.step(current, 10, 25)
            bms.step(10)
    assert battery.soc == pytest.approx(50, abs=0.5)
    assert 0.90 < given_back / taken < 0.985


def test_nearly_all_of_the_charge_stays_and_all_of_it_comes_out() -> None:
    battery, bms = bank(50)
    moved = []
    for current in (40, -40):
        before = sum(battery.charge)
        flow(battery, bms, current, 3600)
        moved.append((sum(battery.charge) - before) / 16)
    assert moved[0] == pytest.approx(40 * 0.996, abs=0.01)
    assert moved[1] == pytest.approx(-40, abs=0.01)


def test_current_warms_the_cells() -> None:
    battery, bms = bank(90)
    flow(battery, bms, -100, 3600)
    assert 28 < battery.temperature < 40


def test_a_full_cell_opens_the_charge_mosfet_until_it_has_fallen() -> None:
    battery, bms = bank(97)
    flow(battery, bms, 60, 3600)
    assert "cell_voltage_high_protection" in bms.failures
    assert mosfets(bms) == (False, True)
    assert bms.soc == 100
    charge = list(battery.charge)
    flow(battery, bms, 60, 60)
    assert all(after <= before for after, before in zip(battery.charge, charge, strict=True))
    flow(battery, bms, -60, 900)
    assert mosfets(bms) == (True, True)
    assert max(battery.voltages) < 3.45


def test_an_empty_cell_opens_the_discharge_mosfet_until_it_is_charged() -> None:
    battery, bms = bank(4)
    flow(battery, bms, -60, 3 * 3600)
    assert "cell_voltage_low_protection" in bms.failures
    assert mosfets(bms) == (True, False)
    assert bms.soc == 0
    flow(battery, bms, 40, 1800)
    assert mosfets(bms) == (True, True)
    assert min(battery.voltages) > 3.0


def test_too_much_current_opens_the_mosfet_for_a_while() -> None:
    battery, bms = bank(60)
    flow(battery, bms, -270, 1, step=1)
    assert "discharge_overcurrent_protection" in bms.failures
    flow(battery, bms, -270, 20, step=1)
    assert battery.current == 0
    flow(battery, bms, 0, 20, step=1)
    assert mosfets(bms) == (True, True)


def test_a_frozen_bank_is_not_charged() -> None:
    bms = bank(60, -5)[1]
    bms.step(1)
    assert mosfets(bms) == (False, True)
    assert bms.readings()["charge_temperature_low_protection"] is True


@given(
    volts=st.floats(2.7, 3.7),
    difference=st.floats(0, 0.3),
    current=st.floats(-280, 160),
    warmth=st.floats(-25, 70),
)
def test_a_warning_stands_as_soon_as_one_limit_is_reached(
    volts: float, difference: float, current: float, warmth: float
) -> None:
    battery, bms = bank(50)
    battery.lowest, battery.highest = volts, volts + difference
    battery.current, battery.temperature = current, warmth
    bms._watch(1.0)
    seen = {
        "cell_voltage_high": battery.highest,
        "cell_voltage_low": battery.lowest,
        "charge_overcurrent": current,
        "discharge_overcurrent": -current,
    }
    past = {stem for stem, limit in LIMITS.items() if limit.past(limit.warning, seen.get(stem, warmth))}
    assert {stem for stem in LIMITS if f"{stem}_warning" in bms.failures} == past


@given(soc=st.floats(1, 99.5), current=st.floats(-100, 60))
def test_a_part_of_the_readings_says_what_the_whole_says(soc: float, current: float) -> None:
    battery, bms = bank(soc)
    flow(battery, bms, current, 60)
    assert (battery.lowest, battery.highest) == (min(battery.voltages), max(battery.voltages))
    assert bms.terminals().items() <= bms.bank().items() <= bms.readings().items()


def test_the_bms_counts_what_its_shunt_sees_and_loses_what_it_does_not() -> None:
    battery, bms = bank(60, **EVEN)
    flow(battery, bms, -40, 3600)
    assert bms.soc == pytest.approx(60 - 100 * 40 / 280, abs=0.1)
    counted, true = bms.soc, battery.soc
    flow(battery, bms, -0.2, 24 * 3600, step=60)
    assert bms.soc == counted
    assert battery.soc < true - 1.5
    assert bms.readings()["state"] == "idle"


def test_balancing_brings_the_cells_together_at_the_top() -> None:
    battery, bms = bank(97, soc_spread=0.3, capacity_spread=0.0)
    spread = max(battery.charge) - min(battery.charge)
    seen = False
    for _ in range(40 * 360):
        terminals = battery.terminals(10)
        limit = (55.2 - terminals.base) / terminals.resistance
        battery.step(max(0.0, min(limit, 20, bms.limits(10)[1])), 10, 25)
        bms.step(10)
        seen = seen or bms.readings()["balanced_cells"] != "none"
    assert seen
    assert max(battery.charge) - min(battery.charge) < 0.7 * spread


def test_readings_of_the_bms_agree_with_each_other() -> None:
    battery, bms = bank(70)
    flow(battery, bms, 35, 600)
    values = bms.readings()
    cells = [float(values[f"cell_{number}_voltage"]) for number in range(1, 17)]
    assert sum(cells) == pytest.approx(float(values["voltage"]), abs=0.1)
    assert values["cell_voltage_max"] == max(cells) == cells[int(values["cell_max_number"]) - 1]
    assert values["cell_voltage_min"] == min(cells) == cells[int(values["cell_min_number"]) - 1]
    assert values["state"] == "charging"
    assert values["current"] == pytest.approx(35, abs=0.3)
    assert values["remaining_capacity"] == pytest.approx(float(values["soc"]) * 2.8, abs=0.3)
    assert values["charge_mosfet"] is True
    assert f"cell_{len(cells) + 1}_voltage" not in values
