"""The first start in containers: a real InfluxDB 1, what InfluxDB 2 is asked, the simulated house."""

import asyncio
import base64
import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request

import pytest
from deploy.broker_site import free_port
from faults.broker_house import Running
from faults.line_house import until
from faults.site_house import listening, roles
from follower_bench import OPENER, Influx

from gridward.config import load
from gridward.service import containers, database, simulated, templates
from gridward.service.containers import Places
from gridward_kit.clock import SystemClock
from gridward_kit.tasks import end


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(*(tmp_path / name for name in ("site", "broker", "grafana", "proxy")))


@pytest.fixture
def influx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Influx]:
    """InfluxDB 1 as the compose file starts it: users are asked for."""
    monkeypatch.setenv("INFLUXDB_HTTP_AUTH_ENABLED", "true")
    (tmp_path / "influx").mkdir()
    server = Influx(tmp_path / "influx")
    server.start()
    yield server
    server.stop()


def test_the_first_start_makes_every_secret_once(places: Places, influx: Influx) -> None:
    site = containers.begin(places, influx.url)
    assert site.record.databases[0].version == 1
    assert site.record.store.stat().st_size > 100_000, "a day of history"
    words = dict(re.findall(r'^(\w+): "(.+)"$', (places.site / "secrets.yaml").read_text(), re.MULTILINE))
    assert len(words) == len(set(words.values()))
    assert all(len(word) >= 24 for word in words.values())
    assert (places.site / "secrets.yaml").stat().st_mode & 0o777 == 0o600
    source = (places.grafana / "provisioning" / "datasources" / "gridward.yaml").read_text()
    environment = dict(re.findall(r"export (\w+)='(.+)'", (places.grafana / "environment").read_text()))
    assert set(re.findall(r"\$(\w+)", source)) <= set(environment)
    assert len((places.grafana / "admin_password").read_text()) >= 24
    kept = {path: path.read_bytes() for path in places.site.rglob("*.yaml")}
    password = (places.grafana / "admin_password").read_text()
    containers.begin(places, influx.url)
    assert {path: path.read_bytes() for path in places.site.rglob("*.yaml")} == kept
    assert (places.grafana / "admin_password").read_text() == password
    user = (environment["INFLUX_USER"], environment["INFLUX_PASSWORD"])
    assert _status(influx.url, "SHOW MEASUREMENTS", user) == 200
    assert "error" in _body(influx.url, 'DROP DATABASE "gridward"', user)
    assert _status(influx.url, "SHOW MEASUREMENTS", ("grafana", "")) == 401
    with pytest.raises(OSError, match="set up before"):
        database.prepare(influx.url)


def _ask(url: str, text: str, who: tuple[str, str]) -> tuple[int, str]:
    token = base64.b64encode(":".join(who).encode()).decode()
    body = urlencode({"q": text, "db": database.NAME}).encode()
    try:
        with OPENER.open(Request(f"{url}/query", body, {"Authorization": f"Basic {token}"})) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def _status(url: str, text: str, who: tuple[str, str]) -> int:
    return _ask(url, text, who)[0]


def _body(url: str, text: str, who: tuple[str, str]) -> str:
    return _ask(url, text, who)[1]


class Second(BaseHTTPRequestHandler):
    """What InfluxDB 2.7 answers at its setup, by its API's description; it keeps what it was asked."""

    asked: list[tuple[str, str, dict[str, object]]]

    def do_GET(self) -> None:
        self.send_response(204)
        self.send_header("X-Influxdb-Version", "v2.7.12")
        self.end_headers()

    def do_POST(self) -> None:
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path, self.headers.get("Authorization", ""), content))
        answer: dict[str, object]
        if self.path == "/api/v2/setup":
            status, answer = (
                201,
                {"org": {"id": "0a"}, "bucket": {"id": "0b"}, "auth": {"token": content["token"]}},
            )
            if sum(path == self.path for path, _, _ in self.asked) > 1:
                status, answer = 422, {"code": "conflict", "message": "onboarding has already been completed"}
        elif self.path == "/api/v2/authorizations":
            action = content["permissions"][0]["action"]
            status, answer = 201, {"token": f"the-{action}-token=="}
        else:
            status, answer = 201, {"id": "0c"}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return


def test_influxdb_2_gets_bucket_mapping_and_two_small_tokens() -> None:
    Second.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Second)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        ready = database.prepare(url, keep=86400)
        with pytest.raises(OSError, match=r"set up before.*empty volume"):
            database.prepare(url)
    finally:
        server.shutdown()
        server.server_close()
    setup, mapping, *tokens = Second.asked[:4]
    assert setup[1] == ""
    assert {key: setup[2][key] for key in ("org", "bucket", "retentionPeriodSeconds")} == {
        "org": "gridward",
        "bucket": "gridward",
        "retentionPeriodSeconds": 86400,
    }
    assert mapping[0] == "/api/v2/dbrps"
    assert mapping[1] == f"Token {setup[2]['token']}"
    assert mapping[2] == {
        "bucketID": "0b",
        "orgID": "0a",
        "database": "gridward",
        "retention_policy": "autogen",
        "default": True,
    }
    assert [token[2]["permissions"] for token in tokens] == [
        [{"action": action, "resource": {"type": "buckets", "id": "0b", "orgID": "0a"}}]
        for action in ("write", "read")
    ]
    assert ready.secrets["influxdb_token"] == "the-write-token=="
    assert ready.grafana["INFLUX_AUTH"] == "Token the-read-token=="


async def test_the_simulated_house_is_served_where_its_site_file_says(
    mosquitto: Running, tmp_path: Path
) -> None:
    text = templates.filled(
        "simulated/site.yaml", time_zone="Etc/GMT+0", broker="none:1883", house="127.0.0.1"
    )
    text = text.replace('"mqtt://none:1883", users: generated', f'"{mosquitto.url}"')
    text = text.replace("  influxdb: !include influxdb.yaml", "  store: gridward.db")
    for port in range(9001, 9005):
        text = text.replace(f":{port}", f":{free_port()}")
    path = tmp_path / "site.yaml"
    path.write_text(text)
    clock = SystemClock()
    house = asyncio.create_task(simulated.serve(load(path), "127.0.0.1"))
    try:
        async with listening(mosquitto.url, clock) as heard:
            root = "gridward/demo"
            heard.link.subscribe(f"{root}/#", heard._heard)
            async with roles(path, clock, ("bus:inverter_line", "bus:bms_line", "bus:meters", "contactor")):
                wanted = ("inverter", "bms", "grid_meter", "house_meter", "contactor")
                await until(
                    lambda: (
                        house.done()
                        or all(heard.last.get(f"{root}/{name}/availability") == b"online" for name in wanted)
                    ),
                    90,
                )
                assert not house.done()
                state = json.loads(heard.last[f"{root}/bms/state"])
                assert 40 < state["voltage"] < 60
    finally:
        await end((house,))
