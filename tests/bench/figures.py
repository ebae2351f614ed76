"""A figure of the bench, its spread, and simulated lines in other processes that figures are read off."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
GRIDWARD = str(Path(sys.executable).with_name("gridward"))
TURNAROUND = 0.020

Stamp = tuple[str, float, bytes]


@dataclass(frozen=True)
class Row:
    """One figure: what, how much, against what, and the target; `met` None: nothing was promised.

    `values` are the numbers in it, for programs.
    """

    what: str
    figure: str
    beside: str = ""
    target: str = ""
    met: bool | None = None
    values: Mapping[str, float] = field(default_factory=dict)

    def line(self) -> str:
        """As a row of the table."""
        met = {True: "yes", False: "NO", None: ""}[self.met]
        return f"| {self.what} | {self.figure} | {self.beside} | {self.target} | {met} |"


@dataclass(frozen=True)
class Spread:
    """Several rounds of one figure."""

    median: float
    least: float
    greatest: float
    late: float  # the 99th percentile
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Raises ValueError without values."""
        ordered = sorted(values)
        if not ordered:
            raise ValueError("nothing was measured")
        late = ordered[min(len(ordered) - 1, round(0.99 * len(ordered)))]
        return cls(statistics.median(ordered), ordered[0], ordered[-1], late, len(ordered))

    def told(self, form: str = "{:.2f}") -> str:
        """Median, least and greatest."""
        one, low, high = (form.format(value) for value in (self.median, self.least, self.greatest))
        return f"{one} ({low} to {high})"

    def late_told(self, form: str = "{:.1f}") -> str:
        """Median and 99th percentile."""
        return f"median {form.format(self.median)}, 99th percentile {form.format(self.late)}"


def load() -> str:
    """What else the machine had to do: processor time grows with it, as caches are shared."""
    return f"load of the machine {os.getloadavg()[0]:.0f}"


class Served:
    """Simulated devices on a line in another process."""

    def __init__(self, *words: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "simulated.py"), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        self.url = self._process.stdout.readline().strip()
        self.hurried = 0

    def stamps(self) -> list[Stamp]:
        """When requests came in and answers went out since the last call."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        told = json.loads(self._process.stdout.readline())
        self.hurried = told["hurried"]
        return [(kind, at, bytes.fromhex(data)) for kind, at, data in told["stamps"]]

    def end(self) -> None:
        """Stop it."""
        self._process.kill()
        self._process.wait()


@dataclass(frozen=True)
class Polled:
    """What a reader cost: processor and wall seconds of one poll, as it took them itself."""

    processor: float
    wall: float


def run(program: str, *words: str, python: Path | None = None) -> Polled:
    """Run a reader, or a peer's with the Python that it is installed in; raises RuntimeError."""
    command = [str(python or sys.executable), str(HERE / program), *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=180)
    if done.returncode:
        raise RuntimeError(f"{program}: {done.stderr.strip()[-300:]}")
    processor, wall = done.stdout.split()[-2:]
    return Polled(float(processor), float(wall))
