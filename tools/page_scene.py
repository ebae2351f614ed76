"""Serves the page of a plant's scene: real rules, store and page; devices and broker in memory.

`page_scene.py SCENE [--port N] [--prefix /P] [--refuses KEY] [--policy FILE]` prints one JSON line with
URL and token once it serves, and ends when its standard input does. The day before the scene is lived and
recorded first. For screenshots and for the page's tests.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import gridward_axpert
import gridward_daly
import gridward_relay
from gridward.api.serve import serve
from gridward.api.tokens import Tokens
from gridward.commands import Commands
from gridward.document import Fault
from gridward.energies.core import Tariff, Window
from gridward.live import Live
from gridward.planning.role import run_plan
from gridward.plant import Plant, PlantSettings, scene
from gridward.policies.rulefile import path_of, read_policy
from gridward.recorder.store import Parcel, Store
from gridward.rules.catalogue import Catalogue
from gridward.rules.policy import Policy
from gridward.rules.role import run_rules
from gridward.site import (
    DeviceSpec,
    GridSwitchSettings,
    HttpSpec,
    RecordSpec,
    RulesSpec,
    Site,
)
from gridward_kit.clock import iso
from gridward_kit.command import Command
from gridward_kit.device import Device
from gridward_kit.entity import Entity
from gridward_kit.errors import Refused
from gridward_kit.info import Setup
from gridward_kit.integration import Identity, Integration
from gridward_kit.kept import Json
from gridward_kit.mqtt import Broker, Message
from gridward_kit.point import Value
from gridward_kit.testing import MemoryBroker, TurnedClock
from gridward_relay.entities import ENTITIES, FEEDBACK, POSITION

DAY = 86400.0
MINUTE = 60.0
SETTLING = 300.0
SILENT = 45.0
TICK = 0.25
BEGAN_AT, EXTRA = 40.0, 250.0  # % and W: a day that empties and fills the battery
CONNECT_BELOW, ISLAND_ABOVE, WAIT = 51.2, 51.8, 240.0
INVERTER = gridward_axpert.INTEGRATION
BMS = gridward_daly.INTEGRATION
RELAY = gridward_relay.INTEGRATION
SPECS = (
    DeviceSpec("inverter", "axpert", "Inverter", writable=True),
    DeviceSpec("bms", "daly", "BMS", writable=True),
    DeviceSpec("contactor", "relay", "Grid contactor"),
)


def policy_of(name: str) -> Policy | None:
    """The shipped policy of this name, or the rule file at this path; raises ValueError with its faults."""
    if not name:
        return None
    faults: list[Fault] = []
    known = {one.domain: one for one in (INVERTER, BMS, RELAY)}
    catalogue = Catalogue(SPECS, {"battery": "bms", "pv": "inverter", "load": "inverter"}, "inverter", known)
    policy = read_policy(path_of(name, Path()), catalogue, faults)
    if faults:
        raise ValueError("; ".join(str(fault) for fault in faults))
    return policy


def site_of(folder: Path, port: int, prefix: str, mode: str, policy: str = "") -> Site:
    """The site whose page is served; `mode` is that of its rules."""
    return Site(
        id="home",
        name="Home",
        time_zone=ZoneInfo("Europe/Bratislava"),
        fail_safe="grid_connected",
        broker=Broker("mqtt://memory"),
        folder=folder,
        record=RecordSpec(folder / "gridward.db"),
        latitude=48.15,
        longitude=17.11,
        tariff=Tariff("EUR", 0.28, 0.05, (Window(frozenset(range(7)), time(22), time(6), 0.14),)),
        devices=SPECS,
        roles={"pv": "inverter", "load": "inverter", "battery": "bms", "grid_switch": "contactor"},
        rules=RulesSpec(
            mode,
            GridSwitchSettings(battery="bms", inverter="inverter", relay="contactor"),
            policy_of(policy),
        ),
        http=HttpSpec(port=port, prefix=prefix),
    )


def lived(settings: PlantSettings, store: Store) -> Plant:
    """The plant at its scene's moment, after a day that was recorded minute by minute."""
    battery = replace(settings.battery, soc=BEGAN_AT)
    start = settings.start - timedelta(days=1)
    plant = Plant(replace(settings, start=start, battery=battery, bms_answering=True, contactor_closed=False))
    plant.extra_load = EXTRA
    wanted = settings.contactor_closed
    low = 0.0
    for number in range(int(DAY / MINUTE)):
        plant.run(MINUTE)
        volts, discharging = plant.battery.voltage, plant.flows.current < 0
        low = low + MINUTE if volts < CONNECT_BELOW and discharging else 0.0
        closed = plant.contactor_closed
        if not closed and low >= WAIT:
            plant.contactor_closed = True
            _decided(store, plant, f"Bank at {volts:.1f} V and discharging for 4 of 4 minutes.")
        elif closed and volts > ISLAND_ABOVE:
            plant.contactor_closed = False
            _decided(store, plant, f"Bank at {volts:.1f} V, above {ISLAND_ABOVE} V.")
        _record(store, plant, number)
    plant.contactor_closed = wanted
    store.commit()
    return plant


