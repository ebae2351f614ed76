"""Speed and size, as ratios against the wire's limit or a peer in the same run.

`PYTHONPATH=tests python -m bench.run [--parts wire,store] [--effort 0.1]`: each part in a process of its
own, one after the other; writes RESULTS.md and results.json after each. Nothing here is a test: a figure
that misses its target is printed as such, and looked into. The status is 1 where a part broke off.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.page import Measured, kept, written
from bench.parts import PARTS, Part

PATIENCE = 3.0  # times what a part is expected to last, and a minute


def main() -> int:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=f"parts: {', '.join(PARTS)}")
    parser.add_argument("--parts", default="", help="some of them, with commas; all by default")
    parser.add_argument("--effort", type=float, default=1.0, help="a share of the usual counts")
    chosen = parser.parse_args()
    names = [name for name in chosen.parts.split(",") if name] or list(PARTS)
    if unknown := [name for name in names if name not in PARTS]:
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    results = kept()
    expected = sum(PARTS[name].seconds for name in names) * min(1.0, chosen.effort)
    _say(f"{len(names)} parts, about {expected / 60:.0f} min")
    broken = []
    for number, name in enumerate(names, 1):
        _say(f"{number}/{len(names)} {name}: {PARTS[name].what}, about {PARTS[name].seconds:.0f} s")
        found = measure(name, PARTS[name], chosen.effort)
        results[name] = found
        written(results)
        for row in found.rows:
            _say(f"    {row.what}: {row.figure}{'' if row.met is not False else '  MISSED ' + row.target}")
        if found.fault:
            broken.append(name)
            _say(f"    BROKE OFF: {found.fault}")
        _say(f"    {found.seconds:.0f} s")
    _say(f"tests/bench/RESULTS.md is written{'; broke off: ' + ', '.join(broken) if broken else ''}")
    return 1 if broken else 0


def measure(name: str, part: Part, effort: float) -> Measured:
    """One part in a process of its own; what it was before it broke off stays."""
    load = os.getloadavg()[0]
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        to = Path(folder) / "rows.json"
        command = [sys.executable, "-m", "bench.one", name, str(effort), str(to)]
        with (Path(folder) / "log").open("w+") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
            fault = _ended(process, part.seconds * max(effort, 0.3) * PATIENCE + 60)
            log.seek(0)
            said = log.read().strip().splitlines()
        rows = json.loads(to.read_text()) if to.exists() else []
    if fault is None and process.returncode:
        fault = said[-1] if said else f"status {process.returncode}"
        sys.stdout.write("".join(f"      {line}\n" for line in said[-12:]))
    return Measured.of(rows, fault, time.monotonic() - begun, load, effort)


def _ended(process: "subprocess.Popen[bytes]", patience: float) -> str | None:
    """Wait for a part; one that hangs is ended with all that it started."""
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        return f"not ready after {patience:.0f} s"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # whatever it left, also where a person breaks off
        process.wait()
    return None


def _say(words: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
