"""A house without a contactor: its policies run, and of a grid switch there is nothing."""

import asyncio
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from gateway.leased_house import ROOT
from gateway.rule_house import POLICY, House
from gateway.ruled_site import SITE
from typer.testing import CliRunner

from gridward.cli import app
from gridward.config import load
from gridward.document import SiteFault
from gridward.live import Live
from gridward.rules.automation import Automation
from gridward.rules.policy import Policy
from gridward.rules.role import Rules
from gridward.site import GridSwitchSettings

POLICIES = SITE.replace("grid_switch: {}", "mode: on\n  policy: axpert-lifepo4-16s")


class Uncut(House):
    """The same house, whose grid nobody switches."""

    def start(self, mode: str = "on", policy: Policy = POLICY, *, stated: bool = False) -> None:
        link = self.broker.link("rules")
        live = Live(link, self.clock)
        automation = Automation(live, link, self.clock, policy, ZoneInfo("Europe/Bratislava"))
        settings = GridSwitchSettings("bms", "inverter", stated=stated)
        self.rules = Rules(live, link, self.clock, settings, self.folder, mode, automation)
        self.task = asyncio.create_task(self.rules.run())


def test_its_policy_loads_and_show_says_that_there_is_no_switch(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(POLICIES)
    found = load(file).rules
    assert (found.mode, found.policy is None) == ("on", False)
    assert found.grid_switch is not None
    assert (found.grid_switch.relay, found.grid_switch.stated) == (None, False)
    shown = CliRunner().invoke(app, ["rules", "show", str(file)])
    assert "grid_switch: 'absent: no contactor; all else is done'" in shown.output
    file.write_text(
        POLICIES.replace("daly}", "daly}").replace("policy: axpert-lifepo4-16s", "grid_switch: {}")
    )
    with pytest.raises(SiteFault, match="but no contactor"):
        load(file)


def test_who_has_a_contactor_says_when_it_switches(tmp_path: Path) -> None:
    relay = "devices: [{id: contactor, integration: relay, driver: gpio, pin: 26, closed_when: low}]\n"
    text = POLICIES.replace("pv: inverter}", "pv: inverter, grid_switch: contactor}") + relay
    (tmp_path / "site.yaml").write_text(text)
    with pytest.raises(SiteFault, match="no `grid_switch`"):
        load(tmp_path / "site.yaml")


@pytest.mark.parametrize("stated", [False, True])
async def test_its_rules_set_devices_and_nothing_speaks_of_islanding(tmp_path: Path, stated: bool) -> None:
    house = Uncut(tmp_path)
    house.states["bms"]["voltage"] = 50.0
    house.start(stated=stated)
    try:
        await house.live(80)
        assert [one["value"] for one in house.commands] == ["USB"]
        words = "The rules set devices. This site has no contactor: its grid stays as the hardware has it."
        assert house.said("sentence") == words
        assert house.shown.get("decision") == ("connected" if stated else None)
        assert "would" not in house.shown
        assert house.broker.said(f"{ROOT}/contactor/lease/renew") == []
        if stated:
            told = await house.answer("grid_override", "connected")
            assert (told["status"], "no contactor" in str(told["reason"])) == ("refused", True)
        await house.ask("override", "stop for 2h")
        await house.live(2)
        assert str(house.said("sentence")).startswith("Automatic writes are stopped by hand for another")
    finally:
        await house.stop()


async def test_a_contactor_that_it_might_have_is_still_thought_of_in_the_first_week(tmp_path: Path) -> None:
    house = Uncut(tmp_path)
    house.start("observe", replace(POLICY, rules=()), stated=True)
    try:
        await house.live(80)
        assert house.said("would") == "islanded"
        assert "would switch the grid off" in str(house.said("sentence"))
    finally:
        await house.stop()
