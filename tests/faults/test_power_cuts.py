"""The power fails at every fsync: what was told to be on disk is there, and everything opens again."""

import os
import random
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from faults.power_cuts import cuts, lay_out, left, words
from faults.power_works import WORKS
from faults.recorded_writes import Named, Step, Synced, Written, missing, recorded

TORN, TORN_OFTEN = 1, 40
MEMORY = Path("/dev/shm")


@pytest.fixture(autouse=True)
def tracer() -> None:
    if why := missing():
        pytest.skip(why)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: the cuts are on paper, no disk has to wait for a sync."""
    with TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else tmp_path) as folder:
        yield Path(folder)


def states(steps: list[Step], torn: int, seed: int) -> Iterator[tuple[str, int, dict[str, bytes]]]:
    """What each cut leaves: the least, all, and so many that chance decides on."""
    for cut in cuts(steps):
        yield "least", cut, left(steps, cut, None)
        yield "all", cut, left(steps, cut, None, all_kept=True)
        for number in range(torn):
            yield f"torn {number}", cut, left(steps, cut, random.Random(f"{seed} {cut} {number}"))


def survives(name: str, folder: Path, torn: int, seed: int) -> str:
    """Record a work, cut the power at every sync, and look; says how often."""
    work = WORKS[name]
    steps = recorded(folder / "live", work.write)
    count = 0
    for kind, cut, found in states(steps, torn, seed):
        lay_out(found, folder / "after")
        try:
            work.holds(folder / "after", words(steps, cut))
        except Exception as error:
            error.add_note(f"{name}, seed {seed}: {kind}, power cut after step {cut} of {len(steps)}")
            raise
        count += 1
    return (
        f"{name}: {count} power cuts at {len(cuts(steps))} moments, seed {seed}, nothing lost that was sure"
    )


@pytest.mark.parametrize("name", WORKS)
def test_a_power_cut_at_every_sync_loses_nothing_that_was_sure(name: str, memory: Path) -> None:
    print(survives(name, memory, TORN, random.randrange(1 << 32)))


def test_the_journal_of_a_new_store_is_on_disk_before_it_counts(memory: Path) -> None:
    """SQLite's checksum of a journal's page looks at every 200th byte: a torn one may pass for whole."""
    steps = recorded(memory / "live", WORKS["store"].write)
    journals = {
        step.file for step in steps if isinstance(step, Named) and str(step.name).endswith("-journal")
    }
    waiting: set[int | str] = set()
    counted = 0
    for step in steps:
        if isinstance(step, Synced):
            waiting.discard(step.what)
        elif isinstance(step, Written) and step.file in journals and step.at > 0:
            waiting.add(step.file)
        elif isinstance(step, Written) and step.file in journals and any(step.data[8:12]):
            assert step.file not in waiting
            counted += 1
    assert counted


@pytest.mark.soak
@pytest.mark.parametrize("name", WORKS)
def test_many_power_cuts_lose_nothing_that_was_sure(name: str, memory: Path) -> None:
    print(survives(name, memory, TORN_OFTEN, random.randrange(1 << 32)))
