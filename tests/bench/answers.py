"""From a device's state on the broker to the rules' command on the broker, beside a bare round trip."""

import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import aiomqtt
from bench.broker import broker
from bench.figures import Row, Spread, load

from gridward_kit.audit import AuditSpool
from gridward_kit.clock import SystemClock
from gridward_kit.kept import Kept

ROOT = "gridward/bench"
SITE = """\
version: 1
site: {{id: bench, name: Bench, time_zone: Europe/Bratislava, fail_safe: grid_connected}}
mqtt: {{url: 'mqtt://127.0.0.1:{port}'}}
buses:
  - {{id: inverter_line, port: /dev/ttyS90, devices: [{{id: inverter, integration: axpert, writable: true}}]}}
  - {{id: bms_line, port: /dev/ttyS91, devices: [{{id: bms, integration: daly}}]}}
devices:
  - id: contactor
    integration: relay
    driver: modbus
    port: /dev/ttyS92
    contact: normally_closed
    feedback_input: 0
roles: {{pv: inverter, load: inverter, battery: bms, grid_switch: contactor}}
rules: {{mode: 'on', grid_switch: {{}}, policy: bench.yaml}}
"""
SETTINGS: dict[str, tuple[float, float]] = {
    "max_charging_current": (10, 20),
    "battery_bulk_voltage": (54.0, 54.5),
    "battery_float_voltage": (53.0, 53.5),
    "battery_recharge_voltage": (48.0, 49.0),
    "battery_redischarge_voltage": (52.0, 53.0),
    "max_utility_charging_current": (2, 10),
}
APART = 1.1  # s between two writes of one setting
SETTLED = 14.0  # s until the rules have heard every device often enough


def policy() -> str:
    """For each setting two rules, by one cell's voltage each."""
    lines = ["version: 1", "policy: bench", "settle: 0s", "outputs:"]
    lines += [f"  inverter.{key}: {{apart: 1s, per_day: 1000}}" for key in SETTINGS]
    lines.append("rules:")
    for cell, (key, (low, high)) in enumerate(SETTINGS.items(), 1):
        for word, value in (("below", low), ("at_least", high)):
            lines += [
                f"  - id: cell_{cell}_{word}",
                "    says: The bench asks for it.",
                f"    when: {{bms.cell_{cell}_voltage: {{{word}: 3.3}}}}",
                f"    then: {{inverter.{key}: {value}}}",
            ]
    return "\n".join(lines) + "\n"


