"""The rows of one meter, made of its maps and of its shape. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from gridward_chint import entities as maps
from gridward_chint.entities import ABOUT, LIVE, SETTING, SETTINGS, WHOLE, Map, first_phase, is_power
from gridward_chint.points import Power, power
from gridward_chint.scale import DIRECT, PLAIN, SECONDARY, TENTHS, PowerUnit
from gridward_chint.shape import DDSU, H1, PHASES, TWENTY, TWO_WAY, Place, Shape, shape
from gridward_kit.entity import TEXT, Category, Entity, Sensor
from gridward_kit.integration import FAST, ONCE, Options
from gridward_kit.modbus import HOLDING, Register
from gridward_kit.point import UNKNOWN, Derived, Point, Value

IDLE = 5.0
"""Watts up to which a meter for 5 A need not count (0.4 % of its current)."""
FLOWS = ("import", "export")
SUMMED = ("power", "reactive_power", "import_energy", "export_energy")
CLASSIC = (0x2000, 0x150A)
"""Blocks of live values whose energies lie apart."""
LINES = ("voltage_l1_l2", "voltage_l2_l3", "voltage_l3_l1")
NO_NEUTRAL = (
    *("voltage_l1", "voltage_l2", "voltage_l3", "current_l2", "power_l2", "reactive_power_l2"),
    *(f"{key}_l{one}" for key in ("apparent_power", "power_factor", "phase_angle") for one in (1, 2, 3)),
)
"""Invalid on a three-wire meter."""


def rows(shape: Shape, unit: PowerUnit) -> tuple[Entity, ...]:
    """All rows of a meter; `unit` is what its powers are told in."""
    registers: Map = {**_live(shape, unit), **_energies(shape)}
    candidates = _undecided(shape)
    sums: tuple[str, ...] = ()
    if shape.inverted == PHASES or (shape.single and shape.inverted):
        registers = _turned(registers)
        candidates = {start: _turned(one) for start, one in candidates.items()}
    elif shape.inverted:
        registers, candidates = _phases_turned(registers, shape.inverted), {}
        sums = tuple(key for key in SUMMED if all(f"{key}_l{one}" in registers for one in PHASES))
    made = [_sensor(key, registers[key], shape) for key in ABOUT if key in registers]
    made = [_together(row, shape, unit) for row in made]
    return (
        *made,
        *(_sum(key) for key in sums),
        *_highest(candidates, shape),
        DIRECTION,
        *(_setting(key, at) for key, at in settings_of(shape).items()),
        *_words(shape, unit),
    )


def direction(watts: Value) -> str:
    """Which way the power flows, in words."""
    number = float(watts)
    if abs(number) < IDLE:
        return "idle"
    return f"{'importing' if number > 0 else 'exporting'} {abs(number):.0f} W"


DIRECTION = Sensor("direction", "Direction", Derived(("power",), direction))


def row(key: str, at: Register) -> Sensor:
    """What a key is, where it lies; without transformers."""
    if key in SETTING:
        return _setting(key, at)
    about = ABOUT[key]
    return Sensor(
        key,
        about.name,
        replace(at, every=about.every),
        about.quantity,
        category=None if about.main else Category.DIAGNOSTIC,
        enabled=about.main,
        limits=about.limits,
    )


def _live(shape: Shape, unit: PowerUnit) -> Map:
    """What is measured, without the keys that mean nothing on this meter."""
    judged = shape.live.start == 0x2000 and (shape.single or shape.number_format != TENTHS)
    found = _map(shape, judged=judged)
    if shape.three_wire:
        found = {key: at for key, at in found.items() if key not in NO_NEUTRAL}
    elif shape.of_2016:  # its manual calls them invalid with four wires
        found = {key: at for key, at in found.items() if key not in LINES}
    found = {key: at for key, at in found.items() if not key.startswith(shape.lacks)}
    placed = _placed(found, shape.live, shape)
    if not judged:
        return placed
    return {key: _power(key, at, unit, shape) if is_power(key) else at for key, at in placed.items()}


def _map(shape: Shape, *, judged: bool) -> Map:
    if shape.model in (DDSU, TWO_WAY):
        return maps.SINGLE
    found: Map = {0x150A: maps.PRIMARY_MAP, 0x0836: maps.H_MAP, 0x1100: maps.TWENTY_MAP}.get(
        shape.live.start, maps.PLAIN_MAP if judged else maps.TENTHS_MAP
    )
    return first_phase(found) if shape.model == H1 else found


def _power(key: str, at: Register, unit: PowerUnit, shape: Shape) -> Power:
    """A power whose unit is found out; a DDSU666's apparent power is reserved in the manual of 2019."""
    return power(at, unit, nothing_at_zero=shape.single and key == "apparent_power")


