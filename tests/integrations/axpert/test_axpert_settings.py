"""What is set on an Axpert goes out as the maker's command, inside its bounds, and is read back."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward_axpert.entities import dialect, every, of_unit, queries
from gridward_axpert.protocol import Pi30, frame
from gridward_axpert.simulator import AxpertSimulator
from gridward_axpert.templates import MODELS
from gridward_axpert.unit import Unit, learn
from gridward_kit.entity import Button, Entity, Number, Select, Switch
from gridward_kit.errors import Refused
from gridward_kit.integration import Identity
from gridward_kit.point import Value

NOW = datetime(2026, 11, 21, 6, 30, 5, tzinfo=UTC)
NEVER = re.compile(rb"(PF|ATE|RTEY|RTDL|BTA|PSAVE)")


def language(model: str) -> Pi30:
    unit = AxpertSimulator({"model": model}).unit
    return Pi30(of_unit(unit), queries(unit))


def row(spoken: Pi30, key: str) -> Entity:
    return next(item for item in spoken.entities if item.key == key)


def settable(model: str) -> list[Entity]:
    return [item for item in language(model).entities if item.setting is not None]


def inside(item: Entity) -> list[Value]:
    """The bounds, what is next to them, and every option."""
    match item:
        case Number(only=only) if only:
            return list(only)
        case Number():
            near = [item.low, item.low + item.step, item.high - item.step, item.high]
            return [round(value, 6) for value in near]
        case Select():
            return list(item.options)
        case Switch():
            return [True, False]
        case _:
            return []


def outside(item: Entity) -> list[Value]:
    match item:
        case Number(only=only) if only:
            return [max(only) + 1, -1, "much", float("nan"), float("inf")]
        case Number():
            return [
                item.low - item.step,
                item.high + item.step,
                item.low + item.step / 2,
                "much",
                float("nan"),
            ]
        case Select():
            return [*item.shown, "no such option"]
        case _:
            return ["maybe"]


def put(simulator: AxpertSimulator, spoken: Pi30, item: Entity, value: Value) -> Value | None:
    """Write a value, trying the candidates as the bus does, and read it back."""
    for request in spoken.write(item, value, NOW):
        try:
            spoken.acknowledge(request, simulator.receive(request, 0.0)[0])
        except Refused:
            continue
        break
    else:
        raise Refused("every candidate")
    assert item.at is not None
    answer = simulator.receive(spoken.request(item.at.query), 0.0)[0]
    return item.at.decode(spoken.payload(item.at.query, answer))


CASES = [(model, item.key) for model in MODELS for item in settable(model) if not isinstance(item, Button)]


@pytest.mark.parametrize(("model", "key"), CASES)
def test_every_value_inside_the_bounds_is_set_and_read_back(model: str, key: str) -> None:
    spoken = language(model)
    item = row(spoken, key)
    assert inside(item)
    for value in inside(item):
        simulator = AxpertSimulator({"model": model})
        assert put(simulator, spoken, item, value) == pytest.approx(value)
        assert simulator.state[key] == pytest.approx(value)


@pytest.mark.parametrize(("model", "key"), CASES)
def test_no_value_outside_the_bounds_comes_to_the_wire(model: str, key: str) -> None:
    spoken = language(model)
    item = row(spoken, key)
    for value in outside(item):
        with pytest.raises(ValueError, match=r"."):
            spoken.write(item, value, NOW)


@given(st.sampled_from(CASES), st.one_of(st.floats(), st.integers(), st.text(max_size=8), st.booleans()))
def test_any_wish_is_refused_or_a_known_value(case: tuple[str, str], value: Value) -> None:
    spoken = language(case[0])
    item = row(spoken, case[1])
    try:
        frames = spoken.write(item, value, NOW)
    except ValueError:
        return
    accepted = item.accept(value)
    assert accepted in inside(item) or (
        isinstance(item, Number) and not item.only and item.low <= float(accepted) <= item.high
    )
    assert not any(NEVER.match(request) for request in frames)


def test_nothing_that_resets_or_tests_the_unit_is_in_the_table() -> None:
    for model in MODELS:
        spoken = language(model)
        for item in settable(model):
            for value in inside(item):
                assert not any(NEVER.match(request) for request in spoken.write(item, value, NOW))


@pytest.mark.parametrize(
    ("key", "value", "command"),
    [
        ("output_source_priority", "USB", "POP00"),
        ("output_source_priority", "SUB", "POP01"),
        ("output_source_priority", "SBU", "POP02"),
        ("charger_source_priority", "only_solar", "PCP03"),
        ("input_range", "ups", "PGR01"),
        ("battery_type", "user", "PBT02"),
        ("battery_recharge_voltage", 46, "PBCV46.0"),
        ("battery_redischarge_voltage", 52, "PBDV52.0"),
        ("battery_redischarge_voltage", 0, "PBDV00.0"),
        ("battery_under_voltage", 44, "PSDV44.0"),
        ("battery_bulk_voltage", 56.4, "PCVV56.4"),
        ("battery_bulk_voltage", 57, "PCVV57.0"),
        ("battery_float_voltage", 54, "PBFT54.0"),
        ("max_charging_current", 40, "MNCHGC0040"),
        ("max_utility_charging_current", 20, "MUCHGC020"),
        ("output_rating_frequency", 50, "F50"),
        ("equalisation_enabled", True, "PBEQE1"),
        ("buzzer", True, "PEa"),
        ("buzzer", "OFF", "PDa"),
        ("pv_ok_condition", "any_unit", "PPVOKC0"),
        ("pv_power_balance", "charging_and_load", "PSPB1"),
        ("equalisation_voltage", 58.4, "PBEQV58.40"),
        ("max_cv_time", 15, "PCVT015"),
    ],
)
def test_a_setting_goes_out_as_the_makers_command(key: str, value: Value, command: str) -> None:
    spoken = language("vm-iii")
    assert spoken.write(row(spoken, key), value, NOW)[0] == frame(command)


def test_a_charging_current_is_tried_in_each_known_form() -> None:
    spoken = language("vm-iii")
    sent = spoken.write(row(spoken, "max_charging_current"), 10, NOW)
    assert sent[:3] == (frame("MNCHGC0010"), frame("MNCHGC010"), frame("MCHGC010"))


@pytest.mark.parametrize("model", ["hs-5k", "max-8k"])
def test_three_digits_above_99_a_never_name_another_unit(model: str) -> None:
    simulator = AxpertSimulator({"model": model})
    unit = learn({**{query: text.encode() for query, text in MODELS[model].items()}, "QMCHGCR": b"010 140"})
    spoken = Pi30(of_unit(unit), queries(unit))
    for request in spoken.write(row(spoken, "max_charging_current"), 140, NOW):
        assert not request.startswith(b"MCHGC1")
    assert simulator.state["max_charging_current"] != 140


def test_a_crc_with_a_zero_byte_is_tried_as_it_is_and_then_raised() -> None:
    spoken = language("vm-iii-24v")
    sent = spoken.write(row(spoken, "battery_bulk_voltage"), 27.6, NOW)
    assert sent[0] == frame("PCVV27.6")
    assert 0 in sent[0]
    assert 0 not in sent[1]
    assert 1 in sent[1]


def test_the_clock_is_set_to_the_time_handed_in() -> None:
    simulator = AxpertSimulator({})
    spoken = language("vm-iii")
    request = spoken.write(row(spoken, "set_clock"), "PRESS", NOW)[0]
    assert request == frame("DAT261121063005")
    spoken.acknowledge(request, simulator.receive(request, 0.0)[0])
    assert simulator.state["clock"] == "2026-11-21T06:30:05"


@pytest.mark.parametrize(
    ("nominal", "recharge", "redischarge", "bulk"),
    [
        (
            12.0,
            (11, 11.3, 11.5, 11.8, 12, 12.3, 12.5, 12.8),
            (0, 12, 12.3, 12.5, 12.8, 13, 13.3, 13.5, 13.8, 14, 14.3, 14.5),
            14.6,
        ),
        (24.0, (22, 22.5, 23, 23.5, 24, 24.5, 25, 25.5), (0, *(24 + step / 2 for step in range(11))), 29.2),
        (48.0, tuple(range(44, 52)), (0, *range(48, 59)), 58.4),
    ],
)
def test_voltages_are_the_makers_lists_for_the_battery(
    nominal: float, recharge: tuple[float, ...], redischarge: tuple[float, ...], bulk: float
) -> None:
    unit = Unit(variant="ks", nominal=nominal, queries=("QPIRI",))
    rows = {item.key: item for item in of_unit(unit) if isinstance(item, Number)}
    assert rows["battery_recharge_voltage"].only == recharge
    assert rows["battery_redischarge_voltage"].only == redischarge
    assert (rows["battery_bulk_voltage"].low, rows["battery_bulk_voltage"].high) == (nominal, bulk)


def test_the_bounds_of_the_fourth_generation_are_its_own() -> None:
    def bounds(key: str, variant: str, nominal: float) -> tuple[float, float]:
        queries = ("QPIRI", "QBEQI")
        unit = Unit(variant=variant, nominal=nominal, queries=queries)
        item = next(item for item in of_unit(unit) if item.key == key)
        assert isinstance(item, Number)
        return item.low, item.high

    assert bounds("battery_under_voltage", "ks", 48) == (40, 48)
    assert bounds("battery_under_voltage", "gk", 48) == (42, 48)
    assert bounds("battery_under_voltage", "gk", 24) == (21, 24)
    assert bounds("equalisation_voltage", "gk", 48) == (48, 61)
    assert bounds("equalisation_voltage", "gk", 24) == (24, 31.5)


@pytest.mark.parametrize(
    ("variant", "volts", "split"), [("max", 230.0, False), ("max", 120.0, True), ("ks", 230.0, False)]
)
def test_split_phase_is_offered_on_low_line_only(variant: str, volts: float, split: bool) -> None:
    unit = Unit(variant=variant, nominal=48.0, output_voltage=volts, queries=("QPIRI",))
    item = next(item for item in of_unit(unit) if item.key == "output_mode")
    assert isinstance(item, Select)
    assert ("phase_1_of_2" in item.options) is split
    assert "phase_1_of_2" in item.options + item.shown, "what stands is shown all the same"


def test_currents_that_are_not_listed_go_in_tens_up_to_the_rating() -> None:
    unit = Unit(variant="ks", nominal=48.0, rated_power=4000, queries=("QPIRI",))
    item = next(item for item in of_unit(unit) if item.key == "max_charging_current")
    assert isinstance(item, Number)
    assert item.only == (10, 20, 30, 40, 50, 60, 70, 80)


@pytest.mark.parametrize(
    ("model", "there"), [("vm-iii", False), ("max-8k", False), ("ks-5k", True), ("hs-5k", True)]
)
def test_utility_first_charging_is_offered_where_the_unit_takes_it(model: str, there: bool) -> None:
    item = row(language(model), "charger_source_priority")
    assert isinstance(item, Select)
    assert ("utility_first" in item.options) is there
    assert "utility_first" in item.options + item.shown


def test_the_low_line_units_have_the_low_line_voltages() -> None:
    unit = Unit(variant="gk", nominal=48.0, output_voltage=120.0, queries=("QPIRI",))
    item = next(item for item in of_unit(unit) if item.key == "output_rating_voltage")
    assert isinstance(item, Number)
    assert item.only == (110, 120, 127)


def test_what_is_dangerous_is_expert_and_off() -> None:
    expert = {item.key for item in every() if item.expert}
    assert {
        "battery_type",
        "battery_under_voltage",
        "output_mode",
        "overload_bypass",
        "equalisation_voltage",
    } <= expert
    assert all(not item.enabled for item in every() if item.expert)


def test_a_setting_that_is_only_read_cannot_be_written() -> None:
    spoken = language("vm-iii")
    with pytest.raises(ValueError, match="cannot be set"):
        spoken.write(row(spoken, "grid_voltage"), 230, NOW)


def test_a_revos_settings_are_only_shown() -> None:
    identity = Identity(model="Revo", protocol="PI30", facts=AxpertSimulator({"model": "revo"}).unit.facts())
    assert not [item for item in dialect(identity, {}).entities if item.setting]
