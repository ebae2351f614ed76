"""Devices asked over the network, without a line of their own: their options, and asking for ever."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import voluptuous as vol

from gridward_kit.device import Device
from gridward_kit.duration import written_seconds
from gridward_kit.errors import DeviceError
from gridward_kit.integration import Fact


async def asked(device: Device, every: float, ask: Callable[[], Awaitable[None]]) -> None:
    """Ask for ever, so many seconds after each answer; the device is lost, in words, on a DeviceError."""
    while True:
        try:
            await ask()
        except DeviceError as error:
            device.lost(str(error))
        await device.clock.sleep(every)


def host(value: Fact) -> Fact:
    """A host's name or address."""
    if isinstance(value, str) and value and value.isprintable() and not set(value) & set(" /@"):
        with suppress(UnicodeError):  # an empty part between dots, or one too long
            value.encode("idna")
            return value
    raise vol.Invalid("a host's name or address, such as 192.0.2.4")


def tcp_port(value: Fact) -> Fact:
    """A TCP port's number."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65535:
        raise vol.Invalid("a port from 1 to 65535")
    return value


def interval(most: float, usual: float) -> Callable[[Fact], Fact]:
    """A duration such as `5s`, or a number of seconds, from 1 s to `most`; `usual` is the example."""

    def seconds(value: Fact) -> Fact:
        try:
            number = written_seconds(value)
        except ValueError:
            number = -1.0
        if not 1 <= number <= most:
            raise vol.Invalid(f"a time from 1s to {most:g}s, such as {usual:g}s")
        return number

    return seconds
