"""Finds out what answers on a port, by harmless reads only, the likeliest first, and says so at once."""

import glob
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace

from serial.tools import list_ports

from gridward_kit.clock import Clock
from gridward_kit.errors import DeviceError, NoLine
from gridward_kit.integration import Identity, Integration, Line, Options, integrations
from gridward_kit.kept import Json
from gridward_kit.pace import Pace
from gridward_kit.port import NETWORK, Port
from gridward_kit.reader import Reader
from gridward_kit.sweep import ALL, LIKELY, Heard, sweep
from gridward_kit.transport import found as hid_devices

HID = "0665:5161"
PATIENCE = 0.6
LINES = tuple(
    Line(baud=baud, parity=parity, stop=stop, first=PATIENCE, gap=0.06, modbus=True)
    for baud, parity, stop in (
        (9600, "N", 2),
        (2400, "N", 1),
        (9600, "E", 1),
        (19200, "N", 1),
        (4800, "N", 1),
        (115200, "N", 1),
    )
)
"""Two stop bits are sent first: whoever expects one takes the second for a pause."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is being tried, and how much of it is done (0 to 1; None where that is not known)."""

    words: str
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A device that answered; `address` where it has one of its own on the line."""

    port: str
    integration: Integration
    identity: Identity
    line: Line
    address: int | None = None

    def words(self) -> str:
        """What was found, for a person."""
        one = self.identity
        serial = f", serial {one.serial}" if one.serial else ", without a serial number"
        where = f" at address {self.address}" if self.address is not None else ""
        return (
            f"{self.port}, {settings(self.line)}{where}: {self.integration.name}: {one.model}, "
            f"speaks {one.protocol}{serial}"
        )

    def to_json(self) -> dict[str, Json]:
        """The finding for a script."""
        one = self.identity
        return {
            "port": self.port,
            "baud": self.line.baud,
            "parity": self.line.parity,
            "stop": self.line.stop,
            "address": self.address,
            "integration": self.integration.domain,
            "model": one.model,
            "protocol": one.protocol,
            "serial": one.serial,
            "firmware": one.firmware,
        }


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that answers, but not as one device, or a port that does not open: told to the person."""

    words: str


def settings(line: Line) -> str:
    """A line's settings in the usual short form: `9600 8N1`."""
    return f"{line.baud} {line.bits}{line.parity}{line.stop:g}"


def site_lines(findings: Sequence[Finding]) -> str:
    """The buses and devices for the site file."""
    text = []
    for port in dict.fromkeys(finding.port for finding in findings):
        here = [finding for finding in findings if finding.port == port]
        first = here[0]
        text.append(f"  - id: {first.integration.domain}_line\n    port: {port}")
        usual, line = first.integration.line, first.line
        told = {key: getattr(line, key) for key in ("baud", "parity", "stop")}
        text += [f"    {key}: {item}" for key, item in told.items() if item != getattr(usual, key)]
        text.append("    devices:")
        text += [f"      - {{{_device(finding)}}}" for finding in here]
    return "\n".join(text)


def _device(finding: Finding) -> str:
    domain, unit = finding.integration.domain, finding.address
    if unit is None:
        return f"id: {domain}, integration: {domain}"
    model = f", model: {finding.identity.model}" if finding.line.modbus else ""
    return f"id: {domain}_{unit}, integration: {domain}{model}, address: {unit}"


def found_ports() -> list[str]:
    """Serial ports by their path on the USB tree where they have one, and HID inverters."""
    named = {os.path.realpath(path): path for path in sorted(glob.glob("/dev/serial/by-path/*"))}
    ports = [named.get(item.device, item.device) for item in list_ports.comports()]
    return [*ports, *([f"hidraw://{HID}"] if hid_devices(HID) else [])]


async def scan_port(url: str, clock: Clock) -> AsyncIterator[Step | Finding | Trouble]:
    """Look for Modbus devices at the likeliest addresses, then for every other installed integration that
    has a line, then for Modbus at every speed and address.

    A point-to-point device ends the search on its port; a Modbus line is searched to its last address.
    """
    try:
        async for step in _searched(url, clock):
            yield step
    except NoLine as error:
        yield Trouble(str(error))


