"""Who a PI17 unit is (ID, VFW, MD, PIRI), and the grid and PV limits that it was set up with."""

from collections.abc import Mapping
from dataclasses import replace

from gridward_axpert import settings
from gridward_axpert.pi17.live import hundredth
from gridward_axpert.pi18.about import renamed
from gridward_axpert.pi18.live import enum, tenth
from gridward_axpert.pi18.settings import RATINGS, STRINGS
from gridward_axpert.points import Code, Padded, Stamp, Tagged, Whole
from gridward_kit.entity import (
    COUNT,
    CURRENT,
    FREQUENCY,
    SHARE,
    VOLTAGE,
    BinarySensor,
    Category,
    Entity,
    Quantity,
    Sensor,
)
from gridward_kit.point import Field, Point

DIAGNOSTIC = Category.DIAGNOSTIC
MACHINES = {0: "grid_tie", 1: "off_grid", 10: "hybrid"}
ROLES = {0: "new", 1: "slave", 2: "master"}
CHARGING = {0: "discharging", 1: "constant_voltage", 2: "float", 3: "constant_current"}


def _read(key: str, name: str, at: Point, quantity: Quantity) -> Sensor:
    return Sensor(key, name, at, quantity, category=DIAGNOSTIC, enabled=False)


def _rated(key: str, at: Point) -> Sensor:
    """A rating of PI30's, also one that can be set there, only read."""
    row = RATINGS[key]
    return _read(key, row.name, at, row.quantity)


def _four(query: str, what: str, name: str, quantity: Quantity) -> tuple[Entity, ...]:
    """Highest and lowest that feeding tolerates, and from where it comes back."""
    point = tenth if quantity is VOLTAGE else hundredth
    return tuple(
        _read(f"feed_{key}_{what}", f"{words} {name} for feeding", point(query, index, "0000"), quantity)
        for index, (key, words) in enumerate(
            (
                ("highest", "Highest"),
                ("lowest", "Lowest"),
                ("upper_back", "Upper back"),
                ("lower_back", "Lower back"),
            )
        )
    )


def _range(query: str, key: str, name: str) -> tuple[Entity, ...]:
    return (
        _read(f"{key}_highest", f"Highest {name}", tenth(query, 0, "0000"), VOLTAGE),
        _read(f"{key}_lowest", f"Lowest {name}", tenth(query, 1, "0000"), VOLTAGE),
    )


def _switched(key: str, name: str, query: str, index: int) -> BinarySensor:
    return BinarySensor(key, name, Field(query, index).bit(0), category=DIAGNOSTIC, enabled=False)


BLOCKS: Mapping[str, tuple[Entity, ...]] = {
    "PI": (renamed("protocol", Whole("PI")),),
    "ID": (renamed("serial_number", Padded("ID")),),
    "VFW": (renamed("firmware", Tagged("VFW", 0)),),
    "VFW2": (renamed("firmware_2", Tagged("VFW2", 0)),),
    "T": (renamed("clock", Stamp("T")),),
    "MD": (
        renamed("model_number", Field("MD", 0)),
        _rated("output_rating_apparent_power", Field("MD", 1, "000000")),
        _read("power_factor", "Rated power factor", Field("MD", 2, "00"), SHARE),
        _read("input_phases", "Phases of the grid", Field("MD", 3, "0"), COUNT),
        _read("output_phases", "Phases of the output", Field("MD", 4, "0"), COUNT),
        _read("nominal_output_voltage", "Nominal output voltage", tenth("MD", 5, "0000"), VOLTAGE),
        _read("nominal_grid_voltage", "Nominal grid voltage", tenth("MD", 6, "0000"), VOLTAGE),
        _read("battery_pieces", "Batteries in series", Field("MD", 7, "00"), COUNT),
        _read("battery_piece_voltage", "Voltage of one battery", tenth("MD", 8), VOLTAGE),
    ),
    "PIRI": (
        _rated("grid_rating_voltage", tenth("PIRI", 0, "0000")),
        _read("grid_rating_frequency", "Grid rating frequency", tenth("PIRI", 1), FREQUENCY),
        _rated("grid_rating_current", tenth("PIRI", 2, "0000")),
        _rated("output_rating_voltage", tenth("PIRI", 3, "0000")),
        _rated("output_rating_current", tenth("PIRI", 4, "0000")),
        _read("mppt_rating_current", "PV rating current of a tracker", tenth("PIRI", 5, "0000"), CURRENT),
        _rated("battery_nominal_voltage", tenth("PIRI", 6, "0000")),
        replace(STRINGS, at=Field("PIRI", 7, "0")),
        enum("machine_type", "Machine type", Code("PIRI", 8, "00", names=MACHINES)),
        enum("topology", "Topology", Code("PIRI", 9, "0", names=settings.TOPOLOGIES)),
        _switched("parallel_enabled", "Parallel output", "PIRI", 10),
        _switched("real_time_control", "Real-time control", "PIRI", 11),
        enum("parallel_role", "Parallel role", Code("PIRI", 13, "0", names=ROLES)),
        enum("charging_phase", "Charging phase", Code("PIRI", 14, "0", names=CHARGING)),
        _read("generator_port", "Generator port", Field("PIRI", 15, "0"), COUNT),
    ),
    "GOV": _four("GOV", "voltage", "grid voltage", VOLTAGE),
    "GOF": _four("GOF", "frequency", "grid frequency", FREQUENCY),
    "MPPTV": _range("MPPTV", "mppt_voltage", "PV voltage for tracking"),
    "SV": _range("SV", "pv_input_voltage", "PV voltage allowed"),
    "GLTHV": (
        _read("feed_average_voltage", "Highest grid voltage for long", tenth("GLTHV", 0, "0000"), VOLTAGE),
    ),
}
