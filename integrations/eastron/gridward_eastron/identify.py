"""Which Eastron meter answers, by its code where that is public, else by the registers that it has."""

from collections.abc import Mapping
from dataclasses import dataclass

from gridward_eastron.dialect import number
from gridward_eastron.models import MODELS
from gridward_kit.errors import BadFrame, NoAnswer
from gridward_kit.integration import Ask, Fact, Identity, Options
from gridward_kit.modbus import HOLDING, INPUT, Register, u16, u32
from gridward_kit.modbus.family import PROTOCOL, address, value

MANUFACTURER = "Eastron"
ANY = MODELS["sdm230"]
CODES: Mapping[int, tuple[str, ...]] = {
    0x0020: ("sdm120",),
    0x0070: ("sdm630", "sdm630v1", "sdm530", "x96"),
    0x0079: ("sdm630mct",),
    0x0089: ("sdm72v2",),
    0x0200: ("sdm72",),
}
"""Codes at 0xFC02, the likeliest model first; further ones of one map may share a code."""
MAPS: Mapping[str, str] = {
    **dict.fromkeys(("sdm120", "sdm220", "sdm230", "sdm230_2t"), "one phase"),
    "sdm72": "no voltage",
    **dict.fromkeys(("sdm630", "sdm630v1", "sdm630mct", "sdm72v2", "sdm54", "sdm530", "x96"), "three phases"),
}
VOLTS, HERTZ = (20.0, 600.0), (40.0, 70.0)
SYSTEMS = {1.0: "1P2W", 2.0: "3P3W", 3.0: "3P4W", 4.0: "1P3W"}
SAME = 0.02


@dataclass(slots=True)
class Seen:
    """The registers of one unit as they are, by two; None where it refuses or, having answered, is silent."""

    ask: Ask
    unit: int
    heard: bool = False

    async def raw(self, register: Register) -> int | None:
        """A value as it is; raises NoAnswer while the unit has said nothing at all."""
        try:
            found = await value(self.ask, ANY, self.unit, register)
        except NoAnswer:
            if not self.heard:
                raise
            return None
        self.heard = True
        return found if isinstance(found, int) else None

    async def cell(self, at: int, function: int = INPUT) -> bytes | None:
        """Two registers."""
        found = await self.raw(u32(at, function=function))
        return None if found is None else found.to_bytes(4, "big")

    async def has(self, at: int) -> bool:
        """Whether it answers for an input register."""
        return await self.cell(at) is not None


async def identify(ask: Ask, options: Options) -> Identity:
    """Model, serial number and what changes how its values are read, by harmless reads.

    Raises BadFrame where it is no Eastron meter, or another than the site file says; NoAnswer.
    """
    seen = Seen(ask, address(options))
    said = options.get("model")
    volts = await seen.cell(0x0000)
    if volts is None and not await seen.has(0x0034):
        raise BadFrame(f"unit {seen.unit} is no Eastron meter: it has neither voltage nor power")
    code = await seen.raw(u16(0xFC02, function=HOLDING))
    if code is None and (both := await seen.cell(0xFC02, HOLDING)) is not None:
        code = int.from_bytes(both[:2], "big")
    low_first = await _low_first(seen, volts)
    if low_first is None and code not in CODES and said is None:
        raise BadFrame(
            f"unit {seen.unit} shows nothing that makes sense for an Eastron meter; say its `model`"
        )
    likely = await _likely(seen, volts, low_first=bool(low_first))
    model = _chosen(seen.unit, None if said is None else str(said), code, likely)
    return await _identity(seen, model, code, low_first=bool(low_first))


async def _low_first(seen: Seen, volts: bytes | None) -> bool | None:
    """Whether the low word comes first; None where neither order makes sense, or nothing is there to see."""
    hertz = None if volts is None else await seen.cell(0x0046)
    for low_first in (False, True):
        for cell, (least, most) in ((volts, VOLTS), (hertz, HERTZ)):
            if cell is not None and least <= number(cell, low_first=low_first) <= most:
                return low_first
    cells = [await seen.cell(at) for at in (0x0048, 0x004A, 0x0156)]
    for low_first in (False, True):
        imported, exported, total = (
            number(cell, low_first=low_first) if cell is not None else -1.0 for cell in cells
        )
        adds_up = abs(imported + exported - total) <= SAME * max(total, 1.0)
        if min(imported, exported) >= 0 and 0.01 <= total <= 1e8 and adds_up:
            return low_first
    return None


async def _likely(seen: Seen, volts: bytes | None, *, low_first: bool) -> str:
    """The model by the registers that there are."""
    if volts is None:
        return "sdm72"
    if await seen.has(0x0034) and await _three_phases(seen, low_first=low_first):
        if await seen.has(0x0500):
            return "sdm72v2"
        return "sdm54" if await seen.has(0x130C) else "sdm630"
    if await seen.has(0x130C):
        return "sdm230_2t"
    if await seen.has(0x0180):
        return "sdm230"
    return "sdm120" if await seen.has(0x0054) else "sdm220"


async def _three_phases(seen: Seen, *, low_first: bool) -> bool:
    """Voltage on L2, or a setting of how it is wired: some answer 0 for what they lack."""
    second = await seen.cell(0x0002)
    if second is not None and number(second, low_first=low_first) > VOLTS[0]:
        return True
    system = await seen.cell(0x000A, HOLDING)
    return system is not None and number(system, low_first=low_first) in SYSTEMS


def _chosen(unit: int, said: str | None, code: int | None, likely: str) -> str:
    """The model that is said, by its code, or likely; raises BadFrame where these contradict each other."""
    coded = CODES.get(code or 0, ())
    found = coded[0] if coded else likely
    if said is None:
        return found
    if said not in MODELS:
        raise ValueError(f"no model {said!r}; there are {', '.join(MODELS)}")
    if (coded and said not in coded) or (not coded and MAPS[said] != MAPS[likely]):
        raise BadFrame(f"unit {unit} answers as {found} ({MAPS[found]}), not as {said}")
    return said


async def _identity(seen: Seen, model: str, code: int | None, *, low_first: bool) -> Identity:
    about = await seen.cell(0xFC02, HOLDING)
    facts: dict[str, Fact] = {}
    if code is not None and about is not None:  # what one register alone says may be the type of any
        facts["meter_code"] = f"0x{code:04X}"
    if low_first:
        facts["low_first"] = True
    keys = {row.key for row in MODELS[model].rows}
    if "system_type" in keys and (cell := await seen.cell(0x000A, HOLDING)) is not None:
        facts["system_type"] = SYSTEMS.get(number(cell, low_first=low_first), "unknown")
    if "energy_prefix" in keys and (cell := await seen.cell(0x001E, HOLDING)) is not None:
        facts["energy_prefix"] = "MWh" if number(cell, low_first=low_first) == 1 else "kWh"
    serial = await seen.raw(u32(0xFC00, function=HOLDING, absent=(0, 0xFFFFFFFF), low_first=low_first))
    return Identity(
        model=model,
        protocol=PROTOCOL,
        serial=None if serial is None else str(serial),
        firmware=None if about is None else f"0x{int.from_bytes(about[2:], 'big'):04X}",
        manufacturer=MANUFACTURER,
        facts=facts,
    )
