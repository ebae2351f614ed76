"""The devices of a site file, simulated and served on the TCP ports that the file says they have."""

import asyncio
import contextlib
import os
import tempfile
import time
import tty
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from gridward.demo import yesterday
from gridward.demo.line import Lines
from gridward.plant import Plant
from gridward.recorder.store import Store
from gridward.site import Site
from gridward_kit.tasks import end


async def there(path: Path) -> None:
    """Wait for a site file that somebody is about to write."""
    while not await asyncio.to_thread(path.exists):  # noqa: ASYNC110 - a volume has no event
        await asyncio.sleep(1)


async def serve(site: Site, address: str) -> None:
    """Serve on this address until cancelled; whenever it starts, the sun stands as the site's time has it.

    Raises OSError, and ValueError for a site without such ports.
    """
    with tempfile.TemporaryDirectory(prefix="gridward-simulated-") as name:
        folder = Path(name)
        plant = Plant(yesterday.house(time.time(), site.time_zone))
        live_yesterday(plant, folder / "yesterday.db")
        lines = Lines(site, plant, folder)
        tasks = [asyncio.create_task(lines.run())]
        try:
            for port, path in _ports(site, lines.site):
                tasks.append(asyncio.create_task(_bridge(address, port, path)))
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await end(tasks)
            lines.stop()


def live_yesterday(plant: Plant, file: Path) -> None:
    """Have the plant live through its last day, recorded in a store at `file`."""
    store = Store(file)
    try:
        yesterday.live_through(plant, store, time.time())
    finally:
        store.close()


def _ports(site: Site, served: Site) -> Iterator[tuple[int, str]]:
    """The TCP port of each line, as the site file says it, and the pseudo-terminal behind it."""
    pairs = [(one.port, other.port) for one, other in zip(site.buses, served.buses, strict=True)]
    for device, other in zip(site.devices, served.devices, strict=True):
        if device != other:
            pairs.append((str(device.options.get("port", "")), str(other.options["port"])))
    for url, path in pairs:
        parts = urlsplit(url)
        if parts.scheme != "socket" or parts.port is None:
            raise ValueError(f"{url!r} is not socket://host:port")
        yield parts.port, path


async def _bridge(address: str, port: int, path: str) -> None:
    """Serve a pseudo-terminal on a TCP port, as a serial-to-Ethernet adapter would."""
    file = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    tty.setraw(file)
    writers: set[asyncio.StreamWriter] = set()

    def answered() -> None:
        with contextlib.suppress(BlockingIOError):
            data = os.read(file, 4096)
            for writer in writers:
                writer.write(data)

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        try:
            while data := await reader.read(4096):
                os.write(file, data)
        finally:
            writers.discard(writer)
            writer.close()

    asyncio.get_running_loop().add_reader(file, answered)
    try:
        server = await asyncio.start_server(client, address, port)
        async with server:
            await server.serve_forever()
    finally:
        asyncio.get_running_loop().remove_reader(file)
        os.close(file)
