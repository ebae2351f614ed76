"""What sun and house are expected to do: never negative, never not a number, absent when nothing tells."""

import json
import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planning_house import site

from gridward.planning.forecast import Forecast, Place, clear, energy, house_of, read_told, sun_of
from gridward.planning.prices import HOUR, QUARTER, NoList, day
from gridward.plant.sun import Array, Sunlight
from gridward.rehearsal.plan import Planner
from gridward.rehearsal.rates import Rates
from gridward.rules.inputs import Source
from gridward_kit.point import Value

ZONE = ZoneInfo("Europe/Bratislava")
HOME = Place(48.15, 17.11)
NOW = datetime.fromisoformat("2026-05-20T00:00+02:00").timestamp()
DAY = 86400.0


def array(moment: float, cover: float = 0.0) -> float:
    """A 4 kW array to the south, mean of an hour."""
    light = Sunlight(Array(peak=4000), HOME.latitude, HOME.longitude)
    return sum(light.power(moment + part * 600, cover, 15.0)[0] for part in range(6)) / 6


def days(count: int, cover: float = 0.0) -> dict[float, float]:
    return {NOW - hour * HOUR: array(NOW - hour * HOUR, cover) for hour in range(1, 24 * count + 1)}


def kwh(forecast: Forecast, begin: float, hours: int = 24) -> float:
    found = energy([forecast.pv(begin + (n + 0.5) * QUARTER) for n in range(4 * hours)])
    assert found is not None
    return found


@pytest.mark.parametrize("cover", [0.0, 0.7, 1.0])
def test_a_day_like_the_days_before_is_met(cover: float) -> None:
    forecast = Forecast(sun_of(days(7, cover), HOME, NOW))
    real = sum(array(NOW + hour * HOUR, cover) for hour in range(24)) / 1000
    assert kwh(forecast, NOW) == pytest.approx(real, rel=0.06)


def test_the_morning_is_not_the_afternoon_of_an_array_to_the_west() -> None:
    west = Sunlight(Array(peak=4000, azimuth=270, tilt=60), HOME.latitude, HOME.longitude)
    past = {NOW - n * HOUR: west.power(NOW - n * HOUR + 1800, 0.0, 15.0)[0] for n in range(1, 169)}
    forecast = Forecast(sun_of(past, HOME, NOW))
    morning, evening = kwh(forecast, NOW + 7 * HOUR, 3), kwh(forecast, NOW + 16 * HOUR, 3)
    assert evening > 3 * morning


def test_a_season_is_taken_into_account() -> None:
    sun = sun_of(days(7), HOME, NOW)
    assert sun is not None
    june = kwh(Forecast(sun), datetime.fromisoformat("2026-06-20T00:00+02:00").timestamp())
    december = kwh(Forecast(sun), datetime.fromisoformat("2026-12-20T00:00+01:00").timestamp())
    assert 0 < december < june / 4


def test_too_little_or_too_old_history_is_no_forecast() -> None:
    assert sun_of({}, HOME, NOW) is None
    assert sun_of(days(1), HOME, NOW + 4 * DAY) is None
    night = {at: watts for at, watts in days(7).items() if clear(at, HOME) == 0}
    assert sun_of(night, HOME, NOW) is None
    assert house_of({NOW - n * HOUR: 300.0 for n in range(1, 20)}, ZONE, NOW) is None
    assert house_of({NOW - n * HOUR: 300.0 for n in range(100, 200)}, ZONE, NOW) is None
    assert Forecast().pv(NOW) is None
    assert Forecast().load(NOW) is None
    assert Forecast(no_sun=True).pv(NOW) == 0.0
    assert energy([1.0, None]) is None


def test_a_house_is_known_by_weekday_and_hour_of_its_own_clock() -> None:
    def load(at: float) -> float:
        local = datetime.fromtimestamp(at, ZONE)
        return 2000.0 if local.weekday() == 5 and local.hour == 9 else 100.0 + local.hour

    spring = datetime.fromisoformat("2026-04-10T00:00+02:00").timestamp()  # two weeks on either clock
    house = house_of({spring - n * HOUR: load(spring - n * HOUR) for n in range(1, 672)}, ZONE, spring)
    assert house is not None
    for hour in range(24 * 14):
        at = spring + hour * HOUR + 60
        assert house.power(at) == pytest.approx(load(at))


