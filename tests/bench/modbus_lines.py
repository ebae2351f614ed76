"""Many meters of mixed makers on one pair, against the wire."""

import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

from bench.figures import HERE, Row, Served
from bench.wire import wire

from gridward_kit.integration import integrations
from gridward_kit.modbus.frame import INPUT

MIXED = ("eastron:sdm230", "chint:ddsu666", "eastron:sdm630", "chint:dtsu666")
SIZES = (1, 10, 32, 90)
BROKEN = (10, 90)
SETTLE, SETTLE_EACH = 6.0, 2.5  # s: until what is seldom read has been read once


def crowd(number: int) -> list[str]:
    """So many meters of mixed makers, addresses from 1 on."""
    return [f"{kind}:{address}" for address, kind in enumerate(islice(cycle(MIXED), number), 1)]


def round_of(number: int, seconds: float, *words: str) -> tuple[float, float, float, int]:
    """Meters on one pair: seconds of a round, share of the wire, least read unit to the mean, hurried."""
    tokens = crowd(number)
    served = Served(*tokens, *words)
    reader = subprocess.Popen([sys.executable, str(HERE / "our_bus.py"), served.url, *tokens])
    time.sleep(SETTLE + number * SETTLE_EACH)
    served.stamps()
    begun = time.monotonic()
    time.sleep(seconds)
    stamps = served.stamps()
    elapsed = time.monotonic() - begun
    reader.kill()
    reader.wait()
    served.end()
    line = integrations()["eastron"].line
    asked = [data for kind, _, data in stamps if kind == "request" and len(data) == 8]
    silent = {int(word) for word in words[1:2]} if words[:1] == ("--silent",) else set()
    reads = [data for data in asked if data[1] <= INPUT and data[0] not in silent]
    used = sum(wire(int.from_bytes(data[4:6], "big"), line) for data in reads)
    fast = most_often(asked, {data[0] for data in reads})
    counts = list(Counter(data[0] for data in asked if data in fast).values())
    mean = statistics.mean(counts)
    return elapsed / mean, used / elapsed, min(counts) / mean, served.hurried


def most_often(asked: Sequence[bytes], units: set[int]) -> set[bytes]:
    """The request that each unit got most often: one of its fast ones."""
    often: dict[int, Counter[bytes]] = {unit: Counter() for unit in units}
    for data in asked:
        if data[0] in often:
            often[data[0]][data] += 1
    return {counter.most_common(1)[0][0] for counter in often.values()}


LANES = 4  # pairs that are read side by side: each is waited for nearly all the time
CASES: dict[tuple[int, str], tuple[str, ...]] = {  # the long ones first
    (number, what): words
    for number in reversed(SIZES)
    for what, words in {
        "": (),
        **(
            {"silent": ("--silent", str(number // 2)), "broken": ("--wrong", "0.01")}
            if number in BROKEN
            else {}
        ),
    }.items()
}


def crowds(effort: float) -> list[Row]:
    """Rounds of 1 to 90 meters, whole, with one unit silent, and with 1 % of frames broken."""
    cases = {case: words for case, words in CASES.items() if effort >= 0.5 or case[0] < max(SIZES)}
    with ThreadPoolExecutor(LANES) as threads:
        running = {
            case: threads.submit(round_of, case[0], max(5.0, effort * max(30.0, case[0] * 0.7)), *words)
            for case, words in cases.items()
        }
        done = {case: future.result() for case, future in running.items()}
    return [_row(*case, done[case], done[case[0], ""][0]) for case in sorted(done)]


def _row(number: int, what: str, found: tuple[float, float, float, int], whole: float) -> Row:
    took, share, fair, hurried = found
    if not what:
        return Row(
            f"{number} mixed meters on a pair: round of the fast reads",
            f"{took:.2f} s, {share:.1%} of the wire",
            f"least read unit {fair:.2f} of the mean; {hurried} requests too soon",
            "95 % or better, 0.9",
            share >= 0.95 and fair >= 0.9 and hurried == 0,
        )
    words, most = {"silent": ("one of them silent", 0.1), "broken": ("1 % of frames broken", 0.05)}[what]
    return Row(
        f"{number} meters, {words}",
        f"{took:.2f} s",
        f"{took / whole - 1:+.1%}",
        f"{most:.0%} more at most",
        took <= (1 + most) * whole,
    )
