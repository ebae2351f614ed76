"""The last day as ECharts options: power stacked by source and use, state of charge and voltage. Pure.

Times are shifted to the site's zone and drawn as if they were UTC: the browser may be elsewhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from gridward_kit.kept import Json

SUN, BATTERY, GRID, HOUSE, VOLTAGE = "#f0a41a", "#3aa865", "#9068de", "#3d86da", "#8a94a0"
SHADE = "rgba(144, 104, 222, 0.13)"
LINE = "rgba(128, 140, 152, 0.35)"

Series = Mapping[float, float]


@dataclass(frozen=True, slots=True)
class Day:
    """What is drawn: watts, per cent and volts by step, when the grid was connected, what the rules did."""

    start: float
    end: float
    step: float
    zone: ZoneInfo
    pv: Series = field(default_factory=dict)
    load: Series = field(default_factory=dict)
    battery: Series = field(default_factory=dict)
    grid: Series = field(default_factory=dict)
    soc: Series = field(default_factory=dict)
    voltage: Series = field(default_factory=dict)
    connected: tuple[tuple[float, float], ...] = ()
    acted: tuple[tuple[float, str], ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any((self.pv, self.load, self.battery, self.grid, self.soc, self.voltage))


def stretches(
    changes: Iterable[tuple[float, str]], wanted: str, end: float
) -> tuple[tuple[float, float], ...]:
    """From when to when a text stood at `wanted`; `changes` in order of time."""
    found, since = [], None
    for at, text in changes:
        if text == wanted and since is None:
            since = at
        elif text != wanted and since is not None:
            found.append((since, at))
            since = None
    if since is not None and since < end:
        found.append((since, end))
    return tuple(found)


def held(flags: Series, step: float) -> tuple[tuple[float, float], ...]:
    """From when to when a flag was on for most of each step; what was not recorded ends a stretch."""
    found: list[tuple[float, float]] = []
    for at in sorted(at for at, share in flags.items() if share >= 0.5):
        if found and found[-1][1] == at:
            found[-1] = (found[-1][0], at + step)
        else:
            found.append((at, at + step))
    return tuple(found)


def options(day: Day) -> dict[str, Json]:
    """The chart's options. Sources stand above the zero line, uses below it."""

    areas = (
        ("Sun", _part(day.pv, 1, 1), SUN, "sources", 0.85),
        ("Battery giving", _part(day.battery, -1, 1), BATTERY, "sources", 0.85),
        ("From grid", _part(day.grid, 1, 1), GRID, "sources", 0.85),
        ("House", _part(day.load, 1, -1), HOUSE, "uses", 0.85),
        ("Battery charging", _part(day.battery, 1, -1), BATTERY, "uses", 0.5),
        ("To grid", _part(day.grid, -1, -1), GRID, "uses", 0.5),
    )
    drawn = [_area(day, *area) for area in areas if any(area[1].values())]
    drawn += [_line(day, "State of charge", day.soc, BATTERY, 1, "solid")] if day.soc else []
    drawn += [_line(day, "Battery voltage", day.voltage, VOLTAGE, 2, "dashed")] if day.voltage else []
    drawn.append(_rules(day))
    return {
        "useUTC": True,
        "animation": False,
        "textStyle": {"fontFamily": "Roboto, system-ui, sans-serif", "fontSize": 13},
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "tooltip": {"trigger": "axis", "confine": True, ":formatter": HOVER, "className": "hover"},
        "grid": [
            {"left": 52, "right": 48, "top": 14, "height": "58%"},
            {"left": 52, "right": 48, "bottom": 28, "height": "25%"},
        ],
        "xAxis": [_time(day, 0), _time(day, 1)],
        "yAxis": _scales(),
        "series": [*drawn],
    }


def local(at: float, zone: ZoneInfo) -> int:
    """Milliseconds at which a UTC clock reads what the site's clock read."""
    offset = datetime.fromtimestamp(at, zone).utcoffset()
    return round((at + (offset.total_seconds() if offset else 0)) * 1000)


def _part(series: Series, sign: int, side: int) -> Series:
    """Where a power has this sign, its magnitude on one side of the zero line; zero elsewhere."""
    return {at: side * max(0.0, sign * watts) for at, watts in series.items()}