def _placed(found: Map, place: Place, shape: Shape) -> Map:
    """Read with the function that answers, and multiplied by the transformers' ratios where it must be."""
    ratios = ratios_of(shape) if shape.multiplied(place.start) else {}
    return {
        key: replace(at, function=place.function, scale=at.scale * ratios.get(ABOUT[key].ratio, 1.0))
        for key, at in found.items()
    }


def ratios_of(shape: Shape) -> Mapping[str, float]:
    """What a value before the transformers is multiplied by, by the kind of its dependence."""
    return {"u": shape.vt_ratio, "i": shape.ct_ratio, "ui": shape.vt_ratio * shape.ct_ratio}


def _energies(shape: Shape) -> Map:
    """The counters, where it is certain which block counts."""
    if len(shape.energy) != 1:
        return {}
    place = shape.energy[0]
    found = maps.ENERGIES.get(place.start, {})
    if shape.single:
        found = maps.TWO_WAY_ENERGY if shape.model == TWO_WAY else maps.SINGLE_ENERGY
    kept = {
        key: at for key, at in found.items() if shape.energy_phases or not key.endswith(("_l1", "_l2", "_l3"))
    }
    return _placed(kept, place, shape)


def _undecided(shape: Shape) -> dict[int, Map]:
    """The totals of each block that may come to count, where none had counted yet."""
    if len(shape.energy) < 2:
        return {}
    wanted = [f"{flow}_energy" for flow in FLOWS]
    return {
        place.start: _placed({key: maps.ENERGIES[place.start][key] for key in wanted}, place, shape)
        for place in shape.energy
    }


def _turned(registers: Map) -> Map:
    """The meter the other way round: signs change, and what was counted as imported was exported."""
    quarters = {f"q{one}": f"q{(one + 1) % 4 + 1}" for one in (1, 2, 3, 4)}
    others = {**quarters, "import": "export", "export": "import"}
    return {
        "_".join(others.get(part, part) for part in key.split("_")): (
            replace(at, scale=-at.scale) if ABOUT[key].signed else at
        )
        for key, at in registers.items()
        if not key.startswith(("phase_angle", "power_demand"))
    }


def _phases_turned(registers: Map, phases: frozenset[int]) -> Map:
    """Some phases the other way round: totals that the meter made of them are wrong, and left out."""
    kept: dict[str, Register] = {}
    for key, at in registers.items():
        if key in LINES or key == "frequency":
            kept[key] = at
        elif key.endswith(("_l1", "_l2", "_l3")):
            kept |= _turned({key: at}) if int(key[-1]) in phases else {key: at}
    return kept


def _sensor(key: str, at: Register, shape: Shape) -> Sensor:
    """A row with the limits that the transformers give it."""
    found = row(key, at)
    if shape.three_wire and key in LINES:
        found = replace(found, at=replace(at, every=LIVE))
    if found.limits is None or shape.side == DIRECT:
        return found
    low, high = found.limits
    ratio = ratios_of(shape).get(ABOUT[key].ratio, 1.0)
    return replace(found, limits=(low * ratio, high * ratio))


def _together(row: Sensor, shape: Shape, unit: PowerUnit) -> Sensor:
    """What power is made or judged of is read as often as power: phases where the total is their sum; while
    its unit is not known also the voltages and currents that tell it, all in one answer."""
    judged = unit.said is None
    volts = row.key.startswith("voltage") and (shape.three_wire or row.key not in LINES)
    wanted = row.key.startswith("power_l") and (judged or shape.inverted)
    if isinstance(row.at, Register) and (wanted or (judged and (volts or row.key.startswith("current")))):
        return replace(row, at=replace(row.at, every=FAST))
    return row


def _sum(key: str) -> Sensor:
    """A total made anew of the phases."""
    about = ABOUT[key]
    needs = tuple(f"{key}_l{phase}" for phase in sorted(PHASES))
    return Sensor(key, about.name, Derived(needs, lambda *each: round(sum(each), 3)), about.quantity)


