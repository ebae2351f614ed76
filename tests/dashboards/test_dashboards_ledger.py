"""What panels show is what the plant did: energies by its ledger, means and last values by its readings."""

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime, timedelta
from functools import cache

import pytest
from dashboards.asked import BEGIN, CHOSEN, FINISH, Asked, answer, queries, shown
from dashboards.lived import END, POLL, START, ZONE, Lived

from gridward.plant.ledger import Ledger
from gridward_dashboards.dashboard import Dashboard
from gridward_dashboards.written import DASHBOARDS
from gridward_kit.entity import Entity
from gridward_kit.integration import integrations
from gridward_kit.kept import Json

BY_NAME = {dashboard.name: dashboard for dashboard in DASHBOARDS}
HOUR, DAY = 3_600_000, timedelta(days=1)
BOOKS = {
    "pv_energy": "pv",
    "load_energy": "load",
    "grid_import_energy": "grid_import",
    "battery_charge_energy": "battery_in",
    "battery_discharge_energy": "battery_out",
}
"""The site's energies, and how the plant's ledger names them; the battery's are those that the BMS sees."""

Near = Callable[[float], object]


def near(key: str) -> Near:
    """How near an energy in kWh has to be: a shunt of 0.1 A that is out by 0.3 % measures the battery's."""
    share = 0.04 if key.startswith("battery") else 0.005
    return lambda wanted: pytest.approx(wanted, rel=share, abs=0.05 if share > 0.01 else 0.01)


def asked_of(dashboard: Dashboard, title: str) -> Asked:
    (found,) = [asked for asked in queries(dashboard) if asked.panel == title]
    return found


def number(value: Json) -> float:
    assert isinstance(value, int | float)
    return float(value)


