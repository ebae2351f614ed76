"""What a person reads: figures, ages, sentences, energies, cells. Pure."""

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward.page import figures, sentences
from gridward.page.cells import cells
from gridward.page.choices import CONTROLS, Control, question
from gridward.page.energies import shares
from gridward.page.settings import offered, wish
from gridward_kit.kept import Json

HOUSE = ZoneInfo("Europe/Bratislava")


@pytest.mark.parametrize(
    ("watts", "text"),
    [
        (0, "0 W"),
        (-0.4, "0 W"),
        (7.4, "7 W"),
        (640.2, "640 W"),
        (999.4, "999 W"),
        (999.6, "1.00 kW"),
        (1236, "1.24 kW"),
        (9996, "10.0 kW"),
        (12_345, "12.3 kW"),
        (123_456, "123 kW"),
        (-1860, "\u22121.86 kW"),
        (None, "\u2013"),
    ],
)
def test_power_has_three_digits_and_its_unit(watts: float | None, text: str) -> None:
    assert figures.power(watts).replace("\u00a0", " ") == text


@given(st.floats(-9.9e5, 9.9e5))
def test_power_reads_back_within_half_a_percent(watts: float) -> None:
    number, unit = figures.power(watts).replace("\u2212", "-").split("\u00a0")
    read = float(number) * {"W": 1, "kW": 1000}[unit]
    assert math.isclose(read, watts, rel_tol=0.0051, abs_tol=0.51)
    assert len(number.lstrip("-").replace(".", "").lstrip("0")) <= 3


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (3599.6, "1 h"),
        (33_600, "9 h 20 min"),
        (187_200, "2 d 4 h"),
    ],
)
def test_a_span_is_told_in_two_units(seconds: float, text: str) -> None:
    assert figures.span(seconds).replace("\u00a0", " ") == text


def test_a_battery_is_full_or_empty_only_when_it_is() -> None:
    assert [figures.percent(share).replace("\u00a0", " ") for share in (99.7, 100, 0.3, 0, None)] == [
        "99 %",
        "100 %",
        "1 %",
        "0 %",
        "\u2013",
    ]


@pytest.mark.parametrize(
    ("value", "entity", "text"),
    [
        (None, {"unit": "V"}, "\u2013"),
        (52.94, {"unit": "V", "precision": 1}, "52.9 V"),
        *((52.94, {"unit": "V", "precision": absurd}, "52.94 V") for absurd in (-1, 10**9, True, "2")),
        (-0.04, {"unit": "A", "precision": 1}, "0.0 A"),
        (-12.34, {"unit": "A", "precision": 1}, "\u221212.3 A"),
        (True, {"device_class": "problem"}, "Problem"),
        (False, {"device_class": "connectivity"}, "Disconnected"),
        (True, {}, "On"),
        ("only_solar", {"options": ["only_solar"]}, "only solar"),
        ("VM_III", {}, "VM_III"),
    ],
)
def test_a_reading_is_shown_as_its_entity_says(
    value: float | bool | str | None, entity: dict[str, Json], text: str
) -> None:
    assert figures.reading(value, entity).replace("\u00a0", " ") == text


@given(st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)))
def test_midnight_is_the_beginning_of_the_local_day(moment: datetime) -> None:
    begin = datetime.fromtimestamp(figures.midnight(moment.timestamp(), HOUSE), HOUSE)
    local = moment.astimezone(HOUSE)
    assert (begin.hour, begin.minute, begin.date()) == (0, 0, local.date())
    assert timedelta(0) <= moment - begin < timedelta(hours=25)


ENERGY = st.none() | st.floats(0, 1e6)


@given(st.fixed_dictionaries({"sun": ENERGY, "battery": ENERGY, "grid": ENERGY}))
def test_the_shares_of_the_house_are_a_whole(energies: dict[str, float | None]) -> None:
    found = shares(energies)
    assert bool(found) is (sum(value or 0.0 for value in energies.values()) > 0)
    assert not found or sum(found.values()) == pytest.approx(1)
    assert all(found[name] == 0 or energies[name] for name in found)


def test_the_battery_is_told_in_words() -> None:
    told = [sentences.battery(*item) for item in ((1240, None), (-640, 9.34), (2, 5.0), (None, 3.0))]
    assert [item.replace("\u00a0", " ") for item in told] == [
        "Charging with 1.24 kW",
        "9 h 20 min to reserve at this load",
        "Resting",
        "No reading of the battery's power",
    ]


def test_wide_cells_warn() -> None:
    narrow, wide = sentences.spread(0.012), sentences.spread(0.061)
    assert narrow is not None
    assert wide is not None
    assert (narrow.tone, wide.tone, sentences.spread(None)) == ("good", "warning", None)


