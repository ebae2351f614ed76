"""The dashboard `rules`: what the rules decide and why, and everything that was asked or changed."""

from gridward_dashboards.controls import ANSWERS
from gridward_dashboards.dashboard import Dashboard
from gridward_dashboards.look import BATTERY, FAULT, LOCK, MODES, OVERRIDE, POSITION, SUN
from gridward_dashboards.panel import stat, table, timeline, timeseries
from gridward_dashboards.parts import Panel, Row, Size
from gridward_dashboards.query import Query, Source, events, latest, over_time, states
from gridward_dashboards.values import value, word
from gridward_dashboards.words import said

RULES, RELAY = Source("rules", None), Source("relay", None)
NO_RULES = "The rules say nothing in this range"
NO_RELAY = "No contactor in this range"
NO_EVENT = "Nothing on record in this range"


def sayings() -> tuple[Panel, ...]:
    """What the rules say and what they wait for; `site` shows it, too."""
    sentence, waiting = word("sentence", "Now"), word("waiting", "Waits for")
    return (
        said("What the rules say", latest(RULES, [sentence.column]), sentence, NO_RULES, Size(12, 4)),
        said(
            "What they wait for",
            latest(RULES, [waiting.column]),
            waiting,
            "They wait for nothing",
            Size(6, 4),
        ),
    )


def _now() -> Row:
    reason = word("reason", "Reason")
    small = (
        word("mode", "Rules", MODES),
        word("decision", "Decision", POSITION),
        word("would", "Would decide", POSITION),
        word("grid_override", "By hand", OVERRIDE),
        value("rules", "override_remaining", "By hand for another"),
        value("rules", "decisions", "Decisions"),
    )
    absent = {"Would decide": "Only in observe mode", "By hand for another": "Nothing by hand"}
    return Row(
        "Now",
        (
            *sayings(),
            said("Why the contactor stands so", latest(RELAY, [reason.column]), reason, NO_RELAY, Size(6, 4)),
            *(
                stat(
                    item.name,
                    latest(RULES, [item.column]),
                    [item],
                    absent.get(item.name, NO_RULES),
                    Size(4, 3),
                )
                for item in small
            ),
        ),
    )


def _over_time() -> Row:
    decided = [
        word("decision", "Decision", POSITION),
        word("would", "Would decide", POSITION),
        word("mode", "Rules", MODES),
    ]
    switched = [
        word("position", "Position", POSITION),
        word("feedback", "Feedback", POSITION),
        word("locked", "Lock", LOCK),
    ]
    counted = [
        value("relay", "changes_last_hour", "In the last hour", SUN),
        value("relay", "changes_today", "In 24 hours", FAULT),
    ]
    lease = value("relay", "lease_remaining", "Lease remaining", BATTERY)
    return Row(
        "Over time",
        (
            timeline(
                "Decisions over time",
                states(RULES, [item.column for item in decided]),
                decided,
                NO_RULES,
                Size(24, 6),
            ),
            timeline(
                "Contactor over time",
                states(RELAY, [item.column for item in switched]),
                switched,
                NO_RELAY,
                Size(24, 6),
            ),
            timeseries(
                "Switches of the contactor",
                over_time(RELAY, [item.column for item in counted], "max"),
                counted,
                NO_RELAY,
                about="At most 4 an hour and 12 a day; then it is locked connected.",
            ),
            timeseries(
                "Lease to be islanded",
                over_time(RELAY, [lease.column], "min"),
                [lease],
                "Not islanded in this range",
                about="Renewed every 5 s while the rules allow it; without that the grid is connected.",
            ),
        ),
    )


def _audit() -> Row:
    per_day = Query(
        'SELECT count("what") AS "Events" FROM "audit" WHERE "site" =~ /^$site$/ AND $timeFilter '
        "GROUP BY time($__interval) fill(none)"
    )
    return Row(
        "Audit",
        (
            table(
                "What the rules decided",
                events('"by" =~ /^(rules|plan|recorder)/ AND '),
                ANSWERS,
                NO_EVENT,
                Size(24, 9),
            ),
            table(
                "What people and programs asked for",
                events('"by" !~ /^(rules|plan|recorder)/ AND '),
                ANSWERS,
                NO_EVENT,
                Size(24, 9),
            ),
            table(
                "Refused and failed",
                events('"status" =~ /^(refused|failed)$/ AND '),
                ANSWERS,
                NO_EVENT,
                Size(12, 8),
            ),
            timeseries(
                "Events by interval", per_day, [word("what", "Events")], NO_EVENT, bars=True, every="1h"
            ),
        ),
    )


RULES_DASHBOARD = Dashboard(
    "rules",
    "Rules and audit",
    "What the rules decide, why, and who asked for what.",
    (_now(), _over_time(), _audit()),
)
