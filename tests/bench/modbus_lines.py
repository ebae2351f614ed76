"""Modbus lines against the wire: single devices, and many meters of mixed makers on one pair."""

import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice, pairwise

from bench.figures import HERE, TURNAROUND, Row, Served, Stamp, run

from gridward_kit.integration import FAST, Line, integrations
from gridward_kit.modbus.frame import INPUT
from gridward_kit.modbus.plan import parse

SINGLE = ("eastron:sdm230:1", "chint:ddsu666:1", "chint:dtsu666:1", "srne:single_phase:1")
MIXED = ("eastron:sdm230", "chint:ddsu666", "eastron:sdm630", "chint:dtsu666")
SIZES = (1, 10, 32, 90)
SETTLE, SETTLE_EACH = 6.0, 2.5  # s: until what is seldom read has been read once


def wire(count: int, line: Line) -> float:
    """Seconds that a read of so many registers takes at the very least (performance-limits, Formulas)."""
    return (8 + 5 + 2 * count) * line.character + max(TURNAROUND, line.rest) + line.rest


def single(token: str, polls: int) -> list[Row]:
    """All fast reads of one device, alone on a strict line."""
    domain, model, address = token.split(":")
    integration = integrations()[domain]
    example = dict(integration.each())
    one = example.get(f"{domain}-{model}", integration)
    assert one.dialect
    assert one.example
    dialect = one.dialect(one.example, {"address": int(address)})
    blocks = [parse(query.name) for query in dialect.queries if query.every == FAST]
    limit = sum(wire(count, integration.line) for _, _, count in blocks)
    served = Served(token)
    ours = run("our_reader.py", token, served.url, str(polls))
    poll = paced(served.stamps(), len(blocks), polls)
    hurried = served.hurried
    words = [f"{function}:{start}:{count}" for function, start, count in blocks]
    plain = run("minimal_reader.py", served.url, str(integration.line.baud), address, str(polls), *words)
    peer = paced(served.stamps(), len(blocks), polls)
    served.end()
    return [
        Row(
            f"{domain} {model}: {sum(count for _, _, count in blocks)} registers in {len(blocks)} reads",
            f"{poll:.4f} s, {limit / poll:.1%} of the wire",
            f"limit {limit:.4f} s; minimalmodbus {limit / peer:.1%}; {hurried} requests too soon",
            "95 % or better",
            limit / poll >= 0.95 and hurried == 0,
        ),
        Row(
            f"{domain} {model}: processor time of 1000 polls, all values decoded",
            f"{1000 * ours:.1f} s",
            f"minimalmodbus without decoding {1000 * plain:.1f} s: {ours / plain:.2f} times",
            "1.5 times or less",
            ours / plain <= 1.5,
        ),
    ]


def paced(stamps: Sequence[Stamp], requests: int, polls: int) -> float:
    """The median time of a poll: from its first request to that of the next."""
    starts = [at for kind, at, _ in stamps if kind == "request"][-polls * requests :: requests]
    return statistics.median(later - one for one, later in pairwise(starts))


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


CASES: dict[tuple[int, str], tuple[str, ...]] = {
    **{(number, ""): () for number in SIZES},
    **{(number, "silent"): ("--silent", str(number // 2)) for number in (10, 90)},
    **{(number, "broken"): ("--wrong", "0.01") for number in (10, 90)},
}


def crowds(seconds: float) -> list[Row]:
    """Rounds of 1 to 90 meters, whole, with one unit silent, and with 1 % of frames broken; side by side."""
    with ThreadPoolExecutor(len(CASES)) as threads:
        running = {
            case: threads.submit(round_of, case[0], max(seconds, case[0] * 0.7), *words)
            for case, words in CASES.items()
        }
        done = {case: future.result() for case, future in running.items()}
    return [_row(number, what, found, done[number, ""][0]) for (number, what), found in done.items()]


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
