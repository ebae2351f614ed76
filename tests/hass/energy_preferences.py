"""The energy dashboard with the site's counters, as a person sets it up; its own check finds no fault."""

from hass.broker_ear import until
from hass.core_house import Core

from gridward_kit.kept import Json

ENERGY = {
    "solar": "sensor.site_pv_energy",
    "from": "sensor.site_grid_import_energy",
    "to": "sensor.site_grid_export_energy",
    "in": "sensor.site_battery_charge_energy",
    "out": "sensor.site_battery_discharge_energy",
}
GRID: dict[str, Json] = {
    "type": "grid",
    "flow_from": [
        {
            "stat_energy_from": ENERGY["from"],
            "stat_cost": None,
            "entity_energy_price": None,
            "number_energy_price": 0.18,
        }
    ],
    "flow_to": [
        {
            "stat_energy_to": ENERGY["to"],
            "stat_compensation": None,
            "entity_energy_price": None,
            "number_energy_price": 0.05,
        }
    ],
    "cost_adjustment_day": 0,
}
SUN: dict[str, Json] = {
    "type": "solar",
    "stat_energy_from": ENERGY["solar"],
    "config_entry_solar_forecast": None,
}
BANK: dict[str, Json] = {
    "type": "battery",
    "stat_energy_from": ENERGY["out"],
    "stat_energy_to": ENERGY["in"],
}
FINE: dict[str, Json] = {"energy_sources": [[], [], []], "device_consumption": []}


def check_energies(core: Core) -> None:
    """Save the preferences and have them validated; an hour of statistics stands in for the first hour."""
    until(lambda: all(core.state(one) not in ("", "unknown", "unavailable") for one in ENERGY.values()))
    for entity in ENERGY.values():
        about: dict[str, Json] = {
            "has_mean": False,
            "has_sum": True,
            "name": None,
            "source": "recorder",
            "statistic_id": entity,
            "unit_of_measurement": "kWh",
        }
        hour: list[Json] = [{"start": "2026-01-01T00:00:00+00:00", "state": 0, "sum": 0}]
        core.every("recorder/import_statistics", metadata=about, stats=hour)
    core.ask("energy/save_prefs", energy_sources=[GRID, SUN, BANK])
    until(lambda: FINE.items() <= core.ask("energy/validate").items())
    until(lambda: core.ask("recorder/validate_statistics") == {})
