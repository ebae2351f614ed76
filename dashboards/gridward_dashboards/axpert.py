"""The dashboard `axpert`: one inverter of Voltronic Power, in place of the original's 43 panels."""

from gridward_dashboards import controls, energies
from gridward_dashboards.dashboard import Choice, Dashboard
from gridward_dashboards.look import BATTERY, FAULT, GRID, HOUSE, MODE, PROBLEM, SUN, Looks, flag
from gridward_dashboards.panel import gauge, stat, timeline, timeseries
from gridward_dashboards.parts import HALF, Panel, Row, Size, Value
from gridward_dashboards.query import Source, latest, over_time, states
from gridward_dashboards.values import (
    BANK_LEVELS,
    CHARGE_LEVELS,
    HEAT_LEVELS,
    HERTZ_LEVELS,
    LOAD_LEVELS,
    MAINS_LEVELS,
    SOC_BASE,
    value,
    word,
)
from gridward_dashboards.words import said

INVERTER = Source("inverter")
SITE = Source("site", None)
ABSENT = "This inverter says nothing in this range"
OWN_USE = 60
"""W that an Axpert 5 kW takes for itself, as the original added it to the load."""


def _chart(title: str, *values: Value, size: Size = HALF, looks: Looks | None = None) -> Panel:
    asked = over_time(INVERTER, [item.column for item in values])
    return timeseries(title, asked, values, ABSENT, size, looks=looks)


def _figure(key: str, title: str, colour: str | None = None, *, settings: bool = False) -> Panel:
    shown = value("inverter", key, title, colour)
    query = latest(INVERTER, [shown.column], ever=settings)
    return stat(title, query, [shown], ABSENT)


def _gauges() -> Row:
    made = (
        ("battery_voltage", "Battery voltage", FAULT, BANK_LEVELS, 44, 60),
        ("output_power", "Total load", BATTERY, ((4000, SUN), (5000, FAULT)), 0, 6000),
        ("battery_soc", "SoC by the inverter", SOC_BASE, CHARGE_LEVELS, 0, 100),
        ("battery_charging_current", "Charging", BATTERY, ((100, SUN),), 0, 140),
        ("pv_power", "PV", SUN, ((1, SUN),), 0, 5000),
        ("battery_discharge_current", "Discharging", BATTERY, ((80, SUN), (110, FAULT)), 0, 140),
    )
    panels: list[Panel] = []
    for key, title, base, levels, low, high in made:
        shown = value("inverter", key, title, base, levels, low=low, high=high)
        about = f"Without the unit's own use of about {OWN_USE} W." if key == "output_power" else ""
        panels.append(gauge(title, latest(INVERTER, [shown.column]), shown, ABSENT, Size(4, 5), about=about))
    return Row("Now", tuple(panels))


def _flows() -> Row:
    battery = value("inverter", "battery_power", "Battery (charging up)", BATTERY)
    return Row(
        "Power",
        (
            _chart("Battery power, charging and discharging", battery),
            _chart(
                "Battery voltage over time",
                value("inverter", "battery_voltage", "Battery", BATTERY),
                looks=Looks("volt", 1, FAULT, BANK_LEVELS),
            ),
            _chart("Load over time", value("inverter", "output_power", "Load", HOUSE)),
            _chart("PV power over time", value("inverter", "pv_power", "PV", SUN)),
        ),
    )


def _state() -> Row:
    mode, problem = word("mode", "Mode", MODE), word("problem", "Problem", PROBLEM)
    charging = word("charging", "Charging", flag("Charging", "Not charging", BATTERY, HOUSE))
    texts = (("warnings", "Warnings"), ("faults", "Faults"))
    words = tuple(
        said(title, latest(INVERTER, [(key, title)]), word(key, title), ABSENT, Size(6, 4))
        for key, title in texts
    )
    stood = [mode, problem, charging]
    return Row(
        "State",
        (
            stat("Device mode", latest(INVERTER, [mode.column]), [mode], ABSENT, Size(6, 4), background=True),
            stat("Problem", latest(INVERTER, [problem.column]), [problem], ABSENT, Size(6, 4)),
            *words,
            timeline(
                "Mode over time",
                states(INVERTER, [item.column for item in stood]),
                stood,
                ABSENT,
                Size(24, 6),
            ),
        ),
    )


