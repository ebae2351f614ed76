"""Runs what shows a promise: `make promise N=17`, and `MUTATE=1` to see it turn red.

Status 0 green, 1 red (or a mutation that no test sees), 77 where something was not run or is not shown.
`--all` runs all forty, each in a process of its own; `--keep` notes the outcome in `promises.json` and
writes `PROMISES.md`.
"""

import argparse
import json
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

TREE = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TREE), str(TREE / "tests")]
from tools.promises import PROMISES, Promise  # noqa: E402

GREEN, RED, NOT_RUN = 0, 1, 77
KEPT = TREE / "tools" / "promises.json"
PAGE = TREE / "PROMISES.md"
WIDTH, FIGURES = 200, 3


class Teller(Protocol):
    """Where a line goes."""

    def __call__(self, line: str, /) -> object: ...


@dataclass(slots=True)
class Outcome:
    """What a run of some tests brought; `figures` are the lines that they printed."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Listener:
    """A pytest plug-in that breaks one thing before anything is collected, and counts."""

    def __init__(self, mutation: str | None) -> None:
        self.outcome = Outcome()
        self._mutation = mutation
        self._patches = ExitStack()

    def pytest_configure(self) -> None:
        if self._mutation is not None:
            from mutations import RED as FAST  # noqa: PLC0415 - it imports what pytest has to see first
            from mutations import broken  # noqa: PLC0415

            type(FAST).register_profile("red", FAST)
            type(FAST).load_profile("red")
            self._patches.enter_context(broken(self._mutation))

    def pytest_unconfigure(self) -> None:
        self._patches.close()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped:
            self.outcome.skipped.append(f"{report.nodeid}: {report.longreprtext.splitlines()[-1]}")
        elif report.failed:
            (self.outcome.failed if report.when == "call" else self.outcome.broken).append(report.nodeid)
        elif report.when == "call":
            self.outcome.passed += 1
            said = (line.strip()[:WIDTH] for line in report.capstdout.splitlines())
            self.outcome.figures += [line for line in said if line]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.outcome.broken.append(report.nodeid)


def ran(nodes: tuple[str, ...], mutation: str | None = None) -> Outcome:
    """Run these tests in this process, with one thing broken or none."""
    listener = Listener(mutation)
    options = ["-p", "no:cacheprovider", "-p", "no:xdist", "-q", "--no-header", "--rootdir", str(TREE)]
    options += ["-c", str(TREE / "pyproject.toml")]
    if mutation is not None:
        options += ["--tb=no", "-x", "--no-summary"]
    begun = time.monotonic()
    status = pytest.main([*options, *(str(TREE / node) for node in nodes)], plugins=[listener])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) and not listener.outcome.broken:
        listener.outcome.broken.append(f"pytest ended with {pytest.ExitCode(status).name}")
    listener.outcome.seconds = time.monotonic() - begun
    return listener.outcome


def shown(promise: Promise, tell: Teller) -> tuple[int, Outcome]:
    """Run what shows it; the status."""
    outcome = ran(promise.tests) if promise.tests else Outcome()
    for what in (*outcome.failed, *outcome.broken):
        tell(f"red: {what}")
    for line in outcome.figures[:FIGURES]:
        tell(f"figure: {line}")
    for what, how in promise.elsewhere:
        tell(f"not run: {what}. How: {how}")
    for what in promise.unshown:
        tell(f"not shown: {what}")
    for what in outcome.skipped:
        tell(f"not run: {what}")
    if outcome.failed or outcome.broken:
        return RED, outcome
    return (NOT_RUN if open_ends(promise) or outcome.skipped else GREEN), outcome


def open_ends(promise: Promise) -> bool:
    """Whether something of it is left that tests here do not show."""
    return not promise.tests or bool(promise.elsewhere or promise.unshown)


def mutated(promise: Promise, tell: Teller) -> int:
    """Break what the promise's mutation breaks: its tests must fail, and not for another reason."""
    if not promise.mutations:
        tell("not shown: no mutation is named")
        return NOT_RUN
    if len(promise.mutations) == 1:
        return broken_by(*next(iter(promise.mutations.items())), tell)
    found = [asked(promise.number, name) for name in promise.mutations]
    return RED if RED in found else max(found)


