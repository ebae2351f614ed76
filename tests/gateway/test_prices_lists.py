"""Prices by windows, CSV and JSON: days of 23, 24 and 25 hours, by hours and by quarters."""

import json
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridward.document import Node
from gridward.energies.core import Sample, Settings, State, Tariff, step
from gridward.energies.tariff import tariff
from gridward.planning.prices import HOUR, QUARTER, NoList, at, day, of_tariff, rank, read_csv, read_json
from gridward.section import Section

ZONE = ZoneInfo("Europe/Bratislava")
DAYS = {"2026-03-29": 23, "2026-10-25": 25, "2026-06-01": 24}


def begin(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


def local_rows(text: str, length: float) -> list[str]:
    """The day's steps as an exchange writes them: local times without offset."""
    first, last = day(begin(f"{text}T12:00"), ZONE)
    steps = range(round((last - first) / length))
    return [f"{datetime.fromtimestamp(first + n * length, ZONE):%Y-%m-%dT%H:%M}" for n in steps]


@pytest.mark.parametrize("length", [HOUR, QUARTER])
@pytest.mark.parametrize(("text", "hours"), DAYS.items())
def test_every_hour_of_a_day_has_its_own_price(text: str, hours: int, length: float) -> None:
    rows = local_rows(text, length)
    lines = "\n".join(f"{start};{number / 100:.2f}".replace(".", ",") for number, start in enumerate(rows))
    prices = read_csv(f"\ufeffstart;price\n{lines}\n", ZONE)
    first, last = day(begin(f"{text}T12:00"), ZONE)
    assert last - first == hours * HOUR
    assert len(prices) == hours * HOUR / length
    assert (prices[0].start, prices[-1].end) == (first, last)
    assert [at(prices, first + n * length + 1) for n in range(len(rows))] == [
        n / 100 for n in range(len(rows))
    ]
    listed = read_json(json.dumps([{"start": s, "price": n / 100} for n, s in enumerate(rows)]), ZONE)
    assert listed == prices


def test_a_time_that_the_list_does_not_cover_has_no_price() -> None:
    prices = read_csv("start,price\n2026-06-01T00:00,0.1\n2026-06-01T01:00,0.2\n2026-06-01T05:00,0.3\n", ZONE)
    assert at(prices, begin("2026-06-01T01:59")) == 0.2
    assert at(prices, begin("2026-06-01T02:00")) is None, "a gap is no price, and not the one before"
    assert at(prices, begin("2026-06-01T06:00")) is None
    assert at(prices, begin("2026-05-31T23:59")) is None
    assert rank(prices, begin("2026-06-01T01:30"), ZONE) is None, "the day is not known as a whole"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "from,to\n1,2\n",
        f"<html>{' ' * 200_000}</html>",
        f"start,price\n2026-06-01T00:00,{'1' * 200_000}\n",
        "start,price\nyesterday,0.1\n",
        "start,price\n2026-06-01T00:00,cheap\n",
        "start,price\n2026-06-01T00:00,nan\n",
        "start,price\n2026-06-01T00:00,0.1\n2026-06-01T00:00,0.2\n2026-06-01T00:00,0.2\n",
        "start,end,price\n2026-06-01T00:00,2026-06-01T02:00,0.1\n2026-06-01T01:00,2026-06-01T02:00,0.1\n",
    ],
)
def test_what_is_no_list_of_prices_is_refused(text: str) -> None:
    with pytest.raises(NoList):
        read_csv(text, ZONE)


@given(
    st.text(max_size=60)
    | st.recursive(st.none() | st.floats() | st.text(max_size=5), st.lists).map(json.dumps)
)
def test_no_payload_does_anything_but_be_refused(payload: str) -> None:
    with suppress(NoList):
        assert read_json(payload, ZONE) == ()


NIGHTS = Tariff("EUR", 0.2, 0.05)


def read(content: dict[str, object]) -> tuple[Tariff | None, list[str]]:
    def node(value: object) -> Node:
        match value:
            case dict():
                return Node(
                    Path("s.yaml"), 1, {k: node(v) for k, v in value.items()}, None, dict.fromkeys(value, 1)
                )
            case list():
                return Node(Path("s.yaml"), 1, [node(item) for item in value])
            case _:
                return Node(Path("s.yaml"), 1, value)  # type: ignore[arg-type]  # scalars

    section = Section(node(content), [])
    return tariff(section), [str(fault) for fault in section.faults]


