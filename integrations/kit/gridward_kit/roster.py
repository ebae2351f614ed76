"""The way to a running bus: devices join and leave it without the others noticing."""

from collections.abc import Callable
from dataclasses import dataclass

from gridward_kit.bus import Bus
from gridward_kit.info import Setup
from gridward_kit.integration import Options
from gridward_kit.wired import Wired


@dataclass(frozen=True, slots=True)
class Member:
    """A device to run: its setup, the site file's further keys, and its own poll interval if any."""

    setup: Setup
    options: Options
    poll: float | None = None


class Roster:
    """Holds one bus while it runs. What joins or leaves meanwhile or not is as the next start has it."""

    def __init__(self) -> None:
        self._bus: Bus | None = None
        self._make: Callable[[Member], Wired | None] | None = None

    def opened(self, bus: Bus, make: Callable[[Member], Wired | None]) -> None:
        """This bus runs from now on; `make` wires a device to it, or gives None for one that cannot run."""
        self._bus, self._make = bus, make

    def closed(self) -> None:
        """It runs no more."""
        self._bus = self._make = None

    def join(self, member: Member) -> None:
        """Give the running bus another device."""
        wired = None if self._make is None else self._make(member)
        if self._bus is not None and wired is not None:
            self._bus.join(wired)

    def leave(self, identifier: str, *, for_good: bool = False) -> None:
        """Take a device off the running bus; `for_good` clears it in Home Assistant, too."""
        if self._bus is not None:
            self._bus.leave(identifier, for_good=for_good)
