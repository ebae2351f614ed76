"""A real Home Assistant Core: installed from the package index once, started and steered as a user would."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import httpx
import websocket

from gridward_kit.kept import Json

RELEASES = {"3.13": "2025.4.4", "3.11": "2024.3.3"}
"""The newest release for each Python that is looked for; 3.13.0 takes no later one."""

BESIDE = {"3.13": ("isal", "zlib-ng"), "3.11": ("josepy<2",)}
"""What a release needs or misses besides; its own dependencies have moved on since."""

DOMAINS = (
    *("mqtt", "energy", "recorder", "config", "api", "frontend", "onboarding", "history", "backup"),
    *("stream", "automation", "lovelace"),
)
INTERPRETERS = "HOMEASSISTANT_PYTHON"
"""A variable that names Pythons to be used before those that are found, as PATH does folders."""

CACHE = Path(__file__).parents[2] / ".venv" / "homeassistant"
CLIENT = "http://127.0.0.1/"
PATIENCE = 180.0


class Absent(Exception):
    """Home Assistant cannot be had here; the text says why."""


def interpreter(version: str) -> str | None:
    """A Python of this version (as in 3.13): this one, on the path, or one that pyenv installed."""
    named = [one for one in os.environ.get(INTERPRETERS, "").split(os.pathsep) if one]
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    by_pyenv = sorted((str(one) for one in root.glob(f"{version}.*/bin/python{version}")), reverse=True)
    candidates = (*named, sys.executable, shutil.which(f"python{version}"), *by_pyenv)
    return next((one for one in candidates if one and _version_of(one) == version), None)


@cache
def _version_of(python: str) -> str:
    """As in 3.13; empty where it does not run, as pyenv's place-holders for what is not chosen."""
    say = "import sys; print('%d.%d' % sys.version_info[:2])"
    ended = subprocess.run([python, "-c", say], capture_output=True, text=True, check=False)
    return ended.stdout.strip()


def available() -> tuple[str, ...]:
    """The Pythons for which a release is known and that are here, the newest first."""
    return tuple(version for version in RELEASES if interpreter(version))


def installed(version: str) -> Path:
    """The folder of commands of an environment with Home Assistant; made if need be. Raises Absent."""
    folder = CACHE / f"{version}-{RELEASES[version]}"
    whole, wanted = folder / "whole", " ".join((*BESIDE[version], *DOMAINS))
    if whole.exists() and whole.read_text() == wanted:
        return folder / "bin"
    shutil.rmtree(folder, ignore_errors=True)
    _ran(interpreter(version) or "python3", "-m", "venv", "--without-pip", str(folder))
    _install(folder, [f"homeassistant=={RELEASES[version]}", *BESIDE[version]])
    (packages,) = (folder / "lib").glob("python*/site-packages")
    _install(folder, sorted(_requirements(packages / "homeassistant" / "components")))
    whole.write_text(wanted)
    return folder / "bin"


def _requirements(components: Path) -> set[str]:
    """What the integrations in use would fetch at their first start."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = list(DOMAINS)
    while waiting:
        domain = waiting.pop()
        manifest = components / domain / "manifest.json"
        if domain in seen or not manifest.exists():
            continue
        seen.add(domain)
        told = json.loads(manifest.read_text())
        found.update(told.get("requirements", ()))
        waiting += told.get("dependencies", ())
    return found


def _install(folder: Path, what: Iterable[str]) -> None:
    _ran(sys.executable, "-m", "uv", "pip", "install", "--python", str(folder / "bin" / "python"), *what)


def _ran(*command: str) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise Absent(f"{command[:4]}: {ended.stderr.strip()[-300:]}")


CONFIGURATION = """\
homeassistant: {{name: Home, time_zone: Europe/Bratislava, latitude: 48.15, longitude: 17.11,
  unit_system: metric, currency: EUR, country: SK}}
