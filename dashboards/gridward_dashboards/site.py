"""The dashboard `site`: the whole house at one look."""

from gridward_dashboards import controls
from gridward_dashboards.dashboard import Choice, Dashboard
from gridward_dashboards.look import (
    BATTERY,
    FAULT,
    GRID,
    HOUSE,
    LOCK,
    MODES,
    OVERRIDE,
    POSITION,
    PRESENCE,
    QUIET,
    SCHEDULE,
    SUN,
    Looks,
)
from gridward_dashboards.panel import bars, gauge, stat, timeline, timeseries
from gridward_dashboards.parts import Panel, Row, Size
from gridward_dashboards.query import Source, by_interval, latest, many_over_time, over_time, states
from gridward_dashboards.rules import sayings
from gridward_dashboards.values import (
    BANK_LEVELS,
    CHARGE_LEVELS,
    DRAWN,
    LOAD,
    PV,
    SOC_BASE,
    STORED,
    value,
    word,
)
from gridward_dashboards.words import said

SITE, RULES, RELAY, BANK = (Source(kind, None) for kind in ("site", "rules", "relay", "battery"))
PLAN, ALARMS = Source("plan", None), Source("alarms", None)
NO_SITE = "The gateway says nothing of the site in this range"
NO_RULES = "The rules say nothing in this range"
NO_RELAY = "No contactor in this range"
NO_BANK = "No battery in this range"
NO_PLAN = "No plan in this range"
NO_ALARMS = "Nobody looks for alarms in this range"
NO_TARIFF = "No tariff in the site file"

ENERGIES = (
    ("pv_energy", "Produced", SUN),
    ("load_energy", "Used", HOUSE),
    ("grid_import_energy", "From the grid", GRID),
    ("grid_export_energy", "To the grid", QUIET),
    ("battery_charge_energy", "Into the battery", BATTERY),
    ("battery_discharge_energy", "Out of the battery", BATTERY),
)
FLOWS = (
    ("sun_to_home_energy_today", "Sun to house", SUN),
    ("sun_to_battery_energy_today", "Sun to battery", BATTERY),
    ("sun_to_grid_energy_today", "Sun to grid", QUIET),
    ("battery_to_home_energy_today", "Battery to house", HOUSE),
    ("grid_to_home_energy_today", "Grid to house", GRID),
    ("grid_to_battery_energy_today", "Grid to battery", GRID),
)


def _sentences() -> Row:
    tonight, message = word("tonight", "Tonight"), word("latest", "Latest")
    alarms = value("alarms", "alarms", "Alarms", BATTERY, ((1, FAULT),))
    return Row(
        "In words",
        (
            *sayings(),
            said("Tonight", latest(PLAN, [tonight.column]), tonight, NO_PLAN, Size(6, 4)),
            stat("Alarms", latest(ALARMS, [alarms.column]), [alarms], NO_ALARMS, Size(4, 3)),
            said("Latest message", latest(ALARMS, [message.column]), message, "No message yet", Size(20, 3)),
        ),
    )


def _now() -> Row:
    soc = value("site", "soc", "Battery", SOC_BASE, CHARGE_LEVELS, low=0, high=100)
    left = value("site", "battery_hours_left", "Hours left")
    powers = [(item, item.name.partition(" (")[0]) for item in (PV, LOAD, STORED, DRAWN)]
    figures = tuple(
        stat(name, latest(SITE, [item.column]), [item], NO_SITE, Size(4, 4)) for item, name in powers
    )
    return Row(
        "Now",
        (
            gauge("State of charge", latest(SITE, [soc.column]), soc, NO_SITE, Size(4, 4)),
            *figures,
            stat(
                "Battery lasts",
                latest(SITE, [left.column]),
                [left],
                "Not discharging",
                Size(4, 4),
                about="Hours until the reserve at this load.",
            ),
            _word("Contactor", RELAY, "feedback", POSITION, NO_RELAY),
            _word("Public grid", RULES, "grid_present", PRESENCE, NO_RULES),
            _word("Decision", RULES, "decision", POSITION, NO_RULES),
            _word("Rules", RULES, "mode", MODES, NO_RULES),
            _word("Lock", RELAY, "locked", LOCK, NO_RELAY),
            _word("Grid by hand", RULES, "grid_override", OVERRIDE, NO_RULES),
        ),
    )


def _word(title: str, source: Source, key: str, looks: Looks, absent: str) -> Panel:
    shown = word(key, title, looks)
    return stat(title, latest(source, [shown.column]), [shown], absent, Size(4, 3))


