"""The canonical keys of each kind of device: what rules, dashboards and the page rely on.

Signs are said here once. Battery current and power: positive = charging. Grid power: positive =
import. PV, load and output: positive. An integration may add keys of its own; one that means the
same as a canonical key under another name fails `check` (`SYNONYMS`).
"""

from collections.abc import Mapping

from gridward_kit.entity import (
    ANGLE,
    APPARENT_POWER,
    CELL_VOLTAGE,
    CHARGE,
    COUNT,
    CURRENT,
    CYCLES,
    ENERGY,
    ENUM,
    FREQUENCY,
    MILLISECONDS,
    NET_ENERGY,
    POWER,
    POWER_FACTOR,
    REACTIVE_ENERGY,
    REACTIVE_POWER,
    SECONDS,
    SHARE,
    SOC,
    TEMPERATURE,
    TEXT,
    TOTAL,
    VOLTAGE,
    Quantity,
)

INVERTER: Mapping[str, Quantity] = {
    "pv_power": POWER,
    "pv_voltage": VOLTAGE,
    "pv_current": CURRENT,
    "pv2_power": POWER,
    "pv_total_power": POWER,
    "pv2_voltage": VOLTAGE,
    "pv2_current": CURRENT,
    "grid_voltage": VOLTAGE,
    "grid_frequency": FREQUENCY,
    "output_voltage": VOLTAGE,
    "output_frequency": FREQUENCY,
    "output_power": POWER,
    "output_apparent_power": APPARENT_POWER,
    "load_percentage": SHARE,
    "battery_voltage": VOLTAGE,
    "battery_current": CURRENT,
    "battery_power": POWER,
    "battery_soc": SOC,
    "bus_voltage": VOLTAGE,
    "heat_sink_temperature": TEMPERATURE,
    "mode": ENUM,
    "output_source_priority": ENUM,
    "charger_source_priority": ENUM,
    "max_charging_current": CURRENT,
    "max_utility_charging_current": CURRENT,
    "battery_recharge_voltage": VOLTAGE,
    "battery_redischarge_voltage": VOLTAGE,
    "battery_under_voltage": VOLTAGE,
    "battery_bulk_voltage": VOLTAGE,
    "battery_float_voltage": VOLTAGE,
    "pv_energy": ENERGY,
    "load_energy": ENERGY,
}

BATTERY: Mapping[str, Quantity] = {
    "voltage": VOLTAGE,
    "current": CURRENT,
    "power": POWER,
    "soc": SOC,
    "remaining_capacity": CHARGE,
    "cycles": CYCLES,
    "state": ENUM,
    "cells": COUNT,
    "cell_voltage_max": CELL_VOLTAGE,
    "cell_voltage_min": CELL_VOLTAGE,
    "cell_max_number": COUNT,
    "cell_min_number": COUNT,
    "cell_spread": CELL_VOLTAGE,
    "temperature_max": TEMPERATURE,
    "temperature_min": TEMPERATURE,
}


def _phases(key: str, quantity: Quantity) -> dict[str, Quantity]:
    """The same of each phase: `power` gives `power_l1` to `power_l3`."""
    return {f"{key}_l{phase}": quantity for phase in (1, 2, 3)}


METER: Mapping[str, Quantity] = {
    "voltage": VOLTAGE,
    "current": CURRENT,
    "power": POWER,
    "apparent_power": APPARENT_POWER,
    "reactive_power": REACTIVE_POWER,
    "power_factor": POWER_FACTOR,
    "phase_angle": ANGLE,
    "frequency": FREQUENCY,
    "import_energy": ENERGY,
    "export_energy": ENERGY,
    "total_energy": ENERGY,
    "net_energy": NET_ENERGY,
    "import_reactive_energy": REACTIVE_ENERGY,
    "export_reactive_energy": REACTIVE_ENERGY,
    "total_reactive_energy": REACTIVE_ENERGY,
    **_phases("voltage", VOLTAGE),
    **dict.fromkeys(("voltage_l1_l2", "voltage_l2_l3", "voltage_l3_l1"), VOLTAGE),
    **_phases("current", CURRENT),
    "current_neutral": CURRENT,
    **_phases("power", POWER),
    **_phases("apparent_power", APPARENT_POWER),
    **_phases("reactive_power", REACTIVE_POWER),
    **_phases("power_factor", POWER_FACTOR),
    **_phases("phase_angle", ANGLE),
    **_phases("import_energy", ENERGY),
    **_phases("export_energy", ENERGY),
    **_phases("total_energy", ENERGY),
}