def _measured() -> Row:
    mains = value("inverter", "grid_voltage", "Grid voltage", FAULT, MAINS_LEVELS)
    output = value("inverter", "output_voltage", "Output voltage", FAULT, MAINS_LEVELS)
    hertz = value("inverter", "output_frequency", "Output frequency", FAULT, HERTZ_LEVELS)
    load = value("inverter", "load_percentage", "Load per cent", BATTERY, LOAD_LEVELS)
    heat = value("inverter", "heat_sink_temperature", "Heat sink", BATTERY, HEAT_LEVELS)
    own = tuple(
        stat(item.name, latest(INVERTER, [item.column]), [item], ABSENT)
        for item in (output, mains, hertz, load, heat)
    )
    return Row(
        "Measured",
        (
            _figure("battery_charging_current", "Charging current", BATTERY),
            _figure("battery_discharge_current", "Discharging current", HOUSE),
            *own,
            _figure("grid_frequency", "Grid frequency", GRID),
            _figure("pv_voltage", "PV voltage", SUN),
            _figure("pv_current", "PV current", SUN),
            _figure("bus_voltage", "Bus voltage"),
            _figure("output_apparent_power", "Apparent power", HOUSE),
        ),
    )


def _settings() -> Row:
    voltages = (
        ("battery_float_voltage", "Float voltage"),
        ("battery_bulk_voltage", "Bulk voltage"),
        ("battery_recharge_voltage", "Re-charge voltage"),
        ("battery_redischarge_voltage", "Re-discharge voltage"),
        ("max_charging_current", "Max charging current"),
        ("max_utility_charging_current", "Max grid charging current"),
    )
    return Row("Settings as read back", tuple(_figure(key, title, settings=True) for key, title in voltages))


def _charts() -> Row:
    amperes = value("inverter", "pv_current", "PV current", BATTERY)
    return Row(
        "Over time",
        (
            _chart(
                "PV voltage and current",
                value("inverter", "pv_voltage", "PV voltage", SUN),
                Value(amperes.key, amperes.name, amperes.looks, right=True),
            ),
            _chart(
                "Heat sink temperature",
                value("inverter", "heat_sink_temperature", "Heat sink", SUN),
                looks=Looks("celsius", 0, BATTERY, HEAT_LEVELS),
            ),
            _chart(
                "Output and grid voltage",
                value("inverter", "output_voltage", "Output", HOUSE),
                value("inverter", "grid_voltage", "Grid", GRID),
            ),
            _chart(
                "Output and grid frequency",
                value("inverter", "output_frequency", "Output", HOUSE),
                value("inverter", "grid_frequency", "Grid", GRID),
            ),
        ),
    )


AXPERT_DASHBOARD = Dashboard(
    "axpert",
    "Inverter (Axpert)",
    "One inverter of Voltronic Power: what it does, what it is set to, and what can be asked of it.",
    (
        _gauges(),
        _state(),
        controls.row("$device"),
        _flows(),
        energies.of_one("inverter"),
        _measured(),
        _settings(),
        _charts(),
    ),
    (Choice("device", "Inverter", "inverter", "axpert"),),
    gateway=True,
)
AXPERT_ONE_CLICK = Dashboard(
    "axpert-one-click",
    "Inverter (Axpert, one click)",
    "The same as Inverter (Axpert), with buttons that ask the gateway directly.",
    (
        _gauges(),
        _state(),
        controls.row("$device", click=True),
        _flows(),
        energies.of_one("inverter"),
        _measured(),
        _settings(),
        _charts(),
    ),
    AXPERT_DASHBOARD.choices,
    gateway=True,
)