def _plan() -> Row:
    expected = [
        value("plan", f"{what}_expected_{day}", f"{name} {day}", colour)
        for day in ("today", "tomorrow")
        for what, name, colour in (("pv", "Sun", SUN), ("load", "House", HOUSE))
    ]
    schedule = word("schedule_mode", "Schedule", SCHEDULE)
    needed = value("plan", "needed_soc", "Charge needed", BATTERY)
    reason, standing = word("plan_reason", "Why"), [word("schedule_mode", "Schedule", SCHEDULE)]
    return Row(
        "Plan",
        (
            bars("Expected", latest(PLAN, [item.column for item in expected]), expected, NO_PLAN, Size(8, 6)),
            stat("Schedule now", latest(PLAN, [schedule.column]), [schedule], NO_PLAN, Size(4, 3)),
            stat("Charge needed", latest(PLAN, [needed.column]), [needed], NO_PLAN, Size(4, 3)),
            said("Why the plan is so", latest(PLAN, [reason.column]), reason, NO_PLAN, Size(8, 6)),
            timeline(
                "Schedule over time", states(PLAN, [standing[0].column]), standing, NO_PLAN, Size(24, 4)
            ),
        ),
    )


def _day() -> Row:
    flows = [PV, LOAD, STORED, DRAWN]
    soc = value("site", "soc", "State of charge", BATTERY, high=100)
    right = [soc]
    states_of = [word("feedback", "Contactor", POSITION)]
    return Row(
        "Power",
        (
            timeseries(
                "Power of the site",
                over_time(SITE, [item.column for item in flows]),
                flows,
                NO_SITE,
                Size(24, 9),
                about="Battery: charging up, discharging down. Grid: import up.",
            ),
            timeseries(
                "State of charge over time", over_time(SITE, [soc.column]), right, NO_SITE, Size(12, 7)
            ),
            timeseries(
                "Voltage of each battery",
                many_over_time(BANK, "voltage"),
                [],
                NO_BANK,
                Size(12, 7),
                looks=Looks("volt", 1, FAULT, BANK_LEVELS),
            ),
            timeline(
                "Grid connected or not",
                states(RELAY, [item.column for item in states_of]),
                states_of,
                NO_RELAY,
                Size(24, 4),
            ),
        ),
    )


def _energies(span: str, title: str) -> Panel:
    values = [value("site", f"{key}_{span}", name, colour) for key, name, colour in ENERGIES]
    return bars(title, latest(SITE, [item.column for item in values]), values, NO_SITE, Size(12, 8))


def _shares() -> tuple[Panel, ...]:
    found = []
    for key, name in (("self_consumption", "Self-consumption"), ("autarky", "Autarky")):
        for span, when in (("today", "today"), ("month", "this month")):
            shown = value("site", f"{key}_{span}", f"{name} {when}", BATTERY)
            found.append(stat(f"{name} {when}", latest(SITE, [shown.column]), [shown], "Nothing yet"))
    for key, name, colour in (("cost", "Grid cost today", GRID), ("savings", "Saved today", BATTERY)):
        shown = value("site", f"{key}_today", name, colour)
        about = "In the currency of the site file's tariff."
        found.append(stat(name, latest(SITE, [shown.column]), [shown], NO_TARIFF, about=about))
    return tuple(found)


def _hours() -> Row:
    gained = [value("site", key, name, colour) for key, name, colour in ENERGIES[:4]]
    flows = [value("site", key, name, colour) for key, name, colour in FLOWS]
    return Row(
        "Energy",
        (
            _energies("today", "Today"),
            _energies("month", "This month"),
            *_shares(),
            bars("Who fed whom today", latest(SITE, [item.column for item in flows]), flows, NO_SITE),
            timeseries(
                "Energy by the hour",
                by_interval(SITE, [item.column for item in gained]),
                gained,
                NO_SITE,
                bars=True,
                every="1h",
            ),
        ),
    )


SITE_DASHBOARD = Dashboard(
    "site",
    "Site",
    "The house at one look: what flows, what stands, what the rules say and why.",
    (_sentences(), _now(), controls.row("$inverter"), _day(), _plan(), _hours()),
    (Choice("inverter", "Inverter", "inverter"),),
    gateway=True,
)
SITE_ONE_CLICK = Dashboard(
    "site-one-click",
    "Site (one click)",
    "The same as Site, with buttons that ask the gateway directly: for one behind Grafana's own proxy.",
    (_sentences(), _now(), controls.row("$inverter", click=True), _day(), _plan(), _hours()),
    SITE_DASHBOARD.choices,
    gateway=True,
)
