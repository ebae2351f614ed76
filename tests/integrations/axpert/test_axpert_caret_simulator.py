"""Simulated PI17 and PI18 units behave as real ones, and take only what their makers' lists hold."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridward_axpert.caret import DATED, Caret
from gridward_axpert.caret_simulator import CaretSimulator
from gridward_axpert.models import CARET_MODELS, simulated
from gridward_axpert.pi17 import PI17
from gridward_axpert.pi18 import PI18
from gridward_axpert.points import Scaled, TimeOfDay
from gridward_kit.entity import BinarySensor, Button, Entity, Number, Select, Sensor, Switch, readings
from gridward_kit.errors import Refused
from gridward_kit.point import Derived, Field, Value

NOW = datetime(2026, 11, 21, 6, 30, 5, tzinfo=UTC)
NEVER = re.compile(rb"\^S\d{3}(PF|CLE|ID|DM|GO|SI|MPPT|FPADJ|V\d{4}|F\d\d)")
GRID_CODE = re.compile(rb"\^S\d{3}(PF|CLE|ID)")
NO = bytes.fromhex("5e301be30d")


def unit(model: str) -> CaretSimulator:
    simulator = simulated({"model": model})
    assert isinstance(simulator, CaretSimulator)
    return simulator


def language(model: str) -> Caret:
    """A dialect that has heard its unit say everything once."""
    simulator = unit(model)
    item = CARET_MODELS[model]
    spoken = item.protocol
    made = Caret(
        spoken, spoken.of_unit(simulator.unit), spoken.queries(simulator.unit), bare=tuple(item.bare)
    )
    for query in made.queries:
        made.payload(query.name, simulator.receive(made.request(query.name), 0.0)[0])
    return made


def read(simulator: CaretSimulator, spoken: Caret, row: Entity) -> Value | None:
    assert row.at is not None
    answer = simulator.receive(spoken.request(row.at.query), 0.0)[0]
    return readings([row], row.at.query, spoken.payload(row.at.query, answer)).values.get(row.key)


def stored(model: str) -> list[Entity]:
    """The rows whose values the unit holds."""
    state = unit(model).state
    rows = (row for row in language(model).entities if row.at is not None and not isinstance(row.at, Derived))
    return [row for row in rows if row.key in state]


KEPT = ("serial_number", "clock", "battery_nominal_voltage", "firmware", "firmware_2", "firmware_3")
CASES = [(model, row) for model in CARET_MODELS for row in stored(model) if row.key not in KEPT]


def values(row: Entity, now: Value) -> st.SearchStrategy[Value]:
    """Values that the row can have and its wire form can carry."""
    if isinstance(row, BinarySensor | Switch):
        return st.booleans()
    if isinstance(row, Select) or (isinstance(row, Sensor) and row.options):
        return st.sampled_from(row.options)
    at = row.at
    if isinstance(at, TimeOfDay):
        return st.integers(0, 1439)
    if not isinstance(at, Field) or not at.form:
        return st.text("0123456789", min_size=len(str(now)), max_size=len(str(now)))
    scale = at.scale if isinstance(at, Scaled) else 1.0
    most = 10 ** len(at.form.lstrip("+")) - 1
    low, high = row.limits if isinstance(row, Sensor) and row.limits else (0.0, most * scale)
    least = -most if at.form.startswith("+") else 0
    steps = st.integers(max(least, round(low / scale + 0.499)), min(most, int(high / scale)))
    return steps.map(lambda number: round(number * scale, 6))


@pytest.mark.parametrize(
    ("model", "row"), CASES, ids=lambda item: item if isinstance(item, str) else item.key
)
def test_a_value_of_the_state_is_read_back(model: str, row: Entity) -> None:
    simulator, spoken = unit(model), language(model)

    @settings(max_examples=20)
    @given(values(row, simulator.state[row.key]))
    def reads_back(value: Value) -> None:
        simulator.state[row.key] = value
        found = read(simulator, spoken, row)
        assert found == value or found == pytest.approx(value)

    reads_back()


@pytest.mark.parametrize("model", CARET_MODELS)
def test_an_untouched_unit_answers_what_was_captured(model: str) -> None:
    simulator, item = unit(model), CARET_MODELS[model]
    clock = item.texts["T"]
    for query, text in item.texts.items():
        name = query + clock[: DATED[query]] if query in DATED else query
        request = item.protocol.request(name, bare=query in item.bare)
        answer = simulator.receive(request, 0.0)[0]
        assert answer[5:-3].decode() == text, query
        assert int(answer[2:5]) == len(answer) - 5


SET = [
    (model, row)
    for model in CARET_MODELS
    for row in language(model).entities
    if row.setting is not None and not isinstance(row, Button)
]
NAMED = {"ids": lambda item: item if isinstance(item, str) else item.key}


def inside(row: Entity) -> list[Value]:
    match row:
        case Number(only=only) if only:
            return list(only)
        case Number():
            near = (row.low, row.low + row.step, row.high - row.step, row.high)
            return [round(value, 6) for value in near]
        case Select():
            return list(row.options)
        case _:
            return [True, False]


def outside(row: Entity) -> list[Value]:
    match row:
        case Number(only=only) if only:
            return [max(only) + 1, -1, "much", float("nan")]
        case Number():
            return [row.low - row.step, row.high + row.step, row.low + row.step / 2, "much", float("inf")]
        case Select():
            return [*row.shown, "no such option"]
        case _:
            return ["maybe"]


@pytest.mark.parametrize(("model", "row"), SET, ids=lambda item: item if isinstance(item, str) else item.key)
def test_every_value_inside_the_bounds_is_set_and_read_back(model: str, row: Entity) -> None:
    spoken = language(model)
    for value in inside(row):
        simulator = unit(model)
        others = {key: kept for key, kept in simulator.state.items() if key != row.key}
        for request in spoken.write(row, value, NOW):
            assert not GRID_CODE.match(request)
            try:
                spoken.acknowledge(request, simulator.receive(request, 0.0)[0])
            except Refused:
                continue
            break
        else:
            raise AssertionError(f"{row.key} {value}: every candidate was refused")
        assert read(simulator, spoken, row) == pytest.approx(value)
        assert {key: kept for key, kept in simulator.state.items() if key != row.key} == others


@pytest.mark.parametrize(("model", "row"), SET, ids=lambda item: item if isinstance(item, str) else item.key)
def test_no_value_outside_the_bounds_comes_to_the_wire(model: str, row: Entity) -> None:
    spoken = language(model)
    for value in outside(row):
        with pytest.raises(ValueError, match=r"."):
            spoken.write(row, value, NOW)


@given(st.sampled_from(SET), st.one_of(st.floats(), st.integers(), st.text(max_size=8), st.booleans()))
def test_any_wish_is_refused_or_a_known_value(case: tuple[str, Entity], value: Value) -> None:
    model, row = case
    try:
        frames = SPOKEN[model].write(row, value, NOW)
    except ValueError:
        return
    accepted = row.accept(value)
    assert accepted in inside(row) or (isinstance(row, Number) and row.low <= float(accepted) <= row.high)
    assert frames
    assert not any(GRID_CODE.match(frame) for frame in frames)


SPOKEN = {model: language(model) for model in CARET_MODELS}


def test_what_belongs_to_the_installer_is_not_set_on_a_pi17_unit() -> None:
    spoken = SPOKEN["infini-10k"]
    for row in spoken.entities:
        for value in inside(row) if row.setting and not isinstance(row, Button) else ():
            assert not any(NEVER.match(frame) for frame in spoken.write(row, value, NOW))


@pytest.mark.parametrize("model", CARET_MODELS)
def test_unknown_commands_are_refused(model: str) -> None:
    simulator, spoken = unit(model), CARET_MODELS[model].protocol
    commands = ("PF", "CLE", "XYZ", "POP7", "MCHGV999,999", "BT7", "DM050", "PEZ", "PSDV999")
    for frame in (frame for command in commands for frame in spoken.setters(command)):
        assert simulator.receive(frame, 0.0) == [NO]
    assert simulator.receive(spoken.request("XYZ"), 0.0) == [NO]


def test_a_request_of_the_other_protocol_is_refused() -> None:
    assert unit("infini-v").receive(PI17.request("GS"), 0.0) == [NO]
    assert unit("infini-10k").receive(PI18.request("GS"), 0.0) == [NO]
    assert unit("infini-v").receive(PI18.request("GS", bare=True), 0.0) == [NO]
    assert unit("sv-iv").receive(PI18.request("GS"), 0.0) == [NO]


def test_a_dated_question_with_a_wrong_sum_is_refused() -> None:
    simulator = unit("infini-10k")
    assert simulator.receive(b"^P014ED20260902001\r", 0.0) == [NO]
    assert simulator.receive(PI17.request("ED20260902"), 0.0) != [NO]


@pytest.mark.parametrize("model", CARET_MODELS)
def test_bytes_may_come_one_at_a_time_and_with_garbage_in_front(model: str) -> None:
    simulator, spoken = unit(model), CARET_MODELS[model].protocol
    sent = b"\x00\xff^7(x" + spoken.request("MOD")
    answers = [answer for byte in sent for answer in simulator.receive(bytes([byte]), 0.0)]
    assert [spoken.payload("MOD", answer) for answer in answers] == [b"05"]


@given(st.binary(max_size=60), st.sampled_from(sorted(CARET_MODELS)))
def test_garbage_changes_nothing(data: bytes, model: str) -> None:
    simulator = unit(model)
    before = dict(simulator.state)
    assert all(answer == NO for answer in simulator.receive(data, 0.0))
    assert simulator.state == before


@pytest.mark.parametrize(
    ("obeys", "soon", "later"), [("yes", b"0", b"0"), ("ignores", b"1", b"1"), ("slow", b"1", b"0")]
)
def test_it_obeys_as_it_is_told_to(obeys: str, soon: bytes, later: bytes) -> None:
    simulator = unit("infini-v")
    simulator.obeys, simulator.lag = obeys, 5.0
    assert simulator.receive(PI18.setters("POP0")[0], 100.0) == [bytes.fromhex("5e310bc20d")]
    found = [
        PI18.payload("PIRI", simulator.receive(PI18.request("PIRI"), now)[0]).split()[17]
        for now in (100.1, 105)
    ]
    assert found == [soon, later]


def test_a_serial_number_may_be_given() -> None:
    for model, spoken in (("infini-v", PI18), ("infini-10k", PI17)):
        simulator = simulated({"model": model, "serial": "5535553555355521"})
        answer = simulator.receive(spoken.request("ID"), 0.0)[0]
        assert spoken.payload("ID", answer) == b"1655355535553555210000"


@pytest.mark.parametrize(("amperes", "cells"), [(20, (b"020", b"000")), (-35, (b"000", b"035"))])
def test_a_plant_may_say_the_battery_current_with_its_sign(amperes: int, cells: tuple[bytes, bytes]) -> None:
    simulator = unit("infini-v")
    simulator.state["battery_current"] = amperes
    payload = PI18.payload("GS", simulator.receive(PI18.request("GS"), 0.0)[0]).split()
    assert (payload[11], payload[10]) == cells
    assert payload[24] == (b"1" if amperes > 0 else b"2")


def test_a_plant_may_say_the_power_of_all_phases() -> None:
    simulator = unit("infini-10k")
    simulator.state |= {"output_power": 3000, "grid_power": -900, "battery_current": -12.5}
    payload = PI17.payload("PS", simulator.receive(PI17.request("PS"), 0.0)[0]).split()
    assert payload[9] == b"03000"
    assert payload[6:9] == [b"1000", b"1000", b"1000"]
    assert payload[5] == b"-00900"
    assert payload[2:5] == [b"-00300"] * 3
    state = PI17.payload("GS", simulator.receive(PI17.request("GS"), 0.0)[0]).split()
    assert state[6] == b"-00125"