RELAY: Mapping[str, Quantity] = {
    "position": ENUM,
    "feedback": ENUM,
    "lease_remaining": SECONDS,
    "changes_last_hour": COUNT,
    "changes_today": COUNT,
    "reason": TEXT,
}

HOST: Mapping[str, Quantity] = {"round_trip_time": MILLISECONDS}

SITE_ENERGIES = (
    "pv_energy",
    "load_energy",
    "battery_charge_energy",
    "battery_discharge_energy",
    "grid_import_energy",
    "grid_export_energy",
)

SITE: Mapping[str, Quantity] = {
    "pv_power": POWER,
    "load_power": POWER,
    "battery_power": POWER,
    "grid_power": POWER,
    "soc": SOC,
    **dict.fromkeys(SITE_ENERGIES, ENERGY),
    **{f"{key}_{period}": ENERGY for key in SITE_ENERGIES for period in ("today", "month", "year")},
}

RULES: Mapping[str, Quantity] = {"sentence": TEXT, "decision": ENUM, "decisions": TOTAL}

CANONICAL: Mapping[str, Mapping[str, Quantity]] = {
    "inverter": INVERTER,
    "battery": BATTERY,
    "meter": METER,
    "relay": RELAY,
    "host": HOST,
    "site": SITE,
    "rules": RULES,
}

BINARY: Mapping[str, tuple[str, ...]] = {
    "battery": ("charge_mosfet", "discharge_mosfet", "balancing", "problem"),
    "inverter": ("problem", "load_on", "charging"),
    "relay": ("closed", "locked"),
    "host": ("reachable",),
}

SYNONYMS: Mapping[str, str] = {
    "state_of_charge": "soc",
    "battery_capacity": "battery_soc",
    "battery_state_of_charge": "battery_soc",
    "ac_output_voltage": "output_voltage",
    "ac_output_power": "output_power",
    "active_power": "power",
    "load_power": "output_power",
    "heatsink_temperature": "heat_sink_temperature",
    "inverter_temperature": "heat_sink_temperature",
    "pv_input_voltage": "pv_voltage",
    "pv_input_power": "pv_power",
    "pv1_power": "pv_power",
    "solar_power": "pv_power",
    "utility_voltage": "grid_voltage",
    "output_priority": "output_source_priority",
    "charger_priority": "charger_source_priority",
    "bulk_voltage": "battery_bulk_voltage",
    "float_voltage": "battery_float_voltage",
    "cell_difference": "cell_spread",
    "charge_mos": "charge_mosfet",
    "discharge_mos": "discharge_mosfet",
    "cycle_count": "cycles",
    "import": "import_energy",
    "export": "export_energy",
    "neutral_current": "current_neutral",
    "cosphi": "power_factor",
    "imported_energy": "import_energy",
    "exported_energy": "export_energy",
    "reactive_import_energy": "import_reactive_energy",
    "reactive_export_energy": "export_reactive_energy",
}


def synonym(kind: str, key: str) -> str | None:
    """The canonical key of this kind that `key` is another word for, if there is one."""
    meant = SYNONYMS.get(key)
    known = {**CANONICAL.get(kind, {}), **dict.fromkeys(BINARY.get(kind, ()))}
    return meant if meant is not None and meant in known and key not in known else None
