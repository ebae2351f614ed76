"""A year of a plant balances, and has the seasons that a house has."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gridward.plant import (
    ChargerSource,
    GridSettings,
    InverterSettings,
    Ledger,
    Plant,
    PlantSettings,
)

Lived = dict[int, tuple[Ledger, float, float, float, float]]
BANK = 280 * 51.2  # Wh, of 16 cells


def begun(month: int) -> Plant:
    return Plant(
        PlantSettings(
            start=datetime(2026, month, 1, tzinfo=UTC),
            inverter=InverterSettings(charger_source_priority=ChargerSource.SOLAR_FIRST),
            grid=GridSettings(random_faults=0.05),
        )
    )


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((1, 6, 7, 12), id="two months of winter and two of summer"),
        pytest.param(tuple(range(1, 13)), id="a year", marks=pytest.mark.soak),
    ],
)
def months(request: pytest.FixtureRequest) -> Lived:
    """Each month in minutes: its energies, lowest and highest SoC, widest spread of cells (V), and how much
    more is in the bank at its end (Wh)."""
    found: Lived = {}
    plant = begun(1)
    for month in request.param:
        if plant.now.month != month:
            plant = begun(month)
        before, full = replace(plant.ledger), plant.soc
        low, high, spread = 100.0, 0.0, 0.0
        while plant.now.month == month:
            plant.step(60)
            low, high = min(low, plant.soc), max(high, plant.soc)
            spread = max(spread, max(plant.battery.voltages) - min(plant.battery.voltages))
        found[month] = (plant.ledger.since(before), low, high, spread, (plant.soc - full) / 100 * BANK)
    return found


def test_a_year_balances_and_the_battery_lives_through_it(months: Lived) -> None:
    for energies, low, high, spread, _ in months.values():
        assert energies.imbalance == pytest.approx(0, abs=1e-4)
        assert energies.unserved < 0.01 * energies.load  # an outage while the battery was empty
        assert 1 < low < high <= 99.9
        assert spread < 0.4
    taken = sum(energies.battery_in for energies, *_ in months.values())
    given = sum(energies.battery_out + more for energies, *_, more in months.values())
    assert 0.93 < given / taken < 0.995


def test_a_year_leans_on_the_grid_in_winter_and_has_sun_to_spare_in_summer(months: Lived) -> None:
    energies = {month: lived for month, (lived, *_) in months.items()}
    winter = [one for month, one in energies.items() if month in (1, 2, 11, 12)]
    summer = [one for month, one in energies.items() if 5 <= month <= 8]
    assert sum(item.grid_import for item in winter) > 5 * sum(item.grid_import for item in summer)
    assert sum(item.curtailed for item in summer) > 5 * sum(item.curtailed for item in winter)
    assert 2_000_000 < sum(item.load for item in energies.values()) * 12 / len(energies) < 3_500_000
