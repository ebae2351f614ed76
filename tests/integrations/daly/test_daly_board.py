"""The simulated board: it answers as captured ones do, and what it is told is what is read."""

from datetime import UTC, datetime
from math import ceil, floor

import pytest
import voluptuous as vol
from hypothesis import given, settings
from hypothesis import strategies as st

from gridward_daly import EXAMPLE, INTEGRATION
from gridward_daly.detect import dialect as spoken
from gridward_daly.entities import rows
from gridward_daly.protocol import A5, LIVE, Layout, frame
from gridward_daly.simulator import DalyBoard
from gridward_kit.entity import BinarySensor, Entity, Number, Sensor, Switch, readings
from gridward_kit.errors import BadFrame, NoAnswer, Refused
from gridward_kit.integration import Dialect
from gridward_kit.point import Derived, Slice, Value

NOW = datetime(2026, 11, 21, 12, 30, 5, tzinfo=UTC)


def read(board: DalyBoard, language: Dialect, query: str) -> dict[str, Value]:
    answer = b"".join(board.receive(language.request(query), 0.0))
    return readings(language.entities, query, language.payload(query, answer)).values


def drawn(row: Entity) -> st.SearchStrategy[Value]:
    """Values that a board which is awake can send for this row."""
    match row:
        case BinarySensor() | Switch():
            return st.booleans()
        case Sensor(options=options) if options:
            return st.sampled_from(options)
        case Sensor(at=Slice(size=size, scale=scale, zero=zero), limits=limits):
            low, high = limits or (-1e9, 1e9)
            ends = sorted(end / scale + zero for end in (low, high))
            raws = st.integers(max(1, ceil(ends[0])), min(256**size - 1, floor(ends[1])))
            return raws.map(lambda raw: round((raw - zero) * scale, 6) + 0.0)
        case _:
            return st.just(DalyBoard(48, 21, code="PACK-7").state[row.key])


SENT = [row for row in rows() if row.at and not isinstance(row.at, Derived) and not isinstance(row, Number)]


@pytest.mark.parametrize("row", SENT, ids=lambda row: row.key)
@settings(max_examples=12)
@given(data=st.data())
def test_each_row_goes_through_the_wire(row: Entity, data: st.DataObject) -> None:
    board = DalyBoard(48, 21, code="PACK-7")
    language = A5(Layout(first=1))
    assert row.at is not None
    board.state[row.key] = value = data.draw(drawn(row))
    assert read(board, language, row.at.query)[row.key] == value


