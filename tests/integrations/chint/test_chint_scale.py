"""What the numbers mean: the rule for the format, and the one for the unit of power."""

import math
import struct

from hypothesis import given
from hypothesis import strategies as st

from gridward_chint.scale import KILOWATT, PLAIN, TENTHS, WATT, PowerUnit, floats, number_format, power_unit

volts = st.floats(90, 470)
hertz = st.floats(45, 65)


@given(st.lists(volts, min_size=1, max_size=3), hertz)
def test_voltage_and_frequency_together_tell_the_format(each: list[float], frequency: float) -> None:
    assert number_format(each, frequency) == PLAIN
    assert number_format([10 * volt for volt in each], 100 * frequency) == TENTHS
    assert number_format([10 * volt for volt in each], frequency) is None
    assert number_format(each, 100 * frequency) is None


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=3), st.floats() | st.none())
def test_whatever_is_read_the_answer_is_a_format_or_none(each: list[float], frequency: float | None) -> None:
    told = number_format(each, frequency)
    most = max((one for one in each if math.isfinite(one)), default=0.0)
    assert told != PLAIN or 60 <= most <= 480
    assert told != TENTHS or 700 <= most <= 5000


def test_the_voltages_of_the_complaints() -> None:
    assert number_format((2245.0, 2251.0, 2238.0), None) == TENTHS
    assert number_format((4200.0,), 5000.0, three_wire=True) == TENTHS
    assert number_format((400.0, 399.0, 401.0), 50.0, three_wire=True) == PLAIN
    assert number_format((0.0, 0.0, 0.0), 0.0) is None
    assert number_format((), None) is None


@given(
    st.lists(
        st.tuples(st.floats(80, 300), st.floats(0.2, 100), st.floats(0.02, 1)),
        min_size=1,
        max_size=3,
    ),
    st.booleans(),
)
def test_power_against_voltage_times_current_tells_its_unit(
    phases: list[tuple[float, float, float]], back: bool
) -> None:
    each = [one[0] for one in phases], [one[1] for one in phases]
    true = [(-1 if back else 1) * one[0] * one[1] * one[2] for one in phases]
    assert power_unit(*each, true) == WATT
    assert power_unit(*each, [power / 1000 for power in true]) == KILOWATT


@given(st.floats(80, 300), st.floats(0, 0.19), st.floats(-100, 100))
def test_without_a_load_nothing_is_told(volt: float, ampere: float, power: float) -> None:
    assert power_unit((volt,), (ampere,), (power,)) is None


def test_neither_zero_nor_an_impossible_power_tells_anything() -> None:
    assert power_unit((230.0,), (5.0,), (0.0,)) is None
    assert power_unit((230.0,), (5.0,), (40_000.0,)) is None
    assert power_unit((230.0, math.nan), (5.0, 1.0), (1.1, 2.0)) == KILOWATT


def test_a_unit_that_nobody_knows_yet() -> None:
    unit = PowerUnit()
    assert unit.factor is None
    assert "0.2 A" in unit.words()
    assert PowerUnit(usual=KILOWATT).factor == 1000
    assert PowerUnit(WATT, usual=KILOWATT).words() == WATT


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=10))
def test_words_in_either_order(numbers: list[float]) -> None:
    straight = struct.pack(f">{len(numbers)}f", *numbers)
    swapped = b"".join(straight[at + 2 : at + 4] + straight[at : at + 2] for at in range(0, len(straight), 4))
    assert floats(straight) == floats(swapped, low_first=True) == tuple(numbers)
