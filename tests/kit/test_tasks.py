"""A task that misses a cancellation is ended all the same."""

import asyncio

from gridward_kit.tasks import end


async def test_one_that_misses_a_cancellation_is_ended() -> None:
    begun = asyncio.Event()

    async def deaf() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()

    async def fails() -> None:
        raise OSError("gone")

    tasks = [asyncio.create_task(deaf()), asyncio.create_task(fails())]
    await begun.wait()
    async with asyncio.timeout(20):
        await end(tasks)
    assert [task.done() for task in tasks] == [True, True]
