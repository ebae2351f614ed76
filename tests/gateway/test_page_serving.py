"""The page's role lives in a process: it starts, ends, and starts again there."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
import pytest

from gridward.api.serve import run_http
from gridward.api.tokens import Tokens
from gridward.broker import free_port
from gridward.site import HttpSpec, RecordSpec, Site
from gridward_kit.clock import SystemClock
from gridward_kit.mqtt import Broker
from gridward_kit.testing import MemoryBroker

HOSTILE = quote('"><script>alert(1)', safe="")
VIEWS = (
    *("/", "/controls", "/charts", "/cells", "/devices", "/devices/nobody", f"/devices/{HOSTILE}"),
    *(f"/meters/{HOSTILE}", f"/audit?filter={HOSTILE}", f"/nowhere{HOSTILE}"),
)


def site_in(folder: Path, name: str) -> Site:
    return Site(
        id="home",
        name=name,
        time_zone=ZoneInfo("Europe/Bratislava"),
        fail_safe="grid_connected",
        broker=Broker("mqtt://memory"),
        folder=folder,
        record=RecordSpec(folder / "gridward.db"),
        http=HttpSpec(port=free_port()),
    )


async def looked_at(site: Site, token: str) -> list[str]:
    """Every view of a role that runs meanwhile, and then is cancelled."""
    clock = SystemClock()
    role = asyncio.create_task(run_http(site, MemoryBroker(clock).link("http"), clock))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{site.http.port}") as client:
        client.headers["Authorization"] = f"Bearer {token}"
        while not role.done():
            try:
                await client.get("/healthz")
                break
            except httpx.ConnectError:
                await asyncio.sleep(0.05)
        forged = {"X-Forwarded-Prefix": "/elsewhere"}
        try:
            answers = [await client.get(view, headers=forged) for view in VIEWS]
            assert answers[-1].status_code == (404 if answers[0].is_success else 303)
            return [answer.raise_for_status().text for answer in answers[:-1]] + [answers[-1].text]
        finally:
            role.cancel()
            await asyncio.gather(role, return_exceptions=True)
            assert role.cancelled()


async def test_the_role_may_start_again_and_shows_the_new_site(tmp_path: Path) -> None:
    token = Tokens(tmp_path).made
    assert token is not None
    site = site_in(tmp_path, "First house")
    first = await looked_at(site, token)
    second = await looked_at(replace(site, name="Second house"), token)
    assert all("First house" in page for page in first)
    assert [page for page in first if "/elsewhere" in page or "<script>alert" in page] == []
    assert all("Second house" in page and "First house" not in page for page in second)


async def test_the_token_of_a_first_start_is_in_no_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made: list[str] = []
    renew = Tokens.renew

    def spied(tokens: Tokens) -> str:
        made.append(renew(tokens))
        return made[-1]

    site = site_in(tmp_path, "House")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Tokens, "renew", spied)
        with pytest.raises(httpx.HTTPStatusError, match="303"):
            await looked_at(site, "not the token")
    said = capfd.readouterr()
    assert "gridward token --new" in caplog.text
    assert len(made) == 1
    assert made[0] not in caplog.text + said.out + said.err


async def test_a_site_without_anything_teaches(tmp_path: Path) -> None:
    token = Tokens(tmp_path).made
    assert token is not None
    site = site_in(tmp_path, "Empty house")
    now, controls, _, cells, devices, nobody, *_, nowhere = await looked_at(site, token)
    assert "No rule of this site decides about the grid" in controls
    assert "Observe" not in controls
    assert "The rules do not answer" not in now
    assert "appear when readings have been recorded" in now
    assert "This site names no battery. Add a BMS" in cells
    assert "names no devices yet. Add a bus" in devices
    assert "The site file names no such device" in nobody
    assert "There is no page at /nowhere" in nowhere
    assert "HTTPException" not in nowhere
