"""The household: seeded, independent of steps, on local hours, never over the inverter."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward.plant.load import Habits, Household
from gridward.plant.sun import DAY

ZONE = ZoneInfo("Europe/Bratislava")
START = datetime(2026, 1, 1, tzinfo=ZONE).timestamp()


def household(seed: int = 1) -> Household:
    return Household(seed, ZONE, Habits())


def energy(house: Household, start: float, seconds: float) -> float:
    """kWh in one-minute steps."""
    return sum(house.power(start + 60 * i, 60) for i in range(int(seconds / 60))) / 60_000


@given(st.integers(0, 10_000), st.floats(0, 364))
def test_the_same_seed_asks_the_same_whatever_was_asked_before(seed: int, day: float) -> None:
    at = START + day * DAY
    other = household(seed)
    other.power(at - 3 * DAY)
    other.power(at + 40 * DAY, 60)
    assert household(seed).power(at, 30) == other.power(at, 30)


@given(st.floats(0, 364), st.lists(st.floats(0.2, 60), min_size=1, max_size=30))
def test_energy_does_not_depend_on_the_steps(day: float, spans: list[float]) -> None:
    house, at, total = household(), START + day * DAY, 0.0
    begin = at
    for span in spans:
        total += house.power(at, span) * span
        at += span
    # The ripple of 1.5 % is taken at the middle of a step, the appliances are exact.
    assert total == pytest.approx(house.power(begin, at - begin) * (at - begin), rel=0.035)


def test_a_day_has_a_night_and_an_evening() -> None:
    house = household()
    night, evening = (
        sum(energy(house, START + day * DAY + hour * 3600, 3 * 3600) for day in range(28)) for hour in (1, 18)
    )
    assert evening > 1.8 * night


def test_a_household_uses_what_households_use() -> None:
    days = [energy(household(), START + day * DAY, DAY) for day in range(0, 360, 12)]
    assert 5 < sum(days) / len(days) < 11
    assert min(days) > 3
    assert len({round(day, 3) for day in days}) == len(days)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_never_asks_for_more_than_the_inverter_can(seed: int) -> None:
    house = household(seed)
    powers = [house.power(START + 60 * i) for i in range(60 * 1440)]
    assert 90 < min(powers) < max(powers) < 5000


def test_hours_are_local_over_both_changes_of_the_clock() -> None:
    house = household()
    for month, day in ((3, 29), (10, 25)):
        midnight = datetime(2026, month, day, tzinfo=ZONE).timestamp()
        after = datetime(2026, month, day + 1, tzinfo=ZONE).timestamp()
        assert after - midnight in (23 * 3600, 25 * 3600)
        assert energy(house, midnight, after - midnight) > 3
    lights = [house.power(datetime(2026, month, 2, 3, tzinfo=ZONE).timestamp()) for month in (1, 7)]
    assert max(lights) < 400
    assert household().power(START) == Household(1, ZONE, Habits()).power(START)
    assert household().power(START) != Household(1, UTC, Habits()).power(START + 7200)
