"""The dashboards as they come with the package, and their panels' queries with all variables filled in."""

import importlib.resources
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gridward_kit.kept import Json

SOURCE = "gridward"
FOLDERS = ("json", "one-click")
EVERYTHING = ".*"
VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")
BY_GRAFANA = ("timeFilter", "__interval")
INTERVAL = 60_000  # ms, where a panel names none
POINTS = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """One panel's queries, as Grafana's server takes them."""

    panel: str
    queries: tuple[Mapping[str, Json], ...]


def dashboards(*, one_click: bool = False) -> Iterator[dict[str, Json]]:
    """The dashboards; those with buttons of their own only where they are wanted."""
    for name in FOLDERS if one_click else FOLDERS[:1]:
        folder = importlib.resources.files("gridward").joinpath("grafana", name)
        for file in sorted(folder.iterdir(), key=lambda one: one.name):
            content: dict[str, Json] = json.loads(file.read_text("utf-8"))
            yield content


def asked(dashboard: Mapping[str, Json], end: int, zone: str) -> Iterator[Asked]:
    """What each panel asks for up to a time (ms), of every site and device."""
    for panel in _panels(dashboard.get("panels")):
        targets = panel.get("targets")
        found = [one for one in targets if isinstance(one, dict)] if isinstance(targets, list) else []
        queries = tuple(_query(one, panel, end, zone) for one in found)
        if queries:
            yield Asked(str(panel.get("title")), queries)


def _panels(content: Json) -> Iterator[dict[str, Json]]:
    for panel in content if isinstance(content, list) else ():
        if isinstance(panel, dict):
            yield panel
            yield from _panels(panel.get("panels"))


def _query(target: Mapping[str, Json], panel: Mapping[str, Json], end: int, zone: str) -> Mapping[str, Json]:
    known = {"__to": str(end), "__timezone": zone}

    text = VARIABLE.sub(lambda match: _filled(match, known), str(target.get("query")))
    interval = str(panel.get("interval") or "")
    return {**target, "query": text, "intervalMs": _milliseconds(interval), "maxDataPoints": POINTS}


def _filled(match: re.Match[str], known: Mapping[str, str]) -> str:
    name = match[1] or match[2]
    return match[0] if name in BY_GRAFANA else known.get(name, EVERYTHING)


def _milliseconds(interval: str) -> int:
    match = re.fullmatch(r"(\d+)([smhd])", interval)
    return (
        INTERVAL
        if match is None
        else int(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]] * 1000
    )
