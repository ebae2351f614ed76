"""A whole house on a stand: Mosquitto, simulated inverter and battery, `gridward run` in processes."""

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from bench.broker import broker
from bench.figures import GRIDWARD, Served

from gridward.broker import free_port, port_is_free
from gridward_kit.mqtt import role_topic

BUSES = ("bus:inverter_line", "bus:bms_line")
HEADLESS = (*BUSES, "recorder", "rules")
ALL = (*HEADLESS, "plan", "notify", "http")
SITE = """\
version: 1
site:
  id: bench
  name: Bench
  time_zone: Europe/Bratislava
  fail_safe: grid_connected
  latitude: 48.1
  longitude: 17.1
mqtt: {{url: 'mqtt://127.0.0.1:{broker}'}}
buses:
  - id: inverter_line
    port: {inverter}
    devices: [{{id: inverter, integration: axpert, writable: true, record_every: {every}}}]
  - id: bms_line
    port: {bms}
    devices: [{{id: bms, integration: daly, record_every: {every}}}]
roles: {{pv: inverter, load: inverter, battery: bms}}
http: {{port: {http}}}
{more}
"""


class Stand:
    """Its ports, and the processes that were started on it."""

    def __init__(self, folder: Path, port: int, more: str, every: str) -> None:
        self.folder, self.port, self.http = folder, port, free_port()
        self.inverter, self.bms = Served("axpert"), Served("daly")
        self.site = folder / "site.yaml"
        self.site.write_text(
            SITE.format(
                broker=port,
                inverter=self.inverter.url,
                bms=self.bms.url,
                http=self.http,
                more=more,
                every=every,
            )
        )
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, *roles: str) -> psutil.Process:
        """A process with these roles; what it says goes to a log beside the site file."""
        only = [word for role in roles for word in ("--only", role)]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen([GRIDWARD, "run", str(self.site), *only], stdout=log, stderr=log)
        self._running.append(process)
        return psutil.Process(process.pid)

    def heard(self, topic: str, patience: float = 120) -> float:
        """Seconds until the next live message comes there; raises subprocess.TimeoutExpired."""
        began = time.monotonic()
        command = ["mosquitto_sub", "-p", str(self.port), "-t", f"gridward/bench/{topic}", "-C", "1", "-R"]
        subprocess.run(command, check=True, capture_output=True, timeout=patience)
        return time.monotonic() - began

    def online(self, role: str, patience: float = 90.0) -> None:
        """Wait until a role says so, and the page until it listens; raises TimeoutError."""
        end = time.monotonic() + patience
        topic = f"gridward/bench/{role_topic(role)}/availability"
        command = ["mosquitto_sub", "-p", str(self.port), "-t", topic, "-C", "1", "-W", "2"]
        while time.monotonic() < end:
            said = subprocess.run(command, check=False, capture_output=True).stdout.strip()
            if said == b"online" and (role != "http" or not port_is_free(self.http)):
                return
            time.sleep(0.3)
        raise TimeoutError(f"{role} does not come: {(self.folder / 'log').read_text()[-300:]}")

    def stop(self) -> None:
        """End what was started."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()

    def identified(self) -> None:
        """Start once, so that the protocol and who is there are stored."""
        self.start(*BUSES)
        self.heard("inverter/state")
        self.heard("bms/state")
        self.stop()

    def end(self) -> None:
        """Everything."""
        self.stop()
        self.inverter.end()
        self.bms.end()


@contextlib.contextmanager
def stand(more: str = "", every: str = "5s") -> Iterator[Stand]:
    """A house whose devices are known from a start before; `more` goes to the site file."""
    with tempfile.TemporaryDirectory() as name, broker(Path(name)) as port:
        house = Stand(Path(name), port, more, every)
        try:
            house.identified()
            yield house
        finally:
            house.end()


def own_memory(process: psutil.Process) -> float:
    """Resident bytes; raises RuntimeError for a process that has ended."""
    if process.status() == psutil.STATUS_ZOMBIE:
        raise RuntimeError(f"process {process.pid} has ended; it should run")
    return float(process.memory_info().rss)


def spent(process: psutil.Process) -> float:
    """Processor seconds."""
    times = process.cpu_times()
    return float(times.user + times.system)
