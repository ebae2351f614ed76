"""`gridward dashboards push` and `check`, against what Grafana's API documents."""

import json
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

import pytest
from gateway.grafana_stand import Answer, Stand, standing
from typer.testing import CliRunner, Result

from gridward.cli import app
from gridward.grafana.panels import asked, dashboards
from gridward.grafana.spec import GrafanaSpec
from gridward.grafana.viewer import viewer
from gridward_kit.kept import Json

TOKEN = "glsa_x"
FRAME: Json = {"schema": {"fields": []}, "data": {"values": [[1], [230.1]]}}
NAMES = ("axpert", "bms", "health", "meters", "rules", "site", "srne", "stats")
SITE = """\
version: 1
site: {{id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}}
mqtt: {{url: embedded}}
{grafana}
"""


def answered(body: Json) -> Answer:
    """A value for each query, as /api/ds/query gives it."""
    assert isinstance(body, dict)
    queries = body["queries"]
    assert isinstance(queries, list)
    refs = [str(one["refId"]) for one in queries if isinstance(one, dict)]
    return 200, {"results": {ref: {"status": 200, "frames": [FRAME]} for ref in refs}}


@pytest.fixture
def grafana() -> Iterator[Stand]:
    with standing() as stand:
        stand.answers = {
            ("GET", "/api/health"): (200, {"database": "ok", "version": "13.2.0"}),
            ("GET", "/api/datasources/uid/gridward"): (200, {"uid": "gridward", "type": "influxdb"}),
            ("GET", "/api/datasources/uid/gridward/health"): (200, {"status": "OK", "message": "works"}),
            ("POST", "/api/folders"): (200, {"uid": "gridward", "title": "Gridward"}),
            ("POST", "/api/dashboards/db"): (200, {"status": "success", "version": 1}),
            ("POST", "/api/ds/query"): answered,
            ("GET", "/api/alertmanager/grafana/api/v2/alerts"): (200, []),
        }
        for name in NAMES:
            stand.answers["GET", f"/api/dashboards/uid/gridward-{name}"] = (
                200,
                {"meta": {}, "dashboard": {}},
            )
        yield stand


def told(folder: Path, url: str, *arguments: str, path: str = "") -> Result:
    """What the command says, of a site whose Grafana is there."""
    (folder / "secrets.yaml").write_text(f"grafana_token: {TOKEN}\n")
    (folder / "secrets.yaml").chmod(0o600)
    grafana = f"grafana: {{url: '{url}{path}', token: !secret grafana_token}}" if url else ""
    file = folder / "site.yaml"
    file.write_text(SITE.format(grafana=grafana))
    return CliRunner().invoke(app, ["dashboards", *arguments, "--site", str(file)])


def posted(stand: Stand, path: str) -> list[Mapping[str, Json]]:
    found = [one.body for one in stand.asked if (one.method, one.path) == ("POST", path)]
    assert all(isinstance(body, dict) for body in found)
    return [body for body in found if isinstance(body, dict)]


def test_push_makes_the_folder_and_puts_every_dashboard(tmp_path: Path, grafana: Stand) -> None:
    done = told(tmp_path, grafana.url, "push")
    assert done.exit_code == 0, done.output
    assert [(one.method, one.path) for one in grafana.asked] == [
        ("GET", "/api/health"),
        ("GET", "/api/datasources/uid/gridward"),
        ("GET", "/api/folders/gridward"),
        ("POST", "/api/folders"),
        *[("POST", "/api/dashboards/db")] * len(NAMES),
    ]
    assert {one.authorization for one in grafana.asked} == {f"Bearer {TOKEN}"}
    assert posted(grafana, "/api/folders") == [{"title": "Gridward", "uid": "gridward"}]
    files = Path(__file__).parents[2] / "dashboards" / "json"
    assert posted(grafana, "/api/dashboards/db") == [
        {
            "dashboard": json.loads((files / f"{name}.json").read_text()),
            "folderUid": "gridward",
            "overwrite": True,
            "message": f"Gridward {version('gridward')}",
        }
        for name in NAMES
    ]
    assert f"Site: {grafana.url}/d/gridward-site" in done.output
    assert TOKEN not in done.output


