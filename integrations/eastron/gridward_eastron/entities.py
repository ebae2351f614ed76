"""What Eastron meters measure: function 4, floats of two registers, high word first.

Sources: the maker's papers for SDM120 (2.4, 2.5), SDM230 (1.1), SDM630 (1.8, 2.0), SDM72D-M (1.5) and
SDM72D-M-v2 (1.1), and mbmd. Power is positive while energy is imported. What the papers only hint at is
left out: a register that some meter answers with 0 would look like a measurement.
"""

from collections.abc import Iterable
from dataclasses import replace

from gridward_kit.entity import (
    ANGLE,
    APPARENT_ENERGY,
    APPARENT_POWER,
    CURRENT,
    ENERGY,
    FREQUENCY,
    NET_ENERGY,
    POWER,
    POWER_FACTOR,
    REACTIVE_ENERGY,
    REACTIVE_POWER,
    VOLTAGE,
    Category,
    Quantity,
    Sensor,
)
from gridward_kit.integration import FAST
from gridward_kit.modbus import Register, f32
from gridward_kit.point import Derived, Value

LIVE, COUNTERS, SLOW, RARELY = 2.0, 3.0, 10.0, 60.0
"""Seconds: a meter's power is FAST, alone, so that a line of many meters has fresh ones of all."""
HARMONICS = Quantity(None, "%", precision=1)
AMPERE_HOURS = Quantity(None, "Ah", "total_increasing", 1)
NET_REACTIVE_ENERGY = Quantity(None, "kvarh", "total", 3)

Limits = tuple[float, float]
Rows = tuple[Sensor, ...]

VOLTS: Limits = (0, 600)
LINE_VOLTS: Limits = (0, 1000)
AMPERES: Limits = (0, 250)
WATTS: Limits = (-200_000, 200_000)
HERTZ: Limits = (40, 70)
COSINE: Limits = (-1.01, 1.01)
DEGREES: Limits = (-360, 360)
COUNTED: Limits = (0, 1e8)
BOTH_WAYS: Limits = (-1e8, 1e8)
SHARES: Limits = (0, 1000)


def _one(
    key: str,
    name: str,
    address: int,
    quantity: Quantity,
    limits: Limits,
    *,
    every: float | None = None,
    main: bool = True,
) -> Rows:
    """One value; what is not `main` is off at first, and seldom read."""
    category = None if main else Category.DIAGNOSTIC
    usual = SLOW if main else RARELY
    point = f32(address, every=usual if every is None else every)
    zero = quantity == FREQUENCY  # a meter without voltage says 0 Hz
    return (Sensor(key, name, point, quantity, None, category, main, limits=limits, zero_ok=zero),)


def _each(
    key: str,
    name: str,
    address: int,
    quantity: Quantity,
    limits: Limits,
    *,
    every: float | None = None,
    main: bool = True,
) -> Rows:
    """The same of L1, L2 and L3, one after the other."""
    rows: Rows = ()
    for phase in (1, 2, 3):
        place = address + 2 * (phase - 1)
        rows += _one(f"{key}_l{phase}", f"{name} L{phase}", place, quantity, limits, every=every, main=main)
    return rows


def single(rows: Iterable[Sensor]) -> Rows:
    """The rows of L1 as those of a meter with one phase, whose power is all there is."""
    return tuple(
        replace(
            row,
            key=row.key.removesuffix("_l1"),
            name=row.name.removesuffix(" L1"),
            at=replace(row.at, every=FAST) if row.key == "power_l1" else row.at,
        )
        for row in rows
        if row.key.endswith("_l1") and isinstance(row.at, Register)
    )


def widened(rows: Iterable[Sensor], factor: float) -> Rows:
    """The rows of a meter behind current transformers: so many times the current, power and energy."""
    grown = ("current", "power", "apparent_power", "reactive_power")
    return tuple(
        replace(row, limits=(row.limits[0] * factor, row.limits[1] * factor))
        if row.limits is not None and (row.quantity.device_class in grown or row.limits[1] == COUNTED[1])
        else row
        for row in rows
    )


