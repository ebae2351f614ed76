"""A recorder on a broker in memory, with a clock that is turned; and a disk that refuses."""

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gridward.recorder.role import Recorder
from gridward.recorder.store import Store
from gridward.site import Keep
from gridward_kit.clock import iso
from gridward_kit.kept import Json
from gridward_kit.testing import MemoryBroker, TurnedClock

ROOT = "gridward/home"
ALARM = f"{ROOT}/recorder/alarm"
STORED = f"{ROOT}/recorder/bms/stored"


class Place:
    """A recorder on a broker in memory, with a clock that is turned."""

    def __init__(self, folder: Path) -> None:
        self.clock = TurnedClock()
        self.broker = MemoryBroker(self.clock)
        self.store = Store(folder / "gridward.db")
        self.link = self.broker.link("recorder")
        self.recorder = self.start()

    def start(self) -> Recorder:
        return Recorder(self.link, self.store, self.clock, Keep())

    def telemetry(self, seq: int, values: dict[str, Json], device: str = "bms", **more: Json) -> None:
        content: dict[str, Json] = {"v": 1, "boot": "b", "seq": seq, "at": iso(self.clock.time())}
        content |= {"mono": self.clock.monotonic(), "values": values, **more}
        self.broker.publish(f"{ROOT}/{device}/telemetry", json.dumps(content))

    def acknowledged(self) -> list[tuple[str, int]]:
        said = [json.loads(payload) for payload in self.broker.said(STORED)]
        return [(one["boot"], one["seq"]) for one in said]

    def alarm(self) -> dict[str, str] | None:
        payload = self.broker.retained.get(ALARM)
        return None if payload is None else json.loads(payload)

    def times(self, key: str) -> list[float]:
        found = self.store.history("bms", key, self.clock.time() - 7200, self.clock.time() + 7200, 0.001)
        return [round(step.at - self.clock.time(), 3) for step in found]


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes: the disk refuses, as a full one does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