def test_push_leaves_a_folder_that_is_there_and_takes_one_click_when_asked(
    tmp_path: Path, grafana: Stand
) -> None:
    grafana.answers["GET", "/api/folders/gridward"] = (200, {"uid": "gridward"})
    assert told(tmp_path, grafana.url, "push", "--one-click").exit_code == 0
    assert posted(grafana, "/api/folders") == []
    uids = {str(dict(one)["dashboard"]["uid"]) for one in posted(grafana, "/api/dashboards/db")}  # type: ignore[index, call-overload]
    assert uids == {f"gridward-{name}" for name in (*NAMES, "site-one-click", "axpert-one-click")}


def test_a_grafana_below_a_path_is_asked_there(tmp_path: Path, grafana: Stand) -> None:
    grafana.answers["GET", "/grafana/api/health"] = (200, {"version": "10.4.1"})
    done = told(tmp_path, grafana.url, "push", path="/grafana")
    assert "Grafana 10.4.1, older than 11" in done.output
    assert {one.path.partition("/api")[0] for one in grafana.asked} == {"/grafana"}


@pytest.mark.parametrize(
    ("path", "answer", "words"),
    [
        (
            "/api/datasources/uid/gridward",
            (404, {"message": "Data source not found"}),
            "provisioning/grafana",
        ),
        ("/api/datasources/uid/gridward", (200, {"type": "prometheus"}), "of type InfluxDB"),
        ("/api/datasources/uid/gridward", (403, {"message": "no permission"}), "the role Admin"),
        ("/api/health", (401, {"message": "Invalid API key"}), "service account"),
        ("/api/health", (500, {"message": "database is locked"}), "database is locked"),
        ("/api/folders/gridward", (503, {"message": "starting"}), "starting"),
    ],
)
def test_push_says_the_way_out(tmp_path: Path, grafana: Stand, path: str, answer: Answer, words: str) -> None:
    grafana.answers["GET", path] = answer
    done = told(tmp_path, grafana.url, "push")
    assert done.exit_code == 3
    assert words in done.output
    assert grafana.url in done.output
    assert TOKEN not in done.output
    assert posted(grafana, "/api/dashboards/db") == []


def test_what_is_provisioned_from_files_is_not_pushed(tmp_path: Path, grafana: Stand) -> None:
    grafana.answers["POST", "/api/dashboards/db"] = (400, {"message": "Cannot save provisioned dashboard"})
    done = told(tmp_path, grafana.url, "push")
    assert (done.exit_code, "from files already" in done.output) == (3, True)


def test_an_address_that_is_none_is_no_answer() -> None:
    with pytest.raises(OSError, match="does not answer"):
        viewer(GrafanaSpec("http://grafana..home:3000"), "abc")


def test_nobody_there_and_nobody_named(tmp_path: Path) -> None:
    for command in ("push", "check"):
        away = told(tmp_path, "http://127.0.0.1:1", command)
        assert (away.exit_code, "does not answer; see that Grafana runs" in away.output) == (3, True)
        unnamed = told(tmp_path, "", command)
        assert (unnamed.exit_code, "token: !secret grafana_token" in unnamed.output) == (2, True)


def test_check_asks_every_panel_of_every_dashboard(tmp_path: Path, grafana: Stand) -> None:
    done = told(tmp_path, grafana.url, "check")
    assert done.exit_code == 0, done.output
    assert "✗" not in done.output
    assert "✓ Data source gridward" in done.output
    asked_for = posted(grafana, "/api/ds/query")
    texts = []
    for body in asked_for:
        queries = body["queries"]
        assert isinstance(queries, list)
        for query in queries:
            assert isinstance(query, dict)
            assert query["datasource"] == {"type": "influxdb", "uid": "gridward"}
            assert query["rawQuery"] is True
            texts.append(str(query["query"]))
        assert int(str(body["to"])) - int(str(body["from"])) == 86_400_000
    left = {name for text in texts for name in re.findall(r"\$\{?\w+\}?", text)}
    assert left <= {"$timeFilter", "$__interval"}, "these two Grafana's server fills in itself"
    assert len(asked_for) == sum(len(list(asked(one, 0, "UTC"))) for one in dashboards())
    assert len(texts) > 150


