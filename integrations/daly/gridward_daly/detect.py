"""Finds out by harmless reads which protocol a board speaks, the commonest first, and what it is."""

from collections.abc import Awaitable, Callable, Mapping

from gridward_daly.blocks import FAMILIES, Blocks, values_in
from gridward_daly.identify import KEPT, PROTOCOL, check_cells, found, spoken, whole
from gridward_daly.protocol import HOST, OTHER_HOST
from gridward_daly.registers import Family
from gridward_kit.errors import BadFrame, NoAnswer, NoLine, Refused
from gridward_kit.integration import Ask, Dialect, Fact, Identity, Options
from gridward_kit.modbus.plan import parse
from gridward_kit.point import Value

ROUNDS = 3
TRIES = 3
SILENCES = 2
PROTOCOLS = (PROTOCOL, *FAMILIES)
KEPT_TOO = (*KEPT, "machine_code")

Way = Callable[[Ask], Awaitable[Identity]]


async def identify(ask: Ask, options: Options) -> Identity:
    """What answers, by the protocol in which it does; raises DeviceError in words.

    A board that sleeps may lose the request that wakes it, so silence is asked again.
    """
    board = whole(options, "address", 1)
    ways = _ways(board, options)
    reasons: dict[str, str] = {}
    for _ in range(ROUNDS):
        for words, way in ways.items():
            try:
                return await way(ask)
            except NoLine:
                raise
            except NoAnswer as error:
                reasons[words] = str(error)
    told = "; ".join(f"{words}: {reason}" for words, reason in reasons.items())
    raise NoAnswer(f"board {board}: {told or 'no protocol reaches a board of this number'}")


def dialect(identity: Identity, options: Options) -> Dialect:
    """The language of an identified board."""
    family = FAMILIES.get(identity.protocol)
    if family is None:
        return spoken(identity, options)
    facts = identity.facts
    parts = facts.get("parts")
    return Blocks(
        family,
        whole(facts, "cells", 1),
        whole(facts, "sensors", 0),
        board=whole(options, "address", 1),
        parts=parts if isinstance(parts, list) else None,
        proof=next((key for key in family.proofs if key in facts), None),
        invert=bool(options.get("invert", False)),
    )


def _ways(board: int, options: Options) -> Mapping[str, Way]:
    """The ways to ask a board, the likeliest first.

    A board with a number of its own is not looked for from 0x80, to which its neighbours answer too.
    """
    said = options.get("protocol")
    host = options.get("host_address")
    hosts = (
        [whole(options, "host_address", HOST)] if host is not None else [HOST, OTHER_HOST][: 1 + (board == 1)]
    )
    a5_ways: dict[str, Way] = {
        f"from host address 0x{one:02x}": _by_host(board, one) for one in hosts if said in (None, PROTOCOL)
    }
    others = [one for one in FAMILIES.values() if said == one.name or (said is None and host is None)]
    return a5_ways | {
        f"as unit 0x{one.asked + board:02x}": _by_registers(board, one)
        for one in others
        if board <= one.boards
    }


def _by_host(board: int, host: int) -> Way:
    return lambda ask: found(ask, board, host)


def _by_registers(board: int, family: Family) -> Way:
    return lambda ask: registers(ask, board, family)


async def registers(ask: Ask, board: int, family: Family) -> Identity:
    """What there is to know of a board that is read by registers; raises DeviceError in words."""
    probe = Blocks(family, board=board)
    live = await _values(ask, probe, family.probe)
    cells = check_cells(live.get("cells"), live.get("voltage"))
    sensors = int(live.get("temperature_sensors", 0))
    known: dict[str, Value] = {}
    parts: list[str] = []
    for name, part in family.parts.items():
        values = await _optional(ask, probe, part.query)
        if values is not None:
            parts.append(name)
            known |= values
    facts: dict[str, Fact] = {"cells": cells, "sensors": sensors}
    facts |= {key: known[key] for key in KEPT_TOO if key in known}
    facts["parts"] = list(parts)
    firmware = known.get("software_version")
    return Identity(
        model=f"{cells}s",
        protocol=family.name,
        firmware=str(firmware) if firmware else None,
        manufacturer="Daly",
        facts=facts,
    )


async def _optional(ask: Ask, probe: Blocks, query: str) -> dict[str, Value] | None:
    """The values of registers that a board may lack; None where it refuses them or is silent."""
    for left in reversed(range(SILENCES)):
        try:
            return await _values(ask, probe, query)
        except Refused:
            return None
        except NoAnswer:
            if not left:
                return None
    return None


async def _values(ask: Ask, probe: Blocks, query: str) -> dict[str, Value]:
    """One good answer, asked again where it is spoilt."""
    trouble: BadFrame | None = None
    for _ in range(TRIES):
        try:
            payload = probe.payload(query, await ask(probe.request(query), probe))
        except BadFrame as error:
            trouble = error
        else:
            return values_in(probe.family, parse(query)[1], payload)
    raise trouble or BadFrame(query)