PHASES = (
    *_each("voltage", "Voltage", 0x0000, VOLTAGE, VOLTS, every=LIVE),
    *_each("current", "Current", 0x0006, CURRENT, AMPERES, every=LIVE),
    *_each("power", "Power", 0x000C, POWER, WATTS, every=LIVE),
    *_each("apparent_power", "Apparent power", 0x0012, APPARENT_POWER, WATTS),
    *_each("reactive_power", "Reactive power", 0x0018, REACTIVE_POWER, WATTS),
    *_each("power_factor", "Power factor", 0x001E, POWER_FACTOR, COSINE),
)
ANGLES = _each("phase_angle", "Phase angle", 0x0024, ANGLE, DEGREES, main=False)
AVERAGES = (
    *_one("voltage_average", "Average voltage", 0x002A, VOLTAGE, VOLTS, main=False),
    *_one("current_average", "Average current", 0x002E, CURRENT, AMPERES, main=False),
    *_one("current", "Current", 0x0030, CURRENT, (0, 750)),
)
TOTAL_POWER = _one("power", "Power", 0x0034, POWER, WATTS, every=FAST)
TOTALS = (
    *_one("apparent_power", "Apparent power", 0x0038, APPARENT_POWER, WATTS),
    *_one("reactive_power", "Reactive power", 0x003C, REACTIVE_POWER, WATTS),
    *_one("power_factor", "Power factor", 0x003E, POWER_FACTOR, COSINE),
)
TOTAL_ANGLE = _one("phase_angle", "Phase angle", 0x0042, ANGLE, DEGREES, main=False)
MAINS = _one("frequency", "Frequency", 0x0046, FREQUENCY, HERTZ, every=COUNTERS)
ENERGIES = (
    *_one("import_energy", "Imported energy", 0x0048, ENERGY, COUNTED, every=COUNTERS),
    *_one("export_energy", "Exported energy", 0x004A, ENERGY, COUNTED, every=COUNTERS),
)
REACTIVE = (
    *_one("import_reactive_energy", "Imported reactive energy", 0x004C, REACTIVE_ENERGY, COUNTED, main=False),
    *_one("export_reactive_energy", "Exported reactive energy", 0x004E, REACTIVE_ENERGY, COUNTED, main=False),
)
APPARENT = (
    *_one("apparent_energy", "Apparent energy", 0x0050, APPARENT_ENERGY, COUNTED, main=False),
    *_one("ampere_hours", "Ampere hours", 0x0052, AMPERE_HOURS, COUNTED, main=False),
)
DEMAND = (
    *_one("power_demand", "Power demand", 0x0054, POWER, WATTS, main=False),
    *_one("power_demand_max", "Highest power demand", 0x0056, POWER, WATTS, main=False),
)
DIRECTED_DEMAND = (
    *_one("import_demand", "Import demand", 0x0058, POWER, WATTS, main=False),
    *_one("import_demand_max", "Highest import demand", 0x005A, POWER, WATTS, main=False),
    *_one("export_demand", "Export demand", 0x005C, POWER, WATTS, main=False),
    *_one("export_demand_max", "Highest export demand", 0x005E, POWER, WATTS, main=False),
)
APPARENT_DEMAND = (
    *_one("apparent_demand", "Apparent power demand", 0x0064, APPARENT_POWER, WATTS, main=False),
    *_one("apparent_demand_max", "Highest apparent power demand", 0x0066, APPARENT_POWER, WATTS, main=False),
    *_one("neutral_demand", "Neutral current demand", 0x0068, CURRENT, AMPERES, main=False),
    *_one("neutral_demand_max", "Highest neutral current demand", 0x006A, CURRENT, AMPERES, main=False),
)
LINES = (
    *_one("voltage_l1_l2", "Voltage L1 to L2", 0x00C8, VOLTAGE, LINE_VOLTS),
    *_one("voltage_l2_l3", "Voltage L2 to L3", 0x00CA, VOLTAGE, LINE_VOLTS),
    *_one("voltage_l3_l1", "Voltage L3 to L1", 0x00CC, VOLTAGE, LINE_VOLTS),
    *_one("line_voltage_average", "Average line voltage", 0x00CE, VOLTAGE, LINE_VOLTS, main=False),
)
NEUTRAL = _one("current_neutral", "Neutral current", 0x00E0, CURRENT, AMPERES)
VOLTAGE_THD = (
    *_each("voltage_thd", "Voltage distortion", 0x00EA, HARMONICS, SHARES, main=False),
    *_one("voltage_thd", "Voltage distortion", 0x00F8, HARMONICS, SHARES, main=False),
)
CURRENT_THD = (
    *_each("current_thd", "Current distortion", 0x00F0, HARMONICS, SHARES, main=False),
    *_one("current_thd", "Current distortion", 0x00FA, HARMONICS, SHARES, main=False),
)
CURRENT_DEMAND = (
    *_each("current_demand", "Current demand", 0x0102, CURRENT, AMPERES, main=False),
    *_each("current_demand_max", "Highest current demand", 0x0108, CURRENT, AMPERES, main=False),
)
LINE_THD = (
    *_one("line_thd_l1_l2", "Voltage distortion L1 to L2", 0x014E, HARMONICS, SHARES, main=False),
    *_one("line_thd_l2_l3", "Voltage distortion L2 to L3", 0x0150, HARMONICS, SHARES, main=False),
    *_one("line_thd_l3_l1", "Voltage distortion L3 to L1", 0x0152, HARMONICS, SHARES, main=False),
    *_one("line_thd", "Voltage distortion between phases", 0x0154, HARMONICS, SHARES, main=False),
)
TOTAL_ENERGY = _one("total_energy", "Energy, both directions added", 0x0156, ENERGY, COUNTED, every=COUNTERS)
TOTAL_REACTIVE = _one(
    "total_reactive_energy", "Reactive energy, both directions added", 0x0158, REACTIVE_ENERGY, COUNTED,
    main=False,
)  # fmt: skip
PHASE_ENERGIES = (
    *_each("import_energy", "Imported energy", 0x015A, ENERGY, COUNTED),
    *_each("export_energy", "Exported energy", 0x0160, ENERGY, COUNTED),
    *_each("total_energy", "Energy, both directions,", 0x0166, ENERGY, COUNTED, main=False),
)
PHASE_REACTIVE = (
    *_each(
        "import_reactive_energy", "Imported reactive energy", 0x016C, REACTIVE_ENERGY, COUNTED, main=False
    ),
    *_each(
        "export_reactive_energy", "Exported reactive energy", 0x0172, REACTIVE_ENERGY, COUNTED, main=False
    ),
    *_each(
        "total_reactive_energy", "Reactive energy, both ways,", 0x0178, REACTIVE_ENERGY, COUNTED, main=False
    ),
)
RESETTABLE = _one("resettable_energy", "Resettable energy", 0x0180, ENERGY, COUNTED, main=False)
RESETTABLE_REACTIVE = _one(
    "resettable_reactive_energy", "Resettable reactive energy", 0x0182, REACTIVE_ENERGY, COUNTED, main=False
)
RESETTABLE_DIRECTED = (
    *_one("resettable_import_energy", "Resettable imported energy", 0x0184, ENERGY, COUNTED, main=False),
    *_one("resettable_export_energy", "Resettable exported energy", 0x0186, ENERGY, COUNTED, main=False),
)
NET = _one("net_energy", "Imported less exported energy", 0x018C, NET_ENERGY, BOTH_WAYS)
DIRECTED_POWER = (
    *_one("import_power", "Imported power", 0x0500, POWER, (0, 200_000), main=False),
    *_one("export_power", "Exported power", 0x0502, POWER, (0, 200_000), main=False),
)


