"""One port on real pseudo-terminals: exclusive, patient with slow lines, never fooled by old bytes."""

import asyncio
import os
import pty
import threading
import tty
from pathlib import Path

import pytest

from gridward_kit.capture import Capture, exchanges
from gridward_kit.clock import SystemClock
from gridward_kit.errors import BadFrame, NoAnswer, NoLine
from gridward_kit.faults import Faults
from gridward_kit.integration import Line, Simulator
from gridward_kit.port import Port
from gridward_kit.simulate import serve_pty, serve_tcp
from gridward_kit.testing import TurnedClock
from gridward_kit.transport import SerialLine

LINE = Line(baud=1_000_000, first=0.15, gap=0.03)


class Parrot(Simulator):
    """Answers `word` + CR with `(word` + CR."""

    def __init__(self) -> None:
        self.state = {}
        self.heard: list[bytes] = []
        self._buffer = b""

    def receive(self, data: bytes, now: float) -> list[bytes]:
        self._buffer += data
        answers = []
        while b"\r" in self._buffer:
            word, _, self._buffer = self._buffer.partition(b"\r")
            self.heard.append(word)
            answers.append(b"(" + word + b"\r")
        return answers


def cut(buffer: bytes, quiet: bool) -> tuple[bytes, bytes] | None:
    """Cut at the CR; NUL padding of HID reports and whatever is before the bracket is dropped."""
    start = buffer.find(b"(")
    end = buffer.find(b"\r", start)
    if start < 0 or end < 0:
        if quiet and buffer:
            raise BadFrame("broken off")
        return None
    return buffer[start : end + 1], buffer[end + 1 :]


async def test_a_port_belongs_to_one() -> None:
    served = serve_pty([Parrot()], LINE)
    one, other = Port(served.url, LINE, SystemClock()), Port(served.url, LINE, SystemClock())
    assert await one.exchange(b"QPI\r", cut) == b"(QPI\r"
    for _ in range(2):  # the second time it is not even tried
        with pytest.raises(NoLine, match="cannot be opened") as taken:
            await other.exchange(b"QPI\r", cut)
        assert taken.value.held
    one.close()
    served.unplug()


async def test_stale_bytes_are_dropped_before_a_request() -> None:
    served = serve_pty([Parrot()], LINE)
    port = Port(served.url, LINE, SystemClock())
    await port.exchange(b"QPI\r", cut)
    served.send(b"(OLD\r")
    await asyncio.sleep(0.05)
    assert await port.exchange(b"QID\r", cut) == b"(QID\r"
    port.close()
    served.unplug()


async def test_a_late_answer_is_never_the_next_ones() -> None:
    faults = Faults(slow=0.3)
    served = serve_pty([Parrot()], LINE, faults=faults)
    port = Port(served.url, LINE, SystemClock())
    with pytest.raises(NoAnswer):
        await port.exchange(b"QPI\r", cut)
    faults.slow = 0.0
    await asyncio.sleep(0.2)
    assert await port.exchange(b"QID\r", cut) == b"(QID\r"
    port.close()
    served.unplug()


async def test_a_line_that_babbles_for_ever_ends_in_an_error() -> None:
    faults = Faults()
    served = serve_pty([Parrot()], LINE, faults=faults)
    port = Port(served.url, LINE, SystemClock())
    await port.exchange(b"QPI\r", cut)

    async def babble() -> None:
        while True:
            served.send(b"\xff" * 20)
            await asyncio.sleep(0.005)

    faults.silence = True
    noise = asyncio.create_task(babble())
    with pytest.raises((BadFrame, NoAnswer)):
        await port.exchange(b"QID\r", cut)
    with pytest.raises((BadFrame, NoAnswer)):
        await port.exchange(b"QID\r", cut)
    noise.cancel()
    faults.silence = False
    await asyncio.sleep(0.05)
    assert await port.exchange(b"QID\r", cut) == b"(QID\r"
    port.close()
    served.unplug()


