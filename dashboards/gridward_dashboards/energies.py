"""What one device counted today, this month and this year, for the dashboard of its kind."""

from collections.abc import Sequence

from gridward.energies.counted import TABLE
from gridward_dashboards.look import BATTERY, GRID, HOUSE, QUIET, SUN
from gridward_dashboards.panel import bars, table
from gridward_dashboards.parts import Panel, Row, Size, Value
from gridward_dashboards.query import Source, each_device, latest
from gridward_dashboards.values import value
from gridward_kit.kept import Json

SPANS = {"today": "today", "month": "this month", "year": "this year"}
KIND, SUFFIX = "energies", "_energies"
COLOURS = {
    "pv_energy": SUN,
    "load_energy": HOUSE,
    "battery_charge_energy": BATTERY,
    "battery_discharge_energy": HOUSE,
    "charge_energy": BATTERY,
    "discharge_energy": HOUSE,
    "import_energy": GRID,
    "export_energy": QUIET,
    "total_energy": SUN,
}
SHORT = {"import_energy": "Import", "export_energy": "Export", "total_energy": "Both added"}
ABSENT = "The gateway has no energies of this device in this range"
SOURCE = Source(KIND, f"${{device}}{SUFFIX}")
BARE: Json = {
    "type": "regex",
    "options": {"pattern": f"^(.*){SUFFIX}$", "result": {"text": "$1", "index": 0}},
}
"""The device's own name."""
FOLD: list[Json] = [
    {
        "id": "organize",
        "options": {
            "renameByName": {"device": "Meter"},
            "excludeByName": {"Time": True},
            "indexByName": {"device": 0},
        },
    }
]


def of_one(kind: str) -> Row:
    """Bars of the device that the variable `device` chooses."""
    panels: list[Panel] = []
    for span, when in SPANS.items():
        shown = [value(KIND, f"{made.key}_{span}", made.name, COLOURS[made.key]) for made in TABLE[kind]]
        query = latest(SOURCE, [item.column for item in shown])
        panels.append(bars(f"Energies {when}", query, shown, ABSENT, Size(8, 7)))
    return Row("Energies", tuple(panels))


def of_each_meter() -> Row:
    """A row for each of the chosen meters."""
    shown: Sequence[Value] = [
        value(KIND, f"{key}_{span}", f"{name} {when}", COLOURS[key])
        for key, name in SHORT.items()
        for span, when in SPANS.items()
    ]
    query = each_device(SOURCE, [item.column for item in shown])
    made = table(
        "Energies of each meter", query, shown, ABSENT, Size(24, 10), steps=FOLD, names={"Meter": BARE}
    )
    return Row("Energies", (made,))
