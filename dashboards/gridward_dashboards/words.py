"""Panels of words: sentences as the gateway says them, and our own."""

from dataclasses import replace

from gridward_dashboards.panel import WITHOUT_TIME, asking, overrides_of
from gridward_dashboards.parts import HALF, Body, Panel, Size, Value
from gridward_dashboards.query import Query


def said(title: str, query: Query, value: Value, absent: str, size: Size = HALF) -> Panel:
    """A sentence, wrapped: a figure's panel would shrink it until nobody reads it on a phone."""
    options: Body = {"showHeader": False, "frameIndex": 0, "cellHeight": "lg"}
    custom: Body = {"align": "left", "cellOptions": {"type": "auto"}, "inspect": False, "wrapText": True}
    asked = replace(query, form="table", alias=None)
    panel = asking("table", title, [asked], size, options, absent, {"custom": custom}, overrides_of([value]))
    return replace(panel, body={**panel.body, "transformations": [WITHOUT_TIME]})


def text(title: str, content: str, size: Size = HALF, *, html: bool = False) -> Panel:
    """Words."""
    options: Body = {"mode": "html" if html else "markdown", "content": content}
    return Panel(title, {"type": "text", "title": title, "options": options}, size.width, size.height)
