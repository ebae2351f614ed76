"""Houses whose devices tell their states each second, whose relay issues its lease, and the role `rules`."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

from gridward.live import Live
from gridward.rules.role import Rules
from gridward.site import GridSwitchSettings
from gridward_kit.clock import iso
from gridward_kit.testing import MemoryBroker, TurnedClock

ROOT = "gridward/home"
SETTINGS = GridSwitchSettings("bms", "inverter", relay="contactor", logger="logger")
DEVICES: dict[str, dict[str, object]] = {
    "bms": {
        "voltage": 53.2,
        "current": -12.0,
        "soc": 71.0,
        "discharge_mosfet": True,
        "cell_voltage_min": 3.3,
    },
    "inverter": {"mode": "battery", "output_voltage": 230.0, "problem": False},
    "logger": {"reachable": True},
    "contactor": {"position": "islanded", "locked": False, "reason": "Islanded"},
}


class Devices:
    """All devices of a site say their state once a second; the relay issues its lease every 5 s."""

    def __init__(self, folder: Path, devices: Mapping[str, Mapping[str, object]]) -> None:
        self.clock = TurnedClock()
        self.broker = MemoryBroker(self.clock)
        self.folder = folder
        self.states = {device: dict(values) for device, values in devices.items()}
        self.silent: set[str] = set()
        self.issued = 0
        self.task: asyncio.Task[None] | None = None
        for device, values in devices.items():
            info = {"v": 1, "kind": "any", "name": device, "entities": {key: {} for key in values}}
            self.broker.publish(f"{ROOT}/{device}/info", json.dumps(info), retain=True)
            self.broker.publish(f"{ROOT}/{device}/availability", "online", retain=True)

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    async def live(self, seconds: int) -> None:
        for _ in range(seconds):
            for device, values in self.states.items():
                if device not in self.silent:
                    state = {"v": 1, "at": iso(self.clock.time()), **values}
                    self.broker.publish(f"{ROOT}/{device}/state", json.dumps(state), retain=True)
            if int(self.clock.monotonic()) % 5 == 0:
                self.issue()
            await self.clock.turn(1.0)

    def issue(self, *, retain: bool = False) -> None:
        self.issued += 1
        lease = json.dumps({"v": 1, "epoch": "e1", "n": self.issued})
        self.broker.publish(f"{ROOT}/contactor/lease", lease, retain=retain)

    async def answer(self, entity: str, value: str | float, by: str = "page") -> dict[str, object]:
        command = {"v": 1, "value": value, "id": f"c{len(self.broker.log)}", "by": by, "ttl": 10}
        self.broker.publish(f"{ROOT}/rules/{entity}/command", json.dumps(command))
        await self.clock.turn(0.0)
        found: dict[str, object] = json.loads(self.broker.said(f"{ROOT}/rules/{entity}/result")[-1])
        return found

    async def ask(self, entity: str, value: str | float, by: str = "page") -> str:
        return str((await self.answer(entity, value, by))["status"])

    @property
    def shown(self) -> dict[str, object]:
        state: dict[str, object] = json.loads(self.broker.said(f"{ROOT}/rules/state")[-1])
        return state

    def said(self, key: str) -> object:
        return self.shown[key]

    def events(self, what: str = "inverter/source") -> list[dict[str, object]]:
        events = [json.loads(payload) for payload in self.broker.said(f"{ROOT}/audit")]
        return [event for event in events if event["what"] == what]


class House(Devices):
    """The grid switch alone."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, DEVICES)
        self.link = self.broker.link("rules")

    def start(self, mode: str = "on", settings: GridSwitchSettings = SETTINGS) -> None:
        live = Live(self.link, self.clock)
        rules = Rules(live, self.link, self.clock, settings, self.folder, mode)
        self.task = asyncio.create_task(rules.run())

    async def restart(self, mode: str = "on") -> None:
        await self.stop()
        self.broker = MemoryBroker(self.clock, retained=self.broker.retained)
        self.link = self.broker.link("rules")
        self.start(mode)

    @property
    def sentence(self) -> str:
        return str(self.shown["sentence"])

    @property
    def renewals(self) -> list[int]:
        said = self.broker.said(f"{ROOT}/contactor/lease/renew")
        return [json.loads(payload)["n"] for payload in said]
