"""A house in which a policy is at work, on a broker in memory with a turned clock."""

import asyncio
import json
from pathlib import Path
from zoneinfo import ZoneInfo

from gridward.live import Live
from gridward.rules.automation import Automation
from gridward.rules.condition import Compare
from gridward.rules.policy import Policy, Rule, Wish
from gridward.rules.role import Rules
from gridward.rules.view import Ref
from gridward.site import GridSwitchSettings, RecordSpec, RulesSpec, Site
from gridward_kit.clock import iso
from gridward_kit.entity import CURRENT, Number
from gridward_kit.mqtt import Broker
from gridward_kit.testing import MemoryBroker, TurnedClock

ROOT = "gridward/home"
VOLTS = Ref("bms", "voltage", "battery.voltage", "V")
SOURCE = Ref("inverter", "source", "inverter.source", "", ("USB", "SUB", "SBU"))
USB = Rule(
    "usb",
    "The bank is critical.",
    Compare(VOLTS, "at_most", 50.6),
    (Wish(SOURCE, "USB"),),
    hold=60.0,
    criticality="safety",
)
AMPERES = Ref(
    "inverter",
    "amperes",
    "inverter.amperes",
    "A",
    row=Number("amperes", "Charging current", quantity=CURRENT, low=2, high=60, step=2),
)
MORE = Rule(
    "more",
    "The bank may be charged faster.",
    Compare(VOLTS, "above", 52.0),
    (Wish(AMPERES, 40.0),),
    hold=60.0,
    level=3,
    goal="self consumption above 90 %",
    min_confidence=0.5,
    deadline=600.0,
    escalate="the owner",
)
POLICY = Policy("tested", "d1", rules=(USB,), settle=10.0)
PROPOSING = Policy("proposing", "d2", rules=(USB, MORE), settle=10.0)
WELL: dict[str, dict[str, object]] = {
    "bms": {"voltage": 53.2, "current": -12.0, "discharge_mosfet": True, "cell_voltage_min": 3.3},
    "inverter": {
        "mode": "battery",
        "output_voltage": 230.0,
        "problem": False,
        "source": "SBU",
        "amperes": 20.0,
    },
    "contactor": {"position": "islanded", "locked": False, "reason": "Islanded"},
}


class House:
    """A BMS and an inverter that say their state once a second; the relay issues its lease every 5 s."""

    def __init__(self, folder: Path) -> None:
        self.clock = TurnedClock()
        self.broker = MemoryBroker(self.clock)
        self.folder = folder
        self.states = {device: dict(values) for device, values in WELL.items()}
        self.task: asyncio.Task[None] | None = None
        self.issued = 0
        for device, values in WELL.items():
            info = {"v": 1, "kind": "any", "name": device, "entities": {key: {} for key in values}}
            self.broker.publish(f"{ROOT}/{device}/info", json.dumps(info), retain=True)
            self.broker.publish(f"{ROOT}/{device}/availability", "online", retain=True)

    def start(self, mode: str = "on", policy: Policy = POLICY) -> None:
        link = self.broker.link("rules")
        live = Live(link, self.clock)
        automation = Automation(live, link, self.clock, policy, ZoneInfo("Europe/Bratislava"))
        settings = GridSwitchSettings("bms", "inverter", relay="contactor")
        self.rules = Rules(live, link, self.clock, settings, self.folder, mode, automation)
        self.task = asyncio.create_task(self.rules.run())

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    async def restart(self, mode: str = "on", policy: Policy = POLICY) -> None:
        """Start the rules anew; what was said before stays on record."""
        await self.stop()
        log = self.broker.log
        self.broker = MemoryBroker(self.clock, retained=self.broker.retained, log=log)
        self.start(mode, policy)

    def take(self, policy: Policy) -> None:
        """Have another policy taken up, as after a signal to read the site file anew."""
        settings = GridSwitchSettings("bms", "inverter", relay="contactor")
        site = Site(
            id="home",
            name="Home",
            time_zone=ZoneInfo("Europe/Bratislava"),
            fail_safe="grid_connected",
            broker=Broker("mqtt://memory"),
            folder=self.folder,
            record=RecordSpec(self.folder / "gridward.db"),
            rules=RulesSpec("on", settings, policy),
        )
        self.rules.reread(site)

    async def live(self, seconds: int) -> None:
        for _ in range(seconds):
            for device, values in self.states.items():
                state = {"v": 1, "at": iso(self.clock.time()), **values}
                self.broker.publish(f"{ROOT}/{device}/state", json.dumps(state), retain=True)
            if int(self.clock.monotonic()) % 5 == 0:
                self.issued += 1
                lease = json.dumps({"v": 1, "epoch": "e1", "n": self.issued})
                self.broker.publish(f"{ROOT}/contactor/lease", lease)
            await self.clock.turn(1.0)

    async def ask(self, entity: str, value: str | float, by: str = "page") -> str:
        return str((await self.answer(entity, value, by))["status"])

    async def answer(self, entity: str, value: str | float, by: str = "page") -> dict[str, object]:
        command = {"v": 1, "value": value, "id": f"c{len(self.broker.log)}", "by": by, "ttl": 10}
        self.broker.publish(f"{ROOT}/rules/{entity}/command", json.dumps(command))
        await self.clock.turn(0.0)
        found: dict[str, object] = json.loads(self.broker.said(f"{ROOT}/rules/{entity}/result")[-1])
        return found

    @property
    def commands(self) -> list[dict[str, object]]:
        return self.sent("source")

    def sent(self, key: str) -> list[dict[str, object]]:
        return [json.loads(payload) for payload in self.broker.said(f"{ROOT}/inverter/{key}/command")]

    @property
    def proposals(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = json.loads(self.broker.retained[f"{ROOT}/rules/proposals"])[
            "proposals"
        ]
        return found

    @property
    def decisions(self) -> dict[str, dict[str, dict[str, object]]]:
        found: dict[str, dict[str, dict[str, object]]]
        found = json.loads(self.broker.retained[f"{ROOT}/rules/decisions"])
        return found

    @property
    def shown(self) -> dict[str, object]:
        state: dict[str, object] = json.loads(self.broker.said(f"{ROOT}/rules/state")[-1])
        return state

    def said(self, key: str) -> object:
        return self.shown[key]

    def events(self, what: str = "inverter/source") -> list[dict[str, object]]:
        events = [json.loads(payload) for payload in self.broker.said(f"{ROOT}/audit")]
        return [event for event in events if event["what"] == what]
