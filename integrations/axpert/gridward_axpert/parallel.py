"""Units in parallel (QPGSn, QP2GSn): each unit's own values, and totals that every unit repeats.

The tables are written for one unit; `rows` gives them its number.
"""

from dataclasses import replace
from functools import partial

from gridward_axpert import settings
from gridward_axpert.points import Code, Part
from gridward_axpert.unit import Unit
from gridward_axpert.warnings import fault_names, named
from gridward_kit.entity import (
    APPARENT_POWER,
    CURRENT,
    ENUM,
    FREQUENCY,
    POWER,
    SHARE,
    SOC,
    VOLTAGE,
    BinarySensor,
    Category,
    Entity,
    Sensor,
)
from gridward_kit.point import Choice, Derived, Field

DIAGNOSTIC = Category.DIAGNOSTIC
BATTERY = (36.0, 64.8)
AMPERES = (0, 300)
# of each unit, on in Home Assistant from the start
SHOWN = frozenset(("present", "mode", "fault", "output_power", "battery_current"))
BATTERY_STATES = {"00": "normal", "01": "under", "10": "open"}
MODES = {
    "P": "power_on",
    "S": "standby",
    "L": "line",
    "B": "battery",
    "F": "fault",
    "H": "power_saving",
    "D": "shutdown",
    "C": "charge",
    "Y": "bypass",
    "E": "eco",
}


def _p(index: int, form: str = "") -> Field:
    return Field("QPGS", index, form)


def _enum(key: str, name: str, at: Code | Part) -> Sensor:
    return Sensor(key, name, at, ENUM, options=tuple(at.names.values()))


def _difference(charging: float, discharging: float) -> float:
    return charging - discharging


OWN: tuple[Entity, ...] = (
    BinarySensor("present", "present", _p(0).bit(0)),
    Sensor("serial_number", "serial number", _p(1)),
    Sensor("mode", "mode", Choice("QPGS", 2, codes=MODES), ENUM, options=tuple(MODES.values())),
    Sensor("fault_code", "fault code", _p(3)),
    Sensor("grid_voltage", "grid voltage", _p(4, "000.0"), VOLTAGE, limits=(0, 300)),
    Sensor("grid_frequency", "grid frequency", _p(5, "00.00"), FREQUENCY, limits=(40, 70), zero_ok=True),
    Sensor("output_voltage", "output voltage", _p(6, "000.0"), VOLTAGE, limits=(85, 280), zero_ok=True),
    Sensor("output_frequency", "output frequency", _p(7, "00.00"), FREQUENCY, limits=(40, 70), zero_ok=True),
    Sensor("output_apparent_power", "output apparent power", _p(8, "0000"), APPARENT_POWER),
    Sensor("output_power", "output power", _p(9, "0000"), POWER),
    Sensor("load_percentage", "load", _p(10, "000"), SHARE, limits=(0, 300)),
    Sensor("battery_voltage", "battery voltage", _p(11, "00.0"), VOLTAGE, limits=BATTERY, zero_ok=True),
    Sensor("battery_charging_current", "battery charging current", _p(12, "000"), CURRENT, limits=AMPERES),
    Sensor("battery_soc", "battery state of charge", _p(13, "000"), SOC, limits=(0, 100)),
    Sensor("pv_voltage", "PV voltage", _p(14, "000.0"), VOLTAGE, limits=(0, 600)),
    BinarySensor("scc_ok", "solar charger works", _p(19).bit(0)),
    BinarySensor("charging_from_grid", "charging from grid", _p(19).bit(1)),
    BinarySensor("charging_from_pv", "charging from PV", _p(19).bit(2)),
    _enum("battery_state", "battery state", Part("QPGS", 19, start=3, names=BATTERY_STATES)),
    BinarySensor("line_loss", "line loss", _p(19).bit(5)),
    BinarySensor("load_on", "load on", _p(19).bit(6)),
    BinarySensor("settings_changed", "settings changed", _p(19).bit(7)),
    _enum("output_mode", "output mode", Code("QPGS", 20, "0", names=settings.OUTPUT_MODES)),
    _enum(
        "charger_source_priority",
        "charger source priority",
        Code("QPGS", 21, "0", names=settings.CHARGER_SOURCES),
    ),
    Sensor("max_charging_current", "charging limit", _p(22, "000"), CURRENT),
    Sensor("max_charging_current_range", "highest charging limit", _p(23, "000"), CURRENT),
    Sensor("max_utility_charging_current", "utility charging limit", _p(24, "00"), CURRENT),
    Sensor("pv_current", "PV current", _p(25, "00"), CURRENT, limits=AMPERES),
    Sensor("battery_discharge_current", "battery discharge current", _p(26, "000"), CURRENT, limits=AMPERES),
    Sensor("pv2_voltage", "PV2 voltage", _p(27, "000.0"), VOLTAGE, limits=(0, 600)),
    Sensor("pv2_current", "PV2 current", _p(28, "00"), CURRENT, limits=AMPERES),
    Sensor(
        "battery_current",
        "battery current",
        Derived(("battery_charging_current", "battery_discharge_current"), _difference),
        CURRENT,
    ),
)

