"""Which rows an SRNE unit has, and what it allows on the line: by its series and by what it answered."""

from collections.abc import Iterable

from gridward_kit.entity import Entity
from gridward_kit.errors import BadFrame, Refused
from gridward_kit.modbus import WRITE_MANY, WRITE_ONE, Profile, Register
from gridward_kit.point import Derived
from gridward_srne import (
    about,
    blocks,
    controller,
    controller_faults,
    faults,
    grid_code,
    inverter,
    legs,
    live,
    packs,
    settings,
    statistics,
    timers,
)
from gridward_srne.series import MODELS, MPPT, PHASES, SPLIT, Shape

REASONS = {
    1: (Refused, "it does not know this function"),
    2: (Refused, "it has no such register"),
    3: (
        Refused,
        "it does not take this value: out of its range, or ruled out now by the BMS link, the battery type "
        "or another setting",
    ),
    4: (Refused, "it could not do it"),
    5: (Refused, "the password is wrong"),
    6: (BadFrame, "it got a frame of wrong length or checksum"),
    7: (Refused, "this is read-only"),
    8: (Refused, "it does not change this while it runs; turn the inverter off first"),
    9: (Refused, "it is locked by a password; give it as `password`, or enter it at the panel"),
    10: (Refused, "too many registers at once"),
    11: (Refused, "this firmware does not permit it"),
}
"""SRNE's own meanings of exception codes; 5, 6, 8, 10 and 11 are not those of the Modbus standard."""

ONLY_WITH = {
    "panel_version": "packs",
    "arc_fault_version": "packs",
    "battery_cycles": "packs",
    "stop_on_bms_fault": "compensation",
    "dc_load": "compensation",
    "power_derating": "compensation",
    "export_energy": "compensation",
}
"""Registers that mean something else in older firmware, and the later block that proves them."""


def rows(shape: Shape) -> tuple[Entity, ...]:
    """The rows of one unit: without what it lacks, and without what cannot be computed then."""
    if shape.model == MPPT:
        found = (
            *controller.ABOUT,
            *controller.LIVE,
            *controller.DAY,
            *controller_faults.ROWS,
            *controller.settings(shape.nominal, shape.rated),
            *controller.YESTERDAY,
        )
        return _there(found, shape, blocks.CONTROLLER)
    return _there(_inverter(shape), shape, blocks.INVERTER)


def _inverter(shape: Shape) -> Iterable[Entity]:
    known = shape.nominal
    trackers = next((number - 1 for number in range(2, 7) if f"pv{number}" in shape.absent), 6)
    return (
        *about.ROWS,
        *live.battery(known, inverted=shape.inverted),
        *live.pv(trackers),
        *packs.rows(inverted=shape.inverted),
        *live.machine(shape.machine_states),
        *legs.rows(PHASES[shape.model], shape.grid_positive, grid_modes="modes" not in shape.absent),
        *live.MORE,
        *faults.ACTIVE,
        *(settings.voltages(known) if known is not None else ()),
        *settings.BATTERY,
        *(settings.SOC if shape.soc_settings else ()),
        *timers.TIMES,
        *timers.STOPS,
        *((*timers.STOP_VOLTS, *timers.SMART_LOAD) if known == 48 else ()),
        *(timers.powers(shape.slot_power) if shape.slot_power is not None else ()),
        *timers.MORE,
        *inverter.ROWS,
        *(inverter.SPLIT if shape.model == SPLIT else ()),
        *inverter.WIND,
        *inverter.BUTTONS,
        *statistics.ROWS,
        *grid_code.ROWS,
        *faults.history(
            faults.RECORDS // 2 if shape.absent & {"history_2", "compensation"} else faults.RECORDS
        ),
    )


def _there(found: Iterable[Entity], shape: Shape, all_blocks: tuple[blocks.Block, ...]) -> tuple[Entity, ...]:
    kept: list[Entity] = []
    known: set[str] = set()
    for row in found:
        if isinstance(row.at, Register) and blocks.of(row.at, all_blocks) & shape.absent:
            continue
        if shape.model != MPPT and ONLY_WITH.get(row.key) in shape.absent:
            continue
        kept.append(row)
        if not isinstance(row.at, Derived):
            known.add(row.key)
    return tuple(_computable(kept, known))


def _computable(found: Iterable[Entity], known: set[str]) -> Iterable[Entity]:
    for row in found:
        if isinstance(row.at, Derived) and not known.issuperset(row.at.needs):
            continue
        known.add(row.key)
        yield row


def every() -> tuple[Entity, ...]:
    """Every row that any unit can have."""
    found = (row for model in MODELS for row in rows(Shape(model=model)))
    unique: dict[str, Entity] = {}
    for row in found:
        unique.setdefault(row.key, row)
    return tuple(unique.values())


def profile(shape: Shape) -> Profile:
    """What a unit allows: 20 registers a read, or 32 where that was answered.

    Inverters have the low word of two first, controllers the high one.
    """
    all_blocks = blocks.CONTROLLER if shape.model == MPPT else blocks.INVERTER
    return Profile(
        most=shape.longest,
        spans=blocks.spans(all_blocks, shape.absent),
        low_first=shape.model != MPPT,
        writes=(WRITE_ONE, WRITE_MANY),
        reasons=REASONS,
    )
