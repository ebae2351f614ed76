"""A line on the network cannot be held for oneself: doctor asks on it only where no gateway does."""

from pathlib import Path

import aiomqtt
from faults.broker_house import Running

from gridward import doctor
from gridward.broker import free_port
from gridward.config import load

SITE = """\
version: 1
site: {{id: home, name: Home, time_zone: UTC, fail_safe: grid_connected}}
mqtt: {{url: "{broker}"}}
buses:
  - {{id: line, port: "socket://127.0.0.1:{port}", devices: [{{id: bms, integration: daly}}]}}
"""


async def _told(mosquitto: Running, path: Path, role: str, device: str) -> tuple[bool, str]:
    """What doctor says of the device when the broker says this of the two."""
    async with aiomqtt.Client("127.0.0.1", int(mosquitto.url.rpartition(":")[2])) as client:
        await client.publish("gridward/home/bus_line/availability", role, retain=True)
        await client.publish("gridward/home/bms/availability", device, retain=True)
    site = load(path)
    assert not any("plugged in" in answer.what for answer in doctor._ports(site))
    (found,) = [answer async for answer in doctor._bus(site, site.buses[0])]
    return found.good, found.what


async def test_a_line_that_a_gateway_asks_on_is_left_alone(mosquitto: Running, tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(SITE.format(broker=mosquitto.url, port=free_port()))
    good, words = await _told(mosquitto, path, "online", "online")
    assert good
    assert "answers a running gateway" in words
    for role, device in (("offline", "online"), ("online", "offline")):
        good, words = await _told(mosquitto, path, role, device)
        assert not good
        assert "running gateway" not in words
