"""A site of Brook meters in two places, and one meter to be added."""

from pathlib import Path

from gridward.config import load
from gridward.meters.sitefile import Addition
from gridward.site import Site
from gridward_kit.integration import Line

LINE = Line(baud=115200, first=0.12, gap=0.02, modbus=True)
ADDITION = Addition("meters", "flat_9", (("integration", "brook"), ("address", 9)))
SITE = """\
version: 1   # the first
site: {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}
mqtt: {url: embedded}

buses:
  # the cellar
  - id: meters
    port: /dev/ttyUSB0
    devices:   # by flat
      - {id: flat_1, integration: brook, address: 1}   # the first

      # behind the door
      - id: flat_2
        integration: brook
        address: 2   # moved

  - id: other
    port: /dev/ttyUSB1
    devices:
      - {id: lift, integration: brook, address: 3}
"""


def site(tmp_path: Path, text: str = SITE) -> Site:
    (tmp_path / "site.yaml").write_text(text)
    return load(tmp_path / "site.yaml")
