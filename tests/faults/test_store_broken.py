"""The disk is full or the store is gone: relay and commands go on, an alarm is raised."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from faults.broker_house import Running
from faults.line_house import until
from faults.site_house import Devices, Listener, listening, plugged_in, roles, site_file

from gridward.recorder import schema
from gridward_kit.testing import FastClock
from gridward_relay.contactor import Contactor

SPEED = 3.0
ALARM = "gridward/home/recorder/alarm"
NAMES = ("bus:one", "bus:two", "contactor", "rules", "recorder")


class Disk:
    """The disk below a store: every connection of the recorder meets its end when it is full."""

    def __init__(self, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._store = store
        self._full = False
        self._open = schema.open_store
        self._connections: list[sqlite3.Connection] = []
        monkeypatch.setattr("gridward.recorder.store.open_store", self._opened)

    def _opened(self, path: Path) -> sqlite3.Connection:
        connection = self._open(path)
        self._connections.append(connection)
        if self._full:
            connection.execute("PRAGMA max_page_count = 1")
        return connection

    def fill(self) -> None:
        """No page more than there is now."""
        self._full = True
        for connection in self._connections[-1:]:
            connection.execute("PRAGMA max_page_count = 1")

    def free(self) -> None:
        self._full = False

    def replace(self) -> None:
        """Something else stands where the store was."""
        for path in self._store.parent.glob(f"{self._store.name}*"):
            path.unlink()
        self._store.mkdir()

    def put_back(self) -> None:
        shutil.rmtree(self._store)


@pytest.mark.parametrize("trouble", ["full", "a directory"])
async def test_the_house_goes_on_without_its_store(
    mosquitto: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setattr(Contactor, "DWELL", 0.0)
    path = site_file(tmp_path, tmp_path / "ports", mosquitto.url)
    disk = Disk(tmp_path / "gridward.db", monkeypatch)
    harm, mend = (disk.fill, disk.free) if trouble == "full" else (disk.replace, disk.put_back)
    clock = FastClock(SPEED)
    with plugged_in(tmp_path / "ports") as devices:
        async with listening(mosquitto.url, clock) as heard, roles(path, clock, NAMES):
            await until(devices.islanded)
            await until(lambda: "gridward/home/recorder/bms/stored" in heard.last)
            assert not heard.last.get(ALARM)
            harm()
            await until(lambda: bool(heard.last.get(ALARM)))
            told = json.loads(heard.last[ALARM])
            assert told["reason"]
            assert told["remedy"]
            await _lives_on(devices, heard)
            assert heard.last[ALARM], "it is not over"
            mend()
            await until(lambda: heard.last[ALARM] == b"")
            stored = heard.last["gridward/home/recorder/bms/stored"]
            await until(lambda: heard.last["gridward/home/recorder/bms/stored"] != stored)
            assert devices.islanded()
            moves = heard.audit("contactor/position")
            assert [event["after"] for event in moves] == ["islanded"]


async def _lives_on(devices: Devices, heard: Listener) -> None:
    """The lease is renewed, the devices are read, a command is done."""
    renewed = len([topic for topic, _, _ in heard.all if topic.endswith("/lease/renew")])
    await until(lambda: len([1 for topic, _, _ in heard.all if topic.endswith("/lease/renew")]) > renewed + 3)
    wanted = "SUB" if devices.inverter.state["output_source_priority"] != "SUB" else "SBU"
    heard.command("inverter", "output_source_priority", wanted, "while")
    await until(lambda: heard.result("while") is not None)
    result = heard.result("while")
    assert result is not None
    assert result["status"] == "confirmed", result
    assert devices.inverter.state["output_source_priority"] == wanted
    devices.bms.state["soc"] = 33.3
    await until(lambda: heard.state("bms").get("soc") == 33.3)
    assert devices.islanded()
