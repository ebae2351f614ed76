"""What the simulated SRNE units show until somebody changes it: values like published ones. Pure."""

from collections.abc import Mapping

from gridward_kit.entity import Button, Number, Select, Switch
from gridward_kit.point import Derived, Value
from gridward_srne.entities import rows
from gridward_srne.faults import NONE, RECORDS
from gridward_srne.series import MPPT, PHASES, Shape

ABOUT: Mapping[str, Value] = {
    "product_type": "all_in_one",
    "firmware": "8.18",
    "second_firmware": "3.01",
    "hardware": "3.00",
    "power_board": "3.00",
    "panel_version": "1.05",
    "address": 1,
    "model_code": 45,
    "protocol_version": "1.07",
    "manufactured": "2024-03-15 10:00",
    "factory_site": "Dongguan",
    "build_time": "Mar 01 2024 09:30:11",
    "serial_number": "SR2403150123456",
    "second_build_time": "Mar 01 2024 09:31:40",
}
LIVING: Mapping[str, Value] = {
    "battery_soc": 55,
    "battery_voltage": 53.1,
    "battery_current": 0.9,
    "battery_temperature": 24.5,
    "battery_health": 99,
    "battery_rated_capacity": 280,
    "battery_remaining_capacity": 154,
    "pv_voltage": 312.4,
    "pv_current": 2.1,
    "pv_power": 656,
    "pv2_voltage": 298.7,
    "pv2_current": 1.8,
    "pv2_power": 537,
    "charge_state": "constant_current",
    "battery_cycles": 131,
    "charging_power": 52,
    "bms_voltage": 53.1,
    "bms_temperature": 24.0,
    "bms_charge_voltage_limit": 56.8,
    "bms_charge_current_limit": 100.0,
    "bms_discharge_current_limit": 100.0,
    "battery2_voltage": 53.0,
    "battery2_current": 0.0,
    "pack_count": 2,
    "cell_voltage_max": 3.325,
    "cell_voltage_min": 3.317,
    "cell_temperature_max": 25.0,
    "cell_temperature_min": 23.5,
    "fault_bits": f"{0:016x}",
    "device_clock": "2026-11-21 14:05:30",
    "mode": "line",
    "bus_voltage": 526.6,
    "grid_frequency": 59.95,
    "output_frequency": 59.95,
    "ac_charging_current": 1.0,
    "dc_heat_sink_temperature": 31.0,
    "heat_sink_temperature": 42.1,
    "transformer_temperature": 47.3,
    "pv_charging_current": 21.4,
    "positive_bus_voltage": 263.4,
    "negative_bus_voltage": 263.3,
    "parallel_units": 1,
}
PER_LEG: Mapping[str, Value] = {
    "grid_voltage": 229.6,
    "grid_current": 1.9,
    "output_voltage": 230.4,
    "inverter_current": 1.2,
    "output_current": 1.6,
    "output_power": 355,
    "output_apparent_power": 368,
    "load_percentage": 7,
    "grid_flow": 410,
}
SET: Mapping[str, Value] = {
    "nominal_battery_voltage": 48,
    "battery_type": "LFP 16s",
    "stop_charge_soc": 100,
    "low_soc_alarm": 15,
    "grid_soc": 10,
    "battery_soc_return": 100,
    "cut_off_soc": 5,
    "output_source_priority": "USB",
    "charger_source_priority": "solar_and_utility",
    "max_utility_charging_current": 70.0,
    "max_charging_current": 200.0,
    "output_voltage_setting": 230.0,
    "output_frequency_setting": 50.0,
    "bms_protocol": "8 Pylontech",
    "discharge_slot_1_power": 6000,
    "charge_slot_1_power": 6000,
}
COUNTED: Mapping[str, Value] = {
    "statistics_date": "2026-11-20 23:00",
    "battery_charge_today": 21,
    "battery_discharge_today": 4,
    "pv_energy_today": 3.4,
    "load_energy_today": 5.1,
    "running_days": 214,
    "export_energy": 12.5,
    "battery_charge": 18204,
    "battery_discharge": 17655,
    "pv_energy": 2204.7,
    "load_energy": 2870.3,
    "utility_charge": 1422,
    "bypass_energy": 911.4,
    "battery_charge_energy": 967.2,
    "battery_discharge_energy": 911.8,
    "powered_on_at": "2026-11-02 07:12:44",
    "equalised_at": "2026-10-01 00:00:00",
    "fault_record_1": "58 BMS communication lost, 2026-03-05 14:02:11",
    "fault_record_2": "14 Overload of the inverter, 2026-06-19 18:40:02",
    "fault_record_3": "1 Battery voltage low",
}
CONTROLLER: Mapping[str, Value] = {
    "system_voltage_max": 48,
    "rated_charging_current": 60,
    "rated_load_current": 20,
    "model_text": "ML4860",
    "firmware": "03.02.01",
    "hardware": "01.02.03",
    "serial_number": "16820A31",
    "address": 1,
    "battery_soc": 88,
    "battery_voltage": 52.8,
    "battery_current": 11.25,
    "heat_sink_temperature": 27,
    "battery_temperature": -3,
    "dc_load_voltage": 52.8,
    "dc_load_current": 0.45,
    "dc_load_power": 24,
    "pv_voltage": 96.3,
    "pv_current": 6.31,
    "pv_power": 607,
    "dc_load": True,
    "load_on": True,
    "brightness": 100,
    "charge_state": "mppt",
    "battery_voltage_min_today": 51.2,
    "battery_voltage_max_today": 54.6,
    "battery_charge_today": 37,
    "battery_discharge_today": 5,
    "pv_energy_today": 1.934,
    "load_energy_today": 0.211,
    "running_days": 402,
    "battery_charge": 15004,
    "battery_discharge": 2207,
    "pv_energy": 802.117,
    "load_energy": 118.02,
    "battery_type": "user",
    "system_voltage_setting": 48,
    "nominal_battery_voltage": 48,
    "load_mode": "manual",
    "pv_energy_1_days_ago": 2.511,
}


def state(shape: Shape) -> dict[str, Value]:
    """The state of a simulated unit: every row of it that holds something."""
    if shape.model == MPPT:
        known = {**_least(shape), **CONTROLLER}
    else:
        records = {f"fault_record_{number}": NONE for number in range(1, RECORDS + 1)}
        known = {
            **records,
            **_least(shape),
            **ABOUT,
            **LIVING,
            **_legs(PHASES[shape.model]),
            **SET,
            **COUNTED,
        }
    keys = {row.key for row in rows(shape) if not isinstance(row.at, Derived) and not isinstance(row, Button)}
    return {key: value for key, value in known.items() if key in keys}


def _legs(phases: int) -> dict[str, Value]:
    if phases == 1:
        return dict(PER_LEG)
    names = [f"l{phase}" for phase in range(1, phases + 1)]
    return {f"{key}_{name}": value for key, value in PER_LEG.items() for name in names}


def _least(shape: Shape) -> dict[str, Value]:
    """Every setting at its lowest, every other one at its first option, or off."""
    found: dict[str, Value] = {}
    for row in rows(shape):
        match row:
            case Number():
                found[row.key] = row.low
            case Select():
                found[row.key] = row.options[0]
            case Switch():
                found[row.key] = False
    return found
