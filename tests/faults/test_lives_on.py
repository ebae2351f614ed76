"""A house that lives on in turned time: nothing of it grows, and little is written to the card."""

import os
from pathlib import Path

import psutil
import pytest
from faults.turned_house import HOUR, Held, TurnedHouse

WARM, SHORT = 240, 240  # s
BLOCKS = 1500  # what is on its way at one moment and not at another
DAY = 24 * HOUR
DAYS = float(os.environ.get("DAYS") or 30)
MOST_WRITTEN = 1e9  # bytes a day
MEMORY_MB = 12.0


def grown(before: Held, after: Held) -> list[str]:
    """What grew from one moment to another, in words."""
    found = [f"{after.blocks - before.blocks} blocks"] if after.blocks - before.blocks > BLOCKS else []
    found += [f"descriptors to {after.descriptors}"] if after.descriptors > before.descriptors else []
    return found + ([f"tasks to {after.tasks}"] if after.tasks > before.tasks else [])


def a_day(before: Held, after: Held, seconds: float) -> float:
    """How many bytes a day were written; the file system's own records come on top."""
    written = after.written - before.written
    if not written:
        pytest.skip("the kernel counts no writes to this folder: it is not on a disk")
    return written * DAY / seconds


async def test_nothing_grows_and_little_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with TurnedHouse(tmp_path, monkeypatch) as house:
        await house.pass_by(WARM)
        before = house.held()
        await house.pass_by(SHORT)
        after = house.held()
    assert grown(before, after) == []
    day = a_day(before, after, SHORT)
    print(f"{SHORT} s: {day / 1e9:.2f} GB a day, {after.blocks - before.blocks} blocks of memory more")
    assert day < MOST_WRITTEN


@pytest.mark.soak
async def test_thirty_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DAYS=1 for one; a day takes some minutes. What is kept to compare with is little: it is counted too."""
    process, hours = psutil.Process(), round(24 * DAYS)
    async with TurnedHouse(tmp_path, monkeypatch) as house:
        await house.pass_by(HOUR)
        for number in range(hours):
            if number == hours // 4:
                warm, resident = house.held(), process.memory_info().rss / 1e6
            if number % 24 == 0:
                morning = house.held()
            await house.pass_by(HOUR)
            if number % 24 == 23:
                day = a_day(morning, house.held(), DAY)
                print(f"day {number // 24 + 1}: {day / 1e9:.2f} GB written")
                assert day < MOST_WRITTEN
        end, after = house.held(), process.memory_info().rss / 1e6
    print(f"{hours} h: {end.blocks - warm.blocks} blocks more, {resident:.0f} to {after:.0f} MB resident")
    assert grown(warm, end) == []
    assert after < resident + MEMORY_MB
