"""Alert rules: what Grafana takes, and that each is raised and cleared by what a real InfluxDB answers."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from follower_bench import Influx
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.alerting import Rule
from grafana_foundation_sdk.models.expr import TypeReduce, TypeThreshold
from ruamel.yaml import YAML

from gridward.notify import table
from gridward.recorder.lines import Reading, lines
from gridward_dashboards import alerts, written
from gridward_dashboards.alerts import ALERTS, HERE, Alert
from gridward_dashboards.query import UID
from gridward_kit.kept import Json
from gridward_kit.point import Value

FILE = Path(__file__).parents[2] / "provisioning" / "grafana" / "alerting" / "gridward.yaml"
Values = Mapping[str, Value]
NOTHING: Values = MappingProxyType({})
STATES: Mapping[str, tuple[str, str, Values, Values, float | None]] = {
    "gridward-silent": ("health", "bms", {"available": False}, {"available": True}, None),
    "gridward-cell_spread": ("battery", "bms", {"cell_spread": 0.121}, {"cell_spread": 0.05}, 0.121),
    "gridward-string_zero-1": (
        "inverter",
        "inverter",
        {"pv_power": 2.0, "pv2_power": 900.0},
        {"pv_power": 800.0, "pv2_power": 900.0},
        900,
    ),
    "gridward-string_zero-2": (
        "inverter",
        "inverter",
        {"pv_power": 700.0, "pv2_power": 0.0},
        {"pv_power": 4.0, "pv2_power": 0.0},
        700,
    ),
    "gridward-low_soc": ("site", "site", {"soc": 12.0}, {"soc": 55.0}, 12),
    "gridward-temperature-battery": (
        "battery",
        "bms",
        {"temperature_max": 52.0},
        {"temperature_max": 31.0},
        52,
    ),
    "gridward-temperature-inverter": (
        "inverter",
        "inverter",
        {"heat_sink_temperature": 90.0},
        {"heat_sink_temperature": 40.0},
        90,
    ),
    "gridward-problem-inverter": ("inverter", "inverter", {"problem": True}, {"problem": False}, None),
    "gridward-problem-battery": ("battery", "bms", {"problem": True}, {"problem": False}, None),
    "gridward-contactor": ("relay", "contactor", {"locked": True}, {"locked": False}, None),
    "gridward-write_budget": ("health", "inverter", {"wear_left": 4}, {"wear_left": 20}, 4),
    "gridward-disk": ("health", "recorder", {"disk_used": 91.5}, {"disk_used": 60.0}, 91.5),
    "gridward-broker": ("health", "bms", NOTHING, {"available": True}, None),
}
TOLD = {
    f"gridward-{one.key}-told": ("alarms", "alarms", {one.key: True}, {one.key: False}, None)
    for one in ALERTS
    if one.measurement == "alarms"
}
BY_UID = {one.uid: one for one in ALERTS}


@pytest.fixture(scope="module")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    server = Influx(tmp_path_factory.mktemp("alerts"))
    server.start()
    try:
        server.tell("CREATE DATABASE solar")
        yield server
    finally:
        server.stop()


def put(influx: Influx, kind: str, device: str, values: Values, ago: float) -> None:
    """Store what a device said some seconds ago, as the follower writes it."""
    at = round((time.time() - ago) * 1000)
    readings = []
    for number, (key, value) in enumerate(values.items()):
        form = "flag" if isinstance(value, bool) else "number"
        readings.append(Reading(at, number, float(value), device, key, form, kind, "test"))
    if readings:
        influx.put("\n".join(lines("home", readings)))


def stands(alert: Alert, rows: list[dict[str, Json]]) -> dict[str, bool]:
    """By place, whether the rule raises: the last value, reduced, beyond its limit; none is no place."""
    how, limit = alert.raises
    found = {}
    for row in rows:
        value = row[alert.how]
        assert isinstance(value, int | float)
        found[str(row.get("device", row["site"]))] = value > limit if how == "gt" else value < limit
    return found


@pytest.mark.parametrize("uid", BY_UID)
def test_what_is_bad_raises_and_what_is_good_does_not(influx: Influx, uid: str) -> None:
    alert, (kind, device, bad, good, value) = BY_UID[uid], {**STATES, **TOLD}[uid]
    influx.tell("DROP DATABASE solar")
    influx.tell("CREATE DATABASE solar")
    place = "home" if alert.name == HERE else device
    assert influx.rows(alert.query) == []
    put(influx, kind, device, good, 60)
    put(influx, kind, device, bad, 30)
    rows = influx.rows(alert.query)
    if alert.silence:
        assert alerts.rule(alert)["noDataState"] == "Alerting"
        assert stands(alert, rows) == {place: False}
        return
    assert stands(alert, rows) == {place: True}
    assert rows[0]["site"] == "home"
    if value is not None:
        assert rows[0][alert.how] == value
    influx.tell("DROP DATABASE solar")
    influx.tell("CREATE DATABASE solar")
    put(influx, kind, device, bad, 3600)
    put(influx, kind, device, good, 30)
    assert stands(alert, influx.rows(alert.query)).get(place, False) is False


def test_every_alarm_of_the_gateway_has_a_rule_with_its_time_and_severity() -> None:
    assert {one.key for one in ALERTS} == {row.key for row in table.ROWS}
    for alert in ALERTS:
        rule = alerts.rule(alert)
        assert rule["labels"] == {"gridward": alert.key, "severity": alert.row.severity}
        hold = "0s" if alert.measurement == "alarms" else f"{alert.row.hold:.0f}s"
        assert rule["for"] == ("300s" if alert.silence else hold), "a fresh house is silent for minutes"
        (raises, limit), (clears, back) = alert.raises, alert.clears
        assert (raises, clears) in (("gt", "lt"), ("lt", "gt"))
        assert back <= limit if raises == "gt" else back >= limit, "Grafana wants them apart"


def test_limits_are_those_of_the_table() -> None:
    limits = {uid: (BY_UID[uid].raises[1], BY_UID[uid].clears[1]) for uid in STATES}
    assert limits["gridward-cell_spread"] == table.SPREAD
    assert limits["gridward-low_soc"] == table.LOW_SOC
    assert limits["gridward-temperature-battery"] == table.HOT_BATTERY
    assert limits["gridward-disk"] == tuple(100 * share for share in table.FULL)


def leaves(content: Json) -> Iterator[str]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield key
            yield from leaves(value)
    elif isinstance(content, list):
        for value in content:
            yield from leaves(value)
    else:
        yield str(content)


def test_the_file_is_what_grafana_takes() -> None:
    content: dict[str, Json] = YAML(typ="safe").load(FILE.read_text())
    assert content == alerts.content()
    assert set(content) == {"apiVersion", "groups"}, "no policies: they would replace the owner's whole tree"
    groups = content["groups"]
    assert isinstance(groups, list)
    (group,) = groups
    assert isinstance(group, dict)
    assert (group["folder"], group["interval"]) == ("Gridward", "60s")
    rules = group["rules"]
    assert isinstance(rules, list)
    uids = [str(rule["uid"]) for rule in rules if isinstance(rule, dict)]
    titles = [str(rule["title"]) for rule in rules if isinstance(rule, dict)]
    assert len(set(uids)) == len(set(titles)) == len(ALERTS)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", uid) for uid in uids)
    assert not [text for text in leaves(content) if "$" in text], "Grafana would take it from its environment"


@pytest.mark.parametrize("uid", BY_UID)
def test_a_rule_is_whole(uid: str) -> None:
    rule = alerts.rule(BY_UID[uid])
    data = rule["data"]
    assert isinstance(data, list)
    refs: dict[Json, tuple[Json, Json]] = {}
    for part in data:
        assert isinstance(part, dict)
        model = part["model"]
        assert isinstance(model, dict)
        assert part["refId"] == model["refId"]
        refs[part["refId"]] = (part["datasourceUid"], model.get("expression"))
    assert refs == {"A": (UID, None), "B": ("__expr__", "A"), "C": ("__expr__", "B")}
    assert rule["condition"] == "C"
    notes = rule["annotations"]
    assert isinstance(notes, dict)
    for words in (notes["summary"], notes["cleared"]):
        assert re.fullmatch(r"[A-Z{].*\.", str(words)), words
        assert str(words).count("{{") == str(words).count("}}")
        assert "{name}" not in str(words)
        assert "{value}" not in str(words)
    assert notes["place"]
    assert notes["value"]


@pytest.mark.parametrize("uid", BY_UID)
def test_the_models_of_grafanas_sdk_know_every_key_of_a_rule(uid: str) -> None:
    """`folderUID`, `ruleGroup` and `orgID` are the file's group; an expression has a model of its own."""
    rule = alerts.rule(BY_UID[uid])
    again = json.loads(JSONEncoder(sort_keys=True).encode(Rule.from_json(rule)))
    own = {"folderUID", "ruleGroup", "orgID"}
    assert {key: again[key] for key in again if key not in own} == {**rule, "data": again["data"]}
    data = rule["data"]
    assert isinstance(data, list)
    for part, read in zip(data, again["data"], strict=True):
        assert isinstance(part, dict)
        assert part.keys() <= read.keys()
        model = part["model"]
        assert isinstance(model, dict)
        for kind, known in (("reduce", TypeReduce), ("threshold", TypeThreshold)):
            if model.get("type") == kind:
                found = json.loads(JSONEncoder(sort_keys=True).encode(known.from_json(model)))
                assert {key: found.get(key) for key in model} == model


def test_the_file_is_written_with_the_dashboards(tmp_path: Path) -> None:
    folder = tmp_path / "dashboards"
    folder.mkdir()
    (folder / "README.md").write_text((written.FOLDER / "README.md").read_text())
    written.write(folder)
    made = tmp_path / written.ALERTS
    assert made.read_text() == FILE.read_text()
    made.write_text("groups: []\n")
    assert written.stale(folder) == [made]
