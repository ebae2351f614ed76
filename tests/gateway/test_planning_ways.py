"""The schedule over HTTP and the command line, each through a real broker to the real role."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from typer.testing import CliRunner

from gridward.api.app import create_app
from gridward.api.tokens import Tokens
from gridward.cli import app
from gridward.commands import Commands
from gridward.config import load
from gridward.live import Live
from gridward.recorder.history import History
from gridward.run import House, run
from gridward.site import Site
from gridward_kit.clock import SystemClock
from gridward_kit.mqtt import Broker
from gridward_kit.tasks import end

if TYPE_CHECKING:
    from conftest import Mosquitto

FILE = """
version: 1
site: {{id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}}
mqtt: {{url: "{url}"}}
plan: {{charge: 3000, discharge: 4000}}
"""


@asynccontextmanager
async def planned(folder: Path, broker: "Mosquitto") -> AsyncIterator[tuple[Site, Path]]:
    """A site whose role `plan` runs."""
    file = folder / "site.yaml"
    file.write_text(FILE.format(url=broker.url))
    site = load(file)
    house = House(site, SystemClock(), Broker(broker.url))
    task = asyncio.create_task(run(house, ("plan",)))
    try:
        yield site, file
    finally:
        await end([task])


@asynccontextmanager
async def client(site: Site, broker: "Mosquitto") -> AsyncIterator[httpx.AsyncClient]:
    clock = SystemClock()
    link = House(site, clock, Broker(broker.url)).link("http")
    live, commands, tokens = Live(link, clock), Commands(link, clock), Tokens(site.folder)
    task = asyncio.create_task(link.run())
    api = create_app(site, live, commands, History(site.record.store), clock, tokens)
    try:
        told = asyncio.Event()
        live.on_change(lambda _: told.set())
        while live.slots is None or "plan" not in live.devices or not live.devices["plan"].available:
            told.clear()
            await asyncio.wait_for(told.wait(), 20)
        transport = httpx.ASGITransport(api)
        headers = {"Authorization": f"Bearer {tokens.made}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://home", headers=headers) as found:
            yield found
    finally:
        await end([task])


async def test_a_schedule_is_put_read_and_cleared_over_http(tmp_path: Path, mosquitto: "Mosquitto") -> None:
    far = {"start": "2126-03-20T22:00", "end": "2126-03-21T06:00", "power": 2000}
    async with planned(tmp_path, mosquitto) as (site, _), client(site, mosquitto) as http:
        assert (await http.get("/api/v1/schedule")).json() == {"slots": []}
        refused = await http.put("/api/v1/schedule", json={"slots": [far]})
        assert (refused.status_code, refused.json()["reason"]) == (409, "a slot lies more than a year ahead")
        near = {"end": (await _tomorrow()), "power": -1500}
        put = await http.put("/api/v1/schedule", json={"slots": [near]})
        assert (put.status_code, put.json()["status"]) == (200, "confirmed")
        (slot,) = await _slots(http, 1)
        assert (slot["mode"], slot["power"]) == ("discharge", -1500)
        assert (await http.put("/api/v1/schedule", json={"slots": []})).status_code == 422
        wrong = {"slots": [{"end": near["end"], "mode": "sell"}]}
        assert (await http.put("/api/v1/schedule", json=wrong)).status_code == 422
        gone = await http.delete("/api/v1/schedule", params={"start": "2020-01-01T00:00"})
        assert gone.json()["value"] == "no slots"
        assert await _slots(http, 0) == []
        bare = httpx.AsyncClient(transport=http._transport, base_url="http://home")
        assert (await bare.get("/api/v1/schedule")).status_code == 401


async def _slots(http: httpx.AsyncClient, count: int) -> list[dict[str, object]]:
    """The slots, once the broker has brought that many."""
    for _ in range(500):
        found: list[dict[str, object]] = (await http.get("/api/v1/schedule")).json()["slots"]
        if len(found) == count:
            return found
        await asyncio.sleep(0.02)
    return found


async def _tomorrow() -> str:
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415

    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


async def test_a_schedule_is_set_shown_and_cleared_from_the_command_line(
    tmp_path: Path, mosquitto: "Mosquitto"
) -> None:
    async with planned(tmp_path, mosquitto) as (_, file):
        until = await _tomorrow()

        async def say(*words: str) -> tuple[int, str]:
            done = await asyncio.to_thread(CliRunner().invoke, app, ["schedule", *words, "--site", str(file)])
            return done.exit_code, done.output

        code, said = await say("set", "--to", until, "--power", "1500")
        assert (code, "charge 1500 W" in said) == (0, True), said
        code, said = await say("show")
        assert (code, said.strip().endswith("charge 1500 W")) == (0, True), said
        code, said = await say("set", "--to", until, "--power", "99000")
        assert (code, said.strip()) == (4, "refused: 99000 W is more than can be charged (3000 W)")
        assert (await say("clear"))[1].strip() == "schedule: no slots"
        assert (await say("show"))[1].strip() == "no slots"


def test_faults_of_the_section_plan_are_told(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(FILE.format(url="mqtt://127.0.0.1") + "tariff: {currency: EUR, import: 1}\n")
    text = file.read_text().replace("discharge: 4000", "reserve: 99, forecast: 'a/+', extra: 1")
    file.write_text(text)
    done = CliRunner().invoke(app, ["check", str(file)])
    assert done.exit_code == 2
    assert "a number from 0 to 95 %" in done.output
    assert "an MQTT topic without wildcards" in done.output
    assert "`extra`" in done.output
    assert json.dumps(done.output).count("site.yaml:5") == 3


@pytest.mark.parametrize("words", [("show",), ("set", "--to", "2026-11-22T06:00", "--mode", "hold")])
def test_a_faulty_site_file_is_told_and_nothing_is_asked(tmp_path: Path, words: tuple[str, ...]) -> None:
    file = tmp_path / "site.yaml"
    file.write_text("version: 2\n")
    done = CliRunner().invoke(app, ["schedule", *words, "--site", str(file)])
    assert done.exit_code == 2
    assert "site.yaml:1" in done.output
