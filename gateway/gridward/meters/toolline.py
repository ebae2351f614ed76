"""The tool's port: opened with the settings that each request needs, refused where somebody else holds it."""

import os
from dataclasses import dataclass
from pathlib import Path

from gridward.meters.journal import Journal
from gridward.site import Site
from gridward_kit.clock import Clock
from gridward_kit.commission import Cut
from gridward_kit.errors import NoAnswer, NoLine
from gridward_kit.integration import Line
from gridward_kit.port import BUSY, Port
from gridward_kit.transport import open_transport


class PortTrouble(Exception):
    """The port cannot be used: not there, held by another program, or pulled out; says the way out."""


class ToolLine:
    """One adapter. Raises PortTrouble where the port itself is at fault, DeviceError for what is on it."""

    def __init__(
        self, url: str, clock: Clock, journal: Journal | None = None, home: Site | None = None
    ) -> None:
        self.url = url
        self._clock, self._journal, self._home = clock, journal, home
        self._port: Port | None = None

    async def __call__(self, line: Line, request: bytes, cut: Cut, /) -> bytes:
        port = self._set(line)
        losses = port.losses
        try:
            return await port.exchange(request, cut)
        except NoLine as error:
            self.close()
            raise PortTrouble(self._words(error)) from error
        except NoAnswer as error:
            if port.losses != losses:
                self.close()
                raise PortTrouble(f"{error}; then begin again: what was done is kept") from error
            raise

    def close(self) -> None:
        """Let the port go."""
        if self._port is not None:
            self._port.close()
            self._port = None

    def _set(self, line: Line) -> Port:
        if self._port is None or self._port.line != line:
            self.close()
            self._port = Port(self.url, line, self._clock, self._journal)
        return self._port

    def _words(self, trouble: NoLine) -> str:
        if not trouble.held:
            return str(trouble)
        bus = bus_of(self._home, self.url)
        held = next(iter(holders(self.url)), None)
        if held is not None:
            who = f"`{held.command[:80]}` (process {held.process})"
        else:
            who = "another program" if bus is None else "this gateway"
        if bus is None:
            way = "end it, or use another adapter"
        else:
            way = (
                f"it is the port of bus:{bus} in the site file: stop the gateway "
                "(`systemctl stop gridward`), or better use an adapter of its own for fresh meters"
            )
        return f"{self.url} is held by {who}; {way}"


def bus_of(home: Site | None, url: str) -> str | None:
    """Which bus of a site has this port."""
    wanted = os.path.realpath(url)
    buses = home.buses if home is not None else ()
    return next((bus.id for bus in buses if os.path.realpath(bus.port) == wanted), None)


@dataclass(frozen=True, slots=True)
class Held:
    """A process that has a port open, and its command line."""

    process: int
    command: str


def is_free(url: str, line: Line) -> bool:
    """Whether nobody holds a port; one that cannot be opened for another reason is held by nobody."""
    try:
        open_transport(url, line).close()
    except OSError as error:
        return error.errno not in BUSY
    return True


def holders(url: str) -> list[Held]:
    """Which other processes have a device open, as far as this user may see it."""
    found: list[Held] = []
    wanted = os.path.realpath(url)
    own = str(os.getpid())
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.name == own or not any(
                os.path.realpath(descriptor) == wanted for descriptor in (process / "fd").iterdir()
            ):
                continue
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            found.append(Held(int(process.name), command.strip()))
        except OSError:
            continue
    return found
