"""What InfluxDB 2 and 3 are asked at their first start, by what their makers document."""

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from gridward.api.tokens import write_private
from gridward.config import load
from gridward.service import database

OWN = """version: 1
site: {id: home, name: Home, time_zone: UTC, fail_safe: grid_connected}
mqtt: {url: "mqtt://mosquitto:1883"}
buses: []
record: {influxdb: !include influxdb.yaml}
"""


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


class Third(BaseHTTPRequestHandler):
    """What InfluxDB 3 Core answers at its setup, by its API's description; it keeps what it was asked."""

    asked: list[tuple[str, str, dict[str, object]]]

    def do_GET(self) -> None:
        self._say(200, {"version": "3.11.5", "revision": "0a", "process_id": "0b"})

    def do_POST(self) -> None:
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path, self.headers.get("Authorization", ""), content))
        if self.path == "/api/v3/configure/database":
            there = sum(path == self.path for path, _, _ in self.asked) > 1
            self._say(409 if there else 200, {"error": "already exists"} if there else None)
        else:
            self._say(
                201, {"id": 2, "name": content["token_name"], "token": f"apiv3_{content['token_name']}"}
            )

    def _say(self, status: int, answer: dict[str, object] | None) -> None:
        body = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return


def test_influxdb_3_starts_with_our_token_and_gets_database_and_two_named_tokens(tmp_path: Path) -> None:
    Third.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Third)
    Thread(target=server.serve_forever, daemon=True).start()
    url, file = f"http://127.0.0.1:{server.server_port}", tmp_path / "broker" / "admin.json"
    database.offline_token(file)
    held = json.loads(file.read_text())
    database.offline_token(file)
    assert json.loads(file.read_text()) == held
    assert file.stat().st_mode & 0o777 == 0o600
    assert re.fullmatch(r"apiv3_[\w-]{64,}", held["token"])
    try:
        ready = database.prepare(url, keep=30 * 86400, admin=file)
        with pytest.raises(OSError, match=r"set up before.*empty volume"):
            database.prepare(url, admin=file)
        with pytest.raises(OSError, match="admin-token-file"):
            database.prepare(url)
    finally:
        server.shutdown()
        server.server_close()
    assert Third.asked[:3] == [
        (path, f"Bearer {held['token']}", content)
        for path, content in (
            ("/api/v3/configure/database", {"db": "gridward", "retention_period": "30d"}),
            ("/api/v3/configure/token/named_admin", {"token_name": "gridward"}),
            ("/api/v3/configure/token/named_admin", {"token_name": "grafana"}),
        )
    ]
    assert ready.grafana["INFLUX_AUTH"] == "Token apiv3_grafana"
    write_private(tmp_path / "influxdb.yaml", ready.site_text().encode())
    write_private(tmp_path / "secrets.yaml", b"influxdb_token: apiv3_gridward\n")
    write_private(tmp_path / "site.yaml", OWN.encode())
    (followed,) = load(tmp_path / "site.yaml").record.databases
    assert (followed.version, followed.bucket, followed.token) == (3, "gridward", "apiv3_gridward")
