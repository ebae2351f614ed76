"""Ours on the broker: `PORT KIND COUNT`; prints messages (or values) a second and processor seconds of 1000.

`qos0`, `qos1`: bare messages of 40 bytes; `site`: 100 sensors announced and their values published.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from gridward_kit.clock import SystemClock
from gridward_kit.device import Device
from gridward_kit.entity import VOLTAGE, Sensor
from gridward_kit.info import Setup
from gridward_kit.integration import Identity, integrations
from gridward_kit.mqtt import Broker, Message, MqttLink
from gridward_kit.point import Field
from gridward_kit.tasks import end

PAYLOAD = "x" * 40
SENSORS = 100
WINDOW = 500  # messages that wait at most: the link keeps a thousand


class Heard:
    """Waits for a message of one's own to come back: all before it have gone out."""

    def __init__(self, link: MqttLink) -> None:
        self._link = link
        self._topic = f"{link.root}/bench/heard"
        self._came = asyncio.Event()
        link.subscribe(self._topic, self._take)

    def _take(self, message: Message) -> None:
        self._came.set()

    async def all_out(self, qos: int) -> None:
        """Wait for it."""
        self._came.clear()
        self._link.publish(self._topic, "", qos=qos)
        await self._came.wait()


async def bare(link: MqttLink, heard: Heard, qos: int, count: int) -> None:
    """Messages of no meaning."""
    for begin in range(0, count, WINDOW):
        for _ in range(min(WINDOW, count - begin)):
            link.publish(f"{link.root}/bench/value", PAYLOAD, qos=qos)
        await heard.all_out(1)


async def site(link: MqttLink, heard: Heard, rounds: int, folder: Path) -> str:
    """A device of many sensors announced, then all its values so many times; the three numbers."""
    rows = tuple(
        Sensor(f"cell_{number}", f"Cell {number}", Field("Q", number), VOLTAGE) for number in range(SENSORS)
    )
    setup = Setup(id="bms", integration=integrations()["daly"], name="Bench", folder=folder)
    device = Device(setup, link, SystemClock())
    await heard.all_out(1)
    began = time.perf_counter()
    device.describe(Identity("M", "bench", "1", "1", "Bench"), rows)
    await heard.all_out(1)
    announced = time.perf_counter() - began
    began, begun = time.perf_counter(), time.process_time()
    for number in range(rounds):
        device.read({row.key: 3.3 + number / 1000 for row in rows})
        device.publish()
        await heard.all_out(1)
    took, spent, count = time.perf_counter() - began, time.process_time() - begun, SENSORS * rounds
    return f"{SENSORS / announced} {count / took} {1000 * spent / count}"


async def main(port: int, kind: str, count: int, folder: Path) -> None:
    """Connect, publish, and print."""
    link = MqttLink(Broker(f"mqtt://127.0.0.1:{port}"), "bench", "bench", SystemClock())
    heard = Heard(link)
    connected = asyncio.Event()
    link.on_connect(connected.set)
    running = asyncio.create_task(link.run())
    await connected.wait()
    await heard.all_out(1)
    began, begun = time.perf_counter(), time.process_time()
    if kind == "site":
        sys.stdout.write(f"{await site(link, heard, count, folder)}\n")
    else:
        await bare(link, heard, int(kind[-1]), count)
        took, spent = time.perf_counter() - began, time.process_time() - begun
        sys.stdout.write(f"{count / took} {1000 * spent / count}\n")
    await end((running,))


with tempfile.TemporaryDirectory() as place:
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), Path(place)))
