"""Decodes captured answers, offline: what is known of the board is what stands in them."""

import re
from collections.abc import Iterable

from gridward_daly.blocks import decode as registers
from gridward_daly.entities import MOST_CELLS, rows
from gridward_daly.protocol import (
    ASLEEP,
    HEAD,
    HOST,
    LENGTH,
    MOSFETS,
    MOST_BOARDS,
    PER_FRAME,
    SET_SOC,
    SIZE,
    assemble,
    command_of,
    frames_of,
    name_of,
    obey,
    zeros,
)
from gridward_kit.entity import readings
from gridward_kit.errors import NoAnswer
from gridward_kit.point import Value

LEAST = 8  # bytes of a request of the register protocols


def decode(model: str | None, request: str, reply: bytes) -> dict[str, Value]:
    """Values of a captured answer: `request` is a query's name or the request in hex.

    `model` may say the number of cells ("14s"); then cells that are not there are left out. Where it
    does not, values behind the last cell are told by their being those of the frame before, which a
    board leaves in its buffer; a single frame is decoded as it stands.
    Raises BadFrame, Refused (a write that was not accepted), NoAnswer (zeros of a board asleep) and
    ValueError for a request that is none.
    """
    text = request.replace(" ", "").lower()
    if len(text) >= 2 * LEAST and not text.startswith(f"{HEAD:02x}"):
        return registers(_cells(model), bytes.fromhex(text), reply)
    asked, addresses = _request(text)
    pieces = frames_of(reply, addresses, asked[2])
    query = name_of(asked[2])
    if asked[2] in MOSFETS or asked[2] == SET_SOC:
        if len(asked) == SIZE:
            obey(asked, pieces[0])
        key = MOSFETS.get(asked[2])
        return {key: pieces[0][4] == 1} if key else {}
    payload = assemble(query, pieces, None)
    if zeros(query, payload):
        raise NoAnswer(ASLEEP)
    cells = _cells(model) or (_cells_in(payload) if query == "0x95" else MOST_CELLS)
    return readings(rows(cells), query, payload).values


def _request(text: str) -> tuple[bytes, Iterable[int]]:
    """The request's bytes (at least its head) and the board addresses that may answer it."""
    boards = range(1, MOST_BOARDS + 1)
    if len(text) != 2 * SIZE:
        return bytes([HEAD, HOST, command_of(text), LENGTH]), boards
    asked = bytes.fromhex(text)
    if asked[0] != HEAD or asked[3] != LENGTH or asked[12] != sum(asked[:12]) & 0xFF:
        raise ValueError(f"{text!r} is not a frame of the A5 protocol")
    board = asked[1] - HOST + 1
    return asked, (board,) if board in boards else boards


def _cells(model: str | None) -> int | None:
    """The number of cells that a model's name says, as 14 in "14s"."""
    found = re.search(r"(\d+)\s*[sS]\b", model or "")
    return int(found[1]) if found and 1 <= int(found[1]) <= MOST_CELLS else None


def _cells_in(payload: bytes) -> int:
    """How many cells an answer to 0x95 has, without the remains behind the last one."""
    frames = [payload[place : place + 6] for place in range(0, len(payload), PER_FRAME)]
    last = max((place for place, data in enumerate(frames) if any(data)), default=0)
    cells = 3 * (last + 1)
    before = frames[last - 1] if last else b""
    for start in (4, 2):
        if frames[last][start : start + 2] not in (before[start : start + 2], b"\0\0"):
            break
        cells -= 1
    return cells
