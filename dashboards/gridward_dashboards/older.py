"""The dashboard for Grafana 7 to 10: the links to the gateway's page and what stands, as 7.0 takes them.

Before 8.3 a panel names its data source and knows no uid; before 8 words for codes have a number for their
kind, and no colours. Newer ones migrate it.
"""

from dataclasses import dataclass

from gridward.api.named import GROUPS, Group
from gridward_dashboards import controls
from gridward_dashboards.dashboard import Choice, Dashboard
from gridward_dashboards.look import Looks
from gridward_dashboards.panel import PLAIN
from gridward_dashboards.parts import Body, Panel, Row, Size, Value
from gridward_dashboards.query import Query, Source, latest
from gridward_dashboards.values import CHARGE_LEVELS, DRAWN, LOAD, PV, SOC_BASE, STORED, value
from gridward_kit.kept import Json

SCHEMA = 25
VERSION = "7.0.0"
NAME = "Gridward"
"""The provisioned data source."""
VALUE_TO_TEXT = 1
SITE = Source("site", None)
NO_SITE = "The gateway says nothing of the site in this range"
OF_INVERTER = "$inverter"


@dataclass(frozen=True, slots=True)
class Older(Dashboard):
    """A dashboard whose panels are as Grafana 7 takes them."""

    def content(self) -> dict[str, Json]:
        """In the schema of 7.0."""
        found = Dashboard.content(self)
        templating = found["templating"]
        listed = templating["list"] if isinstance(templating, dict) else None
        variables = [
            {**one, "datasource": NAME} if "datasource" in one else one
            for one in (listed if isinstance(listed, list) else ())
            if isinstance(one, dict)
        ]
        own: Body = {
            "schemaVersion": SCHEMA,
            "annotations": {"list": []},
            "templating": {"list": [*variables]},
        }
        return {**found, **own}


def _figure(title: str, query: Query, shown: Value, absent: str, size: Size, links: list[Json]) -> Panel:
    """A figure, or a word, of 7.0."""
    looks = shown.looks
    reduced: Json = {"calcs": ["lastNotNull"], "fields": f"/^{shown.name}$/", "values": False}
    options: Body = {
        "reduceOptions": reduced,
        "orientation": "auto",
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "textMode": "value",
    }
    target: Body = {
        "refId": "A",
        "query": query.text,
        "rawQuery": True,
        "resultFormat": "time_series",
        "alias": "$col",
    }
    defaults: Body = {"color": PLAIN, **looks.properties()}
    if looks.words is not None:
        defaults["mappings"] = _mappings(looks)
    body: Body = {
        "type": "stat",
        "title": title,
        "pluginVersion": VERSION,
        "datasource": NAME,
        "targets": [target],
        "options": options,
        "fieldConfig": {"defaults": {**defaults, "noValue": absent, "links": links}, "overrides": []},
    }
    return Panel(title, body, size.width, size.height)


def _mappings(looks: Looks) -> list[Json]:
    words = (looks.words or {}).items()
    return [
        {"id": number, "type": VALUE_TO_TEXT, "value": code, "text": word}
        for number, (code, (word, _)) in enumerate(words, 1)
    ]


def _standing(group: Group) -> Panel:
    device = OF_INVERTER if group.kind == "inverter" else None
    shown = Value(group.entity, group.title, controls.LOOKS[group.entity])
    query = latest(Source(group.kind, device), [shown.column], ever=True)
    absent, links = controls.ABSENT[group.kind], controls.links(group, device)
    return _figure(f"{group.title} stands at", query, shown, absent, Size(6, 4), links)


def _now() -> tuple[Panel, ...]:
    soc = value("site", "soc", "State of charge", SOC_BASE, CHARGE_LEVELS)
    shown = [
        soc,
        *(Value(one.key, one.name.partition(" (")[0], one.looks) for one in (PV, LOAD, STORED, DRAWN)),
    ]
    widths = (8, 4, 4, 4, 4)
    return tuple(
        _figure(one.name, latest(SITE, [one.column]), one, NO_SITE, Size(width, 4), [])
        for one, width in zip(shown, widths, strict=True)
    )


def _links() -> Panel:
    """Before 7.1 a text panel has its text at its top; both forms lie in the file."""
    made = controls.buttons("Ask for", tuple(GROUPS.values()), OF_INVERTER, proposals=True)
    options = made.body["options"]
    before = options if isinstance(options, dict) else {}
    return Panel(made.title, {**made.body, **before, "pluginVersion": VERSION}, 24, 12)


OLDER_DASHBOARD = Older(
    "older",
    "Site (older Grafana)",
    "For Grafana 7 to 10: what flows, what stands, and the links to the gateway's page.",
    (Row("Now", _now()), Row("Controls", (*map(_standing, GROUPS.values()), _links()))),
    (Choice("inverter", "Inverter", "inverter"),),
    gateway=True,
)
