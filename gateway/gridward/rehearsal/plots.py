"""Plots of a rehearsal as SVG; their colours are the page's classes `c1` to `c4`. Pure."""

import math
from collections.abc import Callable, Sequence
from html import escape
from itertools import accumulate

from gridward.rehearsal.tally import Day, Result

WIDTH, HEIGHT = 860.0, 240.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 8.0, 26.0, 22.0
COLOURS = 4
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def months(results: Sequence[Result], of: Callable[[Day], float]) -> str:
    """Bars of each month's sum, trials beside each other."""
    names = list(dict.fromkeys((day.date.year, day.date.month) for day in results[0].daily))
    sums = [
        [sum(of(day) for day in one.daily if (day.date.year, day.date.month) == name) for name in names]
        for one in results
    ]
    top = _top(max(max(one) for one in sums))
    wide = (WIDTH - LEFT - RIGHT) / len(names)
    bar = wide * 0.8 / len(results)
    parts = [_frame(results, top)]
    for place, name in enumerate(names):
        left = LEFT + (place + 0.1) * wide
        for number, one in enumerate(sums):
            high = _y(0, top) - _y(one[place], top)
            parts.append(
                f'<rect class="bar c{number % COLOURS + 1}" x="{left + number * bar:.1f}" '
                f'y="{_y(one[place], top):.1f}" width="{bar:.1f}" height="{high:.1f}">'
                f"<title>{escape(results[number].title)}, {MONTHS[name[1] - 1]} {name[0]}: "
                f"{one[place]:.1f}</title></rect>"
            )
        parts.append(_text(left + 0.4 * wide, HEIGHT - 6, MONTHS[name[1] - 1], "middle"))
    return _svg(parts)


def ranges(results: Sequence[Result]) -> str:
    """A band from each day's lowest to its highest state of charge, with the day's average as a line."""
    parts = [_frame(results, 100.0), *_days(results)]
    for number, one in enumerate(results):
        colour = f"c{number % COLOURS + 1}"
        low = [(_x(place, one), _y(day.soc_min, 100)) for place, day in enumerate(one.daily)]
        high = [(_x(place, one), _y(day.soc_max, 100)) for place, day in enumerate(one.daily)]
        mean = [(_x(place, one), _y(day.soc_mean, 100)) for place, day in enumerate(one.daily)]
        parts.append(f'<polygon class="band {colour}" points="{_points([*low, *reversed(high)])}"/>')
        parts.append(f'<polyline class="line {colour}" style="fill:none" points="{_points(mean)}"/>')
    return _svg(parts)


def steps(results: Sequence[Result], of: Callable[[Day], float]) -> str:
    """What was counted since the start, as a line for each trial."""
    sums = [list(accumulate(of(day) for day in one.daily)) for one in results]
    top = _top(max(one[-1] for one in sums))
    parts = [_frame(results, top), *_days(results)]
    for number, (one, counted) in enumerate(zip(results, sums, strict=True)):
        points = _points([(_x(place, one), _y(value, top)) for place, value in enumerate(counted)])
        colour = f"c{number % COLOURS + 1}"
        parts.append(f'<polyline class="line {colour}" style="fill:none" points="{points}"/>')
    return _svg(parts)


def _frame(results: Sequence[Result], top: float) -> str:
    """The legend, and four lines with their values."""
    parts = []
    for number in range(5):
        value = top * number / 4
        y = _y(value, top)
        parts.append(f'<line class="edge" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(_text(LEFT - 6, y + 4, f"{value:,g}", "end"))
    left = LEFT
    for number, one in enumerate(results):
        parts.append(f'<rect class="bar c{number % COLOURS + 1}" x="{left}" y="4" width="12" height="12"/>')
        parts.append(_text(left + 17, 14, one.title, "start"))
        left += 34 + 7.2 * len(one.title)
    return "".join(parts)


def _days(results: Sequence[Result]) -> list[str]:
    """The months, or days where there are few, below a plot by days."""
    daily = results[0].daily
    if len(daily) <= 62:
        each = math.ceil(len(daily) / 10)
        marked = [(place, f"{day.date:%d} {MONTHS[day.date.month - 1]}") for place, day in enumerate(daily)]
        return [_text(_x(place, results[0]), HEIGHT - 6, words, "middle") for place, words in marked[::each]]
    firsts = [(place, day.date) for place, day in enumerate(daily) if day.date.day == 1]
    each = math.ceil(len(firsts) / 13)
    return [
        _text(_x(place, results[0]) + 4, HEIGHT - 6, MONTHS[day.month - 1], "start")
        for place, day in firsts[::each]
    ]


def _x(place: int, one: Result) -> float:
    return LEFT + (place + 0.5) / len(one.daily) * (WIDTH - LEFT - RIGHT)


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)


def _top(value: float) -> float:
    """A round number over this one, that four parts well."""
    if value <= 0:
        return 4.0
    unit = 10.0 ** math.floor(math.log10(value))
    return next(top for top in (unit * part for part in (1, 2, 2.4, 4, 6, 8, 10)) if top >= value)


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _svg(parts: Sequence[str]) -> str:
    size = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}"'
    return f'<svg {size} role="img">{"".join(parts)}</svg>'
