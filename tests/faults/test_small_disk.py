"""A disk of 50 MB fills up: what gives way in which order, what is believed, and how all comes back."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from faults.small_disk import fill, fill_to, small_disk

from gridward.recorder.role import SOON, Recorder
from gridward.recorder.store import Parcel, Store
from gridward.site import Keep
from gridward_kit.capture import Capture
from gridward_kit.kept import Json
from gridward_kit.spool import Spool
from gridward_kit.testing import MemoryBroker, TurnedClock

ROOT = "gridward/home"
DAYS, KEYS = 10, 100
HOUR, DAY = 3600.0, 86400.0
MANY = 2001  # more than a spool holds without thinning where it cannot be written


class Cellar:
    """A device with its spool, a line with its capture, and the recorder, all on one disk."""

    def __init__(self, disk: Path) -> None:
        self.disk = disk
        self.clock = TurnedClock()
        self.broker = MemoryBroker(self.clock)
        self.store = Store(disk / "gridward.db")
        self._live_through()
        self.recorder = Recorder(self.broker.link("recorder"), self.store, self.clock, Keep())
        self.link = self.broker.link("bus:one")
        self.spool = Spool(self.link, "bms", "b", disk / "state" / "spool" / "bms.jsonl", self.clock)
        self.capture = Capture(disk / "capture.txt", self.clock)

    def _live_through(self) -> None:
        """Ten days of readings that were stored before."""
        for hour in range(DAYS * 24):
            at = self.clock.time() - DAYS * DAY + hour * HOUR
            self.store.add(Parcel("old", "a", hour + 1, at, {f"key_{n}": 1.0 for n in range(KEYS)}, 1))
            if hour % 24 == 0:
                self.store.commit()
        self.store.commit()

    async def live(self, readings: int, cells: int = 0) -> None:
        """Read every 5 s and store."""
        for _ in range(readings):
            more = {f"cell_{number}_voltage": 3.3 for number in range(cells)}
            self.spool.put({"soc": self.spool.sequence + 1, **more})
            self.clock.pass_by(5)
            await self.recorder.cycle()

    @property
    def alarm(self) -> str:
        content = self.broker.retained.get(f"{ROOT}/recorder/alarm")
        return "" if content is None else str(json.loads(content)["reason"])

    def acknowledged(self) -> int:
        """The newest reading that was said to be stored."""
        content: dict[str, int] = json.loads(self.broker.retained[f"{ROOT}/recorder/bms/stored"])
        return content["seq"]

    def stored(self) -> list[int]:
        """The readings that are in the file, by another connection."""
        return [value for (value,) in self._asked("device = 'bms' AND key = 'soc'")]

    def oldest(self) -> float:
        """The age in days of the oldest reading."""
        ((ts,),) = self._asked("device = 'old'", "min(ts)")
        return (self.clock.time() - ts / 1000) / DAY

    def _asked(self, where: str, what: str = "value") -> list[tuple[int]]:
        with closing(sqlite3.connect(self.store.path)) as connection:
            query = f"SELECT {what} FROM raw JOIN series ON id = series WHERE {where} ORDER BY ts"  # noqa: S608
            return connection.execute(query).fetchall()

    def event(self, number: int) -> int:
        """Something happens that belongs into the audit; how many events were said to be on disk so far."""
        content: dict[str, Json] = {"v": 1, "what": "inverter/mode", "number": number}
        self.broker.publish(f"{ROOT}/audit", json.dumps(content))
        said = self.broker.said(f"{ROOT}/recorder/audit/stored")
        return sum(len(json.loads(one)["stored"]) for one in said)


@pytest.fixture
def cellar(tmp_path: Path) -> Iterator[Cellar]:
    with small_disk(tmp_path, "50m") as disk:
        cellar = Cellar(disk)
        yield cellar
        cellar.recorder.audit.trail.close()
        cellar.store.close()


async def test_captures_give_way_then_old_history_then_what_waits(cellar: Cellar) -> None:
    filler, capture = cellar.disk / "filler", cellar.disk / "capture.txt"
    await cellar.live(20)
    cellar.capture.sent(b"QPIGS")
    size = capture.stat().st_size
    assert size
    assert cellar.oldest() > DAYS - 1

    fill_to(filler, 0.92)
    cellar.capture.sent(b"QPIGS")
    assert capture.stat().st_size == size, "with a tenth left no capture goes on"
    await cellar.live(20)
    assert cellar.oldest() > DAYS - 1, "and history stays"

    fill_to(filler, 0.96)
    cellar.clock.pass_by(SOON)
    await cellar.live(40)
    assert cellar.oldest() < 3.1, "with a twentieth left readings of three days are kept"
    assert (cellar.alarm, cellar.acknowledged()) == ("", 80), "and the new ones find room"

    fill(filler)
    rounds = 0
    while not cellar.alarm:
        await cellar.live(1, cells=3000)
        rounds += 1
        assert rounds < 300
    assert rounds > 1, "what history gave up was room for a while"
    assert "disk" in cellar.alarm
    told = cellar.event(1)
    await cellar.live(1)
    assert cellar.event(2) == told + 1, "the audit goes on"
    assert cellar.acknowledged() == max(cellar.stored()), "nothing is believed that is not written"
    assert cellar.spool.dropped == 0
    cellar.link.connected = False
    for _ in range(MANY):
        cellar.spool.put({"soc": cellar.spool.sequence + 1})
        cellar.clock.pass_by(5)
    assert cellar.spool.dropped, "what waits is thinned last"

    filler.unlink()
    cellar.link.connected = True
    while len(cellar.spool) > 1 or cellar.alarm:
        await cellar.live(1)
    newest, stored = cellar.spool.sequence, cellar.stored()
    assert cellar.acknowledged() == newest, "without a restart"
    assert len(stored) == len(set(stored)) >= newest - cellar.spool.dropped, "but for what was thinned"
    cellar.capture.sent(b"QPIGS")
    assert capture.stat().st_size > size
