"""Finds out what answers: harmless reads of every block that any unit has, halved where one is refused."""

from collections.abc import Sequence

from gridward_kit.entity import Entity
from gridward_kit.errors import BadFrame, NoAnswer, Refused
from gridward_kit.integration import Ask, Fact, Identity, Options
from gridward_kit.modbus import HOLDING, Modbus, Profile, Register
from gridward_kit.modbus.family import PROTOCOL, address
from gridward_kit.modbus.plan import block_name
from gridward_kit.point import Value
from gridward_srne import about, blocks, controller, series
from gridward_srne.entities import REASONS

MANUFACTURER = "SRNE"
TRIES = 2
LONG = 32
LONG_AT = 0x0200
FIRST = ((0x0100, 3), (0x0014, 4), (0x000A, 2))
INVERTER_SIGNS = (0x0210, 1)


class Asked:
    """What one unit has answered so far: its registers, and the blocks that it does not have."""

    def __init__(self, ask: Ask, unit: int) -> None:
        self._ask = ask
        self._language = Modbus((), Profile(reasons=REASONS), unit)
        self.image: dict[int, int] = {}
        self.absent: set[str] = set()

    async def read(self, start: int, count: int) -> bool:
        """Whether so many registers were given out; False for a no, raises NoAnswer and BadFrame."""
        name = block_name(HOLDING, start, count)
        for left in reversed(range(TRIES)):
            try:
                answer = await self._ask(self._language.request(name), self._language)
                payload = self._language.payload(name, answer)
            except Refused:
                return False
            except (BadFrame, NoAnswer):
                if not left:
                    raise
            else:
                words = (payload[place : place + 2] for place in range(0, len(payload), 2))
                self.image |= {start + place: int.from_bytes(word, "big") for place, word in enumerate(words)}
                return True
        return False

    async def has(self, start: int, count: int) -> bool:
        """As `read`, but silence to this question alone is a no: some firmware has no other word for it."""
        try:
            return await self.read(start, count)
        except NoAnswer:
            await self.read(0x0100, 3)
            return False

    async def probe(self, batch: Sequence[blocks.Block]) -> None:
        """Which of these neighbouring blocks are there."""
        first, last = batch[0], batch[-1]
        count = first.count if len(batch) == 1 else last.last - first.first + 1
        if await self.has(first.first, count):
            return
        if len(batch) == 1:
            self.absent.add(first.name)
            return
        middle = len(batch) // 2
        await self.probe(batch[:middle])
        await self.probe(batch[middle:])


async def identify(ask: Ask, options: Options) -> Identity:
    """Series, serial number, and what the unit has; `model` of the site file is believed.

    Raises BadFrame for what is no SRNE unit or not the one that it was said to be, NoAnswer for silence.
    """
    unit = address(options)
    asked = Asked(ask, unit)
    for start, count in FIRST:
        await asked.read(start, count)
    doubt = series.doubts(asked.image)
    if doubt is not None:
        raise BadFrame(f"unit {unit} is no SRNE unit: {doubt}")
    said = options.get("model")
    if await asked.has(*INVERTER_SIGNS):
        if said == series.MPPT:
            raise BadFrame(f"unit {unit} is an inverter, not a charge controller")
        return await _inverter(asked, unit, None if said is None else str(said))
    if not series.is_controller(asked.image) or said not in (None, series.MPPT):
        raise BadFrame(f"unit {unit} is no SRNE {said or 'unit'}: it has no register 0210")
    return await _controller(asked)


async def _inverter(asked: Asked, unit: int, said: str | None) -> Identity:
    for batch in blocks.batches(blocks.INVERTER):
        await asked.probe(batch)
    if not series.is_inverter(asked.image):
        raise BadFrame(f"unit {unit} is no SRNE inverter: 000B, 0210, 0215 or 0218 hold what no inverter has")
    model = said or series.series(asked.image)
    longest = blocks.MOST
    if range_there(asked.image, LONG_AT, LONG) and await asked.has(LONG_AT, LONG):
        longest = LONG
    facts = series.learn(model, asked.image, asked.absent, longest)
    return _identity(model, asked, about.ROWS, facts)


async def _controller(asked: Asked) -> Identity:
    for batch in blocks.batches(blocks.CONTROLLER):
        await asked.probe(batch)
    facts = series.learn_controller(asked.image, asked.absent)
    return _identity(series.MPPT, asked, controller.ABOUT, facts)


def range_there(image: blocks.Image, start: int, count: int) -> bool:
    """Whether all of so many registers were given out."""
    return all(start + place in image for place in range(count))


def _identity(model: str, asked: Asked, rows: Sequence[Entity], facts: dict[str, Fact]) -> Identity:
    found = {row.key: _value(asked.image, row.at) for row in rows if isinstance(row.at, Register)}
    serial, firmware = found["serial_number"], found["firmware"]
    if firmware is not None:
        facts["firmware"] = str(firmware)
    return Identity(
        model=model,
        protocol=PROTOCOL,
        serial=None if serial is None else str(serial),
        firmware=None if firmware is None else str(firmware),
        manufacturer=MANUFACTURER,
        facts=facts,
    )


def _value(image: blocks.Image, point: Register) -> Value | None:
    if not range_there(image, point.address, point.count):
        return None
    words = (image[point.address + place] for place in range(point.count))
    return point.at("", point.address).decode(b"".join(word.to_bytes(2, "big") for word in words))
