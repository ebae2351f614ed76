"""Who a PI18 unit is, its factory defaults (DI) and the units in parallel (PGSn, PRIn)."""

from collections.abc import Mapping
from dataclasses import replace

from gridward_axpert import about, parallel
from gridward_axpert.pi18 import live, settings
from gridward_axpert.pi18.live import tenth
from gridward_axpert.points import Amperes, Code, Cropped, Padded, Stamp, Whole
from gridward_axpert.settings import INPUT_RANGES
from gridward_axpert.warnings import FAULTS, fault_rows
from gridward_kit.entity import ENUM, POWER, TEMPERATURE, BinarySensor, Entity, Sensor
from gridward_kit.point import Field, Point

KNOWN: Mapping[str, Entity] = {
    row.key: row for block in (*about.BLOCKS.values(), about.DEFAULTS) for row in block
}


def renamed(key: str, at: Point) -> Entity:
    """A row of PI30, read from here."""
    return replace(KNOWN[key], at=at)


BLOCKS: Mapping[str, tuple[Entity, ...]] = {
    "PI": (renamed("protocol", Whole("PI")),),
    "ID": (renamed("serial_number", Padded("ID")),),
    "VFW": (
        renamed("firmware", Field("VFW", 0)),
        renamed("firmware_2", Field("VFW", 1)),
        renamed("firmware_3", Field("VFW", 2)),
    ),
    "T": (renamed("clock", Stamp("T")),),
    "MCHGCR": (renamed("charging_currents", Amperes("MCHGCR")),),
    "MUCHGCR": (renamed("utility_charging_currents", Amperes("MUCHGCR")),),
}


def _choice(key: str, index: int, names: Mapping[int, str]) -> Entity:
    row = KNOWN[key]
    options = tuple(names.values())
    at = Code("DI", index, "0", names=names)
    return Sensor(key, row.name, at, ENUM, category=row.category, enabled=False, options=options)


FLAGS = ("buzzer", "overload_restart", "over_temperature_restart", "backlight", "primary_source_alarm")
DEFAULTS: tuple[Entity, ...] = (
    renamed("default_output_voltage", tenth("DI", 0, "0000")),
    renamed("default_output_frequency", tenth("DI", 1)),
    _choice("default_input_range", 2, INPUT_RANGES),
    renamed("default_battery_under_voltage", tenth("DI", 3)),
    renamed("default_battery_float_voltage", tenth("DI", 4)),
    renamed("default_battery_bulk_voltage", tenth("DI", 5)),
    renamed("default_battery_recharge_voltage", tenth("DI", 6)),
    renamed("default_battery_redischarge_voltage", tenth("DI", 7)),
    renamed("default_max_charging_current", Field("DI", 8, "000")),
    renamed("default_max_utility_charging_current", Field("DI", 9, "00")),
    _choice("default_battery_type", 10, settings.BATTERY_TYPES),
    _choice("default_output_source_priority", 11, settings.OUTPUT_SOURCES),
    _choice("default_charger_source_priority", 12, settings.CHARGER_SOURCES),
    live.enum(
        "default_solar_priority",
        "Default solar power priority",
        Code("DI", 13, "0", names=settings.SOLAR_PRIORITIES),
    ),
    live.enum("default_machine_type", "Default machine type", Code("DI", 14, "0", names=settings.MACHINES)),
    _choice("default_output_mode", 15, settings.OUTPUT_MODES),
    *(
        renamed(f"default_{key}", Field("DI", index).bit(0))
        for index, key in enumerate((*FLAGS, "fault_code_record", "overload_bypass", "lcd_return"), 16)
    ),
)

UNIT: Mapping[str, Point] = {
    "present": Field("PGS", 0).bit(0),
    "mode": Code("PGS", 1, "0", names=live.MODES),
    "fault_code": Field("PGS", 2),
    "grid_voltage": tenth("PGS", 3, "0000"),
    "grid_frequency": tenth("PGS", 4),
    "output_voltage": tenth("PGS", 5, "0000"),
    "output_frequency": tenth("PGS", 6),
    "output_apparent_power": Field("PGS", 7, "0000"),
    "output_power": Field("PGS", 8, "0000"),
    "load_percentage": Field("PGS", 11, "000"),
    "battery_voltage": tenth("PGS", 13),
    "battery_discharge_current": Field("PGS", 14, "000"),
    "battery_charging_current": Field("PGS", 15, "000"),
    "battery_soc": Field("PGS", 17, "000"),
    "pv_voltage": tenth("PGS", 20, "0000"),
    "pv2_voltage": tenth("PGS", 21, "0000"),
    "load_on": Field("PGS", 24).bit(0),
}
TOTALS: Mapping[str, Point] = {
    "parallel_output_apparent_power": Field("PGS", 9, "00000"),
    "parallel_output_power": Field("PGS", 10, "00000"),
    "parallel_load_percentage": Field("PGS", 12, "000"),
    "parallel_charging_current": Field("PGS", 16, "000"),
}
OWN: Mapping[str, Entity] = {row.key: row for row in (*parallel.OWN, *parallel.TOTALS)}


def _enum(key: str, name: str, index: int, names: Mapping[int, str]) -> Sensor:
    at = Code("PGS", index, "0", names=names)
    return Sensor(key, name, at, ENUM, options=tuple(names.values()))


MORE: tuple[Entity, ...] = (
    Sensor("pv_power", "PV power", Field("PGS", 18, "0000"), POWER),
    Sensor("pv2_power", "PV2 power", Field("PGS", 19, "0000"), POWER),
    _enum("scc_status", "solar charger status", 22, live.CHARGER_STATES),
    _enum("scc2_status", "solar charger 2 status", 23, live.CHARGER_STATES),
    _enum("battery_direction", "battery direction", 25, live.BATTERY_WAYS),
    _enum("inverter_direction", "inverter direction", 26, live.INVERTER_WAYS),
    _enum("line_direction", "line direction", 27, live.LINE_WAYS),
    Sensor("max_temperature", "highest temperature", Field("PGS", 28, "000"), TEMPERATURE),
    OWN["battery_current"],
    replace(fault_rows(Field("PGS", 2), FAULTS)[1], name="fault", category=None),
)


def status(query: str) -> tuple[Entity, ...]:
    """The rows of PGSn: unit n, and totals that every unit repeats."""
    own = (_at(OWN[key], at) for key, at in UNIT.items())
    totals = (replace(_at(OWN[key], at), at=_there(at, query)) for key, at in TOTALS.items())
    return (*(parallel.numbered(row, query) for row in (*own, *MORE)), *totals)


def _at(row: Entity, at: Point) -> Entity:
    if isinstance(row, Sensor) and isinstance(at, Code):
        return replace(row, at=at, options=tuple(at.names.values()))
    return replace(row, at=at)


def _there(at: Point, query: str) -> Point:
    return replace(at, query=query) if isinstance(at, Field) else at


RATED: tuple[Entity, ...] = (
    BinarySensor("present", "present", Field("PRI", 0).bit(0)),
    Sensor("serial_number", "serial number", Cropped("PRI", 2)),
    _at(OWN["charger_source_priority"], Code("PRI", 3, "0", names=settings.CHARGER_SOURCES)),
    replace(OWN["max_charging_current"], at=Field("PRI", 4, "000")),
    replace(OWN["max_utility_charging_current"], at=Field("PRI", 5, "00")),
    _at(OWN["output_mode"], Code("PRI", 6, "0", names=settings.OUTPUT_MODES)),
)


def ratings(query: str) -> tuple[Entity, ...]:
    """The rows of PRIn."""
    return tuple(parallel.numbered(row, query) for row in RATED)
