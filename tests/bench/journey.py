"""The way of a reading to the broker, the store and the database, and of a press to its confirmation."""

import contextlib
import json
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import httpx
import paho.mqtt.client as paho
from bench.figures import Row, Spread, Stamp, load
from bench.stand import HEADLESS, Stand, stand
from follower_bench import Influx
from paho.mqtt.enums import CallbackAPIVersion

from gridward.api.tokens import Tokens

FOLLOWED = "record: {{influxdb: {{url: '{url}', version: 1, database: solar}}}}"
EVERY = 0.05  # s between two looks into the database
PATIENCE = 40.0


@dataclass
class Heard:
    """When what was said on the broker, on the monotonic clock of all processes of this machine."""

    states: list[float] = field(default_factory=list)
    telemetry: dict[int, tuple[float, float]] = field(default_factory=dict)
    stored: dict[int, float] = field(default_factory=dict)

    def take(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        """Note one message."""
        at = time.monotonic()
        if message.retain:
            return
        if message.topic.endswith("/state"):
            self.states.append(at)
            return
        content = json.loads(message.payload)
        if message.topic.endswith("/telemetry"):
            self.telemetry[content["seq"]] = (at, datetime.fromisoformat(content["at"]).timestamp())
        else:
            for seq in self.telemetry:
                if seq <= content["seq"]:
                    self.stored.setdefault(seq, at)


@contextlib.contextmanager
def listening(port: int, *topics: str) -> Iterator[Heard]:
    """Take the time of each message there."""
    heard = Heard()
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = heard.take
    client.connect("127.0.0.1", port)
    client.subscribe([(f"gridward/bench/{topic}", 1) for topic in topics])
    client.loop_start()
    try:
        yield heard
    finally:
        client.loop_stop()


class Watch:
    """Looks again and again for the newest point; `seen`: when a time of reading was in the database."""

    def __init__(self, database: Influx) -> None:
        self._database = database
        self._ended = threading.Event()
        self.seen: list[tuple[int, float]] = []
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        question = "SELECT last(battery_voltage) FROM inverter"
        newest = 0
        while not self._ended.wait(EVERY):
            rows = self._database.rows(question)
            at = time.monotonic()
            if rows and int(str(rows[0]["time"])) > newest:
                newest = int(str(rows[0]["time"]))
                self.seen.append((newest, at))

    def end(self) -> None:
        """No more."""
        self._ended.set()
        self._thread.join()

    def came(self, read: float) -> float | None:
        """When a reading of this wall time (s) was first there."""
        return next((at for newest, at in self.seen if newest >= round(read * 1000)), None)


def readings(effort: float) -> list[Row]:
    """From the last byte of an answer to the state on the broker, the row in the store, the point."""
    seconds = max(15.0, 60 * effort)
    with tempfile.TemporaryDirectory() as name:
        database = Influx(Path(name)) if shutil.which(Influx.program) else None
        if database is not None:
            database.start()
            database.tell("CREATE DATABASE solar")
        try:
            more = FOLLOWED.format(url=database.url) if database is not None else ""
            with stand(more, every="1s") as house:
                return _read(house, database, seconds)
        finally:
            if database is not None:
                database.stop()


def _read(house: Stand, database: Influx | None, seconds: float) -> list[Row]:
    topics = ("inverter/state", "inverter/telemetry", "recorder/inverter/stored")
    house.start(*HEADLESS)
    house.heard("inverter/state")
    time.sleep(10)
    house.inverter.stamps()
    with listening(house.port, *topics) as heard:
        watch = Watch(database) if database is not None else None
        time.sleep(seconds)
        stamps = house.inverter.stamps()
        time.sleep(15)
        if watch is not None:
            watch.end()
    answers = [at for kind, at, _ in stamps if kind == "answer"]
    states = [_since(answers, at) for at in heard.states if at < answers[-1]]
    told = {seq: _since(answers, at) - at for seq, (at, _) in heard.telemetry.items() if at < answers[-1]}
    stored = [heard.stored[seq] + since for seq, since in told.items() if seq in heard.stored]
    rows = [
        _row("state on the broker", states),
        _row("row in the store, acknowledged", stored, "committed every 5 s"),
    ]
    if watch is None:
        return [*rows, Row("from an answer's last byte to the point in the database", "no InfluxDB here")]
    seen = {seq: watch.came(heard.telemetry[seq][1]) for seq in told}
    points = [there + told[seq] for seq, there in seen.items() if there is not None]
    why = "of what is 2 s old and committed, every 5 s"
    return [*rows, _row("point in InfluxDB 1, as a query sees it", points, why)]


def _since(answers: Sequence[float], at: float) -> float:
    """Seconds since the answer before."""
    return at - max((answer for answer in answers if answer <= at), default=answers[0])


def _row(what: str, times: list[float], why: str = "") -> Row:
    took = Spread.of(times)
    told = took.late_told("{:.2f}") + " s"
    if took.median < 0.1:
        told = Spread.of([1000 * one for one in times]).late_told("{:.1f}") + " ms"
    return Row(
        f"from an answer's last byte to the {what}",
        told,
        "; ".join(part for part in (f"{took.count} readings", why, load()) if part),
        values={"median": took.median, "late": took.late},
    )


def presses(effort: float) -> list[Row]:
    """From a press over HTTP to its confirmation, read back from the device; and what of it is the line's."""
    with stand() as house:
        tokens = Tokens(house.folder)
        headers = {"Authorization": f"Bearer {tokens.renew()}"}
        house.start(*HEADLESS, "http")
        house.heard("inverter/state")
        with httpx.Client(base_url=f"http://127.0.0.1:{house.http}", headers=headers, timeout=30) as client:
            _until_known(client)
            return _pressed(house, client, max(4, round(16 * effort)))


def _until_known(client: httpx.Client) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(httpx.TransportError):
            values = client.get("/api/v1/devices/inverter").json().get("values", {})
            if "output_source_priority" in values:
                return
        time.sleep(0.3)
    raise RuntimeError("the page does not know the inverter")


def _pressed(house: Stand, client: httpx.Client, count: int) -> list[Row]:
    took: list[float] = []
    line: list[float] = []
    waited: list[float] = []
    place = "/api/v1/devices/inverter/entities/output_source_priority"
    options = client.get("/api/v1/devices/inverter").json()["entities"]["output_source_priority"]["options"]
    for number in range(count):
        house.inverter.stamps()
        wish = {"value": options[number % 2], "id": uuid.uuid4().hex}
        began = time.monotonic()
        answer = client.post(place, json=wish).json()
        ended = time.monotonic()
        if answer["status"] == "unchanged":
            continue
        if answer["status"] != "confirmed":
            raise RuntimeError(f"{answer['status']}: {answer['reason']}")
        took.append(ended - began)
        parts = parted(house.inverter.stamps(), began, ended)
        if parts is not None:
            waited.append(parts[0])
            line.append(parts[1])
        time.sleep(1.1)
    spread = Spread.of(took)
    beside = f"{spread.count} presses"
    if line:
        wait, own = Spread.of(waited).median, Spread.of(line).median
        rest = max(0.0, spread.median - wait - own)
        beside += (
            f"; at the median {wait:.2f} s until the write is on the line (the answer under way), "
            f"{own:.2f} s until it is read back, {1000 * rest:.0f} ms after that"
        )
    return [
        Row(
            "from a press over HTTP to confirmed, inverter at 2400 baud",
            f"{spread.late_told('{:.2f}')} s",
            f"{beside}; {load()}",
            values={"median": spread.median, "late": spread.late},
        )
    ]


def parted(stamps: Sequence[Stamp], began: float, ended: float) -> tuple[float, float] | None:
    """Seconds until the write was on the line, and from there to the answer that was read back."""
    write = next((at for kind, at, data in stamps if kind == "request" and data[:3] == b"POP"), None)
    back = [
        at
        for (_, _, asked), (kind, at, _) in pairwise(stamps)
        if kind == "answer" and asked[:5] == b"QPIRI" and at < ended
    ]
    return (write - began, back[-1] - write) if write is not None and back else None
