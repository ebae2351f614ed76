"""`read`: one poll has everything that a board says, and nothing that two swapped bytes made of it."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gridward_daly import D2_EXAMPLE, ESS_EXAMPLE, EXAMPLE, INTEGRATION
from gridward_daly.boards import simulator
from gridward_daly.protocol import CLOCK
from gridward_kit.faults import Faults
from gridward_kit.integration import Identity, Line
from gridward_kit.port import Port
from gridward_kit.reader import Poll, Reader
from gridward_kit.simulate import serve_pty
from gridward_kit.testing import FastClock

QUICK = Line(baud=1_000_000, first=0.08, gap=0.02)


@dataclass(slots=True)
class SwappedFirst(Faults):
    """Two bytes of each query's first answer in each other's place."""

    heard: set[int] = field(default_factory=set)

    def spoil(self, answer: bytes) -> bytes:
        if answer[2] in self.heard:
            return answer
        self.heard.add(answer[2])
        return answer[:5] + answer[6:7] + answer[5:6] + answer[7:]


async def first_poll(folder: Path, identity: Identity, faults: Faults) -> tuple[Poll, dict[str, object]]:
    board = simulator({"protocol": identity.protocol})
    served = serve_pty([board], QUICK, link=folder / "port", faults=faults, turnaround=0.0, chunk=4096)
    port = Port(served.url, QUICK, FastClock())
    try:
        async for poll in Reader(INTEGRATION, port, {}, FastClock()).polls(identity):
            return poll, dict(board.state)
        raise AssertionError("no poll")
    finally:
        port.close()
        served.unplug()


@pytest.mark.parametrize("identity", [EXAMPLE, D2_EXAMPLE, ESS_EXAMPLE], ids=lambda one: one.protocol)
async def test_the_first_poll_has_all_that_the_board_says(tmp_path: Path, identity: Identity) -> None:
    assert INTEGRATION.dialect
    poll, state = await first_poll(tmp_path, identity, Faults())
    keys = {row.key for row in INTEGRATION.dialect(identity, {}).entities}
    assert poll.errors == []
    assert poll.values.keys() >= keys & state.keys() - {"balanced_cells", "battery_code"}


async def test_swapped_first_answers_are_not_in_it(tmp_path: Path) -> None:
    assert INTEGRATION.dialect
    faults = SwappedFirst()
    poll, state = await first_poll(tmp_path, EXAMPLE, faults)
    moving = {
        row.key for row in INTEGRATION.dialect(EXAMPLE, {}).entities if row.at and row.at.query == CLOCK
    }
    wrong = {
        key: value
        for key, value in poll.values.items()
        if key in state and key not in moving and value != state[key]
    }
    assert wrong == {}
    assert len(faults.heard) > 20
    assert {
        "soc",
        "cell_16_voltage",
        "rated_capacity",
        "cell_voltage_high_protection_threshold",
    } <= poll.values.keys()