async def test_a_pulled_cable_and_its_return_with_back_off(tmp_path: Path) -> None:
    clock = TurnedClock()
    served = serve_pty([Parrot()], LINE, link=tmp_path / "port")
    port = Port(served.url, LINE, clock)
    await port.exchange(b"QPI\r", cut)
    served.unplug()
    for _ in range(3):
        with pytest.raises(NoAnswer):
            await port.exchange(b"QPI\r", cut)
        clock.pass_by(10)
    served.plug()
    assert await port.exchange(b"QPI\r", cut) == b"(QPI\r"
    port.close()
    served.unplug()


async def test_hid_reports_of_eight_bytes_carry_the_same_bytes() -> None:
    parrot = Parrot()
    served = serve_pty([parrot], LINE, hid=True)
    port = Port(served.url, LINE, SystemClock())
    for word in (b"QPI", b"QPIGS2X", b"PBFT54.0 and some more"):
        assert await port.exchange(word + b"\r", cut) == b"(" + word + b"\r"
    assert parrot.heard == [b"QPI", b"QPIGS2X", b"PBFT54.0 and some more"]
    port.close()
    served.unplug()


def test_what_a_line_takes_in_pieces_goes_out_whole() -> None:
    far, near = pty.openpty()
    tty.setraw(near)
    line = SerialLine(os.ttyname(near), LINE)
    wanted, heard = os.urandom(60_000), bytearray()

    def listen() -> None:
        while len(heard) < len(wanted):
            heard.extend(os.read(far, 4096))

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    line.write(wanted)
    listener.join(10.0)
    assert bytes(heard) == wanted
    line.close()
    for descriptor in (far, near):
        os.close(descriptor)


async def test_over_tcp() -> None:
    server = await serve_tcp([Parrot()], LINE)
    host, number = server.sockets[0].getsockname()[:2]
    port = Port(f"socket://{host}:{number}", LINE, SystemClock())
    assert await port.exchange(b"QPI\r", cut) == b"(QPI\r"
    port.close()
    server.close()


async def test_the_capture_holds_what_went_over_the_line(tmp_path: Path) -> None:
    served = serve_pty([Parrot()], LINE)
    capture = Capture(tmp_path / "line.txt", SystemClock(), cap=2000)
    port = Port(served.url, LINE, SystemClock(), capture)
    for number in range(40):
        await port.exchange(f"Q{number:03}\r".encode(), cut)
    pairs = [(request, answer) for _, request, answer in exchanges(tmp_path / "line.txt")]
    assert pairs[-1] == (b"Q039\r", b"(Q039\r")
    assert (tmp_path / "line.txt").stat().st_size < 1200
    port.close()
    served.unplug()


def test_a_broken_capture_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("2026-11-21T06:00:00.000Z > 51\nnonsense here now\n")
    with pytest.raises(ValueError, match=r"x\.txt:2"):
        list(exchanges(tmp_path / "x.txt"))


async def test_a_port_that_is_not_there_says_so(tmp_path: Path) -> None:
    port = Port(str(tmp_path / "nothing"), LINE, SystemClock())
    with pytest.raises(NoLine, match="cannot be opened") as missing:
        await port.exchange(b"QPI\r", cut)
    assert not missing.value.held


async def test_a_url_that_is_none_is_refused() -> None:
    port = Port("ftp://x", LINE, SystemClock())
    with pytest.raises(ValueError, match="none of"):
        await port.exchange(b"QPI\r", cut)


async def test_descriptors_do_not_grow_over_many_losses(tmp_path: Path) -> None:
    clock = TurnedClock()
    served = serve_pty([Parrot()], LINE, link=tmp_path / "port")
    port = Port(served.url, LINE, clock)
    await port.exchange(b"QPI\r", cut)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        served.unplug()
        with pytest.raises(NoAnswer):
            await port.exchange(b"QPI\r", cut)
        served.plug()
        clock.pass_by(20)
        await port.exchange(b"QPI\r", cut)
    assert len(os.listdir("/proc/self/fd")) == before
    port.close()
    served.unplug()
