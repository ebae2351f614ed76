"""Which protocol a board speaks is found by what it answers, the commonest first, and never guessed."""

from collections.abc import Callable

import pytest

from gridward_daly import D2_EXAMPLE, ESS_EXAMPLE, EXAMPLE
from gridward_daly.blocks import Blocks
from gridward_daly.boards import RegisterBoard
from gridward_daly.d2 import D2
from gridward_daly.detect import dialect as spoken
from gridward_daly.detect import identify
from gridward_daly.ess import ESS
from gridward_daly.protocol import A5, SETTINGS
from gridward_daly.registers import Family
from gridward_daly.simulator import DalyBoard
from gridward_kit.errors import BadFrame, NoAnswer
from gridward_kit.integration import Ask, Dialect, Identity, Simulator

BOTH = pytest.mark.parametrize("family", [D2, ESS], ids=lambda family: family.name)
EXAMPLES = {"d2": D2_EXAMPLE, "ess": ESS_EXAMPLE}

Spoil = Callable[[int, bytes], bytes]


class Heard:
    """A line with these boards on it, and what was asked, one second each.

    `spoil` gets the exchange's number and the answer.
    """

    def __init__(self, *boards: Simulator, spoil: Spoil | None = None) -> None:
        self.requests: list[bytes] = []
        self._boards = boards
        self._spoil = spoil

    def ask(self) -> Ask:
        """What the identification asks by."""

        async def ask(request: bytes, dialect: Dialect) -> bytes:
            self.requests.append(request)
            answer = b"".join(
                one for board in self._boards for one in board.receive(request, float(len(self.requests)))
            )
            if self._spoil is not None:
                answer = self._spoil(len(self.requests), answer)
            if not answer:
                raise NoAnswer("no answer")
            cut = dialect.cut(request, answer, quiet=True)
            if cut is None:
                raise BadFrame("broke off")
            return cut[0]

        return ask


@BOTH
async def test_the_example_is_what_the_simulator_is(family: Family) -> None:
    heard = Heard(RegisterBoard(family))
    assert await identify(heard.ask(), {}) == EXAMPLES[family.name]
    written = [request for request in heard.requests if request[0] != 0xA5 and request[1] != 3]
    assert written == [], "only reads"


async def test_the_a5_protocol_is_asked_first_and_the_others_only_where_it_is_silent() -> None:
    heard = Heard(DalyBoard())
    assert (await identify(heard.ask(), {})).protocol == EXAMPLE.protocol
    assert {request[0] for request in heard.requests} == {0xA5}
    heard = Heard(RegisterBoard(ESS))
    assert (await identify(heard.ask(), {})).protocol == "ess"
    assert [request[:2].hex() for request in heard.requests[:4]] == ["a540", "a580", "d203", "8103"]


async def test_a_protocol_that_is_said_is_the_only_one_asked() -> None:
    for protocol, first in (("d2", 0xD2), ("ess", 0x81), ("a5", 0xA5)):
        heard = Heard()
        with pytest.raises(NoAnswer, match="board 1"):
            await identify(heard.ask(), {"protocol": protocol})
        assert {request[0] for request in heard.requests} == {first}
    heard = Heard()
    with pytest.raises(NoAnswer, match="no protocol reaches"):
        await identify(heard.ask(), {"protocol": "d2", "address": 2})
    assert heard.requests == []


async def test_silence_names_what_was_tried() -> None:
    with pytest.raises(NoAnswer) as caught:
        await identify(Heard().ask(), {})
    for words in ("host address 0x40", "host address 0x80", "unit 0xd2", "unit 0x81"):
        assert words in str(caught.value)


async def test_boards_of_different_protocols_on_one_line() -> None:
    boards = (DalyBoard(16, 2), RegisterBoard(ESS, 8, 1, board=2), DalyBoard(14, 1, board=3))
    for number, protocol, model in ((1, "a5", "16s"), (2, "ess", "8s"), (3, "a5", "14s")):
        identity = await identify(Heard(*boards).ask(), {"address": number})
        assert (identity.protocol, identity.model) == (protocol, model)


@BOTH
@pytest.mark.parametrize("zeros", [False, True], ids=["silent", "zeros"])
async def test_a_board_that_sleeps_is_not_identified(family: Family, *, zeros: bool) -> None:
    board = RegisterBoard(family)
    board.asleep, board.zeros = True, zeros
    with pytest.raises(NoAnswer, match="sleeps" if zeros else f"unit 0x{board.unit:02x}: no answer"):
        await identify(Heard(board).ask(), {})
    board.asleep = False
    assert (await identify(Heard(board).ask(), {})).model == "16s"


@BOTH
@pytest.mark.parametrize("silent", [False, True], ids=["refused", "silent"])
async def test_parts_that_a_board_lacks_are_left_out(family: Family, *, silent: bool) -> None:
    board = RegisterBoard(family, 14, 1)
    lacking = frozenset(part.query for name, part in family.parts.items() if name != "settings")
    board.muted, board.refused = (lacking, frozenset()) if silent else (frozenset(), lacking)
    identity = await identify(Heard(board).ask(), {})
    assert identity.facts["parts"] == ["settings"]
    assert identity.firmware is None
    language = spoken(identity, {})
    assert isinstance(language, Blocks)
    keys = {row.key for row in language.entities}
    assert {"soc", "cell_14_voltage", "balance_start_voltage"} <= keys
    assert not {"software_version", "production_date", "mosfet_temperature", "cell_15_voltage"} & keys
    # parts lie behind the first registers: no more than these are asked for
    most = family.parts["settings"].last
    assert all(int(query.name[5:9], 16) <= most for query in language.queries)
    assert language.proof is not None
    assert language.proof[1] == "cells"


@BOTH
async def test_spoilt_and_swapped_answers_make_no_other_board(family: Family) -> None:
    def spoil(number: int, answer: bytes) -> bytes:
        if not answer or number % 2:
            return answer
        place = number % (len(answer) - 1)
        return answer[:place] + answer[place : place + 2][::-1] + answer[place + 2 :]

    identity = await identify(Heard(RegisterBoard(family), spoil=spoil).ask(), {})
    assert identity == EXAMPLES[family.name]


@BOTH
async def test_a_count_of_cells_that_the_voltage_cannot_have(family: Family) -> None:
    board = RegisterBoard(family)
    for cells in (4, 60):
        board.state["cells"] = cells
        with pytest.raises(BadFrame, match="cells"):
            await identify(Heard(board).ask(), {})


async def test_the_machine_code_proves_which_board_it_is() -> None:
    board = RegisterBoard(D2)
    board.state["machine_code"] = "A-17"
    identity = await identify(Heard(board).ask(), {})
    assert identity.facts["machine_code"] == "A-17"
    language = spoken(identity, {})
    assert language.proof == ("03:0x00a9+32", "machine_code")


def test_a_kept_identity_makes_its_own_language() -> None:
    assert isinstance(spoken(EXAMPLE, {}), A5)
    for name, family in (("d2", D2), ("ess", ESS)):
        language = spoken(EXAMPLES[name], {})
        assert isinstance(language, Blocks)
        assert language.family is family
    bare = Identity(model="8s", protocol="ess", facts={"cells": 8, "sensors": 1})
    assert {query.name for query in spoken(bare, {"address": 3}).queries} >= {"03:0x0000+8"}
    assert set(SETTINGS) & {query.name for query in spoken(EXAMPLE, {}).queries}
