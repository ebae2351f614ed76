"""Speed and size, as ratios against the wire's limit or a peer in the same run. Writes RESULTS.md.

`PYTHONPATH=tests python -m bench.run [--polls 100]`. Nothing here is a test: a figure that misses its
target is printed as such, and looked into.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
from bench.answers import answers
from bench.databases import databases
from bench.decisions import decisions, rehearsals
from bench.figures import HERE, TURNAROUND, Row, Served, run
from bench.modbus_lines import SINGLE, crowds, paced, single
from bench.recording import recording

from gridward_kit.integration import Dialect, Integration, integrations

QUERIES = {
    "axpert": ["QPIGS", "QMOD", "QPIWS", "QPIRI", "Q1"],
    "daly": [f"0x{number:02x}" for number in range(0x90, 0x99)],
}


def spoken(integration: Integration, queries: list[str]) -> list[tuple[bytes, bytes]]:
    """Requests and answers of the simulated device, byte for byte."""
    assert integration.simulator
    assert integration.dialect
    assert integration.example
    simulator = integration.simulator({})
    dialect: Dialect = integration.dialect(integration.example, {})
    requests = [dialect.request(query) for query in queries]
    return [(request, b"".join(simulator.receive(request, 0.0))) for request in requests]


def lines(domain: str, polls: int) -> list[Row]:
    """A full poll of a fixed list against the wire's limit, and its processor time against a plain reader."""
    integration, queries = integrations()[domain], QUERIES[domain]
    frames = spoken(integration, queries)
    character = integration.line.character
    limit = sum((len(request) + len(reply)) * character + TURNAROUND for request, reply in frames)
    device = Served(domain)
    ours = run("our_reader.py", domain, device.url, str(polls), *queries)
    poll = paced(device.stamps(), len(queries), polls)
    text = domain == "axpert"
    pairs = [f"{request.hex()}:{0 if text else len(reply)}" for request, reply in frames]
    plain = run("plain_reader.py", device.url, str(integration.line.baud), str(polls), *pairs)
    peer = paced(device.stamps(), len(queries), polls)
    device.end()
    return [
        Row(
            f"{domain}: full poll of {', '.join(queries)}",
            f"{poll:.4f} s, {limit / poll:.1%} of the wire",
            f"limit {limit:.4f} s; plain reader {limit / peer:.1%}",
            "95 % or better",
            limit / poll >= 0.95,
        ),
        Row(
            f"{domain}: processor time of 1000 polls, all values decoded",
            f"{1000 * ours:.1f} s",
            f"plain reader without decoding {1000 * plain:.1f} s: {ours / plain:.2f} times",
            "1.5 times or less",
            ours / plain <= 1.5,
        ),
    ]


def demo(seconds: int) -> list[Row]:
    """The whole demo: its memory and its summary."""
    gridward = str(Path(sys.executable).with_name("gridward"))
    process = subprocess.Popen(
        [gridward, "demo", "--for", str(seconds), "--json"], stdout=subprocess.PIPE, text=True
    )
    peak = 0
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            peak = max(peak, watched.memory_info().rss)
        except psutil.Error:
            break
        time.sleep(0.2)
    assert process.stdout
    summary = json.loads(process.stdout.read())
    return [
        Row(
            f"resident memory of the whole demo, highest in {seconds} s",
            f"{peak / 1e6:.0f} MB",
            f"{summary['readings_taken']} readings, {summary['commands_confirmed']} commands confirmed",
            "under 160 MB",
            peak < 160e6,
        )
    ]


HEADLESS = """\
version: 1
site: {{id: bench, name: Bench, time_zone: Europe/Bratislava, fail_safe: grid_connected}}
mqtt: {{url: 'mqtt://127.0.0.1:{broker}'}}
buses:
  - {{id: inverter_line, port: {inverter}, devices: [{{id: inverter, integration: axpert, writable: true}}]}}
  - {{id: bms_line, port: {bms}, devices: [{{id: bms, integration: daly}}]}}
roles: {{pv: inverter, load: inverter, battery: bms}}
"""


