"""The states of the energies in the store: a row each, on disk before anything of it is published."""

import json
import math
from collections.abc import Mapping
from contextlib import closing
from datetime import date
from pathlib import Path

from gridward.energies.core import PERIODS, POWERS, Seen, State
from gridward.energies.tally import Counter, Tally
from gridward.recorder.rollup import transaction
from gridward.recorder.schema import open_store
from gridward_kit.kept import Json

WHOLE = "site"


def load(path: Path, device: str = WHOLE) -> State:
    """The state that was saved last, a new one where there is none; makes the store if need be.

    Raises what opening the store raises, ValueError for a row that is none.
    """
    with closing(open_store(path)) as connection:
        row = connection.execute("SELECT content FROM energies WHERE device = ?", (device,)).fetchone()
    return State() if row is None else read(str(row[0]))


def save(path: Path, state: State) -> None:
    """Write the site's state. Raises as `load` does, but for ValueError."""
    save_all(path, {WHOLE: state})


def save_all(path: Path, states: Mapping[str, State]) -> None:
    """Write states by device, all or none; they are on disk, power cuts included, when this returns.

    Raises as `load` does, but for ValueError.
    """
    with closing(open_store(path)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        with transaction(connection):
            connection.executemany(
                "INSERT OR REPLACE INTO energies (device, at, content) VALUES (?, ?, ?)",
                [
                    (device, round(1000 * (state.wall or 0)), written(state))
                    for device, state in states.items()
                ],
            )


def written(state: State) -> str:
    """The state as JSON, without what ends with this run."""
    content: dict[str, Json] = {
        "at": state.at,
        "wall": state.wall,
        "day": None if state.day is None else state.day.isoformat(),
        "seen": {name: [seen.watts, seen.at] for name, seen in state.seen.items()},
        "tallies": {key: _tally(tally) for key, tally in state.tallies.items()},
        "pots": dict(state.pots),
        "totals": dict(state.totals),
        "bases": {period: dict(base) for period, base in state.bases.items()},
    }
    return json.dumps(content)


def read(text: str) -> State:
    """The state of such a JSON; raises ValueError where it is none."""
    content: Json = json.loads(text)
    if not isinstance(content, dict):
        raise ValueError("the energies in the store are no JSON object")
    wall, day = content.get("wall"), content.get("day")
    seen = {name: _row(item, 2) for name, item in _object(content.get("seen")).items() if name in POWERS}
    bases = _object(content.get("bases"))
    return State(
        at=_number(content.get("at")),
        wall=None if wall is None else _number(wall),
        day=date.fromisoformat(day) if isinstance(day, str) else None,
        seen={name: Seen(watts, at) for name, (watts, at) in seen.items()},
        tallies={key: _told(_object(item)) for key, item in _object(content.get("tallies")).items()},
        pots=_numbers(content.get("pots")),
        totals=_numbers(content.get("totals")),
        bases={period: _numbers(bases[period]) for period in PERIODS if period in bases},
    )


def _tally(tally: Tally) -> dict[str, Json]:
    counter = tally.counter
    told: dict[str, Json] = {"debt": tally.debt, "heard": tally.heard}
    if counter is None:
        return told
    row: list[Json] = [counter.value, counter.last, counter.since, counter.unseen, counter.doubted]
    return {**told, "counter": row, "aligned": counter.aligned, "poor": counter.poor}


def _told(content: Mapping[str, Json]) -> Tally:
    debt, told = _number(content.get("debt")), content.get("heard")
    heard = None if told is None else _number(told)
    if "counter" not in content:
        return Tally(debt=debt, heard=heard)
    value, last, since, unseen, doubted = _row(content["counter"], 5)
    aligned, poor = content.get("aligned") is True, content.get("poor") is True
    return Tally(Counter(value, last, since, aligned, poor, unseen, doubted), debt, heard)


def _object(item: Json) -> dict[str, Json]:
    if not isinstance(item, dict):
        raise ValueError(f"{item!r} is no object")
    return item


def _numbers(item: Json) -> dict[str, float]:
    return {name: _number(value) for name, value in _object(item).items()}


def _row(item: Json, length: int) -> list[float]:
    if not isinstance(item, list) or len(item) != length:
        raise ValueError(f"{item!r} is no list of {length}")
    return [_number(value) for value in item]


def _number(item: Json) -> float:
    if isinstance(item, bool) or not isinstance(item, int | float) or not math.isfinite(item):
        raise ValueError(f"{item!r} is no number")
    return float(item)
