"""What a captured answer says, without knowing the meter: the map that can be true is taken. Pure."""

import struct
from collections.abc import Iterator, Mapping

from gridward_chint import dlt645
from gridward_chint import entities as maps
from gridward_chint.decode_645 import decode as decode_645
from gridward_chint.entities import Map, first_phase, in_kilowatts
from gridward_chint.rows import DIRECTION, row
from gridward_chint.scale import KILOWATT, PLAIN, TENTHS, WATT, number_format, power_unit
from gridward_chint.shape import DDSU, DSSU, DTSU, H1, H3, MODELS, TWENTY, TWO_WAY
from gridward_kit.entity import Readings, readings
from gridward_kit.errors import BadFrame
from gridward_kit.modbus import frame
from gridward_kit.point import Value

Numbers = Mapping[int, float]
PHASES = (1, 2, 3)


def decode(model: str | None, request: str, reply: bytes) -> dict[str, Value]:
    """The values of any read by key, of a write those that it sets.

    Raises BadFrame, Refused, and ValueError for a model that is none.

    Without a model each is tried, the commonest first. Where no voltage and no frequency tells the number
    format, a three-phase meter's numbers are taken to be in 0.1 V and 0.1 W.
    """
    if model is not None and model not in MODELS:
        raise ValueError(f"no model {model!r}; there are {', '.join(MODELS)}")
    try:
        asked = bytes.fromhex(request)
    except ValueError:
        raise BadFrame(f"the request is not hex: {request[:40]!r}") from None
    if _is_dlt645(asked):
        return decode_645(model, request, reply)
    _, function, start, count = frame.asked(asked)
    found = frame.cut(asked, reply, quiet=True)
    if found is None:
        raise BadFrame("an empty answer")
    payload = frame.payload(found[0])
    if function == frame.WRITE_MANY:
        count, payload = (len(asked) - 9) // 2, asked[7:-2]
    elif function == frame.WRITE_ONE:
        count, payload = 1, asked[4:6]
    fallback: dict[str, Value] = {}
    for table in _tables(MODELS if model is None else (model,), start, payload):
        got = _read(table, start, count, payload)
        if got.values and not got.impossible:
            return got.values
        fallback = fallback or got.values
    return fallback


def _is_dlt645(asked: bytes) -> bool:
    """Whether a request is not Modbus: whoever captures a line may not know."""
    return not frame.intact(asked) and any(dlt645.found(asked))


def _read(table: Map, start: int, count: int, payload: bytes) -> Readings:
    """What a map says of a block: the values that lie in it whole."""
    inside = [
        row(key, at.at("block", start))
        for key, at in table.items()
        if start <= at.first and at.end <= start + count
    ]
    return readings([*inside, DIRECTION], "block", payload)


def _tables(models: tuple[str, ...], start: int, payload: bytes) -> Iterator[Map]:
    """The maps that these models may have there, the commonest first."""
    numbers = _numbers(start, payload)
    for model in models:
        if model in (DDSU, TWO_WAY):
            energy = maps.TWO_WAY_ENERGY if model == TWO_WAY else maps.SINGLE_ENERGY
            yield {**_single(numbers), **energy, **maps.SINGLE_SETTINGS}
        elif model in (DTSU, DSSU):
            live = _three(numbers, three_wire=model == DSSU)
            yield {**live, **maps.ENERGIES[0x101E], **maps.THREE_SETTINGS, **maps.LINE_SETTINGS}
            yield maps.PRIMARY_MAP
            yield from (maps.ENERGIES[place] for place in (0x401E, 0x181E, 0x4000))
        else:
            map_of = {H3: maps.H_MAP, H1: first_phase(maps.H_MAP), TWENTY: maps.TWENTY_MAP}[model]
            yield map_of if model == TWENTY else {**map_of, **maps.H_SETTINGS}


def _numbers(start: int, payload: bytes) -> Numbers:
    """Floats by their address."""
    whole = payload[: len(payload) // 4 * 4]
    return {start + 2 * place: number for place, (number,) in enumerate(struct.iter_unpack(">f", whole))}


def _single(numbers: Numbers) -> Map:
    known = [numbers.get(place) for place in (0x2000, 0x2002, 0x2004)]
    loads = [number for number in known if number is not None]
    told = power_unit(loads[:1], loads[1:2], loads[2:]) if len(loads) == 3 else None
    return maps.SINGLE if told == WATT else in_kilowatts(maps.SINGLE)


def _three(numbers: Numbers, *, three_wire: bool) -> Map:
    """The classic map, in the number format that voltages and frequency tell."""
    places = (0x2000, 0x2002, 0x2004) if three_wire else (0x2006, 0x2008, 0x200A)
    volts = [numbers[place] for place in places if place in numbers]
    told = number_format(volts, numbers.get(0x2044), three_wire=three_wire) or TENTHS
    if told != PLAIN:
        return maps.TENTHS_MAP
    phases = [tuple(numbers.get(base + 2 * one) for base in (0x2004, 0x200A, 0x2012)) for one in PHASES]
    whole = [phase for phase in phases if None not in phase]
    loads = [[float(phase[at] or 0.0) for phase in whole] for at in range(3)]
    unit = power_unit(*loads) or KILOWATT
    return maps.PLAIN_MAP if unit == WATT else in_kilowatts(maps.PLAIN_MAP)
