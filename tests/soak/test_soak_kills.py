"""A recorder that is killed a thousand times while it writes, a hundred times for each of ten stores."""

from pathlib import Path

import pytest
from gateway.test_recorder_kill import killed, told

STORES, KILLS = 10, 100


@pytest.fixture(scope="module")
def counted() -> list[tuple[int, int]]:
    """What was acknowledged and stored, store by store."""
    return []


@pytest.mark.soak
@pytest.mark.parametrize("store", range(STORES))
def test_a_thousand_kills_lose_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], store: int, counted: list[tuple[int, int]]
) -> None:
    counted.append(killed(tmp_path / f"store-{store}.db", KILLS))
    acknowledged, stored = map(sum, zip(*counted, strict=True))
    with capsys.disabled():
        print(f" {told(len(counted) * KILLS, acknowledged, stored)}")