http: {{server_host: 127.0.0.1, server_port: {port}}}
api:
config:
recorder:
energy:
automation: !include automations.yaml
logger: {{default: warning}}
"""


@dataclass
class Core:
    """A running Home Assistant with its first user logged in."""

    commands: Path
    folder: Path
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _token: str = field(default="", repr=False)

    def start(self) -> None:
        """Start it for the first time and make its owner, as the first page does."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        (self.folder / "configuration.yaml").write_text(CONFIGURATION.format(port=self.port))
        (self.folder / "automations.yaml").write_text("[]")
        with (self.folder / "output").open("wb") as output:
            self._process = subprocess.Popen(
                [self.commands / "hass", "--config", self.folder, "--skip-pip"], stdout=output, stderr=output
            )
        owner: dict[str, Json] = {
            "client_id": CLIENT,
            "name": "O",
            "username": "o",
            "password": "passphrase",
            "language": "en",
        }
        code = self._wait_for(lambda: self._post("/api/onboarding/users", json=owner))["auth_code"]
        grant = {"grant_type": "authorization_code", "code": str(code), "client_id": CLIENT}
        self._token = str(self._post("/auth/token", data=grant)["access_token"])
        self._wait_for(self._running)

    def _running(self) -> dict[str, Json] | None:
        told = self.ask("get_config")
        return told if told["state"] == "RUNNING" else None

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()

    def log(self) -> list[str]:
        """What it logged of warnings and errors, a record's first line each."""
        lines = (self.folder / "output").read_text(errors="replace").splitlines()
        return [line for line in lines if " WARNING (" in line or " ERROR (" in line]

    def add_mqtt(self, port: int) -> None:
        """Add the MQTT integration, by the steps of its form."""
        flow = self._post("/api/config/config_entries/flow", json={"handler": "mqtt"})
        ended = self._post(
            f"/api/config/config_entries/flow/{flow['flow_id']}", json={"broker": "127.0.0.1", "port": port}
        )
        assert ended["type"] == "create_entry", ended

    def call(self, domain: str, service: str, entity: str, **data: Json) -> None:
        """Call a service for an entity, as a button on a dashboard does."""
        self._post(f"/api/services/{domain}/{service}", json={"entity_id": entity, **data})

    def add_automation(self, content: Mapping[str, Json]) -> None:
        """Save an automation, as its editor does; it is checked and runs from now on."""
        about = {key: value for key, value in content.items() if key != "id"}
        self._post(f"/api/config/automation/config/{content['id']}", json=about)

    def states(self) -> dict[str, dict[str, Json]]:
        """All states by entity id."""
        found = httpx.get(self._at("/api/states"), headers=self._headers(), timeout=20).json()
        return {item["entity_id"]: item for item in found}

    def state(self, entity: str) -> str:
        """The state of an entity, empty where there is none."""
        found = httpx.get(self._at(f"/api/states/{entity}"), headers=self._headers(), timeout=20)
        return str(found.json().get("state", ""))

    def ask(self, kind: str, **data: Json) -> dict[str, Json]:
        """The result of a WebSocket command; raises AssertionError where it refuses."""
        found = self.every(kind, **data)
        assert found is None or isinstance(found, dict), found
        return found or {}

    def listed(self, kind: str) -> list[dict[str, Json]]:
        """The same for commands whose result is a list of objects."""
        found = self.every(kind)
        assert isinstance(found, list), found
        return [one for one in found if isinstance(one, dict)]

    def every(self, kind: str, **data: Json) -> Json:
        """The same for commands with any result."""
        line = websocket.create_connection(f"ws://127.0.0.1:{self.port}/api/websocket", timeout=20)
        try:
            line.recv()
            line.send(json.dumps({"type": "auth", "access_token": self._token}))
            line.recv()
            line.send(json.dumps({"id": 1, "type": kind, **data}))
            while True:
                answer = json.loads(line.recv())
                if answer.get("type") == "result":
                    assert answer["success"], answer
                    result: Json = answer["result"]
                    return result
        finally:
            line.close()

    def _at(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def _post(
        self, path: str, *, json: Json = None, data: Mapping[str, str] | None = None
    ) -> dict[str, Json]:
        headers = {} if data is not None else self._headers()
        answer = httpx.post(self._at(path), json=json, data=data, headers=headers, timeout=20)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        told = answer.json()
        return told if isinstance(told, dict) else {}

    def _wait_for(self, look: Callable[[], dict[str, Json] | None]) -> dict[str, Json]:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                found = look()
            except (httpx.TransportError, OSError):
                found = None
            if found:
                return found
            if time.monotonic() > end or (self._process and self._process.poll() is not None):
                raise AssertionError((self.folder / "output").read_text(errors="replace")[-2000:])
            time.sleep(0.3)
