"""The gateway as it runs in a house: memory of each role, start, share of a core; and the demo's memory."""

import json
import subprocess
import time
from collections.abc import Sequence

import psutil
from bench.figures import GRIDWARD, Row, Spread
from bench.stand import ALL, HEADLESS, Stand, own_memory, spent, stand

STARTS = 3
SETTLED = 12.0  # s after which a role has loaded what it loads


def headless(effort: float) -> list[Row]:
    """Without page: from exec to the first reading, memory, share of a core, and fresh values."""
    with stand() as house:
        starts = [_started(house) for _ in range(max(1, round(STARTS * effort)))]
        process = house.start(*HEADLESS)
        house.heard("inverter/state")
        time.sleep(10)
        seconds = max(5, round(30 * effort))
        house.inverter.stamps()
        before, since = spent(process), time.monotonic()
        topic = "gridward/bench/inverter/state"
        heard = subprocess.run(
            ["mosquitto_sub", "-p", str(house.port), "-t", topic, "-R", "-W", str(seconds)],
            check=False,
            capture_output=True,
        )
        share = (spent(process) - before) / (time.monotonic() - since)
        fresh = len(heard.stdout.splitlines()) / seconds
        asked = len([kind for kind, *_ in house.inverter.stamps() if kind == "request"]) / seconds
        memory = own_memory(process)
    return [*_start_rows(starts), *_running(memory, share, fresh, asked)]


def _started(house: Stand) -> tuple[float, float]:
    """Wall and processor seconds from exec to the first reading."""
    began = time.monotonic()
    process = house.start(*HEADLESS)
    house.heard("inverter/state")
    found = time.monotonic() - began, spent(process)
    house.stop()
    return found


def _start_rows(starts: Sequence[tuple[float, float]]) -> list[Row]:
    wall, processor = (Spread.of([start[place] for start in starts]) for place in (0, 1))
    return [
        Row(
            "exec to first reading, protocol stored",
            f"{wall.told()} s",
            f"{processor.told()} s of processor; the first answer takes 0.54 s of it on the line",
            "under 4 s",
            wall.median < 4,
            {"seconds": wall.median, "processor": processor.median},
        )
    ]


def _running(memory: float, share: float, fresh: float, asked: float) -> list[Row]:
    return [
        Row(
            "headless gateway: resident memory",
            f"{memory / 1e6:.0f} MB",
            "two buses, recorder, rules",
            "under 80 MB",
            memory < 80e6,
            {"bytes": memory},
        ),
        Row(
            "headless gateway: share of one core",
            f"{share:.1%}",
            "inverter and battery polled, store and rules running",
            "under 5 %",
            share < 0.05,
            {"share": share},
        ),
        Row(
            "fresh Axpert power values, all other queries in between",
            f"{fresh:.2f} a second",
            f"{asked:.2f} exchanges a second on its line",
            "1.5 or more",
            fresh >= 1.5,
            {"rate": fresh},
        ),
    ]


def memories(effort: float) -> list[Row]:
    """Each role alone in a process, and all in one; of whatever `effort`."""
    assert effort > 0
    with stand() as house:
        alone = {role: house.start(role) for role in ALL}
        for role in ALL:
            house.online(role)
        time.sleep(SETTLED)
        found = {role: own_memory(process) for role, process in alone.items()}
        shared = sum(psutil.Process(process.pid).memory_full_info().uss for process in alone.values())
        house.stop()
        together = house.start(*ALL)
        for role in ALL:
            house.online(role)
        time.sleep(SETTLED)
        whole = own_memory(together)
    rows = [
        Row(f"resident memory of the role {role} alone", f"{size / 1e6:.0f} MB", values={"bytes": size})
        for role, size in found.items()
    ]
    told = f"seven processes {sum(found.values()) / 1e6:.0f} MB, of which their own {shared / 1e6:.0f} MB"
    return [
        *rows,
        Row(
            "resident memory of all roles in one process",
            f"{whole / 1e6:.0f} MB",
            told,
            values={"bytes": whole},
        ),
    ]


def demo(effort: float) -> list[Row]:
    """The whole demo: its memory and its summary."""
    seconds = max(10, round(30 * effort))
    process = subprocess.Popen(
        [GRIDWARD, "demo", "--for", str(seconds), "--json"], stdout=subprocess.PIPE, text=True
    )
    peak = 0.0
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            peak = max(peak, own_memory(watched))
        except (psutil.Error, RuntimeError):
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
            {"bytes": peak},
        )
    ]