def test_windows_by_weekday_and_hour_hold_over_midnight() -> None:
    found, faults = read(
        {
            "currency": "EUR",
            "import": 0.3,
            "export": 0.05,
            "windows": [
                {"days": ["sat", "sun"], "from": "00:00", "to": "24:00", "import": 0.15, "export": 0.02},
                {"from": "22:00", "to": "06:00", "import": 0.1},
            ],
        }
    )
    assert faults == []
    assert found is not None
    prices = {
        text: found.at(datetime.fromisoformat(text))
        for text in (
            "2026-06-05T21:59",
            "2026-06-05T22:00",
            "2026-06-06T05:59",
            "2026-06-06T23:00",
            "2026-06-08T05:59",
            "2026-06-08T06:00",
        )
    }
    assert list(prices.values()) == [
        (0.3, 0.05),
        (0.1, 0.05),
        (0.15, 0.02),
        (0.15, 0.02),
        (0.1, 0.05),
        (0.3, 0.05),
    ]
    assert found.at(None) == (0.3, 0.05)


def test_faults_of_the_tariff_are_told() -> None:
    _, faults = read(
        {"currency": "EUR", "import": 0.3, "windows": [{"from": "22", "to": "25:00", "days": ["x"]}]}
    )
    assert len(faults) == 4
    _, faults = read({"currency": "EUR", "import": 0.3, "prices": {}})
    assert "either `csv" in faults[0]
    _, faults = read({"currency": "EUR", "import": 0.3, "prices": {"topic": "a/#"}})
    assert "without wildcards" in faults[0]


@pytest.mark.parametrize(("text", "hours"), DAYS.items())
def test_the_tariffs_day_is_as_long_as_it_is(text: str, hours: int) -> None:
    found, _ = read(
        {"currency": "EUR", "import": 0.3, "windows": [{"from": "01:00", "to": "04:00", "import": 0.1}]}
    )
    assert found is not None
    first, last = day(begin(f"{text}T12:00"), ZONE)
    prices = of_tariff(found, first, last, ZONE)
    assert len(prices) == 4 * hours
    assert sum(one.price == 0.1 for one in prices) == 4 * (3 + hours - 24)
    assert rank(prices, first + 90 * 60, ZONE) == 0.0
    assert rank(prices, last - 60, ZONE) == pytest.approx((3 + hours - 24) / hours)


@pytest.mark.parametrize(("text", "hours"), DAYS.items())
def test_cost_and_savings_use_the_price_of_the_hour(text: str, hours: int) -> None:
    found, _ = read(
        {"currency": "EUR", "import": 0.3, "windows": [{"from": "00:00", "to": "06:00", "import": 0.1}]}
    )
    house, first = Settings(ZONE, found), day(begin(f"{text}T12:00"), ZONE)[0]
    state = State()
    for minute in range(hours * 60 + 1):
        powers = {"grid": 1000.0, "load": 1000.0}
        state = step(state, Sample(60.0 * minute, first + 60 * minute - 0.01, powers), house)
    cheap = 6 + hours - 24
    assert state.totals["cost"] == pytest.approx(0.1 * cheap + 0.3 * (hours - cheap), abs=0.02)
    assert state.totals["savings"] == pytest.approx(0.0, abs=1e-6)


def test_a_price_from_a_list_overrules_the_tariff() -> None:
    state = State()
    for number in range(61):
        sample = Sample(60.0 * number, 1.8e9 + 60 * number, {"grid": 1000.0, "load": 2000.0}, price=0.5)
        state = step(state, sample, Settings(ZONE, NIGHTS))
    assert state.totals["cost"] == pytest.approx(0.5)
    assert state.totals["savings"] == pytest.approx(0.5)


@settings(max_examples=40)
@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))
def test_a_rank_is_a_share_of_the_day(moment: datetime) -> None:
    found, _ = read(
        {"currency": "EUR", "import": 0.3, "windows": [{"from": "10:00", "to": "15:00", "import": 0.1}]}
    )
    assert found is not None
    here = moment.replace(tzinfo=ZONE).timestamp()
    first, last = day(here, ZONE)
    share = rank(of_tariff(found, first, last, ZONE), here, ZONE)
    assert share is not None
    assert 0 <= share < 1
    assert (share == 0) == (10 <= datetime.fromtimestamp(here, ZONE).hour < 15)
    assert timedelta(hours=22) < timedelta(seconds=last - first) < timedelta(hours=26)
