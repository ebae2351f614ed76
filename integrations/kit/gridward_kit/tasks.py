"""Ends tasks for certain, and what must be done at the end."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable

from gridward_kit.clock import Clock

AGAIN = 0.5
LAST = 10.0


async def end(tasks: Iterable[asyncio.Future[None]]) -> None:
    """Cancel tasks until each has ended, whatever of.

    Once is not enough: before Python 3.12 `asyncio.wait_for`, which aiomqtt waits with, loses a
    cancellation that comes at the moment when what it waits for is there.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        done, left = await asyncio.wait(left, timeout=AGAIN)
        await asyncio.gather(*done, return_exceptions=True)


async def at_last(act: Callable[[], Awaitable[None]], clock: Clock) -> None:
    """What a task does on its way out: cancelled meanwhile, as `end` does, it is begun anew, for 10 s."""
    until = clock.monotonic() + LAST
    while clock.monotonic() < until:
        with contextlib.suppress(asyncio.CancelledError):
            await act()
            return
