"""A role that fails is started again; what is known is told in words, what is not with its traceback."""

import asyncio

import pytest

from gridward.run import supervise
from gridward_kit.tasks import end
from gridward_kit.testing import TurnedClock


@pytest.mark.parametrize(
    ("error", "words", "traceback"),
    [
        (OSError("cannot listen on 127.0.0.1:8480: Address already in use"), "cannot listen", False),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero", True),
        (asyncio.CancelledError(), "a task of its own was cancelled", False),
    ],
)
async def test_a_failing_role_says_why_once_and_goes_on(
    caplog: pytest.LogCaptureFixture, error: BaseException, words: str, *, traceback: bool
) -> None:
    clock, tries = TurnedClock(), 0

    async def role() -> None:
        nonlocal tries
        tries += 1
        raise error

    task = asyncio.create_task(supervise("http", role, clock))
    await clock.turn(60)
    await end((task,))
    assert tries > 5
    told = [record for record in caplog.records if record.name == "gridward.run"]
    assert [record.exc_info is not None for record in told].count(True) == int(traceback)
    assert len([record for record in told if words in record.getMessage()]) == 1
