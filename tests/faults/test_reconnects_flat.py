"""Lines and brokers that come and go: descriptors, tasks, threads and memory stay where they were."""

import asyncio
import gc
import json
import logging
import os
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.broker_house import Running, Stranger, on_broker
from faults.line_house import LineHouse, pack, until

from gridward_kit.device import Device

ROUNDS = 12
GROWTH = 400_000  # bytes: a hundred states more or fewer on their way


@pytest.fixture
def traced() -> Iterator[None]:
    """Memory is counted; log lines, which the test runner keeps, are not made."""
    logging.disable(logging.CRITICAL)
    tracemalloc.start()
    yield
    tracemalloc.stop()
    logging.disable(logging.NOTSET)


def held() -> tuple[int, int, int]:
    """Open descriptors, running tasks, threads."""
    return len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks()), threading.active_count()


def memory() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


@pytest.mark.usefixtures("traced")
async def test_nothing_grows_over_many_reconnects(mosquitto: Running, tmp_path: Path) -> None:
    async with on_broker(mosquitto, tmp_path, pack(1)) as (house, stranger):
        for _ in range(4):
            await _away_and_back(mosquitto, house, stranger)
        before, bytes_before = held(), memory()
        for _ in range(ROUNDS):
            await _away_and_back(mosquitto, house, stranger)
        grown = memory() - bytes_before
        await until(lambda: held() == before)
        assert grown < GROWTH


def _stored(stranger: Stranger, device: Device) -> None:
    """What a recorder would say: all telemetry so far is on disk."""
    told = json.dumps({"v": 1, "boot": device.spool.boot, "seq": device.spool.sequence})
    stranger.link.publish(f"{stranger.link.root}/recorder/{device.id}/stored", told)


async def _away_and_back(broker: Running, house: LineHouse, stranger: Stranger) -> None:
    """The cable is pulled and comes back, then the broker; what the stranger heard is thrown away."""
    device = house.wired["pack_1"].device
    _stored(stranger, device)
    house.served.unplug()
    await until(lambda: not device.available)
    house.served.plug()
    await until(lambda: device.available)
    broker.stop()
    await until(lambda: not device.link.connected and not stranger.link.connected)
    broker.start()
    await until(lambda: device.link.connected and stranger.link.connected)
    stranger.clear()
    house.tap.heard.clear()
    await until(lambda: len(stranger.states) > 2)
    stranger.clear()
