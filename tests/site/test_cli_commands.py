"""The command line, as a script would use it: forms, statuses, and one line where something is wrong."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from faults.broker_house import Running

from gridward_kit.frames import frames_of

GRIDWARD = str(Path(sys.executable).with_name("gridward"))
QPIGS = next(frame for frame in frames_of("axpert") if frame.request == "QPIGS" and frame.error is None)
NAK = "28 4e 41 4b 73 73 0d"


def gridward(*words: str, folder: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [GRIDWARD, *words],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, **env},
        timeout=120,
    )


@contextmanager
def simulated(domain: str, *words: str) -> Iterator[str]:
    process = subprocess.Popen([GRIDWARD, "simulate", domain, *words], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def test_decode_prints_one_json_object() -> None:
    done = gridward("decode", "axpert", "--request", "QPIGS", "--reply", QPIGS.reply.hex(" "), "--json")
    assert done.returncode == 0
    values = json.loads(done.stdout)
    assert values == {key: value for key, (value, _) in QPIGS.values.items()}
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("domain", "request_", "reply", "status"),
    [
        ("axpert", "QPIGS", QPIGS.reply.hex()[:-10], 3),
        ("axpert", "QPIGS", "28 30 31 32 33 34 0d", 3),
        ("axpert", "QPIGS", "zz", 3),
        ("axpert", "QPIGS", NAK, 4),
        ("daly", "a540900800000000000000007d", "a501900802100000753001f4eb", 3),
        ("nothing", "QPIGS", "00", 2),
    ],
)
def test_a_bad_frame_is_one_line_and_its_status(domain: str, request_: str, reply: str, status: int) -> None:
    done = gridward("decode", domain, "--request", request_, "--reply", reply, "--json")
    assert done.returncode == status
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_decode_takes_the_bytes_of_a_request() -> None:
    done = gridward(
        "decode", "daly", "--request", "a540900800000000000000007d", "--reply", "a501900802100000753001f4ea"
    )
    assert done.returncode == 0
    values = json.loads(done.stdout)
    assert (values["voltage"], values["soc"], values["current"]) == (52.8, 50.0, 0.0)


@pytest.mark.parametrize("domain", ["axpert", "daly"])
def test_read_prints_one_line_a_poll(domain: str) -> None:
    with simulated(domain) as port:
        done = gridward("read", domain, port, "--json")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    told = json.loads(line)
    assert set(told) == {"at", "device", "values"}
    assert told["device"]["integration"] == domain
    assert len(told["values"]) > 30


def test_read_over_tcp() -> None:
    with simulated("daly", "--tcp", "0") as port:
        assert port.startswith("socket://127.0.0.1:")
        done = gridward("read", "daly", port, "--json", "--query", "0x90")
    assert json.loads(done.stdout)["values"]["voltage"] > 40


def test_reading_nothing_says_so_in_one_line(tmp_path: Path) -> None:
    done = gridward("read", "axpert", str(tmp_path / "nothing"), "--json")
    assert done.returncode == 3
    assert done.stdout == ""
    assert "cannot be opened" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_scan_tells_what_answers_and_the_lines_for_the_site_file() -> None:
    with simulated("daly") as port:
        done = gridward("scan", port)
        as_json = gridward("scan", port, "--json")
    assert done.returncode == 0
    assert "integration: daly" in done.stdout
    assert port in done.stdout
    assert json.loads(as_json.stdout)["integration"] == "daly"


def test_a_simulated_fault_is_seen() -> None:
    with simulated("daly", "--wrong-checksum", "1.0") as port:
        done = gridward("read", "daly", port, "--json", "--query", "0x90")
    assert done.returncode == 3
    assert done.stdout == ""


def test_a_capture_is_replayed(tmp_path: Path) -> None:
    capture = tmp_path / "line.txt"
    capture.write_text(
        f"2026-11-21T06:00:00.000Z > {b'QPIGS'.hex(' ')} b7 a9 0d\n"
        f"2026-11-21T06:00:00.500Z < {QPIGS.reply.hex(' ')}\n"
        f"2026-11-21T06:00:01.000Z > {b'QPIGS'.hex(' ')} b7 a9 0d\n"
        f"2026-11-21T06:00:01.500Z < {NAK}\n"
    )
    done = gridward("decode", "axpert", "--capture", str(capture))
    good, refused = (json.loads(line) for line in done.stdout.splitlines())
    assert good["values"]["output_voltage"] == QPIGS.values["output_voltage"][0]
    assert refused["error"].startswith("Refused")


SITE = """\
version: 1
site: {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}
mqtt: {url: 'mqtt://127.0.0.1:1'}
buses:
  - {id: line, port: /dev/null, devices: [{id: inverter, integration: axpert, writable: true}]}
