"""The demo for long: memory, descriptors and threads stay flat (`make soak FOR=86400` for a day)."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import psutil
import pytest

SECONDS = float(os.environ.get("FOR") or 3600)
SAMPLES = 120
MEMORY_MB_A_HOUR = 2.0
MEMORY_MB = 4.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process holds: seconds since its start, resident MB, descriptors, threads."""

    at: float
    memory: float
    descriptors: int
    threads: int


def growth(samples: Sequence[Sample]) -> list[str]:
    """What grew between the second and the last quarter of the time, in words; the first is warming up."""
    quarter = len(samples) // 4
    early, late = samples[quarter : 2 * quarter], samples[-quarter:]
    hours = (late[0].at - early[0].at) / 3600
    allowed = MEMORY_MB + MEMORY_MB_A_HOUR * hours
    memory = median(one.memory for one in late) - median(one.memory for one in early)
    found = [f"memory by {memory:.1f} MB in {hours:.2f} h, over {allowed:.1f}"] if memory > allowed else []
    for name in ("descriptors", "threads"):
        before, after = (median(getattr(one, name) for one in part) for part in (early, late))
        if after > before + 1:
            found.append(f"{name} from {before:g} to {after:g}")
    return found


def sampled(process: psutil.Process, at: float) -> Sample:
    """A sample of a process and its children."""
    every = [process, *process.children(recursive=True)]
    return Sample(
        at,
        sum(one.memory_info().rss for one in every) / 1e6,
        sum(one.num_fds() for one in every),
        sum(one.num_threads() for one in every),
    )


def flat(
    count: int = 40, memory: float = 0.0, descriptors: float = 0.0, threads: float = 0.0
) -> list[Sample]:
    """Samples of an hour that grow by so much a sample, after a warm-up."""
    return [
        Sample(90.0 * n, min(120, 60 + 10 * n) + memory * n, 40 + int(descriptors * n), 9 + int(threads * n))
        for n in range(count)
    ]


def test_a_process_that_grows_is_seen() -> None:
    assert growth(flat()) == []
    assert growth(flat(memory=0.01)) == []
    assert growth(flat(memory=0.5))[0].startswith("memory by 10.0 MB in 0.50 h")
    assert growth(flat(descriptors=0.1)) == ["descriptors from 41 to 43"]
    assert growth(flat(threads=0.2)) == ["threads from 11.5 to 15.5"]


@pytest.mark.soak
def test_the_demo_does_not_grow() -> None:
    command = [sys.executable, "-m", "gridward.cli", "demo", "--for", f"{SECONDS:g}", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as demo:
        samples = []
        started = time.monotonic()
        for number in range(1, SAMPLES + 1):
            due = started + number * SECONDS / (SAMPLES + 2)
            time.sleep(max(0.0, due - time.monotonic()))
            assert demo.poll() is None, f"ended by itself after {number} samples"
            samples.append(sampled(psutil.Process(demo.pid), time.monotonic() - started))
        summary = json.loads(demo.communicate()[0].splitlines()[-1])
    print(f"\n{SECONDS:g} s: {samples[-1]}; {summary}")
    assert demo.returncode == 0
    assert summary["readings_stored"] > 0
    assert growth(samples) == []
