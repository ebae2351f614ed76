"""A whole site in a folder: its file, its simulated devices on pseudo-terminals, its roles in processes."""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gridward.config import load
from gridward.run import House, run
from gridward_axpert import INTEGRATION as AXPERT
from gridward_axpert.simulator import AxpertSimulator
from gridward_daly import INTEGRATION as DALY
from gridward_daly.simulator import DalyBoard
from gridward_kit.clock import Clock
from gridward_kit.integration import Line
from gridward_kit.kept import Json
from gridward_kit.mqtt import Broker, Message, MqttLink
from gridward_kit.simulate import serve_pty
from gridward_kit.tasks import end
from gridward_kit.wired import kept_form
from gridward_relay.simulator import Board

SITE = """\
version: 1
site: {{id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}}
{hosts}
mqtt: {{url: "{url}"}}
buses:
  - {{id: one, port: {ports}/inverter, devices: [{{id: inverter, integration: axpert, writable: true}}]}}
  - {{id: two, port: {ports}/bms, devices: [{{id: bms, integration: daly, writable: true}}]}}
devices:
  - id: contactor
    integration: relay
    driver: modbus
    port: {ports}/contactor
    contact: normally_closed
    feedback_input: 0
    lease: 10s
roles: {{pv: inverter, load: inverter, battery: bms, grid_switch: contactor}}
rules: {{mode: "on", grid_switch: {{settle: 0s}}}}
"""
PROGRAM = (str(Path(sys.executable).with_name("gridward")),)
INSTANT = Line(baud=1_000_000)


@dataclass
class Devices:
    """What stands in the cellar: an inverter, a battery and a contactor's relay board."""

    inverter: AxpertSimulator = field(default_factory=lambda: AxpertSimulator({}))
    bms: DalyBoard = field(default_factory=DalyBoard)
    board: Board = field(default_factory=Board)

    def islanded(self) -> bool:
        """Whether the contactor stands open at this moment."""
        return not self.board.closed(asyncio.get_running_loop().time())


@contextmanager
def plugged_in(folder: Path) -> Iterator[Devices]:
    """The devices, each on its pseudo-terminal below the folder; what they are is known already."""
    devices = Devices()
    places = {"inverter": devices.inverter, "bms": devices.bms, "contactor": devices.board}
    served = [
        serve_pty([device], INSTANT, link=folder / name, turnaround=0.0, chunk=4096)
        for name, device in places.items()
    ]
    try:
        yield devices
    finally:
        for one in served:
            one.unplug()


def site_file(folder: Path, ports: Path, url: str, hosts: str = "") -> Path:
    """Write a site file, and the identities that an earlier run would have kept."""
    path = folder / "site.yaml"
    (folder / "state").mkdir(parents=True, exist_ok=True)
    path.write_text(SITE.format(ports=ports, url=url, hosts=hosts))
    for name, integration in (("inverter", AXPERT), ("bms", DALY)):
        assert integration.example
        kept = {"identity": kept_form(integration.example)}
        (folder / "state" / f"{name}.json").write_text(json.dumps(kept))
    return path


@asynccontextmanager
async def roles(path: Path, clock: Clock, names: tuple[str, ...]) -> AsyncIterator[House]:
    """Run roles of a site in this process."""
    site = load(path)
    house = House(site, clock, site.broker)
    task = asyncio.create_task(run(house, names))
    try:
        yield house
        assert not task.done()
    finally:
        await end((task,))


@contextmanager
def process(
    path: Path, *arguments: str, program: tuple[str, ...] = PROGRAM
) -> Iterator[subprocess.Popen[bytes]]:
    """`gridward run` in a process of its own; its log goes to a file beside the site file."""
    command = [*program, "run", *arguments, str(path)]
    with (path.parent / "log.txt").open("ab") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield running
        finally:
            with contextlib.suppress(ProcessLookupError):
                running.kill()
            running.wait()


class Listener:
    """A stranger on the broker: the last payload of each topic, and all of them in order."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.link = MqttLink(Broker(url), "home", "listener", clock)
        self.all: list[tuple[str, bytes, bool]] = []
        self.last: dict[str, bytes] = {}
        for topic in (f"{self.link.root}/#", "homeassistant/#"):
            self.link.subscribe(topic, self._heard)

    def _heard(self, message: Message) -> None:
        self.all.append((message.topic, message.payload, message.retain))
        self.last[message.topic] = message.payload

    def state(self, device: str) -> dict[str, Json]:
        """The last state of a device, empty before the first."""
        content: dict[str, Json] = json.loads(self.last.get(f"gridward/home/{device}/state") or b"{}")
        return content

    def command(self, device: str, key: str, value: Json, identifier: str) -> None:
        """Ask for a value."""
        wish = {"v": 1, "value": value, "id": identifier, "by": "http", "ttl": 100}
        self.link.publish(f"gridward/home/{device}/{key}/command", json.dumps(wish))

    def result(self, identifier: str) -> dict[str, Json] | None:
        """What became of a command in the end, None while it is not known."""
        told = (json.loads(payload) for topic, payload, _ in self.all if topic.endswith("/result"))
        return next((one for one in told if one["id"] == identifier and one["status"] != "accepted"), None)

    def audit(self, what: str) -> list[dict[str, Json]]:
        """All audit events of one thing."""
        told = (json.loads(payload) for topic, payload, _ in self.all if topic == "gridward/home/audit")
        return [one for one in told if one["what"] == what]


@asynccontextmanager
async def listening(url: str, clock: Clock) -> AsyncIterator[Listener]:
    """A listener with its connection."""
    listener = Listener(url, clock)
    task = asyncio.create_task(listener.link.run())
    try:
        yield listener
    finally:
        await end((task,))
