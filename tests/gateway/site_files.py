"""A site file in which all is right, with rules and secrets beside it, and devices that it may name."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import voluptuous as vol

from gridward import config
from gridward.config import Fault, SiteFault
from gridward.site import Site
from gridward_kit.device import Device
from gridward_kit.entity import Entity
from gridward_kit.integration import Fact, Integration, Line, Options


def no_rows(_: Options) -> tuple[Entity, ...]:
    return ()


async def serve(device: Device, options: Options) -> None:
    raise NotImplementedError


def address(value: Fact) -> Fact:
    if not isinstance(value, int) or not 1 <= value <= 247:
        raise ValueError("a Modbus address from 1 to 247")
    return value


def unguarded(value: Fact) -> Fact:
    return value.strip()  # type: ignore[union-attr]  # an integration that forgot that a number may come


MODBUS: Mapping[vol.Marker, Callable[[Fact], Fact]] = {vol.Required("address"): address}
KNOWN = {
    item.domain: item
    for item in (
        Integration(domain="axpert", name="Axpert", kind="inverter", entities=no_rows, line=Line(baud=2400)),
        Integration(
            domain="daly",
            name="Daly",
            kind="battery",
            entities=no_rows,
            options={vol.Optional("address", default=1): vol.All(int, vol.Range(min=1, max=15))},
        ),
        Integration(
            domain="eastron",
            name="Eastron",
            kind="meter",
            entities=no_rows,
            models=("sdm120", "sdm230"),
            options=MODBUS,
        ),
        Integration(
            domain="chint", name="Chint", kind="meter", entities=no_rows, models=("ddsu666",), options=MODBUS
        ),
        Integration(
            domain="relay",
            name="Relay",
            kind="relay",
            entities=no_rows,
            serve=serve,
            options={
                vol.Required("driver"): vol.In(["gpio", "modbus"]),
                vol.Optional("pin"): vol.All(int),
                vol.Optional("closed_when"): vol.In(["low", "high"]),
                vol.Optional("feedback_pin"): vol.All(int),
                vol.Optional("lease", default="30s"): str,
                vol.Optional("port"): str,
                vol.Optional("inputs"): vol.Schema([{vol.Required("key"): str, vol.Required("pin"): int}]),
            },
        ),
        Integration(
            domain="ping",
            name="Ping",
            kind="host",
            entities=no_rows,
            serve=serve,
            options={vol.Required("host"): unguarded},
        ),
    )
}
GOOD = """\
version: 1
site:
  id: home                      # topic level: a-z 0-9 _
  name: Home
  time_zone: Europe/Bratislava
  fail_safe: grid_connected     # must be said
hosts:
  pi_a: [bus:inverter_line, bus:bms_line, rules, recorder, http]
  pi_b: [bus:meters, contactor]
mqtt: {url: mqtt://pi_a.local:1883, password: !secret mqtt_password}
buses:
  - id: inverter_line
    port: hidraw://0665:5161
    devices:
      - {id: inverter, integration: axpert, writable: true}
  - id: bms_line
    port: /dev/serial/by-path/platform-usb-0:1.3:1.0-port0
    devices:
      - {id: bms, integration: daly, writable: true}
  - id: meters
    port: socket://192.0.2.10:8899
    devices:
      - {id: grid_meter, integration: eastron, model: sdm230, address: 1, side: grid}
      - {id: flat_2, integration: chint, model: ddsu666, address: 12, poll: 10s}
devices:
  - {id: contactor, integration: relay, driver: gpio, pin: 26, closed_when: low, feedback_pin: 16, lease: 30s}
  - {id: logger, integration: ping, host: 192.0.2.4}
roles: {pv: inverter, load: inverter, battery: bms, grid: grid_meter, grid_switch: contactor}
record:
  store: gridward.db
  keep: {raw: 30d, minutes: 2y, hours: forever}
  influxdb: {url: http://localhost:8086, version: 2, org: home, bucket: solar, token: !secret influxdb_token}
rules: !include rules/axpert-lifepo4-16s.yaml
http: {listen: loopback}
"""
RULES = """\
mode: observe
grid_switch:
  connect_below: 51.2
  for: 4min
  island_above: 51.8
  cell_min: 2.8
  logger: logger
"""
SECRETS = "mqtt_password: 0123\ninfluxdb_token: 'swordfish'\n"


def write(folder: Path, text: str, rules: str = RULES, secrets: str = SECRETS, mode: int = 0o600) -> Path:
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "axpert-lifepo4-16s.yaml").write_text(rules)
    (folder / "secrets.yaml").write_text(secrets)
    (folder / "secrets.yaml").chmod(mode)
    path = folder / "site.yaml"
    path.write_text(text)
    return path


def faults(path: Path) -> tuple[Fault, ...]:
    with pytest.raises(SiteFault) as told:
        config.load(path, KNOWN)
    return told.value.faults


def load(folder: Path, text: str = GOOD, rules: str = RULES) -> Site:
    return config.load(write(folder, text, rules), KNOWN)


def drop(*lines: str) -> str:
    """The good file without the lines that begin so."""
    return "".join(line for line in GOOD.splitlines(keepends=True) if not line.strip().startswith(lines))


def swap(old: str, new: str) -> str:
    """The good file with one text in place of another."""
    assert GOOD.count(old) >= 1, old
    return GOOD.replace(old, new, 1)
