"""A site of an inverter and a battery: its file as far as its rules, and a rule file read for it."""

from pathlib import Path

from gridward.document import Fault
from gridward.policies.rulefile import read_policy
from gridward.policies.siterules import catalogue_of
from gridward.rules.policy import Policy
from gridward.site import DeviceSpec
from gridward_kit.integration import integrations

SITE = """\
version: 1
site: {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}
mqtt: {url: embedded}
buses:
  - id: a
    port: /dev/ttyUSB0
    devices: [{id: inverter, integration: axpert, writable: true}]
  - id: b
    port: /dev/ttyUSB1
    devices: [{id: bms, integration: daly}]
roles: {battery: bms, load: inverter, pv: inverter}
rules:
  grid_switch: {}
"""
DEVICES = [DeviceSpec("inverter", "axpert", "Inverter", writable=True), DeviceSpec("bms", "daly", "Battery")]
CATALOGUE = catalogue_of(DEVICES, {"battery": "bms", "pv": "inverter", "load": "inverter"}, integrations())


def read(text: str, folder: Path) -> tuple[Policy, list[Fault]]:
    """A rule file of this text."""
    file = folder / "own.yaml"
    file.write_text(text)
    faults: list[Fault] = []
    return read_policy(file, CATALOGUE, faults), faults
