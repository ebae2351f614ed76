"""Each role's code blocks in turn: systemd's watchdog hears nothing from its process until it goes on."""

import asyncio
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from faults.site_house import site_file
from follower_bench import free_port

from gridward.config import load
from gridward.run import House, run
from gridward_kit.testing import FastClock

INTERVAL = 0.02  # s, of feeding
SILENCE = 15 * INTERVAL
PATIENCE = 20.0
MORE = "panel: {{led: 17, button: 27}}\nhttp: {{port: {port}}}\n"
ROLES = ("bus:one", "bus:two", "contactor", "rules", "plan", "recorder", "http", "notify", "panel")


class Clogged(FastClock):
    """A clock at which whoever asks it in the loop waits, loop and all, once it is clogged."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.get_ident()
        self.clog, self.stuck, self.free = threading.Event(), threading.Event(), threading.Event()

    def monotonic(self) -> float:
        if self.clog.is_set() and threading.get_ident() == self._thread:
            self.stuck.set()
            self.free.wait(PATIENCE)
        return super().monotonic()


@contextmanager
def running(path: Path, role: str) -> Iterator[Clogged]:
    """One role of a site in a thread with a loop of its own, without any broker."""
    begun: list[tuple[Clogged, asyncio.AbstractEventLoop, asyncio.Task[None]]] = []
    ready = threading.Event()
    site = load(path)

    async def live() -> None:
        clock = Clogged()
        task = asyncio.create_task(run(House(site, clock, site.broker), (role,)))
        begun.append((clock, asyncio.get_running_loop(), task))
        ready.set()
        await asyncio.wait((task,))

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    assert ready.wait(PATIENCE)
    clock, loop, task = begun[0]
    try:
        yield clock
    finally:
        clock.clog.clear()
        clock.free.set()
        loop.call_soon_threadsafe(task.cancel)
        thread.join(PATIENCE)


@pytest.mark.parametrize("role", ROLES)
def test_a_blocked_role_is_seen_by_the_watchdog(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    path = site_file(tmp_path, tmp_path / "ports", "mqtt://127.0.0.1:9")
    port = free_port()
    path.write_text(path.read_text() + MORE.format(port=port))
    page = SimpleNamespace(mount=lambda _: None)  # slow to load, and its loop is the role's
    monkeypatch.setitem(sys.modules, "gridward.page.mount", page)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", f"{2e6 * INTERVAL:.0f}")
        systemd.settimeout(PATIENCE)
        with running(path, role) as clock:
            assert [systemd.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
            clock.clog.set()
            if role == "http":
                threading.Thread(target=asked, args=(port, clock.stuck)).start()
            assert clock.stuck.wait(PATIENCE)
            heard_last(systemd)
            systemd.settimeout(PATIENCE)
            clock.clog.clear()
            clock.free.set()
            assert systemd.recv(100) == b"WATCHDOG=1", "it goes on"


def asked(port: int, stuck: threading.Event) -> None:
    """Ask the page's port until somebody takes the question."""
    while not stuck.is_set():
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), PATIENCE) as line:
            line.sendall(b"GET /api/v1/devices HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            stuck.wait(1.0)
        stuck.wait(0.05)


def heard_last(systemd: socket.socket) -> None:
    """Hear what was said until now; after that there is silence."""
    systemd.setblocking(False)
    try:
        while systemd.recv(100):
            pass
    except BlockingIOError:
        systemd.settimeout(SILENCE)
    with pytest.raises(TimeoutError):
        systemd.recv(100)
