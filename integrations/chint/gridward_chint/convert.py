"""How a fresh CHINT meter gets onto Modbus: ask who it is, switch it, find it, tell its model, move it. Pure.

DDSU666 hold their address in 0x0006, where DTSU666 hold the current transformer's ratio: nothing is written
before the model is certain. DTSU666 hold it in 0x002E, those of 2016 in 0x002D, where the others hold the
line's speed.
"""

import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TypeVar

from gridward_chint import dlt645
from gridward_kit.commission import Commission, Sign, Station, Talk, Unclear
from gridward_kit.errors import BadFrame, DeviceError, NoAnswer, Refused
from gridward_kit.integration import Line
from gridward_kit.modbus import frame

T = TypeVar("T")

ATTEMPTS = 3
BAUDS = range(5)
MOST_UNIT = 247
VOLTS = (80.0, 300.0)
KEYPAD = "set the address at the keypad (password 701, `Addr`)"

DDSU_ADDRESS, DTSU_RATIO, DTSU_PROTOCOL = 0x0006, 0x0007, 0x002C
DTSU_ADDRESS_2016, DTSU_ADDRESS = 0x002D, 0x002E


def _fresh(baud: int) -> Line:
    return Line(baud=baud, parity="E", stop=1, first=1.5, gap=0.5)


def _ready(parity: str, stop: float) -> Line:
    return Line(baud=9600, parity=parity, stop=stop, first=0.5, gap=0.06, modbus=True)


class Chint(Commission):
    """DDSU666 and DTSU666."""

    models: Mapping[str, str] = {"ddsu666": "1phase", "dtsu666": "3phase"}
    fresh: tuple[Line, ...] = (_fresh(2400), _fresh(9600), _fresh(1200), _fresh(4800))
    ready: tuple[Line, ...] = (_ready("N", 2), _ready("N", 1), _ready("E", 1))

    async def serial(self, talk: Talk, line: Line) -> str:
        answer = await _patiently(lambda: _ask_645(talk, line, dlt645.read_address()))
        return dlt645.serial_of(answer.data if len(answer.data) == 6 else answer.address)

    async def switch(self, talk: Talk, line: Line, serial: str, *, reverse: bool) -> bool:
        request = dlt645.to_modbus(dlt645.wire_address(serial, reverse=reverse))
        try:
            await _ask_645(talk, line, request)
        except (NoAnswer, BadFrame):  # the line may have changed under the answer
            return False
        return True

    def likely(self, serial: str) -> tuple[int, ...]:
        label = int(serial[-2:])
        return (label, 1) if label > 1 else (1,)

    async def probe(
        self, talk: Talk, line: Line, unit: int, functions: tuple[int, ...] = (frame.HOLDING, frame.INPUT)
    ) -> Sign:
        """By 0x2000, then 0x2006, with function 3; with 4 where 3 meets silence or an exception."""
        refused: Sign | None = None
        silence: NoAnswer | None = None
        for function in functions:
            try:
                return Sign(function, await _volts(talk, line, unit, function))
            except Refused:
                refused = refused or Sign(function, None)
            except NoAnswer as error:
                silence = error
        if refused is not None:
            return refused
        raise silence or NoAnswer(f"nothing was asked of unit {unit}")

    async def identify(self, talk: Talk, line: Line, unit: int) -> Station:
        try:
            words = await _words(talk, line, unit, DTSU_PROTOCOL, 3)
        except Refused:
            return await _without_block(talk, line, unit)
        ratio = await _word(talk, line, unit, DTSU_RATIO)
        if ratio is None or not 1 <= ratio <= 9999:
            raise Unclear(f"0x0007 holds {ratio}: no DTSU666, yet it has 0x002C; {KEYPAD}")
        new = words[2] == unit and words[1] in BAUDS
        old = words[1] == unit and words[2] in BAUDS
        if new == old:
            raise Unclear(
                f"0x002D and 0x002E hold {words[1]} and {words[2]}, asked at address {unit}: which of them "
                f"is the address cannot be told; {KEYPAD}"
            )
        if new:
            return Station("dtsu666", DTSU_ADDRESS, words="address in 0x002E")
        return Station("dtsu666", DTSU_ADDRESS_2016, words="layout of 2016, address in 0x002D")

    async def move(self, talk: Talk, line: Line, unit: int, station: Station, to: int) -> bool:
        if not 1 <= to <= MOST_UNIT:
            raise ValueError(f"{to} is no address: 1 to {MOST_UNIT}")
        for function in (frame.WRITE_MANY, frame.WRITE_ONE):
            request = frame.write(unit, function, station.register, (to,))
            try:
                answer = await _ask(talk, line, request)
            except (NoAnswer, BadFrame):  # some answer from the new address already
                return False
            if answer[1] & frame.ERROR and answer[2] == 1 and function == frame.WRITE_MANY:
                continue
            frame.denied(answer)
            return True
        return False

    async def reading(self, talk: Talk, line: Line, unit: int, model: str) -> dict[str, float]:
        if model == "ddsu666":
            volts, amperes, power = await _floats(talk, line, unit, 0x2000, 3)
            found = {"voltage": volts, "current": amperes, "power": power * 1000}
            places: tuple[int, ...] = (0x4000,)
        else:
            live = await _floats(talk, line, unit, 0x2006, 7)
            tenths = max(live[:3]) > 700
            found = {"voltage": max(live[:3]) * (0.1 if tenths else 1)}
            if tenths:  # in plain numbers nobody knows W from kW without a load
                found |= {"current": sum(live[3:6]) / 1000, "power": live[6] / 10}
            places = (0x101E, 0x401E, 0x181E)
        energy = await _first(talk, line, unit, places)
        if energy is not None:
            found["energy"] = energy
        return {key: round(value, 3) for key, value in found.items()}


