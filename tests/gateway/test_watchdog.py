"""systemd's watchdog is fed by the loop, and by nothing else."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from gridward import watchdog


async def test_ready_and_then_fed_at_half_the_interval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "20000")
        task = asyncio.create_task(watchdog.feed())
        loop = asyncio.get_running_loop()
        said = [await loop.sock_recv(systemd, 100) for _ in range(4)]
        task.cancel()
    assert said == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1", b"WATCHDOG=1"]


async def test_without_systemd_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    async with asyncio.timeout(5):
        await watchdog.feed()
    assert "NOTIFY_SOCKET" not in os.environ
