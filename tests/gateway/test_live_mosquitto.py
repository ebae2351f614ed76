"""What counts as live, on a real broker: retained and live states are told apart by who was there."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from gridward.live import Live
from gridward_kit.clock import SystemClock
from gridward_kit.device import Device
from gridward_kit.entity import VOLTAGE, Sensor
from gridward_kit.info import Setup
from gridward_kit.integration import Identity, Integration
from gridward_kit.mqtt import Broker, MqttLink

ROWS = (Sensor("voltage", "Voltage", quantity=VOLTAGE),)
BANK = Integration(domain="bank", name="Bank", kind="battery", entities=lambda _: ROWS)


class Running(Protocol):
    url: str


async def until(holds: Callable[[], bool]) -> None:
    clock = SystemClock()
    async with asyncio.timeout(20):
        while not holds():
            await clock.sleep(0.01)


async def test_live_states_are_fresh_and_retained_ones_are_only_shown(
    mosquitto: Running, tmp_path: Path
) -> None:
    clock = SystemClock()

    def link(role: str) -> MqttLink:
        return MqttLink(Broker(mosquitto.url), "home", role, clock)

    serving, early, late = link("bus:bank"), link("rules"), link("http")
    bank = Device(Setup("bank", BANK, "Bank", tmp_path), serving, clock)
    bank.describe(Identity(model="16S", protocol="test"), ROWS)
    seen, seen_late = Live(early, clock), Live(late, clock)
    tasks = [asyncio.create_task(serving.run()), asyncio.create_task(early.run())]
    try:
        await until(lambda: serving.connected and "bank" in seen.devices)
        bank.read({"voltage": 53.1})
        bank.publish()
        await until(lambda: seen.fresh("bank", "voltage", clock.monotonic()) == 53.1)
        tasks.append(asyncio.create_task(late.run()))
        await until(lambda: seen_late.value("bank", "voltage") == 53.1)
        assert seen_late.fresh("bank", "voltage", clock.monotonic()) is None
        bank.read({"voltage": 53.2})
        bank.publish()
        await until(lambda: seen_late.fresh("bank", "voltage", clock.monotonic()) == 53.2)
        tasks[0].cancel()
        await asyncio.gather(tasks[0], return_exceptions=True)
        await until(lambda: not seen.devices["bank"].available)
        assert seen.fresh("bank", "voltage", clock.monotonic()) is None
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
