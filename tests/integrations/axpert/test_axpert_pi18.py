"""PI18: what its numbers mean in PI30's words, and how doubtful facts were decided."""

from datetime import UTC, datetime

import pytest

from gridward_axpert import settings as pi30
from gridward_axpert.caret import Caret
from gridward_axpert.models import decode, simulated
from gridward_axpert.pi18 import PI18, settings
from gridward_axpert.pi18.templates import INFINI_V
from gridward_axpert.protocol import bumped, crc
from gridward_axpert.unit import Unit
from gridward_kit.entity import Number, Select, readings
from gridward_kit.point import Value

NOW = datetime(2026, 11, 21, 6, 30, 5, tzinfo=UTC)
LIVE = INFINI_V["GS"].split(",")


def answer(text: str) -> bytes:
    body = f"^D{len(text) + 3:03d}{text}".encode("ascii")
    return body + bumped(crc(body)) + b"\r"


def live(**cells: str) -> dict[str, Value]:
    """GS of the captured unit with some fields changed: `f7="999"`."""
    texts = list(LIVE)
    for name, cell in cells.items():
        texts[int(name[1:])] = cell
    return decode("pi18", "GS", answer(",".join(texts)))


def test_battery_current_is_positive_while_charging() -> None:
    assert (live()["battery_current"], live()["battery_power"], live()["charging"]) == (10, 549.0, True)
    found = live(f10="022", f11="000", f24="2")
    assert (found["battery_current"], found["battery_power"], found["charging"]) == (-22, -1207.8, False)


@pytest.mark.parametrize(
    ("field", "cell", "gone"),
    [
        ("f1", "999", {"grid_frequency"}),
        ("f7", "712", {"battery_voltage", "battery_power"}),
        ("f12", "120", {"battery_soc"}),
        ("f13", "200", {"heat_sink_temperature"}),
        ("f18", "9000", {"pv_voltage"}),
    ],
)
def test_what_cannot_be_true_is_absent(field: str, cell: str, gone: set[str]) -> None:
    assert set(live()) - set(live(**{field: cell})) == gone


@pytest.mark.parametrize(("nominal", "volts"), [("240", "274"), ("120", "137")])
def test_limits_and_lists_follow_the_nominal_voltage(nominal: str, volts: str) -> None:
    texts = INFINI_V["PIRI"].split(",")
    texts[7] = nominal
    ratings = ",".join(texts).replace(",", " ").encode()
    unit = PI18.learn({"PIRI": ratings, "GS": ",".join(LIVE).replace(",", " ").encode()})
    factor = int(nominal) / 480
    text = ",".join([*LIVE[:7], volts, *LIVE[8:]])
    found = readings(PI18.fitted("GS", unit), "GS", PI18.payload("GS", answer(text))).values
    assert found["battery_voltage"] == int(volts) / 10
    rows = {row.key: row for row in PI18.fitted("PIRI", unit)}
    recharge, bulk = rows["battery_recharge_voltage"], rows["battery_bulk_voltage"]
    assert isinstance(recharge, Number)
    assert isinstance(bulk, Number)
    assert recharge.only == tuple(round(one * factor + 1e-6, 1) for one in range(44, 52))
    assert (bulk.low, bulk.high) == (48 * factor, round(58.4 * factor, 1))


@pytest.mark.parametrize("code", range(6))
def test_every_mode_has_pi30s_word(code: int) -> None:
    words = ["power_on", "standby", "bypass", "battery", "fault", "line"]
    assert decode("pi18", "MOD", answer(f"{code:02d}")) == {"mode": words[code]}
    assert decode("pi18", "MOD", answer("09")) == {"mode": "unknown"}


@pytest.mark.parametrize(
    ("code", "flags", "problem", "warnings", "faults"),
    [
        ("00", {}, False, "none", "none"),
        ("00", {0}, False, "Line fail", "none"),
        ("00", {0, 7}, True, "Line fail, Overload", "none"),
        ("07", set(), True, "none", "Overload"),
        ("58", {1}, True, "Output short circuit", "Output voltage low"),
        ("99", set(), True, "none", "Unknown"),
        ("00", {16}, False, "none", "none"),
    ],
)
def test_a_problem_is_a_fault_code_or_a_warning_that_is_not_usual(
    code: str, flags: set[int], problem: bool, warnings: str, faults: str
) -> None:
    cells = [str(int(index in flags)) for index in range(17)]
    found = decode("pi18", "FWS", answer(",".join([code, *cells])))
    assert (found["problem"], found["warnings"], found["faults"]) == (problem, warnings, faults)


def test_priorities_have_the_same_names_and_other_numbers() -> None:
    assert set(settings.OUTPUT_SOURCES.values()) <= set(pi30.OUTPUT_SOURCES.values())
    assert set(settings.CHARGER_SOURCES.values()) <= set(pi30.CHARGER_SOURCES.values())
    simulator = simulated({"model": "infini-v"})
    language = Caret(PI18, PI18.of_unit(simulator.unit), PI18.queries(simulator.unit))
    rows = {row.key: row for row in language.entities}
    for key, option, command in (
        ("output_source_priority", "SUB", "POP0"),
        ("output_source_priority", "SBU", "POP1"),
        ("charger_source_priority", "solar_first", "PCP0,0"),
        ("charger_source_priority", "only_solar", "PCP0,2"),
        ("solar_priority", "load_battery_utility", "PSP1"),
        ("battery_type", "user", "PBT2"),
        ("machine_type", "off_grid", "PDI"),
    ):
        assert language.write(rows[key], option, NOW) == PI18.setters(command)
    with pytest.raises(ValueError, match="USB"):
        language.write(rows["output_source_priority"], "USB", NOW)


def test_lithium_types_are_shown_and_not_set() -> None:
    row = next(row for row in settings.piri(Unit()) if row.key == "battery_type")
    assert isinstance(row, Select)
    assert row.options == ("AGM", "flooded", "user")
    assert "7 other lithium" in row.shown
    assert row.expert


def test_a_unit_in_parallel_sets_its_own_values() -> None:
    simulator = simulated({"model": "sv-iv"})
    assert simulator.unit.number == 1
    rows = {row.key: row for row in PI18.of_unit(simulator.unit)}
    setting = rows["max_charging_current"].setting
    assert setting is not None
    assert setting.write(50) == ("MCHGC1,050",)


def test_dangerous_switches_take_a_second_step() -> None:
    rows = {row.key: row for row in PI18.of_unit(simulated({"model": "infini-v"}).unit)}
    for key in ("load_output", "machine_type", "output_mode", "battery_type", "battery_under_voltage"):
        assert rows[key].expert, key
        assert not rows[key].enabled, key


def test_currents_without_a_list_are_steps_up_to_the_rating() -> None:
    row = next(
        row
        for row in settings.piri(Unit(nominal=48.0, rated_power=3000))
        if row.key == "max_charging_current"
    )
    assert isinstance(row, Number)
    assert row.only == (10, 20, 30, 40, 50, 60)
