"""Every secret of a site set to a canary, a whole house run, all that it wrote, said and served searched."""

import base64
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote
from zipfile import ZipFile

import httpx
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from gridward.api.access import Role
from gridward.api.tokens import Tokens
from gridward.broker import free_port

if TYPE_CHECKING:
    from conftest import Mosquitto

PATIENCE = 120.0
OPEN = "no-secret-4b2c"  # what may be seen everywhere: it shows that the search finds
NAMES = ("mqtt_password", "influx_token", "influx_password", "phone")
SITE = """version: 1
site: {{id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}}
mqtt: {{url: "{broker}", username: gridward, password: !secret mqtt_password}}
buses:
  - id: line
    port: {port}
    capture: true
    devices: [{{id: inverter, integration: axpert, name: {open}, writable: true}}]
roles: {{pv: inverter, load: inverter, battery: inverter}}
record:
  influxdb:
    - {{url: "http://127.0.0.1:1", version: 2, org: o, bucket: b, token: !secret influx_token}}
    - {{url: "http://127.0.0.1:1", version: 1, database: d, username: u, password: !secret influx_password}}
notify: {{to: [{{name: phone, url: !secret phone}}]}}
http: {{port: {http}}}
"""


def canary(name: str) -> str:
    return f"cAnArY-{name.replace('_', '-')}-9e1d"


class Canaries:
    """A real house in processes of its own; what it said is kept under the places where it said it."""

    def __init__(self, folder: Path, broker: str) -> None:
        self.folder, self.http = folder, free_port()
        self.site = folder / "site.yaml"
        self.site.write_text(SITE.format(broker=broker, port=folder / "port", http=self.http, open=OPEN))
        values = {name: canary(name) for name in NAMES} | {
            "phone": f"json://u:{canary('phone')}@127.0.0.1:1/"
        }
        secrets = folder / "secrets.yaml"
        secrets.write_text("".join(f"{name}: '{value}'\n" for name, value in values.items()))
        secrets.chmod(0o600)
        tokens = Tokens(folder)
        self.tokens = {role: tokens.renew(role) for role in Role}
        self.said: dict[str, bytes] = {}
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, *said: str) -> None:
        """Begin a command; what it writes goes to a log beside the site's folder."""
        with (self.folder.parent / f"{name}.log").open("wb") as log:
            command = [sys.executable, "-m", "gridward.cli", *said]
            self._processes.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT))

    def once(self, name: str, *said: str) -> None:
        """Run a command to its end, well or not."""
        command = [sys.executable, "-m", "gridward.cli", *said]
        done = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE)
        self.said[f"gridward {name}"] = done.stdout + done.stderr

    def stop(self) -> None:
        """End what was begun, and take in all that was written."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(20)
        for path in [*self.folder.rglob("*"), *self.folder.parent.glob("*.log")]:
            if path.is_file() and path.name != "secrets.yaml":
                self.said[str(path)] = path.read_bytes()
        with ZipFile(self.folder / "report.zip") as bundle:
            self.said |= {f"report {name}": bundle.read(name) for name in bundle.namelist()}

    def serve(self) -> None:
        """Ask the page and the API for everything, as each role."""
        for role, token in ((one, self.tokens[one]) for one in (Role.VIEWER, Role.ADMIN)):
            with httpx.Client(base_url=f"http://127.0.0.1:{self.http}", timeout=20) as client:
                opened = client.post("/login", data={"token": token})
                assert opened.status_code == 303
                self.said[f"{role.word} login"] = repr(sorted(opened.headers.items())).encode()
                for path in ("/", "/health", "/devices", "/api/v1/openapi.json"):
                    self.said[f"{role.word} {path}"] = client.get(path).content
                for path in ("devices", "devices/inverter", "audit", "session", "tokens", "why", "rules"):
                    self.said[f"{role.word} api {path}"] = client.get(f"/api/v1/{path}").content

    def listen(self, broker: "Mosquitto") -> paho.Client:
        """Keep every message of the broker."""

        def take(_: paho.Client, __: object, message: paho.MQTTMessage) -> None:
            self.said[f"topic {message.topic} {len(self.said)}"] = message.topic.encode() + message.payload

        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.on_message = take
        client.connect("127.0.0.1", broker.port)
        client.subscribe("#")
        client.loop_start()
        return client

    def until(self, path: str) -> None:
        """Wait until the house answers with the inverter's values."""
        end = time.monotonic() + PATIENCE
        headers = {"Authorization": f"Bearer {self.tokens[Role.VIEWER]}"}
        while time.monotonic() < end:
            try:
                if (
                    b"battery_voltage"
                    in httpx.get(f"http://127.0.0.1:{self.http}{path}", headers=headers).content
                ):
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.3)
        pytest.fail(f"the house did not come up: {(self.folder.parent / 'run.log').read_text()[-2000:]}")


@pytest.fixture
def house(tmp_path: Path, mosquitto: "Mosquitto") -> Canaries:
    folder = tmp_path / "home"
    folder.mkdir()
    made = Canaries(folder, mosquitto.url)
    made.start("simulate", "simulate", "axpert", "--link", str(folder / "port"))
    made.start("run", "run", str(made.site), "--verbose")
    listener = made.listen(mosquitto)
    try:
        made.until("/api/v1/devices/inverter")
        made.serve()
        made.once("report", "report", str(made.site), "--to", str(folder / "report.zip"))
        (folder / "broken.yaml").write_text(
            made.site.read_text().replace("version: 1\nsite", "version: x\nsite")
        )
        made.once("check broken", "check", str(folder / "broken.yaml"))
    finally:
        listener.loop_stop()
        made.stop()
    return made


def test_no_secret_is_in_logs_state_captures_messages_page_or_report(house: Canaries) -> None:
    said = house.said
    for place in ("run.log", "captures/line.txt", "gridward.db", "token.json"):
        assert any(name.endswith(place) and content for name, content in said.items()), place
    assert any(name.startswith("topic gridward/home/inverter/state") for name in said)
    assert any(name == "report doctor.txt" for name in said)
    for place in ("report site/site.yaml", "admin /devices", "viewer api devices"):
        assert OPEN.encode() in said[place], place
    assert any(OPEN.encode() in content for name, content in said.items() if name.startswith("topic "))
    wanted = [canary(name) for name in NAMES] + list(house.tokens.values())
    spelt = {
        way
        for one in wanted
        for way in (one, quote(one), base64.b64encode(one.encode()).decode(), one.lower())
    }
    spelt |= {one.encode().hex(" ") for one in wanted}
    found = [(way[:12], name) for name, content in said.items() for way in spelt if way.encode() in content]
    assert not found
