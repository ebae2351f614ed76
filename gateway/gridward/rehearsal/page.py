"""A rehearsal's report as one HTML page without scripts: the figures, and plots drawn as SVG."""

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from gridward.rehearsal.figures import rows
from gridward.rehearsal.plots import months, ranges, steps
from gridward.rehearsal.tally import Result

STYLE = Path(__file__).with_name("page.css").read_text("utf-8")
ABOUT = (
    "Lived through by the simulated plant: its sun, household, battery, inverter and grid, with the rules of "
    "the live program. It feeds nothing into the grid. Self-consumption is what was used of the PV energy "
    "that there could have been; autarky the share of all that was used, losses included, that the grid did "
    "not give; state of charge the cells' true one."
)


def page(results: Sequence[Result]) -> str:
    """The whole page; trials of the same days side by side."""
    first = results[0]
    title = " against ".join(one.title for one in results)
    plots: tuple[tuple[str, Callable[[Sequence[Result]], str]], ...] = (
        ("Grid energy by month, kWh", lambda all_: months(all_, lambda day: day.grid)),
        ("PV energy that was not used, by month, kWh", lambda all_: months(all_, lambda day: day.curtailed)),
        ("State of charge: each day's lowest and highest, %", ranges),
        ("Contactor switched, since the start", lambda all_: steps(all_, lambda day: day.switches)),
        ("Settings written, since the start", lambda all_: steps(all_, lambda day: day.writes)),
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Rehearsal: {escape(title)}</title><style>{STYLE}</style></head><body>\n"
        f"<h1>Rehearsal: {escape(title)}</h1>\n"
        f"<p>{first.start} to {first.daily[-1].date}, steps of {first.step:g} s. {ABOUT}</p>\n"
        f"<section>{_table(results)}</section>\n"
        + "".join(f"<section><h2>{escape(name)}</h2>{draw(results)}</section>\n" for name, draw in plots)
        + "</body></html>\n"
    )


def _table(results: Sequence[Result]) -> str:
    head = "".join(f"<th>{escape(one.title)}</th>" for one in results)
    body = "".join(
        f"<tr><td>{escape(row.name)} <span>{escape(row.unit)}</span></td>"
        + "".join(f"<td>{escape(value)}</td>" for value in row.values)
        + "</tr>\n"
        for row in rows(results)
    )
    return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"
