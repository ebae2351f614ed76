"""One RS485 pair with several units: fair rounds, silent and spoilt ones, late answers, refused registers."""

import asyncio
import contextlib
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC
from pathlib import Path

import pytest
from brook import BROOK, PROFILE, ROWS, STATE

from gridward_kit.bus import Bus
from gridward_kit.clock import SystemClock
from gridward_kit.device import Device
from gridward_kit.entity import ENERGY, VOLTAGE, Sensor
from gridward_kit.faults import Faults
from gridward_kit.info import Setup
from gridward_kit.integration import Integration, Line, Query, Simulator
from gridward_kit.modbus import Model, Profile, Unit, f32, family, frame, u32
from gridward_kit.modbus.simulator import ILLEGAL_ADDRESS
from gridward_kit.port import Port
from gridward_kit.simulate import Served, serve_pty
from gridward_kit.testing import MemoryBroker
from gridward_kit.wired import Wired

LINE = Line(baud=115200, first=0.12, gap=0.02, modbus=True)


class Pair:
    """A line, its units, and how often each query of each was answered."""

    def __init__(self, served: Served, devices: list[Wired], port: Port, broker: MemoryBroker) -> None:
        self.served, self.devices, self.port, self.broker = served, devices, port, broker
        self.answers: Counter[tuple[str, str]] = Counter()
        for wired in devices:
            self._count(wired)

    def _count(self, wired: Wired) -> None:
        took = wired.took

        def counted(query: Query, payload: bytes, started: float) -> Callable[[], None]:
            self.answers[wired.device.id, query.name] += 1
            return took(query, payload, started)

        wired.took = counted  # type: ignore[method-assign]

    def fast(self, number: int) -> int:
        """Answers to a unit's fast read."""
        return self.answers[f"m{number}", "04:0x0000+14"]

    async def until_round(self, rounds: int, *numbers: int) -> None:
        """Wait until these units have been read so many times more."""
        before = {number: self.fast(number) for number in numbers}
        async with asyncio.timeout(30):
            while any(self.fast(number) < before[number] + rounds for number in numbers):  # noqa: ASYNC110
                await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def pair(
    folder: Path,
    units: Sequence[Simulator],
    number: int,
    faults: Faults | None = None,
    integration: Integration = BROOK,
) -> AsyncIterator[Pair]:
    """A strict line with these simulated units, and a bus with `number` meters, from address 1 on."""
    clock = SystemClock()
    broker = MemoryBroker(clock)
    served = serve_pty(
        units, LINE, link=folder / "port", faults=faults, turnaround=0.002, chunk=64, strict=True
    )
    devices = []
    for address in range(1, number + 1):
        setup = Setup(
            id=f"m{address}",
            integration=integration,
            name=f"M{address}",
            folder=folder / "state",
            writable=True,
        )
        devices.append(
            Wired(Device(setup, broker.link("bus:pair"), clock), {"address": address}, clock, 0.01)
        )
    port = Port(served.url, LINE, clock)
    task = asyncio.create_task(Bus(port, devices, clock, UTC).run())
    try:
        yield Pair(served, devices, port, broker)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        served.unplug()


def meters(*addresses: int) -> list[Unit]:
    """Meters whose voltage tells who they are."""
    return [
        Unit(ROWS, PROFILE, at, {**STATE, "serial_number": at, "voltage": 200.0 + at}) for at in addresses
    ]


