"""Values both ways: tables, signs, totals by their mode, numbers that are none, words in another order."""

import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridward_eastron import INTEGRATION
from gridward_eastron.dialect import turned
from gridward_eastron.models import MODELS, inverted
from gridward_kit.entity import Sensor, readings
from gridward_kit.errors import BadFrame, Refused
from gridward_kit.integration import FAST, Dialect, Options
from gridward_kit.modbus import Modbus, Register, frame
from gridward_kit.modbus.plan import parse
from gridward_kit.point import Value

EACH = pytest.mark.parametrize("name", MODELS)
RESTING = {name: dict(INTEGRATION.each()).get(f"eastron-{name}", INTEGRATION).example for name in MODELS}


def dialect(name: str, options: Options | None = None) -> Modbus:
    """What a meter of this model speaks."""
    identity = RESTING[name]
    assert INTEGRATION.dialect
    assert identity
    made = INTEGRATION.dialect(identity, options or {})
    assert isinstance(made, Modbus)
    return made


def read(name: str, query: str, floats: list[float], options: Options | None = None) -> dict[str, Value]:
    """The values of a read whose registers hold these floats."""
    one = dialect(name, options)
    assert query in {known.name for known in one.queries}
    data = struct.pack(f">{len(floats)}f", *floats)
    answer = frame.sealed(bytes((1, parse(query)[0], len(data))) + data)
    return readings(one.entities, query, one.payload(query, answer)).values


@EACH
def test_reads_are_even_and_within_what_the_strictest_paper_allows(name: str) -> None:
    for query in dialect(name).queries:
        _, start, count = parse(query.name)
        assert count <= 60
        assert start >= 0xF000 or (start % 2 == 0 and count % 2 == 0), query.name


@EACH
def test_the_password_and_its_lock_are_never_read(name: str) -> None:
    for query in dialect(name).queries:
        function, start, count = parse(query.name)
        assert function != 3 or not {0x0E, 0x0F, 0x18, 0x19} & set(range(start, start + count))


@pytest.mark.parametrize("name", ["sdm630", "sdm630v1"])
def test_no_single_register_of_an_sdm630_is_taken_for_a_value(name: str) -> None:
    assert all(parse(query.name)[2] > 1 for query in dialect(name).queries)


@pytest.mark.parametrize(
    ("name", "reads"),
    [
        ("sdm230", ["04:0x000c+2"]),
        ("sdm630", ["04:0x0034+2"]),
        ("sdm72", ["04:0x0034+2"]),
    ],
)
def test_what_changes_quickly_is_little(name: str, reads: list[str]) -> None:
    assert [query.name for query in dialect(name).queries if query.every == FAST] == reads


def test_one_phase_and_three() -> None:
    floats = [231.4, 230.1, 229.8, 2.2, 1.1, 0.4, 502.6, -98.7]
    assert read("sdm230", "04:0x0000+8", floats[:4]) == {"voltage": 231.4, "current": 2.2}
    assert read("sdm230", "04:0x000c+2", floats[6:7]) == {"power": 502.6}
    three = read("sdm630", "04:0x0000+18", [*floats, 44.5])
    assert three["voltage_l3"] == 229.8
    assert three["power_l2"] == -98.7
    assert "power" not in three


SENSIBLE = st.one_of(st.just(0.0), st.floats(0.125, 150_000, width=32), st.floats(-150_000, -0.125, width=32))


@given(st.lists(SENSIBLE, min_size=9, max_size=9))
def test_inverted_is_the_other_sign_of_the_same_number(floats: list[float]) -> None:
    options = {"invert": True}
    plain, opposite = read("sdm630", "04:0x0000+18", floats), read("sdm630", "04:0x0000+18", floats, options)
    assert plain.keys() == opposite.keys() >= {"power_l1", "power_l2", "power_l3"}
    assert all(opposite[key] == (-plain[key] if "power" in key else plain[key]) for key in plain)  # type: ignore[operator]


@EACH
def test_inverted_swaps_every_direction_once(name: str) -> None:
    rows = {row.key: row for row in MODELS[name].rows}
    other = {row.key: row for row in inverted(MODELS[name].rows)}
    for key, row in rows.items():
        if key.startswith("phase_angle"):
            assert key not in other
        elif key.startswith(("import", "export")) or "_import" in key or "_export" in key:
            there = key.replace("import", "?").replace("export", "import").replace("?", "export")
            assert other[key].at == rows[there].at
            assert other[key].name == row.name
    twice = {row.key: row for row in inverted(inverted(MODELS[name].rows))}
    assert {key: row.at for key, row in twice.items()} == {
        key: row.at for key, row in rows.items() if key in twice
    }


def test_both_counters_of_an_inverted_meter() -> None:
    told = read("sdm72", "04:0x0048+4", [812.4, 33.1], {"invert": True})
    assert told == {"import_energy": 33.1, "export_energy": 812.4}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), 1e-41, 700.0, -3.0])
def test_a_voltage_that_is_none_is_absent(number: float) -> None:
    assert read("sdm230", "04:0x0000+8", [number, 0, 0, 2.2]) == {"current": 2.2}


