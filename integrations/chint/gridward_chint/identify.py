"""Finds out which CHINT meter answers, and what its numbers mean, by harmless reads only."""

import math
from collections.abc import Sequence
from dataclasses import replace

from gridward_chint.entities import MOST_ENERGY, WHOLE
from gridward_chint.probe import Probe
from gridward_chint.scale import power_unit
from gridward_chint.shape import DDSU, H1, H3, TWENTY, TWO_WAY
from gridward_chint.three import three
from gridward_kit.errors import BadFrame
from gridward_kit.integration import Ask, Fact, Identity, Options
from gridward_kit.modbus.family import address

PROTOCOL = "modbus"
MANUFACTURER = "CHINT"
RATIOS = range(1, 10000)
VOLTS = (60.0, 480.0)


async def identify(ask: Ask, options: Options) -> Identity:
    """The meter at the site file's address.

    Raises BadFrame in words where it is none that is known, another than it was said to be, or where its
    scale cannot be told yet; NoAnswer when it is silent.
    """
    probe = Probe(ask, address(options))
    said = str(options["model"]) if "model" in options else None
    model, facts = await _found(probe, said, options)
    if (said, model) == (TWO_WAY, DDSU):  # it may not have counted anything back yet
        model = TWO_WAY
    if said not in (None, model) and (said, model) != (DDSU, TWO_WAY):
        raise BadFrame(f"unit {probe.unit} is a {model}, not a {said}")
    version = facts.get("version")
    return Identity(
        model=model,
        protocol=PROTOCOL,
        firmware=None if version is None else str(version),
        manufacturer=MANUFACTURER,
        facts=facts,
    )


async def _found(probe: Probe, said: str | None, options: Options) -> tuple[str, dict[str, Fact]]:
    if said in (None, H1, H3) and (found := await _h(probe)):
        return found
    if said in (None, TWENTY) and (found := await _twenty(probe)):
        return found
    whole = await probe.words(0x0000, 0x000D)
    settings = whole or await _apart(probe)
    line = await _line(probe)
    if settings[7] in RATIOS and settings[6] in RATIOS and any(line):
        found = await three(probe, settings, line, options)
        if found is not None and whole:
            found[1]["settings_whole"] = True
    else:
        found = await _single(probe, settings) or await three(probe, (), (), options)
    if found is not None:
        return found
    raise BadFrame(f"unit {probe.unit} is none of the CHINT meters that are known")


async def _apart(probe: Probe) -> tuple[int, ...]:
    """The settings that a meter gives only as single words; 0 for what it has not."""
    found = {place: await probe.words(place, 1) for place in (0, 1, 3, 6, 7)}
    return tuple((found.get(place) or (0,))[0] for place in range(0x000D))


async def _line(probe: Probe) -> tuple[int, ...]:
    """Protocol, and the two registers of which one holds the address; 0 for what it has not."""
    together = await probe.words(0x002C, 3)
    if together is not None:
        return together
    alone = [await probe.words(place, 1) for place in (0x002C, 0x002D, 0x002E)]
    return tuple((word or (0,))[0] for word in alone)


async def _h(probe: Probe) -> tuple[str, dict[str, Fact]] | None:
    code = await probe.words(0x07D1, 1)
    if code is None or not code[0]:
        return None
    live = await probe.numbers(0x0836, 40)
    if live is None:
        return None
    place, values = live
    volts = values[4:7]
    if not VOLTS[0] <= max(volts) <= VOLTS[1]:
        raise BadFrame(f"unit {probe.unit} is a -H, but shows no voltage: {volts[0]:g}")
    model = H1 if volts[1] == volts[2] == 0 else H3
    return model, {"live": str(place), "meter_code": code[0]}


async def _twenty(probe: Probe) -> tuple[str, dict[str, Fact]] | None:
    found = await probe.block(0x1106, 20)
    if found is None:
        return None
    volts = [int.from_bytes(found[1][at : at + 4], "big") / 10 for at in (0, 4, 8)]
    if not VOLTS[0] <= max(volts) <= VOLTS[1]:
        return None
    return TWENTY, {"live": str(replace(found[0], start=0x1100)), "number_format": WHOLE}


async def _single(probe: Probe, settings: tuple[int, ...]) -> tuple[str, dict[str, Fact]] | None:
    """A DDSU666: it holds its own address in 0x0006, and volts in 0x2000."""
    live = await probe.numbers(0x2000, 9)
    if live is None or (settings[6] != probe.unit and _three_volts(live[1])):
        return None
    place, values = live
    certain = settings[6] == probe.unit or (abs(values[5]) <= 1 and 45 <= values[7] <= 65)
    if not VOLTS[0] <= values[0] <= VOLTS[1] or not certain:
        return None
    facts: dict[str, Fact] = {"live": str(place)}
    if settings[6] == probe.unit:
        facts |= {"settings": True, **({"version": settings[1]} if settings[1] else {})}
    if (unit := power_unit(values[:1], values[1:2], (math.hypot(*values[2:4]),))) is not None:
        facts["power_unit"] = unit
    counted = await probe.numbers(0x4000, 1)
    if counted is not None:
        facts["energy"] = [str(counted[0])]
    return await _way(probe), facts


def _three_volts(values: Sequence[float]) -> bool:
    """Whether the block at 0x2000 holds three phases, in either format."""
    return sum(60 <= value <= 8700 for value in values[3:6]) >= 2


async def _way(probe: Probe) -> str:
    """Whether a DDSU666 counts what flows back apart: then one of its further counters has moved."""
    exported = await probe.numbers(0x400A, 1)
    reactive = await probe.numbers(0x4014, 1)
    moved = [found for found in (exported, reactive) if found is not None and 0 < found[1][0] < MOST_ENERGY]
    return TWO_WAY if moved else DDSU
