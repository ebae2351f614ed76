"""The simulated unit behaves as a real one: bytes in, bytes out, state in between."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridward_axpert.entities import of_unit
from gridward_axpert.points import Linked, Scaled
from gridward_axpert.protocol import frame, payload
from gridward_axpert.simulator import AxpertSimulator
from gridward_axpert.templates import MODELS
from gridward_kit.entity import BinarySensor, Entity, Number, Select, Sensor, Switch, readings
from gridward_kit.point import Derived, Field, Value

NAK, ACK = frame("(NAK"), frame("(ACK")


def ask(simulator: AxpertSimulator, query: str, now: float = 0.0) -> bytes:
    answers = simulator.receive(frame(query), now)
    assert len(answers) == 1
    return payload(query, answers[0])


def stored(model: str) -> list[Entity]:
    """The rows of a unit whose values it holds."""
    simulator = AxpertSimulator({"model": model})
    rows = (row for row in of_unit(simulator.unit) if row.at is not None and not isinstance(row.at, Derived))
    return [row for row in rows if row.key in simulator.state]


IDENTITY = ("serial_number", "clock", "model_name", "model_number", "battery_nominal_voltage")
CASES = [(model, row) for model in MODELS for row in stored(model) if row.key not in IDENTITY]


def values(row: Entity, now: Value) -> st.SearchStrategy[Value]:
    """Values that the row can have and its wire form can carry."""
    if isinstance(row, BinarySensor | Switch):
        return st.booleans()
    if isinstance(row, Select):
        return st.sampled_from(row.options)
    if isinstance(row, Sensor) and row.options:
        return st.sampled_from(row.options)
    at = row.at.at if isinstance(row.at, Linked) else row.at
    form = at.form if isinstance(at, Field) else ""
    if not form or not (isinstance(row, Number) or row.quantity.unit or row.quantity.state_class):
        return st.text("0123456789", min_size=len(str(now)), max_size=len(str(now)))
    places = len(form.partition(".")[2])
    scale = at.scale if isinstance(at, Scaled) else 1.0
    whole = len(form.partition(".")[0])
    low, high = (0.0, 10.0**whole - 1) if not isinstance(row, Sensor) or not row.limits else row.limits
    steps = st.integers(
        max(0, round(max(low, 0) / scale * 10**places + 0.499)),
        int(min(high, (10.0**whole - 1) * scale) / scale * 10**places),
    )
    return steps.map(lambda number: round(number / 10**places * scale, 6))


@pytest.mark.parametrize(
    ("model", "row"), CASES, ids=lambda item: item if isinstance(item, str) else item.key
)
def test_a_value_of_the_state_is_read_back(model: str, row: Entity) -> None:
    simulator = AxpertSimulator({"model": model})
    assert row.at is not None
    query = row.at.query

    @settings(max_examples=20)
    @given(values(row, simulator.state[row.key]))
    def reads_back(value: Value) -> None:
        simulator.state[row.key] = value
        found = readings([row], query, ask(simulator, query)).values
        assert found == {row.key: value} or found[row.key] == pytest.approx(value)

    reads_back()


@pytest.mark.parametrize("model", MODELS)
def test_an_untouched_unit_answers_what_was_captured(model: str) -> None:
    simulator = AxpertSimulator({"model": model})
    for query, text in MODELS[model].items():
        if query == "QFLAG":
            assert sorted(ask(simulator, query).decode()) == sorted(text)
        elif query != "QPGS0":
            assert ask(simulator, query).decode() == text


def test_the_default_is_a_vm_iii_of_5_kw() -> None:
    simulator = AxpertSimulator({})
    assert len(ask(simulator, "QPIGS").split()) == 21
    assert b"." in ask(simulator, "QPIGS").split()[12]
    assert len(ask(simulator, "QPIWS")) == 36
    assert len(ask(simulator, "QPIRI").split()) == 26
    assert len(ask(simulator, "Q1").split()) == 27


@pytest.mark.parametrize("model", MODELS)
def test_unknown_commands_are_refused(model: str) -> None:
    simulator = AxpertSimulator({"model": model})
    for command in ("QXYZ", "PF", "ATE1", "RTEY", "POP09", "PEq", "PCVV99.9", "^P005PI"):
        assert simulator.receive(frame(command), 0.0) == [NAK]


def test_bytes_may_come_one_at_a_time_and_with_garbage_in_front() -> None:
    simulator = AxpertSimulator({})
    sent = b"\x00\xff(7" + frame("QMOD")
    answers = [answer for byte in sent for answer in simulator.receive(bytes([byte]), 0.0)]
    assert [payload("QMOD", answer) for answer in answers] == [b"B"]


@given(st.binary(max_size=60))
def test_garbage_changes_nothing(data: bytes) -> None:
    simulator = AxpertSimulator({})
    before = dict(simulator.state)
    assert all(answer == NAK for answer in simulator.receive(data, 0.0))
    assert simulator.state == before
    simulator.receive(b"\r", 0.0)
    assert ask(simulator, "QMOD") == b"B"


def test_two_requests_at_once_are_answered_in_order() -> None:
    answers = AxpertSimulator({}).receive(frame("QMOD") + frame("QID"), 0.0)
    assert [payload("QMOD", answers[0]), payload("QID", answers[1])] == [b"B", b"92931909100001"]


def test_an_unbumped_pop02_is_refused() -> None:
    simulator = AxpertSimulator({})
    assert simulator.receive(bytes.fromhex("504f503032e20a0d"), 0.0) == [NAK]
    assert simulator.receive(frame("POP02"), 0.0) == [ACK]


@pytest.mark.parametrize(
    ("obeys", "answer", "soon", "later"),
    [
        ("yes", ACK, "USB", "USB"),
        ("ignores", ACK, "SBU", "SBU"),
        ("slow", ACK, "SBU", "USB"),
        ("refuses", NAK, "SBU", "SBU"),
    ],
)
def test_it_obeys_as_it_is_told_to(obeys: str, answer: bytes, soon: str, later: str) -> None:
    simulator = AxpertSimulator({})
    simulator.obeys = obeys
    simulator.lag = 5.0
    assert simulator.state["output_source_priority"] == "SBU"
    assert simulator.receive(frame("POP00"), 100.0) == [answer]
    cells = [ask(simulator, "QPIRI", now).split()[16] for now in (100.1, 105.0)]
    codes = {"USB": b"0", "SBU": b"2"}
    assert cells == [codes[soon], codes[later]]


def test_muted_queries_are_silent_and_refused_ones_answer_no() -> None:
    simulator = AxpertSimulator({})
    simulator.muted, simulator.refused = frozenset({"QPIGS"}), frozenset({"QMOD"})
    assert simulator.receive(frame("QPIGS"), 0.0) == []
    assert simulator.receive(frame("QMOD"), 0.0) == [NAK]


def test_flags_may_be_set_together() -> None:
    simulator = AxpertSimulator({})
    assert simulator.receive(frame("PExyPDaz"), 0.0) == [ACK]
    assert [
        simulator.state[key] for key in ("backlight", "primary_source_alarm", "buzzer", "fault_code_record")
    ] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("amperes", "charging", "discharging"), [(20, b"020", b"00000"), (-35, b"000", b"00035")]
)
def test_a_plant_may_say_the_battery_current_with_its_sign(
    amperes: int, charging: bytes, discharging: bytes
) -> None:
    simulator = AxpertSimulator({})
    simulator.state["battery_current"] = amperes
    cells = ask(simulator, "QPIGS").split()
    assert (cells[9], cells[15]) == (charging, discharging)


def test_a_plant_may_say_pv_watts_to_a_unit_that_only_knows_amperes() -> None:
    simulator = AxpertSimulator({"model": "hs-5k"})
    simulator.state |= {"pv_power": 1100.0, "battery_voltage": 55.0, "scc_battery_voltage": 55.0}
    assert ask(simulator, "QPIGS").split()[12] == b"0020"


def test_the_first_parallel_unit_follows_its_own_values() -> None:
    simulator = AxpertSimulator({"model": "ks-5k"})
    simulator.state |= {"mode": "line", "battery_voltage": 53.2, "output_power": 777}
    cells = ask(simulator, "QPGS0").split()
    assert (cells[2], cells[9], cells[11]) == (b"L", b"0777", b"53.2")


def test_a_serial_number_may_be_given() -> None:
    simulator = AxpertSimulator({"serial": "553555355535552123"})
    assert ask(simulator, "QID") == b"55355535553555"
    assert ask(simulator, "QSID") == b"1855355535553555212355"


def test_an_unknown_model_is_said() -> None:
    with pytest.raises(ValueError, match="none of"):
        AxpertSimulator({"model": "toaster"})
