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
    charging, discharging = round(max(0.0, flows.current)), round(max(0.0, -flows.current))
    voltage = round(plant.inverter.battery_voltage, 2)
    watts, apparent = round(flows.load), round(flows.load / plant.settings.habits.power_factor)
    volts = plant.sunlight.voltage(flows.pv, plant.pv_possible, plant.pv_cell_temperature)
    return {
        **inverter_terminals(plant),
        "output_apparent_power": apparent,
        "load_percentage": round(100 * max(watts, apparent) / plant.settings.converter.rated),
        "pv_voltage": round(volts, 1),
        "pv_current": round(flows.pv / volts, 1) if volts else 0.0,
        "bus_voltage": round(372 + 8 * _ripple(plant, 2) + 20 * (flows.pv > 0)),
        "battery_voltage": voltage,
        "battery_charging_current": charging,
        "battery_discharge_current": discharging,
        "battery_current": charging - discharging,
        "battery_power": round(voltage * (charging - discharging)),
        "battery_soc": round(max(0.0, min(100.0, 100 * (voltage - 46.5) / (54.0 - 46.5)))),
        "heat_sink_temperature": round(plant.inverter.heat_sink),
        "switched_on": True,
        "feeding_load": plant.inverter.output_on and (flows.pv > 0 or plant.inverter.mode is Mode.LINE),
        "load_on": plant.inverter.output_on,
        "charging": flows.current > 0,
        "charging_from_pv": flows.current > 0 and flows.pv > 0,
        "charging_from_grid": flows.grid_charging > 0,
        "charging_to_float": plant.inverter.charger.stage is Stage.FLOAT,
        "pv_energy": round(plant.life.pv / 1000, 3),
        "load_energy": round(plant.life.load / 1000, 3),
    }


def inverter_terminals(plant: "Plant") -> dict[str, Value]:
    """The part of an inverter's live values that is about its mode, its AC side and the panels' power."""
    connected = plant.grid_at_inverter
    volts, hertz = _output(plant)
    return {
        "grid_voltage": round(plant.grid.voltage, 1) if connected else 0.0,
        "grid_frequency": round(plant.grid.frequency, 1) if connected else 0.0,
        "output_voltage": volts,
        "output_frequency": hertz,
        "output_power": round(plant.flows.load),
        "pv_power": round(plant.flows.pv),
        "mode": plant.inverter.mode.value,
        "problem": any(_troubles(plant).values()),
    }


def _output(plant: "Plant") -> tuple[float, float]:
    """V and Hz at the output."""
    if not plant.inverter.output_on:
        return 0.0, 0.0
    if plant.inverter.mode is Mode.LINE:
        return round(plant.grid.voltage, 1), round(plant.grid.frequency, 1)
    sag = 0.6 * plant.flows.load / plant.settings.converter.rated
    return round(OUTPUT_VOLTAGE - sag + 0.3 * _ripple(plant, 1), 1), OUTPUT_FREQUENCY


def inverter_warnings(plant: "Plant") -> frozenset[str]:
    """The flags of QPIWS that stand; an overload is a fault while `inverter_fault` stands."""
    flags = {**_troubles(plant), "line_fail": not plant.grid_at_inverter}
    return frozenset(name for name, stands in flags.items() if stands)


def _troubles(plant: "Plant") -> dict[str, bool]:
    """The flags that are its own; a grid that is away is none of its problems."""
    voltage = plant.inverter.battery_voltage
    faulty = plant.inverter.fault_code != 0
    return {
        "inverter_fault": faulty,
        "battery_low": 0 < voltage <= plant.inverter.settings.battery_under_voltage + BATTERY_LOW,
        "battery_under_shutdown": plant.inverter.mode is Mode.STANDBY,
        "battery_open": voltage == 0,
        "overload": faulty,
    }


def meter(plant: "Plant") -> dict[str, Value]:
    """A meter in front of the contactor: it sees the grid's voltage also while islanded."""
    volts, watts = plant.grid.voltage, plant.flows.grid
    return {
        **grid(plant),
        "current": round(watts / volts, 2) if volts else 0.0,
        "power": round(watts, 1),
        "apparent_power": round(watts / plant.settings.habits.power_factor, 1),
        "import_energy": round(plant.life.grid_import / 1000, 2),
        "export_energy": 0.0,
    }


def grid(plant: "Plant") -> dict[str, Value]:
    """The part of it that is about the grid itself."""
    return {"voltage": round(plant.grid.voltage, 1), "frequency": round(plant.grid.frequency, 2)}


def house_meter(plant: "Plant") -> dict[str, Value]:
    """A meter behind the inverter's output."""
    (volts, hertz), watts = _output(plant), round(plant.flows.load, 1)
    factor = plant.settings.habits.power_factor
    return {
        "voltage": volts,
        "frequency": hertz,
        "current": round(watts / factor / volts, 2) if volts else 0.0,
        "power": watts,
        "apparent_power": round(watts / factor, 1),
        "power_factor": factor if watts else 1.0,
        "total_energy": round(plant.life.load / 1000, 2),
    }


def _ripple(plant: "Plant", salt: int) -> float:
    return 2 * draw(salt, int(plant.moment * 10)) - 1