def test_check_tells_what_is_wrong_where(tmp_path: Path, grafana: Stand) -> None:
    broken: Json = {"results": {"A": {"status": 400, "error": "influxdb: database not found: solar"}}}
    sites = next(one for one in dashboards() if one["title"] == "Site")
    first = next(asked(sites, 0, "UTC")).panel

    def answer(body: Json) -> Answer:
        status, content = answered(body)
        if 'FROM "relay"' in json.dumps(body).replace("\\", ""):
            return 400, broken
        if 'FROM "plan"' in json.dumps(body).replace("\\", ""):
            return 200, {"results": {"A": {"status": 200, "frames": []}}}
        return status, content

    grafana.answers["POST", "/api/ds/query"] = answer
    grafana.answers["GET", "/api/dashboards/uid/gridward-bms"] = (404, {"message": "Dashboard not found"})
    done = told(tmp_path, grafana.url, "check")
    assert done.exit_code == 4
    assert "✗ Dashboard Site, Contactor: influxdb: database not found: solar" in done.output
    assert "`gridward dashboards push` brings it" in done.output
    assert "without a value of the last day: Tonight" in done.output
    assert f"Site, {first}:" not in done.output


def test_check_tells_a_data_source_that_is_not_sound(tmp_path: Path, grafana: Stand) -> None:
    sick: Answer = (400, {"status": "ERROR", "message": "error reading InfluxDB: connection refused"})
    grafana.answers["GET", "/api/datasources/uid/gridward/health"] = sick
    done = told(tmp_path, grafana.url, "check")
    assert done.exit_code == 4
    assert re.search(r"✗ Data source gridward: .*connection refused", done.output)
    del grafana.answers["GET", "/api/datasources/uid/gridward"]
    gone = told(tmp_path, grafana.url, "check")
    assert (gone.exit_code, "is not there; provisioning" in gone.output) == (4, True)


def test_check_tells_which_alerts_fire_and_that_is_no_fault(tmp_path: Path, grafana: Stand) -> None:
    grafana.answers["GET", "/api/alertmanager/grafana/api/v2/alerts"] = (
        200,
        [
            {
                "labels": {"alertname": "Battery low", "severity": "safety"},
                "annotations": {"summary": "The battery is at 12 %."},
                "startsAt": "2026-11-21T10:00:00Z",
                "status": {"state": "active"},
            }
        ],
    )
    done = told(tmp_path, grafana.url, "check")
    assert done.exit_code == 0
    assert "! Alert Battery low: The battery is at 12 %. (since 2026-11-21T10:00:00Z)" in done.output


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("grafana: {}", "http://127.0.0.1:3000"),
        ("grafana: {url: 'http://g:3000', buttons: Viewer}", "one of Editor, Admin"),
        ("grafana: {url: 'http://g:3000', origin: 'https://house.example/'}", "without a path"),
        ("grafana: {url: 'http://g:3000', cookie: 'a b'}", "the name of a cookie"),
        ("grafana: {url: 'http://g:3000', token: glsa_x}", "!secret name"),
        ("grafana: {url: 'http://g:3000', role: Editor}", "the key `role`"),
    ],
)
def test_faults_of_the_site_files_part_are_told(tmp_path: Path, part: str, words: str) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(SITE.format(grafana=part))
    done = CliRunner().invoke(app, ["dashboards", "check", "--site", str(file)])
    assert (done.exit_code, words in done.output) == (2, True), done.output
