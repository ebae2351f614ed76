"""A house in turned time: an inverter and a battery that are read every 5 s, and every role that decides,
records and tells; what its process holds, and what it writes to disk."""

import asyncio
import gc
import json
import os
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from fuzz.houses import KINDS, Crowd

from gridward.recorder.role import Recorder
from gridward_kit.clock import iso
from gridward_kit.device import Device
from gridward_kit.info import Setup
from gridward_kit.integration import Dialect, Query, Simulator, integrations
from gridward_kit.point import Value
from gridward_kit.trial import asked, made, taken

EVERY = 5
WRITTEN_OUT = 30  # s after which the kernel writes what was changed
HOUR = 3600


@dataclass(frozen=True, slots=True)
class Held:
    """What a process holds: blocks of memory, open descriptors, tasks; and how many bytes it wrote."""

    blocks: int
    descriptors: int
    tasks: int
    written: int


@dataclass(slots=True)
class Read:
    """A query of a device, what it answers, and when it is asked next."""

    device: Device
    query: Query
    values: dict[str, Value]
    due: float = 0.0


class TurnedHouse(Crowd):
    """The store is written at once, for a turned clock waits for no thread."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        super().__init__(folder)
        self.folder = folder
        self._chance = random.Random(1)
        self._devices: list[Device] = []
        self._reads: list[Read] = []

        async def at_once(work: Callable[..., object], *given: object) -> object:
            return work(*given)

        patch.setattr(asyncio, "to_thread", at_once)
        patch.setattr(Recorder, "in_thread", lambda _, work: at_once(work))

    async def __aenter__(self) -> "TurnedHouse":
        for role in self.roles(KINDS).values():
            self._tasks.append(asyncio.ensure_future(self._kept(role())))
        for spec in (one for bus in self.site.buses for one in bus.devices):
            simulator, dialect, identity = made(integration := integrations()[spec.integration])
            setup = Setup(spec.id, integration, spec.name, self.state)
            device = Device(setup, self.memory.link(f"bus:{spec.id}"), self.turned)
            device.describe(identity, dialect.entities)
            self._devices.append(device)
            self._reads += [
                Read(device, query, _answered(simulator, dialect, query)) for query in dialect.queries
            ]
        return self

    def poll(self) -> None:
        """Read what is due; numbers that are measured differ a little each time."""
        now = self.turned.monotonic()
        for read in self._reads:
            if now >= read.due:
                read.due = now + max(EVERY, read.query.every)
                values = {key: self._measured(value) for key, value in read.values.items()}
                read.device.read(values, max(EVERY, read.query.every))
        for device in self._devices:
            device.publish()
        said = {"v": 1, "at": iso(self.turned.time()), "position": "connected", "locked": False, "reason": ""}
        self.memory.publish(f"{self.root}/contactor/state", json.dumps(said), retain=True)

    def _measured(self, value: Value) -> Value:
        return round(value * self._chance.uniform(0.99, 1.01), 3) if isinstance(value, float) else value

    @property
    def root(self) -> str:
        """Of the topics."""
        return f"gridward/{self.site.id}"

    async def pass_by(self, seconds: int) -> None:
        """Let so much time pass. What the broker's log holds is thrown away, what is 30 s old is written."""
        for at in range(0, seconds, EVERY):
            self.poll()
            await self.turned.turn(EVERY)
            self.memory.log.clear()
            if at % WRITTEN_OUT == 0:
                self._write_out()
        assert self.died == []

    def _write_out(self) -> None:
        for path in self.folder.rglob("*"):
            if path.is_file() and not path.name.endswith("-shm"):
                with path.open("rb") as file:
                    os.fdatasync(file.fileno())

    def held(self) -> Held:
        """What this process holds now."""
        gc.collect()
        counts = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
        return Held(
            sys.getallocatedblocks(),
            len(os.listdir("/proc/self/fd")),
            len(asyncio.all_tasks()),
            int(counts["write_bytes"]) - int(counts["cancelled_write_bytes"]),
        )


def _answered(simulator: Simulator, dialect: Dialect, query: Query) -> dict[str, Value]:
    """What the simulated device says to a query."""
    payload = taken(dialect, query.name, asked(simulator, dialect, query.name))
    if payload is None:
        return {}
    points = {row.key: row.at for row in dialect.entities if row.at and row.at.query == query.name}
    found = {key: at.decode(payload) for key, at in points.items()}
    return {key: value for key, value in found.items() if value is not None}
