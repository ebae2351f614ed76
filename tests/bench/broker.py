"""Mosquitto, or the demo's broker, in a process of its own."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import HERE

from gridward.broker import free_port


@contextlib.contextmanager
def broker(folder: Path, name: str = "Mosquitto") -> Iterator[int]:
    """Its port, once it listens; raises RuntimeError when it does not within 20 s."""
    port = free_port()
    if name == "Mosquitto":
        config = folder / "mosquitto.conf"
        config.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nset_tcp_nodelay true\n"
        )
        command = ["/usr/sbin/mosquitto", "-c", str(config)]
    else:
        command = [sys.executable, str(HERE / "embedded.py"), str(port)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _until_it_listens(port)
        yield port
    finally:
        process.kill()
        process.wait()


def _until_it_listens(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise RuntimeError("the broker does not start")
