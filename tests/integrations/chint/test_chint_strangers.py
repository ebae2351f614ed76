"""Our reader on pymodbus' server, filled from the maker's tables; Debian's mbpoll on our simulated meters."""

import contextlib

import pytest
from strangers import mbpoll, served

from gridward_chint import INTEGRATION
from gridward_chint.simulator import Meter
from gridward_kit.clock import SystemClock
from gridward_kit.entity import Entity
from gridward_kit.integration import Line
from gridward_kit.modbus import Profile, f32, u16
from gridward_kit.point import Value
from gridward_kit.port import Port
from gridward_kit.reader import Reader
from gridward_kit.simulate import serve_pty

QUICK = Line(baud=115200, first=0.5, gap=0.05, modbus=True)
Told = dict[int, float]

DDSU_FLOATS: Told = {
    0x2000: 231.4, 0x2002: 4.12, 0x2004: -0.9475, 0x2006: 0.083, 0x200A: 0.996, 0x200E: 49.98, 0x4000: 1834.27
}  # fmt: skip
DDSU_WORDS: Told = {0x0001: 12, 0x0005: 2, 0x0006: 17, 0x000C: 3}
DTSU_FLOATS: Told = {
    0x2000: 3994.0, 0x2002: 3987.0, 0x2004: 4001.0, 0x2006: 2314.0, 0x2008: 2298.0, 0x200A: 2305.0,
    0x200C: 1250.0, 0x200E: 2310.0, 0x2010: 980.0, 0x2012: -4386.0, 0x2014: -1100.0, 0x2016: -2290.0,
    0x2018: -996.0, 0x201A: 9502.0, 0x202A: -419.0, 0x2044: 5001.0, 0x101E: 120.5, 0x1028: 6.75,
}  # fmt: skip
DTSU_WORDS: Told = {0x0000: 103, 0x0001: 701, 0x0006: 1, 0x0007: 10, 0x002C: 3, 0x002D: 3, 0x002E: 17}


def table(floats: Told, words: Told) -> tuple[tuple[Entity, ...], dict[str, Value]]:
    """Registers as rows, each under its own address."""
    rows = [Entity(f"r{place:04x}", "Float", f32(place)) for place in floats]
    rows += [Entity(f"r{place:04x}", "Word", u16(place)) for place in words]
    return tuple(rows), {f"r{place:04x}": number for place, number in (floats | words).items()}


async def read(floats: Told, words: Told) -> dict[str, Value]:
    """The second poll of our reader: counters are believed then."""
    rows, state = table(floats, words)
    async with served(rows, Profile(), state, 17) as number:
        port = Port(f"tcp://127.0.0.1:{number}", QUICK, SystemClock())
        reader = Reader(INTEGRATION, port, {"address": 17}, SystemClock())
        identity = await reader.identify()
        async with contextlib.aclosing(reader.polls(identity)) as polls:
            async for poll in polls:
                assert poll.errors == []
                values: dict[str, Value] = {"model": identity.model, **poll.values}
                break
        port.close()
    return values


async def test_our_reader_on_a_single_phase_meter_of_pymodbus() -> None:
    values = await read(DDSU_FLOATS, DDSU_WORDS)
    wanted = {"model": "ddsu666", "voltage": 231.4, "current": 4.12, "power": -947.5, "total_energy": 1834.27}
    assert {key: values[key] for key in wanted} == pytest.approx(wanted)
    assert values["reactive_power"] == pytest.approx(83.0)
    assert values["frequency"] == pytest.approx(49.98)
    assert (values["address"], values["baud_rate"], values["version"]) == (17, "9600", 12)
    assert values["direction"] == "exporting 948 W"


async def test_our_reader_on_a_three_phase_meter_of_pymodbus() -> None:
    values = await read(DTSU_FLOATS, DTSU_WORDS)
    wanted = {
        "model": "dtsu666", "voltage_l1_l2": 399.4, "voltage_l3": 230.5, "current_l2": 2.31, "power": -438.6,
        "power_l1": -110.0, "reactive_power": 950.2, "power_factor": -0.419, "frequency": 50.01,
        "import_energy": 120.5, "export_energy": 6.75, "ct_ratio": 1, "vt_ratio": 1.0, "address": 17,
    }  # fmt: skip
    assert {key: values[key] for key in wanted} == pytest.approx(wanted)
    assert "apparent_power" not in values
    assert (values["protocol"], values["baud_rate"]) == ("8N1", "9600")


async def test_mbpoll_reads_our_simulated_meters() -> None:
    line = Line(baud=9600, stop=2, modbus=True)
    wired = serve_pty([Meter("ddsu666", 12), Meter("dtsu666-oem", 100)], line, strict=True)
    common = ("-b", "9600", "-P", "none", "-s", "2")
    one = await mbpoll(wired.url, *common, "-a", "12", "-t", "4:float", "-B", "-r", str(0x2000), "-c", "3")
    assert [float(value) for value in one.values()] == pytest.approx([233.5, 4.12, 0.9475])
    three = await mbpoll(wired.url, *common, "-a", "100", "-t", "3:float", "-B", "-r", str(0x151C), "-c", "1")
    assert float(three[0x151C]) == pytest.approx(-87.72)
    settings = await mbpoll(wired.url, *common, "-a", "100", "-t", "4", "-r", str(0x002C), "-c", "3")
    assert [int(value) for value in settings.values()] == [2, 3, 100]
    wired.unplug()


async def test_mbpoll_gives_a_simulated_meter_its_address() -> None:
    meter = Meter("dtsu666", 1)
    wired = serve_pty([meter], Line(baud=9600, stop=2, modbus=True), strict=True)
    common = ("-b", "9600", "-P", "none", "-s", "2")
    await mbpoll("100", *common, "-a", "1", "-t", "4", "-r", str(0x002E), wired.url)  # the value comes last
    assert meter.unit == 100
    wired.unplug()
