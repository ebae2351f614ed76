"""Runs the demo: broker, simulated devices, every role, and a summary at the end."""

import asyncio
import contextlib
import importlib.resources
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console

from gridward.api.tokens import Tokens
from gridward.broker import embedded_broker, free_port, port_is_free, visit
from gridward.commands import Commands
from gridward.config import load
from gridward.demo import yesterday
from gridward.demo.line import Lines
from gridward.live import Live
from gridward.plant import Plant, scene
from gridward.recorder.store import Store
from gridward.run import House, run
from gridward.site import Site
from gridward_kit.clock import SystemClock
from gridward_kit.integration import integrations
from gridward_kit.kept import Json
from gridward_kit.mqtt import MQTT_3, Broker, Message, MqttLink
from gridward_kit.tasks import end

PORT = 8480
TOUR = "output_source_priority"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person asked for on the command line."""

    seconds: float | None = None
    broker: str | None = None
    site: Path | None = None
    scene: str | None = None
    port: int | None = None
    quiet: bool = False


@dataclass(slots=True)
class Summary:
    """What the demo did, counted on the broker and in the store."""

    seconds: float = 0.0
    readings: int = 0
    published: int = 0
    stored: int = 0
    confirmed: int = 0
    decisions: int = 0
    commands: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Json]:
        """For scripts."""
        return {
            "seconds": round(self.seconds, 1),
            "readings_taken": self.readings,
            "states_published": self.published,
            "readings_stored": self.stored,
            "commands_confirmed": self.confirmed,
            "decisions": self.decisions,
            "commands": list(self.commands),
        }

    def words(self) -> str:
        """For a person."""
        told = "".join(f"\n  {line}" for line in self.commands)
        return (
            f"In {self.seconds:.0f} s: {self.readings} readings taken, {self.published} states published, "
            f"{self.stored} readings stored, {self.confirmed} commands confirmed, "
            f"{self.decisions} decisions.{told}"
        )


class Counter:
    """Listens on the broker as a stranger would, and counts."""

    def __init__(self, link: MqttLink, summary: Summary) -> None:
        self._summary = summary
        link.subscribe(f"{link.root}/+/telemetry", self._telemetry)
        link.subscribe(f"{link.root}/+/state", self._state)
        link.subscribe(f"{link.root}/+/+/result", self._result)

    def _telemetry(self, message: Message) -> None:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            self._summary.readings += len(json.loads(message.payload)["values"])

    def _state(self, message: Message) -> None:
        self._summary.published += 1
        self._summary.decisions += message.topic.endswith("/rules/state")

    def _result(self, message: Message) -> None:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            self._summary.confirmed += json.loads(message.payload)["status"] == "confirmed"


async def run_demo(wishes: Wishes) -> Summary:
    """Run until the time is over, or until cancelled (then without a summary).

    Raises ValueError for a scene or broker URL that is none, OSError where that broker takes nobody.
    """
    clock = SystemClock()
    summary = Summary()
    with tempfile.TemporaryDirectory(prefix="gridward-demo-") as name:
        folder = Path(name)
        site, plant = _begin(wishes, folder, clock.time())
        before = _stored(site)
        lines = Lines(site, plant, folder / "ports")
        try:
            async with _broker(wishes) as broker:
                house = House(lines.site, clock, broker)
                await _live(wishes, house, lines, summary)
        finally:
            lines.stop()
        summary.stored = _stored(lines.site) - before
    return summary


async def _live(wishes: Wishes, house: House, lines: Lines, summary: Summary) -> None:
    began = house.clock.monotonic()
    link = house.link("demo")
    Counter(link, summary)
    tasks = [
        asyncio.create_task(work) for work in (lines.run(), link.run(), run(house, house.site.role_names()))
    ]
    token = Tokens(house.site.folder).renew()
    if not wishes.quiet:
        tasks.append(asyncio.create_task(_say_where(house, token)))
    if wishes.seconds is not None:
        tasks.append(asyncio.create_task(_tour(link, house, summary)))
    try:
        ended, _ = await asyncio.wait(tasks[:3], timeout=wishes.seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        summary.seconds = house.clock.monotonic() - began
        await end(tasks)


async def _tour(link: MqttLink, house: House, summary: Summary) -> None:
    """Press two buttons, so that a run without a person shows commands too."""
    clock = house.clock
    live, commands = Live(link, clock), Commands(link, clock)
    kinds = {item.id: integrations()[item.integration].kind for item in house.site.all_devices()}
    inverter = next((device for device, kind in kinds.items() if kind == "inverter"), None)
    while inverter is None or live.value(inverter, TOUR) is None:
        await clock.sleep(0.5)
    for value in ("SUB", "SBU"):
        began = clock.monotonic()
        async for result in commands.ask(inverter, TOUR, value, "demo"):
            if result.final:
                took = clock.monotonic() - began
                reason = f": {result.reason}" if result.reason else ""
                summary.commands.append(
                    f"{inverter} output source {value}: {result.status} after {took:.1f} s{reason}"
                )


def _begin(wishes: Wishes, folder: Path, now: float) -> tuple[Site, Plant]:
    """The site and its plant: at the wished scene, or with a day behind it."""
    site = _site(wishes, folder)
    if wishes.scene is not None:
        return site, Plant(scene(wishes.scene))
    zone = yesterday.zone_at_noon(now)
    plant = Plant(yesterday.house(now, zone))
    store = Store(site.record.store)
    try:
        yesterday.live_through(plant, store, now, site.tariff)
    finally:
        store.close()
    return replace(site, time_zone=zone, longitude=yesterday.longitude(now, zone)), plant


def _site(wishes: Wishes, folder: Path) -> Site:
    """The demo's own site file, or the person's; state and store go to the demo's folder."""
    if wishes.site is not None:
        site = load(wishes.site)
    else:
        path = folder / "site.yaml"
        with importlib.resources.as_file(importlib.resources.files("gridward.demo") / "site.yaml") as own:
            shutil.copy(own, path)
        site = load(path)
    port = wishes.port or (PORT if port_is_free(PORT) else free_port())
    return replace(
        site,
        folder=folder,
        record=replace(site.record, store=folder / "gridward.db"),
        http=replace(site.http, port=port),
    )


@contextlib.asynccontextmanager
async def _broker(wishes: Wishes) -> AsyncIterator[Broker]:
    if wishes.broker is not None:
        broker = Broker(wishes.broker)
        async with visit(broker, "gridward/demo/visit"):
            pass
        yield broker
        return
    async with embedded_broker(free_port()) as url:
        yield Broker(url, version=MQTT_3)


async def _say_where(house: House, token: str) -> None:
    """Once the page answers, tell where it is."""
    http = house.site.http
    while port_is_free(http.port):
        await house.clock.sleep(0.2)
    console = Console(stderr=True, highlight=False)
    scheme = "https" if http.listen == "lan" else "http"
    console.print(
        f"\n  [bold]{scheme}://127.0.0.1:{http.port}{http.prefix}/[/bold]   token: [bold]{token}[/bold]"
    )
    console.print(f"  broker {house.broker.where}; Home Assistant finds the devices there")
    console.print(
        "  simulated: inverter, battery, meters, contactor, sun and household; the rest is the real program"
    )
    console.print("  Ctrl+C ends it\n")


def _stored(site: Site) -> int:
    if not site.record.store.exists():
        return 0
    store = Store(site.record.store)
    try:
        return store.count()
    finally:
        store.close()
