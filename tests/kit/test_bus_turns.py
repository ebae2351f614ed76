"""Several devices on one line: fair turns, each under its own name, commands before polls."""

import asyncio
import itertools
import json
from datetime import UTC
from pathlib import Path

import pytest
from faults.line_house import LineHouse, Member, line_house, pack, until, wired_up
from faults.turned_line import PassingClock, TurnedPort

from gridward_daly import INTEGRATION as DALY
from gridward_daly.protocol import HOST, frame
from gridward_daly.simulator import DalyBoard
from gridward_kit.bus import Bus
from gridward_kit.integration import Simulator
from gridward_kit.testing import FastClock, MemoryBroker

SPEED = 20.0
ADDRESS, COMMAND = 1, 2
DISCHARGE = 0xD9


def board(member: Member) -> DalyBoard:
    assert isinstance(member.simulator, DalyBoard)
    return member.simulator


def asked(house: LineHouse, number: int) -> int:
    """How many requests went to a board so far."""
    return asked_of(house.tap.heard, number)


async def available(house: LineHouse, *devices: str) -> None:
    await until(lambda: all(house.wired[device].device.available for device in devices or house.wired))


async def test_several_packs_on_one_line_each_under_its_own_name(tmp_path: Path) -> None:
    packs = [pack(number, known=False) for number in (1, 2, 3)]
    async with line_house(tmp_path, packs, FastClock(100)) as house:
        await until(lambda: all("cycles" in house.state(item.id) for item in packs))
        for item in packs:
            told = house.said(f"{item.id}/state")
            assert told
            for key in ("soc", "cycles"):
                assert set(_values(told, key)) == {item.simulator.state[key]}, (item.id, key)


def _values(told: list[str], key: str) -> list[float]:
    states = [json.loads(state) for state in told]
    return [float(state[key]) for state in states if key in state]


@pytest.mark.parametrize("busy", ["0x90", "0x95", "silent", "unknown"])
async def test_a_command_goes_out_right_after_the_reply_under_way(tmp_path: Path, busy: str) -> None:
    """Asked while a reply is under way, be it long or never to come, it is the very next request."""
    packs = [pack(1), pack(2), pack(3, known=busy != "unknown")]
    board(packs[2]).asleep = busy in ("silent", "unknown")
    async with line_house(tmp_path, packs, FastClock(SPEED)) as house:
        await available(house, "pack_1", "pack_2")
        until_now = len(house.tap.heard)

        def meanwhile(request: bytes) -> None:
            number, query = request[ADDRESS] - HOST + 1, f"0x{request[COMMAND]:02x}"
            if (number, query) == (2, busy) or (number == 3 and board(packs[2]).asleep):
                house.tap.act = None
                house.ask("pack_1", "discharge_mosfet", value=False, identifier="off")
                meant.append(len(house.tap.heard))

        meant: list[int] = []
        house.tap.act = meanwhile
        assert (await house.result("pack_1", "discharge_mosfet", "off"))["status"] == "confirmed"
        assert meant
        assert meant[0] > until_now
        write = house.tap.heard[meant[0]]
        assert write == frame(HOST, DISCHARGE, b"\0")
        assert packs[0].simulator.state["discharge_mosfet"] is False


async def test_what_expires_while_the_line_is_busy_is_refused_and_never_sent(tmp_path: Path) -> None:
    packs = [pack(1), pack(2)]
    board(packs[1]).asleep = True
    async with line_house(tmp_path, packs, FastClock(100)) as house:
        await available(house, "pack_1")

        def meanwhile(request: bytes) -> None:
            if request[ADDRESS] == HOST + 1:
                house.tap.act = None
                house.ask("pack_1", "discharge_mosfet", value=False, identifier="late", ttl=2)

        house.tap.act = meanwhile
        result = await house.result("pack_1", "discharge_mosfet", "late")
        assert result["status"] == "refused"
        assert "expired before the line was free" in str(result["reason"])
        assert DISCHARGE not in {request[COMMAND] for request in house.tap.heard}
        assert packs[0].simulator.state["discharge_mosfet"] is True


def asked_of(heard: list[bytes], number: int) -> int:
    """How many of these requests went to a board."""
    return sum(request[ADDRESS] == HOST - 1 + number for request in heard)


def fair(heard: list[bytes]) -> None:
    """From the first request to silent board 2 on the others had turns alike, and more and more of them."""
    places = [place for place, request in enumerate(heard) if request[ADDRESS] == HOST + 1]
    turns = [asked_of(heard[places[0] :], number) for number in (1, 3)]
    assert min(turns) >= 0.9 * max(turns), turns
    gaps = [later - one - 1 for one, later in itertools.pairwise(places)]
    assert sum(gaps[-3:]) > 3 * sum(gaps[:3]), f"neighbours' turns between two tries: {gaps}"


async def test_a_silent_one_takes_no_turns_from_its_neighbours(tmp_path: Path) -> None:
    packs = [pack(1), pack(2), pack(3)]
    board(packs[1]).asleep = True
    async with line_house(tmp_path, packs, FastClock(SPEED)) as house:
        await available(house, "pack_1", "pack_3")
        await until(lambda: asked(house, 2) >= 8, 40)
        fair(house.tap.heard)
        board(packs[1]).asleep = False
        await available(house)
        assert house.wired["pack_1"].device.available


async def test_nor_does_one_that_was_never_heard(tmp_path: Path) -> None:
    """On a line whose time is turned: it is asked in every protocol that it may speak."""
    clock = PassingClock()
    packs = [pack(1), pack(2, known=False), pack(3)]
    board(packs[1]).asleep = True
    port = TurnedPort([item.simulator for item in packs], DALY.line, clock)
    link = MemoryBroker(clock).link("bus:line")
    wired = [wired_up(tmp_path, item, link, clock) for item in packs]
    bus = asyncio.create_task(Bus(port, wired, clock, UTC).run())
    await until(lambda: asked_of(port.heard, 2) >= 24)
    fair(list(port.heard))
    board(packs[1]).asleep = False
    await until(lambda: all(item.device.available for item in wired))
    bus.cancel()
    await asyncio.gather(bus, return_exceptions=True)


class Babbler(Simulator):
    """Whatever board 2 is asked, it answers with noise that never ends in an answer."""

    def __init__(self) -> None:
        self.state = {}
        self.babbles = True
        self._board = DalyBoard(board=2)

    def receive(self, data: bytes, now: float) -> list[bytes]:
        if not self.babbles:
            return self._board.receive(data, now)
        return [b"\xa5\xff" * 900] if data[ADDRESS : ADDRESS + 1] == bytes([HOST + 1]) else []


async def test_a_babbling_one_does_not_silence_its_neighbours(tmp_path: Path) -> None:
    babbler = Babbler()
    packs = [
        pack(1),
        Member("pack_2", pack(2).integration, babbler, {"address": 2}, pack(2).identity),
        pack(3),
    ]
    async with line_house(tmp_path, packs, FastClock(SPEED)) as house:
        await available(house, "pack_1", "pack_3")
        await until(lambda: asked(house, 2) >= 6)
        begun = {number: asked(house, number) for number in (1, 3)}
        await until(lambda: all(asked(house, number) >= begun[number] + 40 for number in (1, 3)))
        assert house.wired["pack_1"].device.available
        assert house.wired["pack_3"].device.available
        assert not house.wired["pack_2"].device.available
        assert not [state for state in house.said("pack_2/state") if len(state) > 60]
        babbler.babbles = False
        await available(house)
