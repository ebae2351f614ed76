"""A figure of the bench, and simulated lines in other processes that figures are read off."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
TURNAROUND = 0.020

Stamp = tuple[str, float, bytes]


@dataclass(frozen=True)
class Row:
    """One figure: what, how much, against what, and the target."""

    what: str
    figure: str
    beside: str
    target: str
    met: bool

    def line(self) -> str:
        """As a row of the table."""
        return (
            f"| {self.what} | {self.figure} | {self.beside} | {self.target} | {'yes' if self.met else 'NO'} |"
        )


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


def run(program: str, *words: str) -> float:
    """Run a reader; the processor seconds of one poll."""
    command = [sys.executable, str(HERE / program), *words]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
