"""Which other site's page may read: the named Grafana's, with a token of its own, and no other."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from gateway.test_api_access import Door, site_in

from gridward import values
from gridward.api.app import create_app
from gridward.commands import Commands
from gridward.config import load
from gridward.document import SiteFault
from gridward.live import Live
from gridward.recorder.history import History
from gridward_kit.testing import MemoryBroker

GRAFANA = "https://grafana.house.example"
ELSEWHERE = ("https://elsewhere.example", f"{GRAFANA}.elsewhere.example", "http://grafana.house.example")
SITE = """\
version: 1
site: {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}
mqtt: {url: "mqtt://127.0.0.1:1883"}
buses: [{id: line, port: /dev/ttyUSB0, devices: [{id: inverter, integration: axpert}]}]
"""
READ = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}


def named(folder: Path) -> Door:
    """A site whose file names Grafana's origin."""
    door = Door(folder)
    site = site_in(folder)
    site = replace(site, http=replace(site.http, cors=GRAFANA))
    link = MemoryBroker(door.clock).link("http")
    live, commands = Live(link, door.clock), Commands(link, door.clock)
    door.app = create_app(site, live, commands, History(site.record.store), door.clock, door.tokens)
    return door


def allowed(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control")}


async def test_nobody_elses_page_reads_unless_the_site_file_names_it(tmp_path: Path) -> None:
    door = Door(tmp_path)
    async with door.client() as client:
        for origin in (GRAFANA, *ELSEWHERE):
            asked = await client.options("/api/v1/devices", headers={**READ, "Origin": origin})
            own = {"Authorization": f"Bearer {door.token}", "Origin": origin}
            assert asked.status_code == 401
            assert allowed(asked) == allowed(await client.get("/api/v1/devices", headers=own)) == {}


async def test_the_named_grafana_reads_with_a_token_and_without_credentials(tmp_path: Path) -> None:
    door = named(tmp_path)
    async with door.client() as client:
        asked = await client.options("/api/v1/devices", headers={**READ, "Origin": GRAFANA})
        assert (asked.status_code, asked.content) == (204, b"")
        assert allowed(asked) == {
            "access-control-allow-origin": GRAFANA,
            "access-control-allow-methods": "GET, HEAD",
            "access-control-allow-headers": "Authorization",
            "access-control-max-age": "600",
        }
        own = {"Authorization": f"Bearer {door.token}", "Origin": GRAFANA}
        read = await client.get("/api/v1/devices", headers=own)
        assert (read.status_code, read.json()) == (200, [])
        assert allowed(read) == {"access-control-allow-origin": GRAFANA}
        assert read.headers["vary"] == "Origin"
        unknown = await client.get("/api/v1/devices", headers={"Origin": GRAFANA})
        assert (unknown.status_code, allowed(unknown)) == (401, {"access-control-allow-origin": GRAFANA})


async def test_it_names_one_origin_and_reading_only(tmp_path: Path) -> None:
    door = named(tmp_path)
    async with door.client() as client:
        for origin in ELSEWHERE:
            asked = await client.options("/api/v1/devices", headers={**READ, "Origin": origin})
            assert (asked.status_code, allowed(asked)) == (401, {})
        for method in ("POST", "PUT", "DELETE"):
            wish = {**READ, "Access-Control-Request-Method": method, "Origin": GRAFANA}
            refused = await client.options("/api/v1/devices/inverter/entities/mode", headers=wish)
            assert refused.status_code == 403
            assert "access-control-allow-methods" not in refused.headers


async def test_a_session_is_of_no_use_to_it(tmp_path: Path) -> None:
    door = named(tmp_path)
    async with door.client() as client:
        await door.log_in(client)
        for path in ("/", "/login", "/healthz", "/devices"):
            assert allowed(await client.get(path, headers={"Origin": GRAFANA})) == {}
        from_there = {"Origin": GRAFANA, "Sec-Fetch-Site": "cross-site"}
        wish = await client.post(
            "/api/v1/devices/inverter/entities/mode", json={"value": 1}, headers=from_there
        )
        assert (wish.status_code, "another site" in wish.json()["error"]) == (403, True)


async def test_every_answer_keeps_to_its_own_origin(tmp_path: Path) -> None:
    door = Door(tmp_path)
    async with door.client() as client:
        for path in ("/", "/login", "/api/v1/devices", "/healthz"):
            headers = (await client.get(path)).headers
            assert headers["cross-origin-opener-policy"] == "same-origin"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert "camera=()" in headers["permissions-policy"]


def test_the_site_file_names_it(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(SITE + f"http: {{cors: '{GRAFANA}'}}\n")
    assert load(path).http.cors == GRAFANA
    path.write_text(SITE)
    assert load(path).http.cors == ""
    path.write_text(SITE + "http: {cors: '*'}\n")
    with pytest.raises(SiteFault, match="address in the browser"):
        load(path)


@pytest.mark.parametrize(
    "text", ["*", "null", "", "grafana.house.example", f"{GRAFANA}/", f"{GRAFANA}/d", "ftp://x", 5, [GRAFANA]]
)
def test_an_origin_is_scheme_and_host_alone(text: str | int | list[str]) -> None:
    with pytest.raises(values.Wrong):
        values.origin(text)  # type: ignore[arg-type]  # what a person may write there
    assert values.origin("https://Grafana.House.Example:3000") == "https://grafana.house.example:3000"
