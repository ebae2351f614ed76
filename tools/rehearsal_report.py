"""Writes docs/rehearsal: a year of the demo's house by the shipped policy and by the rules before.

The table goes between the marks of docs/rehearsal.md, the plots beside it. `--days N` for a shorter trial.
"""

import argparse
import importlib.resources
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from gridward.rehearsal.figures import pace, rows
from gridward.rehearsal.page import page
from gridward.rehearsal.plots import COLOURS, months, ranges, steps
from gridward.rehearsal.sites import beside, trial_of
from gridward.rehearsal.tally import Result
from gridward.rehearsal.trial import Span, rehearse

DOCS = Path(__file__).resolve().parent.parent / "docs"
POLICY, ORIGINAL = "axpert-lifepo4-16s", "original.yaml"
BEGIN, END = "<!-- figures -->", "<!-- /figures -->"
LIGHT, DARK = ("#2b78d0", "#f2a516", "#2f9e5b", "#8457d6"), ("#5b9fec", "#f5b53d", "#45bd76", "#a783ee")


def lived(docs: Path, span: Span) -> list[Result]:
    """Both trials, the shipped policy first."""
    demo = importlib.resources.files("gridward.demo").joinpath("site.yaml").read_text("utf-8")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "site.yaml"
        file.write_text(demo.replace("rules:\n", f"rules:\n  policy: {POLICY}\n", 1), "utf-8")
        home = beside(POLICY, trial_of(file))
        return [rehearse(one, span) for one in (home, beside(str(docs / "rehearsal" / ORIGINAL), home))]


def table(results: Sequence[Result]) -> str:
    """The figures in Markdown."""
    head = f"| | | {' | '.join(one.title for one in results)} |\n|---|---|{'---:|' * len(results)}\n"
    return head + "".join(
        f"| {row.name} | {row.unit} | {' | '.join(row.values)} |\n" for row in rows(results)
    )


def alone(plot: str) -> str:
    """A plot as a file of its own, with its colours by day and by night."""
    return (
        plot.replace(
            ">",
            f"><style>{_style('#53616e', '#d5dce2', LIGHT)}"
            f"@media (prefers-color-scheme: dark) {{ {_style('#a5b2be', '#2c3741', DARK)} }}</style>",
            1,
        )
        + "\n"
    )


def _style(soft: str, edge: str, colours: Sequence[str]) -> str:
    of = "".join(
        f".c{number + 1}{{fill:{colours[number]};stroke:{colours[number]}}}" for number in range(COLOURS)
    )
    return (
        f"text{{fill:{soft};font:12px sans-serif}}.edge{{stroke:{edge}}}{of}"
        ".line{fill:none;stroke-width:1.6}.band{stroke:none;opacity:.25}.bar{stroke:none}"
    )


def write(docs: Path, results: Sequence[Result]) -> None:
    """Put table, plots and page into their places."""
    text = (docs / "rehearsal.md").read_text("utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    folder = docs / "rehearsal"
    (docs / "rehearsal.md").write_text(f"{before}{BEGIN}\n{table(results)}{END}{after}", "utf-8")
    (folder / "report.html").write_text(page(results), "utf-8")
    (folder / "grid.svg").write_text(alone(months(results, lambda day: day.grid)), "utf-8")
    (folder / "soc.svg").write_text(alone(ranges(results)), "utf-8")
    (folder / "switches.svg").write_text(alone(steps(results, lambda day: day.switches)), "utf-8")


def main() -> None:
    """Live through it and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    results = lived(DOCS, Span(days=parser.parse_args().days, limited=False))
    write(DOCS, results)
    sys.stdout.write(f"{table(results)}{pace(results)}\n")


if __name__ == "__main__":
    main()
