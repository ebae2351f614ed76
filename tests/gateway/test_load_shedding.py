"""Reserve-and-shed from a site file to plugs and a board: rules, commands, loads, all on one broker."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import gpiozero
import pytest
from gateway.leased_house import ROOT
from gateway.rule_house import House
from gpiozero.pins.mock import MockFactory
from plugs import SWITCHES, SimulatedSwitch, Tasmota

from gridward.config import load
from gridward.rehearsal.house import House as Rehearsed
from gridward.rules.policy import Policy
from gridward.rules.view import Ref
from gridward.site import Site
from gridward_kit.device import Device
from gridward_kit.info import Setup
from gridward_kit.integration import Options, integrations

SITE = """\
version: 1
site: {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}
mqtt: {url: embedded}
buses:
  - {id: a, port: /dev/ttyUSB0, devices: [{id: inverter, integration: axpert, writable: true}]}
  - {id: b, port: /dev/ttyUSB1, devices: [{id: bms, integration: daly}]}
devices:
  - {id: contactor, integration: relay, driver: gpio, pin: 26, closed_when: low}
  - {id: boiler, integration: relay, duty: load, driver: mqtt, style: tasmota, topic: grid, writable: true}
  - {id: pump, integration: relay, duty: load, driver: gpio, pin: 20, closed_when: high, writable: true}
  - {id: freezer, integration: relay, duty: load, driver: gpio, pin: 21, closed_when: high, writable: true}
roles: {battery: bms, load: inverter, pv: inverter, grid_switch: contactor}
loads:
  - {id: boiler, device: boiler, priority: 8}
  - {id: pump, device: pump, priority: 3}
  - {id: freezer, device: freezer, critical: true}
plant: {loads: {boiler: 1500, pump: 300}}
rules:
  mode: "on"
  grid_switch: {}
  policy: reserve-and-shed
  settings: {notice: 1, calm: 1, least_on: 1, least_off: 1, quiet_from: "02:00", quiet_to: "02:01"}
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "site.yaml").write_text(SITE)
    return load(tmp_path / "site.yaml")


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    factory = MockFactory()
    before, gpiozero.Device.pin_factory = gpiozero.Device.pin_factory, factory
    yield factory
    factory.reset()
    gpiozero.Device.pin_factory = before


class Street(House):
    """The house of the rules, its loads served by the relay integration as the site file says."""

    def __init__(self, site: Site) -> None:
        self.site = site
        super().__init__(site.folder)
        self.states["inverter"] |= {"grid_voltage": 230.0, "output_source_priority": "SBU"}
        self.states["site"] = {"soc": 60.0, "grid_power": 300.0}
        info = {"v": 1, "kind": "site", "name": "Site", "entities": {"soc": {}, "grid_power": {}}}
        self.broker.publish(f"{ROOT}/site/info", json.dumps(info), retain=True)
        self.broker.publish(f"{ROOT}/site/availability", "online", retain=True)
        self.plug: SimulatedSwitch = SWITCHES["tasmota"](self.broker, self.clock)
        assert isinstance(self.plug, Tasmota)
        self.plug.pulse = 0
        self.plug.turn(on=True)

    @property
    def policy(self) -> Policy:
        assert self.site.rules.policy is not None
        return self.site.rules.policy

    @contextlib.asynccontextmanager
    async def lived_in(self) -> AsyncIterator[None]:
        relay = integrations()["relay"]
        served: list[asyncio.Task[None]] = []
        for spec in self.site.devices:
            if spec.options.get("duty") == "load":
                setup = Setup(spec.id, relay, spec.name, self.folder, writable=spec.writable)
                role = f"device_{spec.id}"
                device = Device(setup, self.broker.link(role), self.clock)
                self.broker.publish(f"{ROOT}/{role}/availability", "online", retain=True)
                served.append(asyncio.create_task(self.serve(device, spec.options)))
        self.start(policy=self.policy)
        try:
            await self.live(70)
            yield
        finally:
            await self.stop()
            for task in served:
                task.cancel()
            await asyncio.gather(*served, return_exceptions=True)

    async def serve(self, device: Device, options: Options) -> None:
        serve = integrations()["relay"].serve
        assert serve is not None
        await serve(device, options)

    def load(self, device: str) -> object:
        return json.loads(self.broker.retained[f"{ROOT}/{device}/state"]).get("switch")

    @property
    def loads(self) -> tuple[object, ...]:
        return tuple(self.load(one) for one in ("boiler", "pump", "freezer"))


@pytest.mark.usefixtures("pins")
async def test_loads_go_one_after_the_other_and_come_back_and_the_critical_one_stays(site: Site) -> None:
    house = Street(site)
    async with house.lived_in():
        assert house.loads == (True, True, True)
        house.states["inverter"]["grid_voltage"] = 0.0
        house.states["site"]["soc"] = 33.0
        await house.live(80)
        assert house.loads == (False, True, True)
        assert not house.plug.is_on()
        house.states["site"]["soc"] = 28.0
        await house.live(80)
        assert house.loads == (False, False, True)
        house.states["site"]["soc"] = 10.0
        await house.live(80)
        assert house.load("freezer") is True
        house.states["inverter"]["grid_voltage"] = 230.0
        house.states["site"]["soc"] = 60.0
        await house.live(230)
        assert house.loads == (True, True, True)
        assert house.plug.is_on()
    results = [json.loads(one) for one in house.broker.said(f"{ROOT}/boiler/switch/result")]
    assert [one["status"] for one in results] == ["accepted", "confirmed"] * 2
    assert {one["by"].partition(":")[0] for one in results} == {"rules"}


@pytest.mark.usefixtures("pins")
async def test_the_gateway_goes_and_the_loads_stay_as_they_are(site: Site) -> None:
    house = Street(site)
    async with house.lived_in():
        house.states["inverter"]["grid_voltage"] = 0.0
        house.states["site"]["soc"] = 33.0
        await house.live(80)
    await house.clock.turn(600)
    assert not house.plug.is_on()


def test_a_rehearsal_switches_the_same_loads(site: Site) -> None:
    rehearsed = Rehearsed.of(site, datetime(2026, 1, 20, tzinfo=ZoneInfo("Europe/Bratislava")), 1)
    boiler = Ref("boiler", "switch", "boiler.switch", "")
    assert rehearsed.command(boiler, False, "rules:business", 0.0) is None
    assert rehearsed.sources(0.0)["boiler"].flag("switch") is False
