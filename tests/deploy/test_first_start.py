"""The first start in containers: a real InfluxDB 1, the simulated house."""

import asyncio
import base64
import json
import os
import re
import signal
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from threading import Timer
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request

import pytest
from deploy.broker_site import free_port
from faults.broker_house import Running
from faults.line_house import until
from faults.site_house import listening, roles
from follower_bench import OPENER, Influx
from typer.testing import CliRunner

from gridward.api.tokens import write_private
from gridward.config import load
from gridward.demo import yesterday
from gridward.plant import Plant
from gridward.service import containers, database, simulated, templates
from gridward.service.cli import app
from gridward.service.containers import Places
from gridward.site import Site
from gridward_kit.clock import SystemClock
from gridward_kit.tasks import end

OWN = """version: 1
site: {id: home, name: Home, time_zone: UTC, fail_safe: grid_connected}
mqtt: {url: "mqtt://mosquitto:1883"}
buses: []
"""


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
    site = containers.begin(places, influx.url, simulate=True)
    assert site.record.databases[0].version == 1
    assert site.record.store.stat().st_size > 100_000, "a day of history"
    now = time.time()
    assert site.longitude == yesterday.longitude(now, yesterday.zone_at_noon(now)), "its sun, not another's"
    words = dict(re.findall(r'^(\w+): "(.+)"$', (places.site / "secrets.yaml").read_text(), re.MULTILINE))
    assert len(words) == len(set(words.values()))
    assert all(len(word) >= 24 for word in words.values())
    assert (places.site / "secrets.yaml").stat().st_mode & 0o777 == 0o600
    for part in ("alerting", "dashboards", "datasources", "plugins"):  # Grafana logs an error for one less
        assert (places.grafana / "provisioning" / part).stat().st_mode & 0o050 == 0o050, part
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


def test_without_a_site_file_nothing_is_simulated_unless_the_house_is_there(places: Places) -> None:
    with pytest.raises(ValueError, match=r"no site.yaml.*--profile simulated"):
        containers.begin(places, "http://127.0.0.1:9")
    assert not places.site.exists()
    assert containers.stands("localhost", 0)
    assert not containers.stands("simulated.invalid", 0)


def test_the_simulated_house_waits_for_its_file_and_ends_when_it_is_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[str] = []

    async def serve(site: Site, address: str) -> None:
        served.append(f"{site.id} {address}")
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        finally:
            served.append("left in order")

    def killed(number: int, _frame: object) -> None:
        raise RuntimeError(f"signal {number} has ended it")

    monkeypatch.setattr(simulated, "serve", serve)
    before = signal.signal(signal.SIGTERM, killed)
    writer = Timer(0.2, write_private, (tmp_path / "site.yaml", OWN.encode()))
    writer.start()
    try:
        done = CliRunner().invoke(app, ["simulated", "--wait", str(tmp_path / "site.yaml")])
    finally:
        signal.signal(signal.SIGTERM, before)
        writer.join()
    assert (done.exit_code, served) == (0, ["home 127.0.0.1", "left in order"]), done.output


async def test_the_simulated_house_stands_in_its_sites_time_whenever_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its site file is of the first start; a start at another hour must not bring the sun at night."""
    plants: list[Plant] = []

    def lines(_site: Site, plant: Plant, _folder: Path) -> None:
        plants.append(plant)
        raise ValueError("seen enough")

    path = tmp_path / "site.yaml"
    path.write_text(OWN.replace("UTC", yesterday.zone_at_noon(time.time() + 9 * 3600).key))
    monkeypatch.setattr(simulated, "Lines", lines)
    monkeypatch.setattr(simulated, "live_yesterday", lambda _plant, _file: None)
    site = load(path)
    with pytest.raises(ValueError, match="seen enough"):
        await simulated.serve(site, "127.0.0.1")
    assert plants[0].now.utcoffset() == datetime.now(site.time_zone).utcoffset()


async def test_the_simulated_house_is_served_where_its_site_file_says(
    mosquitto: Running, tmp_path: Path
) -> None:
    text = templates.filled(
        "simulated/site.yaml", time_zone="Etc/GMT+0", longitude="0", broker="none:1883", house="127.0.0.1"
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