def test_without_the_rules_a_lost_device_is_the_sentence() -> None:
    lost = [sentences.away("BMS", 40)]
    assert sentences.top(None, lost, (None, None), rules=True).text.replace("\u00a0", " ") == (
        "No answer from BMS for 40 s. The rules do not answer."
    )
    assert sentences.top("All is well.", lost, (1.0, 1.0), rules=True).tone == "fault"
    assert sentences.top("All is well.", [], (1.0, 1.0), rules=True).tone == "calm"
    assert sentences.top(None, [], (640.0, None), rules=True).tone == "warning"


def test_a_site_without_rules_does_not_miss_them() -> None:
    said = sentences.top(None, [], (640.0, 300.0), rules=False)
    words = "The sun gives 640 W and the house draws 300 W."
    assert (said.text.replace("\u00a0", " "), said.tone) == (words, "calm")
    away = sentences.top(None, [sentences.away("BMS", 40)], (None, None), rules=False)
    assert (away.text.replace("\u00a0", " "), away.tone) == ("No answer from BMS for 40 s.", "fault")


def test_a_store_that_takes_nothing_is_told_with_the_way_out() -> None:
    told = sentences.unrecorded("the disk is full", "free some disk")
    assert told == "Nothing is recorded: the disk is full. Way out: free some disk."
    assert sentences.unrecorded("it does not say why", "") == "Nothing is recorded: it does not say why."


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.key)
def test_what_asks_on_the_controls_asks_among_the_entities_too(control: Control) -> None:
    for option, choice in control.choices.items():
        assert question(control.role, control.key, option) == choice.asks
    assert question("meter", control.key, "connected") is None


@pytest.mark.parametrize(
    ("status", "value", "reason", "text", "tone"),
    [
        ("accepted", None, "", "Accepted, waiting for the value to be read back", "asked"),
        ("confirmed", "SUB", "", "Confirmed, 2 s", "good"),
        ("unchanged", "SUB", "", "It stands so already", "good"),
        (
            "refused",
            "SBU",
            "inverter says no in this mode",
            "Refused: inverter says no in this mode",
            "fault",
        ),
        ("failed", "SBU", "no answer.", "Failed: no answer. It stands at SBU.", "fault"),
        ("failed", None, "", "Failed: no reason given.", "fault"),
    ],
)
def test_every_answer_to_a_press_has_words(
    status: str, value: str | None, reason: str, text: str, tone: str
) -> None:
    said = sentences.outcome(status, value, reason, 2.2)
    assert (said.text.replace("\u00a0", " "), said.tone) == (text, tone)


def test_what_moves_power_asks_before_it_goes_out() -> None:
    asking = {
        (control.key, option)
        for control in CONTROLS
        for option, choice in control.choices.items()
        if choice.asks
    }
    assert asking == {
        ("grid_override", "connected"),
        ("grid_override", "islanded"),
        ("mode", "on"),
        *(("output_source_priority", option) for option in ("USB", "SUB", "SBU")),
    }


def test_cells_name_highest_lowest_and_steps() -> None:
    found = cells({"cell_1_voltage": 3.31, "cell_2_voltage": 3.33, "cell_4_voltage": 3.30, "soc": 71.0})
    assert found is not None
    assert (found.highest.number, found.lowest.number) == (2, 4)
    assert [cell.step for cell in found.cells] == [None, pytest.approx(0.02), None]
    assert [cell.mark for cell in found.cells] == ["", "highest", "lowest"]
    assert found.spread == pytest.approx(0.03)


def test_equal_cells_are_neither_highest_nor_lowest() -> None:
    found = cells({"cell_1_voltage": 3.3, "cell_2_voltage": 3.3})
    assert found is not None
    assert {cell.mark for cell in found.cells} == {""}
    assert cells({"soc": 50.0}) is None


@given(st.dictionaries(st.integers(1, 48), st.floats(0, 5), min_size=1))
def test_every_cell_and_both_limits_lie_on_the_scale(volts: dict[int, float]) -> None:
    found = cells({f"cell_{number}_voltage": value for number, value in volts.items()})
    assert found is not None
    assert all(0 <= place <= 1 for place in (found.low, found.high, *(cell.place for cell in found.cells)))
    assert [cell.number for cell in found.cells] == sorted(volts)


def test_a_field_sends_what_it_shows() -> None:
    assert wish({"component": "number"}, " 53,5 ") == 53.5
    assert wish({"component": "switch"}, "off") is False
    assert wish({"component": "select"}, "SBU") == "SBU"
    assert wish({"component": "button"}, "") == "PRESS"
    assert offered({"component": "number", "only": [10.0, 20.0]}) == ["10", "20"]
    assert offered({"component": "switch"}) == ["on", "off"]
    assert offered({"component": "number", "low": 40, "high": 48}) == []
    with pytest.raises(ValueError, match="nothing is not a number"):
        wish({"component": "number"}, " ")


@pytest.mark.parametrize(
    "row",
    [
        {"component": "switch"},
        {"component": "select", "options": ["SBU"]},
        {"component": "number", "only": [10]},
    ],
)
def test_a_field_in_which_nothing_was_chosen_sends_nothing(row: dict[str, Json]) -> None:
    with pytest.raises(ValueError, match="nothing is chosen"):
        wish(row, "")
