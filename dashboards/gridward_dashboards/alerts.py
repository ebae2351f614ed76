"""Alert rules for Grafana, made of the gateway's own alarms: the same names, limits, times and sentences.

No text holds a dollar sign: Grafana fills provisioned files in from its environment. A rule reads one
value of each place; what no number tells is read from the device `alarms`, which the gateway keeps.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO

from ruamel.yaml import YAML

from gridward.notify.core import Row
from gridward.notify.table import BRIGHT, DARK, FULL, HOT_BATTERY, HOT_INVERTER, LOW_SOC, SPREAD, WRITES
from gridward.notify.table import ROWS as ALARMS
from gridward_dashboards.query import UID
from gridward_kit.kept import Json
from gridward_kit.wear import BUCKET

HEAD = "# Alert rules of the gateway's own alarms; `python -m gridward_dashboards` makes them.\n"
FRESH = "15m"
PLACE = "{{ .Labels.device }}"
HERE = "{{ .Labels.site }}"
ROWS: Mapping[str, Row] = {row.key: row for row in ALARMS}


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule: of which alarm, and which field of a measurement raises it and clears it again.

    `raises` and `clears` are a limit each, with `gt` or `lt`. `digits` of the value with its
    `unit` stand in the sentence, the alarm's own unless `says` and `over` are others. `only` is a further
    condition on the points. `silence` raises it too. It is told after `hold` s, the alarm's own if not said.
    """

    key: str
    measurement: str
    field: str
    raises: tuple[str, float]
    clears: tuple[str, float]
    unit: str = ""
    digits: int = 0
    name: str = PLACE
    part: str = ""
    only: str = ""
    within: str = FRESH
    silence: bool = False
    how: str = "last"
    says: str = ""
    over: str = ""
    hold: float | None = None

    @property
    def row(self) -> Row:
        """The gateway's alarm."""
        return ROWS[self.key]

    @property
    def uid(self) -> str:
        """The rule's, at most 40 characters."""
        told = "-told" if self.measurement == "alarms" else ""
        return f"gridward-{self.key}{f'-{self.part}' if self.part else told}"

    @property
    def query(self) -> str:
        """A value for each place."""
        more = f"{self.only} AND " if self.only else ""
        place = '"site"' if self.name == HERE else '"site", "device"'
        return (
            f'SELECT {self.how}("{self.field}") FROM "{self.measurement}" '  # noqa: S608
            f"WHERE {more}time > now() - {self.within} GROUP BY {place}"
        )


def _over(
    key: str, measurement: str, field: str, limits: tuple[float, float], unit: str, part: str = ""
) -> Alert:
    return Alert(key, measurement, field, ("gt", limits[0]), ("lt", limits[1]), unit, part=part)


def _flag(key: str, measurement: str, field: str, part: str = "", value: str = "") -> Alert:
    return Alert(key, measurement, field, ("gt", 0.5), ("lt", 0.5), value, part=part, digits=-1)


def _told(key: str) -> Alert:
    """What the gateway alone can tell, of the site; what and where is in its own message."""
    row, limit = ROWS[key], 0.5
    says, over = row.raised, row.cleared
    if "{" in f"{says}{over}":
        says, over = f"{row.name}: the dashboard Site shows the gateway's message.", f"{row.name}: over."
    return Alert(
        *(key, "alarms", key, ("gt", limit), ("lt", limit)), name=HERE, digits=-1, says=says, over=over
    )


def _string(number: int, dark: str, bright: str) -> Alert:
    """A string at zero while its brother gives: the value is what that one gives."""
    limit = BRIGHT
    return Alert(
        *("string_zero", "inverter", bright, ("gt", limit), ("lt", limit), "W"),
        name=f"String {number} of {PLACE}",
        part=str(number),
        only=f'"{dark}" < {DARK:g}',
        within="5m",
        says="{name} gives nothing while the other gives {value}.",
        over="{name} gives again.",
    )


