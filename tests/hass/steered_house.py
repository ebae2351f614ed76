"""The demo's house at noon, on a broker; with a rule that proposes; steered by lines on its input.

`pull LINE` takes an adapter out, `leave DEVICE` takes a device out of the site file.
"""

import asyncio
import contextlib
import importlib.resources
import sys
import threading
from dataclasses import replace
from pathlib import Path

from gridward.config import load
from gridward.demo.line import Lines
from gridward.plant import Plant, scene
from gridward.run import House, run
from gridward_kit.clock import SystemClock
from gridward_kit.mqtt import Broker

PROPOSING = """\
version: 1
policy: proposing
says: The grid's charging current is lowered when a person agrees.
purpose: price
settle: 10s
rules:
  - id: less_from_the_grid
    says: The sun shines, so the grid need not charge so fast.
    when: [{site.pv_power: {above: 0}}]
    for: 10s
    then: {inverter.max_utility_charging_current: 20}
    criticality: optimisation
    level: 3
    goal: self-consumption above 90 %
    min_confidence: 0.1
    escalate: the owner
"""


async def main(url: str, folder: Path) -> None:
    """Run until killed."""
    file = folder / "site.yaml"
    text = (importlib.resources.files("gridward.demo") / "site.yaml").read_text("utf-8")
    file.write_text(text.replace("  mode: observe\n", "  mode: observe\n  policy: proposing.yaml\n"))
    (folder / "proposing.yaml").write_text(PROPOSING)
    lines = Lines(load(file), Plant(scene("sunny_noon")), folder / "ports")
    house = House(lines.site, SystemClock(), Broker(url))
    loop = asyncio.get_running_loop()
    threading.Thread(target=_listen, args=(loop, lines, house), daemon=True).start()
    roles = tuple(role for role in house.site.role_names() if role != "http")
    await asyncio.gather(lines.run(), run(house, roles))


def _listen(loop: asyncio.AbstractEventLoop, lines: Lines, house: House) -> None:
    for line in sys.stdin:
        word, _, name = line.strip().partition(" ")
        loop.call_soon_threadsafe(_pull if word == "pull" else _leave, lines, house, name)


def _pull(lines: Lines, house: House, name: str) -> None:
    bus = next(bus for bus in house.site.buses if bus.id == name)
    lines.devices[bus.devices[0].id].served.unplug()


def _leave(_: Lines, house: House, name: str) -> None:
    buses = [
        replace(bus, devices=tuple(device for device in bus.devices if device.id != name))
        for bus in house.site.buses
    ]
    house.reload(replace(house.site, buses=tuple(buses)))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
