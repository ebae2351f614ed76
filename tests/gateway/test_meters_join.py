"""A meter is taken up by a running gateway, while the others go on, or everything is as it was before."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC
from pathlib import Path

import pytest
from brook import BROOK, PROFILE, ROWS, STATE
from gateway.brook_site import ADDITION, LINE, SITE, site

from gridward import run as running
from gridward.broker import embedded_broker, free_port
from gridward.config import load
from gridward.live import Live
from gridward.meters import placing, sitefile
from gridward.meters.sitefile import Addition, planned, written
from gridward.site import BusSpec
from gridward_kit import integration as registry
from gridward_kit.clock import SystemClock
from gridward_kit.info import Setup
from gridward_kit.integration import Integration
from gridward_kit.modbus import Unit
from gridward_kit.mqtt import Broker, MqttLink
from gridward_kit.roster import Member, Roster
from gridward_kit.runner import Where, run_bus
from gridward_kit.simulate import serve_pty


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Brook is installed here."""
    everyone: dict[str, Integration] = {**registry.integrations(), "brook": BROOK}
    for module in ("gridward.config", "gridward.run"):
        monkeypatch.setattr(f"{module}.integrations", lambda: everyone)


def units(*addresses: int) -> list[Unit]:
    return [
        Unit(ROWS, PROFILE, at, {**STATE, "serial_number": at, "voltage": 200.0 + at}) for at in addresses
    ]


class Listener:
    """Counts the states of each device, and keeps what is said of their being there."""

    def __init__(self, url: str, clock: SystemClock) -> None:
        self.link = MqttLink(Broker(url), "home", "listener", clock)
        self.live = Live(self.link, clock)
        self.volts: dict[str, object] = {}
        self.away: list[str] = []
        self.numbers: list[tuple[str, int, float]] = []
        self.link.subscribe("gridward/home/+/telemetry", lambda message: self._telemetry(message.payload))
        self.link.subscribe(
            "gridward/home/+/state", lambda message: self._state(message.topic, message.payload)
        )
        self.link.subscribe(
            "gridward/home/+/availability", lambda message: self._availability(message.topic, message.payload)
        )

    def _state(self, topic: str, payload: bytes) -> None:
        self.volts[topic.split("/")[2]] = json.loads(payload).get("voltage")

    def _telemetry(self, payload: bytes) -> None:
        content = json.loads(payload)
        self.numbers.append((content["boot"], content["seq"], content["mono"]))

    def _availability(self, topic: str, payload: bytes) -> None:
        if payload == b"offline":
            self.away.append(topic.split("/")[2])


async def until(look: object) -> None:
    async with asyncio.timeout(60):
        while not look():  # type: ignore[operator]  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@asynccontextmanager
async def broker_with_listener() -> AsyncIterator[tuple[str, Listener]]:
    async with embedded_broker(free_port()) as url:
        heard = Listener(url, SystemClock())
        task = asyncio.create_task(heard.link.run())
        try:
            yield url, heard
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def test_a_device_joins_a_running_bus_and_leaves_it_while_the_others_go_on(tmp_path: Path) -> None:
    served = serve_pty(units(1, 9), LINE, link=tmp_path / "port", turnaround=0.002, chunk=64)
    roster = Roster()

    def member(at: int) -> Member:
        name, folder = f"Flat {at}", tmp_path / "state"
        setup = Setup(f"flat_{at}", BROOK, name, folder, record_every=0.1)
        return Member(setup, {"address": at}, 0.05)

    async with broker_with_listener() as (url, heard):
        where = Where(Broker(url), "home", SystemClock(), UTC)
        bus = asyncio.create_task(
            run_bus(where, "bus:meters", served.url, [member(1)], line=LINE, folder=tmp_path, roster=roster)
        )
        await until(lambda: heard.volts.get("flat_1") == 201.0)
        heard.away.clear()
        roster.join(member(9))
        await until(lambda: heard.volts.get("flat_9") == 209.0)
        roster.leave("flat_9")
        await until(lambda: "flat_9" in heard.away and heard.volts["flat_9"] is None)
        heard.volts.clear()
        await until(lambda: heard.volts.get("flat_1") == 201.0)
        assert heard.away == ["flat_9"]
        count = len(heard.numbers)
        roster.join(member(9))
        await until(lambda: len(heard.numbers) >= count + 10)
        assert len({one[:2] for one in heard.numbers}) == len(set(heard.numbers)), "each counts one message"
        assert len({boot for boot, _, _ in heard.numbers}) == 2, "each device goes on with its own"
        bus.cancel()
        await asyncio.gather(bus, return_exceptions=True)
    served.unplug()