ALERTS: tuple[Alert, ...] = (
    Alert("silent", "health", "available", ("lt", 0.5), ("gt", 0.5), digits=-1),
    _told("grid_lost"),
    Alert(
        "cell_spread",
        "battery",
        "cell_spread",
        ("gt", SPREAD[0]),
        ("lt", SPREAD[1]),
        "V",
        digits=3,
    ),
    _string(1, "pv_power", "pv2_power"),
    _string(2, "pv2_power", "pv_power"),
    _told("string_zero"),
    Alert("low_soc", "site", "soc", ("lt", LOW_SOC[0]), ("gt", LOW_SOC[1]), "%"),
    _over("temperature", "battery", "temperature_max", HOT_BATTERY, "°C", "battery"),
    _over("temperature", "inverter", "heat_sink_temperature", HOT_INVERTER, "°C", "inverter"),
    _flag("problem", "inverter", "problem", "inverter"),
    _flag("problem", "battery", "problem", "battery"),
    _flag("contactor", "relay", "locked"),
    _told("contactor"),
    Alert(
        "write_budget",
        "health",
        "wear_left",
        ("lt", BUCKET * WRITES[0] + 0.5),
        ("gt", BUCKET * WRITES[1] - 0.5),
        f"of {BUCKET} writes",
        says="{value} are left for a setting of {name}.",
        over="{name} may be written again, {value} are left.",
    ),
    Alert("disk", "health", "disk_used", ("gt", 100 * FULL[0]), ("lt", 100 * FULL[1]), "%"),
    _told("clock"),
    Alert(
        *("broker", "health", "available", ("lt", 1), ("gt", 1)),
        name=HERE,
        digits=-1,
        silence=True,
        how="count",
        within="10m",
        hold=300.0,  # a fresh house has nothing in the database until its gateway is up
        says="Nothing has come from the gateway for 15 minutes: see to it, its broker and its recorder.",
        over="The gateway's readings come again.",
    ),
    *(_told(key) for key in ("store", "behind", "drill", "rule", "channel")),
)
"""In the order of the gateway's table; an alarm without a row of its own here is none of Grafana's."""


def _value(alert: Alert) -> str:
    if alert.digits < 0:
        return ""
    return f'{{{{ printf "%.{alert.digits}f" .Values.B.Value }}}} {alert.unit}'


def _sentence(alert: Alert, words: str) -> str:
    """A sentence with Grafana's place and value in it; a value that is no number is left out."""
    value = _value(alert)
    for part in () if value else (": {value}", " {value}"):
        words = words.replace(part, "")
    return words.format(name=alert.name, value=value)


def _model(ref: str, content: Mapping[str, Json]) -> Json:
    return {
        "refId": ref,
        "datasourceUid": "__expr__",
        "model": {"refId": ref, "datasource": {"type": "__expr__", "uid": "__expr__"}, **content},
    }


def _data(alert: Alert) -> list[Json]:
    (raises, limit), (clears, back) = alert.raises, alert.clears
    condition: dict[str, Json] = {"evaluator": {"type": raises, "params": [limit]}}
    if back != limit:
        condition["unloadEvaluator"] = {"type": clears, "params": [back]}
    asked: Json = {
        "refId": "A",
        "datasourceUid": UID,
        "relativeTimeRange": {"from": 900, "to": 0},
        "model": {
            "refId": "A",
            "datasource": {"type": "influxdb", "uid": UID},
            "query": alert.query,
            "rawQuery": True,
            "resultFormat": "time_series",
        },
    }
    return [
        asked,
        _model("B", {"type": "reduce", "reducer": "last", "expression": "A"}),
        _model("C", {"type": "threshold", "expression": "B", "conditions": [condition]}),
    ]


def rule(alert: Alert) -> dict[str, Json]:
    """As Grafana's provisioning has it."""
    row, title = alert.row, alert.row.name
    hold = row.hold if alert.hold is None else alert.hold
    if alert.part:
        title = f"{title} ({alert.part})"
    elif alert.measurement == "alarms" and sum(one.key == alert.key for one in ALERTS) > 1:
        title = f"{title} (by the gateway)"
    return {
        "uid": alert.uid,
        "title": title,
        "condition": "C",
        "for": "0s" if alert.measurement == "alarms" else f"{hold:.0f}s",
        "noDataState": "Alerting" if alert.silence else "OK",
        "execErrState": "Error",
        "labels": {"gridward": row.key, "severity": row.severity},
        "annotations": {
            "summary": _sentence(alert, alert.says or row.raised),
            "cleared": _sentence(alert, alert.over or row.cleared),
            "place": alert.name,
            "value": _value(alert) or "{{ .Values.B.Value }}",
        },
        "data": _data(alert),
    }


def content() -> dict[str, Json]:
    """The provisioning file; no policies and no contact points: whom Grafana tells is its owner's."""
    group: dict[str, Json] = {"orgId": 1, "name": "gridward", "folder": "Gridward", "interval": "60s"}
    return {"apiVersion": 1, "groups": [{**group, "rules": [rule(alert) for alert in ALERTS]}]}


def text() -> str:
    """The file."""
    yaml = YAML()
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = StringIO()
    yaml.dump(content(), stream)
    return HEAD + stream.getvalue()
