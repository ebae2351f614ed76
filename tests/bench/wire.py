"""Each integration's reader on its line, against what the wire allows and beside others' readers."""

import statistics
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from bench.figures import TURNAROUND, Polled, Row, Served, Spread, Stamp, run
from bench.peers import Absent, peer

from gridward_kit.integration import Dialect, Integration, Line, integrations
from gridward_kit.modbus.plan import parse

AXPERT = ("QPIGS", "QMOD", "QPIWS", "QPIRI", "Q1")
DALY = tuple(f"0x{number:02x}" for number in range(0x90, 0x99))
ROUNDS = 3
TRIES = 2  # whoever lost a line of that name may still look for it
MEASURED = 10.0  # s: what is asked this often or oftener is measured, the rest is settings and names
LANES = 2  # lines measured at once: each is waited for most of the time

Reader = Callable[[str, int], Polled]


@dataclass(frozen=True)
class Case:
    """A device by its token, the seconds of a round, its queries if not all that measure, and its peers."""

    token: str
    seconds: float = 4.0
    queries: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()


CASES = (
    Case("axpert", 13.0, AXPERT, ("plain",)),
    Case("daly", 7.0, DALY, ("plain", "dalybms")),
    Case("eastron:sdm230:1", peers=("minimalmodbus", "pymodbus", "pymodbus async")),
    Case("srne:single_phase:1", peers=("minimalmodbus", "pymodbus")),
    Case("chint:dtsu666:1", peers=("minimalmodbus",)),
    Case("chint:ddsu666:1", peers=("minimalmodbus",)),
    Case("axpert:pi18", 6.0),
    Case("chint_645:dtsu666", 6.0, ("02010100", "02020100", "02030000", "02060000", "02800002")),
    Case("srne:mppt:1", peers=("minimalmodbus",)),
)


def wires(effort: float) -> list[Row]:
    """Share of the wire, and processor time; the rows of a line that cannot be measured say why."""
    with ThreadPoolExecutor(LANES) as lanes:
        return [row for rows in lanes.map(partial(_tried, effort=effort), CASES) for row in rows]


def _tried(case: Case, effort: float) -> list[Row]:
    for _ in range(TRIES):
        try:
            return measured(case, effort)
        except (RuntimeError, OSError, ValueError) as error:
            words = str(error)
    return [Row(f"{case.token}: share of the wire", "not measured", words, "95 % or better", False)]


def wire(count: int, line: Line) -> float:
    """Seconds that a read of so many registers takes at the very least (8 bytes out, 5 and 2 each back)."""
    return (8 + 5 + 2 * count) * line.character + max(TURNAROUND, line.rest) + line.rest


def paced(stamps: Sequence[Stamp], requests: int, polls: int) -> float:
    """The median time of a poll: from its first request to that of the next."""
    starts = [at for kind, at, _ in stamps if kind == "request"][-polls * requests :: requests]
    return statistics.median(later - one for one, later in pairwise(starts))


@dataclass(frozen=True)
class Asked:
    """What a case asks: queries by name, the wire's limit in seconds, and Modbus blocks or text frames."""

    integration: Integration
    queries: tuple[str, ...]
    limit: float
    words: tuple[str, ...]
    what: str


def asked(case: Case) -> Asked:
    """Read it off the integration."""
    domain, _, rest = case.token.partition(":")
    model, _, address = rest.partition(":")
    whole = integrations()[domain]
    one = dict(whole.each()).get(f"{domain}-{model}", whole)
    assert one.dialect
    assert one.example
    dialect = one.dialect(one.example, {"address": int(address)} if address else {})
    queries = case.queries or tuple(query.name for query in dialect.queries if query.every <= MEASURED)
    if whole.line.modbus:
        blocks = [parse(name) for name in queries]
        limit = sum(wire(count, whole.line) for _, _, count in blocks)
        words = tuple(f"{function}:{start}:{count}" for function, start, count in blocks)
        return Asked(
            whole,
            queries,
            limit,
            words,
            f"{sum(count for *_, count in blocks)} registers in {len(blocks)} reads",
        )
    frames = spoken(one, dialect, queries)
    limit = sum((len(out) + len(back)) * whole.line.character + TURNAROUND for out, back in frames)
    text = domain == "axpert"
    words = tuple(f"{out.hex()}:{0 if text else len(back)}" for out, back in frames)
    return Asked(whole, queries, limit, words, ", ".join(queries))


