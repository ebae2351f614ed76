"""Finds out by harmless reads what a board of the A5 protocol is: cells, framing, what it knows."""

from collections.abc import Mapping

from gridward_daly.entities import MOST_CELLS, MOST_SENSORS
from gridward_daly.protocol import (
    A5,
    CLOCK,
    HOST,
    MOST_FRAMES,
    SETTINGS,
    Layout,
    command_of,
    frames_of,
)
from gridward_kit.entity import readings
from gridward_kit.errors import BadFrame, NoAnswer
from gridward_kit.integration import Ask, Fact, Identity, Options
from gridward_kit.point import Value

TRIES = 3
PROTOCOL = "a5"
BEST_KNOWN = ("0x50", "0x53", "0x62")
CELL_RANGE = (0.5, 5.0)
KEPT = ("battery_type", "battery_code", "hardware_version", "production_date", "rated_capacity")


async def found(ask: Ask, board: int, host: int) -> Identity:
    """Ask what there is to know once; raises DeviceError in words.

    The battery code is a text that the owner may set and is empty on most boards, so it is no serial
    number; it is kept as a fact, by which packs that changed places are told apart.
    """
    counts = await _twice(ask, A5(Layout(), board=board, host=host), "0x94")
    cells, sensors = counts[0], counts[1]
    full = A5(Layout(cells, sensors), board=board, host=host, full=True)
    await _check_cells(ask, full, cells)
    facts: dict[str, Fact] = {"host": host, "cells": cells, "sensors": sensors}
    facts |= await _framing(ask, full, cells, sensors)
    known, answered = await _settings(ask, full)
    facts |= {key: known[key] for key in KEPT if key in known}
    facts["settings"] = answered
    firmware = known.get("software_version") or known.get("firmware_index")
    return Identity(
        model=f"{cells}s",
        protocol=PROTOCOL,
        firmware=str(firmware) if firmware else None,
        manufacturer="Daly",
        facts=facts,
    )


def spoken(identity: Identity, options: Options) -> A5:
    """The language of an identified board; what was not found out is taken as its sheet says."""
    facts = identity.facts
    settings = facts.get("settings")
    frames = {query: facts[f"frames_{query}"] for query in ("0x95", "0x96") if f"frames_{query}" in facts}
    layout = Layout(
        cells=whole(facts, "cells", MOST_CELLS),
        sensors=whole(facts, "sensors", MOST_SENSORS),
        first=whole(facts, "first_frame", 1) if "first_frame" in facts else None,
        frames={query: count for query, count in frames.items() if isinstance(count, int)},
        settings=tuple(settings) if isinstance(settings, list) else SETTINGS,
        code=bool(facts.get("battery_code")),
    )
    return A5(
        layout,
        board=whole(options, "address", 1),
        host=whole(options, "host_address", whole(facts, "host", HOST)),
        invert=bool(options.get("invert", False)),
    )


async def _check_cells(ask: Ask, probe: A5, cells: int) -> None:
    """A count of cells that the pack's voltage cannot have is a frame with bytes that changed places."""
    volts = _values(probe, "0x90", await _payload(ask, probe, "0x90")).get("voltage")
    check_cells(cells, volts)


def check_cells(cells: Value | None, volts: Value | None) -> int:
    """The number of cells of a pack of this voltage; raises BadFrame where it cannot be."""
    if not isinstance(cells, int) or not 1 <= cells <= MOST_CELLS:
        raise BadFrame(f"the board says it has {cells} cells")
    low, high = CELL_RANGE
    if volts is None or not low <= float(volts) / cells <= high:
        raise BadFrame(f"{volts} V cannot be of {cells} cells")
    return cells


async def _framing(ask: Ask, probe: A5, cells: int, sensors: int) -> Mapping[str, Fact]:
    """From what number on the board counts its frames and how many it sends, from answers without a gap."""
    facts: dict[str, Fact] = {}
    needed = {"0x95": -(-cells // 3)} | ({"0x96": 1} if sensors else {})
    for query, least in needed.items():
        counters: list[int] = []
        for _ in range(TRIES):
            answer = await _answer(ask, probe, query)
            counters = [piece[4] for piece in frames_of(answer, (probe.board,), command_of(query))]
            if _whole(query, counters, least):
                break
        else:
            raise BadFrame(f"{query}: frames {counters} of an answer, one of them is missing")
        facts[f"frames_{query}"] = len(counters)
        facts.setdefault("first_frame", counters[0])
    return facts


def _whole(query: str, counters: list[int], least: int) -> bool:
    """Whether no frame is missing, neither in between nor the first of a board that counts from 0.

    1 to 15 where fewer would do is what is left of 0 to 15.
    """
    first, count = counters[0], len(counters)
    if first not in (0, 1) or counters != list(range(first, first + count)) or count < least:
        return False
    return not (query == "0x95" and first == 1 and least < count == MOST_FRAMES[query] - 1)


async def _settings(ask: Ask, probe: A5) -> tuple[dict[str, Value], list[str]]:
    """What the settings queries say and which of them the board knows; a board that lacks one is silent.

    Where all of the best known are silent the others are not asked: each costs the line's patience.
    """
    known: dict[str, Value] = {}
    answered: list[str] = []
    for query in (*BEST_KNOWN, *(query for query in SETTINGS if query not in BEST_KNOWN)):
        if not answered and query not in BEST_KNOWN:
            break
        values = await _optional(ask, probe, query)
        if values is not None:
            answered.append(query)
            known |= values
    return known, sorted(answered)


async def _optional(ask: Ask, probe: A5, query: str) -> dict[str, Value] | None:
    """The values of a query that a board may lack, in which case it is silent; None then.

    They count when two answers in a row are alike; where none are, the board knows the query all the same.
    """
    said: list[dict[str, Value]] = []
    for _ in range(2 * TRIES):
        try:
            said.append(_values(probe, query, await _payload(ask, probe, query)))
        except NoAnswer:
            return None if not said else {}
        except BadFrame:
            continue
        if query == CLOCK or said[-2:-1] == said[-1:]:
            return said[-1]
    return {} if said else None


async def _twice(ask: Ask, probe: A5, query: str) -> bytes:
    """A payload that came twice in a row: two bytes that changed places are not seen by the checksum."""
    payload = await _payload(ask, probe, query)
    for _ in range(TRIES):
        again = await _payload(ask, probe, query)
        if again[:2] == payload[:2]:
            return again
        payload = again
    raise BadFrame(f"{query}: no two answers are alike")


async def _payload(ask: Ask, probe: A5, query: str) -> bytes:
    return probe.payload(query, await _answer(ask, probe, query))


async def _answer(ask: Ask, probe: A5, query: str) -> bytes:
    """One answer, asked again where it is spoilt."""
    for _ in range(TRIES - 1):
        try:
            return await ask(probe.request(query), probe)
        except BadFrame:
            continue
    return await ask(probe.request(query), probe)


def _values(probe: A5, query: str, payload: bytes) -> dict[str, Value]:
    return readings(probe.entities, query, payload).values


def whole(options: Mapping[str, Fact], key: str, default: int) -> int:
    """A whole number among options or facts; raises TypeError for anything else."""
    value = options.get(key, default)
    if not isinstance(value, int):
        raise TypeError(f"`{key}` is {value!r}, not a whole number")
    return value
