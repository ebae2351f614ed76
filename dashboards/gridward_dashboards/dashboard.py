"""A dashboard out of rows of panels: places that wrap and cannot overlap, ids that stay, links, variables."""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

from gridward_dashboards.look import FAULT, GRID, HOUSE
from gridward_dashboards.parts import Panel, Row
from gridward_dashboards.query import SOURCE
from gridward_kit.kept import Json

SCHEMA = 41
"""Of Grafana 12; 11 reads it, 13 migrates it."""
COLUMNS = 24
TAG = "gridward"


@dataclass(frozen=True, slots=True)
class Choice:
    """A variable: the devices of a kind, or of some integrations of it."""

    name: str
    label: str
    kind: str
    integration: str | None = None
    many: bool = False


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What a dashboard is made of; its uid is `gridward-<name>`."""

    name: str
    title: str
    about: str
    rows: tuple[Row, ...]
    choices: tuple[Choice, ...] = ()
    since: str = "now-24h"
    refresh: str = "30s"
    gateway: bool = False

    def content(self) -> dict[str, Json]:
        """As Grafana reads it (classic schema)."""
        variables = [_site(), *(_variable(choice) for choice in self.choices)]
        if self.gateway:
            variables.append(_gateway())
        return {
            "uid": f"gridward-{self.name}",
            "title": self.title,
            "description": self.about,
            "tags": [TAG],
            "schemaVersion": SCHEMA,
            "editable": True,
            "graphTooltip": 1,
            "timezone": "browser",
            "refresh": self.refresh,
            "time": {"from": self.since, "to": "now"},
            "links": [_others()],
            "annotations": {"list": list(ANNOTATIONS)},
            "templating": {"list": variables},
            "panels": placed(self.rows),
        }


def placed(rows: Sequence[Row]) -> list[Json]:
    """The panels in their places, from left to right, a new line where one does not fit."""
    found: list[Json] = []
    taken: set[int] = set()
    top = 0
    for row in rows:
        heading: dict[str, Json] = {
            "type": "row",
            "title": row.title,
            "id": _number(f"row {row.title}", taken),
            "collapsed": row.collapsed,
            "gridPos": {"x": 0, "y": top, "w": COLUMNS, "h": 1},
        }
        panels, bottom = _lines(row.panels, top + 1, taken)
        heading["panels"] = panels if row.collapsed else []
        found += [heading] if row.collapsed else [heading, *panels]
        top = top + 1 if row.collapsed else bottom
    return found


def _lines(panels: Sequence[Panel], top: int, taken: set[int]) -> tuple[list[Json], int]:
    found: list[Json] = []
    left = tallest = 0
    for panel in panels:
        if left + panel.width > COLUMNS:
            top, left, tallest = top + tallest, 0, 0
        place: Json = {"x": left, "y": top, "w": panel.width, "h": panel.height}
        found.append({"id": _number(panel.title, taken), **panel.body, "gridPos": place})
        left += panel.width
        tallest = max(tallest, panel.height)
    return found, top + tallest


def _number(title: str, taken: set[int]) -> int:
    """An id that follows the title, not the place: links and alerts go on pointing at it."""
    number = 1 + crc32(title.encode()) % 100_000
    if number in taken:
        raise ValueError(f"{title!r}: its id is another panel's; give it another title")
    taken.add(number)
    return number


def _site() -> Json:
    return _asked("site", "Site", 'SHOW TAG VALUES FROM "site" WITH KEY = "site"', many=False)


def _variable(choice: Choice) -> Json:
    where = '"site" =~ /^$site$/'
    if choice.integration is not None:
        where += f' AND "integration" =~ /^({choice.integration})$/'
    query = f'SHOW TAG VALUES FROM "{choice.kind}" WITH KEY = "device" WHERE {where}'
    return _asked(choice.name, choice.label, query, many=choice.many)


def _asked(name: str, label: str, query: str, *, many: bool) -> Json:
    found: dict[str, Json] = {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": SOURCE,
        "query": query,
        "refresh": 1,
        "sort": 7,
        "multi": many,
        "includeAll": many,
    }
    if many:
        found["current"] = {"text": ["All"], "value": ["$__all"]}
        found["allValue"] = ".*"
    return found


def _gateway() -> Json:
    """Where the gateway is, as seen by the viewer's browser."""
    return {
        "name": "gateway",
        "label": "Gateway",
        "type": "textbox",
        "description": "Where the buttons lead: a path behind the same proxy, or the gateway's whole address",
        "query": "/gateway",
        "current": {"text": "/gateway", "value": "/gateway"},
        "options": [{"text": "/gateway", "value": "/gateway", "selected": True}],
    }


def _others() -> Json:
    return {
        "type": "dashboards",
        "title": "Gridward",
        "tags": [TAG],
        "asDropdown": True,
        "icon": "external link",
        "includeVars": False,
        "keepTime": True,
        "targetBlank": False,
        "tooltip": "The other dashboards of this house, at the same time",
        "url": "",
    }


def _annotation(name: str, colour: str, where: str) -> Json:
    query = (
        'SELECT "what", "text", "by", "status" FROM "audit" '  # noqa: S608
        f'WHERE "site" =~ /^$site$/ AND {where} AND $timeFilter'
    )
    return {
        "name": name,
        "enable": True,
        "hide": False,
        "iconColor": colour,
        "datasource": SOURCE,
        "target": {
            "refId": name,
            "query": query,
            "rawQuery": True,
            "fromAnnotations": True,
            "titleColumn": "what",
            "textColumn": "text",
            "tagsColumn": "by,status",
        },
    }


ANNOTATIONS = (
    _annotation("Switches", GRID, "\"status\" = 'decided'"),
    _annotation("Commands", HOUSE, '"status" =~ /^(confirmed|refused|failed)$/'),
    _annotation("Faults", FAULT, '"status" =~ /^(raised|cleared|locked)$/'),
)
"""Marks on every chart, from the audit."""
