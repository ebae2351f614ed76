"""Serves the page of a plant's scene: real rules, store and page; devices and broker in memory.

`python -m tools.page_scene SCENE [--port N] [--prefix /P] [--refuses KEY] [--policy FILE]` prints one JSON
line with URL and token once it serves, and ends when its standard input does. The day before the scene is
lived and recorded first. For screenshots and for the page's tests.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

from tools.lived_day import lived
from tools.scene_devices import BMS, INVERTER, RELAY, SETTLING, SPECS, Devices

from gridward.api.serve import serve
from gridward.api.tokens import Tokens
from gridward.commands import Commands
from gridward.document import Fault
from gridward.energies.core import Tariff, Window
from gridward.live import Live
from gridward.planning.role import run_plan
from gridward.plant import scene
from gridward.policies.rulefile import path_of, read_policy
from gridward.recorder.store import Store
from gridward.rules.catalogue import Catalogue
from gridward.rules.policy import Policy
from gridward.rules.role import run_rules
from gridward.site import GridSwitchSettings, HttpSpec, RecordSpec, RulesSpec, Site
from gridward_kit.mqtt import Broker, Message
from gridward_kit.testing import MemoryBroker, TurnedClock

SILENT = 45.0
TICK = 0.25


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
