"""PI17: InfiniSolar 3K to 15K, Infini WP, LV6K, TWIN, MPI, and others that answer `^D00517`.

Two generations of documents (2016 and 2022) differ in their counts of fields; the rows go by the count.
"""

import re
from collections.abc import Mapping

from gridward_axpert.caret import Protocol, shape_of
from gridward_axpert.pi17 import about, live, settings
from gridward_axpert.unit import Unit
from gridward_kit.entity import Entity
from gridward_kit.integration import FAST, ONCE
from gridward_kit.point import fields

TIME = r"(?:[01]\d|2[0-4])[0-5]\d"
SIGNED = r"[+-]?\d*"

SHAPES: Mapping[str, re.Pattern[str]] = {
    "PI": re.compile(r"\d\d"),
    "ID": re.compile(r"(?:0\d|1\d|20)[0-9A-Z]{20}"),
    "VFW": re.compile(r"VERFW:\S+"),
    "VFW2": re.compile(r"VERFW2:\S+"),
    "MD": re.compile(r"\d{3},\d{6},\d{2,3},\d,\d,\d{4},\d{4},\d\d,\d{3}"),
    "PIRI": re.compile(r"\d{4},\d{3}(?:,\d{4}){5},\d,\d\d,\d,\d(?:,\d*)*"),
    "GS": re.compile(rf"\d{{4}},\d{{4}},\d{{3,4}},\d{{3,4}},\d{{4}},\d{{3}},{SIGNED}(?:,\d*){{18,}}"),
    "PS": re.compile(rf"\d{{5}},\d{{5}}(?:,{SIGNED}){{5}}(?:,\d*){{9}}(?:,\d?){{6}}(?:,\d*)*"),
    "MOD": re.compile(r"0\d"),
    "WS": re.compile(r"[01](?:,[01]){21}(?:,[01]){0,2},?"),
    "CFS": re.compile(r"\d\d,\d\d"),
    "FLAG": re.compile(r"[01](?:,[01]){4,5}|[01](?:,[01]){22}"),
    "T": re.compile(r"\d{14}"),
    "ET": re.compile(r"\d{8}"),
    "EY": re.compile(r"\d{8,9}"),
    "EM": re.compile(r"\d{7,8}"),
    "ED": re.compile(r"\d{6,8}"),
    "BATS": re.compile(
        r"\d{4},\d{4},\d{4},\d{4},\d{3}(?:,\d{4}){5},\d,\d*,\d*,[01],\d{4},\d{3},\d{4},\d{3,4}(?:,\d*)*"
    ),
    "HECS": re.compile(r"0[0-2](?:,[01]){7,8}"),
    "GPMP": re.compile(r"\d{5,6}"),
    "OPMP": re.compile(r"\d{5,6}"),
    "ACCT": re.compile(rf"{TIME},{TIME}(?:,{TIME},{TIME})?"),
    "ACLT": re.compile(rf"{TIME},{TIME}(?:,{TIME},{TIME})?"),
    "GOV": re.compile(r"\d{4}(?:,\d{4}){3}"),
    "GOF": re.compile(r"\d{4}(?:,\d{4}){3}"),
    "MPPTV": re.compile(r"\d{4},\d{4}"),
    "SV": re.compile(r"\d{4},\d{4}"),
    "GLTHV": re.compile(r"\d{4}"),
}
INTERVALS: Mapping[str, float] = {
    "GS": FAST,
    "PS": FAST,
    "MOD": 2,
    "WS": 5,
    "BATS": 15,
    "HECS": 15,
    "T": 60,
    "CFS": 60,
    "ET": 300,
    "EY": 300,
    "EM": 300,
    "ED": 300,
    "FLAG": 300,
    "GPMP": 300,
    "ACCT": 300,
    "ACLT": 300,
    "PIRI": 300,
    "OPMP": ONCE,
    "GOV": ONCE,
    "GOF": ONCE,
    "MPPTV": ONCE,
    "SV": ONCE,
    "GLTHV": ONCE,
    "MD": ONCE,
    "ID": ONCE,
    "VFW": ONCE,
    "VFW2": ONCE,
}
BLOCKS: Mapping[str, tuple[Entity, ...]] = {
    "GS": live.GS,
    "PS": (settings.LOAD_OUTPUT, *live.PS),
    "MOD": live.MODE,
    "CFS": live.CFS,
    "HECS": settings.HECS,
    "OPMP": settings.OPMP,
    **about.BLOCKS,
}


def rows(query: str, unit: Unit) -> tuple[Entity, ...]:
    """Every row that lies in the answer to this query."""
    match shape_of(query):
        case "BATS":
            return settings.bats(unit)
        case "WS":
            return live.ws(unit)
        case "FLAG":
            return settings.flag(unit)
        case "GPMP":
            return settings.gpmp(unit)
        case ("ACCT" | "ACLT") as when:
            return settings.windows(when, unit)
        case ("ET" | "EY" | "EM" | "ED") as span:
            return live.energy(span)
        case shape:
            return BLOCKS.get(shape, ())


def learn(answers: Mapping[str, bytes]) -> Unit:
    """Learn a unit from the payloads of its answers, as many as there are."""
    cells = {query: fields(payload) for query, payload in answers.items()}
    ratings, model = cells.get("PIRI", ()), cells.get("MD", ())
    return Unit(
        variant="pi17",
        nominal=int(ratings[6]) / 10 if ratings else 0.0,
        output_voltage=int(ratings[3]) / 10 if ratings else 0.0,
        rated_power=int(model[1]) if model else 0,
        queries=tuple(answers),
        counts={query: len(item) for query, item in cells.items()},
    )


PI17 = Protocol(
    name="PI17",
    checked=False,
    shapes=SHAPES,
    intervals=INTERVALS,
    needed=("GS", "PIRI"),
    rows=rows,
    learn=learn,
    doubt=live.doubt,
)
