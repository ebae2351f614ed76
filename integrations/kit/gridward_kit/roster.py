"""Who is on a bus, changed while it runs: devices join and leave without the others noticing."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from gridward_kit.bus import Bus
from gridward_kit.command import Command
from gridward_kit.entity import Entity
from gridward_kit.point import Value
from gridward_kit.wired import Wired

if TYPE_CHECKING:
    from gridward_kit.runner import Member


class Roster:
    """The members of one bus. What joins or leaves while it is not running is as the next start has it."""

    def __init__(self) -> None:
        self._bus: Bus | None = None
        self._make: Callable[[Member], Wired] | None = None

    def opened(self, bus: Bus, make: "Callable[[Member], Wired]") -> None:
        """This bus runs from now on; `make` wires a device to it."""
        self._bus, self._make = bus, make

    def closed(self) -> None:
        """It runs no more."""
        self._bus = self._make = None

    def join(self, member: "Member") -> None:
        """Give the running bus another device; the next free turn is its first."""
        bus = self._bus
        if bus is None or self._make is None:
            return
        wired = self._make(member)

        async def perform(row: Entity, command: Command) -> Value:
            return await bus.perform(wired, row, command)

        wired.device.perform = perform
        wired.lap = bus.devices[0].lap if bus.devices else wired.lap
        bus.devices = (*bus.devices, wired)

    def leave(self, identifier: str) -> None:
        """Take a device off the running bus: its state is empty and it is away from now on."""
        if self._bus is None:
            return
        gone = [wired for wired in self._bus.devices if wired.device.id == identifier]
        self._bus.devices = tuple(wired for wired in self._bus.devices if wired not in gone)
        for wired in gone:
            wired.device.lost("taken out of the site file", "left")
