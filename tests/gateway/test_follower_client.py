"""InfluxDB 2 and 3, by influxdb-client, at a real HTTP server that answers as their documentation says."""

import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from follower_bench import Following

from gridward.recorder.inspection import status
from gridward.recorder.lines import annotations
from gridward.site import Database
from gridward_kit.kept import Json

TOKEN = "rightful"


@dataclass
class Bucket:
    """A server of `/api/v2/write`: keeps each point once, refuses a line whose field is of another type."""

    name: str = "solar"
    fault: int | None = None
    requests: int = 0
    points: dict[tuple[str, str, int], str] = field(default_factory=dict)
    whole_numbers: set[str] = field(default_factory=set)
    begin: int = 0

    def answer(self, path: str, token: str | None, body: str) -> tuple[int, dict[str, str]]:
        self.requests += 1
        parts = urlsplit(path)
        asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if parts.path != "/api/v2/write" or asked.get("precision") != "ms":
            return 404, {"code": "not found", "message": "path not found"}
        if token != f"Token {TOKEN}":
            return 401, {"code": "unauthorized", "message": "unauthorized access"}
        if asked["bucket"] != self.name:
            return 404, {"code": "not found", "message": f'bucket "{asked["bucket"]}" not found'}
        if asked.get("org") not in ("home", "", None):
            return 404, {"code": "not found", "message": f'organization name "{asked["org"]}" not found'}
        if self.fault is not None:
            return self.fault, {"code": "unavailable", "message": "busy"}
        old = [line for line in body.splitlines() if int(line.rpartition(" ")[2]) < self.begin]
        if old:
            self.points |= {(line, "", 0): "" for line in body.splitlines() if line not in old}
            return 422, {"code": "unprocessable entity", "message": beyond(old)}
        dropped = sum(not self._take(line) for line in body.splitlines())
        if dropped:
            message = f"partial write: field type conflict dropped={dropped}"
            return 422, {"code": "unprocessable entity", "message": message}
        return 204, {}

    def _take(self, line: str) -> bool:
        head, fields, ts = line.split(" ")
        found = dict(one.split("=", 1) for one in fields.split(","))
        if self.whole_numbers & set(found):
            return False
        self.points |= {(head, key, int(ts)): value for key, value in found.items()}
        return True


def beyond(old: list[str]) -> str:
    """The words of InfluxDB 2.7.12, as it was heard to say them."""
    head, at = old[0].partition(" ")[0], old[0].rpartition(" ")[2]
    point = f"point {head} at {at} dropped because it violates a Retention Policy"
    return (
        f"failure writing points to database: partial write: dropped {len(old)} points outside retention "
        f"policy of duration 2h0m0s - oldest {point} Lower Bound at {time.time_ns()}, newest {point}"
    )


