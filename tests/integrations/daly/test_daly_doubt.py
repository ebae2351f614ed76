"""What a right checksum does not see: two bytes that changed places. And that true changes get through."""

from itertools import combinations
from random import Random

import pytest
from integrations.daly.daly_reading import ORDER, Reading, Story

from gridward_daly.simulator import DalyBoard
from gridward_kit.errors import BadFrame, NoAnswer

# What is below the noise of the measurement passes; the rest is dropped.
PASSES = {"voltage": 0.012, "current": 2.0, "soc": 1.0, "cell": 0.0081, "remaining_capacity": 1.0}


def pack(seed: int) -> DalyBoard:
    """A board with everything different from zero and from its neighbours."""
    draw = Random(seed)
    board = DalyBoard(draw.choice((4, 8, 14, 16, 16, 24)), draw.randrange(1, 6))
    volts = [round(draw.uniform(3.28, 3.36), 3) for _ in range(board.cells)]
    board.state |= {f"cell_{number}_voltage": value for number, value in enumerate(volts, 1)}
    board.state |= {
        "voltage": round(sum(volts), 1),
        "gathered_voltage": draw.choice((0.0, round(sum(volts), 1))),
        "current": round(draw.uniform(-80, 80), 1),
        "soc": round(draw.uniform(5, 100), 1),
        "remaining_capacity": round(draw.uniform(5, 280), 3),
        "cell_voltage_max": max(volts),
        "cell_voltage_min": min(volts),
        "cell_max_number": volts.index(max(volts)) + 1,
        "cell_min_number": volts.index(min(volts)) + 1,
        "state": draw.choice(("idle", "charging", "discharging")),
        "charge_mosfet": draw.random() < 0.7,
        "discharge_mosfet": draw.random() < 0.7,
    }
    return board


def swaps(answer: bytes, *, neighbours: bool = False) -> list[bytes]:
    """The answer with any two bytes of one frame in each other's place."""
    found = []
    for start in range(0, len(answer), 13):
        for one, other in combinations(range(start, start + 13), 2):
            if answer[one] != answer[other] and (other - one == 1 or not neighbours):
                swapped = bytearray(answer)
                swapped[one], swapped[other] = answer[other], answer[one]
                found.append(bytes(swapped))
    return found


def allowed(key: str, volts: float) -> float:
    if key == "voltage":
        return max(0.2, PASSES["voltage"] * volts) + 0.1
    return PASSES["cell"] if key.startswith("cell_") else PASSES[key]


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 20))]
)
@pytest.mark.parametrize("query", ["0x90", "0x93", "0x95"])
def test_swapped_bytes_are_dropped(seed: int, query: str) -> None:
    board = pack(seed)
    truth = Reading(board).heard()
    seen = 0
    whole = Reading(board).answer(query)
    for swapped in swaps(whole):
        reader = Reading(board)
        reader.heard()
        try:
            taken = reader.take(query, swapped)
        except (BadFrame, NoAnswer):
            continue
        seen += 1
        for key, value in taken.items():
            if "difference" in key or key in ("power", "gathered_voltage", "life_counter", "soc_setting"):
                continue
            if isinstance(value, str | bool):
                assert value == truth[key], (key, swapped.hex())
            else:
                limit = allowed(key, float(truth["voltage"]))
                assert abs(value - float(truth[key])) <= limit, (key, swapped.hex())
    assert seen > 20, "swaps that the checksum does not see"


def test_a_swapped_cell_is_dropped_with_its_frame_and_the_others_stay() -> None:
    board = DalyBoard()
    board.state["cell_5_voltage"] = 3.4
    board.state["voltage"] = 53.2
    reader = Reading(board)
    reader.heard()
    answer = bytearray(reader.answer("0x95"))
    answer[13 + 8], answer[13 + 10] = answer[13 + 10], answer[13 + 8]
    taken = reader.take("0x95", bytes(answer))
    cells = {key for key in taken if key.endswith("_voltage")}
    assert cells == {f"cell_{number}_voltage" for number in range(1, 17) if number not in (4, 5, 6)}
    assert "cell_spread" not in taken
    assert not {"cell_3_4_difference", "cell_6_7_difference"} & taken.keys()
    assert "cell_1_2_difference" in taken


def test_the_first_answer_of_all_is_held_against_the_highest_and_lowest_cell() -> None:
    board = DalyBoard()
    reader = Reading(board)
    for _ in range(2):
        reader.take("0x91", reader.answer("0x91"))
    answer = bytearray(reader.answer("0x95"))
    answer[6], answer[11] = 0xC0, answer[11] ^ answer[6] ^ 0xC0
    answer[12] = sum(answer[:12]) & 0xFF
    for _ in range(2):
        taken = reader.take("0x95", bytes(answer))
        assert not {"cell_1_voltage", "cell_2_voltage", "cell_3_voltage"} & taken.keys()
    assert "cell_4_voltage" in taken


