"""The cheapest block reads that a device allows. Pure.

A request more costs its bytes, the device's turnaround and the silence around it; a register that nobody
needs costs two characters. What is cheaper is read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gridward_kit.integration import FAST, Line
from gridward_kit.modbus.frame import HOLDING, REASONS, WRITE_MANY, WRITE_ONE, Reasons
from gridward_kit.modbus.registers import Register

OVERHEAD = 13  # characters of a request and of what surrounds the registers of its answer
SPARSE, SPARSEST, PER_SECOND = 10, 360, 3


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a device allows, from its maker's paper.

    `function` reads where a row does not say another. `most` registers are given at once. `even`: address
    and count must be. `spans` (first, last register) answer as a whole, holes included; outside of them
    only registers that rows name are read, and no block reaches over the end of a span. `spanning`: the
    function that spans are read with (0: any). `low_first`: of two words the low one comes first. `writes`
    are the functions that set registers, tried in this order. `pause` is how long it wants to be left
    alone after its answer, `turnaround` how long it takes to begin one, `late` after how long no answer
    comes any more (seconds).
    """

    function: int = HOLDING
    most: int = 64
    even: bool = False
    spans: tuple[tuple[int, int], ...] = ()
    spanning: int = 0
    low_first: bool = False
    writes: tuple[int, ...] = (WRITE_MANY, WRITE_ONE)
    reasons: Reasons = field(default_factory=lambda: REASONS)
    pause: float = 0.0
    turnaround: float = 0.02
    late: float = 1.0

    def spans_of(self, function: int) -> tuple[tuple[int, int], ...]:
        """The spans of registers that a function reads."""
        return self.spans if self.spanning in (0, function) else ()


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """One read of consecutive registers, and how often."""

    function: int
    start: int
    count: int
    every: float = field(compare=False)

    @property
    def name(self) -> str:
        """The query's name."""
        return block_name(self.function, self.start, self.count)

    def holds(self, point: Register, function: int) -> bool:
        """Whether a value that is read with a function lies in it."""
        return (
            function == self.function and self.start <= point.first and point.end <= self.start + self.count
        )


def rounds(every: float) -> int:
    """How many fast rounds lie between two slow reads on a full line: ten for what is wanted each 3 s or
    sooner, more for what is wanted more seldom."""
    if every == FAST:
        return 1
    return int(max(SPARSE, min(PER_SECOND * every, SPARSEST)))


def block_name(function: int, start: int, count: int) -> str:
    """How a read is called in logs: `03:0x2000+16`."""
    return f"{function:02d}:0x{start:04x}+{count}"


def parse(name: str) -> tuple[int, int, int]:
    """Function, first register and count of a read's name; raises ValueError."""
    function, _, rest = name.partition(":")
    start, _, count = rest.partition("+")
    try:
        return int(function), int(start, 16), int(count)
    except ValueError:
        raise ValueError(f"{name!r} is no read of registers, such as 03:0x2000+16") from None


def plan(points: Iterable[Register], profile: Profile, line: Line) -> tuple[Block, ...]:
    """The blocks to read: what is asked more often first, the rest where it lies outside of that."""
    blocks: list[Block] = []
    groups: dict[tuple[float, int], list[Register]] = {}
    for point in points:
        groups.setdefault((point.every, point.function or profile.function), []).append(point)
    for (every, function), group in sorted(groups.items(), key=lambda item: item[0]):
        left = [point for point in group if not any(block.holds(point, function) for block in blocks)]
        pairs = sorted({_rounded(point, profile) for point in left})
        allowed = replace(profile, spans=profile.spans_of(function))
        blocks += [Block(function, start, count, every) for start, count in _reads(pairs, allowed, line)]
    return tuple(blocks)


def cost(count: int, profile: Profile, line: Line) -> float:
    """Seconds that one read of so many registers takes on the line."""
    return (OVERHEAD + 2 * count) * line.character + max(profile.turnaround, line.rest) + line.rest


def _rounded(point: Register, profile: Profile) -> tuple[int, int]:
    """The first register that must be read for a value, and the one after the last."""
    first, end = point.first, point.end
    return (first - first % 2, end + end % 2) if profile.even else (first, end)


def _reads(pairs: Sequence[tuple[int, int]], profile: Profile, line: Line) -> list[tuple[int, int]]:
    """The cheapest (start, count) that hold all pairs of (first, end), which are in order."""
    prices = [cost(count, profile, line) for count in range(profile.most + 1)]
    best, begins = [0.0], [0]  # the cheapest for so many pairs, and where its last read begins
    for last in range(1, len(pairs) + 1):
        cheapest, chosen, end = float("inf"), last - 1, 0
        for begin in range(last - 1, -1, -1):
            start, end = pairs[begin][0], max(end, pairs[begin][1])
            count, alone = end - start, begin == last - 1
            if count > profile.most and not alone:
                break
            price = best[begin] + (prices[count] if count <= profile.most else cost(count, profile, line))
            if price < cheapest and (alone or _solid(pairs[begin:last], start, end, profile)):
                cheapest, chosen = price, begin
        best.append(cheapest)
        begins.append(chosen)
    reads: list[tuple[int, int]] = []
    last = len(pairs)
    while last:
        begin = begins[last]
        start = pairs[begin][0]
        reads.insert(0, (start, max(end for _, end in pairs[begin:last]) - start))
        last = begin
    return reads


def _solid(pairs: Sequence[tuple[int, int]], start: int, end: int, profile: Profile) -> bool:
    """Whether every register between start and end is named by a row or inside one span, as the ends are."""
    if any(first <= start and end <= last + 1 for first, last in profile.spans):
        return True
    crossed = [(first, last) for first, last in profile.spans if start <= last and first < end]
    if crossed:
        return False
    reached = start
    for first, past in pairs:
        if first > reached:
            return False
        reached = max(reached, past)
    return reached >= end


def bound(points: Mapping[str, Register], blocks: Sequence[Block], profile: Profile) -> dict[str, Register]:
    """Each value inside the first block that holds it, by key; without those that none holds."""
    found: dict[str, Register] = {}
    for key, point in points.items():
        function = point.function or profile.function
        block = next((one for one in blocks if one.holds(point, function)), None)
        if block is not None:
            found[key] = point.at(block.name, block.start)
    return found