def broken_by(name: str, seen_by: tuple[str, ...], tell: Teller) -> int:
    """Break one thing in this process; the status."""
    outcome = ran(seen_by, name)
    if outcome.failed and not outcome.broken:
        tell(f"red, as it must be, with {name}: {outcome.failed[0]}")
        return GREEN
    if outcome.skipped and not outcome.passed and not outcome.broken:
        tell(f"not run: {outcome.skipped[0]}")
        return NOT_RUN
    tell(f"{name} is not seen: {outcome.passed} passed; {', '.join(outcome.broken)}")
    return RED


def asked(number: int, name: str) -> int:
    """The same in a process of its own: what is broken must not stay broken for the next."""
    command = [sys.executable, __file__, str(number), "--mutation", name]
    return subprocess.run(command, cwd=TREE, check=False).returncode  # noqa: S603


def word(status: int) -> str:
    """A status in words."""
    return {GREEN: "green", RED: "red"}.get(status, "not all run")


def kept() -> dict[str, dict[str, object]]:
    """What the last kept run of each promise brought, by number."""
    found: dict[str, dict[str, object]] = json.loads(KEPT.read_text()) if KEPT.is_file() else {}
    return found


def keep(number: int, part: str, content: dict[str, object]) -> None:
    """Note one outcome, and write the page anew."""
    every = kept()
    every[str(number)] = {**every.get(str(number), {}), part: content}
    ordered = dict(sorted(every.items(), key=lambda item: int(item[0])))
    KEPT.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n")


def teller(number: int) -> Teller:
    """Tells what comes of a promise, line by line."""
    return lambda line: sys.stdout.write(f"promise {number}: {line}\n")


def one(promise: Promise, *, mutate: bool, keeping: bool) -> int:
    """Do as the command line says with one promise."""
    tell = teller(promise.number)
    tell(promise.says)
    day = datetime.now(UTC).date().isoformat()
    if mutate:
        status = mutated(promise, tell)
        names = ", ".join(promise.mutations)
        result: dict[str, object] = {"on": day, "name": names, "seen": status == GREEN}
    else:
        status, outcome = shown(promise, tell)
        short = {**asdict(outcome), "figures": outcome.figures[:FIGURES], "seconds": round(outcome.seconds)}
        result = {"on": day, "status": word(status), **short}
        tell(f"{word(status)}: {outcome.passed} tests passed in {outcome.seconds:.0f} s")
    if keeping and (promise.mutations or not mutate):
        keep(promise.number, "mutated" if mutate else "run", result)
    return status


def every_one(*, mutate: bool, keeping: bool) -> int:
    """All forty, each in a process of its own; the worst status."""
    statuses = []
    for promise in PROMISES:
        command = [sys.executable, __file__, str(promise.number)]
        command += ["--mutate"] * mutate + ["--keep"] * keeping
        statuses.append(subprocess.run(command, cwd=TREE, check=False).returncode)  # noqa: S603
    named = (f"{promise.number} {word(status)}" for promise, status in zip(PROMISES, statuses, strict=True))
    sys.stdout.write(f"promises: {', '.join(named)}\n")
    return RED if any(status not in (GREEN, NOT_RUN) for status in statuses) else max(statuses)


def main() -> int:
    """Do as the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("number", type=int, nargs="?", choices=range(1, len(PROMISES) + 1), metavar="1..40")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--mutate", action="store_true", help="with its mutation: it must turn red")
    parser.add_argument("--mutation", metavar="NAME", help="with this one of its mutations")
    parser.add_argument("--keep", action="store_true", help="note the outcome, write PROMISES.md")
    parser.add_argument("--page", action="store_true", help="write PROMISES.md only")
    wanted = parser.parse_args()
    if wanted.number is None and not wanted.all and not wanted.page:
        parser.error("which promise? make promise N=17")
    status = GREEN
    if wanted.all:
        status = every_one(mutate=wanted.mutate, keeping=wanted.keep)
    elif wanted.mutation is not None:
        named = PROMISES[(wanted.number or parser.error("of which promise?")) - 1].mutations
        if wanted.mutation not in named:
            parser.error(f"promise {wanted.number} has the mutations {', '.join(named)}")
        status = broken_by(wanted.mutation, named[wanted.mutation], teller(wanted.number))
    elif wanted.number is not None:
        status = one(PROMISES[wanted.number - 1], mutate=wanted.mutate, keeping=wanted.keep)
    if wanted.keep or wanted.page:
        from tools.promise_page import page  # noqa: PLC0415

        PAGE.write_text(page(PROMISES, kept()))
    return status


if __name__ == "__main__":
    raise SystemExit(main())
