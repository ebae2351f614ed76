"""The register protocols: requests and writes as captured, and boards that are what their tables say."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridward_daly import D2_EXAMPLE, ESS_EXAMPLE
from gridward_daly.blocks import Blocks, decode
from gridward_daly.boards import RegisterBoard
from gridward_daly.d2 import D2
from gridward_daly.detect import dialect as spoken
from gridward_daly.entities import rows
from gridward_daly.ess import ESS
from gridward_daly.registers import Family
from gridward_kit.entity import BinarySensor, Entity, Number, Sensor, Switch, readings
from gridward_kit.errors import BadFrame, NoAnswer, Refused
from gridward_kit.frames import frames_of
from gridward_kit.integration import Dialect
from gridward_kit.modbus import Register, frame
from gridward_kit.point import Value

NOW = datetime(2026, 11, 21, 12, 30, 5, tzinfo=UTC)
BOTH = pytest.mark.parametrize("family", [D2, ESS], ids=lambda family: family.name)
EXAMPLES = {"d2": D2_EXAMPLE, "ess": ESS_EXAMPLE}
CAPTURED = [one for one in frames_of("daly") if one.place.startswith("registers") and one.error is None]


def read(board: RegisterBoard, language: Dialect, query: str) -> dict[str, Value]:
    """Values of one query; raises DeviceError."""
    request = language.request(query)
    answer = b"".join(board.receive(request, 0.0))
    cut = language.cut(request, answer, quiet=True)
    if cut is None:
        raise NoAnswer("no answer")
    return readings(language.entities, query, language.payload(query, cut[0])).values


def everything(board: RegisterBoard, language: Dialect) -> dict[str, Value]:
    return {
        key: value for query in language.queries for key, value in read(board, language, query.name).items()
    }


def test_a_board_of_the_d2_protocol_is_polled_as_the_makers_tool_does() -> None:
    language = spoken(D2_EXAMPLE, {})
    requests = {query.name: language.request(query.name).hex() for query in language.queries}
    assert requests["03:0x0000+62"] == "d2030000003ed7b9"
    assert requests["03:0x0080+41"] == "d20300800029965f"
    assert requests["03:0x00cc+2"] == "d20300cc00021797"
    assert Blocks(D2).request("03:0x00a9+32").hex() == "d20300a900208791"
    assert not [name for name in requests if "0x00c9" in name], "the password is not asked for"
    for cells in (1, 32, 48):
        assert Blocks(D2, cells, 1).queries[0].name == "03:0x0000+62", "the read that every board knows"


def test_a_board_of_the_ess_protocol_is_asked_and_answers_under_two_addresses() -> None:
    language = Blocks(ESS, 16, 4)
    assert language.request("03:0x0000+64").hex() == "8103000000405bfa"
    assert language.request("03:0x0041+62").hex() == "81030041003e8bce"
    captured = next(one.reply for one in CAPTURED if one.request == "8103000000405bfa")
    assert language.cut(language.request("03:0x0000+64"), b"\x51\x00" + captured, quiet=False) == (
        captured,
        b"",
    )
    other = Blocks(ESS, 16, 4, board=2)
    assert other.request("03:0x0000+64")[0] == 0x82
    with pytest.raises(BadFrame, match="unit 81"):
        other.cut(other.request("03:0x0000+64"), captured, quiet=True)
    for family, number in ((D2, 2), (ESS, 17), (ESS, 0)):
        with pytest.raises(ValueError, match=f"no board {number}"):
            Blocks(family, board=number)


@pytest.mark.parametrize(
    ("family", "key", "value", "request_"),
    [
        (D2, "charge_mosfet", True, "d20600a500014b8a"),
        (D2, "charge_mosfet", False, "d20600a500008a4a"),
        (D2, "discharge_mosfet", True, "d20600a60001bb8a"),
        (D2, "discharge_mosfet", False, "d20600a600007a4a"),
        (ESS, "charge_mosfet", True, "810601210001063c"),
        (ESS, "charge_mosfet", False, "810601210000c7fc"),
        (ESS, "discharge_mosfet", True, "810601220001f63c"),
        (ESS, "discharge_mosfet", False, "81060122000037fc"),
        (D2, "soc_setting", 42.5, frame.sealed(bytes.fromhex("d20600a701a9")).hex()),
        (ESS, "soc_setting", 42.5, frame.sealed(bytes.fromhex("8106011601a9")).hex()),
    ],
)
def test_writes_are_the_captured_ones(family: Family, key: str, value: Value, request_: str) -> None:
    language = spoken(EXAMPLES[family.name], {})
    row = next(item for item in language.entities if item.key == key)
    assert row.expert
    assert [one.hex() for one in language.write(row, row.accept(value), NOW)] == [request_]


@BOTH
def test_only_the_switches_and_the_soc_can_be_set(family: Family) -> None:
    language = Blocks(family)
    assert {row.key for row in language.entities if row.setting} == {
        "charge_mosfet",
        "discharge_mosfet",
        "soc_setting",
    }
    soc = next(row for row in language.entities if row.key == "soc")
    with pytest.raises(ValueError, match="cannot be set"):
        language.write(soc, 50.0, NOW)


@BOTH
def test_what_is_accepted_is_the_echo(family: Family) -> None:
    language, board = spoken(EXAMPLES[family.name], {}), RegisterBoard(family)
    row = next(item for item in language.entities if item.key == "charge_mosfet")
    (request,) = language.write(row, False, NOW)
    (echo,) = board.receive(request, 0.0)
    language.acknowledge(request, echo)
    other = frame.sealed(echo[:4] + b"\0\1")
    with pytest.raises(Refused):
        language.acknowledge(request, other)
    board.obeys = "refuses"
    (no,) = board.receive(request, 0.0)
    assert no[0] == (0xD2 if family is D2 else 0x51)
    with pytest.raises(Refused):
        language.acknowledge(request, no)


@BOTH
@pytest.mark.parametrize(
    ("key", "value"), [("charge_mosfet", False), ("discharge_mosfet", False), ("soc", 42.5)]
)
def test_commands_are_obeyed_ignored_delayed_and_refused(family: Family, key: str, value: Value) -> None:
    language = spoken(EXAMPLES[family.name], {})
    row = next(one for one in language.entities if one.key == ("soc_setting" if key == "soc" else key))
    (request,) = language.write(row, row.accept(value), NOW)
    query = next(one.at.query for one in language.entities if one.key == key and one.at)

    def seen(board: RegisterBoard) -> Value:
        return read(board, language, query)[key]

    board = RegisterBoard(family)
    before = seen(board)
    board.obeys = "ignores"
    board.receive(request, 0.0)
    assert seen(board) == before
    board.obeys, board.lag = "slow", 3.0
    board.receive(request, 10.0)
    assert seen(board) == before
    board.receive(b"", 13.0)
    assert seen(board) == value
    board = RegisterBoard(family)
    board.obeys = "refuses"
    board.receive(request, 0.0)
    assert seen(board) == before
    board.obeys = "yes"
    board.receive(request, 0.0)
    assert seen(board) == value


@BOTH
@pytest.mark.parametrize("cells", range(1, 49))
def test_boards_of_1_to_48_cells(family: Family, cells: int) -> None:
    board, language = RegisterBoard(family, cells, 1), Blocks(family, cells, 1)
    values = everything(board, language)
    for number in range(1, cells + 1):
        assert values[f"cell_{number}_voltage"] == board.state[f"cell_{number}_voltage"]
    assert f"cell_{cells + 1}_voltage" not in values
    assert values["cells"] == cells


@BOTH
def test_a_key_is_the_same_row_as_in_the_a5_protocol(family: Family) -> None:
    shared = {row.key: row for row in rows()}
    canonical = {"voltage", "current", "power", "soc", "remaining_capacity", "cycles", "state", "cells"}
    canonical |= {"cell_voltage_max", "cell_voltage_min", "cell_spread", "temperature_max", "temperature_min"}
    canonical |= {"charge_mosfet", "discharge_mosfet", "balancing", "problem", "failures"}
    table = {row.key: row for row in family.rows(48, 8, frozenset(family.parts))}
    assert canonical <= table.keys()
    for key, row in table.items():
        if key in shared:
            assert (row.name, row.quantity, type(row)) == (
                shared[key].name,
                shared[key].quantity,
                type(shared[key]),
            )


def drawn(row: Entity) -> st.SearchStrategy[Value]:
    """Values that a board which is awake can send for this row."""
    match row:
        case BinarySensor() | Switch():
            return st.booleans()
        case Sensor(options=options) if options:
            return st.sampled_from(options)
        case Sensor(at=Register(form="u16", count=1, means=None, place=None) as at, limits=limits):
            low, high = limits or (-1e9, 1e9)
            least = max(1, round(low / at.scale) + at.zero)
            most = min(0xFFFE, round(high / at.scale) + at.zero)
            raws = st.integers(least, most).filter(lambda raw: raw not in (*at.absent, at.zero))
            return raws.map(lambda raw: round((raw - at.zero) * at.scale, 6) + 0.0)
        case _:
            return st.nothing()


SENT = [
    pytest.param(family, row, id=f"{family.name}-{row.key}")
    for family in (D2, ESS)
    for row in family.rows(16, 4, frozenset(family.parts))
    if isinstance(row.at, Register) and not isinstance(row, Number) and not drawn(row).is_empty
    if row.key not in ("problem", "cells") and not row.key.startswith(("cell_", "temperature_"))
]


@pytest.mark.parametrize(("family", "row"), SENT)
def test_each_row_goes_through_the_wire(family: Family, row: Entity) -> None:
    board, language = RegisterBoard(family, 16, 4), Blocks(family, 16, 4)
    at = next(one.at for one in language.entities if one.key == row.key)
    assert at is not None
    read(board, language, at.query)

    @settings(max_examples=8)
    @given(drawn(row))
    def goes_through(value: Value) -> None:
        board.state[row.key] = value
        if row.key == "soc":
            board.state["soc_setting"] = value
        assert read(board, language, at.query)[row.key] == value

    goes_through()


def test_eighty_registers_are_taken_where_sixty_two_were_asked_for() -> None:
    language = spoken(D2_EXAMPLE, {})
    long = next(one.reply for one in CAPTURED if len(one.reply) == 165)
    request = language.request("03:0x0000+62")
    for end in range(165):
        assert language.cut(request, long[:end], quiet=False) is None, end
    assert language.cut(request, long, quiet=False) == (long, b"")
    values = readings(language.entities, "03:0x0000+62", language.payload("03:0x0000+62", long)).values
    assert (values["soc"], values["current"], values["cell_16_voltage"]) == (56.1, -2.5, 3.283)
    settings_ = language.request("03:0x0080+41")
    with pytest.raises(BadFrame):
        language.cut(settings_, long, quiet=True)


@BOTH
def test_a_sleeping_board_gives_no_values(family: Family) -> None:
    board, language = RegisterBoard(family), spoken(EXAMPLES[family.name], {})
    everything(board, language)
    board.asleep = board.zeros = True
    for query in language.queries:
        with pytest.raises(NoAnswer, match="sleeps"):
            read(board, language, query.name)
    with pytest.raises(NoAnswer, match="sleeps"):
        decode(
            None, language.request(family.probe), b"".join(board.receive(language.request(family.probe), 0.0))
        )
    board.zeros = False
    assert board.receive(language.request(family.probe), 0.0) == []
    board.asleep = False
    assert "soc" in everything(board, language)


@BOTH
def test_no_voltage_no_current_or_no_cells_is_sleep_too(family: Family) -> None:
    for key, zero in (("voltage", 0.0), ("current", -3000.0), ("cells", 0)):
        board, language = RegisterBoard(family), spoken(EXAMPLES[family.name], {})
        board.state[key] = zero
        with pytest.raises(NoAnswer, match="sleeps"):
            read(
                board, language, next(row.at.query for row in language.entities if row.key == key and row.at)
            )


def test_a_heartbeat_that_stands_still_is_a_board_that_repeats_itself() -> None:
    board, language = RegisterBoard(ESS), spoken(ESS_EXAMPLE, {})
    query = next(row.at.query for row in language.entities if row.key == "life_counter" and row.at)
    for beat in (1, 2):
        board.state["life_counter"] = beat
        values = read(board, language, query)
        assert language.doubt(values, {}) == frozenset()
    stopped = [language.doubt(read(board, language, query), {}) for _ in range(310)]
    assert stopped[0] == frozenset()
    assert stopped[-1] == values.keys()