def test_a_dead_grid_is_zero_and_not_absent() -> None:
    assert read("sdm230", "04:0x0046+6", [0.0, 812.4, 0.0])["frequency"] == 0.0


@pytest.mark.parametrize(
    ("mode", "total"), [("import", None), ("import and export", 845.5), ("import less export", None)]
)
def test_a_total_is_one_only_in_the_mode_that_adds(mode: str, total: float | None) -> None:
    row = next(row for row in dialect("sdm120").entities if row.key == "total_energy")
    compute = getattr(row.at, "compute")  # noqa: B009
    assert compute(845.5, mode) == total


FAST_READ = [231.4, 230.1, 229.8, 2.21, 1.4, 2.25, 502.6, 318.2, 417.6]


@given(st.lists(st.floats(2**-10, 1e6, width=32), min_size=2, max_size=40))
def test_good_numbers_are_never_taken_for_turned_ones(floats: list[float]) -> None:
    assert not turned(struct.pack(">f", number) for number in floats)


def test_words_that_change_their_order_are_seen() -> None:
    cells = [struct.pack(">f", number) for number in FAST_READ]
    swapped = [cell[2:] + cell[:2] for cell in cells]
    assert turned(swapped)
    assert not turned(swapped, low_first=True)
    assert turned(cells, low_first=True)
    one = dialect("sdm630")
    data = b"".join(swapped)
    answer = frame.sealed(bytes((1, 4, len(data))) + data)
    with pytest.raises(BadFrame, match="other order"):
        one.payload("04:0x0000+18", answer)
    power = struct.pack(">f", 1238.4)
    with pytest.raises(BadFrame, match="other order"):  # power alone cannot tell: it stands under the others
        one.payload("04:0x0034+2", frame.sealed(bytes((1, 4, 4)) + power[2:] + power[:2]))
    straight = b"".join(cells)
    one.payload("04:0x0000+18", frame.sealed(bytes((1, 4, len(straight))) + straight))
    assert one.payload("04:0x0034+2", frame.sealed(bytes((1, 4, 4)) + power)) == power


def test_a_spike_of_a_counter_is_doubted_and_the_rest_is_not() -> None:
    one: Dialect = dialect("sdm630")
    told = [180.1, 180.1, 5000.0, 180.4]
    doubted = [one.doubt({"import_energy": number, "frequency": 50.0}, {}) for number in told]
    assert doubted == [{"import_energy"}, frozenset(), {"import_energy"}, frozenset()]


@EACH
def test_every_register_of_the_table_stands_once(name: str) -> None:
    """Two keys for one register are meant: the meter's code is a part of its version's read."""
    points = [
        (row.at.function or 4, row.at.address, row.at.place)
        for row in MODELS[name].rows
        if isinstance(row.at, Register) and row.at.press is None
    ]
    assert len(set(points)) == len(points)


@pytest.mark.parametrize(
    ("content", "why"),
    [("050404 43676666", "unit 5"), ("010304 43676666", "function 3"), ("010402 4367", "broke off")],
)
def test_another_answer_with_a_right_checksum_is_refused(content: str, why: str) -> None:
    one = dialect("sdm72")
    request = one.request("04:0x0034+2")
    with pytest.raises(BadFrame, match=why):
        one.cut(request, frame.sealed(bytes.fromhex(content)), quiet=True)


@EACH
@settings(max_examples=20)
@given(data=st.data(), low_first=st.booleans())
def test_what_a_meter_measures_is_what_is_read(name: str, data: st.DataObject, low_first: bool) -> None:
    """Any values inside the limits, through the simulated meter's bytes, in either order of words."""
    identity = RESTING[name]
    assert INTEGRATION.simulator
    assert INTEGRATION.dialect
    assert identity
    unit = INTEGRATION.simulator({"model": name, "low_first": low_first})
    one = INTEGRATION.dialect(replace(identity, facts={**identity.facts, "low_first": low_first}), {})
    rows = [row for row in one.entities if isinstance(row, Sensor) and row.limits and row.at and row.at.query]
    for row in data.draw(st.lists(st.sampled_from(rows), max_size=8)):
        assert row.limits
        low, high = (round(limit) for limit in row.limits)
        whole = row.at is not None and row.at.resolution == 1
        unit.state[row.key] = (
            data.draw(st.integers(low, min(high, 99)))
            if whole
            else data.draw(st.integers(64 * low, 64 * high)) / 64
        )
    for query in one.queries:
        payload = one.payload(query.name, unit.receive(one.request(query.name), 0.0)[0])
        told = readings(one.entities, query.name, payload).values
        for key, value in told.items():
            wanted = unit.state.get(key)
            if isinstance(wanted, float | int):
                assert value == pytest.approx(wanted, rel=1e-6), key


@given(st.binary(max_size=180), st.sampled_from(list(MODELS)))
def test_random_replies_are_never_a_value(reply: bytes, name: str) -> None:
    assert INTEGRATION.decode
    with pytest.raises((BadFrame, Refused)):
        INTEGRATION.decode(name, "050400000050f1b2", reply)
