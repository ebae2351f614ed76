"""Others' programs, installed beside ours for the bench alone: each in an environment of its own."""

import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.figures import Row

PLACE = Path(__file__).parents[2] / "build" / "peers"
PATIENCE = 120

REASONS = {
    "satisfy Python": "it needs another Python",
    "there is no version": "the index has this version no longer",
    "not found in the package": "the index does not have it",
}
# What is asked for by name and version; after it what it needs in an old version.
WANTED: dict[str, tuple[str, ...]] = {
    "minimalmodbus": ("minimalmodbus==2.1.1",),
    "pymodbus": ("pymodbus==3.16.1", "pyserial"),
    "tmodbus": ("tmodbus==1.1.0", "pyserial-asyncio-fast"),
    "dalybms": ("dalybms==0.5.0", "pyserial"),
    "mpp-solar": ("mpp-solar==0.16.56",),
    "paho-mqtt": ("paho-mqtt==2.1.0",),
    "gmqtt": ("gmqtt==0.8.0",),
    "mqttools": ("mqttools==0.50.0",),
    "ha-mqtt-discoverable": ("ha-mqtt-discoverable==0.26.0",),
}


@dataclass(frozen=True)
class Peer:
    """One that is installed: its interpreter and its version."""

    name: str
    python: Path
    version: str

    @property
    def told(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}"


class Absent(Exception):
    """A peer that cannot be installed here, and why."""


@cache
def peer(name: str) -> Peer:
    """A peer, installed when it is not yet; raises Absent."""
    folder = PLACE / name
    python = folder / "bin" / "python"
    uv = str(Path(sys.executable).with_name("uv"))
    if not (folder / "done").exists():
        _called(uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
        _called(uv, "pip", "install", "--quiet", "--python", str(python), *WANTED[name])
        (folder / "done").touch()
    asked = f"import importlib.metadata as m; print(m.version({name!r}))"
    version = subprocess.run([str(python), "-c", asked], check=True, capture_output=True, text=True)
    return Peer(name, python, version.stdout.strip())


def present(*names: str) -> list[Peer]:
    """Those that are, or can be, installed."""
    found = []
    for name in names:
        try:
            found.append(peer(name))
        except Absent:
            continue
    return found


def _called(*command: str) -> None:
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Absent(f"does not install here: {type(error).__name__}") from None
    if done.returncode:
        said = " ".join(done.stderr.split())
        why = next((why for sign, why in REASONS.items() if sign in said), "no network, or it does not build")
        raise Absent(f"does not install here: {why}")


def installed(effort: float) -> list[Row]:
    """A row for each peer: its version, or why it is absent. The bench's first part; it takes a network."""
    assert effort > 0
    rows = []
    for name, wanted in WANTED.items():
        try:
            rows.append(Row(f"peer {name}", peer(name).version, ", ".join(wanted[1:])))
        except Absent as error:
            rows.append(Row(f"peer {name}", "absent", f"{wanted[0]} {error}"))
    return rows
