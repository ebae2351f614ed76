"""Our reader on pymodbus' server filled from the papers' registers, mbpoll on our simulated meters."""

import contextlib
import struct
from collections.abc import Mapping

import pytest
from strangers import mbpoll, served

from gridward_eastron import INTEGRATION
from gridward_kit.clock import SystemClock
from gridward_kit.entity import TEXT, Sensor
from gridward_kit.integration import Line
from gridward_kit.modbus import Profile, f32, u16, u32
from gridward_kit.port import Port
from gridward_kit.reader import Reader
from gridward_kit.simulate import serve_pty

QUICK = Line(baud=115200, first=0.5, gap=0.05, modbus=True)
INPUTS: Mapping[int, float] = {
    0x0000: 231.4, 0x0006: 2.21, 0x000C: -417.5, 0x0012: 512.3, 0x0018: -98.7, 0x001E: -0.981, 0x0024: 348.8,
    0x0046: 49.99, 0x0048: 812.4, 0x004A: 33.1, 0x004C: 44.9, 0x004E: 3.1, 0x0156: 845.5, 0x0158: 48.0,
}  # fmt: skip
"""An SDM230's 3X registers, less 30001."""
HOLDINGS: Mapping[int, float] = {0x000C: 100, 0x0012: 0, 0x0014: 7, 0x001C: 2, 0x0056: 4}
READ = {
    "voltage": 231.4, "current": 2.21, "power": -417.5, "apparent_power": 512.3, "reactive_power": -98.7,
    "power_factor": -0.981, "phase_angle": 348.8, "frequency": 49.99, "import_energy": 812.4,
    "export_energy": 33.1, "import_reactive_energy": 44.9, "export_reactive_energy": 3.1,
    "total_energy": 845.5, "total_reactive_energy": 48.0, "counted_energy": 845.5, "pulse_width": 100,
    "parity": "8N1", "address": 7, "baud_rate": "9600", "pulse_energy": "export",
    "measurement_mode": "import and export", "serial_number": 20231145, "meter_code": "0x0230",
    "firmware": "0x0203",
}  # fmt: skip


async def test_our_reader_on_a_server_that_holds_the_paper_s_registers() -> None:
    """The server answers 0 for all that is not named: still a meter of one phase."""
    rows = [Sensor(f"i{at}", f"I{at}", f32(at, function=4), TEXT) for at in INPUTS]
    rows += [Sensor(f"h{at}", f"H{at}", f32(at, function=3), TEXT) for at in HOLDINGS]
    rows += [
        Sensor("mode", "Mode", u16(0xF920, function=3)),
        Sensor("serial", "Serial", u32(0xFC00, function=3)),
    ]
    rows += [Sensor("code", "Code", u32(0xFC02, function=3))]
    state = {f"i{at}": value for at, value in INPUTS.items()} | {"mode": 2, "serial": 20231145}
    state |= {f"h{at}": value for at, value in HOLDINGS.items()} | {"code": 0x02300203}
    async with served(rows, Profile(), state, 7) as number:
        port = Port(f"tcp://127.0.0.1:{number}", QUICK, SystemClock())
        reader = Reader(INTEGRATION, port, {"address": 7, "model": "sdm230"}, SystemClock())
        identity = await reader.identify()
        assert (identity.model, identity.serial, identity.firmware) == ("sdm230", "20231145", "0x0203")
        async with contextlib.aclosing(reader.polls(identity)) as polls:
            async for poll in polls:
                assert poll.errors == []
                assert {key: poll.values.get(key) for key in READ} == pytest.approx(READ)
                break
        port.close()


async def test_mbpoll_reads_a_simulated_meter() -> None:
    assert INTEGRATION.simulator
    unit = INTEGRATION.simulator({"model": "sdm630", "address": 5})
    wired = serve_pty([unit], Line(baud=9600, modbus=True), strict=True)
    common = ("-a", "5", "-b", "9600", "-P", "none")
    floats = await mbpoll(wired.url, *common, "-t", "3:float", "-B", "-r", "0", "-c", "9")
    told = [float(floats[2 * place]) for place in range(9)]
    keys = [f"{key}_l{phase}" for key in ("voltage", "current", "power") for phase in (1, 2, 3)]
    assert told == pytest.approx([unit.state[key] for key in keys])
    address = await mbpoll(wired.url, *common, "-t", "4:float", "-B", "-r", str(0x14), "-c", "1")
    assert float(address[0x14]) == 5
    kind = await mbpoll(wired.url, *common, "-t", "4:hex", "-r", str(0xFC02), "-c", "1")
    assert kind == {0xFC02: "0x0070"}
    wired.unplug()


async def test_half_a_value_is_refused_to_mbpoll() -> None:
    assert INTEGRATION.simulator
    wired = serve_pty([INTEGRATION.simulator({"model": "sdm230"})], Line(baud=9600, modbus=True), strict=True)
    with pytest.raises(AssertionError, match="Illegal data address"):
        await mbpoll(wired.url, "-a", "1", "-b", "9600", "-P", "none", "-t", "3", "-r", "1", "-c", "2")
    wired.unplug()


def test_the_papers_numbers_are_floats_with_the_high_word_first() -> None:
    assert struct.pack(">f", INPUTS[0x0000]).hex() == "43676666"