def _points(day: Day, series: Series) -> list[Json]:
    """Every step of the day; one that was not recorded is a hole, not a zero."""
    points: list[Json] = []
    count = round((day.end - day.start) / day.step)
    for number in range(count + 1):
        at = day.start + number * day.step
        value = series.get(at)
        points.append([local(at, day.zone), None if value is None else round(value, 2)])
    return points


def _area(day: Day, name: str, series: Series, colour: str, stack: str, strength: float) -> dict[str, Json]:
    return {
        "name": name,
        "type": "line",
        "stack": stack,
        "stackStrategy": "all",
        "data": _points(day, series),
        "symbol": "none",
        "color": colour,
        "lineStyle": {"width": 0},
        "areaStyle": {"opacity": strength},
        "emphasis": {"disabled": True},
    }


def _line(day: Day, name: str, series: Series, colour: str, axis: int, dash: str) -> dict[str, Json]:
    return {
        "name": name,
        "type": "line",
        "xAxisIndex": 1,
        "yAxisIndex": axis,
        "data": _points(day, series),
        "symbol": "none",
        "color": colour,
        "lineStyle": {"width": 2, "type": dash},
        "emphasis": {"disabled": True},
    }


def _rules(day: Day) -> dict[str, Json]:
    """A mark on the zero line where a rule acted, and the shade where the grid was connected."""
    marks: list[Json] = []
    for at, words in day.acted:
        place = day.start + (at - day.start) // day.step * day.step
        marks.append({"value": [local(place, day.zone), 0], "name": words})
    shades: list[Json] = [
        [{"xAxis": local(max(begin, day.start), day.zone)}, {"xAxis": local(end, day.zone)}]
        for begin, end in day.connected
    ]
    return {
        "name": "Rule",
        "type": "scatter",
        "data": marks,
        "symbol": "diamond",
        "symbolSize": 12,
        "color": "#d2392f",
        "itemStyle": {"borderColor": "#ffffff", "borderWidth": 1},
        "z": 10,
        "markArea": {"silent": True, "itemStyle": {"color": SHADE}, "data": shades},
    }


def _time(day: Day, place: int) -> dict[str, Json]:
    return {
        "type": "time",
        "gridIndex": place,
        "min": local(day.start, day.zone),
        "max": local(day.end, day.zone),
        "axisLabel": {"show": place == 1, "hideOverlap": True, "formatter": "{HH}:{mm}"},
        "axisLine": {"onZero": False, "lineStyle": {"color": LINE}},
        "axisTick": {"show": place == 1},
        "splitLine": {"show": False},
    }


def _scales() -> list[Json]:
    rule: Json = {"lineStyle": {"color": LINE}}
    kilowatts = "(v) => Math.abs(v) >= 1000 ? Math.abs(v) / 1000 + ' kW' : Math.abs(v) + ' W'"
    return [
        {
            "type": "value",
            "gridIndex": 0,
            "splitNumber": 5,
            "splitLine": rule,
            "axisLabel": {":formatter": kilowatts},
        },
        {
            "type": "value",
            "gridIndex": 1,
            "min": 0,
            "max": 100,
            "splitNumber": 2,
            "splitLine": rule,
            "axisLabel": {"formatter": "{value} %"},
        },
        {
            "type": "value",
            "gridIndex": 1,
            "scale": True,
            "splitNumber": 2,
            "splitLine": {"show": False},
            "axisLabel": {"formatter": "{value} V"},
        },
    ]


HOVER = r"""(items) => {
  const safe = (text) => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const clock = new Date(items[0].axisValue).toISOString().slice(11, 16);
  const units = {"State of charge": "%", "Battery voltage": "V"};
  const rows = items.map((item) => {
    if (item.seriesName === "Rule") {
      return `<div style="max-width:18rem;white-space:normal">◆ ${safe(item.name)}</div>`;
    }
    const value = item.value[1];
    if (value === null || value === undefined) return "";
    const unit = units[item.seriesName];
    const size = Math.abs(value);
    if (!unit && size < 1) return "";
    const text = unit ? `${value.toFixed(1)} ${unit}`
      : size >= 1000 ? `${(size / 1000).toPrecision(3)} kW` : `${Math.round(size)} W`;
    const figure = `<b style="float:right;margin-left:1.5em">${text}</b>`;
    return `<div>${item.marker}${safe(item.seriesName)} ${figure}</div>`;
  });
  return `<b>${clock}</b>${rows.join("")}`;
}"""
"""Said in the browser. A reason comes from the broker: it is escaped before it becomes HTML."""
