"""Panels as dictionaries: each kind a small function, none of them deprecated or from a plug-in."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from gridward_dashboards.look import Looks
from gridward_dashboards.parts import HALF, SMALL, WHOLE, Body, Panel, Size, Value
from gridward_dashboards.query import SOURCE, Query
from gridward_kit.kept import Json

GAP = 600_000
"""ms without a value from which on a line is broken."""
SPECIAL, ESCAPED = re.compile(r"([.*+?^${}()|[\]\\/])"), r"\\\1"
WITHOUT_TIME: Json = {
    "id": "organize",
    "options": {"excludeByName": {"Time": True}, "renameByName": {}, "indexByName": {}},
}
PLAIN: Json = {"mode": "fixed", "fixedColor": "text"}
"""Of a figure that has no colour: Grafana's own would be red from 80 on."""
NOTHING = "-"
ACTIONS = 400
"""Pixels that a cell with four buttons takes."""
CALM: Json = {"mode": "multi", "sort": "desc"}


def asking(
    kind: str,
    title: str,
    queries: Sequence[Query],
    size: Size,
    options: Body,
    absent: str,
    defaults: Body,
    overrides: Sequence[Json] = (),
    about: str = "",
) -> Panel:
    """A panel with queries, as all kinds have it."""
    body: Body = {
        "type": kind,
        "title": title,
        "datasource": SOURCE,
        "targets": [query.target(number) for number, query in enumerate(queries)],
        "options": options,
        "fieldConfig": {"defaults": {**defaults, "noValue": absent}, "overrides": list(overrides)},
    }
    more: Body = {"description": about} if about else {}
    return Panel(title, {**body, **more}, size.width, size.height)


def overrides_of(values: Sequence[Value], *, lines: bool = False) -> list[Json]:
    """An override for each value that looks different from the rest."""
    found: list[Json] = []
    for value in values:
        properties = value.looks.properties()
        if lines:
            properties |= _line(value)
        if properties:
            found.append(_column(value.name, properties))
    return found


def _line(value: Value) -> Body:
    found: Body = {}
    if value.looks.base is not None:
        found["color"] = {"mode": "fixed", "fixedColor": value.looks.base}
    if value.right:
        found["custom.axisPlacement"] = "right"
    if value.below:
        found["custom.transform"] = "negative-Y"
    return found


def timeseries(
    title: str,
    queries: Query | Sequence[Query],
    values: Sequence[Value],
    absent: str,
    size: Size = HALF,
    *,
    about: str = "",
    bars: bool = False,
    stack: bool = False,
    every: str | None = None,
    fill: int = 12,
    looks: Looks | None = None,
) -> Panel:
    """Lines, or bars; `every` is the least interval."""
    custom: Body = {
        "drawStyle": "bars" if bars else "line",
        "lineWidth": 1,
        "fillOpacity": 80 if bars else fill,
        "showPoints": "auto",
        "spanNulls": GAP,
        "stacking": {"mode": "normal" if stack else "none", "group": "A"},
        "axisBorderShow": False,
        **({"axisSoftMin": 0} if bars else {}),
    }
    if looks is not None and looks.levels:
        custom["thresholdsStyle"] = {"mode": "dashed"}
    defaults: Body = {"custom": custom, **(looks.properties() if looks else {})}
    if looks is not None and looks.levels:
        defaults["color"] = {"mode": "palette-classic"}
    options: Body = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": CALM,
    }
    asked = [queries] if isinstance(queries, Query) else queries
    lines = overrides_of(values, lines=True)
    panel = asking("timeseries", title, asked, size, options, absent, defaults, lines, about)
    return panel if every is None else replace(panel, body={**panel.body, "interval": every})


def _reduced(fields: str) -> Json:
    """The last value of these fields; an expression, since "all" would be the time, too, "" only numbers."""
    return {"calcs": ["lastNotNull"], "fields": fields, "values": False}


def stat(
    title: str,
    query: Query,
    values: Sequence[Value],
    absent: str,
    size: Size = SMALL,
    *,
    about: str = "",
    links: Sequence[Json] = (),
    background: bool = False,
) -> Panel:
    """Figures or words, as they are now."""
    alone = values[0].looks.properties() if len(values) == 1 else {}
    options: Body = {
        "reduceOptions": _reduced(f"/^({'|'.join(SPECIAL.sub(ESCAPED, item.name) for item in values)})$/"),
        "orientation": "auto",
        "textMode": "value" if len(values) == 1 else "value_and_name",
        "colorMode": "background" if background else "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "percentChangeColorMode": "standard",
        "showPercentChange": False,
        "wideLayout": True,
    }
    defaults: Body = {"color": PLAIN, **alone, **({"links": list(links)} if links else {})}
    overrides = [] if len(values) == 1 else overrides_of(values)
    return asking("stat", title, [query], size, options, absent, defaults, overrides, about)


def gauge(
    title: str, query: Query, value: Value, absent: str, size: Size = SMALL, *, about: str = ""
) -> Panel:
    """One figure on its scale."""
    options: Body = {
        "reduceOptions": _reduced(""),
        "orientation": "auto",
        "showThresholdLabels": False,
        "showThresholdMarkers": True,
        "minVizHeight": 75,
        "minVizWidth": 75,
        "sizing": "auto",
    }
    return asking("gauge", title, [query], size, options, absent, value.looks.properties(), (), about)


