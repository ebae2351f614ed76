"""Daly's A5 protocol as pure functions: frames of 13 bytes, answers of one or several of them.

A frame is A5, address, command, 08, eight bytes of payload and the low eight bits of the sum of all
before. Source: the maker's sheets V1.0 and V1.2; what they leave open is said at its place.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from gridward_daly.doubt import Plausibility
from gridward_daly.entities import MOST_CELLS, MOST_SENSORS, rows
from gridward_daly.pulse import Pulse
from gridward_kit.entity import Entity
from gridward_kit.errors import BadFrame, NoAnswer, Refused
from gridward_kit.integration import FAST, Dialect, Query
from gridward_kit.point import Value

SIZE = 13
HEAD = 0xA5
LENGTH = 8
INVALID = 0xFF

HOST = 0x40
OTHER_HOST = 0x80
MOST_BOARDS = 16

MOST_FRAMES: Mapping[str, int] = {"0x95": 16, "0x96": 3, "0x57": 5, "0x62": 2, "0x63": 2}
PER_FRAME = 7
TEXTS = ("0x57", "0x62", "0x63")

LIVE = (
    Query("0x91", 2),
    Query("0x95", 1),
    Query("0x90", FAST),
    Query("0x93", FAST),
    Query("0x98", 2),
    Query("0x92", 5),
    Query("0x94", 5),
    Query("0x96", 5),
    Query("0x97", 5),
)
SETTINGS = tuple(f"0x{command:02x}" for command in (*range(0x50, 0x55), 0x57, *range(0x59, 0x64)))
SETTINGS_EVERY = 3600.0
CLOCK = "0x61"  # moves on, so that no two answers are alike

MOSFETS: Mapping[int, str] = {0xD9: "discharge_mosfet", 0xDA: "charge_mosfet"}
SET_SOC = 0x21

NEVER_ZERO = frozenset(("0x90", "0x91", "0x92", "0x93", "0x94", "0x95"))
ASLEEP = "the board answers with zeros only: it sleeps"


def frame(address: int, command: int, data: bytes = b"") -> bytes:
    """One frame; the payload is filled up with zeros."""
    body = bytes([HEAD, address, command, LENGTH]) + data.ljust(LENGTH, b"\0")
    return body + bytes([sum(body) & 0xFF])


def fault(piece: bytes, addresses: Iterable[int], command: int) -> str | None:
    """Why 13 bytes are not a frame from one of these addresses to this command; None if they are."""
    if len(piece) != SIZE:
        return f"{len(piece)} bytes are not a frame of {SIZE}"
    if piece[0] != HEAD or piece[3] != LENGTH:
        return f"no frame begins with {piece[:4].hex(' ')}"
    if piece[12] != sum(piece[:12]) & 0xFF:
        return f"checksum {piece[12]:02x} where {sum(piece[:12]) & 0xFF:02x} is right"
    if piece[2] != command:
        return f"an answer to 0x{piece[2]:02x} where one to 0x{command:02x} is due"
    if piece[1] not in addresses:
        return f"an answer of board {piece[1]}"
    return None


def frames_of(answer: bytes, addresses: Iterable[int], command: int) -> list[bytes]:
    """Split an answer that is made of whole frames; raises BadFrame for anything else in it."""
    pieces = [answer[place : place + SIZE] for place in range(0, len(answer), SIZE)]
    wrong = next((why for piece in pieces if (why := fault(piece, addresses, command))), None)
    if wrong or not pieces:
        raise BadFrame(wrong or "an empty answer")
    return pieces


def assemble(query: str, pieces: Sequence[bytes], first: int | None) -> bytes:
    """The payload of a query's good frames, each at the place its counter says; raises BadFrame.

    Frames are counted from `first`; where that is not known from 0 if there is such a frame, else from
    1, as all captured boards do (the sheets say 0). A frame that is missing leaves zeros; so do two with
    one counter that differ, since nothing says which of them is right.
    """
    most = MOST_FRAMES.get(query)
    if most is None:
        if len(pieces) > 1:
            raise BadFrame(f"{len(pieces)} frames where one is due")
        return pieces[0][4:12]
    told: dict[int, set[bytes]] = {}
    for piece in pieces:
        if piece[4] != INVALID:
            told.setdefault(piece[4], set()).add(piece[5:12])
    counted = {counter: data.pop() for counter, data in told.items() if len(data) == 1}
    base = (0 if 0 in counted else 1) if first is None else first
    payload = bytearray(most * PER_FRAME)
    placed = [(counter - base, data) for counter, data in counted.items() if 0 <= counter - base < most]
    if not placed:
        raise BadFrame("no frame with a counter that can be")
    for place, data in placed:
        payload[place * PER_FRAME : (place + 1) * PER_FRAME] = data
    return bytes(payload)


def zeros(query: str, payload: bytes) -> bool:
    """Whether an answer is that of a board or adapter that sleeps: what cannot be zero is zero."""
    if query == "0x90":
        return payload[0:2] == b"\0\0" or payload[4:6] == b"\0\0"
    if query == "0x94":
        return payload[0] == 0
    return query in NEVER_ZERO and not any(payload)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a board numbers and counts its frames, and what it measures; None where it is not known.

    `frames` are those that a full answer has, surplus ones included. `settings` are the settings
    queries that this board answers.
    """

    cells: int = MOST_CELLS
    sensors: int = MOST_SENSORS
    first: int | None = None
    frames: Mapping[str, int] | None = None
    settings: tuple[str, ...] = SETTINGS
    code: bool = False


