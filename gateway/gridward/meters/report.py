"""What came of conversions, on paper: an HTML page that prints well, and CSV."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from html import escape

from gridward.meters.meter import Meter
from gridward.meters.outcome import STAGES, Outcome

COLUMNS = (
    "serial",
    "model",
    "address",
    "result",
    "reason",
    "voltage_V",
    "began",
    "minutes",
    "by",
    "site",
    "building",
)
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #16202a }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; break-inside: avoid }
th, td { border-top: 1px solid #d5dce2; text-align: left; padding: .35rem .5rem; vertical-align: top }
th { font-weight: 600; color: #53616e }
h2 { margin: 1.5rem 0 .2rem; break-after: avoid }
.good { color: #1e7443 }
.bad { color: #b3261e }
"""


def rows(outcomes: Iterable[Outcome], meters: Mapping[str, Meter], zone: tzinfo) -> list[dict[str, str]]:
    """One row a conversion, with these columns; what is not known is empty."""
    found = []
    for one in outcomes:
        meter = meters.get(one.known.serial or "")
        volts = one.known.reading.get("voltage")
        cells = (
            one.known.serial or "",
            one.known.model or "",
            "" if one.known.unit is None else str(one.known.unit),
            one.status,
            one.reason,
            "" if volts is None else f"{volts:g}",
            moment(one.began, zone),
            "" if one.ended is None else f"{(one.ended - one.began) / 60:.1f}",
            one.order.by,
            meter.site if meter else "",
            meter.building if meter else "",
        )
        found.append(dict(zip(COLUMNS, cells, strict=True)))
    return found


def moment(at: float, zone: tzinfo) -> str:
    """A time as a person on site reads it."""
    return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M:%S}"


def as_csv(table: list[dict[str, str]]) -> str:
    """The rows as CSV with titles."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: f"'{cell}" if cell[:1] in "=+-@" and cell else cell for key, cell in row.items()}
                     for row in table)  # fmt: skip
    return out.getvalue()


def as_html(outcomes: list[Outcome], meters: Mapping[str, Meter], zone: tzinfo, now: float) -> str:
    """A page with the table, and below it each conversion's stages."""
    table = rows(outcomes, meters, zone)
    done = sum(one.status == "done" for one in outcomes)
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in COLUMNS)
    body = "".join(f"<tr>{''.join(_cell(key, cell) for key, cell in row.items())}</tr>" for row in table)
    parts = "".join(_stages(one, zone) for one in outcomes)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Conversion report</title>'
        f"<style>{STYLE}</style><h1>Conversion report</h1><p>{len(outcomes)} conversions, {done} done. "
        f"{escape(moment(now, zone))}</p><table><tr>{head}</tr>{body}</table>{parts}</html>\n"
    )


def _cell(key: str, cell: str) -> str:
    dress = {"done": "good", "failed": "bad", "cancelled": "bad"}.get(cell, "") if key == "result" else ""
    return f'<td class="{dress}">{escape(cell)}</td>' if dress else f"<td>{escape(cell)}</td>"


def _stages(one: Outcome, zone: tzinfo) -> str:
    head = "".join(f"<th>{word}</th>" for word in ("stage", "result", "what was found", "began", "seconds"))
    body = "".join(
        f'<tr><td>{escape(STAGES[taken.stage])}</td><td class="{taken.mark}">{taken.mark}</td>'
        f"<td>{escape(taken.words)}</td><td>{moment(taken.began, zone)}</td>"
        f"<td>{taken.ended - taken.began:.0f}</td></tr>"
        for taken in one.taken
    )
    title = escape(one.known.serial or "unknown serial number")
    return f"<h2>{title}</h2><p>{escape(one.words())}</p><table><tr>{head}</tr>{body}</table>"
