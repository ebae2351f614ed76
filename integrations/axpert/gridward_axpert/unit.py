"""What one unit is, learned once from its first answers: variant, counts of fields, voltage, choices."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from gridward_axpert.points import flag_letters
from gridward_axpert.shapes import shape_of
from gridward_kit.integration import Fact
from gridward_kit.point import fields

VARIANTS: Mapping[str, str] = {
    "hs": "HS, MS, MSX (2014): 17 fields in QPIGS",
    "ks": "KS, MKS, VM, PIP-MS, Plus Duo: 21 fields, battery-side PV current",
    "gk": "VM III, VM IV, PIP-GK, PIP-MK, King (4th generation): PV-side current",
    "max": "MAX, MAX II, MAX Twin, MKS2, Phocos Any-Grid",
    "mst": "PIP-MST, three PV trackers",
    "revo": "SOROTEC Revo, EASUN SMR, SMW",
    "pi41": "LV5048, LV6048: split phase, PI41",
}
NOMINALS = (12.0, 24.0, 36.0, 48.0)
HOTTEST = 120
CURRENTS = ("QMCHGCR", "QMUCHGCR", "QMSCHGCR", "MCHGCR", "MUCHGCR")
UTILITY, TOTAL, SOLAR = "QMUCHGCR", "QMCHGCR", "QMSCHGCR"


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit's facts. `counts` has the fields (QPIWS: flags) of each answer; 0 and "" are unknown.

    `pv_side` says whether QPIGS[12] is the current on the "pv" or on the "battery" side; `documented`
    whether QPIRI[25..27] are C.V. time, logic and discharge current, as the makers' documents say; `number`
    is its own in a parallel system; `bare` are the queries that a PI18 unit answers only without a CRC.
    """

    variant: str = ""
    nominal: float = 0.0
    output_voltage: float = 0.0
    rated_power: int = 0
    pv_side: str = "pv"
    heat_sink: str = "degrees"
    documented: bool = True
    parallel: bool = False
    number: int = 0
    bare: tuple[str, ...] = ()
    flags: str = ""
    queries: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    currents: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def low_line(self) -> bool:
        """Whether it makes 100 to 127 V; False where the voltage is not known."""
        return 0 < self.output_voltage < 150

    def count(self, query: str) -> int:
        """Fields of this query's answer; plenty where it was not seen."""
        return self.counts.get(query, 99)

    def facts(self) -> dict[str, Fact]:
        """The unit as JSON takes it, for the device's state file."""
        return {
            "variant": self.variant,
            "nominal_voltage": self.nominal,
            "output_voltage": self.output_voltage,
            "rated_power": self.rated_power,
            "pv_side": self.pv_side,
            "heat_sink": self.heat_sink,
            "documented": self.documented,
            "parallel": self.parallel,
            **({"number": self.number} if self.number else {}),
            **({"bare": list(self.bare)} if self.bare else {}),
            "flags": self.flags,
            "queries": list(self.queries),
            "counts": [f"{query} {count}" for query, count in self.counts.items()],
            **{query: [str(ampere) for ampere in allowed] for query, allowed in self.currents.items()},
        }


def from_facts(facts: Mapping[str, Fact]) -> Unit:
    """The unit that `facts` described; what is not there is unknown."""

    def text(key: str, default: str = "") -> str:
        value = facts.get(key, default)
        return value if isinstance(value, str) else default

    def number(key: str) -> float:
        value = facts.get(key, 0)
        return float(value) if isinstance(value, int | float) else 0.0

    def listed(key: str) -> list[str]:
        value = facts.get(key)
        return value if isinstance(value, list) else []

    counts = (item.rpartition(" ") for item in listed("counts"))
    return Unit(
        variant=text("variant"),
        nominal=number("nominal_voltage"),
        output_voltage=number("output_voltage"),
        rated_power=int(number("rated_power")),
        pv_side=text("pv_side", "pv"),
        heat_sink=text("heat_sink", "degrees"),
        documented=bool(facts.get("documented", True)),
        parallel=bool(facts.get("parallel", False)),
        number=int(number("number")),
        bare=tuple(listed("bare")),
        flags=text("flags"),
        queries=tuple(listed("queries")),
        counts={query: int(count) for query, _, count in counts},
        currents={query: tuple(map(int, listed(query))) for query in CURRENTS if listed(query)},
    )


