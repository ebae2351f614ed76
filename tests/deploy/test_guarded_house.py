"""A whole simulated house on a Mosquitto where what is not allowed is denied, and nothing has to be."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
from deploy.broker_site import OBSERVER, free_port, guarded, matches, observer, with_users
from faults.line_house import until
from faults.site_house import Listener, plugged_in, roles, site_file

from gridward.doctor import examine
from gridward.service.access import access
from gridward.setting import set_once
from gridward.site import Site
from gridward_kit.clock import SystemClock
from gridward_kit.mqtt import MqttLink
from gridward_kit.tasks import end

NAMES = ("bus:one", "bus:two", "contactor", "rules", "plan", "recorder", "http", "notify")


@asynccontextmanager
async def _watching(site: Site) -> AsyncIterator[Listener]:
    clock = SystemClock()
    listener = Listener(site.broker.url, clock)
    listener.link = MqttLink(observer(site), "home", OBSERVER, clock)
    for topic in (f"{listener.link.root}/#", "homeassistant/#"):
        listener.link.subscribe(topic, listener._heard)
    task = asyncio.create_task(listener.link.run())
    try:
        yield listener
    finally:
        await end((task,))


async def _home_assistant_sets(site: Site, what: str, value: str) -> None:
    will = aiomqtt.Will("homeassistant/status", b"offline")
    async with site.broker.client("gridward-home-homeassistant", will) as client:
        await client.publish(f"gridward/home/{what}/set", value)


def _subscribed(log: str) -> Iterator[tuple[str, str]]:
    """Each client and the filter that it asked for, as the broker tells."""
    client = ""
    for line in log.splitlines():
        if (asked := re.search(r"Received SUBSCRIBE from (\S+)", line)) is not None:
            client = asked[1]
        elif (found := re.search(r"\t(\S+) \(QoS \d\)", line)) is not None:
            yield client, found[1]


async def test_a_house_lives_and_nothing_of_it_is_denied(tmp_path: Path) -> None:
    port = free_port()
    path = site_file(tmp_path, tmp_path / "ports", f'mqtt://127.0.0.1:{port}", users: "generated')
    path.write_text(path.read_text() + f"http: {{port: {free_port()}}}\n")
    site = with_users(path)
    with guarded(site, tmp_path / "broker", port) as log, plugged_in(tmp_path / "ports") as devices:
        async with _watching(site) as heard, roles(path, SystemClock(), NAMES):
            await until(lambda: len(heard.state("inverter")) > 20 and len(heard.state("bms")) > 20, 60)
            await _home_assistant_sets(site, "inverter/output_source_priority", "USB")
            await until(lambda: devices.inverter.state["output_source_priority"] == "USB", 60)
            result = await set_once(site, None, "inverter", "output_source_priority", "SUB", expert=False)
            assert result["status"] == "confirmed", result
            await until(lambda: float(str(heard.state("contactor").get("lease_remaining", 0))) > 0, 60)
            await until(lambda: "gridward/home/recorder/site/stored" in heard.last, 60)
            await until(lambda: "gridward/home/recorder/audit/stored" in heard.last, 60)
            await until(lambda: "gridward/home/plan/slots" in heard.last, 60)
            told = [answer.line() for answer in await examine(site)]
            assert any("takes our credentials" in line for line in told), told
    text = log.read_text("utf-8", "replace")
    assert "Denied" not in text, [line for line in text.splitlines() if "Denied" in line][:5]
    may = access(site)
    asked = {(client, topic) for client, topic in _subscribed(text) if not client.endswith(OBSERVER)}
    assert {client.removeprefix("gridward-home-") for client, _ in asked} >= {
        "bus_one",
        "rules",
        "http",
        "cli",
    }
    for client, topic in sorted(asked):
        name = client.removeprefix("gridward-home-")
        assert any(matches(one, topic) for one in may[name].reads), f"{name} asks for {topic}"
