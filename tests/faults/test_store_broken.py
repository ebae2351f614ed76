"""The disk is full or the store is gone: relay and commands go on, an alarm is raised."""

import json
import shutil
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from faults.broker_house import Running
from faults.line_house import until
from faults.site_house import Devices, Listener, listening, plugged_in, roles, site_file
from faults.small_disk import fill, small_disk

from gridward.recorder.store import Parcel, Store
from gridward.recorder.watch import Overwritten
from gridward_kit.testing import START, FastClock
from gridward_relay.contactor import Contactor

SPEED = 3.0
ALARM = "gridward/home/recorder/alarm"
NAMES = ("bus:one", "bus:two", "contactor", "rules", "recorder")


class Full:
    """A small disk with all that the house keeps; it is filled to the last byte."""

    def __init__(self, folder: Path) -> None:
        self._filler = folder / "filler"

    def harm(self) -> None:
        fill(self._filler)

    def mend(self) -> None:
        self._filler.unlink()


class Replaced:
    """Something else stands where the store was."""

    def __init__(self, folder: Path) -> None:
        self._store = folder / "gridward.db"

    def harm(self) -> None:
        for path in self._store.parent.glob(f"{self._store.name}*"):
            path.unlink()
        self._store.mkdir()

    def mend(self) -> None:
        shutil.rmtree(self._store)


@pytest.mark.parametrize("trouble", [Full, Replaced])
async def test_the_house_goes_on_without_its_store(
    mosquitto: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: type[Full | Replaced]
) -> None:
    monkeypatch.setattr(Contactor, "DWELL", 0.0)
    clock = FastClock(SPEED)
    with ExitStack() as open_ones:
        folder = open_ones.enter_context(small_disk(tmp_path, "50m")) if trouble is Full else tmp_path
        path, disk = site_file(folder, tmp_path / "ports", mosquitto.url), trouble(folder)
        devices = open_ones.enter_context(plugged_in(tmp_path / "ports"))
        async with listening(mosquitto.url, clock) as heard, roles(path, clock, NAMES):
            await until(devices.islanded)
            await until(lambda: "gridward/home/recorder/bms/stored" in heard.last)
            assert not heard.last.get(ALARM)
            disk.harm()
            await until(lambda: bool(heard.last.get(ALARM)))
            told = json.loads(heard.last[ALARM])
            assert told["reason"]
            assert told["remedy"]
            await _lives_on(devices, heard)
            assert heard.last[ALARM], "it is not over"
            disk.mend()
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


def test_a_new_store_that_somebody_reads_already_is_not_taken_for_another(tmp_path: Path) -> None:
    """What a reader holds back from the file waits beside it; the file is empty, not overwritten."""
    path = tmp_path / "gridward.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("PRAGMA journal_mode=WAL")
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
        store = Store(path)
        for _ in range(3):
            store.look()
    store.add(Parcel("bms", "boot", 1, START, {"soc": 80}))
    store.commit()
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.look()
    path.write_bytes(b"")
    store.look()
    with pytest.raises(Overwritten):
        store.look()
    store.close()
