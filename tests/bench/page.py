"""What the bench found, kept as results.json and told as RESULTS.md."""

import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from bench.figures import HERE, Row
from bench.parts import PARTS

KEPT, PAGE = HERE / "results.json", HERE / "RESULTS.md"
HEAD = """# What was measured

`make bench` writes this page; `make bench PARTS=wire,store` measures some parts anew. Lines are simulated at
their true speed in other processes and stamped at the simulator's end; turnaround 20 ms. Figures of several
rounds: the median, and the least and greatest in brackets. Processor time is that of one core; the machine's
load tells what else it had to do. The same as numbers: [results.json](results.json).
"""


@dataclass(frozen=True)
class Measured:
    """A part's rows, and how it went; `fault` where it broke off."""

    rows: tuple[Row, ...]
    fault: str | None
    seconds: float
    load: float
    effort: float
    at: str
    machine: str

    @classmethod
    def of(
        cls,
        rows: Sequence[Mapping[str, object]],
        fault: str | None,
        seconds: float,
        load: float,
        effort: float,
    ) -> "Measured":
        """What was measured now, here."""
        machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
        at = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
        told = tuple(Row(**row) for row in rows)  # type: ignore[arg-type]  # written by bench.one
        told = tuple(replace(row, beside=placeless(row.beside)) for row in told)
        return cls(told, fault and placeless(fault), round(seconds, 1), round(load, 1), effort, at, machine)


def placeless(text: str) -> str:
    """A text without this machine's folders."""
    return re.sub(r"(/[\w.@+-]+){2,}/", "…/", text)


def kept() -> dict[str, Measured]:
    """What earlier runs found, of parts that there still are."""
    if not KEPT.exists():
        return {}
    found = json.loads(KEPT.read_text())
    return {
        name: Measured(**{**part, "rows": tuple(Row(**row) for row in part["rows"])})
        for name, part in found.items()
        if name in PARTS
    }


def written(results: Mapping[str, Measured]) -> None:
    """Write both files."""
    ordered = {name: results[name] for name in PARTS if name in results}
    KEPT.write_text(json.dumps({name: asdict(one) for name, one in ordered.items()}, indent=1) + "\n")
    PAGE.write_text("\n".join([HEAD, *missed(ordered), *(section(*item) for item in ordered.items())]))


def missed(results: Mapping[str, Measured]) -> list[str]:
    """The targets that were not met, first."""
    rows = [row for one in results.values() for row in one.rows]
    judged = [row for row in rows if row.met is not None]
    short = [f"- {row.what}: {row.figure} (target: {row.target})" for row in judged if row.met is False]
    head = f"{len(rows)} figures, {len(judged)} with a target, {len(judged) - len(short)} of them met."
    return [head + (" Missed:\n" if short else "\n"), *short, *([""] if short else [])]


def section(name: str, one: Measured) -> str:
    """A part's table."""
    short = "" if one.effort == 1 else f", {one.effort:.0%} of the usual counts"
    lines = [
        f"## {name}: {PARTS[name].what}",
        "",
        f"{one.at} UTC, {one.machine}, load {one.load:.1f} at its start, {one.seconds:.0f} s{short}.",
        "",
    ]
    if one.fault:
        lines += [f"**Broke off**: {one.fault}", ""]
    if one.rows:
        lines += ["| what | figure | beside | target | met |", "|---|---|---|---|---|"]
        lines += [row.line().replace("\n", " ") for row in one.rows]
    return "\n".join([*lines, ""])
