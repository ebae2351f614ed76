"""Every query of a dashboard, its variables and macros filled in as Grafana does, and the answers."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dashboards.lived import END, START, ZONE
from follower_bench import Influx

from gridward_dashboards.dashboard import Dashboard
from gridward_kit.kept import Json

CHOSEN = {
    "axpert": "inverter",
    "axpert-one-click": "inverter",
    "srne": "hybrid",
    "bms": "bms",
    "meters": "(grid_meter|house_meter|flat_07)",
}
"""The device that each dashboard's variable is set to; where none is named, all."""

UNFILLED = re.compile(r"\$[a-zA-Z_{]")
SELECTED = re.compile(r'(\w+)\("(\w+)"\)+ AS "([^"]+)"')


@dataclass(frozen=True)
class Asked:
    """A query of a panel: its raw text and what it is when filled in."""

    dashboard: str
    panel: str
    kind: str
    raw: str
    text: str

    @property
    def measurement(self) -> str:
        found = re.search(r'FROM "(\w+)"', self.raw)
        assert found
        return found[1]

    @property
    def columns(self) -> list[tuple[str, str, str]]:
        """Function, field and name of each."""
        return [(how, key, name) for how, key, name in SELECTED.findall(self.raw.partition(" FROM ")[0])]


def milliseconds(moment: float) -> int:
    return round(moment * 1000)


BEGIN, FINISH = milliseconds(START.timestamp()), milliseconds(END.timestamp())


def filled(
    raw: str, variables: Mapping[str, str], interval: str = "20m", span: tuple[int, int] = (BEGIN, FINISH)
) -> str:
    """A query as it goes to the database; asserts that nothing is left to fill in."""
    begin, finish = span
    text = raw.replace("$timeFilter", f"time >= {begin}ms AND time <= {finish}ms")
    text = text.replace("${__to}", str(finish)).replace("$__interval", interval)
    text = text.replace("$__timezone", str(ZONE))
    for name, value in variables.items():
        text = re.sub(rf"\${name}\b|\${{{name}}}", value, text)
    assert not UNFILLED.search(text), text
    return text


def variables(dashboard: Dashboard, device: str | None = None) -> dict[str, str]:
    """What the variables are set to."""
    return {
        "site": "home",
        "inverter": device or "inverter",
        "device": device or CHOSEN.get(dashboard.name, ".*"),
    }


def panels(content: Mapping[str, Json]) -> Iterator[dict[str, Json]]:
    """The panels of a dashboard that show something, those of collapsed rows too."""
    found = content["panels"]
    assert isinstance(found, list)
    for panel in found:
        assert isinstance(panel, dict)
        if panel["type"] != "row":
            yield panel
            continue
        inside = panel["panels"]
        assert isinstance(inside, list)
        yield from (one for one in inside if isinstance(one, dict))


def queries(dashboard: Dashboard, device: str | None = None) -> Iterator[Asked]:
    """Each query of each panel."""
    given = variables(dashboard, device)
    for panel in panels(dashboard.content()):
        targets = panel.get("targets", [])
        assert isinstance(targets, list)
        interval = str(panel.get("interval", "20m"))
        for target in targets:
            assert isinstance(target, dict)
            raw = str(target["query"])
            yield Asked(
                dashboard.name, str(panel["title"]), str(panel["type"]), raw, filled(raw, given, interval)
            )


def answer(influx: Influx, text: str) -> list[dict[str, Json]]:
    """The rows of the answer, each with its tags; an error fails the test."""
    return influx.rows(text)


def shown(rows: list[dict[str, Json]], name: str) -> list[Json]:
    """The values of a column that are there."""
    return [row[name] for row in rows if row.get(name) is not None]