def spoken(one: Integration, dialect: Dialect, queries: Sequence[str]) -> list[tuple[bytes, bytes]]:
    """Requests and answers of the simulated device, byte for byte."""
    assert one.simulator
    simulator = one.simulator({})
    requests = [dialect.request(query) for query in queries]
    return [(request, b"".join(simulator.receive(request, 0.0))) for request in requests]


def measured(case: Case, effort: float) -> list[Row]:
    """Rounds of our reader and of its peers in turns, on one simulated line."""
    ask = asked(case)
    polls = max(4, round(effort * case.seconds / ask.limit))
    readers, absent = readers_of(case, ask)
    ours: list[Polled] = []
    theirs: dict[str, list[Polled]] = {name: [] for name in readers}
    served = Served(case.token)
    hurried = 0
    try:
        for _ in range(ROUNDS):
            before = served.hurried
            spent = run("our_reader.py", case.token, served.url, str(polls), *ask.queries)
            stamps = served.stamps()
            ours.append(Polled(spent.processor, paced(stamps, len(ask.queries), polls)))
            hurried += served.hurried - before
            for name, read in readers.items():
                spent = read(served.url, polls)
                stamps = served.stamps()
                own = spent.wall if name == "pymodbus async" else paced(stamps, len(ask.queries), polls)
                theirs[name].append(Polled(spent.processor, own))
    finally:
        served.end()
    return [shares(case, ask, ours, theirs, hurried, absent), processor(case, ask, ours, theirs)]


def readers_of(case: Case, ask: Asked) -> tuple[dict[str, Reader], list[str]]:
    """The peers that are installed, and the names of those that are not."""
    readers: dict[str, Reader] = {}
    absent = []
    for name in case.peers:
        try:
            readers["a plain reader" if name == "plain" else name] = reader_of(name, case, ask)
        except Absent:
            absent.append(name)
    return readers, absent


def reader_of(name: str, case: Case, ask: Asked) -> Reader:
    """A peer's program with its arguments; raises Absent."""
    baud, address = str(ask.integration.line.baud), case.token.rpartition(":")[2]
    python = None if name == "plain" else peer(name.partition(" ")[0]).python

    def read(url: str, polls: int) -> Polled:
        if name == "plain":
            return run("plain_reader.py", url, baud, str(polls), *ask.words)
        if name == "dalybms":
            return run("dalybms_reader.py", url, str(polls), python=python)
        if name == "minimalmodbus":
            return run("minimal_reader.py", url, baud, address, str(polls), *ask.words, python=python)
        kind = "async" if name.endswith("async") else "sync"
        return run("pymodbus_reader.py", kind, url, baud, address, str(polls), *ask.words, python=python)

    return read


def shares(
    case: Case,
    ask: Asked,
    ours: list[Polled],
    theirs: dict[str, list[Polled]],
    hurried: int,
    absent: list[str],
) -> Row:
    """Seconds of a poll against the wire's limit."""
    own = Spread.of([one.wall for one in ours])
    others = {name: Spread.of([one.wall for one in polls]) for name, polls in theirs.items()}
    beside = [f"limit {ask.limit:.4f} s"]
    beside += [f"{name} {ask.limit / one.median:.1%}" for name, one in others.items()]
    beside += [f"{name} absent" for name in absent]
    beside += [f"{hurried} requests too soon"] if ask.integration.line.modbus else []
    share = ask.limit / own.median
    return Row(
        f"{case.token}: {ask.what}",
        f"{own.told('{:.4f}')} s, {share:.1%} of the wire",
        "; ".join(beside),
        "95 % or better",
        share >= 0.95 and hurried == 0,
        {"share": share, **{name: ask.limit / one.median for name, one in others.items()}},
    )


def processor(case: Case, ask: Asked, ours: list[Polled], theirs: dict[str, list[Polled]]) -> Row:
    """Processor seconds of 1000 requests with their answers, all values decoded."""
    each = 1000 / len(ask.queries)
    own = Spread.of([each * one.processor for one in ours])
    others = {
        name: Spread.of([each * one.processor for one in polls]).median for name, polls in theirs.items()
    }
    told = "; ".join(f"{name} {one:.2f} s: {own.median / one:.2f} times" for name, one in others.items())
    named = next((name for name in ("a plain reader", "minimalmodbus") if name in others), None)
    return Row(
        f"{case.token}: processor time of 1000 transactions, all values decoded",
        f"{own.told()} s",
        f"{told}{'; peers decode nothing' if named else ''}",
        "1.5 times or less" if named else "",
        own.median / others[named] <= 1.5 if named else None,
        {"seconds": own.median, **others},
    )
