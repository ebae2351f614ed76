"""Telemetry waits until it is stored: nothing is lost, whatever happens to broker, recorder and process."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridward_kit.spool import BURST, LAG, RESEND, SANE, Spool
from gridward_kit.testing import MemoryBroker, MemoryLink, TurnedClock

TOPIC = "gridward/home/unit/telemetry"
STORED = "gridward/home/recorder/unit/stored"


class Recorder:
    """Stores what it hears, keyed by boot and seq, and acknowledges each boot's run without gaps."""

    def __init__(self, broker: MemoryBroker) -> None:
        self.rows: dict[tuple[str, int], dict[str, object]] = {}
        self.deaf = False
        self._broker = broker
        self._oldest: dict[str, int] = {}
        broker.link("recorder").subscribe(TOPIC, lambda message: self._hear(message.payload))

    def _hear(self, payload: bytes) -> None:
        if self.deaf:
            return
        content = json.loads(payload)
        self.rows[content["boot"], content["seq"]] = content
        self._oldest[content["boot"]] = content["oldest"]

    def say(self) -> None:
        for boot, oldest in list(self._oldest.items()):
            run = oldest
            while (boot, run) in self.rows:
                run += 1
            stored = json.dumps({"v": 1, "boot": boot, "seq": run - 1})
            self._broker.publish(STORED, stored, retain=True)


def spool(link: MemoryLink, folder: Path, clock: TurnedClock, boot: str = "b1") -> Spool:
    return Spool(link, "unit", boot, folder / "unit.jsonl", clock)


def test_what_is_stored_is_let_go_and_nothing_else(tmp_path: Path) -> None:
    clock = TurnedClock()
    broker = MemoryBroker(clock)
    recorder = Recorder(broker)
    kept = spool(broker.link("bus"), tmp_path, clock)
    for number in range(5):
        kept.put({"voltage": float(number)})
    assert len(kept) == 5
    recorder.say()
    assert len(kept) == 0
    assert [row["seq"] for row in recorder.rows.values()] == [1, 2, 3, 4, 5]


def test_a_lagging_recorder_makes_it_spill_and_a_restart_takes_it_up(tmp_path: Path) -> None:
    clock = TurnedClock()
    broker = MemoryBroker(clock)
    link = broker.link("bus")
    link.connected = False
    kept = spool(link, tmp_path, clock)
    for number in range(30):
        kept.put({"voltage": float(number)})
        clock.pass_by(5)
    assert (tmp_path / "unit.jsonl").exists()
    recorder = Recorder(broker)
    again_link = broker.link("bus")
    again = spool(again_link, tmp_path, clock, "b2")
    spilled = len(again)
    assert spilled >= 30 - LAG / 5
    again.put({"voltage": 99.0})
    again_link.reconnect()
    recorder.say()
    assert len(again) == 0
    assert len(recorder.rows) == spilled + 1
    assert not (tmp_path / "unit.jsonl").exists()


def test_a_line_cut_by_a_power_cut_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "unit.jsonl"
    whole = {
        "v": 1,
        "boot": "b0",
        "seq": 7,
        "at": "2026-11-21T06:00:00.000Z",
        "mono": 5.0,
        "values": {"a": 1},
    }
    file.write_text(json.dumps(whole) + "\n" + json.dumps(whole)[:40])
    clock = TurnedClock()
    assert len(spool(MemoryBroker(clock).link("bus"), tmp_path, clock)) == 1


def test_a_text_with_any_separator_of_lines_comes_back_whole(tmp_path: Path) -> None:
    clock = TurnedClock()
    link = MemoryBroker(clock).link("bus")
    link.connected = False
    kept = spool(link, tmp_path, clock)
    for _ in range(2):
        kept.put({"state": "a\u2028b\x85c\r\nd"})
        clock.pass_by(LAG + 1)
    kept.tend()
    assert len(spool(MemoryBroker(clock).link("bus"), tmp_path, clock, "b2")) == 2


