"""How little the store writes to a card: a commit touches small pages, and a roll-up makes no files."""

from pathlib import Path

import pytest

from gridward.recorder.store import Parcel, Store

NOON = 1_795_003_200.0
DEVICES, KEYS = 10, 30


def committed(store: Store, cycles: range, together: int = 1) -> None:
    """Readings of 300 entities every 5 s, so many cycles in a commit."""
    for cycle in cycles:
        for device in range(DEVICES):
            values = {f"value_{key}": 53.1 + device + key / 7 + cycle % 50 / 100 for key in range(KEYS)}
            store.add(Parcel(f"d{device}", "b", cycle + 1, NOON + 5 * cycle + device / 100, values, 1))
        if cycle % together == 0:
            store.commit()
    store.commit()


def written() -> int:
    """Bytes that this process gave to files, those that were removed unwritten too."""
    rows = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(rows["wchar"])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "gridward.db")


def test_a_commit_of_300_readings_writes_less_than_25_kilobytes(store: Store) -> None:
    committed(store, range(20))
    wal = store.path.with_name(f"{store.path.name}-wal")
    before = wal.stat().st_size
    committed(store, range(20, 60))
    assert (wal.stat().st_size - before) / 40 < 25_000
    store.close()


def test_summing_up_an_hour_writes_its_sums_alone(store: Store) -> None:
    committed(store, range(720), together=60)
    before = written()
    assert store.roll(NOON + 3800)
    sums = 300 * 60 * 60  # bytes: a row of a minute is about 50
    assert written() - before < 3 * sums
    store.close()
