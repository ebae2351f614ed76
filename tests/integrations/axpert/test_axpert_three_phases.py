"""PI17: three phases, the unit's own signs, and readings that contradict each other."""

from datetime import UTC, datetime

import pytest

from gridward_axpert.caret import Caret
from gridward_axpert.models import decode, every, simulated
from gridward_axpert.pi17 import PI17
from gridward_axpert.protocol import bumped, crc
from gridward_axpert.unit import Unit
from gridward_kit.entity import Number, derive, readings
from gridward_kit.point import Value

NOW = datetime(2026, 11, 21, 6, 30, 5, tzinfo=UTC)
EXPORT = "00263,00381,,-00855,-03141,-03156,-07152,0000,0000,0000,00000,0193,0147,0195,00535,003,1,1,1,2,2,1"
MAINS = "2389,2427,2459,5002,0012,0014,0013,2378,2434,2455,5001,,,,029,041,000,0"
PHASES = {"grid_power", "grid_power_l1", "grid_power_l2", "grid_power_l3"}


def answer(text: str) -> bytes:
    body = f"^D{len(text) + 3:03d}{text}".encode("ascii")
    return body + bumped(crc(body)) + b"\r"


def values(query: str, text: str, unit: Unit | None = None) -> dict[str, Value]:
    payload = PI17.payload(query, answer(text))
    rows = PI17.fitted(query, unit or PI17.learn({query: payload}))
    return readings(rows, query, payload).values


def doubted(text: str, before: dict[str, Value] | None = None, query: str = "PS") -> frozenset[str]:
    return Caret(PI17).doubt(values(query, text), before or {})


def test_export_is_negative_and_import_positive() -> None:
    found = decode("pi17", "PS", answer(EXPORT))
    assert (found["grid_power"], found["grid_power_l1"]) == (-7152, -855)
    assert doubted(EXPORT) == frozenset()


@pytest.mark.parametrize(
    ("was", "sent"),
    [("-00855", "00855"), ("-07152", "+07937"), ("-03141", "+03141")],
    ids=["a phase without its sign", "the total of a 15 kW unit over 10 kW", "another phase"],
)
def test_phases_that_do_not_sum_up_are_absent(was: str, sent: str) -> None:
    text = EXPORT.replace(was, sent)
    assert doubted(text) == PHASES
    kept = set(values("PS", text)) - PHASES
    assert {"pv_power", "output_power", "output_apparent_power", "load_on"} <= kept


def test_a_battery_current_carries_its_own_sign() -> None:
    text = f"3620,3710,0345,0351,0524,086,{{}},{MAINS}"
    charging, discharging = (values("GS", text.format(sent)) for sent in ("+00110", "-00345"))
    assert (charging["battery_current"], charging["battery_power"]) == (11.0, 576.4)
    assert (discharging["battery_current"], discharging["battery_power"]) == (-34.5, -1807.8)


@pytest.mark.parametrize(
    ("amperes", "watts", "believed"),
    [("0345", 1249, True), ("0034", 1249, False), ("3450", 1249, False), ("0034", 90, True)],
)
def test_a_pv_current_that_pv_power_contradicts_is_absent(amperes: str, watts: int, believed: bool) -> None:
    text = f"3620,3710,{amperes},0351,0524,086,+00000,{MAINS}"
    found = doubted(text, {"pv_power": watts, "pv2_power": 1302}, "GS")
    assert found == (frozenset() if believed else {"pv_current"})


def test_an_empty_field_is_absent_and_never_zero() -> None:
    found = decode("pi17", "PS", answer(EXPORT))
    assert "battery_power_sent" not in found
    assert values("PS", EXPORT.replace(",,", ",+01200,", 1))["battery_power_sent"] == 1200


@pytest.mark.parametrize(
    ("flags", "mode", "problem", "words"),
    [
        ("0" * 22, "line", False, "none"),
        ("11" + "0" * 20, "line", False, "PV loss, PV2 loss"),
        ("0" * 14 + "1" + "0" * 7, "battery", False, "Line fail"),
        ("0" * 19 + "100", "line", True, "Overload"),
        ("0" * 22, "fault", True, "none"),
        ("0" * 23 + "1", "line", True, "Rapid shutdown"),
    ],
)
def test_a_problem_is_a_warning_that_is_not_usual_or_the_fault_mode(
    flags: str, mode: str, problem: bool, words: str
) -> None:
    payload = PI17.payload("WS", answer(",".join(flags) + ","))
    rows = PI17.fitted("WS", PI17.learn({"WS": payload}))
    found = readings(rows, "WS", payload).values
    found |= derive(rows, {**found, "mode": mode})
    assert (found["problem"], found["warnings"]) == (problem, words)
    assert ("alarm_rapid_shutdown" in found) is (len(flags) == 24)


def test_both_generations_of_battery_settings_are_read() -> None:
    first = "2000,0584,0576,0000,000,0576,0460,0510,0460,0510,1,,,1,0540,000,2000,0250"
    assert "eps_enabled" not in values("BATS", first)
    eps = values("BATS", first + ",1,0440,0480")
    assert (eps["eps_enabled"], eps["eps_cut_off_voltage"], eps["eps_reconnect_voltage"]) == (
        True,
        44.0,
        48.0,
    )
    later = values("BATS", first + ",010,020,020,080,0")
    assert (later["battery_under_level"], later["battery_redischarge_level"]) == (10, 80)
    assert "eps_enabled" not in later
    assert {*eps, *later} <= {row.key for row in every()}


def test_currents_are_bounded_by_the_rating() -> None:
    simulator = simulated({"model": "infini-10k"})
    rows = {row.key: row for row in PI17.of_unit(simulator.unit)}
    for key in ("max_charging_current", "max_utility_charging_current"):
        row = rows[key]
        assert isinstance(row, Number)
        assert (row.low, row.high) == (1, 208)
    limit = rows["grid_feed_limit"]
    assert isinstance(limit, Number)
    assert limit.high == 10000
    assert limit.expert


def test_two_windows_of_a_later_unit_go_out_together() -> None:
    unit = Unit(variant="pi17", queries=("ACCT",), counts={"ACCT": 4})
    language = Caret(PI17, PI17.of_unit(unit), PI17.queries(unit))
    found = values("ACCT", "2200,0259,1300,1459", unit)
    assert found == {
        "grid_charging_start": 1320,
        "grid_charging_end": 179,
        "grid_charging_start_2": 780,
        "grid_charging_end_2": 899,
    }
    language.payload("ACCT", answer("2200,0259,1300,1459"))
    row = next(row for row in language.entities if row.key == "grid_charging_end_2")
    assert language.write(row, 930, NOW)[0] == PI17.setters("ACCT2200,0259,1300,1530")[0]


def test_a_mute_flag_is_a_buzzer_that_is_off() -> None:
    assert values("FLAG", "1,0,1,0,1")["buzzer"] is False
    rows = {row.key: row for row in PI17.fitted("FLAG", Unit(counts={"FLAG": 5}))}
    setting = rows["buzzer"].setting
    assert setting is not None
    assert (setting.write(True), setting.write(False)) == (("PDA",), ("PEA",))
    assert PI17.fitted("FLAG", Unit(counts={"FLAG": 23})) == (), "their order is not known"
