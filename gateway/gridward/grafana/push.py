"""Brings the dashboards into a running Grafana. Waits."""

from collections.abc import Iterator

from gridward.grafana.panels import SOURCE, dashboards
from gridward.grafana.server import Server, Trouble

FOLDER, TITLE = "gridward", "Gridward"
OLDEST = 11
TYPE = "influxdb"


def push(server: Server, version: str, *, one_click: bool = False) -> Iterator[str]:
    """Put every dashboard in its place, and tell of each; `version` is ours. Raises Trouble."""
    yield told(server.version())
    source = server.source(SOURCE)
    if source is None:
        way = "make it by the file under provisioning/grafana/datasources, or by hand with this uid"
        raise Trouble(f"it has no data source with the uid {SOURCE}", way)
    if source.get("type") != TYPE:
        way = "the dashboards ask in InfluxQL: give that uid to a data source of type InfluxDB"
        raise Trouble(f"the data source {SOURCE} is of type {source.get('type')}", way)
    if server.folder(FOLDER) is None:
        server.make_folder(TITLE, FOLDER)
        yield f"folder {TITLE}: made"
    for dashboard in dashboards(one_click=one_click):
        server.save(dashboard, FOLDER, f"Gridward {version}")
        yield f"{dashboard['title']}: {server.url}/d/{dashboard['uid']}"


def told(version: str) -> str:
    """The version of Grafana, and a word where it is too old."""
    first = version.partition(".")[0]
    old = first.isdigit() and int(first) < OLDEST
    return f"Grafana {version}{f', older than {OLDEST}: some panels may stay empty' if old else ''}"
