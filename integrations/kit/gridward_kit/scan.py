"""Finds out what answers on a port, by harmless reads only, the likeliest first."""

import glob
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from serial.tools import list_ports

from gridward_kit.clock import Clock
from gridward_kit.errors import DeviceError, NoAnswer
from gridward_kit.integration import Identity, Integration, integrations
from gridward_kit.kept import Json
from gridward_kit.port import Port
from gridward_kit.reader import Reader
from gridward_kit.transport import found as hid_devices

HID = "0665:5161"
PATIENCE = 0.6


@dataclass(frozen=True, slots=True)
class Finding:
    """A device that answered."""

    port: str
    integration: Integration
    identity: Identity

    def words(self) -> str:
        """What was found, for a person."""
        one = self.identity
        serial = f", serial {one.serial}" if one.serial else ", without a serial number"
        return f"{self.port}: {self.integration.name}: {one.model}, speaks {one.protocol}{serial}"

    def site_lines(self) -> str:
        """The bus and device for the site file."""
        domain = self.integration.domain
        return (
            f"  - id: {domain}_line\n    port: {self.port}\n    devices:\n"
            f"      - {{id: {domain}, integration: {domain}}}"
        )

    def to_json(self) -> dict[str, Json]:
        """The finding for a script."""
        one = self.identity
        return {
            "port": self.port,
            "integration": self.integration.domain,
            "model": one.model,
            "protocol": one.protocol,
            "serial": one.serial,
            "firmware": one.firmware,
        }


def found_ports() -> list[str]:
    """Serial ports by their path on the USB tree where they have one, and HID inverters."""
    named = {os.path.realpath(path): path for path in sorted(glob.glob("/dev/serial/by-path/*"))}
    ports = [named.get(item.device, item.device) for item in list_ports.comports()]
    return [*ports, *([f"hidraw://{HID}"] if hid_devices(HID) else [])]


async def scan_port(url: str, clock: Clock) -> AsyncIterator[str | Finding]:
    """Try every installed integration that has a line; yields what it does in words, and findings."""
    for integration in integrations().values():
        if integration.identify is None:
            continue
        yield f"{url}: asking as {integration.name} at {integration.line.baud} baud"
        line = replace(integration.line, first=min(integration.line.first, PATIENCE))
        port = Port(url, line, clock)
        try:
            identity = await Reader(integration, port, {}, clock).identify()
        except NoAnswer as error:
            if "cannot be opened" in str(error):
                yield str(error)
                return
            continue
        except DeviceError:
            continue
        else:
            yield Finding(url, integration, identity)
            return
        finally:
            port.close()
