"""The dashboard `srne`: an SRNE hybrid inverter."""

from gridward_dashboards import energies
from gridward_dashboards.dashboard import Choice, Dashboard
from gridward_dashboards.look import (
    BATTERY,
    CHARGE_STAGE,
    CHARGER,
    FAULT,
    GRID,
    HOUSE,
    MODE,
    PROBLEM,
    QUIET,
    SOURCE,
    SUN,
)
from gridward_dashboards.panel import gauge, stat, timeline, timeseries
from gridward_dashboards.parts import SMALL, Panel, Row, Size, Value
from gridward_dashboards.query import Source, latest, over_time, states
from gridward_dashboards.values import (
    BANK_LEVELS,
    CHARGE_LEVELS,
    HEAT_LEVELS,
    LOAD_LEVELS,
    SOC_BASE,
    value,
    word,
)
from gridward_dashboards.words import said

INVERTER = Source("inverter")
ABSENT = "This inverter says nothing in this range"
NO_TRACKER = "This unit has no such tracker, or says nothing in this range"


def _chart(title: str, *values: Value, absent: str = ABSENT) -> Panel:
    return timeseries(title, over_time(INVERTER, [item.column for item in values]), values, absent)


def _stat(shown: Value, *, settings: bool = False, size: Size = SMALL) -> Panel:
    return stat(shown.name, latest(INVERTER, [shown.column], ever=settings), [shown], ABSENT, size)


def _now() -> Row:
    soc = value("inverter", "battery_soc", "State of charge", SOC_BASE, CHARGE_LEVELS, low=0, high=100)
    volts = value("inverter", "battery_voltage", "Battery voltage", FAULT, BANK_LEVELS, low=44, high=60)
    load = value("inverter", "load_percentage", "Load per cent", BATTERY, LOAD_LEVELS, low=0, high=120)
    figures = (
        value("inverter", "pv_power", "PV 1", SUN),
        value("inverter", "pv2_power", "PV 2", SUN),
        value("inverter", "output_power", "Load", HOUSE),
        value("inverter", "battery_power", "Battery", BATTERY),
        value("inverter", "grid_power", "Grid", GRID),
        value("inverter", "battery_temperature", "Battery temperature"),
    )
    gauges = (soc, volts, load)
    return Row(
        "Now",
        (
            *(gauge(item.name, latest(INVERTER, [item.column]), item, ABSENT, Size(8, 5)) for item in gauges),
            *(_stat(item) for item in figures),
        ),
    )


def _state() -> Row:
    mode, problem = word("mode", "Mode", MODE), word("problem", "Problem", PROBLEM)
    words = (mode, problem, word("charge_state", "Charge stage", CHARGE_STAGE))
    faults = word("faults", "Faults")
    shown = [mode, word("charge_state", "Charge stage", CHARGE_STAGE), problem]
    return Row(
        "State",
        (
            *(_stat(item, size=Size(6, 4)) for item in words),
            said("Faults", latest(INVERTER, [faults.column]), faults, ABSENT, Size(6, 4)),
            timeline(
                "State over time",
                states(INVERTER, [item.column for item in shown]),
                shown,
                ABSENT,
                Size(24, 6),
            ),
        ),
    )


def _charts() -> Row:
    amperes = value("inverter", "battery_current", "Battery current", HOUSE)
    return Row(
        "Over time",
        (
            _chart(
                "PV power by tracker",
                value("inverter", "pv_power", "Tracker 1", SUN),
                value("inverter", "pv2_power", "Tracker 2", FAULT),
                absent=NO_TRACKER,
            ),
            _chart(
                "PV voltage by tracker",
                value("inverter", "pv_voltage", "Tracker 1", SUN),
                value("inverter", "pv2_voltage", "Tracker 2", FAULT),
                absent=NO_TRACKER,
            ),
            _chart(
                "Power of load, battery and grid",
                value("inverter", "output_power", "Load", HOUSE),
                value("inverter", "battery_power", "Battery (charging up)", BATTERY),
                value("inverter", "grid_power", "Grid (import up)", GRID),
            ),
            _chart(
                "Battery voltage and current",
                value("inverter", "battery_voltage", "Battery voltage", BATTERY),
                Value(amperes.key, amperes.name, amperes.looks, right=True),
            ),
            _chart(
                "Output and grid voltage",
                value("inverter", "output_voltage", "Output", HOUSE),
                value("inverter", "grid_voltage", "Grid", GRID),
            ),
            _chart(
                "Temperatures",
                value("inverter", "heat_sink_temperature", "Heat sink", FAULT),
                value("inverter", "dc_heat_sink_temperature", "DC heat sink", SUN),
                value("inverter", "transformer_temperature", "Transformer", HOUSE),
                value("inverter", "battery_temperature", "Battery", BATTERY),
            ),
        ),
    )


def _settings() -> Row:
    voltages = (
        ("battery_bulk_voltage", "Bulk voltage"),
        ("battery_float_voltage", "Float voltage"),
        ("battery_recharge_voltage", "Back to grid voltage"),
        ("battery_redischarge_voltage", "Back to battery voltage"),
        ("max_charging_current", "Max charging current"),
        ("max_utility_charging_current", "Max grid charging current"),
    )
    words = (
        word("output_source_priority", "Output source", SOURCE),
        word("charger_source_priority", "Charger source", CHARGER),
    )
    return Row(
        "Settings as read back",
        (
            *(_stat(item, settings=True, size=Size(6, 4)) for item in words),
            _stat(value("inverter", "pv_energy", "PV energy", SUN), size=Size(6, 4)),
            _stat(value("inverter", "load_energy", "Load energy", HOUSE), size=Size(6, 4)),
            *(_stat(value("inverter", key, title), settings=True) for key, title in voltages),
            _stat(
                value("inverter", "heat_sink_temperature", "Heat sink", BATTERY, HEAT_LEVELS), size=Size(6, 4)
            ),
            _stat(value("inverter", "bus_voltage", "Bus voltage", QUIET), size=Size(6, 4)),
            _stat(value("inverter", "output_frequency", "Output frequency"), size=Size(6, 4)),
            _stat(value("inverter", "output_voltage", "Output voltage", HOUSE), size=Size(6, 4)),
        ),
    )


SRNE_DASHBOARD = Dashboard(
    "srne",
    "Inverter (SRNE)",
    "An SRNE hybrid inverter: trackers, battery, grid and load, and its settings.",
    (_now(), _state(), energies.of_one("inverter"), _charts(), _settings()),
    (Choice("device", "Inverter", "inverter", "srne"),),
)