def _decided(store: Store, plant: Plant, reason: str) -> None:
    before, after = ("islanded", "connected") if plant.contactor_closed else ("connected", "islanded")
    event: dict[str, Json] = {
        "v": 1,
        "at": iso(plant.moment),
        "what": "rules/decision",
        "by": "rules",
        "before": before,
        "after": after,
        "status": "decided",
        "reason": reason,
    }
    store.audit(plant.moment, event)


def _record(store: Store, plant: Plant, number: int) -> None:
    battery = plant.bms.readings()
    values: dict[str, dict[str, Value]] = {
        "site": {
            "pv_power": plant.flows.pv,
            "load_power": plant.flows.load,
            "battery_power": battery["power"],
            "grid_power": plant.flows.grid,
            "soc": battery["soc"],
        },
        "bms": {"voltage": battery["voltage"]},
        "contactor": {"closed": plant.contactor_closed},
    }
    for device, item in values.items():
        store.add(Parcel(device, "lived", number + 1, plant.moment, item))
    if number % 60 == 0:
        store.commit()


class Devices:
    """Inverter, BMS and contactor as the broker sees them, measuring one plant."""

    def __init__(
        self, plant: Plant, broker: MemoryBroker, clock: TurnedClock, folder: Path, refuses: str
    ) -> None:
        self.plant, self._clock, self._refuses = plant, clock, refuses
        self._epoch, self._sent, self._leased = "scene", 0, 0.0
        self._islanding = not plant.contactor_closed
        self._settings = plant.inverter_settings()
        self._own: dict[str, Value] = {}

        def device(spec: DeviceSpec, integration: Integration) -> Device:
            setup = Setup(spec.id, integration, spec.name, folder, writable=spec.writable, port="in memory")
            return Device(setup, broker.link(f"bus:{spec.id}"), clock, perform=self._perform)

        self.inverter, self.bms, self.contactor = (
            device(spec, integration) for spec, integration in zip(SPECS, (INVERTER, BMS, RELAY), strict=True)
        )
        for item, identity in ((self.inverter, INVERTER.example), (self.bms, BMS.example)):
            dialect = item.setup.integration.dialect
            assert identity is not None and dialect is not None  # noqa: PT018, S101
            item.describe(identity, dialect(identity, {}).entities)
        for item in (self.inverter, self.bms, self.contactor):
            item.link.publish(f"{item.link.root}/{item.link.role}/availability", "online", retain=True)
        rows = (POSITION, FEEDBACK, *ENTITIES)
        self.contactor.describe(Identity("Simulated board", "modbus"), rows)
        link = self.contactor.link
        link.subscribe(f"{link.root}/contactor/lease/renew", self._renewed)

    async def run(self) -> None:
        """Measure once a second."""
        while True:
            self._measure()
            await self._clock.sleep(1.0)
            self.plant.run(1.0)

    def _measure(self) -> None:
        now = self._clock.monotonic()
        self._lease(now)
        self.plant.settings_from(self._settings)
        self.inverter.read(
            {**self.plant.inverter_readings(), **self._settings, **self._own, "output_mode": "single"}, 1.0
        )
        self.inverter.publish()
        if battery := self.plant.battery_readings():
            self.bms.read(battery, 1.0)
            self.bms.publish()
        elif self.bms.available:
            self.bms.lost("no answer to 0x90")
        where = "connected" if self.plant.contactor_closed else "islanded"
        closed = self.plant.contactor_closed
        self.contactor.read({"position": where, "feedback": where, "closed": closed, "locked": False}, 1.0)
        self.contactor.publish()

    def _lease(self, now: float) -> None:
        link = self.contactor.link
        if int(now) % 5 == 0:
            self._sent += 1
            pair = {"v": 1, "epoch": self._epoch, "n": self._sent}
            link.publish(f"{link.root}/contactor/lease", json.dumps(pair), qos=0)
        self.plant.contactor_closed = now > self._leased and not (self._islanding and now < 1000 + SETTLING)

    def _renewed(self, message: Message) -> None:
        if json.loads(message.payload).get("n") == self._sent:
            self._leased = message.at + 30.0

    async def _perform(self, row: Entity, command: Command) -> Value:
        """Obey after a moment, as a device does that is read back."""
        await self._clock.sleep(1.0)
        if row.key == self._refuses:
            raise Refused("the inverter says no in this mode")
        target = self._settings if row.key in self._settings else self._own
        target[row.key] = command.value
        self.inverter.read({row.key: command.value}, 1.0)
        return command.value


