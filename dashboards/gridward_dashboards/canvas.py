"""Canvas buttons: they ask the gateway at one click; a choice that switches power is asked about first."""

from collections.abc import Sequence
from dataclasses import dataclass

from gridward.api.named import Command, Group
from gridward_dashboards.panel import asking, overrides_of
from gridward_dashboards.parts import Body, Panel, Size, Value
from gridward_dashboards.query import Query
from gridward_kit.kept import Json

LABEL, TALL, GAP = 22, 36, 6
"""Pixels of a group's heading, of a button, and between two lines."""
HEAD, UNIT = 48, 38
"""Pixels of a panel's own heading with its edges, and of one row of Grafana's grid."""
SIDE = 1.0
"""Per cent of the width at either side of a button."""
IN_A_LINE = 3
LIGHT = "#ffffff"


@dataclass(frozen=True, slots=True)
class Press:
    """A button: its command, the body it sends, and the action that asks first, which a button cannot."""

    command: Command
    body: str
    action: Json


@dataclass(frozen=True, slots=True)
class Choices:
    """The buttons of a group, with what stands; the value bears the group's title."""

    group: Group
    query: Query
    stands: Value
    presses: tuple[Press, ...]


def buttons(title: str, choices: Sequence[Choices], url: str, absent: str, about: str) -> Panel:
    """Each group's heading with what stands, and its buttons below it, on a wide page and on a phone."""
    elements: list[Json] = []
    top = 0
    for one in choices:
        elements += [_heading(one.group.title, top), _stands(one.stands.name, top)]
        top += LABEL
        columns = IN_A_LINE if len(one.presses) % IN_A_LINE == 0 else 2
        for number, press in enumerate(one.presses):
            line, column = divmod(number, columns)
            elements.append(_button(press, url, (column, columns), top + line * (TALL + GAP)))
        top += -(-len(one.presses) // columns) * (TALL + GAP) + GAP
    size = Size(12, -(-(top + HEAD) // UNIT))
    queries, values = [one.query for one in choices], [one.stands for one in choices]
    return _canvas(title, queries, values, elements, absent, size, about)


def _canvas(
    title: str,
    queries: Sequence[Query],
    values: Sequence[Value],
    elements: Sequence[Json],
    absent: str,
    size: Size,
    about: str,
) -> Panel:
    """Elements in places of their own; a button asks only while `inlineEditing` is off."""
    options: Body = {
        "inlineEditing": False,
        "panZoom": False,
        "showAdvancedTypes": True,
        "zoomToContent": False,
        "tooltip": {"mode": "none", "disableForOneClick": True},
        "root": {"name": "root", "type": "frame", "elements": list(elements)},
    }
    return asking("canvas", title, queries, size, options, absent, {}, overrides_of(values), about)


def _heading(title: str, top: int) -> Json:
    return _words("text", f"{title}, heading", {"mode": "fixed", "fixed": title}, (0, 60), "left", top)


def _stands(field: str, top: int) -> Json:
    text: Json = {"mode": "field", "field": field, "fixed": ""}
    return _words("metric-value", f"{field}, stands at", text, (40, 0), "right", top)


def _words(kind: str, name: str, text: Json, sides: tuple[int, int], align: str, top: int) -> Json:
    left, right = sides
    return {
        "name": name,
        "type": kind,
        "config": {
            "text": text,
            "align": align,
            "valign": "middle",
            "size": 14,
            "color": {"fixed": "text"},
        },
        "background": {"color": {"fixed": "transparent"}},
        "constraint": {"horizontal": "scale", "vertical": "top"},
        "placement": {"left": left + SIDE, "right": right + SIDE, "top": top, "height": LABEL},
    }


def _button(press: Press, url: str, place: tuple[int, int], top: int) -> Json:
    column, columns = place
    width = 100 / columns
    config: dict[str, Json] = {
        "text": {"mode": "fixed", "fixed": press.command.title},
        "align": "center",
        "size": 13,
        "color": {"fixed": LIGHT},
        "style": {"variant": "destructive" if press.command.asks else "primary"},
    }
    element: dict[str, Json] = {
        "name": press.command.name,
        "type": "button",
        "config": config,
        "background": {"color": {"fixed": "transparent"}},
        "constraint": {"horizontal": "scale", "vertical": "top"},
        "placement": {
            "left": round(column * width + SIDE, 2),
            "right": round((columns - column - 1) * width + SIDE, 2),
            "top": top,
            "height": TALL,
        },
    }
    if press.command.asks:
        return {**element, "actions": [press.action]}
    config["api"] = {
        "method": "POST",
        "endpoint": url,
        "contentType": "application/json",
        "data": press.body,
        "queryParams": [],
        "headerParams": [],
        "successMessage": f"{press.command.title}: the gateway took it; what became of it is told below",
    }
    return element
