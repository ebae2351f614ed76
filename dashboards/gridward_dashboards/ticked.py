"""The original system's three dashboards, panel by panel: where each is now.

What is counted as its panels: every panel of its Grafana files, buttons included.
"""

from collections.abc import Mapping, Sequence

BEGIN, END = "<!-- original -->", "<!-- /original -->"

Ticked = tuple[str, str, str]
"""The original's panel, the dashboard that has it now, and the title of the panel there."""

AXPERT: tuple[Ticked, ...] = (
    ("Graph: battery voltage", "axpert", "Battery voltage over time"),
    ("Graph: charging and discharging power", "axpert", "Battery power, charging and discharging"),
    ("Gauge: battery voltage", "axpert", "Battery voltage"),
    ("Gauge: total load", "axpert", "Total load"),
    ("Gauge: SoC", "axpert", "SoC by the inverter"),
    ("Gauge: charging", "axpert", "Charging"),
    ("Gauge: PV", "axpert", "PV"),
    ("Gauge: discharging power", "axpert", "Discharging"),
    ("Graph: load", "axpert", "Load over time"),
    ("Graph: PV", "axpert", "PV power over time"),
    ("Figure: charging current", "axpert", "Charging current"),
    ("Figure: discharging current", "axpert", "Discharging current"),
    ("Figure: float voltage", "axpert", "Float voltage"),
    ("Figure: bulk voltage", "axpert", "Bulk voltage"),
    ("Figure: re-charge voltage", "axpert", "Re-charge voltage"),
    ("Figure: re-discharge voltage", "axpert", "Re-discharge voltage"),
    ("Figure: output voltage", "axpert", "Output voltage"),
    ("Figure: grid voltage", "axpert", "Grid voltage"),
    ("Figure: output frequency", "axpert", "Output frequency"),
    ("Figure: grid frequency", "axpert", "Grid frequency"),
    ("Figure: PV voltage", "axpert", "PV voltage"),
    ("Figure: PV current", "axpert", "PV current"),
    ("Figure: max charging current", "axpert", "Max charging current"),
    ("Figure: max grid charging current", "axpert", "Max grid charging current"),
    ("Figure: device mode", "axpert", "Device mode"),
    ("Figure: charger priority", "axpert", "Charger stands at"),
    ("Figure: output priority", "axpert", "Output source stands at"),
    ("Figure: load per cent", "axpert", "Load per cent"),
    ("Button: source USB", "axpert", "Ask for"),
    ("Button: source SUB", "axpert", "Ask for"),
    ("Button: source SBU", "axpert", "Ask for"),
    ("Button: charger utility first", "axpert", "Ask for"),
    ("Button: charger solar first", "axpert", "Ask for"),
    ("Button: charger utility and solar", "axpert", "Ask for"),
    ("Button: charger only solar", "axpert", "Ask for"),
    ("Button: grid ON", "axpert", "Ask for"),
    ("Button: grid OFF", "axpert", "Ask for"),
    ("Button: controller ON", "axpert", "Ask for"),
    ("Button: controller OFF", "axpert", "Ask for"),
    ("Graph: PV voltage and current", "axpert", "PV voltage and current"),
    ("Graph: heat sink temperature", "axpert", "Heat sink temperature"),
    ("Graph: output voltage", "axpert", "Output and grid voltage"),
    ("Graph: output frequency", "axpert", "Output and grid frequency"),
)

BMS: tuple[Ticked, ...] = (
    ("SoC", "bms", "State of charge"),
    ("Current, charging and discharging", "bms", "Current over time"),
    ("Voltage", "bms", "Voltage over time"),
    ("Temperature", "bms", "Temperatures"),
    ("Bars: differences of neighbours, odd pairs", "bms", "Cells 1-2, 3-4 and on"),
    ("Bars: differences of neighbours, even pairs", "bms", "Cells 2-3, 4-5 and on"),
    *((f"Graph: cell {number}", "bms", "Cells over time") for number in range(1, 17)),
    ("Cycles", "bms", "Cycles"),
    ("Highest cell number", "bms", "Highest cell"),
    ("Lowest cell number", "bms", "Lowest cell"),
    ("Charge MOSFET", "bms", "Charge MOSFET"),
    ("Discharge MOSFET", "bms", "Discharge MOSFET"),
)

STATS: tuple[Ticked, ...] = (
    ("PV power", "stats", "PV power"),
    ("Bars: production, consumption, export, import of today", "stats", "Energies today"),
    ("Bars: production, consumption, export, import of this month", "stats", "Energies this month"),
    ("Production by interval", "stats", "Production by interval"),
    ("Consumption by interval", "stats", "Consumption by interval"),
    ("Import and export by interval", "stats", "Import and export by interval"),
    ("Production by day", "stats", "Production by day"),
    ("Consumption by day", "stats", "Consumption by day"),
    ("Import and export by day", "stats", "Import and export by day"),
)

ORIGINAL: Mapping[str, Sequence[Ticked]] = {"AXPERT": AXPERT, "BMS": BMS, "STATS": STATS}


def tables() -> str:
    """The tables of the README."""
    lines: list[str] = []
    for name, panels in ORIGINAL.items():
        lines += [
            f"### {name}, {len(panels)} panels",
            "",
            "| | original | now | panel |",
            "|---|---|---|---|",
        ]
        lines += [f"| ✓ | {panel} | `{dashboard}` | {title} |" for panel, dashboard, title in panels]
        lines.append("")
    return "\n".join(lines)