def _tariffs(what: str, name: str, address: int, quantity: Quantity) -> Rows:
    """Total, imported and exported, each at tariff 1 and 2."""
    rows: Rows = ()
    for number, (way, said) in enumerate(
        (("total", "both ways"), ("import", "imported"), ("export", "exported"))
    ):
        for tariff in (1, 2):
            place = address + 8 * number + 2 * (tariff - 1)
            title = f"{name} {said}, tariff {tariff}"
            rows += _one(f"{way}_{what}_t{tariff}", title, place, quantity, COUNTED, main=False)
    return rows


TARIFFS = (
    *_tariffs("energy", "Energy", 0x130C, ENERGY),
    *_tariffs("reactive_energy", "Reactive energy", 0x1324, REACTIVE_ENERGY),
)

BOTH = "import and export"


def _in_both(counted: Value, mode: Value) -> Value | None:
    return counted if mode == BOTH else None


BY_MODE = (
    *_one(
        "counted_energy", "Energy, by the measurement mode", 0x0156, NET_ENERGY, BOTH_WAYS, every=SLOW,
        main=False,
    ),
    *_one(
        "counted_reactive_energy", "Reactive energy, by the measurement mode", 0x0158, NET_REACTIVE_ENERGY,
        BOTH_WAYS, main=False,
    ),
    *(
        replace(row, at=Derived((f"counted_{what}", "measurement_mode"), _in_both))
        for row, what in zip((*TOTAL_ENERGY, *TOTAL_REACTIVE), ("energy", "reactive_energy"), strict=True)
    ),
)  # fmt: skip
"""The total of meters that count import, both, or the difference, as they are set (0xF920)."""

