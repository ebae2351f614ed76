"""A role that fails is started again; what is known is told in words, what is not with its traceback; and
what waits for the next start is told too."""

import asyncio
from pathlib import Path

import pytest
from gateway.brook_site import site

from gridward.run import House, supervise
from gridward_kit.clock import SystemClock
from gridward_kit.mqtt import Broker
from gridward_kit.tasks import end
from gridward_kit.testing import TurnedClock

ALONE = """\
version: 1
site: {id: home, name: Home, time_zone: UTC, fail_safe: grid_connected}
mqtt: {url: embedded}
devices:
  - {id: logger, integration: ping, host: 192.0.2.4}
"""


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


def test_a_device_without_a_bus_is_told_to_wait(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    house = House(site(tmp_path, ALONE), SystemClock(), Broker("mqtt://127.0.0.1"))
    house.reload(site(tmp_path, ALONE.replace("192.0.2.4", "192.0.2.5")))
    house.reload(house.site)
    assert [record.getMessage() for record in caplog.records if "logger" in record.getMessage()] == [
        "logger: has no bus, and is taken up at the next start"
    ]
