"""A cable that is pulled and a line that spoils bytes: on a real broker never a value that was not so."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from faults.broker_house import Running, on_broker
from faults.line_house import Member, pack, until

from gridward_axpert import INTEGRATION as AXPERT
from gridward_axpert.simulator import AxpertSimulator
from gridward_daly import INTEGRATION as DALY
from gridward_daly.blocks import FAMILIES
from gridward_daly.boards import RegisterBoard
from gridward_daly.protocol import CLOCK, SIZE
from gridward_kit.entity import Entity
from gridward_kit.faults import Faults
from gridward_kit.kept import Json
from gridward_kit.point import Derived, Value
from gridward_kit.testing import FastClock
from gridward_kit.trial import resolution

SPEED = 50.0
ROUNDS = 8
SAYS = 40
PAYLOAD = range(4, 11)


def inverter() -> Member:
    assert AXPERT.example
    return Member("inverter", AXPERT, AxpertSimulator({}), {}, AXPERT.example)


def registers(name: str) -> Member:
    """A Daly board of a register protocol; its protocol is known."""
    example = DALY.examples[name]
    return Member("pack_1", DALY, RegisterBoard(FAMILIES[name]), example.options, example.identity)


MEMBERS: dict[str, Callable[[], Member]] = {
    "daly": lambda: pack(1),
    "daly-d2": lambda: registers("d2"),
    "daly-ess": lambda: registers("ess"),
    "axpert": inverter,
}
EACH = pytest.mark.parametrize("name", list(MEMBERS))


class Truth:
    """Every value that the simulated device ever had, by key."""

    def __init__(self, state: Mapping[str, Value]) -> None:
        self._had: dict[str, set[Value]] = {key: {value} for key, value in state.items()}

    def add(self, values: Mapping[str, Value]) -> None:
        for key, value in values.items():
            self._had.setdefault(key, set()).add(value)

    def contradicts(self, rows: Mapping[str, Entity], state: Mapping[str, Json], slack: float) -> list[str]:
        """The keys of a state whose value the device never had, but for the row's step times `slack`."""
        return [
            f"{key}={value}"
            for key, value in state.items()
            if key in rows and key in self._had and not self._was(rows[key], value, slack)
        ]

    def _was(self, row: Entity, value: Json, slack: float) -> bool:
        had = self._had[row.key]
        if isinstance(value, bool) or not isinstance(value, int | float) or isinstance(row.at, Derived):
            return value in had
        return any(abs(value - float(one)) <= resolution(row) * slack for one in had)


MOVES: dict[str, list[Mapping[str, Value]]] = {
    "daly": [
        {"soc": 51 + step / 10, "soc_setting": 51 + step / 10, "current": -step / 10}
        for step in range(ROUNDS)
    ],
    "axpert": [{"output_power": 500 + 7 * step, "pv_power": 60 + 3 * step} for step in range(ROUNDS)],
}


@EACH
async def test_noise_of_one_percent_never_shows_a_wrong_value(
    mosquitto: Running, tmp_path: Path, name: str
) -> None:
    member = MEMBERS[name]()
    truth, faults = Truth(member.simulator.state), Faults(noise=0.01)
    says = SAYS // 3 if isinstance(member.simulator, RegisterBoard) else SAYS  # they say all in one answer
    async with on_broker(mosquitto, tmp_path, member, faults) as (house, stranger):
        errors = house.wired[member.id].errors
        for move in MOVES[member.integration.domain]:
            truth.add(move)
            member.simulator.state |= move
            before = house.port.exchanges
            await until(lambda before=before: house.port.exchanges > before + says)  # type: ignore[misc]
        assert errors["bad_frame"] > 20, "the noise was there"
        faults.noise = 0.0
        seen = len(stranger.states)
        await until(lambda: any(_whole(state) for _, state in stranger.states[seen + 2 :]))
        rows = house.wired[member.id].device.entities
        wrong = [truth.contradicts(rows, state, 1.0) for _, state in stranger.states]
        assert not any(wrong), [item for item in wrong if item][:5]


def _whole(state: Mapping[str, Json]) -> bool:
    return len(state) > 20


