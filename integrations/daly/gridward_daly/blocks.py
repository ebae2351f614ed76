"""The two register protocols' dialect: Modbus RTU whose answers may have another address. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from gridward_daly.d2 import D2
from gridward_daly.entities import MOST_CELLS
from gridward_daly.ess import ESS
from gridward_daly.protocol import ASLEEP
from gridward_daly.pulse import Pulse
from gridward_daly.registers import SENSORS, Family
from gridward_kit.entity import Entity, readings
from gridward_kit.errors import BadFrame, NoAnswer, Refused
from gridward_kit.integration import FAST
from gridward_kit.modbus import HOLDING, WRITE_ONE, Modbus, Register, frame
from gridward_kit.modbus.plan import Block, parse
from gridward_kit.point import Value

FAMILIES: Mapping[str, Family] = {family.name: family for family in (D2, ESS)}


class Blocks(Modbus):
    """One board's language. What is not answered with its voltage, current and cells sleeps."""

    def __init__(
        self,
        family: Family,
        cells: int = MOST_CELLS,
        sensors: int = SENSORS,
        *,
        board: int = 1,
        parts: Iterable[str] | None = None,
        proof: str | None = None,
        invert: bool = False,
    ) -> None:
        """`parts` are those that this board has; all, where that is not known. Raises ValueError."""
        if not 1 <= board <= family.boards:
            raise ValueError(f"no board {board} is reached by the {family.name} protocol")
        there = frozenset(family.parts if parts is None else parts)
        rows = family.rows(cells, sensors, there, invert=invert)
        super().__init__(rows, family.profile, family.asked + board, proof=proof)
        self._blocks = planned(family, self._blocks)
        self._place()
        self.family = family
        self._answers = family.answers + board
        self._asleep = False
        self._pulse = Pulse()

    def cut(self, request: bytes, buffer: bytes, *, quiet: bool) -> tuple[bytes, bytes] | None:
        return frame.cut(fitting(self.family, request, buffer, self._answers), buffer, quiet=quiet)

    def payload(self, query: str, answer: bytes) -> bytes:
        payload = super().payload(query, answer)
        _, start, count = parse(query)
        words = {address: payload[2 * (address - start) :][:2] for address in range(start, start + count)}
        vital = [words[address] for address in self.family.vital if address in words]
        fast = any(item.name == query and item.every == FAST for item in self.queries)
        blank = not any(payload) and (self._asleep or fast)
        if blank or b"\0\0" in vital:
            self._asleep = True
            raise NoAnswer(ASLEEP)
        self._asleep = self._asleep and not vital
        return payload

    def write(self, entity: Entity, value: Value, now: datetime) -> tuple[bytes, ...]:
        if entity.setting is None:
            raise ValueError(f"{entity.name} cannot be set")
        return tuple(
            frame.write(self.unit, WRITE_ONE, int(told[:4], 16), (int(told[4:], 16),))
            for told in entity.setting.write(value)
        )

    def acknowledge(self, request: bytes, answer: bytes) -> None:
        super().acknowledge(request, answer)
        echoed(request, answer)

    def without(self, query: str) -> bool:
        """What a board lacks is found out once, by whole parts."""
        return False

    def doubt(self, values: Mapping[str, Value], before: Mapping[str, Value]) -> frozenset[str]:
        """What is only repeated is doubted; the checksum sees bytes that changed places."""
        return frozenset(values) if self._pulse.stopped(values) else frozenset()


def fitting(family: Family, request: bytes, buffer: bytes, answers: int) -> bytes:
    """The request that the answer in the buffer belongs to, as if it had been sent to `answers`.

    Newer modules give more registers than were asked for; they are taken from the first on.
    """
    function, start, count = (
        request[1],
        int.from_bytes(request[2:4], "big"),
        int.from_bytes(request[4:6], "big"),
    )
    live = family.live
    if live is not None and (function, start, count) == (live.function, live.start, live.count):
        count = family.longer if bytes((answers, function, 2 * family.longer)) in buffer else count
    return bytes((answers, function)) + request[2:4] + count.to_bytes(2, "big")


def planned(family: Family, blocks: Iterable[Block]) -> list[Block]:
    """The blocks to read, those inside the family's live block in one."""
    live = family.live
    if live is None:
        return list(blocks)
    end = live.start + live.count
    return [live, *(one for one in blocks if not live.start <= one.start < one.start + one.count <= end)]


def echoed(request: bytes, answer: bytes) -> None:
    """A written register's answer repeats the request; raises Refused where it says another word."""
    if answer[2:6] != request[2:6]:
        raise Refused(f"the board answered {answer[4:6].hex()} where {request[4:6].hex()} means done")


def family_of(unit: int) -> tuple[Family, int] | None:
    """The family and the board that a request's address belongs to."""
    found = ((family, unit - family.asked) for family in FAMILIES.values())
    return next(((family, board) for family, board in found if 1 <= board <= family.boards), None)


def decode(cells: int | None, request: bytes, reply: bytes) -> dict[str, Value]:
    """Values of any captured read or write of a board of so many cells; None: as many as it says itself.

    Raises BadFrame, Refused, NoAnswer (zeros of a board asleep), ValueError for a request that is none.
    """
    unit, function, start, _ = frame.asked(request)
    found = family_of(unit)
    if found is None:
        raise ValueError(f"0x{unit:02x} is no board's address")
    family, board = found
    due = fitting(family, request, reply, family.answers + board)
    taken = frame.cut(due, reply, quiet=True)
    if taken is None or taken != (reply, b""):
        raise BadFrame("an empty answer" if taken is None else f"bytes around the frame: {reply.hex(' ')}")
    if function == WRITE_ONE:
        frame.denied(reply)
        echoed(request, reply)
        return _written(family, start, int.from_bytes(request[4:6], "big"))
    payload = frame.payload(reply)
    if b"\0\0" in (payload[2 * (address - start) :][:2] for address in family.vital if address >= start):
        raise NoAnswer(ASLEEP)
    told = values_in(family, start, payload)
    sensors = int(told.get("temperature_sensors", SENSORS))
    return values_in(family, start, payload, cells or int(told.get("cells", MOST_CELLS)), sensors)


def values_in(
    family: Family, start: int, payload: bytes, cells: int = MOST_CELLS, sensors: int = SENSORS
) -> dict[str, Value]:
    """What stands in registers that were read from `start` on."""
    block = Block(HOLDING, start, len(payload) // 2, FAST)
    rows = family.rows(cells, sensors, frozenset(family.parts))
    inside = [
        replace(row, at=row.at.at(block.name, start)) if isinstance(row.at, Register) else row
        for row in rows
        if not isinstance(row.at, Register) or block.holds(row.at, HOLDING)
    ]
    return readings(inside, block.name, payload).values


def _written(family: Family, register: int, word: int) -> dict[str, Value]:
    key = next((key for key, address in family.writes.items() if address == register), None)
    if key is None:
        return {}
    return {key: word / 10 if key == "soc_setting" else word == 1}
