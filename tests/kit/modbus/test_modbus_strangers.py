"""Our reader on a stranger's server, and a stranger's reader on our simulated unit."""

import asyncio
import contextlib
import struct

import pytest
from brook import BROOK, PROFILE, ROWS, STATE
from pymodbus.framer import FramerType
from strangers import mbpoll, served

from gridward_kit.clock import SystemClock
from gridward_kit.errors import BadFrame, NoAnswer
from gridward_kit.faults import Faults
from gridward_kit.integration import Line
from gridward_kit.modbus import Unit
from gridward_kit.port import Port
from gridward_kit.reader import Reader
from gridward_kit.simulate import serve_pty
from gridward_kit.testing import TurnedClock

QUICK = Line(baud=115200, first=0.5, gap=0.05, modbus=True)


@pytest.mark.parametrize(
    ("scheme", "framer"),
    [("tcp", FramerType.SOCKET), ("socket", FramerType.RTU)],
    ids=["Modbus TCP", "RTU over TCP"],
)
async def test_our_reader_on_the_server_of_pymodbus(scheme: str, framer: FramerType) -> None:
    async with served(ROWS, PROFILE, STATE, 7, framer) as number:
        port = Port(f"{scheme}://127.0.0.1:{number}", QUICK, SystemClock())
        reader = Reader(BROOK, port, {"address": 7}, SystemClock())
        identity = await reader.identify()
        assert (identity.serial, identity.firmware) == ("4711", "1.07")
        async with contextlib.aclosing(reader.polls(identity)) as polls:
            async for poll in polls:
                assert poll.errors == []
                assert poll.values == pytest.approx(STATE)
                break
        port.close()


async def test_a_unit_that_is_not_behind_the_gateway() -> None:
    async with served(ROWS, PROFILE, STATE, 7) as number:
        port = Port(f"tcp://127.0.0.1:{number}", QUICK, SystemClock())
        with pytest.raises((NoAnswer, BadFrame)):
            await Reader(BROOK, port, {"address": 8}, SystemClock()).identify()
        port.close()


async def test_a_unit_that_stayed_silent_is_asked_nothing_while_its_answer_may_still_come() -> None:
    clock = TurnedClock()
    unit = Unit(ROWS, PROFILE, 7, STATE)
    faults = Faults(silence=True)
    line = serve_pty([unit], QUICK, faults=faults, turnaround=0.002, chunk=64)
    port = Port(line.url, QUICK, clock)
    asking = asyncio.create_task(Reader(BROOK, port, {"address": 7}, clock).identify())
    async with asyncio.timeout(10):
        while not port.errors:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    faults.silence = False
    await clock.turn(PROFILE.late - 0.01)
    assert port.exchanges == 1
    await clock.turn(0.02)
    assert (await asking).serial == "4711"
    port.close()
    line.unplug()


async def scripted(answers: list[bytes]) -> tuple[asyncio.Server, str]:
    """A Modbus TCP server that says these bytes, one after the other, and nothing else."""
    left = list(answers)

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(512) and left:
            said = left.pop(0)
            writer.write(said[:5])
            await writer.drain()
            await asyncio.sleep(0.02)
            writer.write(said[5:])
        writer.close()

    server = await asyncio.start_server(client, "127.0.0.1", 0)
    return server, f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def cut(buffer: bytes, _: bool) -> tuple[bytes, bytes] | None:
    """Whatever came."""
    return (buffer, b"") if buffer else None


async def test_an_answer_in_pieces_and_one_to_an_earlier_transaction() -> None:
    late = struct.pack(">HHH", 77, 0, 5) + bytes.fromhex("0103020001")
    right = struct.pack(">HHH", 1, 0, 5) + bytes.fromhex("0103020002")
    server, url = await scripted([late + right])
    port = Port(url, QUICK, SystemClock())
    answer = await port.exchange(bytes.fromhex("010300000001840A"), cut)
    assert answer[:5] == bytes.fromhex("0103020002")
    port.close()
    server.close()


async def test_what_is_no_modbus_tcp_is_said() -> None:
    server, url = await scripted([b"HTTP/1.1 400 Bad Request"])
    port = Port(url, QUICK, SystemClock())
    with pytest.raises(NoAnswer, match=r"not Modbus TCP.*RTU over TCP: socket://"):
        await port.exchange(bytes.fromhex("010300000001840A"), cut)
    server.close()


async def test_mbpoll_reads_our_simulated_unit() -> None:
    line = Line(baud=9600, modbus=True)
    wired = serve_pty([Unit(ROWS, PROFILE, 12, STATE)], line, strict=True)
    common = ("-a", "12", "-b", "9600", "-P", "none")
    floats = await mbpoll(wired.url, *common, "-t", "3:float", "-B", "-r", "0", "-c", "7")
    assert float(floats[0]) == pytest.approx(231.4)
    assert float(floats[12]) == pytest.approx(-417.5)
    words = await mbpoll(wired.url, *common, "-t", "4", "-r", "512", "-c", "2")
    assert [int(word) for word in words.values()] == [100, 0]
    wired.unplug()