@pytest.mark.parametrize("cells", range(1, 49))
def test_boards_of_1_to_48_cells(cells: int) -> None:
    board = DalyBoard(cells, 1)
    language = A5(Layout(cells, 1, first=1))
    answer = b"".join(board.receive(language.request("0x95"), 0.0))
    assert len(answer) == 13 * -(-cells // 3)
    values = read(board, language, "0x95")
    for number in range(1, cells + 1):
        assert values[f"cell_{number}_voltage"] == board.state[f"cell_{number}_voltage"]
    assert f"cell_{cells + 1}_voltage" not in values
    assert INTEGRATION.decode is not None
    hinted = INTEGRATION.decode(f"{cells}s", "0x95", answer)
    assert hinted == values


def test_bytes_that_an_answer_does_not_define_hold_what_was_there_before() -> None:
    board = DalyBoard(14, 1)
    board.state |= {"voltage": 52.8, "gathered_voltage": 0, "soc": 50.0, "remaining_capacity": 20.0}
    board.state |= {"cell_voltage_max": 3.784, "cell_max_number": 5}
    board.state |= {"cell_voltage_min": 3.74, "cell_min_number": 9}
    board.state |= {"temperature_max": 21, "temperature_min": 21}
    language = A5(Layout(14, 1))
    captured = (
        ("0x90", "a501900802100000753001f4ea"),
        ("0x91", "a50191080ec8050e9c0901f4c2"),
        ("0x92", "a50192083d013d019c0901f456"),
        ("0x93", "a50193080001011000004e20c1"),
    )
    for query, answer in captured:
        assert board.receive(language.request(query), 0.0) == [bytes.fromhex(answer)]


def test_the_captured_cells_with_their_remains() -> None:
    board = DalyBoard(14, 1)
    volts = (3776, 3778, 3783, 3784, 3784, 3782, 3778, 3778, 3740, 3780, 3780, 3780, 3779, 3776)
    board.state |= {f"cell_{number}_voltage": value / 1000 for number, value in enumerate(volts, 1)}
    board.state |= {"cycles": 0, "digital_input_2": True, "remaining_capacity": 20.0}
    language = A5(Layout(14, 1))
    board.receive(language.request("0x93"), 0.0)
    (status,) = board.receive(language.request("0x94"), 0.0)
    assert status.hex() == "a50194080e0100000200002073"
    (answer,) = board.receive(language.request("0x95"), 0.0)
    assert [answer[place : place + 13].hex() for place in range(0, 65, 13)] == [
        "a5019508010ec00ec20ec720d7",
        "a5019508020ec80ec80ec620e5",
        "a5019508030ec20ec20e9c20b0",
        "a5019508040ec40ec40ec420dd",
        "a5019508050ec30ec00ec420d9",
    ]


def test_two_boards_on_one_line_answer_only_for_themselves() -> None:
    one, two = DalyBoard(16, 2, board=1), DalyBoard(14, 1, board=2)
    two.state["voltage"] = 46.0
    for board, other, language in (
        (one, two, A5(Layout(16, 2, first=1))),
        (two, one, A5(Layout(14, 1, first=1), board=2)),
    ):
        request = language.request("0x90")
        assert other.receive(request, 0.0) == []
        (answer,) = board.receive(request, 0.0)
        assert language.cut(request, answer, quiet=False) == (answer, b"")
    (wrong,) = one.receive(A5(Layout()).request("0x90"), 0.0)
    with pytest.raises(BadFrame, match="board 1"):
        A5(Layout(), board=2).payload("0x90", wrong)


def test_requests_arrive_in_pieces_and_with_noise() -> None:
    board = DalyBoard()
    language = A5(Layout(16, 2))
    whole = b"\xa5\x40" + language.request("0x90") + b"\x00" + language.request("0x93")
    answers = [item for place in range(len(whole)) for item in board.receive(whole[place : place + 1], 0.0)]
    assert [item[2] for item in answers] == [0x90, 0x93]


def written(board: DalyBoard, key: str, value: Value, now: float = 0.0) -> None:
    """Set an entity and check the acknowledgement; raises Refused."""
    language = spoken(EXAMPLE, {})
    row = next(item for item in language.entities if item.key == key)
    for request in language.write(row, row.accept(value), NOW):
        (answer,) = board.receive(request, now)
        cut = language.cut(request, answer, quiet=False)
        assert cut is not None
        language.acknowledge(request, cut[0])


@pytest.mark.parametrize(
    ("key", "value", "query"),
    [
        ("charge_mosfet", False, "0x93"),
        ("discharge_mosfet", False, "0x93"),
        ("soc_setting", 42.5, "0x90"),
    ],
)
def test_commands_are_obeyed_ignored_delayed_and_refused(key: str, value: Value, query: str) -> None:
    language = spoken(EXAMPLE, {})

    def seen(board: DalyBoard) -> Value:
        return read(board, language, query)[key]

    board = DalyBoard()
    written(board, key, value)
    assert seen(board) == value

    board = DalyBoard()
    before = seen(board)
    board.obeys = "ignores"
    written(board, key, value)
    assert seen(board) == before

    board.obeys, board.lag = "slow", 3.0
    written(board, key, value, now=10.0)
    assert seen(board) == before
    board.receive(b"", 13.0)
    assert seen(board) == value

    board = DalyBoard()
    board.obeys = "refuses"
    with pytest.raises(Refused):
        written(board, key, value)
    assert seen(board) == before


def test_setting_the_soc_sets_the_clock_too() -> None:
    board = DalyBoard()
    written(board, "soc_setting", 80.0)
    assert (board.state["soc"], board.state["board_clock"]) == (80.0, "2026-11-21 12:30:05")
    board.state["soc"] = 81.0
    assert read(board, spoken(EXAMPLE, {}), "0x90")["soc_setting"] == 81.0


def test_a_sleeping_board_gives_no_values() -> None:
    board = DalyBoard()
    language = spoken(EXAMPLE, {})
    board.asleep = board.zeros = True
    for query in ("0x90", *(item.name for item in LIVE)):
        (answer,) = board.receive(language.request(query), 0.0)
        cut = language.cut(language.request(query), answer, quiet=True)
        assert cut is not None
        with pytest.raises(NoAnswer):
            language.payload(query, cut[0])


def test_a_command_that_no_board_knows_is_not_answered() -> None:
    assert DalyBoard().receive(frame(0x40, 0x64), 0.0) == []


def test_the_integrations_options() -> None:
    schema = vol.Schema(dict(INTEGRATION.options))
    assert schema({}) == {"address": 1, "invert": False}
    assert schema({"address": 16, "host_address": 0x80, "invert": True})["host_address"] == 128
    for wrong in ({"address": 0}, {"address": 17}, {"host_address": 0x20}, {"invert": "no"}):
        with pytest.raises(vol.Invalid):
            schema(wrong)