def learn(answers: Mapping[str, bytes], variant: str | None = None) -> Unit:
    """Learn a unit from the payloads of its answers, as many as there are."""
    cells = {query: fields(payload) for query, payload in answers.items()}
    live, ratings = cells.get("QPIGS", ()), cells.get("QPIRI", ())
    counts = {query: len(item) for query, item in cells.items()}
    if "QPIWS" in answers:
        counts["QPIWS"] = len(answers["QPIWS"])
    rated = int(ratings[6]) if ratings and ratings[6].isdecimal() else 0
    enabled, disabled = flag_letters(answers.get("QFLAG", b"").decode("ascii"))
    return Unit(
        variant=variant or _variant(cells, counts),
        nominal=_nominal(ratings[7]) if ratings else 0.0,
        output_voltage=_number(ratings[2]) if ratings else 0.0,
        rated_power=rated,
        pv_side="battery" if live and "." not in live[12] else "pv",
        heat_sink=_heat_sink(live, rated),
        documented=len(ratings) <= 25 or re.fullmatch(r"\d{3}", ratings[25]) is not None,
        parallel=len(ratings) > 21 and _number(ratings[21]) > 0,
        flags="".join(sorted(enabled + disabled)),
        queries=tuple(answers),
        counts=counts,
        currents={
            query: tuple(int(cell) for cell in cells[query])
            for query in (TOTAL, UTILITY, SOLAR)
            if query in cells
        },
    )


def _variant(cells: Mapping[str, tuple[str, ...]], counts: Mapping[str, int]) -> str:
    """The variant by what only it answers; "" when the answers at hand do not say."""
    live, ratings = cells.get("QPIGS", ()), cells.get("QPIRI", ())
    model = " ".join(cells.get("QMN", ()))
    if "QALL" in cells:
        return "revo"
    split = counts.get("QPIGS2") == 11 or counts.get("QP2GS0") == 17 or cells.get("QPI") == ("PI41",)
    if split or counts.get("QPIGS2", 0) >= 12 or counts.get("QPIWS") == 38:
        return "pi41" if split else "mst"
    if 0 < len(live) < 20:
        return "hs"
    if re.match("VM ?(III|IV)|PIP-?[GM]K|KING", model, re.IGNORECASE):
        return "gk"
    if _is_max(cells) or re.match("MKS2|MAX", model, re.IGNORECASE):
        return "max"
    if live and "." not in live[12]:
        return "ks"
    if live and ratings:
        return "max" if len(live) >= 24 else "gk"
    return "ks" if counts.get("QPIWS") == 32 and ratings else ""


def _is_max(cells: Mapping[str, tuple[str, ...]]) -> bool:
    """Two trackers or a discharge limit: only a MAX has these fields."""
    ratings = cells.get("QPIRI", ())
    return (
        (len(ratings) >= 28 and re.fullmatch(r"\d{3}", ratings[25]) is not None)
        or len(cells.get("QPIGS2", ())) == 3
        or any(shape_of(query) == "QPGS" and len(item) >= 29 for query, item in cells.items())
    )


def _heat_sink(live: tuple[str, ...], rated: int) -> str:
    """The 1 to 3 kVA units of the first generations send a sensor's raw count in place of degrees."""
    hot = bool(live) and live[11].isdecimal() and int(live[11]) > HOTTEST
    small = 0 < rated <= 3000 and 0 < len(live) < 20
    return "count" if hot or small else "degrees"


def _nominal(cell: str) -> float:
    return min(NOMINALS, key=lambda volts: abs(volts - _number(cell)))


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return 0.0
