"""Which rows one unit has, in which layout, and how often each answer is asked for.

A row says where a value lies, what it is and how it may be set; the rows themselves are in `live`,
`settings`, `warnings`, `parallel`, `about` and `revo`, by subject.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache

from gridward_axpert import about, equalisation, flags, live, parallel, pi41, revo, settings, warnings
from gridward_axpert.fitting import fitted, unique
from gridward_axpert.protocol import Pi30, command_of, cut, frame, payload
from gridward_axpert.shapes import known, shape_of
from gridward_axpert.unit import VARIANTS, Unit, from_facts, learn
from gridward_kit.entity import Entity, readings
from gridward_kit.errors import BadFrame
from gridward_kit.integration import FAST, ONCE, Identity, Options, Query
from gridward_kit.point import Field, Value


def rows(query: str, unit: Unit) -> tuple[Entity, ...]:
    """Every row that lies in the answer to this query, in this unit's layout."""
    split = unit.variant == "pi41" and shape_of(query) in pi41.QUERIES
    found = pi41.rows(query, unit) if split else _rows(query, unit)
    count = unit.count(query)
    return tuple(fitted(row, unit) for row in found if not isinstance(row.at, Field) or row.at.index < count)


def _rows(query: str, unit: Unit) -> tuple[Entity, ...]:
    match shape_of(query):
        case "QPIGS":
            found = live.live(unit)
        case "QPIGS2":
            found = (
                live.TRACKERS_3
                if unit.count(query) >= 12 and unit.variant in ("", "mst", "ks")
                else live.TRACKER_2
            )
        case "QMOD":
            found = live.MODE
        case "QPIWS":
            found = warnings.rows(unit)
        case "QPIRI":
            found = settings.rows(unit)
        case "QFLAG":
            found = flags.rows(unit.flags)
        case "QBEQI":
            found = equalisation.rows("QBEQI", 0)
        case "QBATCD":
            found = (settings.OVERRIDE,)
        case "QPGS" | "QP2GS":
            found = parallel.rows(query, unit)
        case "QALL" | "QLITH0" as shape:
            found = revo.BLOCKS[shape]
        case shape if shape[:2] in live.ENERGIES and len(shape) == 3:
            found = live.energy(query)
        case _:
            found = about.rows(query, unit)
    return found


INTERVALS: Mapping[str, float] = {
    "QPIGS": FAST,
    "QALL": 2,
    "QMOD": 2,
    "QPIGS2": 2,
    "QPIWS": 5,
    "QBMS": 10,
    "QPGS": 10,
    "QP2GS": 10,
    "QPIRI": 15,
    "Q1": 60,
    "QFLAG": 300,
    "QBEQI": 300,
    "QBATCD": 300,
    "QET": 300,
    "QLT": 300,
    "QT": 300,
    "QID": ONCE,
    "QSID": ONCE,
    "QVFW": ONCE,
    "QVFW2": ONCE,
    "QVFW3": ONCE,
    "QMN": ONCE,
    "QGMN": ONCE,
}


def queries(unit: Unit) -> tuple[Query, ...]:
    """What is asked of this unit, and how often; the schedules and factory defaults only when decoded."""
    asked = (query for shape in INTERVALS for query in unit.queries if shape_of(query) == shape)
    return tuple(Query(query, INTERVALS[shape_of(query)]) for query in asked if _worth(query, unit))


def _worth(query: str, unit: Unit) -> bool:
    """A single unit's QPGS0 and QP2GS0 hold more than QPIGS (PV2, L2) only where QPIGS2 is refused."""
    if shape_of(query) not in ("QPGS", "QP2GS") or unit.parallel:
        return True
    if query == "QP2GS0":
        return _second_leg_there(unit)
    return query == "QPGS0" and _second_tracker_there(unit)


def _second_tracker_there(unit: Unit) -> bool:
    return "QPIGS2" not in unit.queries and unit.counts.get("QPGS0", 0) >= 29


def _second_leg_there(unit: Unit) -> bool:
    return unit.variant == "pi41" and "QPIGS2" not in unit.queries


