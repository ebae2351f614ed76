"""Serves simulated devices on a pseudo-terminal or over TCP, at the line's true speed, with faults."""

import asyncio
import contextlib
import os
import termios
import tty
from collections.abc import Callable, Sequence
from pathlib import Path

from gridward_kit.faults import Faults, on_one_line
from gridward_kit.integration import Line, Simulator

TURNAROUND = 0.02
BAUDS = {
    getattr(termios, name): int(name[1:]) for name in dir(termios) if name[0] == "B" and name[1:].isdigit()
}


class Wire:
    """One line with simulated devices on it: takes requests, answers byte by byte as the line would.

    `stamps` gets the loop's time of each request's last byte in and each answer's last byte out, with the
    bytes. `reader` tells the reader's line settings where they can be known: a device that has settings of
    its own hears only what is sent with these. `strict`: as on a Modbus line, a request that comes sooner
    than 3.5 characters after what was last on the line is nobody's, and counted in `hurried`. Where several
    answer at once their bytes fall on each other.
    """

    def __init__(
        self,
        simulators: Sequence[Simulator],
        line: Line,
        send: Callable[[bytes], None],
        faults: Faults,
        *,
        turnaround: float = TURNAROUND,
        chunk: int = 1,
        strict: bool = False,
    ) -> None:
        self.simulators = simulators
        self.stamps: list[tuple[str, float, bytes]] | None = None
        self.reader: Callable[[], Line] | None = None
        self._line = line
        self._send = send
        self._faults = faults
        self._turnaround = turnaround
        self._chunk = chunk
        self.hurried = 0
        self._strict = strict
        self._free_at = 0.0
        self._tasks: set[asyncio.Task[None]] = set()

    def received(self, data: bytes) -> None:
        """Bytes written by the reader; they take their time on the wire before the device has them."""
        loop = asyncio.get_running_loop()
        hearing = self._hearing()
        line = next((device.hears for device in hearing if device.hears is not None), self._line)
        start = max(loop.time(), self._free_at)
        if self._strict and loop.time() < self._free_at + 3.5 * line.character:
            self.hurried += 1
            self._free_at = start + len(data) * line.character
            return
        self._free_at = start + len(data) * line.character
        task = asyncio.create_task(self._take(data, self._free_at, hearing, line))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _hearing(self) -> list[Simulator]:
        """The devices whose line settings are the reader's; a pseudo-terminal does not keep the parity."""
        heard = self.reader() if self.reader is not None else None
        return [
            device
            for device in self.simulators
            if device.hears is None
            or heard is None
            or (device.hears.baud, device.hears.stop) == (heard.baud, heard.stop)
        ]

    async def _take(self, data: bytes, at: float, hearing: Sequence[Simulator], line: Line) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(at - loop.time())
        if self.stamps is not None:
            self.stamps.append(("request", loop.time(), data))
        answers = [b"".join(map(self._faults.spoil, device.receive(data, loop.time()))) for device in hearing]
        begin = at + self._turnaround + self._faults.slow
        answer = on_one_line([answer for answer in answers if answer])
        if not answer:
            return
        self._free_at = max(self._free_at, begin + len(answer) * line.character)
        for place in range(0, len(answer), self._chunk):
            part = answer[place : place + self._chunk]
            due = begin + (place + len(part)) * line.character
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            self._send(part)
        if self.stamps is not None:
            self.stamps.append(("answer", loop.time(), answer))

    def stop(self) -> None:
        """Break off whatever is being answered."""
        for task in self._tasks:
            task.cancel()


class Served:
    """A served simulator: `url` is what a reader opens. `unplug` and `plug` are the cable's."""

    def __init__(self, url: str, faults: Faults, link: Path | None, start: Callable[[], Wire]) -> None:
        self.url = url
        self.faults = faults
        self._link = link
        self._start = start
        self.wire: Wire | None = None
        self._master = -1
        self._slave = -1

    def plug(self) -> None:
        """Put the pseudo-terminal in place under its link."""
        self._master, self._slave = os.openpty()
        tty.setraw(self._master)
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        if self._link is not None:
            self._link.parent.mkdir(parents=True, exist_ok=True)
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(os.ttyname(self._slave))
        else:
            self.url = os.ttyname(self._slave)
        self.wire = self._start()
        self.wire.reader = self._reader
        asyncio.get_running_loop().add_reader(self._master, self._read)

    def unplug(self) -> None:
        """Take the pseudo-terminal away, as a USB adapter that is pulled out."""
        if self._master < 0:
            return
        asyncio.get_running_loop().remove_reader(self._master)
        if self.wire is not None:
            self.wire.stop()
        if self._link is not None:
            self._link.unlink(missing_ok=True)
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1

    def send(self, data: bytes) -> None:
        """Put bytes on the reader's side."""
        with contextlib.suppress(BlockingIOError):
            if self._master >= 0:
                os.write(self._master, data)

    def _reader(self) -> Line:
        """What the reader set the pseudo-terminal to."""
        flags = termios.tcgetattr(self._slave)
        return Line(BAUDS.get(flags[5], 0), stop=2 if flags[2] & termios.CSTOPB else 1)

    def _read(self) -> None:
        try:
            data = os.read(self._master, 4096)
        except (BlockingIOError, OSError):
            return
        if data and self.wire is not None:
            self.wire.received(data)


def serve_pty(
    simulators: Sequence[Simulator],
    line: Line,
    *,
    link: Path | None = None,
    faults: Faults | None = None,
    turnaround: float = TURNAROUND,
    chunk: int = 1,
    hid: bool = False,
    strict: bool = False,
) -> Served:
    """Serve devices on a pseudo-terminal (reached by `link` where given); `chunk` bytes go out at once.

    `hid` speaks in reports: 9 bytes in (report id 0 first), 8 bytes out, padded with NUL.
    """
    faults = faults or Faults()

    def start() -> Wire:
        wire = Wire(
            simulators, line, _reports(served.send) if hid else served.send, faults,
            turnaround=turnaround, chunk=8 if hid else chunk, strict=strict,
        )  # fmt: skip
        return _HidWire(wire) if hid else wire

    served = Served(str(link) if link else "", faults, link, start)
    served.plug()
    if hid:
        served.url = f"hidraw://{served.url}"
    return served


def _reports(send: Callable[[bytes], None]) -> Callable[[bytes], None]:
    return lambda data: send(data.ljust(8, b"\0"))


class _HidWire(Wire):
    """Takes the report id and the padding off what was written."""

    def __init__(self, wire: Wire) -> None:
        self.__dict__.update(wire.__dict__)
        self._reports = b""

    def received(self, data: bytes) -> None:
        self._reports += data
        taken = b""
        while len(self._reports) >= 9:
            taken += self._reports[1:9]
            self._reports = self._reports[9:]
        command, end, _ = taken.partition(b"\r")
        if taken:
            super().received(command + end)


async def serve_tcp(
    simulators: Sequence[Simulator],
    line: Line,
    port: int = 0,
    *,
    faults: Faults | None = None,
    turnaround: float = TURNAROUND,
    chunk: int = 1,
) -> asyncio.Server:
    """Serve devices on a loopback TCP port, as a serial-to-Ethernet adapter would."""
    spoiled = faults or Faults()

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(simulators, line, writer.write, spoiled, turnaround=turnaround, chunk=chunk)
        try:
            while data := await reader.read(4096):
                wire.received(data)
        finally:
            wire.stop()
            writer.close()

    return await asyncio.start_server(client, "127.0.0.1", port)
