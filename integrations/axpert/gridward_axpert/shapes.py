"""What the answer to each PI30 query looks like: a late answer to another query has a valid CRC too.

Counts of fields are least counts: newer firmware appends. Widths vary and are never checked.
"""

import re

NUM = r"-?\d+(?:\.\d+)?"
DEC = r"\d+\.\d+"
INT = r"\d+"
ANY = r"\S+"
BITS = "[01]{8}"
SERIAL = r"(?=(?:[A-Z]*\d){8})[0-9A-Z]{10,20}"
MORE = r"(?: \S+)*"


def _least(*cells: str) -> re.Pattern[str]:
    return re.compile(" ".join(cells) + MORE)


ENERGY = re.compile(r"\d{5,10}")
AMPERES = re.compile(r"\d{2,3}(?: \d{2,3})*")
HOURS = re.compile(r"\d(?: \d){22,27}")

SHAPES: dict[str, re.Pattern[str]] = {
    "QPI": re.compile(r"PI\d\d"),
    "QID": re.compile(SERIAL),
    "QSID": re.compile(r"\d{2}[0-9A-Z]{18,22}"),
    "QVFW": re.compile(r"VERFW:\S+"),
    "QVFW2": re.compile(r"VERFW2:\S+"),
    "QVFW3": re.compile(r"VERFW3?:\S+"),
    "QVFW4": re.compile(r"VERFW4:\S+"),
    "VERFW:": re.compile(r"VERFW:\S+"),
    "QPIGS": _least(DEC, *(ANY,) * 7, DEC, *(ANY,) * 7, BITS),
    "QPIGS2": re.compile(
        rf"{DEC} {DEC} {INT}|{DEC} {DEC} {DEC} {DEC} {INT} {INT} {INT} {NUM} {DEC} {DEC} [01]{{7,8}}"
        rf"|{DEC} {DEC} {DEC} {INT} {BITS} {NUM} {INT} {DEC} {DEC} {DEC} {INT} {INT}{MORE}"
    ),
    "QPIRI": _least(DEC, *(ANY,) * 6, r"(?:12|24|36|48)\.\d", *(ANY,) * 14),
    "QMOD": re.compile("[A-Z]"),
    "QPIWS": re.compile(r"[01]{24}\d{8,}"),
    "QFLAG": re.compile(r"(?=.{2})(?=[ED]+[^ED])(?:E[^ED ]*(?:D[^ED ]*)?|D[^ED ]*(?:E[^ED ]*)?)"),
    "QDI": _least(DEC, DEC, r"\d{2,4}", DEC, DEC, DEC, DEC, *(ANY,) * 18),
    "QMCHGCR": AMPERES,
    "QMUCHGCR": AMPERES,
    "QMSCHGCR": AMPERES,
    "QBOOT": re.compile("[01]"),
    "QOPM": re.compile(r"\d\d"),
    "QCST": re.compile(r"\d\d"),
    "QCVT": re.compile(r"\d{3}"),
    "QOPPT": HOURS,
    "QCHPT": HOURS,
    "QT": re.compile(r"\d{14}"),
    "QMN": re.compile(r"[0-9A-Za-z.+]+(?:-[0-9A-Za-z.+]+)+"),
    "QGMN": re.compile(r"\d{3}"),
    "QBEQI": _least("[01]", *(INT,) * 4, DEC, *(INT,) * 4),
    "QET": ENERGY,
    "QEY": ENERGY,
    "QEM": ENERGY,
    "QED": ENERGY,
    "QLT": ENERGY,
    "QLY": ENERGY,
    "QLM": ENERGY,
    "QLD": ENERGY,
    "Q1": re.compile(
        rf"(?:{NUM} ){{12}}\d\d|(?:{NUM} ){{15}}{DEC} \d\d(?: \S+){{0,12}}|(?:{NUM} ){{18}}{DEC} \d\d"
    ),
    "QBMS": re.compile(r"\d \d{3} \d \d \d \d{3} \d{3} \d{3} \d{4} \d{4}"),
    "QLED": _least(r"\d", r"\d", r"\d", r"\d", r"\d", r"\d{9,}"),
    "QBATCD": re.compile("[01]{3}"),
    "QPGS": _least(r"\d", SERIAL, "[A-Z]", INT, *(ANY,) * 15, BITS, *(ANY,) * 7),
    "QP2GS": re.compile(
        rf"[01] {INT} {DEC} {NUM} {INT} {DEC} {NUM} {INT} {BITS}"
        rf"|\d\d? {SERIAL} [A-Z] {INT}(?: {DEC}){{4}}(?: {INT}){{3}} {DEC} {INT} {INT} {DEC} {INT} {BITS}"
    ),
    "QALL": re.compile(rf"(?:{NUM} ){{15}}[A-Z] \d+ \d+"),
    "QLITH0": _least(DEC, DEC, DEC, *(INT,) * 3, DEC, DEC, DEC, DEC, INT, INT),
}

_NUMBERED = re.compile(r"(QPGS|QP2GS)\d")
_DATED = re.compile(r"(QE|QL)(Y\d{4}|M\d{6}|D\d{8})(?:\d{3})?")


def shape_of(query: str) -> str:
    """The query's name without its unit number or date: QPGS0 is QPGS, QED20210726 is QED."""
    if numbered := _NUMBERED.fullmatch(query):
        return numbered[1]
    if dated := _DATED.fullmatch(query):
        return dated[1] + dated[2][0]
    return query


def known(query: str) -> bool:
    """Whether this is a query whose answer can be decoded."""
    return shape_of(query) in SHAPES