SINGLE = (*single(PHASES), *MAINS, *ENERGIES, *REACTIVE)
MORE_DEMAND = (*DEMAND, *DIRECTED_DEMAND, *single(CURRENT_DEMAND))
SDM120: Rows = (*SINGLE, *MORE_DEMAND, *BY_MODE)
SDM220: Rows = (*SINGLE, *single(ANGLES), *TOTAL_ENERGY, *TOTAL_REACTIVE)
SDM230: Rows = (*SINGLE, *single(ANGLES), *MORE_DEMAND, *BY_MODE, *RESETTABLE, *RESETTABLE_REACTIVE)
SDM230_2T: Rows = (*SDM230, *TARIFFS)
SDM72: Rows = (*TOTAL_POWER, *ENERGIES, *TOTAL_ENERGY, *RESETTABLE, *RESETTABLE_DIRECTED, *DIRECTED_POWER)
SDM72V2: Rows = (
    *PHASES, *AVERAGES, *TOTAL_POWER, *TOTALS, *MAINS, *ENERGIES, *LINES, *NEUTRAL, *TOTAL_ENERGY,
    *TOTAL_REACTIVE, *RESETTABLE, *RESETTABLE_DIRECTED, *NET, *DIRECTED_POWER,
)  # fmt: skip
SDM54: Rows = (
    *PHASES, *TOTAL_POWER, *TOTALS, *TOTAL_ANGLE, *MAINS, *ENERGIES, *VOLTAGE_THD, *TOTAL_ENERGY,
    *TOTAL_REACTIVE, *PHASE_ENERGIES, *TARIFFS,
)  # fmt: skip
X96: Rows = (
    *PHASES, *ANGLES, *AVERAGES, *TOTAL_POWER, *TOTALS, *TOTAL_ANGLE, *MAINS, *ENERGIES, *REACTIVE, *APPARENT,
    *DEMAND, *APPARENT_DEMAND, *LINES, *NEUTRAL, *CURRENT_DEMAND, *TOTAL_ENERGY, *TOTAL_REACTIVE,
    *PHASE_ENERGIES, *PHASE_REACTIVE,
)  # fmt: skip
SDM630: Rows = (*X96, *VOLTAGE_THD, *CURRENT_THD, *LINE_THD)
SDM630MCT: Rows = widened(SDM630, 100)