async def test_a_damaged_file_takes_its_device_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    served = serve_pty(units(1, 9), LINE, link=tmp_path / "port", turnaround=0.002, chunk=64)
    roster, damaged = Roster(), tmp_path / "state" / "flat_9.json"
    damaged.parent.mkdir()
    damaged.write_text('{"identity": {"mod')
    members = [
        Member(Setup(f"flat_{at}", BROOK, f"Flat {at}", damaged.parent), {"address": at}, 0.05)
        for at in (9, 1)
    ]
    async with broker_with_listener() as (url, heard):
        where = Where(Broker(url), "home", SystemClock(), UTC)
        bus = asyncio.create_task(
            run_bus(where, "bus:meters", served.url, members, line=LINE, folder=tmp_path, roster=roster)
        )
        await until(lambda: heard.volts.get("flat_1") == 201.0 and "flat_9" in heard.away)
        assert f"flat_9: is left out, and the others go on: {damaged}: not a JSON object" in caplog.text
        roster.join(members[0])
        damaged.unlink()
        roster.join(members[0])
        await until(lambda: heard.volts.get("flat_9") == 209.0)
        bus.cancel()
        await asyncio.gather(bus, return_exceptions=True)
    served.unplug()


async def test_a_house_reads_its_file_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    served = serve_pty(units(1, 2, 9), LINE, link=tmp_path / "port", turnaround=0.002, chunk=64)
    text = SITE[: SITE.index("  - id: other")].replace("/dev/ttyUSB0", str(tmp_path / "port"))
    text = text.replace("    devices:", "    baud: 115200\n    devices:")
    home, file = site(tmp_path, text), tmp_path / "site.yaml"
    async with broker_with_listener() as (url, heard):
        house = running.House(home, SystemClock(), Broker(url))
        task = asyncio.create_task(running.run(house, ("bus:meters",)))
        await until(lambda: heard.volts.get("flat_2") == 202.0)
        heard.away.clear()
        change = written(planned(file, ADDITION)[0], 1_795_000_000.0)
        running.reread(house, file)
        await until(lambda: heard.volts.get("flat_9") == 209.0)
        file.write_text("nothing: right\n")
        running.reread(house, file)
        assert "everything goes on as before" in caplog.text
        assert len(house.site.buses[0].devices) == 3
        file.write_text(change.after)
        sitefile.taken_back(change)
        running.reread(house, file)
        await until(lambda: "flat_9" in heard.away)
        heard.volts.clear()
        await until(lambda: {"flat_1", "flat_2"} <= set(heard.volts))
        assert heard.away == ["flat_9"]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    served.unplug()


