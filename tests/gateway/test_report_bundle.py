"""The support bundle: nothing secret in it, and its captures answer as the devices did."""

import asyncio
import base64
import json
import stat
from datetime import UTC
from pathlib import Path
from urllib.parse import quote
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from gridward.cli import app
from gridward.report.bundle import gather, write
from gridward.report.redact import Redactor
from gridward_kit.bus import Bus
from gridward_kit.capture import Capture
from gridward_kit.device import Device
from gridward_kit.info import Setup
from gridward_kit.integration import integrations
from gridward_kit.kept import Json
from gridward_kit.port import Port
from gridward_kit.replay import Replay, captures, serve_report
from gridward_kit.simulate import serve_pty
from gridward_kit.testing import FastClock, MemoryBroker, TurnedClock
from gridward_kit.trial import QUICK
from gridward_kit.wired import Wired

CANARY = "canary-7f3a"
SITE = """version: 1
site: {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected,
  latitude: 48.14321, longitude: 17.10987}
mqtt: {url: mqtt://127.0.0.1:1, username: gridward, password: !secret mqtt_password}
record: {influxdb: {url: http://127.0.0.1:1, version: 2, org: o, bucket: b, token: !secret influx_token}}
"""
AXPERT = integrations()["axpert"]


def site_in(folder: Path, text: str = SITE) -> Path:
    (folder / "site.yaml").write_text(text)
    secrets = folder / "secrets.yaml"
    secrets.write_text(f"mqtt_password: {CANARY}-mqtt\ninflux_token: '{CANARY}+/influx=='\npin: 42\n")
    secrets.chmod(0o600)
    return folder / "site.yaml"


WORDS = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=6, max_size=30).filter(
    lambda word: not word.isspace() and word.strip("<>") and "redacted" not in word
)


@given(secret=WORDS, before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_secret_is_taken_out_however_it_is_written(secret: str, before: str, after: str) -> None:
    redact = Redactor({"the_name": secret})
    ways = (secret, quote(secret), json.dumps(secret)[1:-1], base64.b64encode(secret.encode()).decode())
    for way in ways:
        told = redact.text(f"{before} {way} {after}")
        if way not in "<the_name>" and way not in f"{before}  {after}" and "<redacted>" not in told:
            assert way not in told


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("url: mqtt://anna:hunter2@192.0.2.1:1883", "hunter2"),
        ("password: hunter2", "hunter2"),
        ('{ "influx_token": "hunter2"}', "hunter2"),
        ("Authorization: Bearer abcdefghij1234567890", "abcdefghij"),
        ("  latitude: 48.14321", "14321"),
        ("site: {latitude: 48.14321, longitude: -17.5}", "14321"),
        ("the code is 42, not 142", " 42"),
    ],
)
def test_what_is_secret_by_its_place_is_taken_out(text: str, gone: str) -> None:
    told = Redactor({"pin": "42"}).text(text)
    assert gone not in told
    assert told.partition(" ")[0] == text.partition(" ")[0]


def test_a_capture_keeps_its_lengths() -> None:
    line = f"t > {CANARY.encode().hex(' ')} 0d\n"
    told = Redactor({"x": CANARY}).capture(line)
    assert CANARY.encode().hex(" ") not in told
    assert len(told) == len(line)


def read_zip(path: Path) -> dict[str, str]:
    with ZipFile(path) as bundle:
        return {name: bundle.read(name).decode() for name in bundle.namelist()}


def test_the_command_writes_one_zip_for_its_owner_without_secrets(tmp_path: Path) -> None:
    site, target = site_in(tmp_path), tmp_path / "out" / "report.zip"
    result = CliRunner().invoke(app, ["report", str(site), "--to", str(target)])
    assert result.exit_code == 0, result.output
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    files = read_zip(target)
    assert files["check.txt"] == "no fault\n"
    assert "!secret mqtt_password" in files["site/site.yaml"]
    assert "gridward" in json.loads(files["versions.json"])["packages"]
    assert "BAD" in files["doctor.txt"]
    assert not [name for name in files if "secrets" in name or "token" in name]
    assert not [name for name, text in files.items() if CANARY in text or "14321" in text]


def test_a_site_file_with_faults_is_reported_with_them(tmp_path: Path) -> None:
    site = site_in(tmp_path, SITE + "colour: blue\n")
    files = gather(site, TurnedClock(), lambda: f"failed to log in with {CANARY}-mqtt\n")
    assert "colour" in files["check.txt"]
    assert files["log.txt"] == "failed to log in with <mqtt_password>\n"
    assert CliRunner().invoke(app, ["report", str(tmp_path / "none.yaml")]).exit_code == 2