async def _searched(url: str, clock: Clock) -> AsyncIterator[Step | Finding | Trouble]:
    """As `scan_port`; raises NoLine."""
    lines = () if url.startswith("hidraw://") else LINES[:1] if url.startswith(NETWORK) else LINES
    lively: list[Line] = []
    for line in lines[:1]:
        yield Step(f"{url}: Modbus, {settings(line)}, the likeliest addresses")
        lively += [line] if await _lively(url, line, clock) else []
    if not lively:
        async for step in _point_to_point(url, clock):
            yield step
            if not isinstance(step, Step):
                return
        for line in lines[1:]:
            yield Step(f"{url}: Modbus, {settings(line)}, the likeliest addresses")
            lively += [line] if await _lively(url, line, clock) else []
    for line in lively or lines:
        found = False
        async for step in _whole_line(url, line, clock):
            found = found or not isinstance(step, Step)
            yield step
        if found:
            return
    if lines:
        async for step in _first_addresses(url, clock):
            yield step


async def _point_to_point(url: str, clock: Clock) -> AsyncIterator[Step | Finding | Trouble]:
    """Ask as every integration that has a port of its own, or a line that is not Modbus."""
    for integration in integrations().values():
        if integration.identify is None or integration.line.modbus:
            continue
        yield Step(f"{url}: asking as {integration.name} at {integration.line.baud} baud")
        line = replace(integration.line, first=min(integration.line.first, PATIENCE))
        port = Port(url, line, clock)
        try:
            identity = await Reader(integration, port, {}, clock).identify()
        except NoLine:
            raise
        except DeviceError:
            continue
        else:
            yield Finding(url, integration, identity, integration.line)
            return
        finally:
            port.close()


async def _lively(url: str, line: Line, clock: Clock) -> bool:
    """Whether a whole frame comes from one of the likeliest addresses."""
    port = Port(url, line, clock)
    try:
        return any([isinstance(one, Heard) and one.answered async for one in sweep(port, LIKELY)])
    finally:
        port.close()


async def _whole_line(url: str, line: Line, clock: Clock) -> AsyncIterator[Step | Finding | Trouble]:
    """Ask every address, and who answers what it is."""
    port = Port(url, line, clock)
    try:
        async for one in sweep(port, ALL):
            if not isinstance(one, Heard):
                yield Step(f"{url}: Modbus, {settings(line)}, address {one}", one / len(ALL))
                continue
            async for finding in _who(port, one, clock):
                yield finding
    finally:
        port.close()


async def _who(port: Port, heard: Heard, clock: Clock) -> AsyncIterator[Finding | Trouble]:
    """Which integrations know the unit that was heard."""
    where = f"{port.url}, {settings(port.line)}, address {heard.unit}"
    if not heard.answered:
        yield Trouble(
            f"{where}: something answers, but never a whole frame: two devices with one address, another "
            "parity, or a bad line. Connect one after the other."
        )
        return
    known, pace = False, Pace()
    for integration in _on_modbus():
        identity = await _identified(integration, port, {"address": heard.unit}, clock, pace)
        if identity is not None:
            known = True
            yield Finding(port.url, integration, identity, port.line, heard.unit)
    if not known:
        yield Trouble(f"{where}: a Modbus device that no integration here knows")


async def _first_addresses(url: str, clock: Clock) -> AsyncIterator[Step | Finding | Trouble]:
    """Some devices say nothing at all to a question that is not theirs: ask the first as each asks."""
    pace = Pace()
    for integration in _on_modbus():
        port = Port(url, replace(integration.line, first=PATIENCE), clock)
        yield Step(f"{url}: asking as {integration.name}, address 1")
        try:
            identity = await _identified(integration, port, {"address": 1}, clock, pace)
        finally:
            port.close()
        if identity is not None:
            yield Finding(url, integration, identity, port.line, 1)
            return


def _on_modbus() -> Iterable[Integration]:
    return (one for one in integrations().values() if one.identify is not None and one.line.modbus)


async def _identified(
    integration: Integration, port: Port, options: Options, clock: Clock, pace: Pace
) -> Identity | None:
    try:
        return await Reader(integration, port, options, clock, pace).identify()
    except NoLine:
        raise
    except DeviceError:
        return None
