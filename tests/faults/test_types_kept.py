"""Whole numbers stay whole: from the message through the store and its files into the databases, and back.

In the databases every number is a field of type float, for one device says 80 where another says 80.5, and a
field of another type would be refused; a float holds each whole number up to 2^53 as it is.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from follower_bench import Following, Influx, Server, Victoria
from hypothesis import given, settings
from hypothesis import strategies as st

from gridward.recorder.exchange import Span, csv_lines, readings, take_in
from gridward.recorder.lines import Reading, lines
from gridward.recorder.store import Store
from gridward.recorder.telemetry import Stamps
from gridward.site import Database
from gridward_kit.clock import iso
from gridward_kit.mqtt import Message
from gridward_kit.point import Value
from gridward_kit.testing import TurnedClock

MOST = 2**53
SAID: dict[str, Value] = {"cycles": 412, "soc": 80, "most": MOST, "least": -MOST, "zero": 0, "voltage": 53.0}
NOW = TurnedClock().time()


def stored(store: Store) -> dict[str, tuple[Value, str]]:
    """Each key's value and SQLite's word for its type."""
    with closing(sqlite3.connect(store.path)) as connection:
        rows = connection.execute("SELECT key, value, typeof(value) FROM raw JOIN series ON id = series")
        return {key: (value, kind) for key, value, kind in rows}


def heard(store: Store, values: dict[str, Value], at: float) -> None:
    """Store a message as it comes over the broker."""
    content = {"v": 1, "boot": "b", "seq": 1, "oldest": 1, "at": iso(at), "values": values}
    message = Message("gridward/home/bms/telemetry", json.dumps(content).encode(), retain=False, at=0.0)
    store.add(Stamps().stamp("bms", message, at))
    store.commit()


NUMBERS = st.integers(-MOST, MOST) | st.floats(-1e9, 1e9)


@settings(max_examples=15)
@given(values=st.dictionaries(st.sampled_from("abcd"), NUMBERS, min_size=1))
def test_every_number_comes_back_from_store_and_file_as_what_it_was(values: dict[str, Value]) -> None:
    with TemporaryDirectory() as name:
        first, second = (Store(Path(name) / file) for file in ("first.db", "second.db"))
        heard(first, values, NOW)
        table = Path(name) / "table.csv"
        table.write_text("".join(f"{line.rstrip()}\n" for line in csv_lines(readings(first.path, Span()))))
        take_in(second, table, NOW + 1)
        kinds = {int: "integer", float: "real"}
        wanted = {key: (value, kinds[type(value)]) for key, value in values.items()}
        assert stored(first) == stored(second) == wanted
        for store in (first, second):
            store.close()


@given(number=st.integers(-MOST, MOST))
def test_line_protocol_says_every_whole_number_exactly(number: int) -> None:
    (line,) = lines("home", [Reading(1, 1, number, "bms", "cycles", "number", "battery", "daly")])
    field = line.split(" ")[1].removeprefix("cycles=")
    assert not field.endswith("i")
    assert float(field) == number
    assert int(float(field)) == number


@contextmanager
def running(server: Server) -> Iterator[None]:
    server.start()
    try:
        yield
    finally:
        server.stop()


@pytest.mark.parametrize("kind", [Influx, Victoria])
async def test_databases_have_whole_numbers_whole(tmp_path: Path, kind: type[Influx | Victoria]) -> None:
    server = kind(tmp_path)
    with running(server):
        if isinstance(server, Influx):
            server.tell("CREATE DATABASE solar")
        place = Following(tmp_path, Database(server.url, 1, "solar"))
        place.clock.pass_by(1)
        heard(place.store, SAID, place.clock.time())
        assert await place.catch_up() == len(SAID)
        if isinstance(server, Influx):
            (row,) = server.rows('SELECT * FROM "battery"')
            found = {key: row[key] for key in SAID}
            types = {one["fieldType"] for one in server.rows('SHOW FIELD KEYS FROM "battery"')}
            assert types == {"float"}, "one type, whichever device speaks"
        else:
            found = {key: server.points(f"battery_{key}")[0][1] for key in SAID}
        place.store.close()
    assert found == SAID
    assert stored(Store(place.path)) == {
        key: (value, "real" if isinstance(value, float) else "integer") for key, value in SAID.items()
    }
