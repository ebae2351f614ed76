"""Faults by name: active ones, a controller's two layouts, and the kept records."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from integrations.srne.srne_bench import example, inverter, read, registers

from gridward_kit.entity import derive
from gridward_srne import controller_faults, faults
from gridward_srne.dialect import dialect


@given(st.lists(st.integers(0, 70), min_size=4, max_size=4))
def test_exactly_the_active_faults_are_on(codes: list[int]) -> None:
    known = dict(zip(faults.CODES, codes, strict=True))
    values = derive(faults.ACTIVE, known)
    named = {key for key, value in values.items() if key.startswith("fault_") and value is True}
    assert len(named) == len({code for code in codes if code in faults.NAMES})
    assert values["problem"] is any(code and code not in faults.USUAL for code in codes)
    for code in codes:
        assert code == 0 or str(code) in str(values["faults"])
    assert (values["faults"] == "none") == (not any(codes))


def test_the_grid_that_is_off_is_no_problem_of_the_inverter() -> None:
    values = derive(faults.ACTIVE, dict(zip(faults.CODES, (12, 53, 0, 0), strict=True)))
    assert values["problem"] is False
    assert values["fault_grid_lost"] is True


@pytest.mark.parametrize(
    ("high", "low", "keys"),
    [
        (0, 0b1000, {"load_short"}),
        (0b1000, 0, {"load_short"}),
        (1 << 12, 1, {"battery_reversed", "over_discharge"}),
        (1 << 12, 0, {"pv_reversed"}),
        (0, 0, set()),
    ],
)
def test_a_controllers_fault_words_in_both_layouts(high: int, low: int, keys: set[str]) -> None:
    values = derive(controller_faults.ROWS, {"fault_bits_high": high, "fault_bits_low": low})
    on = {key.removeprefix("fault_") for key, value in values.items() if value is True and key != "problem"}
    assert on == keys
    assert values["problem"] is bool(keys)


def test_the_newest_fault_is_told_by_the_records_own_clocks() -> None:
    unit = inverter()
    values = read(dialect(example("single_phase"), {}), unit)
    assert values["last_fault"] == "14 Overload of the inverter, 2026-06-19 18:40:02"
    assert values["fault_records"] == 3
    assert values["fault_record_3"] == "1 Battery voltage low"
    unit.state["fault_record_1"] = unit.state["fault_record_2"] = "none"
    assert "last_fault" not in read(dialect(example("single_phase"), {}), unit)


def test_a_record_of_month_13_keeps_its_code_and_loses_its_time() -> None:
    unit = inverter()
    registers(unit, 0xF800, 58, 0x180D, 0x0101, 0x090B)
    registers(unit, 0xF810, 0x1234, 0, 0, 0)
    values = read(dialect(example("single_phase"), {}), unit)
    assert values["fault_record_1"] == "58 BMS communication lost"
    assert "fault_record_2" not in values
