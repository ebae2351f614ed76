"""A line's raw capture: switched over the broker, told, capped, and replayed."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gridward_daly import INTEGRATION as DALY
from gridward_daly.simulator import DalyBoard
from gridward_kit.capture import Capture, exchanges
from gridward_kit.capture_switch import CaptureSwitch
from gridward_kit.clock import SystemClock
from gridward_kit.integration import Line
from gridward_kit.kept import Json
from gridward_kit.port import Port
from gridward_kit.reader import Reader
from gridward_kit.simulate import serve_pty
from gridward_kit.testing import MemoryBroker, TurnedClock

TOPIC = "gridward/home/bus_bms/capture"
QUICK = Line(baud=500_000, first=0.06, gap=0.02)


class Bench:
    """A battery on a pseudo-terminal, its port, and the switch of its capture."""

    def __init__(self, folder: Path, *, on: bool = False) -> None:
        self.served = serve_pty([DalyBoard()], QUICK, turnaround=0.0, chunk=4096)
        self.port = Port(self.served.url, QUICK, SystemClock())
        self.broker = MemoryBroker(TurnedClock())
        self.path = folder / "captures" / "bms.txt"
        self.folder = folder
        self.began = on
        self.switch()

    def switch(self) -> CaptureSwitch:
        """A switch, as each start of the role makes one."""
        link = self.broker.link("bus:bms")
        return CaptureSwitch(link, self.port, self.path, self.broker.clock, on=self.began)

    def ask(self, value: Json, identifier: str, *, retain: bool = False) -> dict[str, Json]:
        """Ask for on or off; the answer."""
        wish = {"v": 1, "value": value, "id": identifier, "by": "page:anna", "ttl": 10}
        self.broker.publish(f"{TOPIC}/command", json.dumps(wish), retain=retain)
        result: dict[str, Json] = json.loads(self.broker.said(f"{TOPIC}/result")[-1])
        return result

    @property
    def told(self) -> dict[str, Json]:
        """What is retained of the capture."""
        told: dict[str, Json] = json.loads(self.broker.retained[TOPIC])
        return told

    async def read(self) -> None:
        """One query and its answer over the line."""
        reader = Reader(DALY, self.port, {}, SystemClock())
        await reader.identify()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.port.close()
    made.served.unplug()


async def test_it_is_off_until_it_is_asked_for_and_off_again_after(bench: Bench) -> None:
    await bench.read()
    assert bench.told["on"] is False
    assert not bench.path.exists()
    assert bench.ask(True, "1")["status"] == "confirmed"
    assert (bench.told["on"], bench.told["path"]) == (True, str(bench.path))
    await bench.read()
    captured = list(exchanges(bench.path))
    assert any(answer.startswith(b"\xa5\x01") for _, _, answer in captured)
    assert bench.ask(False, "2")["status"] == "confirmed"
    assert bench.told["on"] is False
    await bench.read()
    assert list(exchanges(bench.path)) == captured
    audit = [json.loads(item) for item in bench.broker.said("gridward/home/audit")]
    assert [(one["what"], one["before"], one["value"], one["by"]) for one in audit] == [
        ("bus_bms/capture", False, True, "page:anna"),
        ("bus_bms/capture", True, False, "page:anna"),
    ]


@pytest.mark.parametrize(("value", "words"), [("on", "neither"), (1, "neither"), (None, "no value")])
async def test_only_true_and_false_switch_it(bench: Bench, value: Json, words: str) -> None:
    result = bench.ask(value, "1")
    assert (result["id"], result["status"]) == ("1", "refused")
    assert words in str(result["reason"])
    assert bench.told["on"] is False


async def test_repeated_retained_and_equal_commands_do_nothing(bench: Bench) -> None:
    assert bench.ask(False, "1")["status"] == "unchanged"
    assert bench.ask(True, "2")["status"] == "confirmed"
    assert bench.ask(False, "2")["status"] == "refused"
    bench.ask(False, "3", retain=True)
    bench.began = True
    bench.switch()
    result = json.loads(bench.broker.said(f"{TOPIC}/result")[-1])
    assert "retained" in result["reason"]
    assert bench.told["on"] is True


async def test_where_it_cannot_be_written_it_stays_off(bench: Bench) -> None:
    bench.path.parent.write_text("a file where the folder should be")
    result = bench.ask(True, "1")
    assert result["status"] == "failed"
    assert "cannot be written" in str(result["reason"])
    assert bench.told["on"] is False


async def test_the_site_files_word_is_what_a_start_begins_with(tmp_path: Path) -> None:
    bench = Bench(tmp_path, on=True)
    assert bench.told["on"] is True
    await bench.read()
    assert list(exchanges(bench.path))
    bench.port.close()
    bench.served.unplug()


def test_it_never_takes_more_than_its_cap(tmp_path: Path) -> None:
    capture = Capture(tmp_path / "line.txt", TurnedClock(), cap=10_000)
    for number in range(2000):
        capture.sent(number.to_bytes(8, "big"))
        assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 10_100
    newest = list(exchanges(tmp_path / "line.txt"))[-1][1]
    assert newest == (1999).to_bytes(8, "big")
