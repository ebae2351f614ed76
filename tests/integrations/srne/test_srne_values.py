"""What registers mean: packed times, signs, states, faults, and what is absent instead of wrong."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from integrations.srne.srne_bench import controller, example, inverter, read, registers, settled

from gridward_kit.entity import Number, Sensor
from gridward_kit.errors import BadFrame
from gridward_kit.frames import frames_of
from gridward_kit.modbus import Register, frame
from gridward_kit.point import Value
from gridward_srne import INTEGRATION
from gridward_srne.controller import DEGREES
from gridward_srne.dialect import Srne, dialect
from gridward_srne.entities import every, rows
from gridward_srne.points import clock, clock_bytes, minutes, packed, time_of_day
from gridward_srne.series import MODELS, Shape, machine_states, slot_power

REQUESTS = {
    "01030100000445f5": (0x0100, 4),
    "01030200002045aa": (0x0200, 32),
    "01030100000f0432": (0x0100, 15),
    "010302100010447b": (0x0210, 16),
    "0103022000104474": (0x0220, 16),
    "0103e000000873cc": (0xE000, 8),
    "0103e008000a73cf": (0xE008, 10),
    "0103e204000c3276": (0xE204, 12),
    "0103f02c0004b6c0": (0xF02C, 4),
    "0103020400040470": (0x0204, 4),
    "0103f0340002b6c5": (0xF034, 2),
    "01030112000125f3": (0x0112, 1),
    "010302000028446c": (0x0200, 40),
    "0103000a0001a408": (0x000A, 1),
}


@pytest.mark.parametrize(("request_hex", "registers_read"), REQUESTS.items())
def test_requests_are_the_documents(request_hex: str, registers_read: tuple[int, int]) -> None:
    assert frame.read(1, frame.HOLDING, *registers_read).hex() == request_hex


@given(st.integers(0, 24 * 60 - 1))
def test_a_time_of_day_goes_both_ways(value: int) -> None:
    point = time_of_day(0xE026).at("", 0xE026)
    assert point.decode(point.encode(value, b"")) == value
    assert packed(value) <= 0x173B


@given(st.integers(0, 0xFFFF))
def test_what_is_no_time_of_day_is_absent(raw: int) -> None:
    value = minutes(raw)
    assert (value is None) == (raw >> 8 > 23 or raw & 0xFF > 59)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2127, 12, 31)))
def test_the_clock_goes_both_ways(when: datetime) -> None:
    point = clock(0x020C, 60).at("", 0x020C)
    text = str(when.replace(microsecond=0))
    assert point.decode(clock_bytes(when)) == text
    assert point.encode(text, b"") == clock_bytes(when)


@pytest.mark.parametrize("words", ["180d0101090b", "000000000000", "181e0b3d0000", "180b15180000"])
def test_a_clock_that_was_never_set_is_absent(words: str) -> None:
    assert clock(0x020C, 60).at("", 0x020C).decode(bytes.fromhex(words)) is None


@given(st.integers(-127, 127))
def test_a_controllers_temperature_has_a_sign_bit(degrees: int) -> None:
    row = next(row for row in rows(Shape(model="mppt")) if row.key == "battery_temperature")
    assert isinstance(row.at, Register)
    point = row.at.at("", 0x0103)
    assert point.decode(point.encode(degrees, b"\x1b\x00")) == degrees
    assert isinstance(row, Sensor)
    assert row.limits == DEGREES


STRAIGHT = dialect(example("single_phase"), {})
TURNED = dialect(example("single_phase"), {"invert_battery": True})


@settings(max_examples=30)
@given(raw=st.integers(-3000, 3000))
def test_charging_is_positive_and_the_option_turns_it(raw: int) -> None:
    unit = inverter()
    registers(unit, 0x0102, raw & 0xFFFF)
    values, turned = read(STRAIGHT, unit), read(TURNED, unit)
    assert values["battery_current"] == pytest.approx(-raw / 10)
    assert turned["battery_current"] == pytest.approx(raw / 10)
    assert values["battery_power"] == pytest.approx(-raw / 10 * 53.1, abs=0.06)


FLOWS = [
    ({}, "off_grid", -410, 410.0),
    ({}, "off_grid", 410, 410.0),
    ({}, "grid_tied", 410, -410.0),
    ({}, "grid_tied", -410, 410.0),
    ({"grid_positive": "import"}, "grid_tied", 410, 410.0),
    ({"grid_positive": "export"}, "off_grid", 410, -410.0),
    ({"absent": ["modes"]}, "off_grid", -410, 410.0),
]


@pytest.mark.parametrize(("options", "mode", "raw", "power"), FLOWS)
def test_the_sign_of_grid_power(
    options: dict[str, str | list[str]], mode: str, raw: int, power: float
) -> None:
    unit = inverter("split_phase", ("modes",) if "absent" in options else ())
    unit.state |= {"grid_work_mode": mode, "grid_flow_l1": raw, "grid_flow_l2": 0}
    values = read(dialect(example("split_phase"), options), unit)
    assert values["grid_power"] == power
    assert values["grid_power_l1"] == power


def test_of_several_legs_the_weakest_voltage_and_the_whole_power_count() -> None:
    unit = inverter("three_phase")
    unit.state |= {"output_voltage_l3": 0.0, "output_power_l2": 1000}
    values = read(dialect(example("three_phase"), {}), unit)
    assert values["output_voltage"] == 0
    assert values["output_power"] == 355 + 1000 + 355


def test_a_missing_sensor_is_absent_and_not_120_degrees() -> None:
    unit = inverter()
    registers(unit, 0x0223, 1200)
    registers(unit, 0x0103, 0)
    values = read(dialect(example("single_phase"), {}), unit)
    assert "ambient_temperature" not in values
    assert "battery_temperature" not in values


@pytest.mark.parametrize(
    ("states", "raw", "mode"),
    [
        ("eleven", 4, "line"),
        ("eleven", 5, "battery"),
        ("eleven", 10, "fault"),
        ("four", 2, "line"),
        ("four", 3, "battery"),
        ("four", 9, "unknown"),
        ("eleven", 77, "unknown"),
    ],
)
def test_a_state_means_what_its_series_says(states: str, raw: int, mode: str) -> None:
    unit = inverter()
    registers(unit, 0x0210, raw)
    assert read(dialect(example("single_phase"), {"machine_states": states}), unit)["mode"] == mode


@given(st.integers(4, 11))
def test_a_state_above_three_is_one_of_eleven(state: int) -> None:
    assert machine_states("split_phase", {0x0210: state, 0x0216: 1200}) == "eleven"


@pytest.mark.parametrize(
    ("volts", "nominal", "raw"), [(57.6, 48, 144), (28.8, 24, 144), (14.4, 12, 144), (55.2, 48, 138)]
)
def test_thresholds_are_stored_for_12_volts(volts: float, nominal: int, raw: int) -> None:
    language = dialect(example("single_phase"), {"nominal_voltage": nominal})
    row = next(row for row in language.entities if row.key == "battery_float_voltage")
    requests = language.write(row, row.accept(volts), datetime(2026, 1, 1))
    assert requests[0][:6] == bytes((1, 6, 0xE0, 0x09, raw >> 8, raw & 0xFF))


@pytest.mark.parametrize("nominal", [12, 24, 36, 48])
def test_bounds_follow_the_nominal_voltage(nominal: int) -> None:
    row = next(row for row in rows(Shape(nominal=nominal)) if row.key == "battery_over_voltage")
    assert isinstance(row, Number)
    assert (row.low, row.high) == pytest.approx((9 * nominal / 12, 15.5 * nominal / 12))
    for outside in (row.low - row.step, row.high + row.step, row.low + row.step / 2):
        with pytest.raises(ValueError, match=r"is not"):
            row.accept(round(outside, 6))


def test_the_low_word_of_a_total_comes_first_and_the_controllers_last() -> None:
    unit = inverter()
    registers(unit, 0xF034, 0x5678, 0x1234)
    assert settled(dialect(example("single_phase"), {}), unit)["battery_charge"] == 0x12345678
    small = controller()
    registers(small, 0x0118, 0x0001, 0x0002)
    assert settled(dialect(example("mppt"), {}), small)["battery_charge"] == 0x10002


def test_a_total_that_is_zero_or_falls_is_absent() -> None:
    unit, language = inverter(), dialect(example("single_phase"), {})
    before = settled(language, unit)
    assert before["pv_energy"] == 2204.7
    unit.state["pv_energy"] = 0.0
    assert "pv_energy" not in read(language, unit, before)
    unit.state["pv_energy"] = 1700.0
    assert "pv_energy" not in read(language, unit, before)
    unit.state["pv_energy"] = 2204.8
    assert settled(language, unit)["pv_energy"] == 2204.8


def test_capacities_without_health_are_an_older_units_load() -> None:
    unit = inverter()
    registers(unit, 0x0104, 0)
    values = read(dialect(example("single_phase"), {}), unit)
    assert not {"battery_health", "battery_rated_capacity", "battery_remaining_capacity"} & values.keys()


@given(st.lists(st.integers(0, 12000), min_size=6, max_size=6))
def test_a_slots_power_is_in_watts_only_where_tens_are_impossible(powers: list[int]) -> None:
    image = {0xE047 + place: power for place, power in enumerate(powers)}
    assert slot_power(image) == int(max(powers) > 1200)


def test_a_slots_power_of_unknown_unit_is_not_shown() -> None:
    def keys(identity_unit: int, options: dict[str, int]) -> set[str]:
        language = dialect(example("single_phase", slot_power_unit=identity_unit), options)
        return {row.key for row in language.entities}

    assert "charge_slot_1_power" not in keys(0, {})
    assert "charge_slot_1_power" in keys(0, {"slot_power_unit": 10})


def test_slots_are_shown_as_times() -> None:
    unit = inverter()
    registers(unit, 0xE026, *[0x0001, 0x173B] * 3)
    values = read(dialect(example("single_phase"), {}), unit)
    assert values["charge_slots"] == "00:01-23:59, 00:01-23:59, 00:01-23:59"
    assert values["charge_slot_3_end"] == 1439


FORBIDDEN = {*range(0xE202, 0xE204), 0xDF02, *range(0xDF06, 0xDF08)}


@pytest.mark.parametrize("model", MODELS)
def test_passwords_are_never_read_and_resets_never_written(model: str) -> None:
    language = dialect(example(model), {})
    assert isinstance(language, Srne)
    for query in language.queries:
        start, _, count = query.name.partition(":")[2].partition("+")
        assert not FORBIDDEN & set(range(int(start, 16), int(start, 16) + int(count))), query.name
    for row in every():
        assert not (isinstance(row.at, Register) and FORBIDDEN & set(range(row.at.first, row.at.end))), (
            row.key
        )


def test_regulatory_settings_are_only_shown() -> None:
    grid = [row for row in every() if isinstance(row.at, Register) and 0xE400 <= row.at.address <= 0xE447]
    assert len(grid) > 60
    assert all(row.setting is None for row in grid)


def test_the_frames_of_the_documents_are_all_there() -> None:
    captured = {captured.request for captured in frames_of("srne")}
    assert captured > set(REQUESTS) - {"01030100000445f5", "01030200002045aa"}
    assert len(frames_of("srne")) == 29


def test_an_impossible_state_of_charge_is_dropped() -> None:
    unit = inverter()
    registers(unit, 0x0100, 255)
    values: dict[str, Value] = read(dialect(example("single_phase"), {}), unit)
    assert "battery_soc" not in values
    assert INTEGRATION.kind == "inverter"


@pytest.mark.parametrize(
    "content",
    ["020306003702130fff", "010406003702130fff", "01030400370213", "0103080037021300000000", "0306000700"],
    ids=["another unit", "another function", "too short", "too long", "no answer at all"],
)
def test_a_right_checksum_does_not_make_an_answer(content: str) -> None:
    language = dialect(example("single_phase"), {})
    request = frame.read(1, frame.HOLDING, 0x0100, 3)
    with pytest.raises(BadFrame):
        language.cut(request, frame.sealed(bytes.fromhex(content)), quiet=True)
