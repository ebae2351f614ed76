"""The Modbus driver against the simulated board, over a real pseudo-terminal and TCP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward_kit.clock import SystemClock
from gridward_kit.device import Device
from gridward_kit.errors import DeviceError, NoAnswer, Refused
from gridward_kit.faults import Faults
from gridward_kit.info import Setup
from gridward_kit.integration import Options
from gridward_kit.mqtt import Message
from gridward_kit.simulate import serve_pty, serve_tcp
from gridward_kit.testing import FastClock, MemoryBroker
from gridward_relay import INTEGRATION, rtu, safe, serve
from gridward_relay.contactor import Contactor, Position
from gridward_relay.drivers import Report
from gridward_relay.drivers.load import Coil
from gridward_relay.drivers.modbus import Modbus
from gridward_relay.options import settings
from gridward_relay.simulator import WATCHDOG, Board

CONNECTED, ISLANDED = Position.CONNECTED, Position.ISLANDED
BASE: Options = {"driver": "modbus", "contact": "normally_closed", "feedback_input": 0}
CLOCK = SystemClock()


def driver(url: str, **more: int) -> Modbus:
    return Modbus(settings({**BASE, "port": url, **more}), CLOCK)


@asynccontextmanager
async def on_tcp(board: Board, line: Faults | None = None, **more: int) -> AsyncIterator[Modbus]:
    server = await serve_tcp([board], rtu.LINE, faults=line, turnaround=0.002, chunk=64)
    host, port = server.sockets[0].getsockname()[:2]
    modbus = driver(f"socket://{host}:{port}", **more)
    try:
        yield modbus
    finally:
        await modbus.close()
        server.close()


def now() -> float:
    return asyncio.get_running_loop().time()


def both(position: Position) -> Report:
    return Report(position, position, {})


async def test_the_board_itself_ends_what_is_not_refreshed() -> None:
    board = Board()
    async with on_tcp(board) as modbus:
        await modbus.start()
        assert await modbus.read() == both(CONNECTED)
        await modbus.island(CLOCK.monotonic() + 20)
        await asyncio.sleep(0.1)
        assert await modbus.read() == both(ISLANDED)
        await modbus.island(CLOCK.monotonic() + 40)
        assert not board.closed(now() + 25)
        assert board.closed(now() + 40)


class Counting(Board):
    """Counts what it is asked."""

    asked = 0

    def receive(self, data: bytes, now: float) -> list[bytes]:
        self.asked += 1
        return super().receive(data, now)


@pytest.mark.parametrize("duty", ["generator", "load"])
async def test_what_is_asked_at_once_goes_over_the_line_one_after_the_other(
    tmp_path: Path, duty: str
) -> None:
    """A command comes while the loop reads: no answer is taken for another's, none is asked for twice."""
    board = Counting()
    served = serve_pty([board], rtu.LINE, link=tmp_path / "board", turnaround=0.002, chunk=64)
    chosen = settings({"driver": "modbus", "contact": "normally_open", "duty": duty, "port": served.url})
    one = Coil(chosen, CLOCK) if duty == "load" else Modbus(chosen, CLOCK)
    try:
        for _ in range(3):
            put = one.put(on=True) if isinstance(one, Coil) else one.island(CLOCK.monotonic() + 20)
            await asyncio.gather(one.read(), put, one.read())
        assert board.asked == 9
    finally:
        await one.close()
        served.unplug()


async def test_over_a_pseudo_terminal(tmp_path: Path) -> None:
    board = Board(address=17)
    served = serve_pty([board], rtu.LINE, link=tmp_path / "board")
    modbus = driver(served.url, address=17)
    try:
        await modbus.start()
        await modbus.island(CLOCK.monotonic() + 20)
        await asyncio.sleep(0.1)
        assert not board.closed(now())
        await modbus.connect()
        assert (await modbus.read()).output is CONNECTED
    finally:
        await modbus.close()
        served.unplug()


async def test_a_lease_that_has_ended_is_not_sent() -> None:
    async with on_tcp(Board()) as modbus:
        await modbus.start()
        with pytest.raises(DeviceError, match="lease ended"):
            await modbus.island(CLOCK.monotonic() + 0.4)
        assert (await modbus.read()).output is CONNECTED


async def test_start_refuses_old_firmware_and_boards_that_say_nothing() -> None:
    board = Board()
    board.state["version"] = 199
    async with on_tcp(board) as modbus:
        with pytest.raises(ValueError, match=r"1\.99 has no flash"):
            await modbus.start()


async def test_a_spare_coil_proves_the_flash_command() -> None:
    board = Board()
    async with on_tcp(board, spare_coil=7) as modbus:
        await modbus.start()
        assert board.closed(now())
    board.state["version"] = 100
    async with on_tcp(board, spare_coil=7) as modbus:
        with pytest.raises(ValueError, match="no flash command"):
            await modbus.start()


