"""Which energies each kind of device is given, and what is shown of them. Pure.

A device's own counter is followed as it is, a step of it at a time; an energy without one is integrated from
the power. Both are told by local day, month and year, whatever day the device's own clock shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gridward.energies.core import ESTIMATED, PERIODS, POWERS, State
from gridward.energies.entities import SPANS, kwh
from gridward.live import LiveDevice
from gridward_kit.entity import ENERGY, Category, Sensor
from gridward_kit.integration import Integration
from gridward_kit.point import Value


@dataclass(frozen=True, slots=True)
class Made:
    """An energy of `core.POWERS`, the key and name under which it is shown, and the keys of which any is
    its power; a device that has one of `unless` has no such energy.

    `counted`: the device has a counter of this key, from which it is taken then. `daily`: it tells its own
    day, too, so that Home Assistant shows ours only when asked to.
    """

    energy: str
    key: str
    name: str
    powers: frozenset[str]
    unless: frozenset[str]
    counted: bool = False
    daily: bool = False


def _made(energy: str, key: str, name: str, powers: str = "", unless: str = "") -> Made:
    return Made(energy, key, name, frozenset(powers.split()), frozenset(unless.split()))


TABLE: Mapping[str, tuple[Made, ...]] = {
    "battery": (
        _made("battery_in", "charge_energy", "Charged energy", "power"),
        _made("battery_out", "discharge_energy", "Discharged energy", "power"),
    ),
    "inverter": (
        _made("pv", "pv_energy", "PV energy", "pv_power pv_total_power"),
        _made("load", "load_energy", "Load energy", "output_power"),
        _made("battery_in", "battery_charge_energy", "Energy into the battery", "battery_power"),
        _made("battery_out", "battery_discharge_energy", "Energy out of the battery", "battery_power"),
    ),
    "meter": (
        _made("grid_import", "import_energy", "Imported energy", "power", "total_energy"),
        _made("grid_export", "export_energy", "Exported energy", "power", "total_energy import_energy"),
        _made("load", "total_energy", "Energy, both directions added", unless="import_energy"),
    ),
}
"""What each kind of device is given, if it has the counter, or else the power."""

PARTS: Mapping[str, tuple[str, ...]] = {
    "battery": ("battery",),
    "inverter": ("pv", "load", "battery"),
    "meter": ("grid",),
}
ROW = Sensor(ESTIMATED + "_energy", "Estimated energy", quantity=ENERGY, category=Category.DIAGNOSTIC)


def wanted(device: LiveDevice) -> tuple[Made, ...]:
    """Which energies are told of a device, by what it announced."""
    keys = device.entities.keys()
    found: list[Made] = []
    for made in TABLE.get(device.kind or "", ()):
        daily = f"{made.key}_today" in keys
        if made.key in keys and not (made.key == "total_energy" and made.unless & keys):
            found.append(replace(made, counted=True, daily=daily))
        elif made.powers & keys and not made.unless & keys:
            found.append(replace(made, daily=daily))
    return tuple(found)


def rows(table: tuple[Made, ...]) -> tuple[Sensor, ...]:
    """The entities of a device's energies. A counter that the device shows itself is not shown again; months
    and years are off in Home Assistant until somebody wants them."""
    found: list[Sensor] = []
    for made in table:
        if not made.counted:
            found.append(Sensor(made.key, made.name, quantity=ENERGY))
        for period, span in SPANS.items():
            on = period == "today" and not made.daily
            found.append(Sensor(f"{made.key}_{period}", f"{made.name} {span}", quantity=ENERGY, enabled=on))
    return (*found, *((ROW,) if integrated(table) else ()))


def integrated(table: tuple[Made, ...]) -> frozenset[str]:
    """The powers of `core.POWERS` that are needed."""
    energies = {made.energy for made in table if not made.counted}
    return frozenset(name for name, keys in POWERS.items() if energies.intersection(keys))


def shown(state: State, table: tuple[Made, ...]) -> dict[str, Value]:
    """The values by key in kWh; what was never measured is absent."""
    values: dict[str, Value] = {
        made.key: kwh(state.totals[made.energy])
        for made in table
        if not made.counted and made.energy in state.totals
    }
    for period in PERIODS:
        of = state.of(period)
        values |= {f"{made.key}_{period}": kwh(of[made.energy]) for made in table if made.energy in of}
    if values and integrated(table):
        values[ROW.key] = kwh(state.totals.get(ESTIMATED, 0.0))
    return values


ENERGIES = Integration(
    domain="energies",
    name="Energies",
    kind="energies",
    entities=lambda _: (*{row.key: row for table in TABLE.values() for row in rows(table)}.values(), ROW),
)