async def polled(url: str, folder: Path, capture: Path | None) -> dict[str, Json]:
    """What a device on this line publishes, once every setting was read."""
    clock = FastClock(100)
    broker, port = MemoryBroker(clock), Port(url, QUICK, clock)
    if capture is not None:
        port.capture = Capture(capture, clock)
    device = Device(Setup(id="unit", integration=AXPERT, name="Unit", folder=folder), broker.link("b"), clock)
    task = asyncio.ensure_future(Bus(port, [Wired(device, {}, clock, None)], clock, UTC).run())
    state: dict[str, Json] = {}
    try:
        async with asyncio.timeout(30):
            while len(state) < 40:
                await asyncio.sleep(0.02)
                said = broker.said(f"{device.root}/state")
                state = json.loads(said[-1]) if said else {}
            await asyncio.sleep(0.3)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    found: dict[str, Json] = json.loads(broker.said(f"{device.root}/state")[-1])
    return {key: value for key, value in found.items() if key != "at"}


async def test_a_reports_captures_answer_as_the_device_did(tmp_path: Path) -> None:
    site = site_in(tmp_path)
    assert AXPERT.simulator
    unit = AXPERT.simulator({})
    unit.state["battery_voltage"] = 51.3
    served = serve_pty([unit], QUICK, turnaround=0.0, chunk=4096)
    state = tmp_path / "state"
    real = await polled(served.url, state, state / "captures" / "inverter_line.txt")
    served.unplug()
    files = await asyncio.to_thread(gather, site, TurnedClock(), lambda: "")
    write(files, tmp_path / "report.zip")
    assert json.loads(files["identities.json"])["unit"]["model"]
    again = serve_report(tmp_path / "report.zip", tmp_path / "ports")
    assert list(again) == ["inverter_line"]
    replayed = await polled(str(tmp_path / "ports" / "inverter_line"), tmp_path / "elsewhere", None)
    again["inverter_line"].unplug()
    assert real["battery_voltage"] == 51.3
    common = real.keys() & replayed.keys()
    assert len(common) >= 40
    assert {key: replayed[key] for key in common} == {key: real[key] for key in common}


def test_answers_come_in_their_order_and_in_pieces() -> None:
    line = Replay([(b"A\r", b"1"), (b"AB\r", b"2"), (b"A\r", b"3"), (b"Q\r", b"")])
    assert [line.receive(b"A\r", 0.0), line.receive(b"A\r", 1.0), line.receive(b"A\r", 2.0)] == [
        [b"1"],
        [b"3"],
        [b"1"],
    ]
    assert line.receive(b"A", 3.0) == []
    assert line.receive(b"B\r", 3.1) == [b"2"]
    assert line.receive(b"Q\r", 4.0) == []
    assert line.receive(b"noise", 5.0) == []
    assert line.receive(b"AB\rA\r", 6.0) == [b"2", b"3"]


@given(st.lists(st.binary(max_size=8), max_size=6))
def test_any_bytes_are_answered_or_met_with_silence(heard: list[bytes]) -> None:
    line = Replay([(b"A\r", b"1")])
    for at, data in enumerate(heard):
        line.receive(data, float(at))
    assert line.receive(b"A\r", 100.0) == [b"1"]


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all"])
def test_what_is_no_report_is_told_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="not a report"):
        captures(path)
    write({"captures/a.txt": ""}, path)
    with pytest.raises(ValueError, match="holds no capture"):
        captures(path)
    result = CliRunner().invoke(app, ["simulate", "--from-report", str(path)])
    assert (result.exit_code, "holds no capture" in result.output) == (3, True)


def test_a_report_that_would_fill_the_memory_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with ZipFile(path, "w") as bundle:
        for line in "abc":
            bundle.writestr(f"captures/{line}.txt", "1 > 00\n")
            bundle.getinfo(f"captures/{line}.txt").file_size = 19_000_000
    with pytest.raises(ValueError, match="over 50 MB"):
        captures(path)


@pytest.mark.parametrize(
    "name", ["captures/.txt", "captures/..", "captures/../a.txt", "captures/a/b.txt", "a.txt"]
)
def test_only_a_lines_capture_is_taken_out_of_a_report(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.zip"
    write({name: "1 > 00\n", "captures/line.txt": "1 > 00\n"}, path)
    assert list(captures(path)) == ["line"]