async def _without_block(talk: Talk, line: Line, unit: int) -> Station:
    """A unit that refuses 0x002C with its neighbours: a DDSU666, or a DTSU666 that gives single words."""
    alone = await _word(talk, line, unit, DTSU_ADDRESS)
    if alone is not None:
        before = await _word(talk, line, unit, DTSU_ADDRESS_2016)
        if alone == unit and before != unit:
            return Station("dtsu666", DTSU_ADDRESS, sure=False, words="only 0x002E answers, with its address")
        raise Unclear(f"0x002D and 0x002E hold {before} and {alone}, asked at address {unit}; {KEYPAD}")
    if await _word(talk, line, unit, DTSU_PROTOCOL) is None:
        held = await _word(talk, line, unit, DDSU_ADDRESS)
        (volts,) = await _floats(talk, line, unit, 0x2000, 1)
        if held == unit and VOLTS[0] <= volts <= VOLTS[1]:
            return Station("ddsu666", DDSU_ADDRESS, words="address in 0x0006, no 0x002C, volts in 0x2000")
        raise Unclear(
            f"0x0006 holds {held}, 0x2000 {volts:g}, asked at address {unit}: no DDSU666 for certain; "
            "set the address at the button"
        )
    raise Unclear(f"it has 0x002C but neither 0x002D nor 0x002E; {KEYPAD}")


async def _patiently(ask: Callable[[], Awaitable[T]], attempts: int = ATTEMPTS) -> T:
    """Ask so many times while there is silence or a broken frame."""
    for _ in range(attempts - 1):
        with suppress(NoAnswer, BadFrame):
            return await ask()
    return await ask()


async def _ask_645(talk: Talk, line: Line, request: dlt645.Frame) -> dlt645.Frame:
    sent = request.sent()
    return dlt645.accepted(
        await talk(line, sent, lambda buffer, quiet: dlt645.cut(sent, buffer, quiet=quiet))
    )


async def _ask(talk: Talk, line: Line, request: bytes) -> bytes:
    return await talk(line, request, lambda buffer, quiet: frame.cut(request, buffer, quiet=quiet))


async def _registers(talk: Talk, line: Line, unit: int, function: int, start: int, count: int) -> bytes:
    return frame.payload(await _ask(talk, line, frame.read(unit, function, start, count)))


async def _words(talk: Talk, line: Line, unit: int, start: int, count: int) -> tuple[int, ...]:
    """Registers as words."""
    payload = await _patiently(lambda: _registers(talk, line, unit, frame.HOLDING, start, count))
    return struct.unpack(f">{count}H", payload)


async def _word(talk: Talk, line: Line, unit: int, place: int) -> int | None:
    """One register; None where the unit refuses it."""
    try:
        return (await _words(talk, line, unit, place, 1))[0]
    except Refused:
        return None


async def _floats(talk: Talk, line: Line, unit: int, start: int, count: int) -> tuple[float, ...]:
    """Floats, high word first; with function 4 where 3 is refused."""
    try:
        payload = await _registers(talk, line, unit, frame.HOLDING, start, 2 * count)
    except Refused:
        payload = await _registers(talk, line, unit, frame.INPUT, start, 2 * count)
    return struct.unpack(f">{count}f", payload)


async def _first(talk: Talk, line: Line, unit: int, places: tuple[int, ...]) -> float | None:
    """The first of these energies that the unit has and that can be true."""
    for place in places:
        try:
            (value,) = await _floats(talk, line, unit, place, 1)
        except DeviceError:
            continue
        if 0 <= value < 1e9:
            return float(value)
    return None


async def _volts(talk: Talk, line: Line, unit: int, function: int) -> float | None:
    """The voltage of a unit, whichever of the two maps and scales it has; None for no believable one."""
    for place in (0x2000, 0x2006):
        value: float = struct.unpack(">f", await _registers(talk, line, unit, function, place, 2))[0]
        for scale in (1.0, 0.1):
            if VOLTS[0] <= value * scale <= VOLTS[1]:
                return round(value * scale, 1)
    return None


CHINT = Chint()