async def test_a_flash_that_does_nothing_is_found_out_on_the_spare_coil() -> None:
    board = Board()
    board.obeys = "ignores"
    async with on_tcp(board, spare_coil=7) as modbus:
        with pytest.raises(ValueError, match="did not switch on"):
            await modbus.start()


@pytest.mark.parametrize("tenths", [0, 9, 601])
async def test_a_watchdog_that_is_off_or_unfit_is_refused(tenths: int) -> None:
    board = Board()
    board.state["watchdog"] = tenths
    async with on_tcp(board, watchdog_register=WATCHDOG) as modbus:
        with pytest.raises(ValueError, match="not 1 to 60 s"):
            await modbus.start()


async def test_the_watchdog_connects_when_nobody_asks_any_more() -> None:
    board = Board()
    board.state["watchdog"] = 600
    async with on_tcp(board, watchdog_register=WATCHDOG) as modbus:
        await modbus.start()
        assert modbus.ends_lease.endswith("after 60 s")
        await modbus.island(CLOCK.monotonic() + 30)
        assert not board.closed(now() + 50)
        board.receive(rtu.request(1, rtu.READ_COILS, 0, 1), now() + 50)
        assert not board.closed(now() + 100)
        assert board.closed(now() + 111)


async def test_noise_is_met_by_asking_again() -> None:
    async with on_tcp(Board(), Faults(wrong_checksum=0.1)) as modbus:
        await modbus.start()
        answers = [await modbus.read() for _ in range(30)]
    assert answers == [both(CONNECTED)] * 30


async def test_silence_is_no_answer_and_the_line_comes_back() -> None:
    line = Faults()
    async with on_tcp(Board(), line) as modbus:
        await modbus.start()
        line.silence = True
        with pytest.raises(NoAnswer):
            await modbus.read()
        line.silence = False
        assert (await modbus.read()).output is CONNECTED


async def test_what_the_board_refuses_is_not_asked_again() -> None:
    board = Board()
    async with on_tcp(board) as modbus:
        await modbus.start()
        board.obeys = "refuses"
        with pytest.raises(Refused, match="device failure"):
            await modbus.island(CLOCK.monotonic() + 20)


async def test_inputs_and_feedback_are_read_in_one_block() -> None:
    board = Board()
    board.state["input_5"] = True
    options: Options = {**BASE, "inputs": ["supply:5:Supply", "door:2:Door"]}
    server = await serve_tcp([board], rtu.LINE, turnaround=0.002, chunk=64)
    host, port = server.sockets[0].getsockname()[:2]
    modbus = Modbus(settings({**options, "port": f"socket://{host}:{port}"}), CLOCK)
    await modbus.start()
    report = await modbus.read()
    assert report.inputs == {"supply": True, "door": False}
    assert report.feedback is CONNECTED
    await modbus.close()
    server.close()


async def test_safe_connects_without_a_broker() -> None:
    board = Board()
    server = await serve_tcp([board], rtu.LINE, turnaround=0.002, chunk=64)
    host, port = server.sockets[0].getsockname()[:2]
    board.receive(rtu.request(1, rtu.WRITE_COIL, 0, rtu.ON), now())
    await asyncio.sleep(0.1)
    assert not board.closed(now())
    said = await asyncio.to_thread(safe, {**BASE, "port": f"socket://{host}:{port}"})
    assert said == "Modbus relay board, unit 1, coil 0: connected to the grid"
    await asyncio.sleep(0.1)
    assert board.closed(now())
    server.close()


async def test_served_over_tcp_from_lease_to_contactor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole relay on a real line; the clock runs four times as fast as the board's, the dwell is off."""
    monkeypatch.setattr(Contactor, "DWELL", 0.0)
    clock, board = FastClock(4), Board()
    broker = MemoryBroker(clock)
    server = await serve_tcp([board], rtu.LINE, turnaround=0.002, chunk=64)
    host, port = server.sockets[0].getsockname()[:2]
    device = Device(Setup("contactor", INTEGRATION, "Contactor", tmp_path), broker.link("contactor"), clock)
    moved = asyncio.Event()
    good = True

    def renew(message: Message) -> None:
        if good:
            broker.publish("gridward/home/contactor/lease/renew", message.payload.decode())

    def told(_: Message) -> None:
        moved.set()

    broker.subscribe("gridward/home/contactor/lease", renew)
    broker.subscribe("gridward/home/audit", told)
    task = asyncio.create_task(serve(device, {**BASE, "port": f"socket://{host}:{port}", "lease": "10s"}))
    try:
        await moved.wait()
        assert not board.closed(now() + 0.1)
        moved.clear()
        good = False
        await moved.wait()
        assert board.closed(now() + 0.1)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        server.close()


@given(st.lists(st.binary(max_size=20), max_size=40))
def test_random_bytes_never_move_the_contactor(chunks: list[bytes]) -> None:
    board = Board()
    for place, chunk in enumerate(chunks):
        board.receive(chunk, place * 0.01)
        assert board.closed(place * 0.01)