def test_an_hour_that_was_never_seen_on_this_weekday_is_as_on_others() -> None:
    past = {NOW - n * HOUR: 100.0 + datetime.fromtimestamp(NOW - n * HOUR, ZONE).hour for n in range(1, 30)}
    house = house_of(past, ZONE, NOW)
    assert house is not None
    assert house.power(NOW + 3 * DAY + 9 * HOUR) == 109.0


@pytest.mark.parametrize(("text", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_days_energy_is_that_of_all_its_hours(text: str, hours: int) -> None:
    noon = datetime.fromisoformat(f"{text}T12:00").replace(tzinfo=ZONE).timestamp()
    begin, end = day(noon, ZONE)
    past = {begin - n * HOUR: 1000.0 for n in range(1, 200)}
    forecast = Forecast(house=house_of(past, ZONE, begin))
    steps = round((end - begin) / QUARTER)
    assert energy([forecast.load(begin + n * QUARTER) for n in range(steps)]) == pytest.approx(hours)


numbers = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e5, max_value=1e5)


@settings(max_examples=60)
@given(
    st.dictionaries(st.integers(1, 700), numbers, max_size=200),
    st.floats(-90, 90),
    st.floats(-180, 180),
    st.integers(0, 60),
)
def test_nothing_that_was_read_makes_a_forecast_negative_or_no_number(
    past: dict[int, float], latitude: float, longitude: float, ahead: int
) -> None:
    history = {NOW - hours * HOUR: watts for hours, watts in past.items()}
    sun = sun_of(history, Place(latitude, longitude), NOW)
    house = house_of(history, ZONE, NOW)
    forecast = Forecast(sun, house)
    most = max((abs(watts) for watts in past.values()), default=0.0)
    for watts in (forecast.pv(NOW + ahead * HOUR), forecast.load(NOW + ahead * HOUR)):
        assert watts is None or (math.isfinite(watts) and watts >= 0)
    load = forecast.load(NOW + ahead * HOUR)
    assert load is None or load <= most + 1e-6


def test_a_forecast_of_others_goes_first_where_it_reaches() -> None:
    steps = [
        {"start": "2026-05-20T10:00+02:00", "end": "2026-05-20T11:00+02:00", "pv": 2500},
        {"start": "2026-05-20T11:00+02:00", "end": "2026-05-20T12:00+02:00", "pv": 0, "load": 700.5},
    ]
    forecast = Forecast(sun_of(days(7), HOME, NOW), None, read_told(json.dumps(steps)))
    assert forecast.pv(NOW + 10.5 * HOUR) == 2500
    assert forecast.load(NOW + 10.5 * HOUR) is None
    assert forecast.load(NOW + 11.5 * HOUR) == 700.5
    assert forecast.pv(NOW + 11.5 * HOUR) == 0
    assert forecast.pv(NOW + 12.5 * HOUR) not in (None, 0)
    stale = Forecast(None, None, read_told(json.dumps(steps)))
    assert stale.pv(NOW + 12.5 * HOUR) is None, "a list that is over is absent"


@pytest.mark.parametrize(
    "payload",
    [
        "sunny",
        "{}",
        "[1]",
        '[{"start": "2026-05-20T10:00", "end": "2026-05-20T11:00", "pv": 1}]',
        '[{"start": "2026-05-20T10:00+02:00", "end": "2026-05-20T10:00+02:00", "pv": 1}]',
        '[{"start": "2026-05-20T10:00+02:00", "end": "2026-05-20T11:00+02:00", "pv": -1}]',
        '[{"start": "2026-05-20T10:00+02:00", "end": "2026-05-20T11:00+02:00", "pv": NaN}]',
    ],
)
def test_what_is_no_forecast_is_refused(payload: str) -> None:
    with pytest.raises(NoList):
        read_told(payload)


def test_what_was_not_read_is_no_load_of_nought_in_a_rehearsal(tmp_path: Path) -> None:
    planner = Planner(site(tmp_path), Rates(site(tmp_path)))
    begin = day(NOW, ZONE)[0]
    shown: Mapping[str, Value] = {}
    for quarter in range(4 * 72):
        known = {"output_power": 1000.0} if quarter % 2 else {}
        inverter = Source("inverter", "inverter", fresh=bool(known), age=0.0, values=known)
        moment = begin + quarter * QUARTER
        shown = planner.look({"load": inverter}, moment, moment).values
    assert shown["load_expected_tomorrow"] == 24.0
