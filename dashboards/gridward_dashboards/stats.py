"""The dashboard `stats`: energies and money, in place of the original's 9 panels."""

from dataclasses import replace

from gridward_dashboards.dashboard import Dashboard
from gridward_dashboards.look import BATTERY, GRID, HOUSE, QUIET, SUN
from gridward_dashboards.panel import barchart, bars, stat, timeseries
from gridward_dashboards.parts import Panel, Row, Size, Value
from gridward_dashboards.query import Source, by_day, by_interval, latest, over_time
from gridward_dashboards.values import PV, value
from gridward_kit.kept import Json

SITE = Source("site", None)
ABSENT = "The gateway says nothing of the site in this range"
NO_TARIFF = "No tariff in the site file"
DAYS = (
    "In local days of the browser, or of the time zone chosen above. The first and the last day may be cut."
)
ENERGIES = (
    ("pv_energy", "Production", SUN),
    ("load_energy", "Consumption", HOUSE),
    ("grid_import_energy", "Import", GRID),
    ("grid_export_energy", "Export", QUIET),
)
MONEY = (("cost", "Grid cost", GRID), ("savings", "Savings", BATTERY))
SPANS = {"today": "today", "month": "this month", "year": "this year"}
BY_MONTH, BY_YEAR = "YYYY-MM", "YYYY"


def _steps(form: str, names: list[str]) -> list[Json]:
    """Days to months or years: each counts from its beginning, so its last value is the whole."""
    last: dict[str, Json] = {name: {"aggregations": ["last"], "operation": "aggregate"} for name in names}
    new_names: dict[str, Json] = {f"{name} (last)": name for name in names}
    return [
        {"id": "formatTime", "options": {"timeField": "Time", "outputFormat": form, "useTimezone": True}},
        {
            "id": "groupBy",
            "options": {"fields": {"Time": {"aggregations": [], "operation": "groupby"}, **last}},
        },
        {"id": "organize", "options": {"renameByName": {"Time": "When", **new_names}, "excludeByName": {}}},
    ]


def _values(span: str, *keys: str) -> list[Value]:
    return [
        value("site", f"{key}_{span}", name, colour)
        for key, name, colour in ENERGIES
        if key in keys or not keys
    ]


def _today() -> Row:
    panels: list[Panel] = []
    for span, when in SPANS.items():
        shown = _values(span)
        title = f"Energies {when}"
        panels.append(bars(title, latest(SITE, [item.column for item in shown]), shown, ABSENT, Size(8, 7)))
    for key, name, colour in MONEY:
        for span, when in SPANS.items():
            shown_one = value("site", f"{key}_{span}", f"{name} {when}", colour)
            about = "In the currency of the site file's tariff."
            panels.append(
                stat(shown_one.name, latest(SITE, [shown_one.column]), [shown_one], NO_TARIFF, about=about)
            )
    return Row("Today, this month, this year", tuple(panels))


def _by_interval() -> Row:
    def gained(title: str, *keys: str) -> Panel:
        shown = [value("site", key, name, colour) for key, name, colour in ENERGIES if key in keys]
        asked = by_interval(SITE, [item.column for item in shown])
        return timeseries(title, asked, shown, ABSENT, bars=True, every="1h")

    return Row(
        "By the hour",
        (
            timeseries("PV power", over_time(SITE, [PV.column]), [PV], ABSENT),
            gained("Production by interval", "pv_energy"),
            gained("Consumption by interval", "load_energy"),
            gained("Import and export by interval", "grid_import_energy", "grid_export_energy"),
        ),
    )


def _by_day() -> Row:
    def daily(title: str, *keys: str) -> Panel:
        shown = _values("today", *keys)
        asked = by_day(SITE, [item.column for item in shown])
        return timeseries(title, asked, shown, ABSENT, bars=True, every="1d", about=DAYS)

    money = [value("site", f"{key}_today", name, colour) for key, name, colour in MONEY]
    return Row(
        "By the day",
        (
            daily("Production by day", "pv_energy"),
            daily("Consumption by day", "load_energy"),
            daily("Import and export by day", "grid_import_energy", "grid_export_energy"),
            timeseries(
                "Cost and savings by day",
                by_day(SITE, [item.column for item in money]),
                money,
                NO_TARIFF,
                bars=True,
                every="1d",
                about=DAYS,
            ),
        ),
    )


def _longer() -> Row:
    panels: list[Panel] = []
    for span, form, title in (("month", BY_MONTH, "by month"), ("year", BY_YEAR, "by year")):
        energies = _values(span)
        money = [value("site", f"{key}_{span}", name, colour) for key, name, colour in MONEY]
        for what, shown, absent in (("Energies", energies, ABSENT), ("Cost and savings", money, NO_TARIFF)):
            panels.append(
                barchart(
                    f"{what} {title}",
                    replace(by_day(SITE, [item.column for item in shown]), form="table", alias=None),
                    shown,
                    absent,
                    steps=_steps(form, [item.name for item in shown]),
                    across="When",
                    about=f"Of the range that is shown: take one of {title.removeprefix('by ')}s.",
                )
            )
    return Row("By the month and the year", tuple(panels))


STATS_DASHBOARD = Dashboard(
    "stats",
    "Energies and money",
    "What the house produced, used, drew and gave, by hour, day, month and year, and what that cost.",
    (_today(), _by_interval(), _by_day(), _longer()),
    since="now-7d",
    refresh="5m",
)
