"""The sun and the weather against almanacs, textbooks and what arrays in Central Europe yield."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward.plant.sun import (
    DAY,
    Array,
    Sunlight,
    clear_sky,
    cloud_transmission,
    diffuse_share,
    elevation,
    sunrise_and_sunset,
)
from gridward.plant.weather import Weather

BRATISLAVA = (48.15, 17.11)


def moment(year: int, month: int, day: int) -> float:
    return datetime(year, month, day, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("day", "place", "zone", "rise", "fall"),
    [
        (date(2024, 6, 21), (48.21, 16.37), "Europe/Vienna", "04:54", "20:58"),
        (date(2023, 12, 21), (51.51, -0.13), "Europe/London", "08:04", "15:53"),
        (date(2023, 12, 21), (-33.87, 151.21), "Australia/Sydney", "05:41", "20:05"),
        (date(2024, 3, 20), (0.0, -78.5), "America/Guayaquil", "06:18", "18:25"),
    ],
)
def test_sunrise_and_sunset_agree_with_the_almanac(
    day: date, place: tuple[float, float], zone: str, rise: str, fall: str
) -> None:
    times = sunrise_and_sunset(day, *place, ZoneInfo(zone))
    assert times is not None
    for found, wanted in zip(times, (rise, fall), strict=True):
        almanac = datetime.fromisoformat(f"{day}T{wanted}").replace(tzinfo=ZoneInfo(zone))
        assert abs(found - almanac) < timedelta(minutes=2)


@given(st.dates(date(2020, 1, 1), date(2045, 12, 31)), st.floats(-60, 60), st.floats(-179, 179))
def test_the_sun_is_at_the_horizon_when_it_rises_and_sets(day: date, north: float, east: float) -> None:
    times = sunrise_and_sunset(day, north, east, UTC)
    assert times is not None
    rise, fall = (time.timestamp() for time in times)
    assert 3 * 3600 < fall - rise < 21 * 3600
    for time in (rise, fall):
        assert elevation(time, north, east) == pytest.approx(-0.833, abs=0.02)
    assert elevation((rise + fall) / 2, north, east) > 5


def test_where_the_sun_does_not_rise_or_set_there_are_no_times() -> None:
    tromso = (69.65, 18.96)
    zone = ZoneInfo("Europe/Oslo")
    assert sunrise_and_sunset(date(2026, 12, 21), *tromso, zone) is None
    assert sunrise_and_sunset(date(2026, 6, 21), *tromso, zone) is None
    assert sunrise_and_sunset(date(2026, 3, 21), *tromso, zone) is not None


def test_the_longest_day_is_longer_than_the_shortest_at_48_north() -> None:
    lengths = {}
    for day in (date(2026, 6, 21), date(2026, 12, 21)):
        times = sunrise_and_sunset(day, *BRATISLAVA, UTC)
        assert times is not None
        lengths[day.month] = (times[1] - times[0]).total_seconds() / 3600
    assert lengths[6] == pytest.approx(16.1, abs=0.1)
    assert lengths[12] == pytest.approx(8.3, abs=0.1)


def test_noon_height_is_what_geometry_says() -> None:
    summer = max(elevation(moment(2026, 6, 21) + 60 * i, *BRATISLAVA) for i in range(1440))
    winter = max(elevation(moment(2026, 12, 21) + 60 * i, *BRATISLAVA) for i in range(1440))
    assert summer == pytest.approx(90 - 48.15 + 23.44, abs=0.05)
    assert winter == pytest.approx(90 - 48.15 - 23.44, abs=0.05)


def test_a_clear_sky_gives_what_pyranometers_show() -> None:
    assert clear_sky(1.0) == pytest.approx(1037, abs=5)  # Haurwitz, sun overhead
    assert clear_sky(0.5) == pytest.approx(490, abs=5)  # 30 degrees
    assert clear_sky(0.0) == clear_sky(-0.3) == 0


@given(st.floats(0, 1.2))
def test_diffuse_light_is_a_share(clearness: float) -> None:
    assert 0.1 < diffuse_share(clearness) <= 1


def test_clouds_make_light_dim_and_diffuse() -> None:
    assert cloud_transmission(0) == 1
    assert cloud_transmission(1) == 0.25
    assert diffuse_share(0.15) > 0.95
    assert diffuse_share(0.75) < 0.25


@given(st.floats(0, 365), st.floats(0, 1), st.floats(0, 90), st.floats(0, 360))
def test_there_is_no_power_at_night_and_never_more_than_physics_gives(
    day: float, cover: float, tilt: float, azimuth: float
) -> None:
    light = Sunlight(Array(peak=3000, tilt=tilt, azimuth=azimuth), *BRATISLAVA)
    at = moment(2026, 1, 1) + day * DAY
    power, cell = light.power(at, cover, air=10)
    if elevation(at, *BRATISLAVA) <= 0:
        assert power == 0
        assert light.voltage(0, power, cell) == 0
    assert 0 <= power <= 3000 * 1.15


def test_the_string_idles_higher_than_it_works() -> None:
    array = Array()
    light = Sunlight(array, *BRATISLAVA)
    assert light.voltage(array.peak, array.peak, 25) == pytest.approx(array.voltage)
    assert light.voltage(0, array.peak, 25) == pytest.approx(array.open_voltage)
    assert light.voltage(0, array.peak, -10) > light.voltage(0, array.peak, 25)


def test_a_year_yields_what_arrays_in_central_europe_do() -> None:
    light, sky = Sunlight(Array(peak=1000), *BRATISLAVA), Weather(1, BRATISLAVA[1])
    months = [0.0] * 12
    for quarter in range(365 * 96):
        at = moment(2026, 1, 1) + quarter * 900
        month = datetime.fromtimestamp(at, UTC).month
        months[month - 1] += light.power(at, sky.cover(at), sky.air(at))[0] / 4 / 1000
    assert 1050 < sum(months) < 1400  # kWh per kW of peak; PVGIS gives about 1200 before the inverter
    assert min(months[4:8]) > 1.8 * max(months[0], months[11])


@given(st.integers(0, 1000), st.floats(0, 366))
def test_weather_depends_on_time_and_seed_alone(seed: int, day: float) -> None:
    at = moment(2026, 1, 1) + day * DAY
    straight, wandering = Weather(seed, 17), Weather(seed, 17)
    for hours in (500, -3, 0.2):
        wandering.cover(at + hours * 3600)
        wandering.air(at + hours * 3600)
    assert straight.cover(at) == wandering.cover(at)
    assert straight.air(at) == wandering.air(at)
    assert 0 <= straight.cover(at) <= 1
    assert abs(straight.cover(at + 1) - straight.cover(at)) < 0.01
    assert -20 < straight.air(at) < 40


def test_fixed_clouds_stay() -> None:
    sky = Weather(1, 17, cover=0.3)
    assert {sky.cover(at * 977.0) for at in range(50)} == {0.3}