def ledger_at(lived: Lived, at: int) -> Ledger:
    """The ledger at a full minute (ms); before the beginning that of the beginning."""
    return lived.minutes[max(0, (at - BEGIN) // 60_000)].ledger


def booked(lived: Lived, name: str, begin: int, end: int) -> float:
    """Wh that the ledger has between two moments."""
    assert name in {item.name for item in fields(Ledger)}
    return float(getattr(ledger_at(lived, end), name) - getattr(ledger_at(lived, begin), name))


def midnight(moment: datetime) -> int:
    return round(datetime(moment.year, moment.month, moment.day, tzinfo=ZONE).timestamp() * 1000)


@pytest.mark.parametrize(
    ("dashboard", "title", "span"),
    [
        ("site", "Today", "today"),
        ("site", "This month", "month"),
        ("stats", "Energies today", "today"),
        ("stats", "Energies this month", "month"),
        ("stats", "Energies this year", "year"),
        ("axpert", "Energies today", "today"),
        ("axpert", "Energies this month", "month"),
        ("srne", "Energies this year", "year"),
    ],
)
def test_energies_of_today_and_longer_are_the_ledgers(
    lived: Lived, dashboard: str, title: str, span: str
) -> None:
    asked = asked_of(BY_NAME[dashboard], title)
    (row,) = answer(lived.influx, asked.text)
    begin = midnight(END) if span == "today" else BEGIN
    compared = 0
    for _, field, name in asked.columns:
        key = field.removesuffix(f"_{span}")
        if key in BOOKS:
            wanted = booked(lived, BOOKS[key], begin, FINISH) / 1000
            assert wanted > 0.2, f"{key}: nothing to compare"
            assert number(row[name]) == near(key)(wanted), key
            compared += 1
        else:
            assert (key, row[name]) == ("grid_export_energy", 0)
    assert compared >= 3


@pytest.mark.parametrize("title", ["Production by day", "Consumption by day", "Import and export by day"])
def test_bars_by_day_are_local_days_of_the_ledger(lived: Lived, title: str) -> None:
    asked = asked_of(BY_NAME["stats"], title)
    rows = answer(lived.influx, asked.text)
    days = [START + DAY * number for number in range(3)]
    assert [row["time"] for row in rows] == [midnight(day) for day in days]
    _, field, name = asked.columns[0]
    key = field.removesuffix("_today")
    for row, day in zip(rows, days, strict=True):
        begin, end = max(BEGIN, midnight(day)), min(FINISH, midnight(day + DAY) - POLL * 60_000)
        assert number(row[name]) == near(key)(booked(lived, BOOKS[key], begin, end) / 1000)


@pytest.mark.parametrize(
    "title", ["Production by interval", "Consumption by interval", "Import and export by interval"]
)
def test_bars_by_the_hour_are_the_ledgers(lived: Lived, title: str) -> None:
    """A bar is what the counter gained from the last value of the hour before to the last of its own."""
    asked = asked_of(BY_NAME["stats"], title)
    _, key, name = asked.columns[0]
    rows = answer(lived.influx, asked.text)
    assert len(rows) > 48
    for row in rows:
        end = min(FINISH, int(number(row["time"])) + 40 * 60_000)
        wanted = booked(lived, BOOKS[key], end - HOUR if end < FINISH else end - 20 * 60_000, end) / 1000
        assert number(row[name]) == pytest.approx(wanted, rel=0.02, abs=0.02), row
    total = sum(number(row[name]) for row in rows)
    assert total == near(key)(booked(lived, BOOKS[key], BEGIN + 40 * 60_000, FINISH) / 1000)


def test_mean_powers_of_the_site_are_the_ledgers(lived: Lived) -> None:
    asked = asked_of(BY_NAME["site"], "Power of the site")
    rows = answer(lived.influx, asked.text)
    names = {field: name for _, field, name in asked.columns}
    for row in rows[1:-1]:
        last = int(number(row["time"])) + 19 * 60_000
        for field, book in (("pv_power", "pv"), ("load_power", "load"), ("grid_power", "grid_import")):
            wanted = booked(lived, book, last - 20 * 60_000, last) * 3
            assert number(row[names[field]]) == pytest.approx(wanted, abs=0.6), field
        charged = booked(lived, "battery_in", last - 20 * 60_000, last)
        wanted = 3 * (charged - booked(lived, "battery_out", last - 20 * 60_000, last))
        assert number(row[names["battery_power"]]) == pytest.approx(wanted, rel=0.03, abs=20)


@cache
def _rows(domain: str) -> dict[str, Entity]:
    return {row.key: row for row in integrations()[domain].entities({})}


def _resolution(device: str, key: str) -> float:
    """A step of the wire, or of the plant's own rounding."""
    row = _rows({"inverter": "axpert", "hybrid": "srne", "bms": "daly"}[device])[key]
    step = 0.0 if row.at is None else row.at.resolution
    return max(step, 10.0 ** -(row.quantity.precision if row.quantity.precision is not None else 3))


@pytest.mark.parametrize("name", ["axpert", "srne", "bms"])
def test_last_values_and_means_are_what_the_device_measured(lived: Lived, name: str) -> None:
    """One reading lies in each interval, so that a mean is that reading."""
    device, compared = CHOSEN[name], 0
    by_time = {moment.at: moment.measured[device] for moment in lived.moments}
    for asked in queries(BY_NAME[name]):
        if asked.measurement not in ("inverter", "battery"):
            continue
        rows = answer(lived.influx, asked.text)
        for how, key, column in asked.columns:
            for row in rows:
                at = int(number(row["time"])) if how == "mean" else FINISH
                wanted = by_time[at].get(key) if at in by_time else None
                if wanted is None or isinstance(wanted, str | bool) or row[column] is None:
                    continue
                assert number(row[column]) == pytest.approx(
                    float(wanted), rel=0.005, abs=_resolution(device, key)
                ), f"{asked.panel}: {key}"
                compared += 1
    assert compared > 500


def test_the_table_of_meters_has_ninety_and_their_sum_is_the_houses(lived: Lived) -> None:
    meters = BY_NAME["meters"]
    table = asked_of(meters, "The newest of each meter")
    rows = answer(lived.influx, table.text.replace(CHOSEN["meters"], ".*"))
    flats = [row for row in rows if str(row["device"]).startswith("flat_")]
    assert len(flats) == 90
    house = lived.moments[-1].measured["house_meter"]
    total = sum(number(row["Power"]) for row in flats)
    assert total == pytest.approx(float(house["power"]), rel=0.01, abs=1)
    (count,) = answer(lived.influx, asked_of(meters, "Meters that answer").text)
    assert count["Meters"] == 92


def test_cells_are_on_the_bars_one_by_one(lived: Lived) -> None:
    (row,) = answer(lived.influx, asked_of(BY_NAME["bms"], "Cells now").text)
    measured = lived.moments[-1].measured["bms"]
    assert [row[str(number)] for number in range(1, 17)] == [
        measured[f"cell_{number}_voltage"] for number in range(1, 17)
    ]
    for title in ("Cells 1-2, 3-4 and on", "Cells 2-3, 4-5 and on"):
        asked = asked_of(BY_NAME["bms"], title)
        rows = answer(lived.influx, asked.text)
        for _, _, name in asked.columns:
            one, other = (number(row[part]) for part in name.split("-"))
            assert shown(rows, name) == [pytest.approx(one - other, abs=0.0005)]
