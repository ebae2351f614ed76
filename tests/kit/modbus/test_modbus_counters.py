"""Counters that fall or leap are believed only when said twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward_kit.entity import ENERGY, NET_ENERGY, POWER, Sensor
from gridward_kit.modbus import Modbus, Profile, f32
from gridward_kit.modbus.counters import Counters

ROWS = (
    Sensor("power", "Power", f32(0x0000), POWER),
    Sensor("import_energy", "Imported energy", f32(0x0100, every=10), ENERGY),
    Sensor("net_energy", "Net energy", f32(0x0104, every=10), NET_ENERGY),
)
STEP = 4.0


def believed(counters: Counters, *numbers: float, key: str = "import_energy") -> list[float]:
    """What of these answers is shown."""
    return [number for number in numbers if key not in counters.doubt({key: number})]


def test_the_spikes_that_owners_reported() -> None:
    assert believed(Counters(ROWS, STEP), 180.1, 180.1, 180.2, 5000, 180.4) == [180.1, 180.2, 180.4]


def test_the_first_answer_needs_a_second() -> None:
    assert believed(Counters(ROWS, STEP), 5000, 180.1, 180.2) == [180.2]


def test_a_meter_that_was_exchanged_or_reset_is_late_by_one_answer() -> None:
    assert believed(Counters(ROWS, STEP), 812.4, 812.4, 0.0, 0.1, 0.2) == [812.4, 0.1, 0.2]


def test_a_true_leap_after_an_absence_is_late_by_one_answer() -> None:
    assert believed(Counters(ROWS, STEP), 812.4, 812.4, 900.0, 900.0, 900.1) == [812.4, 900.0, 900.1]


def test_a_net_counter_falls_and_one_of_import_does_not() -> None:
    assert believed(Counters(ROWS, STEP), 5.0, 5.0, 3.0, -0.5, key="net_energy") == [5.0, 3.0, -0.5]
    assert believed(Counters(ROWS, STEP), 5.0, 5.0, 4.9, 5.1) == [5.0, 5.1]


def test_what_counts_nothing_is_not_doubted() -> None:
    assert Counters(ROWS, STEP).doubt({"power": 3.0, "import_energy": 1.0}) == {"import_energy"}


def test_a_step_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot count"):
        Counters(ROWS, 0.0)


def test_a_dialect_without_a_step_takes_counters_as_they_come() -> None:
    assert Modbus(ROWS, Profile(), 1).doubt({"import_energy": 1.0}, {}) == frozenset()
    assert Modbus(ROWS, Profile(), 1, step=STEP).doubt({"import_energy": 1.0}, {}) == {"import_energy"}


@given(st.lists(st.floats(0, 1e6, width=32), max_size=40))
def test_what_is_shown_follows_what_was_answered_before(numbers: list[float]) -> None:
    """Each shown number rises by a step at most over the shown one before, or over the answer before it."""
    counters = Counters(ROWS, STEP)
    shown: float | None = None
    for earlier, number in zip([None, *numbers], numbers, strict=False):
        if not counters.doubt({"import_energy": number}):
            assert any(one is not None and 0 <= number - one <= STEP for one in (shown, earlier))
            shown = number


@given(st.floats(0, 1e6), st.lists(st.floats(0, STEP / 2), max_size=30))
def test_a_true_counter_is_never_doubted_again(start: float, rises: list[float]) -> None:
    counters = Counters(ROWS, STEP)
    counters.doubt({"import_energy": start})
    number = start
    for rise in rises:
        number += rise
        assert not counters.doubt({"import_energy": number})
