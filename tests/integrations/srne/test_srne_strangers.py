"""Our reader on pymodbus' server with a live unit's registers, and mbpoll on our simulated unit."""

import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
from integrations.srne.srne_bench import inverter
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from strangers import mbpoll

from gridward_kit.clock import SystemClock
from gridward_kit.frames import frames_of
from gridward_kit.integration import Line
from gridward_kit.port import Port
from gridward_kit.reader import Reader
from gridward_kit.simulate import serve_pty
from gridward_srne import INTEGRATION

LINE = Line(baud=115200, first=0.5, gap=0.05, modbus=True)


def dump() -> list[int]:
    """All registers of a live BlueSun 10K as far as they were published; the others zero."""
    words = [0] * 0x10000
    for one in frames_of("srne"):
        if one.source.startswith("gabrielpc1190"):
            request, payload = bytes.fromhex(one.request), one.reply[3:-2]
            start = int.from_bytes(request[2:4], "big")
            for place in range(0, len(payload), 2):
                words[start + place // 2] = int.from_bytes(payload[place : place + 2], "big")
    words[0x000B], words[0x0014], words[0x001A], words[0x001B] = 4, 818, 1, 45
    words[0x0035:0x003E] = list(b"SN1234567")
    return words


@contextlib.asynccontextmanager
async def served(words: list[int]) -> AsyncIterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    bits = [SimData(0, values=False, count=16, datatype=DataType.BITS)]
    registers = [SimData(0, values=words, datatype=DataType.REGISTERS)]
    device = SimDevice(1, simdata=(bits, bits, registers, registers))
    server = ModbusTcpServer(device, address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    try:
        yield f"tcp://127.0.0.1:{port}"
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]


async def test_a_live_units_registers_on_the_server_of_pymodbus() -> None:
    async with served(dump()) as url:
        port = Port(url, LINE, SystemClock())
        reader = Reader(INTEGRATION, port, {}, SystemClock())
        identity = await reader.identify()
        assert (identity.model, identity.serial, identity.firmware) == ("split_phase", "SN1234567", "8.18")
        assert identity.facts["machine_states"] == "four"
        assert identity.facts["nominal_voltage"] == 48
        async with contextlib.aclosing(reader.polls(identity)) as polls:
            poll = await anext(polls)
        port.close()
    expected = {
        "mode": "line",
        "battery_soc": 55,
        "battery_voltage": 53.1,
        "battery_current": 0.9,
        "battery_power": 47.8,
        "grid_voltage_l1": 122.5,
        "grid_voltage_l2": 121.8,
        "output_voltage": 123.1,
        "output_power": 175,
        "heat_sink_temperature": 42.1,
        "battery_type": "LFP 16s",
        "battery_bulk_voltage": 57.6,
        "battery_under_voltage": 48.0,
        "output_source_priority": "USB",
        "charger_source_priority": "solar_and_utility",
        "problem": False,
        "faults": "none",
    }
    assert {key: poll.values.get(key) for key in expected} == pytest.approx(expected)
    assert not {"ambient_temperature", "battery_temperature", "battery_health"} & poll.values.keys()


async def test_mbpoll_reads_our_simulated_unit() -> None:
    wired = serve_pty([inverter()], Line(baud=9600, modbus=True), strict=True)
    common = ("-a", "1", "-b", "9600", "-P", "none")
    words = await mbpoll(wired.url, *common, "-t", "4:hex", "-r", str(0x0100), "-c", "3")
    assert [int(word, 16) for word in words.values()] == [55, 531, 0xFFF7]
    totals = await mbpoll(wired.url, *common, "-t", "4", "-r", str(0xF034), "-c", "2")
    assert [int(word.split()[0]) for word in totals.values()] == [18204, 0]
    wired.unplug()
