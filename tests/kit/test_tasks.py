"""A task that misses a cancellation is ended all the same."""

import asyncio

from gridward_kit.tasks import LAST, at_last, end
from gridward_kit.testing import TurnedClock


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


async def test_what_is_done_at_last_is_begun_anew_but_not_for_ever() -> None:
    clock, begun = TurnedClock(), list[float]()

    async def never() -> None:
        begun.append(clock.monotonic())
        await clock.sleep(3 * LAST)

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await at_last(never, clock)

    task = asyncio.create_task(work())
    for _ in range(30):
        await clock.turn(LAST / 20)
        task.cancel()
    await clock.turn(0)
    assert task.cancelled()
    assert len(begun) == 20
