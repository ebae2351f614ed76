"""What is read is true or absent: signs, transformers, numbers that are none, counters that fall."""

import math
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from line_of_one import believed, found, polled, spoken

from gridward_chint.decode import decode
from gridward_chint.examples import EXAMPLE, EXAMPLES
from gridward_chint.rows import direction
from gridward_chint.simulator import Meter
from gridward_kit.entity import readings
from gridward_kit.errors import BadFrame
from gridward_kit.integration import FAST, Options
from gridward_kit.modbus import frame

ENERGIES = ("import_energy", "export_energy")


def answer(unit: int, start: int, *numbers: float) -> tuple[str, bytes]:
    """A read of floats, and a meter's answer to it."""
    packed = struct.pack(f">{len(numbers)}f", *numbers)
    request = frame.read(unit, 3, start, 2 * len(numbers)).hex()
    return request, frame.sealed(bytes((unit, 3, len(packed))) + packed)


@given(st.lists(st.sampled_from((math.nan, math.inf, -math.inf)), min_size=7, max_size=7))
def test_what_is_no_number_is_absent(numbers: list[float]) -> None:
    assert decode("ddsu666", *answer(5, 0x2000, *numbers)) == {}
    assert decode("dtsu666", *answer(5, 0x2006, *numbers)) == {}


@given(st.floats(80, 300), st.floats(0.3, 60), st.integers(-1000, 1000), st.floats(45, 65))
def test_a_single_phase_meter(volts: float, amperes: float, thousandths: int, hertz: float) -> None:
    factor = thousandths / 1000
    watts = volts * amperes * factor
    told = (volts, amperes, watts / 1000, 0.0, 0.0, factor, 0.0, hertz)
    values = decode("ddsu666", *answer(5, 0x2000, *told))
    assert values["voltage"] == pytest.approx(volts, rel=1e-6)
    assert values["power"] == pytest.approx(watts, rel=1e-5, abs=1e-3)
    assert values["power_factor"] == pytest.approx(factor, abs=1e-6)
    assert values["frequency"] == pytest.approx(hertz, rel=1e-6)
    assert values["direction"] == direction(values["power"])


@given(st.lists(st.floats(90, 400), min_size=3, max_size=3), st.booleans())
def test_the_same_voltages_in_both_formats(volts: list[float], tenths: bool) -> None:
    told = [10 * volt if tenths else volt for volt in volts]
    values = decode("dtsu666", *answer(100, 0x2006, *told))
    assert [values[f"voltage_l{one}"] for one in (1, 2, 3)] == pytest.approx(volts, rel=1e-5)


@given(st.binary(max_size=60))
def test_noise_is_never_a_value(data: bytes) -> None:
    with pytest.raises(BadFrame):
        decode(None, "020320000010 4FF5", data)


@pytest.mark.parametrize(
    ("watts", "words"),
    [(320.4, "importing 320 W"), (-1250, "exporting 1250 W"), (4.9, "idle"), (-4.9, "idle"), (0, "idle")],
)
def test_direction_in_words(watts: float, words: str) -> None:
    assert direction(watts) == words


def test_an_unusable_frequency_and_a_reserved_apparent_power_are_absent() -> None:
    values = decode("ddsu666", *answer(5, 0x2000, 230.0, 1.0, 0.2, 0.0, 0.0, 0.9, 0.0, 5.0e-5))
    assert "frequency" not in values
    dialect = spoken(EXAMPLE)
    payload = struct.pack(">5f", 0.0, 0.0, 0.9, 0.0, 50.0)
    got = readings(dialect.entities, "03:0x2006+10", payload).values
    assert got["power_factor"] == pytest.approx(0.9)
    assert (got["reactive_power"], got["frequency"]) == (0.0, 50.0)
    assert "apparent_power" not in got


async def of(variant: str, more: Options) -> dict[str, object]:
    """What is believed of a variant with further keys of the site file."""
    meter = Meter(variant, 7)
    options = {"address": 7, **more}
    return dict(believed(spoken(await found(meter, options), options), meter))


async def test_a_single_phase_meter_the_other_way_round() -> None:
    values = await of("ddsu666-d", {"invert": True})
    assert values["power"] == pytest.approx(-947.5)
    assert values["direction"] == "exporting 948 W"
    assert values["power_factor"] == pytest.approx(-0.996)
    assert [values[key] for key in ENERGIES] == pytest.approx([12.5, 1834.27])
    assert values["import_energy_t1"] == values["export_energy_t1"]
    assert [values[f"reactive_energy_q{one}"] for one in (1, 2, 3, 4)] == [3, 4, 1, 2]
    assert (values["voltage"], values["current"]) == (233.5, pytest.approx(4.12))


async def test_a_whole_three_phase_meter_the_other_way_round() -> None:
    values = await of("dtsu666", {"invert": True})
    assert [values[f"power{one}"] for one in ("", "_l1", "_l2", "_l3")] == pytest.approx(
        [438.6, 110.0, 229.0, 99.6]
    )
    assert [values[key] for key in ENERGIES] == pytest.approx([6.75, 120.5])
    assert values["import_energy_l1"] == pytest.approx(2.25)


