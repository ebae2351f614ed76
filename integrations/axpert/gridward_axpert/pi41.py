"""PI41 (LV5048, LV6048: two legs of 120 V): what differs from PI30. QPIGS is leg L1, QPIGS2 leg L2.

`output_power` and `output_apparent_power` are of both legs, `load_percentage` is that of the fuller one.
Two facts are judged: PV2 current is taken as battery-side current, like the PV1 current beside it (PI41's
paper says "A" only), and the first field of QP2GSn as present where it begins with 1 (a unit sends `11`).
Source: the maker's LV5048 document of 2019-02-22; see the README.
"""

from collections.abc import Mapping
from dataclasses import replace

from gridward_axpert import live, parallel
from gridward_axpert.unit import Unit
from gridward_kit.entity import CURRENT, POWER, VOLTAGE, BinarySensor, Category, Entity, Sensor
from gridward_kit.point import Derived, Field

DIAGNOSTIC = Category.DIAGNOSTIC
QUERIES = ("QPIGS", "QPIGS2", "QP2GS")
LEGS = ("output_apparent_power", "output_power", "load_percentage")
STATUS = ("scc_ok", "charging_from_grid", "charging_from_pv", "battery_state", "line_loss", "load_on")
NOT_HERE = frozenset(("scc_firmware_updated", "battery_voltage_steady", "fan_on_voltage_offset"))
RESERVED = frozenset(("eeprom_version", "dustproof_kit", "feeding_grid", "country", "grid_feed_power"))


def _any(*flags: bool) -> bool:
    return any(flags)


def _total(one: float, other: float) -> float:
    return one + other


def _leg(row: Entity, at: Field, leg: str = "2") -> Entity:
    """A row of the unit as that of one leg."""
    return replace(row, key=f"{row.key}_l{leg}", name=f"{row.name} L{leg}", at=at)


BY_KEY: Mapping[str, Entity] = {row.key: row for row in live.LIVE}
OWN: Mapping[str, Entity] = {row.key: row for row in parallel.OWN}


def _status(key: str) -> Entity:
    """A flag of the status byte, in the meaning that it has in QPGSn too."""
    row = OWN[key]
    if not isinstance(row.at, Field):
        raise TypeError(f"{key} lies in no field")
    known = BY_KEY.get(key)
    name = known.name if known else row.name[0].upper() + row.name[1:]
    return replace(row, name=name, at=replace(row.at, query="QPIGS", index=16))


def rows(query: str, unit: Unit) -> tuple[Entity, ...]:
    """The rows of QPIGS, QPIGS2 and QP2GSn of this unit."""
    if query == "QPIGS":
        return (*first(), live.PV_SIDE[unit.pv_side], live.PV_POWER)
    return second(query) if query == "QPIGS2" else others(query)


def first() -> tuple[Entity, ...]:
    """The rows of QPIGS: leg L1 and what both legs share."""
    status = tuple(_status(key) for key in (*STATUS, "settings_changed"))
    gone = {row.key for row in status} | NOT_HERE | RESERVED | {"charging"}
    kept = (row for row in live.LIVE if row.key not in gone)
    legs = (_leg(row, row.at, "1") if row.key in LEGS and isinstance(row.at, Field) else row for row in kept)
    charging = replace(BY_KEY["charging"], at=Derived(("charging_from_grid", "charging_from_pv"), _any))
    return (*legs, *status, charging)


