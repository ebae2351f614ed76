"""The dashboard `meters`: all of them as a table, and those that are chosen, in full."""

from gridward_dashboards import energies
from gridward_dashboards.dashboard import Choice, Dashboard
from gridward_dashboards.look import BATTERY, FAULT, GRID, HOUSE, SUN
from gridward_dashboards.panel import stat, table, timeseries
from gridward_dashboards.parts import Panel, Row, Size, Value
from gridward_dashboards.query import Source, each_device, gains_of_each, many_over_time, together
from gridward_dashboards.values import HERTZ_LEVELS, MAINS_LEVELS, value, word
from gridward_kit.kept import Json

CHOSEN, EVERY = Source("meter"), Source("meter", None)
ABSENT = "No meter says anything in this range"
NO_COUNTER = "The chosen meters have no such counter in this range"
COLUMNS = (
    value("meter", "power", "Power", HOUSE),
    value("meter", "voltage", "Voltage"),
    value("meter", "current", "Current"),
    value("meter", "frequency", "Frequency"),
    value("meter", "power_factor", "Power factor"),
    value("meter", "import_energy", "Import", GRID),
    value("meter", "export_energy", "Export", BATTERY),
    value("meter", "total_energy", "Total", SUN),
)
LINK: Json = {
    "title": "This meter alone",
    "url": "/d/gridward-meters?var-device=${__value.text}&var-site=${site}&${__url_time_range}",
    "targetBlank": False,
}


def _all() -> Row:
    count = together(EVERY, ("voltage", "Meters"), "count")
    total = together(CHOSEN, ("power", "Power"), "sum")
    columns = [item.column for item in COLUMNS]
    return Row(
        "All meters",
        (
            stat("Meters that answer", count, [word("n", "Meters")], ABSENT, Size(6, 4)),
            stat(
                "Power of the chosen meters",
                total,
                [value("meter", "power", "Power", HOUSE)],
                ABSENT,
                Size(6, 4),
            ),
            table(
                "When each meter was last heard",
                each_device(EVERY, [("voltage", "Voltage at last")]),
                [value("meter", "voltage", "Voltage at last"), word("device", "device")],
                ABSENT,
                Size(12, 8),
                age=True,
                sort="Last",
            ),
            table(
                "The newest of each meter",
                each_device(CHOSEN, columns),
                COLUMNS,
                ABSENT,
                Size(24, 14),
                steps=energies.FOLD,
                links={"Meter": [LINK]},
                sort="Power",
            ),
        ),
    )


def _chart(
    title: str, key: str, *, absent: str = ABSENT, levels: tuple[tuple[float, str], ...] = ()
) -> Panel:
    shown = value("meter", key, title, FAULT if levels else None, levels)
    every = Value(key, title, shown.looks)
    return timeseries(title, many_over_time(CHOSEN, key), [every], absent, looks=shown.looks, fill=0)


def _chosen() -> Row:
    return Row(
        "The chosen meters over time",
        (
            _chart("Power over time", "power"),
            _chart("Current over time", "current"),
            _chart("Voltage over time", "voltage", levels=tuple(MAINS_LEVELS)),
            _chart("Frequency over time", "frequency", levels=tuple(HERTZ_LEVELS)),
            _gain("Import by interval", "import_energy"),
            _gain("Total by interval", "total_energy"),
        ),
    )


def _gain(title: str, key: str) -> Panel:
    query = gains_of_each(CHOSEN, key)
    looks = value("meter", key, title).looks
    return timeseries(title, query, [], NO_COUNTER, bars=True, every="1h", looks=looks)


METERS_DASHBOARD = Dashboard(
    "meters",
    "Meters",
    "Every meter of the house in one table, and those that are chosen over time.",
    (_all(), energies.of_each_meter(), _chosen()),
    (Choice("device", "Meter", "meter", many=True),),
)
