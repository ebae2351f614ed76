"""PI41: two legs of 120 V, and what differs from PI30."""

from datetime import UTC, datetime

import pytest

from gridward_axpert.entities import of_unit, queries
from gridward_axpert.interview import identify
from gridward_axpert.models import dialect
from gridward_axpert.protocol import Pi30, frame, payload
from gridward_axpert.simulator import AxpertSimulator
from gridward_axpert.unit import from_facts
from gridward_kit.entity import Number, Select, Sensor, derive, readings
from gridward_kit.errors import BadFrame, NoAnswer
from gridward_kit.integration import Ask
from gridward_kit.integration import Dialect as Spoken
from gridward_kit.point import Value

NOW = datetime(2026, 11, 21, 6, 30, 5, tzinfo=UTC)


def everything(simulator: AxpertSimulator, spoken: Spoken) -> dict[str, Value]:
    """All values of a round, with those that are computed across answers."""
    found: dict[str, Value] = {}
    for query in spoken.queries:
        answer = b"".join(simulator.receive(spoken.request(query.name), 0.0))
        found |= readings(spoken.entities, query.name, spoken.payload(query.name, answer)).values
    return found | derive(spoken.entities, found)


def spoken_by(simulator: AxpertSimulator) -> Pi30:
    return Pi30(of_unit(simulator.unit), queries(simulator.unit))


def asking(simulator: AxpertSimulator) -> Ask:
    async def ask(request: bytes, dialect: Spoken) -> bytes:
        arrived = b"".join(simulator.receive(request, 0.0))
        if not arrived:
            raise NoAnswer("silence")
        found = dialect.cut(request, arrived, quiet=True)
        if found is None:
            raise BadFrame("no whole answer")
        return found[0]

    return ask


def test_power_is_of_both_legs_and_load_of_the_fuller_one() -> None:
    simulator = AxpertSimulator({"model": "lv6048"})
    found = everything(simulator, spoken_by(simulator))
    assert (found["output_power_l1"], found["output_power_l2"], found["output_power"]) == (272, 130, 402)
    assert found["output_apparent_power"] == 480
    assert (found["load_percentage_l2"], found["load_percentage"]) == (5, 13)
    assert (found["output_voltage"], found["output_voltage_l2"]) == (122.9, 124.2)
    assert (found["pv_power"], found["pv2_power"], found["pv_total_power"]) == (337, 224.4, 561.4)


def test_a_leg_that_is_not_read_leaves_the_sum_absent() -> None:
    simulator = AxpertSimulator({"model": "lv6048"})
    rows = of_unit(simulator.unit)
    first = readings(rows, "QPIGS", payload("QPIGS", simulator.receive(frame("QPIGS"), 0.0)[0])).values
    assert first["output_power_l1"] == 272
    assert "output_power" not in first | derive(rows, first)


@pytest.mark.parametrize(
    ("bits", "key", "value"),
    [
        ("10000000", "scc_ok", True),
        ("01000000", "charging_from_grid", True),
        ("00100000", "charging_from_pv", True),
        ("00010000", "battery_state", "open"),
        ("00001000", "battery_state", "under"),
        ("00000100", "line_loss", True),
        ("00000010", "load_on", True),
        ("00000001", "settings_changed", True),
    ],
)
def test_the_status_byte_is_pi41s_own(bits: str, key: str, value: Value) -> None:
    simulator = AxpertSimulator({"model": "lv6048"})
    text = payload("QPIGS", simulator.receive(frame("QPIGS"), 0.0)[0]).replace(b"10100010", bits.encode())
    found = readings(of_unit(simulator.unit), "QPIGS", text).values
    assert found[key] == value
    others = {
        "scc_ok",
        "charging_from_grid",
        "charging_from_pv",
        "line_loss",
        "load_on",
        "settings_changed",
    } - {key}
    assert not any(found[other] for other in others)
    assert found["charging"] is (key in ("charging_from_grid", "charging_from_pv"))


def test_output_modes_have_their_own_numbers() -> None:
    simulator = AxpertSimulator({"model": "lv6048"})
    spoken = spoken_by(simulator)
    row = next(row for row in spoken.entities if row.key == "output_mode")
    assert isinstance(row, Select)
    assert row.shown == ("single",)
    assert spoken.write(row, "parallel_at_120", NOW)[0] == frame("POPM05")
    assert spoken.write(row, "parallel_at_180", NOW)[0] == frame("POPM06")
    voltage = next(row for row in spoken.entities if row.key == "output_rating_voltage")
    assert isinstance(voltage, Sensor), "PI41 has no command for it"


def test_currents_go_out_with_the_units_number() -> None:
    simulator = AxpertSimulator({"model": "lv6048"})
    spoken = spoken_by(simulator)
    rows = {row.key: row for row in spoken.entities}
    assert isinstance(rows["max_charging_current"], Number)
    assert spoken.write(rows["max_charging_current"], 120, NOW)[0] == frame("MNCHGC0120")
    assert spoken.write(rows["max_utility_charging_current"], 30, NOW)[0] == frame("MUCHGC030")


async def test_the_second_leg_is_read_elsewhere_where_qpigs2_is_refused() -> None:
    simulator = AxpertSimulator({"model": "lv6048"})
    simulator.refused = frozenset({"QPIGS2"})
    simulator.state["output_mode"] = "single"
    identity = await identify(asking(simulator), {"model": "lv6048"})
    unit = from_facts(identity.facts)
    assert "QPIGS2" not in unit.queries
    spoken = dialect(identity, {})
    found = everything(simulator, spoken)
    assert (found["output_power_l1"], found["output_power_l2"], found["output_power"]) == (272, 130, 402)


def test_a_plant_may_say_the_power_of_both_legs() -> None:
    simulator = AxpertSimulator({"model": "lv6048"})
    simulator.state["output_power"] = 900
    first, second = (
        payload(query, simulator.receive(frame(query), 0.0)[0]).split() for query in ("QPIGS", "QPIGS2")
    )
    assert (first[5], second[5]) == (b"0450", b"0450")


def test_overcharge_is_a_fault_and_slave_no_problem() -> None:
    simulator = AxpertSimulator({"model": "lv6048"})
    simulator.state |= {"alarm_slave": True}
    assert everything(simulator, spoken_by(simulator))["problem"] is False
    simulator.state |= {"alarm_overcharge": True}
    found = everything(simulator, spoken_by(simulator))
    assert (found["problem"], found["faults"]) == (True, "Overcharge")