@dataclass(slots=True)
class Swaps(Faults):
    """Neighbouring bytes change places: in each query's first answer, and then in some.

    The same two do so again only after a right answer to that query: errors that repeat themselves
    exactly no reader can tell from the truth.
    """

    since: dict[int, set[int]] = field(default_factory=dict)

    def spoil(self, answer: bytes) -> bytes:
        query = answer[2]
        first = query not in self.since
        before = self.since.setdefault(query, set())
        place = self.draw.choice(
            [one for one in (PAYLOAD if first else range(SIZE - 1)) if one not in before]
        )
        place += SIZE * self.draw.randrange(len(answer) // SIZE)
        if not first and self.draw.random() >= self.swapped:
            before.clear()
            return answer
        before.add(place % SIZE)
        return answer[:place] + answer[place : place + 2][::-1] + answer[place + 2 :]


async def test_swapped_bytes_that_no_sum_sees_are_never_a_value(mosquitto: Running, tmp_path: Path) -> None:
    """From the first answer on, live values and settings; but for the clock, which moves by itself."""
    member, faults = pack(1), Swaps(swapped=0.3)
    member.simulator.state |= {
        "balanced_cells": "3, 12",
        "pack_voltage_high_warning": True,
        "digital_input_2": True,
        "cycles": 300,
    }
    truth = Truth(member.simulator.state)
    async with on_broker(mosquitto, tmp_path, member, faults) as (house, stranger):
        rows = {
            key: row
            for key, row in house.wired[member.id].device.entities.items()
            if row.at is not None and row.at.query != CLOCK
        }
        shown = {key for key in rows if key in member.simulator.state}
        await until(lambda: shown <= {key for _, state in stranger.states for key in state}, 60)
        await until(lambda: house.port.exchanges > 12 * SAYS)
        assert len(shown) > 140
        assert house.wired[member.id].errors["impossible"] > 20, "swaps that the sum did not see"
        wrong = [truth.contradicts(rows, state, 1.0) for _, state in stranger.states]
        assert not any(wrong), sorted({one for item in wrong for one in item})


@pytest.mark.parametrize("name", ["d2", "ess"])
async def test_swapped_bytes_that_a_checksum_sees_are_never_a_value(
    mosquitto: Running, tmp_path: Path, name: str
) -> None:
    """Also for settings and a board's very first answers, without doubts of our own."""
    member, faults = registers(name), Faults(swapped=0.3)
    truth = Truth(member.simulator.state)
    async with on_broker(mosquitto, tmp_path, member, faults) as (house, stranger):
        rows = house.wired[member.id].device.entities
        shown = rows.keys() & member.simulator.state.keys()
        await until(lambda: shown <= {key for _, state in stranger.states for key in state}, 60)
        await until(lambda: house.port.exchanges > 4 * SAYS)
        assert house.wired[member.id].errors["bad_frame"] > 20
        assert not any(truth.contradicts(rows, state, 1.0) for _, state in stranger.states)


@pytest.mark.parametrize("name", ["d2", "ess"])
async def test_a_sleeping_board_shows_nothing_and_comes_back(
    mosquitto: Running, tmp_path: Path, name: str
) -> None:
    member = registers(name)
    board = member.simulator
    assert isinstance(board, RegisterBoard)
    async with on_broker(mosquitto, tmp_path, member, Faults()) as (_, stranger):
        for board.zeros in (False, True):
            await until(lambda: (member.id, "online") == stranger.availability[-1])
            await until(lambda: _whole(stranger.states[-1][1]))
            board.asleep = True
            await until(lambda: (member.id, "offline") == stranger.availability[-1])
            assert set(stranger.states[-1][1]) <= {"v", "at"}
            board.asleep = False


@EACH
async def test_a_cable_pulled_for_ten_seconds(
    mosquitto: Running, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    caplog.set_level(logging.INFO)
    member = MEMBERS[name]()
    clock = FastClock(SPEED)
    async with on_broker(mosquitto, tmp_path, member, Faults()) as (house, stranger):
        await until(lambda: (member.id, "online") in stranger.availability)
        await until(lambda: any(_whole(state) for _, state in stranger.states))
        caplog.clear()
        pulled = clock.monotonic()
        house.served.unplug()
        await until(lambda: stranger.availability[-1] == (member.id, "offline"))
        assert set(stranger.states[-1][1]) <= {"v", "at"}
        await clock.sleep(pulled + 10 - clock.monotonic())
        silent = len(stranger.states)
        house.served.plug()
        await until(lambda: stranger.availability[-1] == (member.id, "online"))
        await until(lambda: _whole(stranger.states[-1][1]))
        rows = house.wired[member.id].device.entities
        truth = Truth(member.simulator.state)
        assert not any(truth.contradicts(rows, state, 1.0) for _, state in stranger.states[silent:])
        told = [one.message for one in caplog.records if one.message.startswith(f"{member.id}:")]
        assert len(told) == 2, told
        assert "unavailable" in told[0]
        assert told[1] == f"{member.id}: available"