"""


def test_check_names_every_fault_with_its_line(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(SITE)
    assert gridward("check", str(site)).returncode == 0
    site.write_text(SITE.replace("axpert", "axprt").replace("fail_safe: grid_connected", "fail_safe: off"))
    done = gridward("check", str(site))
    assert done.returncode == 2
    assert "site.yaml:2" in done.stderr
    assert "site.yaml:5" in done.stderr
    assert gridward("run", str(site)).returncode == 2


def test_accept_lets_a_binding_go(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(SITE)
    state = tmp_path / "state" / "inverter.json"
    state.parent.mkdir()
    state.write_text(json.dumps({"identity": {"model": "X", "protocol": "PI30", "serial": "42"}, "wear": {}}))
    done = gridward("accept", "inverter", "--site", str(site))
    assert done.returncode == 0
    assert "42" in done.stdout
    assert json.loads(state.read_text())["identity"] is None
    assert gridward("accept", "inverter", "--site", str(site)).returncode == 3
    assert gridward("accept", "nobody", "--site", str(site)).returncode == 2


def test_doctor_says_the_way_out(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(SITE)
    done = gridward("doctor", str(site))
    assert done.returncode == 1
    assert "BAD  inverter at /dev/null" in done.stdout
    assert "BAD  the broker at 127.0.0.1:1" in done.stdout.replace("mqtt://", "")
    assert "->" in done.stdout


def test_set_without_a_broker_fails_in_words(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(SITE)
    done = gridward("set", "inverter", "output_source_priority", "SBU", "--site", str(site))
    assert done.returncode == 3
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["status"], told["reason"]) == ("failed", "no broker at 127.0.0.1:1")


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("--scene", "midnight_sun"), 2, "sunny_noon"),
        (("--mqtt", "nonsense"), 2, "mqtt://host:port"),
        (("--mqtt", "mqtt://anna:secret@127.0.0.1:1"), 3, "no broker at 127.0.0.1:1"),
        (("--site", "nowhere.yaml"), 2, "nowhere.yaml:1: found No such file"),
    ],
)
def test_a_demo_that_cannot_be_says_why(
    tmp_path: Path, words: tuple[str, ...], status: int, told: str
) -> None:
    done = gridward("demo", "--for", "5", *words, folder=tmp_path)
    assert done.returncode == status
    assert done.stdout == ""
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("ping",), "host"),
        (("ping", "/dev/null", "-o", "host=127.0.0.1"), "not a device on a line"),
        (("axpert",), "needs a port"),
        (("axpert", "/dev/null", "-o", "colour=red"), "colour"),
        (("axpert", "/dev/null", "--device", "My inverter"), "'My inverter' is not an id"),
        (("axpert", "/dev/null", "--broker", "nonsense"), "mqtt://host:port"),
        (("relay", "-o", "driver=gpio"), "`pin`"),
    ],
)
def test_the_kits_run_refuses_what_a_site_file_would(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    done = subprocess.run(
        [GRIDWARD + "-kit", "run", *words],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
    )
    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_the_kits_run_publishes_a_device_without_a_port(mosquitto: Running, tmp_path: Path) -> None:
    words = ("run", "ping", "-o", "host=127.0.0.1", "--broker", mosquitto.url, "--state", str(tmp_path))
    process = subprocess.Popen([GRIDWARD + "-kit", *words], stderr=subprocess.PIPE, text=True)
    assert process.stderr
    try:
        assert any("ping: available" in line for line in process.stderr)
    finally:
        process.terminate()
        process.communicate()


def test_a_simulated_device_has_only_its_own_values() -> None:
    done = gridward("simulate", "axpert", "--set", "battery_volt=52")
    assert done.returncode == 2
    assert "battery_voltage" in done.stderr


def test_doctor_knows_the_ports_that_a_running_gateway_holds(mosquitto: Running, tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    with simulated("daly") as port:
        text = SITE.replace("integration: axpert", "integration: daly").replace("/dev/null", port)
        site.write_text(re.sub(r"mqtt://127.0.0.1:\d+", mosquitto.url, text))
        held = [GRIDWARD, "run", str(site), "--only", "bus:line"]
        process = subprocess.Popen(held, stderr=subprocess.PIPE, text=True)
        assert process.stderr
        try:
            assert any("inverter: available" in line for line in process.stderr)
            told = gridward("doctor", str(site)).stdout
        finally:
            process.terminate()
            process.communicate()
    assert f"ok   inverter at {port} answers; a running gateway holds the port" in told
