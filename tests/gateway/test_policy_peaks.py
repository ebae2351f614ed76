"""Peak shaving on the plant: 15 kW of load under a contract of 8 kW, also while a schedule charges."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gridward.config import load
from gridward.plant import bms
from gridward.rehearsal.house import House
from gridward.rules.alarms import standing
from gridward.rules.engine import Inputs, Memory, decide
from gridward.rules.view import View
from gridward.site import Site

CONTRACT = 8000.0
GUARDED = bms.LIMITS["discharge_overcurrent"]
REACTION = 10  # s in which the rules must have acted, as the policy's page says
ZONE = ZoneInfo("Europe/Bratislava")
SITE = """\
version: 1
site: {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}
mqtt: {url: embedded}
buses:
  - id: a
    port: /dev/ttyUSB0
    devices: [{id: inverter, integration: axpert, writable: true}]
  - id: b
    port: /dev/ttyUSB1
    devices: [{id: bms, integration: daly}]
  - id: c
    port: /dev/ttyUSB2
    devices: [{id: meter, integration: eastron, address: 1, side: grid}]
roles: {battery: bms, load: inverter, pv: inverter, grid: meter}
plant: {inverter_kw: 20, battery_kwh: 60, outages: 0, appliances: 0}
rules:
  grid_switch: {}
  policies: [axpert-lifepo4-16s, charging.yaml, peak-shaving]
"""
CHARGING = """\
version: 1
policy: charging
purpose: schedule
rules:
  - id: charge
    says: The schedule charges from the grid.
    when: {inverter.grid_voltage: {above: 100}}
    then: {inverter.output_source_priority: USB, inverter.charger_source_priority: solar_and_utility}
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "charging.yaml").write_text(CHARGING)
    (tmp_path / "site.yaml").write_text(SITE)
    return load(tmp_path / "site.yaml")


class Watched:
    """A house with its rules, second by second; `imports` are W from the grid after each of them."""

    def __init__(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        two_boards = bms.Limit(480, 520, 0, "discharge", hold=30)
        guards = ((two_boards if one is GUARDED else one, *keys) for one, *keys in bms.GUARDS)
        monkeypatch.setattr(bms, "GUARDS", tuple(guards))
        self.house = House.of(site, datetime(2026, 1, 10, 20, tzinfo=ZONE), seed=3)
        self.plant = self.house.plant
        assert site.rules.policy is not None
        self.policy = site.rules.policy
        self.memory = Memory()
        self.now = 0.0
        self.imports: list[float] = []
        self.writes: list[tuple[str, object]] = []
        self.stores({"output_source_priority": "USB", "max_utility_charging_current": 30})

    def stores(self, changes: dict[str, str | int]) -> None:
        """Settings as a person left them."""
        self.plant.settings_from({**self.plant.inverter_settings(), **changes})

    def run(self, seconds: int) -> list[float]:
        """The imports of these seconds."""
        for _ in range(seconds):
            self.plant.step(1.0)
            self.now += 1.0
            view = View(self.house.sources(self.now), self.plant.now)
            decisions, self.memory = decide(Inputs(view), self.policy, self.now, self.memory)
            for one in decisions:
                if one.code == "write" and one.value is not None:
                    assert not self.house.command(one.output, one.value, "rules:business", self.now)
                    self.writes.append((one.output.key, one.value))
            self.imports.append(self.plant.flows.grid)
        return self.imports[-seconds:]


def worst_minute(imports: list[float]) -> float:
    return max(sum(imports[at : at + 60]) / 60 for at in range(0, len(imports) - 59, 60))


def test_a_load_of_15_kw_never_takes_more_than_8_kw_from_the_grid_also_while_a_schedule_charges(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(site, monkeypatch)
    charging = watched.run(300)
    assert watched.plant.inverter.settings.charger_source_priority == "solar_and_utility"
    assert 1000 < charging[-1] < CONTRACT  # the schedule charges
    watched.plant.extra_load = 15_000
    peak = watched.run(1800)
    assert peak[1] > CONTRACT  # there is something to shave
    assert max(peak[REACTION:]) <= CONTRACT
    assert worst_minute(peak[REACTION:]) <= CONTRACT
    assert watched.plant.flows.unserved == 0
    watched.plant.extra_load = 0
    after = watched.run(3600)
    assert max(after) <= CONTRACT
    assert watched.plant.inverter.settings.charger_source_priority == "solar_and_utility"
    assert len(watched.writes) <= 6


def test_charging_is_given_up_before_the_battery_has_to_give(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(site, monkeypatch)
    watched.run(300)
    watched.plant.extra_load = 7000
    peak = watched.run(600)
    assert max(peak[REACTION:]) <= CONTRACT
    assert watched.plant.inverter.settings.charger_source_priority == "only_solar"
    assert watched.plant.inverter.settings.output_source_priority == "USB"


def test_a_load_that_swings_around_the_contract_does_not_wear_the_settings_out(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(site, monkeypatch)
    watched.run(300)
    for minute in range(120):
        watched.plant.extra_load = 9000 if minute % 3 == 0 else 3000
        assert max(watched.run(60)[REACTION:]) <= CONTRACT
    assert len(watched.writes) <= 8


def test_an_empty_bank_cannot_and_says_so(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(site, monkeypatch)
    watched.plant.bms.counted = 0.1 * watched.plant.settings.battery.capacity
    watched.run(300)
    watched.plant.extra_load = 12_000
    assert min(watched.run(300)[REACTION:]) > CONTRACT
    assert [rule.id for rule in standing(watched.policy, watched.memory)] == ["contract_exceeded"]