TOTALS: tuple[Entity, ...] = (
    Sensor("parallel_charging_current", "Charging current of all units", _p(15, "000"), CURRENT),
    Sensor(
        "parallel_output_apparent_power",
        "Output apparent power of all units",
        _p(16, "00000"),
        APPARENT_POWER,
    ),
    Sensor("parallel_output_power", "Output power of all units", _p(17, "00000"), POWER),
    Sensor("parallel_load_percentage", "Load of all units", _p(18, "000"), SHARE),
)


def _q(index: int, form: str = "") -> Field:
    return Field("QP2GS", index, form)


SECOND: tuple[Entity, ...] = (
    BinarySensor("present", "present", _q(0).bit(0)),
    Sensor("pv_power", "PV power", _q(1, "00000"), POWER),
    Sensor("pv2_voltage", "PV2 voltage", _q(2, "000.0"), VOLTAGE),
    Sensor("pv2_current", "PV2 current", _q(3, "00"), CURRENT),
    Sensor("pv2_power", "PV2 power", _q(4, "00000"), POWER),
    Sensor("pv3_voltage", "PV3 voltage", _q(5, "000.0"), VOLTAGE),
    Sensor("pv3_current", "PV3 current", _q(6, "00"), CURRENT),
    Sensor("pv3_power", "PV3 power", _q(7, "00000"), POWER),
    BinarySensor("scc2_ok", "solar charger 2 works", _q(8).bit(0)),
    BinarySensor("scc2_charging", "solar charger 2 charging", _q(8).bit(1)),
    BinarySensor("scc3_ok", "solar charger 3 works", _q(8).bit(2)),
    BinarySensor("scc3_charging", "solar charger 3 charging", _q(8).bit(3)),
)


def rows(query: str, unit: Unit) -> tuple[Entity, ...]:
    """The rows of unit n in the answer to QPGSn or QP2GSn.

    The totals are system-wide and the same in every unit's answer: they have no number and are never summed.
    """
    if query.startswith("QP2GS"):
        return tuple(numbered(row, query) for row in SECOND)
    faults = {f"{code:02d}": name for code, name in fault_names(unit.variant).items()}
    fault = Sensor(
        "fault",
        "fault",
        Derived(("fault_code",), partial(named, faults)),
        ENUM,
        options=tuple(faults.values()),
    )
    totals = (replace(row, at=replace(row.at, query=query)) for row in TOTALS if isinstance(row.at, Field))
    own = (_split(row) if unit.variant == "pi41" else row for row in OWN)
    return (*(numbered(row, query) for row in (*own, fault)), *totals)


def _split(row: Entity) -> Entity:
    """PI41 numbers its output modes in its own way."""
    if row.key != "output_mode":
        return row
    return _enum(row.key, row.name, Code("QPGS", 20, "0", names=settings.SPLIT_MODES))


def numbered(row: Entity, query: str) -> Entity:
    """A unit's row as that of the unit whose number the query ends in."""
    number = query[-1]
    at = row.at
    if isinstance(at, Field):
        at = replace(at, query=query)
    elif isinstance(at, Derived):
        at = replace(at, needs=tuple(f"unit_{number}_{key}" for key in at.needs))
    return replace(
        row,
        key=f"unit_{number}_{row.key}",
        name=f"Unit {number} {row.name}",
        at=at,
        category=DIAGNOSTIC,
        enabled=row.key in SHOWN,
    )
