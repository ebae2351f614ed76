"""A recorder that is killed a thousand times while it writes, a hundred times for each of ten stores."""

from pathlib import Path

import pytest
from gateway.test_recorder_kill import killed

STORES, KILLS = 10, 100


@pytest.mark.soak
@pytest.mark.parametrize("store", range(STORES))
def test_a_thousand_kills_lose_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], store: int
) -> None:
    said = killed(tmp_path / f"store-{store}.db", KILLS)
    with capsys.disabled():
        print(f" {said}")