async def test_every_unit_gets_the_same_share_and_counters_a_tenth(tmp_path: Path) -> None:
    async with pair(tmp_path, meters(1, 2, 3, 4), 4) as line:
        await line.until_round(3, 1, 2, 3, 4)
        line.answers.clear()
        await line.until_round(40, 1, 2, 3, 4)
        fast = [line.fast(number) for number in (1, 2, 3, 4)]
        assert max(fast) - min(fast) <= 1
        counters = [line.answers[f"m{number}", "04:0x0100+6"] for number in (1, 2, 3, 4)]
        assert all(each <= 1 + fast[0] // 10 for each in counters), "never more than each tenth round"
        assert line.served.wire
        assert line.served.wire.hurried == 0, "the silence before each request was kept"


async def test_a_silent_unit_costs_the_others_little(tmp_path: Path) -> None:
    async with pair(tmp_path, meters(1, 2, 4), 4) as line:
        await line.until_round(10, 1, 2, 4)
        asked = line.port.exchanges
        lost = line.devices[2].errors["no_answer"]
        await line.until_round(60, 1, 2, 4)
        share = (line.devices[2].errors["no_answer"] - lost) / (line.port.exchanges - asked)
        assert share < 0.04, "asked more and more rarely"
        assert not line.devices[2].device.available


async def test_a_unit_that_comes_back_is_read_again(tmp_path: Path) -> None:
    units = meters(1, 2)
    async with pair(tmp_path, units, 2) as line:
        await line.until_round(5, 1, 2)
        units[1].unit = 9
        async with asyncio.timeout(20):
            while line.devices[1].device.available:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        units[1].unit = 2
        await line.until_round(5, 1, 2)
        assert line.devices[1].device.values["voltage"] == 202.0


async def test_an_unknown_register_in_a_read_leaves_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The unit refuses the whole read because of one register: what it has is found by halving."""
    caplog.set_level(logging.INFO)
    units = meters(1)
    units[0].holes = frozenset((0x0006, 0x0007))
    async with pair(tmp_path, units, 1) as line:
        device = line.devices[0].device
        async with asyncio.timeout(20):
            while not {"voltage", "power", "import_energy"} <= device.values.keys():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        for _ in range(20):
            await asyncio.sleep(0.02)
        assert "current" not in device.values
        told = [record.message for record in caplog.records if "left out" in record.message]
        assert told == ["m1: does not know 04:0x0006+2; left out"]
        assert device.entities["power"].at
        assert device.entities["power"].at.query == "04:0x000c+2"


LATE_ROWS = (
    Sensor("voltage", "Voltage", f32(0x0000), VOLTAGE),
    Sensor("import_energy", "Imported energy", f32(0x0100), ENERGY),
    Sensor("serial_number", "Serial number", u32(0x0300, every=float("inf"))),
)
LATE_STATE = {"voltage": 231.0, "import_energy": 99999.0, "serial_number": 1}
LATE = family("late", "Late", "meter", {"m": Model(rows=LATE_ROWS, state=LATE_STATE)}, manufacturer="Late")


class Dawdler(Unit):
    """Each fifth answer leaves when the reader has given it up and would have asked something else."""

    line: Served
    count = 0

    def receive(self, data: bytes, now: float) -> list[bytes]:
        answers = super().receive(data, now)
        self.count += len(answers)
        if not answers or self.count % 5:
            return answers
        asyncio.get_running_loop().call_later(LINE.first + 0.06, self.line.send, answers[0])
        return []


async def test_a_late_answer_never_becomes_another_register_s_value(tmp_path: Path) -> None:
    """All reads of this unit have one length: nothing in the answer says which of them it is to."""
    unit = Dawdler(LATE_ROWS, Profile(), 1, LATE_STATE)
    async with pair(tmp_path, [unit], 1, integration=LATE) as line:
        unit.line = line.served
        async with asyncio.timeout(60):
            while line.devices[0].errors["no_answer"] < 6:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        told = [json.loads(state) for state in line.broker.said("gridward/home/m1/state")]
        assert len(told) > 6
        assert {state.get("voltage") for state in told} <= {231.0, None}
        assert {state.get("import_energy") for state in told} <= {99999.0, None}


async def test_settings_are_written_and_read_back(tmp_path: Path) -> None:
    units = meters(1)
    async with pair(tmp_path, units, 1) as line:
        async with asyncio.timeout(10):
            while "pulse_output" not in line.devices[0].device.values:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        for key, value in (("pulse_width", 60), ("pulse_output", "export")):
            line.broker.publish(
                f"gridward/home/m1/{key}/command",
                json.dumps({"v": 1, "value": value, "id": key, "by": "http", "ttl": 30}),
            )
            async with asyncio.timeout(20):
                while not any(  # noqa: ASYNC110
                    '"confirmed"' in said for said in line.broker.said(f"gridward/home/m1/{key}/result")
                ):
                    await asyncio.sleep(0.02)
            assert units[0].state[key] == value


def test_a_write_out_of_bounds_is_refused_by_the_simulated_unit_too() -> None:
    unit = meters(1)[0]
    answer = unit.receive(frame.write(1, 16, 0x0200, (21,)), 0.0)[0]
    assert answer == frame.refusal(1, 16, 3)
    answer = unit.receive(frame.write(1, 6, 0x0250, (21,)), 1.0)[0]
    assert answer == frame.refusal(1, 6, ILLEGAL_ADDRESS)
