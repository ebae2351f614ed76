"""What the plant's devices would measure, in the kit's canonical keys."""

from typing import TYPE_CHECKING

from gridward.plant.charger import Stage
from gridward.plant.inverter import Mode
from gridward.plant.noise import draw
from gridward_kit.point import Value

if TYPE_CHECKING:
    from gridward.plant.site import Plant

OUTPUT_VOLTAGE = 230.0
OUTPUT_FREQUENCY = 50.0
BATTERY_LOW = 2.0  # V above the cut-off at which the inverter warns; judgement


def inverter(plant: "Plant") -> dict[str, Value]:
    """An Axpert's live values: magnitudes of currents as it sends them, and the signed battery ones."""
    flows = plant.flows
    charging, discharging = max(0.0, flows.current), max(0.0, -flows.current)
    voltage = round(plant.inverter.battery_voltage, 2)
    return {
        **_ac(plant),
        **_pv(plant),
        "bus_voltage": round(372 + 8 * _ripple(plant, 2) + 20 * (flows.pv > 0)),
        "battery_voltage": voltage,
        "battery_charging_current": round(charging),
        "battery_discharge_current": round(discharging),
        "battery_current": round(charging) - round(discharging),
        "battery_power": round(voltage * (round(charging) - round(discharging))),
        "battery_soc": round(max(0.0, min(100.0, 100 * (voltage - 46.5) / (54.0 - 46.5)))),
        "heat_sink_temperature": round(plant.inverter.heat_sink),
        "mode": plant.inverter.mode.value,
        "switched_on": True,
        "feeding_load": plant.inverter.output_on and (flows.pv > 0 or plant.inverter.mode is Mode.LINE),
        "load_on": plant.inverter.output_on,
        "charging": flows.current > 0,
        "charging_from_pv": flows.current > 0 and flows.pv > 0,
        "charging_from_grid": flows.grid_charging > 0,
        "charging_to_float": plant.inverter.charger.stage is Stage.FLOAT,
        "problem": bool(inverter_warnings(plant) - {"line_fail"}),
        "pv_energy": round(plant.life.pv / 1000, 3),
        "load_energy": round(plant.life.load / 1000, 3),
    }


def _ac(plant: "Plant") -> dict[str, Value]:
    mode, flows = plant.inverter.mode, plant.flows
    connected = plant.grid_at_inverter
    if not plant.inverter.output_on:
        volts = hertz = 0.0
    elif mode is Mode.LINE:
        volts, hertz = plant.grid.voltage, plant.grid.frequency
    else:
        sag = 0.6 * flows.load / plant.settings.converter.rated
        volts = OUTPUT_VOLTAGE - sag + 0.3 * _ripple(plant, 1)
        hertz = OUTPUT_FREQUENCY
    watts = round(flows.load)
    apparent = round(flows.load / plant.settings.habits.power_factor)
    return {
        "grid_voltage": round(plant.grid.voltage, 1) if connected else 0.0,
        "grid_frequency": round(plant.grid.frequency, 1) if connected else 0.0,
        "output_voltage": round(volts, 1),
        "output_frequency": round(hertz, 1),
        "output_power": watts,
        "output_apparent_power": apparent,
        "load_percentage": round(100 * max(watts, apparent) / plant.settings.converter.rated),
    }


def _pv(plant: "Plant") -> dict[str, Value]:
    used, cell = plant.flows.pv, plant.pv_cell_temperature
    volts = plant.sunlight.voltage(used, plant.pv_possible, cell)
    return {
        "pv_power": round(used),
        "pv_voltage": round(volts, 1),
        "pv_current": round(used / volts, 1) if volts else 0.0,
    }


def inverter_warnings(plant: "Plant") -> frozenset[str]:
    """The flags of QPIWS that stand; an overload is a fault while `inverter_fault` stands."""
    voltage = plant.inverter.battery_voltage
    faulty = plant.inverter.fault_code != 0
    flags = {
        "inverter_fault": faulty,
        "line_fail": not plant.grid_at_inverter,
        "battery_low": 0 < voltage <= plant.inverter.settings.battery_under_voltage + BATTERY_LOW,
        "battery_under_shutdown": plant.inverter.mode is Mode.STANDBY,
        "battery_open": voltage == 0,
        "overload": faulty,
    }
    return frozenset(name for name, stands in flags.items() if stands)


def meter(plant: "Plant") -> dict[str, Value]:
    """A meter in front of the contactor: it sees the grid's voltage also while islanded."""
    volts, watts = plant.grid.voltage, plant.flows.grid
    return {
        "voltage": round(volts, 1),
        "frequency": round(plant.grid.frequency, 2),
        "current": round(watts / volts, 2) if volts else 0.0,
        "power": round(watts, 1),
        "apparent_power": round(watts / plant.settings.habits.power_factor, 1),
        "import_energy": round(plant.life.grid_import / 1000, 2),
        "export_energy": 0.0,
    }


def house_meter(plant: "Plant") -> dict[str, Value]:
    """A meter behind the inverter's output."""
    output = _ac(plant)
    volts, watts = float(output["output_voltage"]), round(plant.flows.load, 1)
    factor = plant.settings.habits.power_factor
    return {
        "voltage": volts,
        "frequency": output["output_frequency"],
        "current": round(watts / factor / volts, 2) if volts else 0.0,
        "power": watts,
        "apparent_power": round(watts / factor, 1),
        "power_factor": factor if watts else 1.0,
        "total_energy": round(plant.life.load / 1000, 2),
    }


def _ripple(plant: "Plant", salt: int) -> float:
    return 2 * draw(salt, int(plant.moment * 10)) - 1
