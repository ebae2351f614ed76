"""The dashboard `bms`: the bank and its cells, in place of the original's 27 panels."""

from dataclasses import replace

from gridward_dashboards import energies
from gridward_dashboards.dashboard import Choice, Dashboard
from gridward_dashboards.look import BATTERY, FAULT, HOUSE, MOSFET, PROBLEM, QUIET, SUN, Looks, flag
from gridward_dashboards.panel import bars, gauge, history, stat, timeline, timeseries
from gridward_dashboards.parts import Panel, Row, Size, Value
from gridward_dashboards.query import Source, latest, over_time, states
from gridward_dashboards.values import (
    BANK_LEVELS,
    CELL_LEVELS,
    CHARGE_LEVELS,
    SOC_BASE,
    SPREAD_LEVELS,
    WARMTH_LEVELS,
    value,
    word,
)
from gridward_dashboards.words import said

BANK = Source("battery")
ABSENT = "This battery says nothing in this range"
CELLS = range(1, 17)
CELL = Looks("volt", 3, FAULT, CELL_LEVELS, low=2.8, high=3.65)
SPREAD = Looks("volt", None, BATTERY, SPREAD_LEVELS)
"""Millivolts mostly: with digits of its own Grafana shows 3.000 mV."""
DIFFERENCE = Looks(
    "volt", None, FAULT, ((-0.1, SUN), (-0.02, BATTERY), (0.02, SUN), (0.1, FAULT)), low=-0.1, high=0.1
)
STATE = Looks(
    words={
        "charging": ("Charging", BATTERY),
        "discharging": ("Discharging", HOUSE),
        "idle": ("At rest", QUIET),
    }
)
BALANCING = flag("Balancing", "Not balancing", SUN, QUIET)


def _now() -> Row:
    soc = value("battery", "soc", "State of charge", SOC_BASE, CHARGE_LEVELS, low=0, high=100)
    volts = value("battery", "voltage", "Voltage", FAULT, BANK_LEVELS, low=44, high=60)
    warm = value("battery", "temperature_max", "Highest", FAULT, WARMTH_LEVELS)
    spread = Value("cell_spread", "Spread", SPREAD)
    figures = (
        value("battery", "current", "Current", HOUSE),
        value("battery", "power", "Power", BATTERY),
        warm,
        spread,
        value("battery", "remaining_capacity", "Charge left"),
        value("battery", "cycles", "Cycles"),
        value("battery", "cell_max_number", "Highest cell"),
        value("battery", "cell_min_number", "Lowest cell"),
    )
    about = {"Current": "Positive is charging.", "Spread": "Highest less lowest cell."}
    return Row(
        "Now",
        (
            gauge("State of charge", latest(BANK, [soc.column]), soc, ABSENT, Size(6, 5)),
            gauge("Voltage", latest(BANK, [volts.column]), volts, ABSENT, Size(6, 5)),
            *(
                stat(
                    item.name,
                    latest(BANK, [item.column]),
                    [item],
                    ABSENT,
                    Size(3, 5 if place < 4 else 4),
                    about=about.get(item.name, ""),
                )
                for place, item in enumerate(figures)
            ),
            *_words(),
        ),
    )


def _words() -> tuple[Panel, ...]:
    shown = (
        (word("state", "State", STATE), Size(3, 4)),
        (word("charge_mosfet", "Charge MOSFET", MOSFET), Size(3, 4)),
        (word("discharge_mosfet", "Discharge MOSFET", MOSFET), Size(3, 4)),
        (word("balancing", "Balancer", BALANCING), Size(3, 4)),
    )
    return tuple(stat(item.name, latest(BANK, [item.column]), [item], ABSENT, size) for item, size in shown)


def _cells() -> Row:
    cells = [value("battery", f"cell_{number}_voltage", f"{number}") for number in CELLS]
    columns = [item.column for item in cells]
    return Row(
        "Cells",
        (
            bars(
                "Cells now",
                latest(BANK, columns),
                cells,
                ABSENT,
                Size(24, 8),
                looks=CELL,
                about="All on one scale, from the lowest to the highest voltage allowed.",
            ),
            history(
                "Cells over time",
                over_time(BANK, columns),
                CELL,
                ABSENT,
                Size(24, 10),
                about="A row for each cell: blue is low, red is high.",
            ),
            timeseries(
                "Highest and lowest cell",
                over_time(BANK, [("cell_voltage_max", "Highest"), ("cell_voltage_min", "Lowest")]),
                [
                    value("battery", "cell_voltage_max", "Highest", FAULT),
                    value("battery", "cell_voltage_min", "Lowest", HOUSE),
                ],
                ABSENT,
                looks=Looks("volt", 3),
            ),
            timeseries(
                "Spread over time",
                over_time(BANK, [("cell_spread", "Spread")]),
                [Value("cell_spread", "Spread", replace(SPREAD, base=SUN, levels=()))],
                ABSENT,
                looks=SPREAD,
            ),
        ),
    )


def _balancer() -> Row:
    pairs = [Value(f"cell_{n}_{n + 1}_difference", f"{n}-{n + 1}", DIFFERENCE) for n in CELLS[:-1]]
    odd, even = pairs[0::2], pairs[1::2]
    about = "What an active balancer works on: a cell less its neighbour."
    return Row(
        "Balancer: differences between neighbours",
        (
            bars(
                "Cells 1-2, 3-4 and on",
                latest(BANK, [item.column for item in odd]),
                odd,
                ABSENT,
                looks=DIFFERENCE,
                about=about,
            ),
            bars(
                "Cells 2-3, 4-5 and on",
                latest(BANK, [item.column for item in even]),
                even,
                ABSENT,
                looks=DIFFERENCE,
                about=about,
            ),
        ),
    )


def _over_time() -> Row:
    current = value("battery", "current", "Current (charging up)", HOUSE)
    warm = [
        value("battery", "temperature_max", "Warmest", FAULT),
        value("battery", "temperature_min", "Coldest", HOUSE),
    ]
    soc, volts = (
        value("battery", "soc", "State of charge", BATTERY, high=100),
        value("battery", "voltage", "Voltage", SUN),
    )
    return Row(
        "Over time",
        (
            timeseries("Current over time", over_time(BANK, [current.column]), [current], ABSENT),
            timeseries("Charge over time", over_time(BANK, [soc.column]), [soc], ABSENT),
            timeseries(
                "Voltage over time",
                over_time(BANK, [volts.column]),
                [volts],
                ABSENT,
                looks=Looks("volt", 1, FAULT, BANK_LEVELS),
            ),
            timeseries("Temperatures", over_time(BANK, [item.column for item in warm]), warm, ABSENT),
        ),
    )


def _faults() -> Row:
    shown = [
        word("problem", "Problem", PROBLEM),
        word("charge_mosfet", "Charge", MOSFET),
        word("discharge_mosfet", "Discharge", MOSFET),
        word("balancing", "Balancer", BALANCING),
    ]
    failures = word("failures", "Failures")
    return Row(
        "Faults",
        (
            said(
                "What the BMS says is wrong", latest(BANK, [failures.column]), failures, ABSENT, Size(24, 4)
            ),
            timeline(
                "Faults and MOSFETs over time",
                states(BANK, [item.column for item in shown]),
                shown,
                ABSENT,
                Size(24, 7),
            ),
        ),
    )


BMS_DASHBOARD = Dashboard(
    "bms",
    "Battery",
    "The bank and its cells: charge, spread, balancer, MOSFETs and faults.",
    (_now(), _cells(), _balancer(), energies.of_one("battery"), _over_time(), _faults()),
    (Choice("device", "Battery", "battery"),),
)
