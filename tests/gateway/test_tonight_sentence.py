"""The night in one sentence, case by case, and what holds for any house."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward.planning.forecast import Place
from gridward.planning.tonight import Bank, Evening, Grid, tonight

ZONE = ZoneInfo("Europe/Bratislava")
HOME = Place(48.15, 17.11)


def moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


def evening(**changes: object) -> Evening:
    """21 November, 21:00: 60 % of 14 kWh, 550 W, nothing known of usual loads."""
    usual = Evening(
        now=moment("2026-11-21T21:00"),
        zone=ZONE,
        bank=Bank(soc=60.0, power=-590.0, voltage=52.6, capacity=14000.0, cells=16),
        load=550.0,
        usual=lambda _: None,
        sun=lambda _: None,
        reserve=14.0,
        grid=Grid(below=51.2, feeding=False),
        place=HOME,
    )
    return replace(usual, **changes)  # type: ignore[arg-type]  # names and types are the tests' own


def test_a_night_that_is_too_long_for_the_battery() -> None:
    night = tonight(evening(load=800.0))
    assert night.says == (
        "At this load the battery lasts until 04:30; sun at 07:10; the grid will join about 04:15."
    )
    assert night.empty_at == pytest.approx(moment("2026-11-21T21:00") + 0.46 * 14000 * 0.93 / 800 * 3600)


def test_a_sagging_bank_brings_the_grid_before_the_reserve() -> None:
    bank = Bank(soc=60.0, power=-860.0, voltage=16 * (3.308 - 0.03), capacity=14000.0, cells=16)
    night = tonight(evening(load=800.0, bank=bank))
    assert night.grid_at is not None
    assert night.empty_at is not None
    assert night.grid_at < night.empty_at


def test_a_night_that_the_battery_lasts() -> None:
    night = tonight(evening(load=200.0))
    assert night.says == "The battery lasts the night: about 44 % left when the sun rises at 07:10."
    assert night.empty_at is None
    assert night.grid_at is None
    assert night.sun_at == pytest.approx(moment("2026-11-22T07:07"), abs=180)


def test_the_load_is_that_of_each_hour_scaled_by_the_present() -> None:
    def usual(at: float) -> float:
        return 200.0 if datetime.fromtimestamp(at, ZONE).hour == 21 else 400.0

    plain, scaled = tonight(evening(load=200.0, usual=usual)), tonight(evening(load=400.0, usual=usual))
    assert plain.says == "The battery lasts the night: about 30 % left when the sun rises at 07:10."
    assert scaled.says == "The battery lasts the night: about 20 % left when the sun rises at 07:10."


def test_without_a_contactor_nothing_is_said_of_the_grid() -> None:
    night = tonight(evening(load=800.0, grid=Grid()))
    assert night.says == "At this load the battery lasts until 04:30; sun at 07:10."


def test_while_the_grid_carries_the_house() -> None:
    night = tonight(evening(load=800.0, grid=Grid(51.2, feeding=True)))
    assert night.says == "The grid carries the house; the battery alone would last until 04:30; sun at 07:10."


def test_no_battery_and_no_readings_are_said() -> None:
    assert tonight(evening(bank=None)).says == "This site has no battery; sun at 07:10."
    night = tonight(evening(bank=Bank(), load=None))
    assert night.says == (
        "How long the battery lasts is not known: no reading of the battery's charge, its capacity, "
        "its power, the house's load; sun at 07:10."
    )


def test_without_a_place_the_sun_is_not_known() -> None:
    night = tonight(evening(load=800.0, place=None))
    assert "lasts until 04:30; when the sun rises is not known" in night.says
    assert night.sun_at is None


def test_charging_at_noon_with_a_forecast_looks_through_to_the_next_morning() -> None:
    noon = moment("2026-06-21T12:00")
    charging = Bank(soc=80.0, power=1500.0, voltage=53.6, capacity=14000.0, cells=16)

    def sun(at: float) -> float:
        return 2200.0 if 6 <= datetime.fromtimestamp(at, ZONE).hour < 18 else 0.0

    night = tonight(evening(now=noon, bank=charging, sun=sun))
    assert night.says == (
        "The battery charges with 1.5 kW; it lasts the night: about 54 % left when the sun rises at 04:50."
    )


def test_by_day_without_a_forecast_it_says_so() -> None:
    noon = moment("2026-06-21T12:00")
    charging = Bank(soc=80.0, power=900.0, voltage=53.6, capacity=14000.0, cells=16)
    night = tonight(evening(now=noon, bank=charging))
    assert night.says == (
        "The battery charges with 900 W; how long it lasts cannot be said by day, as nothing tells yet "
        "what the sun will give."
    )
    assert night.empty_at is None


def test_a_battery_at_its_reserve() -> None:
    night = tonight(evening(bank=Bank(14.0, -600.0, 51.0, 14000.0, 16)))
    assert night.says == "The battery is down to its reserve; sun at 07:10; the grid will join any minute."


@pytest.mark.parametrize(
    ("day", "words"),
    [("2026-12-21T12:00", "the sun does not rise tomorrow"), ("2026-06-21T23:00", "the sun does not set")],
)
def test_beyond_the_polar_circle(day: str, words: str) -> None:
    north = evening(now=moment(day), place=Place(69.65, 18.96), load=3000.0, sun=lambda _: 0.0)
    night = tonight(north)
    assert words in night.says
    assert night.sun_at is None
    assert night.empty_at is not None


def test_a_night_with_a_change_of_clocks_is_as_long_as_it_is() -> None:
    spring = tonight(evening(now=moment("2026-03-28T22:00"), load=800.0))
    usual = tonight(evening(now=moment("2026-03-27T22:00"), load=800.0))
    assert spring.empty_at is not None
    assert usual.empty_at is not None
    assert spring.empty_at - usual.empty_at == pytest.approx(86400)
    assert ("until 06:30" in spring.says, "until 05:30" in usual.says) == (True, True)


maybe = st.none() | st.floats(-20000, 20000)


@given(
    st.builds(
        Bank,
        soc=st.none() | st.floats(0, 100),
        power=maybe,
        voltage=st.none() | st.floats(0, 1000),
        capacity=st.none() | st.floats(1, 200_000),
        cells=st.none() | st.integers(1, 300),
    ),
    st.none() | st.floats(0, 50_000),
    st.floats(1.77e9, 1.9e9),
    st.floats(-90, 90),
    st.floats(-180, 180),
    st.none() | st.floats(0, 9000),
    st.none() | st.floats(0, 9000),
)
def test_whatever_the_house_there_is_one_sentence(
    bank: Bank, load: float | None, now: float, latitude: float, longitude: float, usual: float, sun: float
) -> None:
    night = tonight(
        evening(
            bank=bank,
            load=load,
            now=now,
            usual=lambda _: usual,
            sun=lambda _: sun,
            place=Place(latitude, longitude),
        )
    )
    assert 10 < len(night.says) <= 255
    assert night.says.endswith(".")
    assert "nan" not in night.says
    for at in (night.empty_at, night.sun_at, night.grid_at):
        assert at is None or now <= at <= now + 3 * 86400