async def test_a_running_gateway_is_found_by_its_port_and_told_to_read_its_file(tmp_path: Path) -> None:
    served = serve_pty([], LINE, link=tmp_path / "port")
    text = (
        "version: 1\n"
        "site: {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}\n"
        "mqtt: {url: embedded}\n"
        f"buses:\n  - id: line\n    port: {tmp_path / 'port'}\n    devices:\n"
        "      - {id: first, integration: daly, address: 1}\n"
    )
    (tmp_path / "site.yaml").write_text(text)
    spec = load(tmp_path / "site.yaml").buses[0]
    assert placing.gateway_on(spec) is None
    program = Path(sys.executable).with_name("gridward")
    process = await asyncio.create_subprocess_exec(
        program, "run", "site.yaml", "--only", "bus:line", cwd=tmp_path, stderr=asyncio.subprocess.PIPE
    )
    try:
        await until(lambda: placing.gateway_on(spec) is not None)
        held = placing.gateway_on(spec)
        assert held is not None
        assert held.process == process.pid
        change, _ = planned(
            tmp_path / "site.yaml", Addition("line", "second", (("integration", "daly"), ("address", 2)))
        )
        written(change, 1_795_000_000.0)
        placing.reload(held)
        assert process.stderr is not None
        said = b""
        async with asyncio.timeout(20):
            while b"second joins" not in said:
                said += await process.stderr.readline()
        assert process.returncode is None
    finally:
        process.terminate()
        await process.wait()
        served.unplug()


async def test_another_program_on_the_port_is_left_alone(tmp_path: Path) -> None:
    served = serve_pty([], LINE, link=tmp_path / "port")
    holds = (
        "import fcntl, sys, time; port = open(sys.argv[1]); fcntl.flock(port, fcntl.LOCK_EX); "
        "print('held', flush=True); time.sleep(60)"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", holds, served.url, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    try:
        with pytest.raises(ValueError, match=f"process {process.pid}"):
            placing.gateway_on(BusSpec("line", str(tmp_path / "port"), ()))
    finally:
        process.kill()
        await process.wait()
        served.unplug()


async def added(folder: Path, *words: str) -> tuple[int | None, str]:
    """Status and words of `gridward meters add` as a process of its own."""
    program = Path(sys.executable).with_name("gridward")
    process = await asyncio.create_subprocess_exec(
        program, "meters", "add", "meters", *words, cwd=folder,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_a_meter_joins_a_running_gateway_or_everything_is_put_back(tmp_path: Path) -> None:
    chint = registry.integrations()["chint"]
    assert chint.simulator is not None
    devices = [chint.simulator({"model": "ddsu666", "address": at}) for at in (11, 12)]
    for device in devices:
        device.state |= {"voltage": 231.4, "current": 2.0, "power": 462.0}
    served = serve_pty(devices, chint.line, link=tmp_path / "port", turnaround=0.002, chunk=64)
    async with broker_with_listener() as (url, heard):
        before = (
            "version: 1\n"
            "site: {id: home, name: Ridge, time_zone: Europe/Bratislava, fail_safe: grid_connected}\n"
            f"mqtt: {{url: {url}}}\n"
            f"buses:\n  - id: meters\n    port: {tmp_path / 'port'}\n    devices:\n"
            "      - {id: flat_1, integration: chint, model: ddsu666, address: 11}  # stays\n"
        )
        (tmp_path / "site.yaml").write_text(before)
        program = Path(sys.executable).with_name("gridward")
        gateway = await asyncio.create_subprocess_exec(
            program,
            "run",
            "site.yaml",
            "--only",
            "bus:meters",
            cwd=tmp_path,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await until(lambda: heard.volts.get("flat_1") is not None)
            heard.away.clear()
            status, said = await added(tmp_path, "--type", "1phase", "--address", "12", "--by", "Dan")
            assert status == 0, said
            assert "meter_012: 231.4 V at address 12" in said
            line = "      - {id: meter_012, integration: chint, model: ddsu666, address: 12}\n"
            assert (tmp_path / "site.yaml").read_text() == before + line
            status, said = await added(
                tmp_path, "--type", "1phase", "--address", "13", "--by", "Dan", "--wait", "3"
            )
            assert status == 3, said
            assert "as it was before" in said
            assert (tmp_path / "site.yaml").read_text() == before + line
            heard.volts.clear()
            await until(lambda: {"flat_1", "meter_012"} <= set(heard.volts))
            assert not {"flat_1", "meter_012"} & set(heard.away)
            assert gateway.returncode is None
        finally:
            gateway.terminate()
            await gateway.wait()
            served.unplug()
