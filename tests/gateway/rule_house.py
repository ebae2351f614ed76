"""A house in which a policy is at work, on a broker in memory with a turned clock."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.leased_house import ROOT, Devices
from gateway.plain_site import plain_site

from gridward.live import Live
from gridward.rules.automation import Automation
from gridward.rules.condition import Compare
from gridward.rules.policy import Policy, Rule, Wish
from gridward.rules.role import Rules
from gridward.rules.view import Ref
from gridward.site import GridSwitchSettings, RulesSpec
from gridward_kit.entity import CURRENT, Number
from gridward_kit.testing import MemoryBroker

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


class House(Devices):
    """A policy beside the grid switch."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, WELL)

    def start(self, mode: str = "on", policy: Policy = POLICY) -> None:
        link = self.broker.link("rules")
        live = Live(link, self.clock)
        automation = Automation(live, link, self.clock, policy, ZoneInfo("Europe/Bratislava"))
        settings = GridSwitchSettings("bms", "inverter", relay="contactor")
        self.rules = Rules(live, link, self.clock, settings, self.folder, mode, automation)
        self.task = asyncio.create_task(self.rules.run())

    async def restart(self, mode: str = "on", policy: Policy = POLICY) -> None:
        """Start the rules anew; what was said before stays on record."""
        await self.stop()
        log = self.broker.log
        self.broker = MemoryBroker(self.clock, retained=self.broker.retained, log=log)
        self.start(mode, policy)

    def take(self, policy: Policy, mode: str = "on") -> None:
        """Have another policy taken up, as after a signal to read the site file anew."""
        settings = GridSwitchSettings("bms", "inverter", relay="contactor")
        site = replace(plain_site(self.folder), rules=RulesSpec(mode, settings, policy))
        self.rules.reread(site)

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
