"""A person's word over the real ways: HTTP, the command line over a real broker, a real browser."""

import asyncio
import contextlib
import json
import logging
import os
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import httpx
import pytest
from gateway.rule_house import MORE, PROPOSING, USB, WELL
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from tools.browser import PATIENCE, chromium, emulate, logged_in, missing, scene, told
from typer.testing import CliRunner

from gridward.cli import app
from gridward.live import Live
from gridward.rules.automation import Automation
from gridward.rules.role import Rules
from gridward.site import GridSwitchSettings
from gridward_kit.clock import SystemClock, iso
from gridward_kit.mqtt import Broker, MqttLink

if TYPE_CHECKING:
    from conftest import Mosquitto

OWN = """\
version: 1
policy: own
settle: 5s
rules:
  - id: more_when_sunny
    says: The sun gives a lot, so the bank may be charged faster.
    when: {battery.soc: {above: 10}, pv.power: {above: 100}}
    for: 30s
    then: {inverter.max_charging_current: 60}
    level: 3
    goal: self consumption above 90 %
    min_confidence: 0.5
    escalate: the owner
  - id: sun_first
    says: The bank is well, so output_source_priority_of_the_inverter_becomes_SBU.
    when: {battery.voltage: {above: 51}}
    for: 60min
    then: {inverter.output_source_priority: SBU}
"""
needs_browser = pytest.mark.skipif(
    missing() is not None and not os.environ.get("CI"), reason=f"{missing()} is not installed"
)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / "own.yaml"
    file.write_text(OWN)
    return file


@needs_browser
def test_a_proposal_is_seen_and_approved_on_the_page(own: Path, tmp_path: Path) -> None:
    with scene("sunny_noon", "on", "--policy", str(own)) as served, chromium(tmp_path / "profile") as browser:
        emulate(browser, 390, 844, phone=True, dark=False)
        logged_in(browser, served.url, served.token)
        browser.get(served.url + "rules")
        wait = WebDriverWait(browser, PATIENCE, 0.1)
        wait.until(lambda page: page.find_elements(By.CSS_SELECTOR, "[data-answer=approve]"))
        said = browser.find_element(By.ID, "proposals").text
        assert "inverter.max_charging_current: 40 → 60" in said
        assert "Without an answer it is declined in" in said
        rules = browser.find_element(By.ID, "rules").text
        assert re.search(r"Waits: \d+ of 60 minutes", rules)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
        browser.find_element(By.CSS_SELECTOR, "[data-answer=approve]").click()
        headers = {"Authorization": f"Bearer {served.token}"}

        def set_now() -> bool:
            answer = httpx.get(f"{served.url}api/v1/devices/inverter", headers=headers)
            return bool(answer.json()["values"].get("max_charging_current") == 60)

        wait.until(lambda _: set_now())
        wait.until(lambda page: "Nothing is proposed now." in page.find_element(By.ID, "proposals").text)
        wait.until(lambda page: "last acted" in page.find_element(By.ID, "rules").text)
        assert told(browser)[1] == []


def test_proposals_and_overrides_over_http(own: Path) -> None:
    with scene("sunny_noon", "on", "--policy", str(own)) as served:
        headers = {"Authorization": f"Bearer {served.token}"}
        with httpx.Client(base_url=f"{served.url}api/v1/rules", headers=headers, timeout=20) as http:
            assert http.get(f"{served.url}api/v1/rules").json()["policy"] == "own"
            (one,) = http.get("/proposals").json()
            path = f"/proposals/{one['id']}"
            assert http.post(path, json={"answer": "perhaps"}).status_code == 422
            assert http.post("/proposals/0000", json={"answer": "approve"}).status_code == 404
            assert http.post(path, json={"answer": "decline"}).json()["status"] == "confirmed"
            assert http.post(path, json={"answer": "approve"}).status_code in (404, 409)
            source = "/overrides/inverter.output_source_priority"
            forced = http.post(source, json={"value": "SUB", "lasts": "2h"})
            assert (forced.status_code, forced.json()["status"]) == (200, "confirmed")
            assert http.post(source, json={"value": "SUB", "lasts": "ever"}).status_code == 409
            assert http.post("/overrides/inverter.nothing", json={"value": "SUB"}).status_code == 404
            assert http.post("/overrides/all", json={"value": "stop"}).status_code == 200
        assert httpx.get(f"{served.url}api/v1/rules").status_code == 401


@contextlib.asynccontextmanager
async def at_work(broker: "Mosquitto", folder: Path) -> AsyncIterator[None]:
    """The rules and two devices that say their state, on a real broker."""
    clock = SystemClock()
    links = [MqttLink(Broker(broker.url), "home", role, clock) for role in ("rules", "bus:a")]
    live = Live(links[0], clock)
    policy = replace(PROPOSING, rules=(replace(MORE, hold=1.0), USB), settle=1.0)
    automation = Automation(live, links[0], clock, policy, ZoneInfo("Europe/Bratislava"))
    rules = Rules(live, links[0], clock, GridSwitchSettings("bms", "inverter"), folder, "on", automation)

    async def devices() -> None:
        while True:
            for device, values in WELL.items():
                state = json.dumps({"v": 1, "at": iso(clock.time()), **values})
                links[1].publish(f"gridward/home/{device}/state", state, retain=True)
                links[1].publish(f"gridward/home/{device}/availability", "online", retain=True)
            await clock.sleep(0.3)

    tasks = [asyncio.create_task(work) for work in (*(one.run() for one in links), rules.run(), devices())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def gridward(*arguments: str) -> tuple[int, str]:
    """The command line: its status and what it printed."""
    try:
        result = await asyncio.to_thread(CliRunner().invoke, app, ["rules", *arguments])
    finally:
        logging.disable(logging.NOTSET)
    return result.exit_code, result.stdout


async def test_proposals_and_overrides_on_the_command_line(mosquitto: "Mosquitto", tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(
        "version: 1\nsite: {id: home, name: Home, time_zone: UTC, fail_safe: grid_connected}\n"
        f"mqtt: {{url: '{mosquitto.url}'}}\n"
    )
    where = ("--site", str(site))
    async with at_work(mosquitto, tmp_path / "state"):
        found: list[dict[str, str]] = []
        while not found:
            status, printed = await gridward("proposals", "--json", *where)
            assert status == 0
            found = json.loads(printed)
        identifier = found[0]["id"]
        assert (await gridward("proposals", *where))[1].startswith(
            f"{identifier}  inverter.amperes: 20.0 -> 40"
        )
        assert (await gridward("approve", "nothing", *where))[0] == 4
        status, printed = await gridward("approve", identifier, *where)
        assert (status, json.loads(printed)["status"]) == (0, "confirmed")
        status, printed = await gridward("override", "inverter.amperes", "30", "--for", "2h", *where)
        assert (status, json.loads(printed)["value"]) == (0, "forced")
        assert (await gridward("override", "inverter.amperes", "31", *where))[0] == 4
        assert (await gridward("override", "all", "stop", *where))[0] == 0
        assert (await gridward("override", "unknown.thing", "1", *where))[0] == 4
    kept = json.loads((tmp_path / "state" / "rules.json").read_text())["rules"]
    assert sorted(kept["holds"]) == ["inverter_amperes_override", "override"]
    assert 7000 < kept["holds"]["inverter_amperes_override"]["remaining"] <= 7200
    assert len(kept["writes"]["inverter/amperes"]) >= 1