def _highest(candidates: Mapping[int, Map], shape: Shape) -> Iterator[Sensor]:
    """Totals of several blocks, of which those that do not count stay at 0."""
    for flow in FLOWS if candidates else ():
        key = f"{flow}_energy"
        names = []
        for start, one in candidates.items():
            found = _sensor(key, one[key], shape)
            names.append(f"{key}_{start:04x}")
            name = f"{found.name}, register 0x{start:04x}"
            yield replace(found, key=names[-1], name=name, category=Category.DIAGNOSTIC, enabled=False)
        yield Sensor(key, ABOUT[key].name, Derived(tuple(names), max), ABOUT[key].quantity)


def settings_of(shape: Shape) -> Map:
    """The settings that a meter lets be read."""
    if shape.live.start == 0x0836:
        return maps.H_SETTINGS
    if shape.model == TWENTY or not shape.settings:
        return {}
    if shape.single:
        return maps.SINGLE_SETTINGS
    lines = {0x002E: maps.LINE_SETTINGS, 0x002D: maps.LINE_SETTINGS_2016}.get(shape.line_settings, {})
    return {**maps.THREE_SETTINGS, **lines}


def _setting(key: str, at: Register) -> Sensor:
    name, quantity = SETTING[key]
    every = ONCE if key == "meter_code" else SETTINGS
    return Sensor(
        key,
        name,
        replace(at, function=HOLDING, every=every, low_first=False),
        quantity,
        category=Category.DIAGNOSTIC,
        options=(*at.codes.values(), UNKNOWN) if at.codes else (),
    )


def _words(shape: Shape, unit: PowerUnit) -> Iterator[Sensor]:
    """What was found out about its numbers, for a person who compares them with the display."""
    order = ", low word first" if shape.low_first else ""
    form = {0x1100: WHOLE, 0x150A: PLAIN, 0x0836: PLAIN}.get(shape.live.start, shape.number_format)
    counted = ", ".join(map(str, shape.energy)) or (
        "none" if shape.live.start in CLASSIC else str(shape.live)
    )
    number_format = Derived((), lambda: f"{form}{order}")
    at: Point = maps.TWENTY_FORMAT if shape.model == TWENTY else number_format
    for key, name, point in (
        ("number_format", "Number format", at),
        ("power_unit", "Unit of power", Derived((), lambda: _unit(shape, unit))),
        ("transformer_side", "Transformers", Derived((), lambda: _side(shape))),
        ("energy_registers", "Energy registers", Derived((), lambda: counted)),
    ):
        yield Sensor(key, name, point, TEXT, category=Category.DIAGNOSTIC)
    if shape.label:
        yield Sensor("label", "Label", Derived((), lambda: shape.label), TEXT, category=Category.DIAGNOSTIC)


def _unit(shape: Shape, unit: PowerUnit) -> str:
    if shape.live.start == 0x2000 and not shape.single and shape.number_format == TENTHS:
        return "0.1 W"
    return {0x1100: "W, in whole numbers", 0x150A: "kW"}.get(shape.live.start) or unit.words()


def _side(shape: Shape) -> str:
    ratios = f"current {shape.ct_ratio:g}, voltage {shape.vt_ratio:g}"
    if shape.side == DIRECT:
        return "none"
    if shape.side == SECONDARY:
        return f"values before them, multiplied here: {ratios}; compare once with the display"
    return f"values behind them: {ratios}"


def every_row(models: Iterable[str], options: Options) -> tuple[Entity, ...]:
    """Every row that these models may have, whatever is found out about one."""
    found: dict[str, Entity] = {}
    for model in models:
        for each in _shapes(model, options):
            found = {**{one.key: one for one in rows(each, each.unit())}, **found}
    order = {key: place for place, key in enumerate(ABOUT)}
    return tuple(sorted(found.values(), key=lambda one: order.get(one.key, len(order))))


def _shapes(model: str, options: Options) -> Iterator[Shape]:
    usual = replace(shape(model, options), settings=True, energy_phases=True, line_settings=0x002E)
    if usual.live.start != 0x2000 or usual.single:
        yield usual
        return
    for start in maps.ENERGIES:
        yield replace(usual, energy=(Place(HOLDING, start),))
    undecided = tuple(Place(HOLDING, start) for start in maps.ENERGIES if start != 0x4000)
    yield replace(usual, energy=undecided, label="its own")