def headless(seconds: int) -> list[Row]:
    """A gateway without page and broker: memory, start to first reading, share of a core."""
    broker_port = 18_900 + os.getpid() % 90
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = folder / "mosquitto.conf"
        config.write_text(f"listener {broker_port} 127.0.0.1\nallow_anonymous true\n")
        broker = subprocess.Popen(["/usr/sbin/mosquitto", "-c", str(config)], stderr=subprocess.DEVNULL)
        inverter, bms = Served("axpert"), Served("daly")
        site = folder / "site.yaml"
        site.write_text(HEADLESS.format(broker=broker_port, inverter=inverter.url, bms=bms.url))
        try:
            first_start(site, broker_port)
            return measured(site, broker_port, inverter, seconds)
        finally:
            inverter.end()
            bms.end()
            broker.kill()


def started(site: Path) -> subprocess.Popen[str]:
    """A gateway with the roles of a headless Pi."""
    gridward = str(Path(sys.executable).with_name("gridward"))
    roles = ["bus:inverter_line", "bus:bms_line", "recorder", "rules"]
    only = [word for role in roles for word in ("--only", role)]
    return subprocess.Popen([gridward, "run", str(site), *only], stderr=subprocess.PIPE, text=True)


def first_reading(port: int) -> None:
    """Wait for the inverter's first live state on the broker."""
    command = ["mosquitto_sub", "-p", str(port), "-t", "gridward/bench/inverter/state", "-C", "1", "-R"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def first_start(site: Path, port: int) -> None:
    """Identify once, so that the protocol is stored."""
    process = started(site)
    first_reading(port)
    time.sleep(3)
    process.terminate()
    process.wait()


def measured(site: Path, port: int, inverter: Served, seconds: int) -> list[Row]:
    """The second start, with a stored protocol."""
    begun = time.monotonic()
    process = started(site)
    first_reading(port)
    ready = time.monotonic() - begun
    time.sleep(10)
    watched = psutil.Process(process.pid)
    inverter.stamps()
    before, since = sum(watched.cpu_times()[:2]), time.monotonic()
    topic = "gridward/bench/inverter/state"
    heard = subprocess.run(
        ["mosquitto_sub", "-p", str(port), "-t", topic, "-R", "-W", str(seconds)],
        check=False,
        capture_output=True,
    )
    fresh = len(heard.stdout.splitlines()) / seconds
    share = (sum(watched.cpu_times()[:2]) - before) / (time.monotonic() - since)
    asked = len([kind for kind, *_ in inverter.stamps() if kind == "request"])
    memory = watched.memory_info().rss
    process.terminate()
    process.wait()
    return [
        Row("headless gateway: resident memory", f"{memory / 1e6:.0f} MB", "", "under 80 MB", memory < 80e6),
        Row(
            "fresh Axpert power values, all other queries in between",
            f"{fresh:.2f} a second",
            f"{asked / seconds:.2f} exchanges a second on its line",
            "1.5 or more",
            fresh >= 1.5,
        ),
        Row("exec to first reading, protocol stored", f"{ready:.1f} s", "", "under 4 s", ready < 4),
        Row(
            "headless gateway: share of one core",
            f"{share:.1%}",
            "inverter and BMS polled, store and rules running",
            "under 5 %",
            share < 0.05,
        ),
    ]


def main() -> None:
    """Measure, print, and write RESULTS.md."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--polls", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=30)
    chosen = parser.parse_args()
    rows = [row for domain in QUERIES for row in lines(domain, chosen.polls)]
    rows += [row for token in SINGLE for row in single(token, chosen.polls)]
    rows += crowds(chosen.seconds)
    rows += [*decisions(), *rehearsals(), *answers(), *recording(), *databases()]
    rows += headless(chosen.seconds)
    rows += demo(chosen.seconds)
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    table = "\n".join(
        [
            "# What was measured",
            "",
            f"{datetime.now(UTC):%Y-%m-%d}, {machine}, {chosen.polls} polls, other work on the machine. "
            "`make bench` writes this page. Lines are simulated at their true speed in another process, "
            "stamped at the simulator's end; turnaround 20 ms.",
            "",
            "| what | figure | beside | target | met |",
            "|---|---|---|---|---|",
            *(row.line() for row in rows),
            "",
        ]
    )
    (HERE / "RESULTS.md").write_text(table)
    sys.stdout.write(re.sub(r" +", " ", table))


main()
