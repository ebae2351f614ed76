"""A bus of ours with several devices on one line, published to a broker in memory, until it is killed.

They are known from an earlier start, as in a house that runs.

Arguments: port, then `domain:model:address` of each device.
"""

import asyncio
import sys
import tempfile
from datetime import UTC
from pathlib import Path

from gridward_kit.bus import Bus
from gridward_kit.clock import SystemClock
from gridward_kit.device import Device
from gridward_kit.info import Setup
from gridward_kit.integration import Fact, integrations
from gridward_kit.port import Port
from gridward_kit.testing import MemoryBroker
from gridward_kit.wired import Wired, kept_form


async def main(url: str, tokens: list[str], folder: Path) -> None:
    """Poll as fast as the line gives."""
    clock = SystemClock()
    broker = MemoryBroker(clock)
    devices = []
    for token in tokens:
        domain, model, address = token.split(":")
        name = f"m{address}"
        integration = integrations()[domain]
        known = dict(integration.each()).get(f"{domain}-{model}", integration).example
        assert known
        setup = Setup(id=name, integration=integration, name=name, folder=folder)
        options: dict[str, Fact] = {"model": model, "address": int(address)}
        device = Device(setup, broker.link("bus:line"), clock)
        device.kept.save({"identity": kept_form(known)})
        devices.append(Wired(device, options, clock, 0.01, integration.line))
    line = integrations()[tokens[0].partition(":")[0]].line
    await Bus(Port(url, line, clock), devices, clock, UTC).run()


with tempfile.TemporaryDirectory() as name:
    asyncio.run(main(sys.argv[1], sys.argv[2:], Path(name)))
