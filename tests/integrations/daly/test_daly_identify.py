"""What is found out of a board by harmless reads, on lines that lose and swap bytes too."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from gridward_daly import EXAMPLE
from gridward_daly.detect import dialect as spoken
from gridward_daly.detect import identify
from gridward_daly.protocol import LIVE, SETTINGS
from gridward_daly.simulator import DalyBoard
from gridward_kit.entity import readings
from gridward_kit.errors import BadFrame, NoAnswer
from gridward_kit.integration import Ask, Dialect, Identity, Options

Spoil = Callable[[int, bytes], bytes]


def clean(_: int, answer: bytes) -> bytes:
    return answer


def line(*boards: DalyBoard, spoil: Spoil = clean) -> Ask:
    """One line with these boards on it; `spoil` gets the number of the exchange and the answer."""
    count = 0

    async def ask(request: bytes, dialect: Dialect) -> bytes:
        nonlocal count
        count += 1
        answer = b"".join(item for board in boards for item in board.receive(request, 0.0))
        heard = spoil(count, answer)
        if not heard:
            raise NoAnswer("no answer")
        cut = dialect.cut(request, heard, quiet=True)
        if cut is None:
            raise BadFrame("broke off")
        return cut[0]

    return ask


async def test_a_board_is_identified() -> None:
    board = DalyBoard(14, 1, code="PACK-7")
    board.state["battery_type"] = "Li-ion"
    identity = await identify(line(board), {})
    assert identity == Identity(
        model="14s",
        protocol="a5",
        serial=None,
        firmware="20210222-1.01T",
        manufacturer="Daly",
        facts={
            "host": 0x40,
            "cells": 14,
            "sensors": 1,
            "first_frame": 1,
            "frames_0x95": 5,
            "frames_0x96": 2,
            "battery_type": "Li-ion",
            "battery_code": "PACK-7",
            "hardware_version": "DL-R16L-F8S100",
            "production_date": "2022-08-10",
            "rated_capacity": 280.0,
            "settings": sorted(SETTINGS),
        },
    )
    language = spoken(identity, {})
    assert language.proof == ("0x57", "battery_code")
    assert {query.name for query in language.queries} == {query.name for query in LIVE} | set(SETTINGS)


async def test_the_example_is_what_the_simulator_is() -> None:
    found = await identify(line(DalyBoard()), {})
    # an empty battery code is an answer too, but one without a value
    assert replace(found, facts={**found.facts, "settings": EXAMPLE.facts["settings"]}) == EXAMPLE


async def test_a_board_that_knows_no_settings_is_asked_only_for_the_best_known() -> None:
    board = DalyBoard()
    board.muted = frozenset(SETTINGS)
    asked: list[int] = []

    async def ask(request: bytes, dialect: Dialect) -> bytes:
        asked.append(request[2])
        return await line(board)(request, dialect)

    identity = await identify(ask, {})
    assert identity.facts["settings"] == []
    assert identity.firmware is None
    assert [command for command in asked if command < 0x90] == [0x50, 0x53, 0x62]
    language = spoken(identity, {})
    assert [query.name for query in language.queries] == [query.name for query in LIVE]
    assert language.proof == ("0x94", "cells")


async def test_what_a_board_does_not_answer_is_left_out() -> None:
    board = DalyBoard()
    board.muted = frozenset(("0x57", "0x62"))
    identity = await identify(line(board), {})
    assert identity.firmware == "20220810"
    assert set(identity.facts["settings"] if isinstance(identity.facts["settings"], list) else []) == set(
        SETTINGS
    ) - {"0x57", "0x62"}


@pytest.mark.parametrize("options", [{}, {"host_address": 0x80}], ids=["found", "stated"])
async def test_host_0x80_is_found_where_0x40_is_not_answered(options: Options) -> None:
    board = DalyBoard(14, 1)
    board.hosts = frozenset((0x80,))
    identity = await identify(line(board), options)
    assert identity.facts["host"] == 0x80
    assert identity.facts["frames_0x95"] == 16
    language = spoken(identity, {})
    (answer,) = board.receive(language.request("0x95"), 0.0)
    assert len(answer) == 16 * 13
    assert language.cut(language.request("0x95"), answer[:-1], quiet=False) is None
    assert language.cut(language.request("0x95"), answer, quiet=False) == (answer, b"")
    values = readings(language.entities, "0x95", language.payload("0x95", answer)).values
    assert {key: value for key, value in values.items() if key in board.state} == {
        f"cell_{number}_voltage": board.state[f"cell_{number}_voltage"] for number in range(1, 15)
    }


async def test_a_board_that_counts_its_frames_from_0() -> None:
    board = DalyBoard(14, 1, first=0)
    identity = await identify(line(board), {})
    assert identity.facts["first_frame"] == 0
    language = spoken(identity, {})
    (answer,) = board.receive(language.request("0x95"), 0.0)
    cut = language.cut(language.request("0x95"), answer[13:], quiet=True)
    assert cut is not None
    values = readings(language.entities, "0x95", language.payload("0x95", cut[0])).values
    assert "cell_1_voltage" not in values
    assert values["cell_4_voltage"] == board.state["cell_4_voltage"]


@pytest.mark.parametrize("host", [0x40, 0x80])
async def test_a_lost_first_frame_does_not_shift_the_cells(host: int) -> None:
    """To 0x80 all sixteen are sent: 1 to 15 is what is left of 0 to 15, and looks like a board from 1."""
    lost: list[bool] = []

    def lose_the_first_cells(_: int, answer: bytes) -> bytes:
        lost.append(answer[2:3] == b"\x95")
        return answer[13:] if lost[-1] and sum(lost) == 1 else answer

    board = DalyBoard(14, 1, first=0)
    identity = await identify(line(board, spoil=lose_the_first_cells), {"host_address": host})
    assert (identity.facts["first_frame"], identity.facts["frames_0x95"]) == (0, 5 if host == 0x40 else 16)


@pytest.mark.parametrize("spoilt", [1, 2])
async def test_swapped_bytes_do_not_make_another_board(spoilt: int) -> None:
    def swap_the_counts(number: int, answer: bytes) -> bytes:
        return answer[:4] + answer[5:6] + answer[4:5] + answer[6:] if number == spoilt else answer

    identity = await identify(line(DalyBoard(14, 1), spoil=swap_the_counts), {})
    assert (identity.model, identity.facts["sensors"]) == ("14s", 1)


@pytest.mark.parametrize("spoilt", [1, 2], ids=["first", "second"])
async def test_swapped_bytes_of_a_setting_are_no_fact(spoilt: int) -> None:
    heard: dict[int, int] = {}

    def swap_in_the_payload(_: int, answer: bytes) -> bytes:
        heard[answer[2]] = heard.get(answer[2], 0) + 1
        if not 0x50 <= answer[2] < 0x61 or heard[answer[2]] != spoilt:
            return answer
        return answer[:6] + answer[7:8] + answer[6:7] + answer[8:]

    board = DalyBoard(code="PACK-7")
    identity = await identify(line(board, spoil=swap_in_the_payload), {})
    right = await identify(line(DalyBoard(code="PACK-7")), {})
    assert identity == right


async def test_a_count_of_cells_that_the_voltage_cannot_have() -> None:
    board = DalyBoard()
    board.state["cells"] = 4
    with pytest.raises(BadFrame, match="cannot be of 4 cells"):
        await identify(line(board), {})


@pytest.mark.parametrize("zeros", [False, True], ids=["silent", "zeros"])
async def test_a_board_that_sleeps_is_not_identified(*, zeros: bool) -> None:
    board = DalyBoard()
    board.asleep, board.zeros = True, zeros
    with pytest.raises(NoAnswer, match="sleeps" if zeros else "host address 0x40: no answer"):
        await identify(line(board), {})
    board.asleep = False
    assert (await identify(line(board), {})).model == "16s"


async def test_the_request_that_wakes_a_board_may_be_lost() -> None:
    identity = await identify(
        line(DalyBoard(), spoil=lambda number, answer: answer if number > 2 else b""), {}
    )
    assert identity.facts["host"] == 0x40


async def test_the_second_board_of_a_line() -> None:
    both = line(DalyBoard(16, 2), DalyBoard(14, 1, board=2))
    assert (await identify(both, {"address": 2})).model == "14s"
    with pytest.raises(NoAnswer, match="board 3"):
        await identify(both, {"address": 3})
