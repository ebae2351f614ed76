"""Real databases on free loopback ports, and a recorder with a follower on a clock that is turned."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

import pytest

from gridward.recorder.database import Writer, writer
from gridward.recorder.follower import Desk, Follower
from gridward.recorder.store import About, Parcel, Store
from gridward.site import Database
from gridward_kit.kept import Json
from gridward_kit.point import Value
from gridward_kit.testing import MemoryBroker, TurnedClock

OPENER = build_opener(ProxyHandler({}))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A database that tests may stop (SIGKILL) and start again with what it had."""

    program = ""

    def __init__(self, folder: Path) -> None:
        if shutil.which(self.program) is None:
            pytest.skip(f"{self.program} is not installed")
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def arguments(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([self.program, *self.arguments()], stdout=log, stderr=log)
        for _ in range(1500):
            try:
                OPENER.open(f"{self.url}/ping", timeout=2).close()
            except (URLError, OSError):
                time.sleep(0.02)
            else:
                return
        raise RuntimeError((self.folder / "log").read_text()[-2000:])

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def get(self, path: str, **query: str) -> str:
        with OPENER.open(f"{self.url}{path}?{urlencode(query)}", timeout=20) as answer:
            return str(answer.read().decode())


class Influx(Server):
    """Debian's InfluxDB 1.6."""

    program = "influxd"

    def __init__(self, folder: Path, *, users: bool = False) -> None:
        super().__init__(folder)
        self.inner = free_port()
        self.users = users

    def arguments(self) -> list[str]:
        data = self.folder / "influx"
        config = self.folder / "influxdb.conf"
        config.write_text(
            f'reporting-enabled = false\nbind-address = "127.0.0.1:{self.inner}"\n'
            f'[meta]\ndir = "{data}/meta"\n[data]\ndir = "{data}/data"\nwal-dir = "{data}/wal"\n'
            f'index-version = "inmem"\n[monitor]\nstore-enabled = false\n[http]\nlog-enabled = false\n'
            f'bind-address = "127.0.0.1:{self.port}"\nauth-enabled = {str(self.users).lower()}\n'
        )
        return ["-config", str(config)]

    def tell(self, statement: str, **more: str) -> None:
        query = urlencode({"q": statement, **more})
        with OPENER.open(f"{self.url}/query?{query}", b"", timeout=20) as answer:
            assert "error" not in answer.read().decode()

    def put(self, lines: str) -> None:
        try:
            OPENER.open(f"{self.url}/write?db=solar&precision=ms", lines.encode(), timeout=20).close()
        except HTTPError as error:
            raise AssertionError(error.read()) from error

    def rows(self, statement: str) -> list[dict[str, Json]]:
        """The rows of an InfluxQL query, times in ms."""
        answer = json.loads(self.get("/query", db="solar", q=statement, epoch="ms"))
        (result,) = answer["results"]
        assert "error" not in result, result
        return [
            dict(zip(series["columns"], row, strict=True)) | series.get("tags", {})
            for series in result.get("series", [])
            for row in series["values"]
        ]

    def count(self, key: str, kind: str = "battery") -> int:
        rows = self.rows(f'SELECT count("{key}") FROM "{kind}"')  # noqa: S608
        return int(str(rows[0]["count"])) if rows else 0


class Victoria(Server):
    """Debian's VictoriaMetrics; it drops points that come twice only with `dedup`."""

    program = "victoria-metrics"

    def arguments(self) -> list[str]:
        return [
            f"-httpListenAddr=127.0.0.1:{self.port}",
            f"-storageDataPath={self.folder / 'victoria'}",
            "-retentionPeriod=100y",
            "-dedup.minScrapeInterval=1ms",
            "-loggerLevel=ERROR",
        ]

    def points(self, metric: str) -> list[tuple[int, float]]:
        """All points of a metric (time in ms), in order of time."""
        self.get("/internal/force_flush")
        text = self.get("/api/v1/export", **{"match[]": metric, "reduce_mem_usage": "0"})
        found: list[tuple[int, float]] = []
        for line in text.splitlines():
            one = json.loads(line)
            found += zip(one["timestamps"], one["values"], strict=True)
        return sorted(found)


class Following:
    """A store with a follower, on a clock that is turned; what is stored comes every 5 s of it."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        by: Writer | None = None,
        clock: TurnedClock | None = None,
    ) -> None:
        self.clock = TurnedClock() if clock is None else clock
        self.broker = MemoryBroker(self.clock)
        self.database = database
        self.path = folder / "gridward.db"
        self._by = by
        self.seq = 0
        self.open()

    def open(self) -> None:
        """As after a start."""
        self.store = Store(self.path, [self.database.name])
        self.store.describe("bms", About("battery", "daly", {}))
        desk = Desk(self.store, self._at_once, self.clock.time)
        self.follower = Follower(
            self.database, self._by or writer(self.database), desk, self.broker.link("recorder"), self.clock
        )

    @staticmethod
    async def _at_once(work: object) -> object:
        assert callable(work)
        return work()

    def read(self, values: Mapping[str, Value], at: float | None = None, device: str = "bms") -> None:
        """Store one message's readings, now or with a time of their own."""
        self.seq += 1
        moment = self.clock.time() if at is None else at
        self.store.add(Parcel(device, "b", self.seq, moment, dict(values), 1))

    def pass_by(self, seconds: float, values: Mapping[str, Value]) -> int:
        """Let time pass with a reading every 5 s; how many messages that were."""
        count = round(seconds / 5)
        for _ in range(count):
            self.clock.pass_by(5)
            self.read(values)
        self.store.commit()
        return count

    async def catch_up(self) -> int:
        """Step until nothing waits; how many readings went. Time stands still."""
        self.clock.pass_by(10)
        total = 0
        while sent := await self.follower.step():
            total += sent
        return total

    def said(self) -> dict[str, Json]:
        """What it says of itself, newest."""
        topics = [topic for topic in self.broker.retained if "/follower/" in topic]
        found: dict[str, Json] = json.loads(self.broker.retained[topics[0]])
        return found