SECOND: Mapping[str, tuple[Field, Field]] = {
    "grid_voltage": (Field("QPIGS2", 0, "000.0"), Field("QP2GS0", 4, "000.0")),
    "grid_frequency": (Field("QPIGS2", 1, "00.0"), Field("QP2GS0", 5, "00.00")),
    "output_voltage": (Field("QPIGS2", 2, "000.0"), Field("QP2GS0", 6, "000.0")),
    "output_frequency": (Field("QPIGS2", 3, "00.0"), Field("QP2GS0", 7, "00.00")),
    "output_apparent_power": (Field("QPIGS2", 4, "0000"), Field("QP2GS0", 8, "0000")),
    "output_power": (Field("QPIGS2", 5, "0000"), Field("QP2GS0", 9, "0000")),
    "load_percentage": (Field("QPIGS2", 6, "000"), Field("QP2GS0", 10, "000")),
    "battery_voltage": (Field("QPIGS2", 9, "00.0"), Field("QP2GS0", 11, "00.0")),
}
CHARGER: tuple[tuple[Entity, int, int], ...] = (
    (Sensor("pv2_charging_current", "PV2 charging current", None, CURRENT, limits=live.AMPERES), 7, 15),
    (Sensor("pv2_voltage", "PV2 voltage", None, VOLTAGE, limits=live.PV), 8, 14),
)
FLAGS: tuple[tuple[str, str, int], ...] = (
    ("scc2_ok", "Solar charger 2 works", 0),
    ("charging_from_grid_l2", "Charging from grid L2", 1),
    ("scc2_charging", "Solar charger 2 charging", 2),
    ("line_loss_l2", "Line loss L2", 5),
    ("load_on_l2", "Load on L2", 6),
)
DERIVED: tuple[Entity, ...] = (
    *(
        replace(BY_KEY[key], at=Derived((f"{key}_l1", f"{key}_l2"), _total))
        for key in ("output_apparent_power", "output_power")
    ),
    replace(BY_KEY["load_percentage"], at=Derived(("load_percentage_l1", "load_percentage_l2"), max)),
    Sensor(
        "pv2_power",
        "PV2 power",
        Derived(("battery_voltage_l2", "pv2_charging_current"), live.product),
        POWER,
        limits=live.WATTS,
    ),
    live.TRACKER_2[-1],
)


def second(query: str) -> tuple[Entity, ...]:
    """Leg L2 in QPIGS2 or, where a unit refuses that (9 bytes over USB), in its own QP2GS0."""
    place = 0 if query == "QPIGS2" else 1
    forms = ("00", "000.0")
    status = Field(query, 10 if place == 0 else 16)
    legs = (_leg(BY_KEY[key], at[place]) for key, at in SECOND.items())
    charger = (
        replace(row, at=Field(query, places[place], form))
        for (row, *places), form in zip(CHARGER, forms, strict=True)
    )
    flags = (
        BinarySensor(key, name, status.bit(bit), category=DIAGNOSTIC, enabled=False)
        for key, name, bit in FLAGS
    )
    return (*legs, *charger, *flags, *DERIVED)


PARALLEL: Mapping[str, int] = {
    "serial_number": 1,
    "mode": 2,
    "fault_code": 3,
    "grid_voltage": 4,
    "grid_frequency": 5,
    "output_voltage": 6,
    "output_frequency": 7,
    "output_apparent_power": 8,
    "output_power": 9,
    "load_percentage": 10,
    "battery_voltage": 11,
    "battery_charging_current": 12,
    "battery_soc": 13,
    **dict.fromkeys(("charging_from_grid", "battery_state", "line_loss", "load_on", "settings_changed"), 16),
}


def others(query: str) -> tuple[Entity, ...]:
    """The rows of QP2GSn: leg L2 of unit n in a parallel system."""
    legs = (
        _leg(OWN[key], replace(at, query=query, index=index))
        for key, index in PARALLEL.items()
        if isinstance(at := OWN[key].at, Field)
    )
    charger = (
        Sensor("pv2_voltage", "PV2 voltage", Field(query, 14, "000.0"), VOLTAGE, limits=live.PV),
        Sensor("pv2_charging_current", "PV2 charging current", Field(query, 15, "00"), CURRENT),
        BinarySensor("scc2_ok", "solar charger 2 works", Field(query, 16).bit(0)),
        BinarySensor("scc2_charging", "solar charger 2 charging", Field(query, 16).bit(2)),
    )
    present = replace(OWN["present"], at=Field(query, 0).bit(0))
    return tuple(parallel.numbered(row, query) for row in (present, *legs, *charger))