class A5(Dialect):
    """One board's language. It remembers what it believed last, to doubt what cannot follow."""

    def __init__(
        self, layout: Layout, *, board: int = 1, host: int = HOST, invert: bool = False, full: bool = False
    ) -> None:
        """Board numbers are 1 to 16. With `full` every answer of several frames is awaited to its end."""
        if not 1 <= board <= MOST_BOARDS or host not in (HOST, OTHER_HOST):
            raise ValueError(f"no board {board} is reached from host address 0x{host:02x}")
        self.layout = layout
        self.board = board
        self.entities = rows(layout.cells, layout.sensors, invert=invert)
        live = (query for query in LIVE if layout.sensors or query.name not in ("0x92", "0x96"))
        self.queries = (
            *live,
            *(Query(name, SETTINGS_EVERY, twice=name != CLOCK) for name in layout.settings),
        )
        self.proof = ("0x57", "battery_code") if layout.code else ("0x94", "cells")
        # Only from 0x40 on do boards tell each other apart; to 0x80 any board answers.
        self._address = OTHER_HOST if host == OTHER_HOST else HOST - 1 + board
        self._full = full
        self._asleep = False
        self._plausible = Plausibility(self.entities, layout.cells)
        self._pulse = Pulse()

    def request(self, query: str) -> bytes:
        return frame(self._address, command_of(query))

    def cut(self, request: bytes, buffer: bytes, *, quiet: bool) -> tuple[bytes, bytes] | None:
        command = request[2]
        wanted = self._expected(name_of(command))
        good: list[bytes] = []
        counters: set[int] = set()
        why = ""
        place = end = 0
        while len(counters) < wanted and len(buffer) - place >= SIZE:
            piece = buffer[place : place + SIZE]
            wrong = fault(piece, (self.board,), command)
            if wrong is None:
                good.append(piece)
                counters |= {piece[4] if wanted > 1 else 0} - {INVALID}
                place = end = place + SIZE
            else:
                why = wrong if piece[0] == HEAD else why
                place += 1
        if len(counters) >= wanted or (quiet and good):
            return b"".join(good), buffer[end:]
        if quiet and buffer:
            raise BadFrame(why or f"{len(buffer)} bytes without a frame: {buffer[:SIZE].hex(' ')}")
        return None

    def payload(self, query: str, answer: bytes) -> bytes:
        pieces = frames_of(answer, (self.board,), command_of(query))
        blank = not any(any(piece[4:12]) for piece in pieces)
        if blank and (self._asleep or query in NEVER_ZERO):
            raise self._sleeping()
        if query in TEXTS and len({piece[4] for piece in pieces}) < MOST_FRAMES[query]:
            raise BadFrame(f"{len(pieces)} of {MOST_FRAMES[query]} frames of a text")
        payload = assemble(query, pieces, self.layout.first)
        if zeros(query, payload):
            raise self._sleeping()
        self._asleep = self._asleep and query not in NEVER_ZERO
        return payload

    def write(self, entity: Entity, value: Value, now: datetime) -> tuple[bytes, ...]:
        if entity.setting is None:
            raise ValueError(f"{entity.name} cannot be set")
        return tuple(self._written(text, now) for text in entity.setting.write(value))

    def acknowledge(self, request: bytes, answer: bytes) -> None:
        obey(request, frames_of(answer, (self.board,), request[2])[0])

    def doubt(self, values: Mapping[str, Value], before: Mapping[str, Value]) -> frozenset[str]:
        """What `before` lacks because it was doubted is remembered here; what is only repeated is doubted."""
        return frozenset(values) if self._pulse.stopped(values) else self._plausible.doubt(values, before)

    def _sleeping(self) -> NoAnswer:
        """From now on zeros are no values either where they could be."""
        self._asleep = True
        return NoAnswer(ASLEEP)

    def _expected(self, query: str) -> int:
        """How many frames a whole answer has; more than there can be where that is not known."""
        most = MOST_FRAMES.get(query)
        if most is None:
            return 1
        if self._full:
            return most
        known = (self.layout.frames or {}).get(query)
        if known is not None or query in TEXTS or self._address == OTHER_HOST:
            return known or most
        count, each = (self.layout.cells, 3) if query == "0x95" else (self.layout.sensors, PER_FRAME)
        return max(1, -(-count // each))

    def _written(self, text: str, now: datetime) -> bytes:
        clock = bytes([now.year - 2000, now.month, now.day, now.hour, now.minute, now.second])
        content = bytes.fromhex(text.format(clock=clock.hex()))
        return frame(self._address, content[0], content[1:])


def obey(request: bytes, piece: bytes) -> None:
    """Check the answer to a written frame; raises Refused where it is not the accepting one.

    A MOSFET's answer repeats the asked value in its first byte, that of 0x21 has 1 there; the other
    bytes are remains of earlier answers.
    """
    due = request[4] if request[2] in MOSFETS else 1
    if piece[4] != due:
        raise Refused(f"the board answered {piece[4]} where {due} means done")


@lru_cache(maxsize=64)
def command_of(query: str) -> int:
    """The command byte of a query's name; raises ValueError."""
    if not re.fullmatch(r"(0x)?[0-9a-fA-F]{2}", query):
        raise ValueError(f"{query!r} is not a query: 0x90 to 0x98 or 0x50 to 0x63")
    return int(query, 16)


def name_of(command: int) -> str:
    """The name of a command's query."""
    return f"0x{command:02x}"