def test_a_disk_that_takes_nothing_is_told_once_and_asked_once_a_minute(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = TurnedClock()
    link = MemoryBroker(clock).link("bus")
    link.connected = False
    kept = spool(link, tmp_path / "file", clock)
    (tmp_path / "file").write_text("stands where the folder should")
    for number in range(60):
        kept.put({"voltage": float(number)})
        clock.pass_by(5)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    (tmp_path / "file").unlink()
    for number in range(13):
        kept.put({"voltage": float(number)})
        clock.pass_by(5)
    assert len(spool(MemoryBroker(clock).link("bus"), tmp_path / "file", clock, "b2")) > 60


@pytest.mark.parametrize("oddity", ['"seq":1e999', '"mono":1' + "0" * 400, '"values":5', '"at":"0001-01-01"'])
def test_a_line_that_is_json_and_no_reading_is_left_out(tmp_path: Path, oddity: str) -> None:
    whole = '"v":1,"boot":"b0","seq":1,"at":null,"mono":1.0,"values":{"a":1}'
    (tmp_path / "unit.jsonl").write_text(f"{{{whole},{oddity}}}\n7\n{{{whole}}}\n")
    clock = TurnedClock()
    kept = spool(MemoryBroker(clock).link("bus"), tmp_path, clock)
    clock.pass_by(RESEND + 1)
    kept.tend()
    assert len(kept) == 1


def test_what_is_left_when_room_was_made_comes_to_the_disk_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = TurnedClock()
    broker = MemoryBroker(clock)
    link, recorder = broker.link("bus"), Recorder(broker)
    link.connected = False
    kept = spool(link, tmp_path, clock)

    def wait(seconds: int) -> None:
        for number in range(seconds):
            kept.put({"voltage": float(number)})
            clock.pass_by(1)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    wait(10 * BURST)
    with monkeypatch.context() as disk:
        disk.setattr("gridward_kit.spool.Path.open", full)
        wait(10 * BURST + 2 * int(LAG))
    wait(2 * int(LAG))
    assert kept.dropped
    on_disk = {json.loads(line)["seq"] for line in (tmp_path / "unit.jsonl").read_text().split("\n") if line}
    link.reconnect()
    while len(kept):
        heard = max(seq for _, seq in recorder.rows)
        broker.publish(STORED, json.dumps({"v": 1, "boot": "b1", "seq": heard}))
    assert {seq for _, seq in recorder.rows if seq < kept.sequence - LAG} <= on_disk


def test_readings_before_the_clock_is_known_are_stamped_later(tmp_path: Path) -> None:
    clock = TurnedClock(time=1000.0)
    broker = MemoryBroker(clock)
    link = broker.link("bus")
    kept = spool(link, tmp_path, clock)
    kept.put({"voltage": 1.0})
    assert json.loads(broker.said(TOPIC)[-1])["at"] is None
    clock.pass_by(RESEND + 5)
    clock.jump(SANE + 1e6)
    kept.tend()
    first = json.loads(broker.said(TOPIC)[-1])
    assert first["seq"] == 1
    assert first["at"].startswith("2026-01-12")


def test_long_backlogs_go_in_bursts(tmp_path: Path) -> None:
    clock = TurnedClock()
    broker = MemoryBroker(clock)
    link = broker.link("bus")
    link.connected = False
    kept = spool(link, tmp_path, clock)
    for number in range(3 * BURST + 10):
        kept.put({"voltage": float(number)})
    recorder = Recorder(broker)
    link.reconnect()
    sent = len(broker.said(TOPIC))
    assert sent == BURST
    for _ in range(6):
        recorder.say()
    assert len(recorder.rows) == 3 * BURST + 10
    assert len(kept) == 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["put", "say", "deaf", "hear", "cut", "join", "wait", "restart"]),
        min_size=5,
        max_size=60,
    )
)
def test_in_the_end_every_reading_is_stored_once(steps: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clock = TurnedClock()
        broker = MemoryBroker(clock)
        recorder = Recorder(broker)
        boot = 1
        link = broker.link("bus")
        kept = spool(link, folder, clock, f"b{boot}")
        put = 0
        for step in steps:
            match step:
                case "put":
                    put += 1
                    kept.put({"n": float(put)})
                case "say":
                    recorder.say()
                case "deaf" | "hear":
                    recorder.deaf = step == "deaf"
                case "cut":
                    link.connected = False
                case "join":
                    link.reconnect()
                case "wait":
                    clock.pass_by(LAG + 1)
                    kept.tend()
                case "restart":
                    kept.tend()
                    clock.pass_by(LAG + 1)
                    kept.tend()
                    link.connected = False
                    boot += 1
                    link = broker.link("bus")
                    kept = spool(link, folder, clock, f"b{boot}")
        recorder.deaf = False
        link.reconnect()
        for _ in range(20):
            clock.pass_by(RESEND + 1)
            kept.tend()
            recorder.say()
        numbers = sorted(row["values"]["n"] for row in recorder.rows.values())  # type: ignore[index]
        assert numbers == [float(n) for n in range(1, put + 1)]
