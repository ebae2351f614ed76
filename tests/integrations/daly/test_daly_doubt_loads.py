"""True changes get through what is dropped: loads that come and go; a board that only repeats itself."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from integrations.daly.daly_reading import Reading

from gridward_daly.pulse import STILL_MOST
from gridward_daly.simulator import DalyBoard


def loaded(board: DalyBoard, amperes: float, ohms: list[float], apart: float = 0.0) -> None:
    """A current through cells of these resistances; the pack's own measurement is `apart` volts off."""
    volts = [round(3.31 + amperes * each, 3) for each in ohms]
    board.state |= {f"cell_{number}_voltage": value for number, value in enumerate(volts, 1)}
    board.state |= {
        "current": amperes,
        "voltage": round(sum(volts) + apart, 1),
        "gathered_voltage": 0.0,
        "cell_voltage_max": max(volts),
        "cell_voltage_min": min(volts),
        "cell_max_number": volts.index(max(volts)) + 1,
        "cell_min_number": volts.index(min(volts)) + 1,
    }


def test_an_offset_that_is_known_costs_nothing_when_the_load_changes() -> None:
    board = DalyBoard()
    reader = Reading(board)
    ohms = [0.001] * 16
    for amperes in (0.0, 0.0, 0.0, 0.0, -60.0, 40.0):
        loaded(board, amperes, ohms, apart=-1.2)
        reader.take("0x90", reader.answer("0x90"))
        taken = reader.take("0x95", reader.answer("0x95"))
    assert "cell_spread" in taken


def test_cells_that_give_way_unevenly_under_load_are_believed_at_once() -> None:
    board = DalyBoard()
    reader = Reading(board)
    ohms = [0.0009 + 0.0001 * (number % 3) for number in range(16)]
    loaded(board, 0.0, ohms)
    reader.heard()
    for amperes in (-80.0, 70.0):
        loaded(board, amperes, ohms)
        reader.take("0x90", reader.answer("0x90"))
        assert "cell_spread" in reader.take("0x95", reader.answer("0x95")), amperes


@settings(max_examples=40)
@given(
    seed=st.integers(0, 1000),
    resistance=st.floats(0.0004, 0.0025),
    uneven=st.floats(0.0, 0.3),
)
def test_loads_that_come_and_go_are_seen(seed: int, resistance: float, uneven: float) -> None:
    """Every value is back within three polls of a step, whatever the cells' resistances."""
    draw = Random(seed)
    board = DalyBoard()
    ohms = [resistance * (1 + draw.uniform(-uneven, uneven)) for _ in range(16)]
    reader = Reading(board)
    for _ in range(6):
        loaded(board, round(draw.uniform(-100, 100), 1), ohms)
        polls = [reader.poll() for _ in range(3)]
        for key in ("voltage", "current", "power", "cell_1_voltage", "cell_spread", "cell_voltage_max"):
            assert key in polls[2], key
        for values in polls:
            assert all(value == board.state[key] for key, value in values.items() if key in board.state)


@settings(max_examples=60)
@given(
    resistance=st.floats(0.0002, 0.0015),
    amperes=st.floats(-80, 80).map(lambda number: round(number, 1)),
    seed=st.integers(0, 100),
)
def test_a_load_that_comes_on_leaves_no_gap_in_the_cells_extremes(
    resistance: float, amperes: float, seed: int
) -> None:
    """They are read before the cells: what they are compared with is still that of the poll before."""
    draw = Random(seed)
    board = DalyBoard()
    reader = Reading(board)
    ohms = [resistance * (1 + draw.uniform(-0.2, 0.2)) for _ in range(16)]
    loaded(board, 0.0, ohms)
    reader.poll()
    loaded(board, amperes, ohms)
    assert {"cell_voltage_min", "cell_voltage_max"} <= reader.poll().keys()


def test_a_load_on_a_stiff_bank_is_seen_at_once() -> None:
    """The pack's voltage hardly moves, and so tells nothing; only where bytes may be wrong it is late."""
    late = []
    for amperes in range(-80, 81):
        board = DalyBoard()
        reader = Reading(board)
        loaded(board, 0.0, [0.0001] * 16)
        reader.poll()
        loaded(board, float(amperes), [0.0001] * 16)
        if "current" not in reader.poll():
            late.append(amperes)
    assert late == [-77, -76, -52, -51, -50, -26, -25, 25, 26, 50, 51, 52, 76, 77]


def test_a_board_that_repeats_itself_is_not_believed() -> None:
    board = DalyBoard()
    reader = Reading(board)
    reader.heard()
    for life in (17, 18):
        board.state["life_counter"] = life
        assert "soc" in reader.poll()
    polls = [reader.poll() for _ in range(STILL_MOST + 1)]
    assert "soc" in polls[STILL_MOST - 2]
    assert polls[-1] == {}
    board.state["life_counter"] = 19
    reader.poll()
    assert reader.poll().keys() == polls[0].keys()


def test_a_board_whose_counter_never_moves_is_believed() -> None:
    reader = Reading(DalyBoard())
    polls = [reader.poll() for _ in range(STILL_MOST + 2)]
    assert "soc" in polls[-1]


def test_a_counter_that_stands_is_no_sleep_while_anything_else_moves() -> None:
    board = DalyBoard()
    reader = Reading(board)
    for life in (16, 17):
        board.state["life_counter"] = life
        reader.poll()
    for poll in range(STILL_MOST + 10):
        board.state["cell_3_voltage"] = 3.31 + 0.001 * (poll % 2)
        assert "soc" in reader.poll()
