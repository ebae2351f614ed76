"""Feeds systemd's watchdog from the loop that does the work: a loop that hangs is restarted."""

import asyncio
import contextlib
import os
import socket


def notify(message: str) -> None:
    """Say something to systemd (`READY=1`, `WATCHDOG=1`); nothing where nobody listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line, contextlib.suppress(OSError):
        line.connect("\0" + address[1:] if address.startswith("@") else address)
        line.send(message.encode())


async def feed() -> None:
    """Say that the loop is alive, at half of the interval that systemd asks for, until cancelled."""
    notify("READY=1")
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if not microseconds.isdecimal() or int(microseconds) == 0:
        return
    while True:
        notify("WATCHDOG=1")
        await asyncio.sleep(int(microseconds) / 2_000_000)