async def main(wanted: argparse.Namespace) -> None:
    """Live the day, settle, serve until standard input ends."""
    with tempfile.TemporaryDirectory(prefix="gridward-scene-") as name:
        folder = Path(name)
        site = site_of(folder, wanted.port, wanted.prefix, wanted.mode, wanted.policy)
        settings = scene(wanted.scene)
        store = Store(site.record.store)
        plant = lived(settings, store)
        clock = TurnedClock(settings.start.timestamp() - SETTLING - SILENT)
        broker = MemoryBroker(clock)
        http = broker.link("http")
        http.subscribe(f"{http.root}/audit", lambda message: _audit(store, clock, message))
        live, commands = Live(http, clock), Commands(http, clock)
        tokens = Tokens(folder)
        devices = Devices(plant, broker, clock, folder / "state", wanted.refuses)
        tasks = [
            asyncio.create_task(devices.run()),
            asyncio.create_task(run_rules(site, broker.link("rules"), clock)),
            asyncio.create_task(run_plan(site, broker.link("plan"), clock)),
        ]
        await clock.turn(SETTLING)
        plant.bms_answering = settings.bms_answering
        await clock.turn(SILENT)
        tasks.append(asyncio.create_task(serve(site, live, commands, store.read, clock, tokens)))
        tasks.append(asyncio.create_task(_tick(clock, broker)))
        await _open(site.http.port)
        url = f"http://127.0.0.1:{site.http.port}{site.http.prefix}/"
        sys.stdout.write(json.dumps({"url": url, "token": tokens.made}) + "\n")
        sys.stdout.flush()
        ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
        done, _ = await asyncio.wait({ended, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        store.close()
        for task in done - {ended}:
            task.result()


async def _open(port: int) -> None:
    """Wait until the page's port answers; raises TimeoutError."""
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


def _audit(store: Store, clock: TurnedClock, message: Message) -> None:
    store.audit(clock.time(), json.loads(message.payload))


async def _tick(clock: TurnedClock, broker: MemoryBroker) -> None:
    """Turn the scene's clock as the world's turns."""
    while True:
        await asyncio.sleep(TICK)
        await clock.turn(TICK)
        broker.log.clear()


def wishes() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("scene", help="sunny_noon, outage_at_dusk, broken_bms or night_on_battery")
    parser.add_argument("--port", type=int, default=8480)
    parser.add_argument("--prefix", default="")
    parser.add_argument("--mode", default="on", choices=("off", "observe", "on"))
    parser.add_argument("--policy", default="", help="a shipped policy, or a rule file")
    parser.add_argument("--refuses", default="", help="a setting that the inverter refuses")
    return parser.parse_args()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    asyncio.run(main(wishes()))