def bars(
    title: str,
    query: Query,
    values: Sequence[Value],
    absent: str,
    size: Size = HALF,
    *,
    looks: Looks | None = None,
    about: str = "",
) -> Panel:
    """Figures side by side on one scale."""
    options: Body = {
        "reduceOptions": _reduced(""),
        "orientation": "vertical" if len(values) > 6 else "horizontal",
        "displayMode": "basic",
        "legend": {"showLegend": False, "displayMode": "hidden", "placement": "bottom", "calcs": []},
        "valueMode": "color",
        "namePlacement": "auto",
        "showUnfilled": True,
        "sizing": "auto",
        "text": {"titleSize": 14},
        "minVizWidth": 8,
        "minVizHeight": 16,
        "maxVizHeight": 300,
    }
    defaults: Body = looks.properties() if looks else {"min": 0}
    return asking("bargauge", title, [query], size, options, absent, defaults, overrides_of(values), about)


def barchart(
    title: str,
    query: Query,
    values: Sequence[Value],
    absent: str,
    size: Size = HALF,
    *,
    steps: Sequence[Json],
    across: str,
    about: str = "",
) -> Panel:
    """Bars over words, such as months; `steps` make the words of the query's answer."""
    options: Body = {
        "xField": across,
        "orientation": "auto",
        "barWidth": 0.9,
        "groupWidth": 0.8,
        "fullHighlight": False,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "showValue": "auto",
        "stacking": "none",
        "tooltip": {"mode": "multi", "sort": "none"},
        "xTickLabelMaxLength": 20,
        "xTickLabelRotation": 0,
    }
    panel = asking(
        "barchart", title, [query], size, options, absent, {}, overrides_of(values, lines=True), about
    )
    return replace(panel, body={**panel.body, "transformations": list(steps)})


def timeline(
    title: str,
    query: Query,
    values: Sequence[Value],
    absent: str,
    size: Size = WHOLE,
    *,
    looks: Looks | None = None,
) -> Panel:
    """What stood when: words and flags as coloured bars; `looks` are those of all."""
    options: Body = {
        "mergeValues": True,
        "showValue": "auto",
        "alignValue": "left",
        "rowHeight": 0.9,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    defaults: Body = {"custom": {"fillOpacity": 70, "lineWidth": 0}, **(looks.properties() if looks else {})}
    return asking("state-timeline", title, [query], size, options, absent, defaults, overrides_of(values))


def history(
    title: str, query: Query, looks: Looks, absent: str, size: Size = WHOLE, *, about: str = ""
) -> Panel:
    """A row for each value, a coloured field for each interval: many alike at one look."""
    options: Body = {
        "showValue": "never",
        "rowHeight": 0.95,
        "colWidth": 1,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    defaults: Body = {**looks.properties(), "custom": {"fillOpacity": 90, "lineWidth": 0}}
    defaults["color"] = {"mode": "continuous-BlYlRd"}
    panel = asking("status-history", title, [query], size, options, absent, defaults, (), about)
    return replace(panel, body={**panel.body, "maxDataPoints": 120})


def table(
    title: str,
    query: Query,
    values: Sequence[Value],
    absent: str,
    size: Size = WHOLE,
    *,
    age: bool = False,
    steps: Sequence[Json] = (),
    about: str = "",
    sort: str | None = None,
    links: Mapping[str, Sequence[Json]] | None = None,
    actions: Mapping[str, Sequence[Json]] | None = None,
    names: Mapping[str, Json] | None = None,
) -> Panel:
    """Rows and columns; with `age` the time column tells how long ago. What else there is goes by column."""
    options: Body = {"showHeader": True, "frameIndex": 0, "cellHeight": "sm"}
    if sort is not None:
        options["sortBy"] = [{"displayName": sort, "desc": True}]
    custom: Body = {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False, "filterable": True}
    overrides = [*overrides_of(values), *(_column(item.name, {"noValue": NOTHING}) for item in values)]
    if age:
        overrides.append(_column("Time", {"unit": "dateTimeFromNow", "displayName": "Last"}))
    cells: Json = {"type": "actions"}
    overrides += [_column(name, {"links": list(several)}) for name, several in (links or {}).items()]
    overrides += [_column(name, {"mappings": [mapped]}) for name, mapped in (names or {}).items()]
    overrides += [
        _column(name, {"custom.cellOptions": cells, "custom.width": ACTIONS, "actions": [*own]})
        for name, own in (actions or {}).items()
    ]
    panel = asking("table", title, [query], size, options, absent, {"custom": custom}, overrides, about)
    return replace(panel, body={**panel.body, "transformations": list(steps)}) if steps else panel


def _column(name: str, properties: Mapping[str, Json]) -> Json:
    pairs: list[Json] = [{"id": key, "value": content} for key, content in properties.items()]
    return {"matcher": {"id": "byName", "options": name}, "properties": pairs}
