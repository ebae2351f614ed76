"""What the bits and severities of the register protocols mean, and what is in their tables."""

import pytest

from gridward_daly import D2_EXAMPLE, ESS_EXAMPLE
from gridward_daly.blocks import decode
from gridward_daly.boards import RegisterBoard
from gridward_daly.d2 import D2
from gridward_daly.detect import dialect as spoken
from gridward_daly.entities import FAILURE_BITS
from gridward_daly.ess import ESS, FAULTS, SEVERITIES
from gridward_daly.registers import Family
from gridward_kit.entity import readings
from gridward_kit.integration import Dialect
from gridward_kit.modbus import Register, frame
from gridward_kit.point import Derived, Value

BOTH = pytest.mark.parametrize("family", [D2, ESS], ids=lambda family: family.name)
EXAMPLES = {"d2": D2_EXAMPLE, "ess": ESS_EXAMPLE}


def everything(board: RegisterBoard, language: Dialect) -> dict[str, Value]:
    """All values of a board."""
    values: dict[str, Value] = {}
    for query in language.queries:
        (answer,) = board.receive(language.request(query.name), 0.0)
        values |= readings(language.entities, query.name, language.payload(query.name, answer)).values
    return values


@BOTH
def test_inverted_boards_measure_and_blame_the_other_way_round(family: Family) -> None:
    board = RegisterBoard(family)
    board.state["current"] = 8.9
    blamed = "charge_overcurrent_severity" if family is ESS else "charge_overcurrent_warning"
    board.state[blamed] = "warning" if family is ESS else True
    for invert, amperes, direction in ((False, 8.9, "charge"), (True, -8.9, "discharge")):
        language = spoken(EXAMPLES[family.name], {"invert": invert})
        values = everything(board, language)
        assert values["current"] == amperes
        on = {key for key, value in values.items() if value is True and key.endswith("overcurrent_warning")}
        assert on == {f"{direction}_overcurrent_warning"}


def test_each_failure_bit_of_the_d2_protocol_has_the_name_of_0x98() -> None:
    for byte, bit, key, name in FAILURE_BITS:
        word = bytearray(8)
        word[byte] = 1 << bit
        values = decode(None, frame.read(0xD2, 3, 0x3A, 4), frame.sealed(b"\xd2\x03\x08" + bytes(word)))
        assert values["failures"] == name
        assert values[key] is True
        assert values["problem"] is not key.startswith("soc_high")


def test_any_bit_of_the_d2_protocol_is_a_problem_in_either_order_of_bytes() -> None:
    """But those that are SoC high in one of them."""
    harmless = []
    for bit in range(64):
        word = (1 << bit).to_bytes(8, "big")
        values = decode(None, frame.read(0xD2, 3, 0x3A, 4), frame.sealed(b"\xd2\x03\x08" + word))
        harmless += [] if values["problem"] else [(0x3A + (63 - bit) // 16, bit % 16)]
    assert sorted(harmless) == [(0x3B, 4), (0x3B, 5), (0x3B, 12), (0x3B, 13)]


def failing(byte: int, value: int) -> dict[str, Value]:
    """What is failing with one of the bytes c0 to c13 of the ess protocol set; the even one is low."""
    codes = bytearray(14)
    codes[byte ^ 1] = value
    return decode(None, frame.read(0x81, 3, 0x6D, 7), frame.sealed(b"\x51\x03\x0e" + bytes(codes)))


def test_severities_of_the_ess_protocol() -> None:
    for byte, bit, stem, name in SEVERITIES:
        for level in range(8):
            values = failing(byte, level << bit)
            assert values[f"{stem}_warning"] is (level > 0)
            assert values[f"{stem}_protection"] is (level > 1)
            assert values["problem"] is (level > 1)
        assert values["failures"] == f"{name} warning, {name} protection"


def test_faults_of_the_ess_protocol() -> None:
    for byte, bit, key, name in FAULTS:
        values = failing(byte, 1 << bit)
        assert (values[key], values["failures"], values["problem"]) == (True, name, True)
    alone = failing(6, 0x80)
    assert (alone["parallel_communication_error"], alone["problem"]) == (True, False)
    states = failing(13, 0x7F)
    assert (states["failures"], states["problem"]) == ("none", False)
    assert states["charge_off_by_bus"] is True


def test_the_password_is_not_in_any_table() -> None:
    for family, first, last in ((D2, 0xC9, 0xCB), (ESS, 0x126, 0x128)):
        for row in family.rows(48, 8, frozenset(family.parts)):
            if isinstance(row.at, Register):
                assert not (row.at.first <= last and first < row.at.end), row.key
        for start, end in family.profile.spans:
            assert end < first or start > last


def test_derived_rows_are_those_whose_needs_the_protocol_has() -> None:
    for family in (D2, ESS):
        table = {row.key: row for row in family.rows(16, 4, frozenset())}
        assert "total_charged" not in table
        for row in table.values():
            if isinstance(row.at, Derived):
                assert set(row.at.needs) <= table.keys()
        assert {"power", "cell_spread", "current_direction"} <= table.keys()