class Server(ThreadingHTTPServer):
    bucket: Bucket


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Server)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status, content = self.server.bucket.answer(self.path, self.headers.get("Authorization"), body)
        data = json.dumps(content).encode() if content else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server(("127.0.0.1", 0), Handler)
    running.bucket = Bucket()
    Thread(target=running.serve_forever, daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


def database(server: Server, version: int, bucket: str = "solar", token: str = TOKEN) -> Database:
    org = "home" if version == 2 else ""
    return Database(f"http://127.0.0.1:{server.server_port}", version, bucket, org=org, token=token)


@pytest.mark.parametrize("version", [2, 3])
async def test_every_reading_once_over_faults_and_repeats(
    server: Server, tmp_path: Path, version: int, caplog: pytest.LogCaptureFixture
) -> None:
    place = Following(tmp_path, database(server, version))
    messages = place.pass_by(600, {"soc": 80, "charging": True})
    for server.bucket.fault in (500, 503, 429):
        assert await place.follower.step() == 0
    server.bucket.fault = None
    assert await place.catch_up() == messages * 2
    place.store.close()
    place.open()
    await place.catch_up()
    begin = round(place.clock.time() - 10 - messages * 5) * 1000
    head = "battery,site=home,device=bms,integration=daly"
    assert server.bucket.points.keys() >= {(head, "soc", begin + 5000), (head, "charging", begin + 5000)}
    assert len(server.bucket.points) == messages * 2
    assert set(server.bucket.points.values()) == {"80.0", "1.0"}
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1


@pytest.mark.parametrize("version", [2, 3])
async def test_what_is_wrong_is_told_once_with_the_way_out(
    server: Server, tmp_path: Path, version: int, caplog: pytest.LogCaptureFixture
) -> None:
    for wrong, words in (
        (database(server, version, bucket="sun"), "make it there"),
        (database(server, version, token="wrongful"), "`token`"),
    ):
        place = Following(tmp_path / wrong.bucket, wrong)
        place.pass_by(60, {"soc": 80})
        for _ in range(4):
            assert await place.follower.step() == 0
        (told,) = [record.message for record in caplog.records if record.levelname == "ERROR"]
        assert words in told
        assert wrong.bucket in told
        assert TOKEN not in told + str(place.said())
        assert "wrongful" not in told + str(place.said())
        caplog.clear()


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize(("host", "token"), [("127.0.0.1:9", "one\ntwo"), ("influx..local:8086", "one-two")])
async def test_what_http_cannot_say_is_told_and_ends_nothing(
    tmp_path: Path, version: int, host: str, token: str
) -> None:
    """A token with a line's end, two dots in a name: the recorder goes on, and the token is in no message."""
    place = Following(tmp_path, Database(f"http://{host}", version, "solar", org="home", token=token))
    place.pass_by(600, {"soc": 80})
    assert await place.follower.step() == 0
    told = f"{place.said()['reason']} {place.said()['remedy']}"
    assert "token" in told or "influx..local" in told
    assert "two" not in told


async def test_an_organization_that_is_not_there_is_told_as_that(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = Following(tmp_path, replace(database(server, 2), org="elsewhere"))
    place.pass_by(60, {"soc": 80})
    assert await place.follower.step() == 0
    (told,) = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert "no organization `elsewhere`" in told
    assert "`org`" in told
    assert "bucket" not in told


async def test_what_is_beyond_a_buckets_retention_has_one_reason_and_costs_few_requests(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = Following(tmp_path, database(server, 2))
    place.pass_by(1200, {"soc": 80, "voltage": 53.1})
    server.bucket.begin = round(place.clock.time() * 1000)
    place.pass_by(60, {"soc": 80, "voltage": 53.1})
    await place.catch_up()
    said = place.said()
    old = 2 * (1200 // 5 - 1)
    assert (said["sent"], said["refused"]) == (2 * 13, old)
    assert server.bucket.requests < 60
    (standing,) = status(place.path).databases
    assert {one.reason for one in standing.aside} == {
        "failure writing points to database: partial write: outside retention policy of duration 2h0m0s"
    }
    assert sum(one.count for one in standing.aside) == old
    assert "its retention is shorter: make it longer there" in caplog.text


async def test_a_refused_point_costs_few_requests_and_is_known_the_next_time(
    server: Server, tmp_path: Path
) -> None:
    server.bucket.whole_numbers = {"soc"}
    place = Following(tmp_path, database(server, 2))
    values = {f"cell_{number}_voltage": 3.3 for number in range(16)} | {"soc": 80}
    messages = place.pass_by(1200, values)
    await place.catch_up()
    assert len(server.bucket.points) == messages * 16
    standing = place.store.outbox.places[place.database.name]
    assert (standing.sent, standing.refused) == (messages * 16, messages)
    assert server.bucket.requests < 40
    server.bucket.requests = 0
    place.pass_by(300, values)
    await place.catch_up()
    assert server.bucket.requests == 2, "the sound ones, and the suspect ones on their own"


def test_seconds_that_cannot_be_are_in_no_annotation() -> None:
    """They come off the broker; an entry that stays on record must not stop the follower for ever."""
    event: dict[str, Json] = {"what": "inverter/mode", "by": "http", "status": "confirmed"}
    strange: list[Json] = [10**400, 1e300, math.inf, math.nan, -1, "long", None, []]
    for seconds in strange:
        (line,) = annotations("home", [(1, {**event, "seconds": seconds})])
        assert "seconds" not in line
    (line,) = annotations("home", [(2, {**event, "seconds": 1.5})])
    assert ",seconds=1.5 " in line


def test_the_client_is_loaded_only_where_it_is_used() -> None:
    program = (
        "import sys, gridward.recorder.role; from gridward.recorder.database import writer; "
        "from gridward.site import Database; writer(Database('http://127.0.0.1:1', 1, 'solar')); "
        "sys.exit('influxdb_client' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