def of_unit(unit: Unit) -> tuple[Entity, ...]:
    """The entities of this unit: a key that lies in several answers is read from the one asked most often."""
    found: Iterable[Entity] = (row for query in queries(unit) for row in rows(query.name, unit))
    if _second_tracker_there(unit):
        found = (*live.TRACKER_2_PARALLEL, *found)
    if _second_leg_there(unit) and "QP2GS0" in unit.queries:
        found = (*found, *pi41.second("QP2GS0"))
    if "QSID" in unit.queries:
        found = (*rows("QSID", unit), *found)
    return unique((*found, *settings.buttons(unit)))


@cache
def every() -> tuple[Entity, ...]:
    """Every row that any unit can have."""
    units = [Unit(variant=variant, counts={"QPIGS2": 3}) for variant in ("", *VARIANTS)]
    units += [
        Unit(variant="max", nominal=48.0),
        Unit(variant="mst"),
        Unit(variant="pi41", counts={"QPIWS": 32}),
        Unit(variant="hs", counts={"QPIGS": 17}, pv_side="battery", heat_sink="count"),
        Unit(counts={"QPIWS": 36, "QDI": 29}),
    ]
    found = [row for unit in units for query in ALL_QUERIES for row in rows(query, unit)]
    numbered = (
        row
        for shape, unit in (("QPGS", units[0]), ("QP2GS", units[0]), ("QP2GS", Unit(variant="pi41")))
        for alike in zip(*(rows(f"{shape}{number}", unit) for number in range(10)), strict=True)
        for row in alike
    )
    return unique((*found, *numbered, *settings.buttons(Unit(queries=("QT",)))))


ALL_QUERIES = (
    *("QPIGS", "QPIGS2", "QMOD", "QPIWS", "QPIRI", "QFLAG", "QBEQI", "QBATCD", "QET", "QLT", "Q1", "QBMS"),
    *("QPI", "QID", "QSID", "QVFW", "QVFW2", "QVFW3", "QVFW4", "VERFW:", "QMN", "QGMN", "QT", "QBOOT"),
    *("QOPM", "QCST", "QCVT", "QMCHGCR", "QMUCHGCR", "QMSCHGCR", "QLED", "QDI", "QOPPT", "QCHPT"),
    *("QEY2026", "QEM202601", "QED20260101", "QLY2026", "QLM202601", "QLD20260101", "QALL", "QLITH0"),
)


MODELS: Mapping[str, str] = {
    **{variant: variant for variant in VARIANTS},
    "hs-5k": "hs",
    "ks-3k": "ks",
    "ks-5k": "ks",
    "vm-iii": "gk",
    "vm-iii-24v": "gk",
    "max-8k": "max",
    "lv6048": "pi41",
}


ALIASES: Mapping[str, str] = {
    "pi30": "",
    "pi30max": "max",
    "pi30revo": "revo",
    "pi30mst": "mst",
    "king": "gk",
}


def variant_of(model: str) -> str:
    """The variant that a model's name stands for ("" is to be found out); raises ValueError."""
    variant = {**ALIASES, **MODELS}.get(model.lower())
    if variant is None:
        raise ValueError(f"{model!r} is none of {', '.join(MODELS)}")
    return variant


def dialect(identity: Identity, options: Options) -> Pi30:
    """The language of the unit that was identified; nothing is guessed anew."""
    unit = from_facts(identity.facts)
    if isinstance(model := options.get("model"), str):
        unit = replace(unit, variant=variant_of(model))
    serial = next((query for query in ("QSID", "QID") if query in unit.queries and identity.serial), None)
    proof = (serial, "serial_number") if serial else None
    return Pi30(of_unit(unit), queries(unit), proof)


def decode(model: str | None, request: str, reply: bytes) -> dict[str, Value]:
    """All values in a captured answer; the layout is chosen by its count of fields where no model is named.

    `request` is a command's name or the hex of its bytes. An accepted setter has no values. Raises
    BadFrame, Refused, and ValueError for a request or a model that is none.
    """
    command = command_of(request)
    cut_out = cut(frame(command), reply)
    if cut_out is None or cut_out[1]:
        raise BadFrame(f"not one whole answer: {reply[:32].hex(' ')}")
    if not known(command):
        Pi30().acknowledge(frame(command), cut_out[0])
        return {}
    text = payload(command, cut_out[0])
    unit = learn({command: text}, variant_of(model) if model else None)
    return readings(rows(command, unit), command, text).values