async def test_one_phase_the_other_way_round() -> None:
    values = await of("dtsu666", {"invert_l2": True})
    assert values["power_l2"] == pytest.approx(229.0)
    assert values["power"] == pytest.approx(-110.0 + 229.0 - 99.6)
    assert values["direction"] == "importing 19 W"
    assert [values[f"import_energy_l{one}"] for one in (1, 2, 3)] == pytest.approx([40.25, 2.25, 40.0])
    assert values["import_energy"] == pytest.approx(40.25 + 2.25 + 40.0)
    assert values["export_energy"] == pytest.approx(2.25 + 40.25 + 2.25)
    assert not values.keys() & {"apparent_power", "power_factor", "power_demand", "reactive_energy_q1"}


async def test_two_phases_of_a_meter_that_is_the_other_way_round_but_for_one() -> None:
    assert await of("dtsu666", {"invert": True, "invert_l2": True}) == await of(
        "dtsu666", {"invert_l1": True, "invert_l3": True}
    )


async def test_without_counters_of_the_phases_a_turned_phase_leaves_no_total() -> None:
    values = await of("dtsu666-plain", {"invert_l1": True})
    assert values["power"] == pytest.approx(110.0 - 229.0 - 99.6)
    assert not values.keys() & {"import_energy", "export_energy", "total_energy"}


async def test_a_transformer_that_the_meter_does_not_know() -> None:
    values = await of("ddsu666", {"ct_ratio": 40})
    assert values["current"] == pytest.approx(40 * 4.12)
    assert values["power"] == pytest.approx(40 * 947.5)
    assert values["total_energy"] == pytest.approx(40 * 1834.27)
    assert values["voltage"] == 233.5
    assert "multiplied here: current 40" in str(values["transformer_side"])


async def test_a_person_knows_on_which_side_the_values_are() -> None:
    before = await of("dtsu666-ct", {"transformer_side": "secondary"})
    behind = await of("dtsu666-ct", {"transformer_side": "primary"})
    assert before["power"] == pytest.approx(-17544.0)
    assert behind["power"] == pytest.approx(-438.6)
    assert behind["import_energy"] == pytest.approx(120.5)


async def test_a_counter_that_falls_or_jumps_is_believed_with_its_second_answer() -> None:
    meter = Meter("dtsu666", 7)
    dialect = spoken(await found(meter, {"address": 7}), {"address": 7})
    assert "import_energy" not in polled(dialect, meter)
    assert polled(dialect, meter)["import_energy"] == 120.5
    for spoilt in (5000.0, 0.0):
        meter.state["import_energy"] = spoilt
        assert "import_energy" not in polled(dialect, meter)
        meter.state["import_energy"] = 120.5
        assert polled(dialect, meter)["import_energy"] == 120.5
    meter.state["import_energy"] = 0.25
    assert "import_energy" not in polled(dialect, meter)
    assert polled(dialect, meter)["import_energy"] == 0.25


def test_three_wires_have_no_phase_voltages() -> None:
    example = EXAMPLES["dssu666"]
    keys = {row.key for row in spoken(example.identity, example.options).entities}
    assert {"voltage_l1_l2", "current_l1", "current_l3", "power"} <= keys
    assert not keys & {"voltage_l1", "current_l2", "power_l2", "power_factor_l1"}


@pytest.mark.parametrize(
    ("name", "less", "options", "together"),
    [
        ("dtsu666", "", {}, {"power"}),
        ("dtsu666-plain", "", {}, {"power"}),
        ("dtsu666-plain", "power_unit", {}, {f"{what}_l1" for what in ("voltage", "current", "power")}),
        ("dtsu666", "", {"invert_l2": True}, {"power_l1", "power_l2", "power_l3"}),
    ],
)
def test_what_is_read_in_one_answer_each_round(
    name: str, less: str, options: Options, together: set[str]
) -> None:
    """Power alone, unless its unit is still to be judged or its total to be made of the phases."""
    known = EXAMPLES[name].identity
    identity = replace(known, facts={key: fact for key, fact in known.facts.items() if key != less})
    dialect = spoken(identity, options)
    (fast,) = [query.name for query in dialect.queries if query.every == FAST]
    keys = {row.key for row in dialect.entities if row.at is not None and row.at.query == fast}
    assert together <= keys
    assert bool(less) == ("voltage_l1" in keys)


def test_nothing_of_a_meter_can_be_set() -> None:
    for one in (EXAMPLE, *(item.identity for item in EXAMPLES.values())):
        assert not [row.key for row in spoken(one).entities if row.setting is not None]


def test_the_registers_that_must_not_be_touched_are_in_no_table() -> None:
    for one in (EXAMPLE, *(item.identity for item in EXAMPLES.values())):
        places = [getattr(row.at, "address", None) for row in spoken(one).entities]
        assert 0x0002 not in places
        assert 0x1000 not in places
