"""PI18: InfiniSolar V, LV5048 Hybrid V2, EASUN iGrid and SV IV, and others that answer `^D00518`."""

import re
from collections.abc import Mapping

from gridward_axpert.caret import Protocol, shape_of
from gridward_axpert.pi18 import about, live, settings
from gridward_axpert.unit import Unit
from gridward_kit.entity import Entity
from gridward_kit.integration import FAST, ONCE
from gridward_kit.point import fields


def _least(count: int, first: str = r"\d+", *more: str) -> re.Pattern[str]:
    """At least so many numbers, the first of them in these forms; newer firmware appends."""
    known = (first, *more)
    return re.compile(",".join((*known, *[r"\d+"] * (count - len(known)))) + r"(?:,\d*)*")


SHAPES: Mapping[str, re.Pattern[str]] = {
    "PI": re.compile(r"\d\d"),
    "T": re.compile(r"\d{14}"),
    "ET": re.compile(r"\d{8}"),
    "EY": re.compile(r"\d{8}"),
    "EM": re.compile(r"\d{8}"),
    "ED": re.compile(r"\d{6}(?:\d\d)?"),
    "ID": re.compile(r"(?:0\d|1\d|20)[0-9A-Z]{20}"),
    "VFW": re.compile(r"\d{5},\d{5},\d{5}"),
    "PIRI": re.compile(r"(?:\d+,){7}(?:120|240|360|480),(?:\d+,){16,18}\d+"),
    "GS": _least(28, r"\d{4}", r"\d{3}", r"\d{4}"),
    "MOD": re.compile(r"0\d"),
    "FWS": re.compile(r"\d\d(?:,[01]){16,}"),
    "FLAG": re.compile(r"[01](?:,[01]){7}(?:,\d?)*"),
    "DI": re.compile(r"\d{4},\d{3},[01],(?:\d+,){20}\d+"),
    "MCHGCR": re.compile(r"\d{3}(?:,\d{3}){3,}"),
    "MUCHGCR": re.compile(r"\d{3}(?:,\d{3}){3,}"),
    "PRI": re.compile(r"[01],\d\d,[0-9A-Z]{20},\d,\d+,\d+,\d(?:,\d*)*"),
    "PGS": _least(29, "[01]", r"\d", r"\d\d"),
    "ACCT": re.compile(r"\d{4},\d{4}"),
    "ACLT": re.compile(r"\d{4},\d{4}"),
}
INTERVALS: Mapping[str, float] = {
    "GS": FAST,
    "MOD": 2,
    "FWS": 5,
    "PGS": 10,
    "PIRI": 15,
    "T": 60,
    "ET": 300,
    "EY": 300,
    "EM": 300,
    "ED": 300,
    "FLAG": 300,
    "ACCT": 300,
    "ACLT": 300,
    "PRI": 300,
    "ID": ONCE,
    "VFW": ONCE,
}
BLOCKS: Mapping[str, tuple[Entity, ...]] = {
    "GS": (*live.GS, settings.LOAD_OUTPUT),
    "MOD": live.MODE,
    "FWS": live.FWS,
    "FLAG": settings.FLAG,
    "DI": about.DEFAULTS,
    **settings.WINDOWS,
    **about.BLOCKS,
}


def rows(query: str, unit: Unit) -> tuple[Entity, ...]:
    """Every row that lies in the answer to this query."""
    match shape_of(query):
        case "PIRI":
            return settings.piri(unit)
        case "PGS":
            return about.status(query)
        case "PRI":
            return about.ratings(query)
        case ("ET" | "EY" | "EM" | "ED") as span:
            return live.energy(span)
        case shape:
            return BLOCKS.get(shape, ())


def learn(answers: Mapping[str, bytes]) -> Unit:
    """Learn a unit from the payloads of its answers, as many as there are."""
    cells = {query: fields(payload) for query, payload in answers.items()}
    ratings, state = cells.get("PIRI", ()), cells.get("GS", ())
    parallel = len(ratings) > 22 and ratings[22] != "0"
    return Unit(
        variant="pi18",
        nominal=int(ratings[7]) / 10 if ratings else 0.0,
        output_voltage=int(ratings[2]) / 10 if ratings else 0.0,
        rated_power=int(ratings[6]) if ratings else 0,
        parallel=parallel,
        number=int(state[27]) if parallel and state else 0,
        queries=tuple(answers),
        counts={query: len(item) for query, item in cells.items()},
        currents={
            query: tuple(int(cell) for cell in cells[query])
            for query in ("MCHGCR", "MUCHGCR")
            if query in cells
        },
    )


PI18 = Protocol(
    name="PI18",
    checked=True,
    shapes=SHAPES,
    intervals=INTERVALS,
    needed=("GS", "PIRI"),
    rows=rows,
    learn=learn,
    lengths={"FWS": 5, "ACCT": 5, "ACLT": 5},
)