class Probe:
    """Plays the devices, and takes the time until a command comes."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client
        self._cells = {f"cell_{number}_voltage": 3.2 for number in range(1, len(SETTINGS) + 1)}
        self._settings = {key: low for key, (low, _) in SETTINGS.items()}
        self._heard: dict[str, asyncio.Future[float]] = {}

    async def listen(self) -> None:
        """Note when a command or the probe's own message comes."""
        async for message in self._client.messages:
            at = time.perf_counter()
            waiting = self._heard.pop(str(message.topic), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(at)

    async def say(self, device: str) -> None:
        """Publish a device's state."""
        values = self._cells | {"voltage": 53.0, "current": -5.0} if device == "bms" else self._settings
        state = {"v": 1, "at": datetime.now(UTC).isoformat(timespec="milliseconds"), **values}
        await self._client.publish(f"{ROOT}/{device}/state", json.dumps(state), qos=1, retain=True)

    async def begin(self) -> None:
        """Be there."""
        await self._client.subscribe(f"{ROOT}/inverter/+/command", qos=1)
        await self._client.subscribe(f"{ROOT}/probe")
        for device in ("bms", "inverter"):
            keys = self._cells if device == "bms" else self._settings
            info = {"v": 1, "kind": "any", "name": device, "entities": {key: {} for key in keys}}
            await self._client.publish(f"{ROOT}/{device}/info", json.dumps(info), retain=True)
            await self._client.publish(f"{ROOT}/{device}/availability", "online", retain=True)

    def expect(self, topic: str) -> asyncio.Future[float]:
        """When the next message comes there."""
        return self._heard.setdefault(topic, asyncio.get_running_loop().create_future())

    async def decision(self, number: int) -> float:
        """Seconds from a changed cell to the command that follows."""
        key = list(SETTINGS)[number]
        low, high = SETTINGS[key]
        cell = f"cell_{number + 1}_voltage"
        up = self._settings[key] == low
        self._cells[cell] = 3.4 if up else 3.2
        heard = self.expect(f"{ROOT}/inverter/{key}/command")
        began = time.perf_counter()
        await self.say("bms")
        took = await asyncio.wait_for(heard, 5.0) - began
        self._settings[key] = high if up else low
        await self.say("inverter")
        return took

    async def round_trip(self) -> float:
        """Seconds of a bare message of the same size to the broker and back."""
        heard = self.expect(f"{ROOT}/probe")
        began = time.perf_counter()
        await self._client.publish(f"{ROOT}/probe", json.dumps(self._cells))
        return await asyncio.wait_for(heard, 5.0) - began


class Disk:
    """What is put on disk before a command goes out: the write is counted, and goes on record."""

    def __init__(self, folder: Path) -> None:
        self._kept = Kept(folder / "counted.json")
        self._spool = AuditSpool(folder, "bench", SystemClock(), lambda _: None)

    def put(self, number: int) -> float:
        """Seconds that it takes."""
        began = time.perf_counter()
        self._kept.save({"rules": dict.fromkeys(SETTINGS, number)})
        self._spool.put(json.dumps({"number": number}))
        return time.perf_counter() - began


async def measured(port: int, count: int, disk: Disk) -> tuple[list[float], list[float], list[float]]:
    """Seconds of so many decisions, and of as many bare round trips and writes to disk between them."""
    at_once = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
    async with aiomqtt.Client("127.0.0.1", port, socket_options=at_once) as client:
        probe = Probe(client)
        listening = asyncio.create_task(probe.listen())
        await probe.begin()
        for _ in range(round(SETTLED)):
            for device in ("bms", "inverter"):
                await probe.say(device)
            await asyncio.sleep(1.0)
        decided, bare, put = [], [], []
        for number in range(count):
            await asyncio.sleep(APART / len(SETTINGS))
            decided.append(await probe.decision(number % len(SETTINGS)))
            bare.append(await probe.round_trip())
            put.append(disk.put(number))
        listening.cancel()
        return decided, bare, put


def answers(effort: float) -> list[Row]:
    """By Mosquitto, and by the broker of the demo."""
    return [_row(name, max(8, round(100 * effort))) for name in ("Mosquitto", "the demo's broker")]


def _row(name: str, count: int) -> Row:
    with tempfile.TemporaryDirectory() as place, broker(Path(place), name) as port:
        folder = Path(place)
        (folder / "bench.yaml").write_text(policy())
        (folder / "site.yaml").write_text(SITE.format(port=port))
        gridward = str(Path(sys.executable).with_name("gridward"))
        with (folder / "log").open("w") as said:
            rules = subprocess.Popen(
                [gridward, "run", str(folder / "site.yaml"), "--only", "rules"], stderr=said
            )
        try:
            times = asyncio.run(measured(port, count, Disk(folder)))
        finally:
            rules.terminate()
            rules.wait()
    took, usual, written = (Spread.of([1000 * one for one in each]) for each in times)
    return Row(
        f"from a state to the decision's command, by {name}, ms",
        took.late_told(),
        f"bare round trip {usual.late_told()}; counting the write and its record on the disk, before it "
        f"goes out: {written.late_told()}; {count} of each in turns; {load()}",
        "median under 50 ms",
        took.median < 50,
        {"median": took.median, "late": took.late, "bare": usual.median, "disk": written.median},
    )
