"""Two network namespaces with a link between them: the rules' side with the broker, and the relay's side."""

import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

RULES_SIDE, RELAY_SIDE = "10.213.0.1", "10.213.0.2"
PORT = 1883


def ip(*words: str) -> None:
    """One command of iproute2; raises CalledProcessError with what it said."""
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def forbidden() -> str | None:
    """Why there can be no namespaces here, in words."""
    if shutil.which("ip") is None:
        return "network namespaces need iproute2 (Debian package iproute2)"
    name = f"gw{uuid.uuid4().hex[:6]}"
    try:
        ip("netns", "add", name)
        ip("netns", "delete", name)
    except subprocess.CalledProcessError as error:
        return f"network namespaces need root and CAP_NET_ADMIN: {error.stderr.strip()}"
    return None


@dataclass
class Link:
    """The two namespaces by name; `inside` starts a program in one of them."""

    rules: str
    relay: str

    @property
    def url(self) -> str:
        """The broker, as both sides reach it."""
        return f"mqtt://{RULES_SIDE}:{PORT}"

    def cut(self) -> None:
        """The cable is pulled on the relay's side."""
        ip("-n", self.relay, "link", "set", "wire", "down")

    def mend(self) -> None:
        """The cable is in again."""
        ip("-n", self.relay, "link", "set", "wire", "up")

    @staticmethod
    def inside(namespace: str) -> tuple[str, ...]:
        """What a command begins with to run in a namespace."""
        return ("ip", "netns", "exec", namespace)


@contextmanager
def two_namespaces() -> Iterator[Link]:
    """Both sides, joined by a pair of virtual Ethernet ports."""
    mark = uuid.uuid4().hex[:6]
    link = Link(f"gw-rules-{mark}", f"gw-relay-{mark}")
    sides = ((link.rules, RULES_SIDE), (link.relay, RELAY_SIDE))
    made = []
    try:
        for name, _ in sides:
            ip("netns", "add", name)
            made.append(name)
        ip(
            "-n",
            link.rules,
            "link",
            "add",
            "wire",
            "type",
            "veth",
            "peer",
            "name",
            "wire",
            "netns",
            link.relay,
        )
        for name, address in sides:
            ip("-n", name, "address", "add", f"{address}/24", "dev", "wire")
            for device in ("lo", "wire"):
                ip("-n", name, "link", "set", device, "up")
        yield link
    finally:
        for name in made:
            ip("netns", "delete", name)


class FarBroker:
    """A real Mosquitto on the rules' side."""

    def __init__(self, folder: Path, link: Link) -> None:
        self._config = folder / "mosquitto.conf"
        self._config.write_text(f"listener {PORT} {RULES_SIDE}\nallow_anonymous true\npersistence false\n")
        self._before = link.inside(link.rules)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; whoever needs it tries until it listens."""
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        command = [*self._before, program, "-c", str(self._config)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
