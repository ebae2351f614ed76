"""The drawing of the flow and of the day, and the colours they are drawn in. Pure."""

import re
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward.page import charts, flow
from gridward.page.charts import Day
from gridward.page.flow import NAMES, Name, Position, Powers

STYLE = (Path(flow.__file__).parent / "style.css").read_text("utf-8")
POSITIONS: tuple[Position | None, ...] = ("connected", "islanded", None)
WATTS = st.none() | st.floats(-20_000, 20_000)


@pytest.mark.parametrize(
    ("name", "powers", "direction"),
    [
        ("sun", Powers(sun=900), 1),
        ("house", Powers(house=400), -1),
        ("battery", Powers(battery=500), -1),
        ("battery", Powers(battery=-500), 1),
        ("grid", Powers(grid=300, position="connected"), 1),
        ("grid", Powers(grid=-300, position="connected"), -1),
    ],
)
def test_a_line_moves_the_way_power_flows(name: Name, powers: Powers, direction: int) -> None:
    assert flow.line(name, powers).direction == direction


@given(sun=WATTS, grid=WATTS, house=WATTS, battery=WATTS, position=st.sampled_from(POSITIONS))
def test_nothing_moves_without_power_or_across_an_open_switch(
    sun: float | None,
    grid: float | None,
    house: float | None,
    battery: float | None,
    position: Position | None,
) -> None:
    powers = Powers(sun, grid, house, battery, position)
    for name, watts in zip(NAMES, (sun, grid, house, battery), strict=True):
        line = flow.line(name, powers)
        assert flow.THIN <= line.width <= flow.THICK
        if watts is None or abs(watts) < flow.MOVES:
            assert line.direction == 0
    if position != "connected":
        assert flow.line("grid", powers).direction == 0


@given(st.floats(0, 20_000), st.floats(0, 20_000))
def test_more_power_is_never_thinner(one: float, other: float) -> None:
    assert (flow.width(one) <= flow.width(other)) or one > other


def test_the_switch_is_drawn_by_its_position() -> None:
    drawn = {flow.lever(position) for position in POSITIONS}
    assert len(drawn) == 3


@pytest.mark.parametrize(
    ("powers", "state"),
    [
        (Powers(position="islanded", grid=0), "disconnected"),
        (Powers(position="connected", grid=0), "connected"),
        (Powers(position="connected", grid=None), "connected"),
        (Powers(position="connected", grid=900), "importing"),
        (Powers(position="connected", grid=-900), "exporting"),
        (Powers(position="connected", grid=0, grid_voltage=3), "no voltage"),
        (Powers(grid=0), "switch unknown"),
    ],
)
def test_the_grid_is_told_in_words(powers: Powers, state: str) -> None:
    assert flow.state("grid", powers) == state


def day(**more: object) -> Day:
    base = Day(start=1_795_000_200.0, end=1_795_086_600.0, step=300.0, zone=ZoneInfo("Europe/Bratislava"))
    fields = {name: getattr(base, name) for name in base.__slots__}
    return Day(**(fields | more))


def test_a_hole_in_the_record_is_a_hole_in_the_chart() -> None:
    drawn = charts.options(day(pv={1_795_000_200.0: 500.0, 1_795_000_800.0: 700.0}))
    series = drawn["series"]
    assert isinstance(series, list)
    sun = series[0]
    assert isinstance(sun, dict)
    points = sun["data"]
    assert isinstance(points, list)
    assert [point[1] for point in points[:4] if isinstance(point, list)] == [500.0, None, 700.0, None]
    assert len(points) == 289


def test_sources_stand_above_the_line_and_uses_below() -> None:
    at = 1_795_000_200.0
    drawn = charts.options(day(pv={at: 900.0}, load={at: 400.0}, battery={at: 450.0}, grid={at: -50.0}))
    series = drawn["series"]
    assert isinstance(series, list)
    firsts = {}
    for item in series:
        assert isinstance(item, dict)
        points = item["data"]
        if isinstance(points, list) and points and isinstance(points[0], list):
            firsts[item["name"]] = points[0][1]
    assert firsts == {"Sun": 900.0, "House": -400.0, "Battery charging": -450.0, "To grid": -50.0}


def test_the_grids_stretches_are_found() -> None:
    changes = [(10.0, "connected"), (20.0, "islanded"), (30.0, "islanded"), (40.0, "connected")]
    assert charts.stretches(changes, "connected", 50.0) == ((10.0, 20.0), (40.0, 50.0))
    assert charts.stretches([], "connected", 50.0) == ()


def test_a_flags_stretches_end_where_nothing_was_recorded() -> None:
    flags = {0.0: 1.0, 60.0: 0.6, 120.0: 0.4, 180.0: 0.0, 240.0: 1.0, 360.0: 1.0}
    assert charts.held(flags, 60.0) == ((0.0, 120.0), (240.0, 300.0), (360.0, 420.0))
    assert charts.held({}, 60.0) == ()


def test_the_sites_clock_is_on_the_axis() -> None:
    assert charts.local(1_795_000_000.0, ZoneInfo("Europe/Bratislava")) == 1_795_003_600_000


def colours(block: str) -> dict[str, tuple[int, int, int]]:
    found = re.findall(r"--([a-z-]+): #([0-9a-f]{6})", block)
    return {name: (int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)) for name, text in found}


def luminance(colour: tuple[int, int, int]) -> float:
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


LIGHT, DARK = (colours(block) for block in STYLE.split("prefers-color-scheme: dark")[:2])


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_has_the_contrast_of_aa(theme: dict[str, tuple[int, int, int]]) -> None:
    pairs = [
        *product(("ink", "soft"), ("bg", "card")),
        *product(("good-ink", "sun-ink", "fault-ink"), ("card",)),
        ("ink", "fault-bg"),
        ("ink", "warn-bg"),
        ("go-ink", "go"),
    ]
    low = {pair: round(contrast(theme[pair[0]], theme[pair[1]]), 2) for pair in pairs}
    assert {pair: value for pair, value in low.items() if value < 4.5} == {}


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_borders_of_what_can_be_pressed_are_seen(theme: dict[str, tuple[int, int, int]]) -> None:
    assert contrast(theme["grip"], theme["card"]) >= 3
    assert contrast(theme["go"], theme["card"]) >= 3
