"""Finds out what the numbers of a three-phase meter mean: format, side of the transformers, counters."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gridward_chint.entities import ALREADY_PRIMARY, ENERGIES, LABEL, MOST_ENERGY
from gridward_chint.probe import Probe
from gridward_chint.scale import (
    DIRECT,
    PLAIN,
    PRIMARY,
    SECONDARY,
    floats,
    number_format,
    power_unit,
)
from gridward_chint.shape import DSSU, DTSU, Place
from gridward_kit.errors import BadFrame
from gridward_kit.integration import Fact, Options
from gridward_kit.modbus import HOLDING

BAUDS = range(5)
OPTIONAL = {"apparent_power": (0x2022, 8), "phase_angle": (0x2032, 6), "power_demand": (0x2050, 2)}
"""Parts of the classic map that no manual prints, or only some."""
COUNTED = 1e-4
"""kWh from which on a counter has counted; less is no float but what else lies there."""


@dataclass(frozen=True, slots=True)
class Live:
    """The classic block as it was read once, and what its numbers mean."""

    place: Place
    values: tuple[float, ...]
    number_format: str
    low_first: bool

    @property
    def lines(self) -> tuple[float, ...]:
        """Line voltages, as they are told."""
        return self.values[0:3]

    @property
    def phases(self) -> tuple[float, ...]:
        """Phase voltages, as they are told."""
        return self.values[3:6]


async def three(
    probe: Probe, settings: Sequence[int], line: Sequence[int], options: Options
) -> tuple[str, dict[str, Fact]] | None:
    """Model and facts of a three-phase meter with these settings (none where it does not give them).

    None where there is no such meter; raises BadFrame in words where its format cannot be told yet.
    """
    model = DSSU if settings and settings[3] == 1 else DTSU
    live = await _live(probe, options, three_wire=model == DSSU, sure=bool(settings))
    if live is None:
        return None
    facts: dict[str, Fact] = {
        "live": str(live.place),
        "number_format": live.number_format,
        "low_first": live.low_first,
        "transformer_side": DIRECT,
    }
    if settings:
        ratios = (float(settings[6]), settings[7] / 10)
        facts |= {"settings": True, "line_settings": _layout(probe.unit, line)}
        facts |= {"version": settings[0]} if settings[0] else {}
        facts |= {"read_ct_ratio": ratios[0], "read_vt_ratio": ratios[1]}
        if ratios != (1.0, 1.0):
            facts |= await _behind(probe, live, ratios[1], options)
    if live.number_format == PLAIN and (unit := _unit(live, three_wire=model == DSSU)) is not None:
        facts["power_unit"] = unit
    if facts["live"] == str(live.place):
        facts["lacks"] = [key for key, block in OPTIONAL.items() if not await _shows(probe, *block)]
    facts |= await _energy(probe, live, direct=facts["transformer_side"] == DIRECT)
    return model, facts


async def _live(probe: Probe, options: Options, *, three_wire: bool, sure: bool) -> Live | None:
    """Voltages to reactive powers, in the order of words and the format in which they can be true."""
    found = await probe.block(0x2000, 34)
    told = await probe.block(0x2044, 2)
    if found is None:
        return None
    place, payload = found
    said = options.get("number_format")
    for low_first in (False, True):
        values = floats(payload, low_first=low_first)
        hertz = floats(told[1], low_first=low_first)[0] if told is not None else 0.0
        volts = values[0:3] if three_wire else values[3:6]
        form = number_format(volts, hertz or None, three_wire=three_wire)
        if form is not None and said in (None, form) and (sure or hertz):
            return Live(place, values, form, low_first)
    if not sure:
        return None
    values = floats(payload)
    if said is not None:
        return Live(place, values, str(said), low_first=False)
    shown = ", ".join(f"{value:g}" for value in (values[0:3] if three_wire else values[3:6]))
    raise BadFrame(
        f"unit {probe.unit}: its voltages read {shown}, its frequency {floats(told[1])[0] if told else 0:g}: "
        "whether that is in 0.1 V or V cannot be told yet; it is asked again, or say `number_format`"
    )


async def _shows(probe: Probe, start: int, count: int) -> bool:
    """Whether there is more than zeros: some meters answer with these for what they do not measure."""
    found = await probe.block(start, count)
    return found is not None and any(found[1])


def _layout(unit: int, line: Sequence[int]) -> str:
    """Which register holds the address, by what both hold: `0x002e`, of 2016 `0x002d`, else `0`."""
    new = line[2] == unit and line[1] in BAUDS
    old = line[1] == unit and line[2] in BAUDS
    if new == old:
        return "0"
    return "0x002e" if new else "0x002d"


async def _behind(probe: Probe, live: Live, vt_ratio: float, options: Options) -> dict[str, Fact]:
    """Where values behind the transformers are; without such a block they are multiplied here."""
    said = options.get("transformer_side")
    found = await probe.numbers(0x150A, 6, low_first=live.low_first)
    if found is None or said == SECONDARY:
        return {"transformer_side": str(said or SECONDARY)}
    scale = vt_ratio * (1.0 if live.number_format == PLAIN else 0.1)
    before, behind = max(live.values[:6]) * scale, max(found[1])
    if not math.isclose(before, behind, rel_tol=0.1):
        return {"transformer_side": str(said or SECONDARY)}
    named = await probe.block(LABEL.address, LABEL.count, (HOLDING,))
    label = None if named is None else LABEL.at("", LABEL.address).decode(named[1])
    return {
        "live": str(found[0]),
        "transformer_side": PRIMARY,
        **({"label": label} if label is not None else {}),
    }


def _unit(live: Live, *, three_wire: bool) -> str | None:
    """The unit of its powers, by what flows now."""
    amperes, active, reactive = live.values[6:9], live.values[10:13], live.values[14:17]
    powers = [math.hypot(*pair) for pair in zip(active, reactive, strict=True)]
    if three_wire:
        return power_unit(live.lines[:2], amperes[::2], powers[::2])
    return power_unit(live.phases, amperes, powers)


async def _energy(probe: Probe, live: Live, *, direct: bool) -> dict[str, Fact]:
    """The block that counts, and whether it counts by phase; all that could, where none has counted yet."""
    order = [*ENERGIES] if direct else sorted(ENERGIES, key=lambda start: start != ALREADY_PRIMARY)
    waiting: list[str] = []
    for start in order:
        found = await probe.numbers(start, 1, low_first=live.low_first)
        if found is None or not 0 <= found[1][0] < MOST_ENERGY:
            continue
        counted = found[1][0] >= COUNTED
        if counted or (start == ALREADY_PRIMARY and not direct):
            phases = counted and await _by_phase(probe, start, low_first=live.low_first)
            return {"energy": [str(found[0])], "energy_phases": phases}
        if start != 0x4000 or not waiting:
            waiting.append(str(found[0]))
    return {"energy": waiting}


async def _by_phase(probe: Probe, start: int, *, low_first: bool) -> bool:
    """Whether the counters of the phases sum up to the total."""
    found = await probe.numbers(start, 4, low_first=low_first) if start != 0x4000 else None
    if found is None:
        return False
    total, *phases = found[1]
    return sum(phases) > 0 and math.isclose(sum(phases), total, rel_tol=0.01, abs_tol=0.02)