@pytest.mark.parametrize("query", ORDER)
def test_what_was_never_heard_is_believed_when_it_is_said_again(query: str) -> None:
    reader = Reading(DalyBoard())
    assert reader.take(query, reader.answer(query)) == {}
    again = reader.take(query, reader.answer(query))
    rows = (row for row in reader.language.entities if row.at is not None and row.at.query == query)
    assert again.keys() >= {row.key for row in rows if row.key in reader.board.state}


@pytest.mark.parametrize("first", [True, False], ids=["first", "second"])
@pytest.mark.parametrize("query", ORDER)
def test_swapped_bytes_among_the_first_answers_are_no_value(query: str, *, first: bool) -> None:
    board = DalyBoard()
    board.state |= {"balanced_cells": "3, 12", "pack_voltage_high_warning": True}
    right = Reading(board).answer(query)
    truth = Reading(board).heard()
    seen = 0
    for wrong in swaps(right, neighbours=True):
        reader = Reading(board)
        try:
            told = [reader.take(query, answer) for answer in ((wrong, right) if first else (right, wrong))]
        except (BadFrame, NoAnswer):
            continue
        seen += 1
        for taken in told:
            assert {key: value for key, value in taken.items() if value != truth[key]} == {}, wrong.hex()
        assert reader.take(query, right).items() <= truth.items()
    assert seen


@pytest.mark.parametrize(
    ("query", "jump"),
    [
        ("0x90", {"soc": 100.0}),
        ("0x90", {"current": 51.0}),
        ("0x90", {"voltage": 55.0, "gathered_voltage": 55.0}),
        ("0x93", {"discharge_mosfet": False}),
        ("0x93", {"remaining_capacity": 280.0}),
        ("0x95", {"cell_3_voltage": 3.5}),
        ("0x96", {"temperature_1": 40}),
        ("0x94", {"cycles": 500}),
        ("0x98", {"cell_voltage_low_warning": True}),
    ],
    ids=lambda item: item if isinstance(item, str) else "+".join(item),
)
def test_a_true_jump_is_believed_at_the_third_time_at_the_latest(query: str, jump: Story) -> None:
    board = DalyBoard()
    board.state["pack_voltage_high_warning"] = True
    reader = Reading(board)
    reader.heard()
    board.state |= jump
    if query == "0x98":
        board.state["pack_voltage_high_warning"] = False
    for _ in range(2):
        taken = reader.take(query, reader.answer(query))
        assert not jump.keys() & taken.keys()
    taken = reader.take(query, reader.answer(query))
    assert {key: taken[key] for key in jump} == jump
    again = reader.take(query, reader.answer(query))
    assert {key: again[key] for key in jump} == jump


def test_one_wrong_answer_between_right_ones_does_no_harm() -> None:
    board = DalyBoard()
    reader = Reading(board)
    reader.heard()
    right = reader.answer("0x90")
    board.state["soc"] = 30.0
    wrong = reader.answer("0x90")
    for _ in range(5):
        assert "soc" not in reader.take("0x90", wrong)
        assert reader.take("0x90", right)["soc"] == 68.5


def test_an_impossible_value_takes_the_rest_of_its_frame_along() -> None:
    board = DalyBoard()
    reader = Reading(board)
    reader.heard()
    board.state |= {"soc": 250.0, "current": 4.0}
    assert reader.take("0x90", reader.answer("0x90")).keys() <= {"state"}
    reader.take("0x90", reader.answer("0x90"))
    assert reader.take("0x90", reader.answer("0x90"))["current"] == 4.0, (
        "a board that always says so is heard"
    )


def test_a_dead_cell_does_not_silence_its_neighbours_for_ever() -> None:
    board = DalyBoard()
    board.state["cell_5_voltage"] = 0
    reader = Reading(board)
    taken = [reader.take("0x95", reader.answer("0x95")) for _ in range(4)]
    assert ["cell_4_voltage" in values for values in taken] == [False, False, True, True]
    assert all("cell_5_voltage" not in values for values in taken)
    assert ["cell_1_voltage" in values for values in taken] == [False, True, True, True]


def test_a_board_whose_two_measurements_differ_for_good_is_heard() -> None:
    board = DalyBoard()
    board.state |= {"voltage": 52.0, "gathered_voltage": 0.0}
    reader = Reading(board)
    for _ in range(2):
        reader.take("0x90", reader.answer("0x90"))
    taken = [reader.take("0x95", reader.answer("0x95")) for _ in range(5)]
    assert ["cell_1_voltage" in values for values in taken] == [False, False, True, True, True]
