"""What mbmd's measurements are, by their names: `PowerL1`, `ImportT2`, `VoltageL1_L2`, `Cosphi`."""

from collections.abc import Mapping
from dataclasses import dataclass

from gridward_kit.entity import (
    ANGLE,
    APPARENT_POWER,
    CURRENT,
    ENERGY,
    FREQUENCY,
    POWER,
    POWER_FACTOR,
    REACTIVE_ENERGY,
    REACTIVE_POWER,
    VOLTAGE,
    Entity,
    Quantity,
    Sensor,
)

HARMONICS = Quantity(None, "%", precision=1)
WATTS = (-1e7, 1e7)
COUNTED = (0.0, 1e9)


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement: mbmd's name, ours, and which suffixes it comes with.

    Phases `L1` to `L3`, tariffs `T1` and `T2`, strings of an inverter `S1` to `S4`.
    """

    name: str
    key: str
    title: str
    quantity: Quantity
    limits: tuple[float, float]
    suffixes: str = ""


MEASURED = (
    Measured("Voltage", "voltage", "Voltage", VOLTAGE, (0, 1500), "LS"),
    Measured("Current", "current", "Current", CURRENT, (-1e4, 1e4), "LS"),
    Measured("Power", "power", "Power", POWER, WATTS, "LS"),
    Measured("ImportPower", "import_power", "Imported power", POWER, (0, 1e7), "L"),
    Measured("ExportPower", "export_power", "Exported power", POWER, (0, 1e7), "L"),
    Measured("ApparentPower", "apparent_power", "Apparent power", APPARENT_POWER, WATTS, "L"),
    Measured("ReactivePower", "reactive_power", "Reactive power", REACTIVE_POWER, WATTS, "L"),
    Measured("Cosphi", "power_factor", "Power factor", POWER_FACTOR, (-1.01, 1.01), "L"),
    Measured("PhaseAngle", "phase_angle", "Phase angle", ANGLE, (-360, 360), "L"),
    Measured("Frequency", "frequency", "Frequency", FREQUENCY, (40, 70)),
    Measured("Import", "import_energy", "Imported energy", ENERGY, COUNTED, "LT"),
    Measured("Export", "export_energy", "Exported energy", ENERGY, COUNTED, "LT"),
    Measured("Sum", "total_energy", "Total energy", ENERGY, COUNTED, "LT"),
    Measured(
        "ReactiveImport", "import_reactive_energy", "Imported reactive energy", REACTIVE_ENERGY, COUNTED, "LT"
    ),
    Measured(
        "ReactiveExport", "export_reactive_energy", "Exported reactive energy", REACTIVE_ENERGY, COUNTED, "LT"
    ),
    Measured("ReactiveSum", "total_reactive_energy", "Total reactive energy", REACTIVE_ENERGY, COUNTED, "LT"),
    Measured("THD", "voltage_thd", "Voltage distortion", HARMONICS, (0, 1000), "L"),
)
LINES = (("L1_L2", "L1 to L2"), ("L2_L3", "L2 to L3"), ("L3_L1", "L3 to L1"))
SUFFIXES = {"L": 3, "T": 2, "S": 4}
MEANT = {"L": "", "T": "tariff ", "S": "string "}


def _row(one: Measured, suffix: str = "", title: str = "") -> Sensor:
    key = one.key + ("" if not suffix else f"_{suffix.lower()}")
    name = one.title + ("" if not title else f" {title}")
    zero = one.quantity == FREQUENCY  # a meter without voltage says 0 Hz
    return Sensor(key, name, quantity=one.quantity, limits=one.limits, zero_ok=zero)


def _rows() -> dict[str, Sensor]:
    rows: dict[str, Sensor] = {}
    for one in MEASURED:
        rows[one.name] = _row(one)
        for kind in one.suffixes:
            for number in range(1, SUFFIXES[kind] + 1):
                suffix = f"{kind}{number}"
                title = suffix if kind == "L" else f"{MEANT[kind]}{number}"
                rows[one.name + suffix] = _row(one, suffix, title)
    voltage = MEASURED[0]
    return rows | {f"Voltage{suffix}": _row(voltage, suffix, title) for suffix, title in LINES}


ROWS: Mapping[str, Sensor] = _rows()
"""The rows by mbmd's names."""
ENTITIES: tuple[Entity, ...] = tuple(ROWS.values())
