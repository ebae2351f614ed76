"""A cable that is pulled and a line that spoils bytes: on a real broker never a value that was not so."""

import logging
from collections.abc import Mapping
from pathlib import Path

import pytest
from faults.broker_house import Running, on_broker
from faults.line_house import Member, pack, until

from gridward_axpert import INTEGRATION as AXPERT
from gridward_axpert.simulator import AxpertSimulator
from gridward_daly.protocol import LIVE
from gridward_kit.entity import Entity
from gridward_kit.kept import Json
from gridward_kit.point import Derived, Value
from gridward_kit.simulate import Faults
from gridward_kit.testing import FastClock
from gridward_kit.trial import resolution

SPEED = 50.0
ROUNDS = 8
SAYS = 40


def inverter() -> Member:
    assert AXPERT.example
    return Member("inverter", AXPERT, AxpertSimulator({}), {}, AXPERT.example)


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


@pytest.mark.parametrize("domain", ["daly", "axpert"])
async def test_noise_of_one_percent_never_shows_a_wrong_value(
    mosquitto: Running, tmp_path: Path, domain: str
) -> None:
    member = pack(1) if domain == "daly" else inverter()
    truth, faults = Truth(member.simulator.state), Faults(noise=0.01)
    async with on_broker(mosquitto, tmp_path, member, faults) as (house, stranger):
        errors = house.wired[member.id].errors
        for move in MOVES[domain]:
            truth.add(move)
            member.simulator.state |= move
            before = house.port.exchanges
            await until(lambda before=before: house.port.exchanges > before + SAYS)  # type: ignore[misc]
        assert errors["bad_frame"] > 20, "the noise was there"
        faults.noise = 0.0
        seen = len(stranger.states)
        await until(lambda: any(_whole(state) for _, state in stranger.states[seen + 2 :]))
        rows = house.wired[member.id].device.entities
        wrong = [truth.contradicts(rows, state, 1.0) for _, state in stranger.states]
        assert not any(wrong), [item for item in wrong if item][:5]


def _whole(state: Mapping[str, Json]) -> bool:
    return len(state) > 20


async def test_swapped_bytes_that_no_sum_sees_are_doubted(mosquitto: Running, tmp_path: Path) -> None:
    """Once a board was heard, its live values are compared with what was believed before."""
    member, faults = pack(1), Faults()
    truth = Truth(member.simulator.state)
    async with on_broker(mosquitto, tmp_path, member, faults) as (house, stranger):
        await until(lambda: any(_whole(state) for _, state in stranger.states))
        faults.swapped = 0.1
        errors = house.wired[member.id].errors
        before = house.port.exchanges
        await until(lambda: house.port.exchanges > before + 12 * SAYS)
        assert errors["impossible"] > 20, "swaps that the sum did not see"
        rows = {
            key: row
            for key, row in house.wired[member.id].device.entities.items()
            if row.at is not None and row.at.query in {query.name for query in LIVE}
        }
        assert len(rows) > 40
        wrong = [truth.contradicts(rows, state, 1.0) for _, state in stranger.states]
        assert not any(wrong), sorted({one for item in wrong for one in item})


@pytest.mark.parametrize("domain", ["daly", "axpert"])
async def test_a_cable_pulled_for_ten_seconds(
    mosquitto: Running, tmp_path: Path, caplog: pytest.LogCaptureFixture, domain: str
) -> None:
    caplog.set_level(logging.INFO)
    member = pack(1) if domain == "daly" else inverter()
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
