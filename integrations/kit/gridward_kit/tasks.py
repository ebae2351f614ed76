"""Ends tasks for certain."""

import asyncio
from collections.abc import Iterable

AGAIN = 0.5


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
