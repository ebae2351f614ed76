"""Asks a running Grafana: is the data source sound, does each panel answer, which alerts fire? Waits."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gridward.grafana.panels import SOURCE, Asked, asked, dashboards
from gridward.grafana.push import told
from gridward.grafana.server import Server
from gridward_kit.kept import Json

DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: `good`, or not and why; an alert that `fires` is no fault of ours."""

    what: str
    good: bool
    words: str
    fires: bool = False

    def line(self) -> str:
        """As a person reads it."""
        mark = "!" if self.fires else "✓" if self.good else "✗"
        return f"{mark} {self.what}{': ' + self.words if self.words else ''}"


def check(server: Server, now: float, zone: str, *, one_click: bool = False) -> Iterator[Finding]:
    """Look at everything; `now` in seconds since 1970. Raises Trouble where Grafana cannot be asked."""
    yield Finding(told(server.version()), good=True, words="")
    if server.source(SOURCE) is None:
        yield Finding(
            f"Data source {SOURCE}", good=False, words="is not there; provisioning/grafana/datasources has it"
        )
        return
    reason = server.source_health(SOURCE)
    yield Finding(f"Data source {SOURCE}", good=not reason, words=reason)
    for dashboard in dashboards(one_click=one_click):
        yield from _dashboard(server, dashboard, round(now * 1000), zone)
    for alert in server.alerts():
        yield _alert(alert)


def _dashboard(server: Server, dashboard: Mapping[str, Json], end: int, zone: str) -> Iterator[Finding]:
    name = f"Dashboard {dashboard['title']}"
    if server.dashboard(str(dashboard["uid"])) is None:
        yield Finding(name, good=False, words="is not there; `gridward dashboards push` brings it")
        return
    empty: list[str] = []
    count = 0
    for panel in asked(dashboard, end, zone):
        count += 1
        results = server.query([dict(one) for one in panel.queries], end - DAY, end)
        wrong = _wrong(panel, results)
        if wrong:
            yield Finding(f"{name}, {panel.panel}", good=False, words=wrong)
        elif not _rows(results):
            empty.append(panel.panel)
    quiet = f"; without a value of the last day: {', '.join(empty)}" if empty else ""
    yield Finding(name, good=True, words=f"{count} panels asked{quiet}")


def _wrong(panel: Asked, results: Mapping[str, Json]) -> str:
    """What a query was answered with in place of values; empty where all is well."""
    for query in panel.queries:
        answer = results.get(str(query.get("refId")))
        if not isinstance(answer, dict):
            return "no answer"
        if answer.get("error"):
            return str(answer["error"])
    return ""


def _rows(results: Mapping[str, Json]) -> int:
    """How many values the answers hold."""
    count = 0
    for answer in results.values():
        frames = answer.get("frames") if isinstance(answer, dict) else None
        for frame in frames if isinstance(frames, list) else ():
            data = frame.get("data") if isinstance(frame, dict) else None
            columns = data.get("values") if isinstance(data, dict) else None
            for column in columns if isinstance(columns, list) else ():
                count += len(column) if isinstance(column, list) else 0
    return count


def _alert(alert: Mapping[str, Json]) -> Finding:
    labels, notes = alert.get("labels"), alert.get("annotations")
    name = labels.get("alertname") if isinstance(labels, dict) else None
    words = notes.get("summary") if isinstance(notes, dict) else None
    since = f" (since {alert['startsAt']})" if alert.get("startsAt") else ""
    return Finding(f"Alert {name}", good=True, words=f"{words or 'fires'}{since}", fires=True)
