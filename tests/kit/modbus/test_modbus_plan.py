"""The block reads: as cheap as any that the device allows, and none that it does not."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from gridward_kit.entity import Sensor
from gridward_kit.integration import Line
from gridward_kit.modbus import LINE, Modbus, Profile, f32, u16
from gridward_kit.modbus.plan import Block, bound, cost, parse, plan

SDM230 = (0x00, 0x06, 0x0C, 0x12, 0x18, 0x1E, 0x24, 0x46, 0x48, 0x4A, 0x4C, 0x4E, 0x156, 0x158)
EASTRON = Profile(function=4, most=80, even=True, spans=((0, 0x5F), (0x156, 0x159)))


def reads(blocks: tuple[Block, ...]) -> list[tuple[int, int]]:
    """Start and count of each."""
    return [(block.start, block.count) for block in blocks]


def test_the_reads_of_an_sdm230_at_two_turnarounds() -> None:
    """At 20 ms three reads are the cheapest, from about 50 ms on two."""
    points = [f32(address) for address in SDM230]
    assert reads(plan(points, EASTRON, LINE)) == [(0, 38), (0x46, 10), (0x156, 4)]
    patient = Profile(function=4, most=80, even=True, spans=EASTRON.spans, turnaround=0.05)
    assert reads(plan(points, patient, LINE)) == [(0, 80), (0x156, 4)]


def test_the_time_of_a_read_is_the_wire_s() -> None:
    """SDM230, 14 values, 9600 8N1, 20 ms: 0.220 s; at 2400 0.700 s."""
    blocks = plan([f32(address) for address in SDM230], EASTRON, LINE)
    seconds = sum(cost(block.count, EASTRON, LINE) for block in blocks)
    assert round(seconds, 3) == 0.220
    slow = Line(baud=2400, modbus=True)
    assert round(sum(cost(block.count, EASTRON, slow) for block in blocks), 3) == 0.700


def test_what_is_seldom_read_rides_along_where_it_lies_in_a_hole() -> None:
    points = {"a": f32(0), "b": f32(8), "between": f32(4, every=60), "far": f32(0x156, every=60)}
    blocks = plan(points.values(), EASTRON, LINE)
    assert [(block.start, block.count, block.every) for block in blocks] == [(0, 10, 0.0), (0x156, 2, 60)]
    placed = bound(points, blocks, EASTRON)
    assert placed["between"].query == placed["a"].query != placed["far"].query


def test_the_two_functions_are_never_mixed() -> None:
    points = [u16(0, function=3), u16(1, function=4), u16(2)]
    assert [(one.function, one.start, one.count) for one in plan(points, Profile(function=3), LINE)] == [
        (3, 0, 1),
        (3, 2, 1),
        (4, 1, 1),
    ]


def test_names_are_read_back() -> None:
    block = Block(3, 0x2000, 16, 0.0)
    assert parse(block.name) == (3, 0x2000, 16)


spans = st.lists(st.tuples(st.integers(0, 120), st.integers(0, 40)), max_size=3).map(
    lambda pairs: tuple((first, first + more) for first, more in pairs)
)


@settings(deadline=None)
@given(
    addresses=st.lists(st.integers(0, 120), min_size=1, max_size=7, unique=True),
    most=st.integers(4, 60),
    even=st.booleans(),
    allowed=spans,
)
def test_no_cheaper_reads_exist(
    addresses: list[int], most: int, even: bool, allowed: tuple[tuple[int, int], ...]
) -> None:
    """Against every way to cut the sorted values into runs."""
    step = 2 if even else 1
    points = sorted({address * step // step * step for address in addresses})
    profile = Profile(most=most, even=even, spans=allowed)
    blocks = plan([u16(address) for address in points], profile, LINE)
    found = sum(cost(block.count, profile, LINE) for block in blocks)
    for block in blocks:
        assert block.count <= most
        assert not even or (block.start % 2 == 0 and block.count % 2 == 0)
        assert permitted(block.start, block.count, points, profile)
    for address in points:
        assert any(one.start <= address < one.start + one.count for one in blocks)
    best = float("inf")
    for cuts in itertools.product((False, True), repeat=len(points) - 1):
        runs, run = [], [points[0]]
        for address, new in zip(points[1:], cuts, strict=True):
            if new:
                runs.append(run)
                run = []
            run.append(address)
        runs.append(run)
        best = min(best, sum(price(run, points, profile) for run in runs))
    assert found <= best + 1e-9


def permitted(start: int, count: int, points: list[int], profile: Profile) -> bool:
    """Said anew: inside one span, or touching none and made of named registers only."""
    registers = set(range(start, start + count))
    spans = [set(range(first, last + 1)) for first, last in profile.spans]
    if any(registers <= span for span in spans):
        return True
    padded = {address - address % 2 + more for address in points for more in (0, 1)}
    named = padded if profile.even else set(points)
    alone = len(registers & set(points)) == 1
    return registers <= named and (alone or not any(registers & span for span in spans))


def price(run: list[int], points: list[int], profile: Profile) -> float:
    """The cost of one read of these, infinite where it is not allowed."""
    start, end = run[0], run[-1] + 1
    if profile.even:
        start, end = start - start % 2, end + end % 2
    if end - start > profile.most or not permitted(start, end - start, points, profile):
        return float("inf")
    return cost(end - start, profile, LINE)


def test_the_reads_follow_the_line_s_speed() -> None:
    """At 115200 baud registers cost nearly nothing, so two reads become one."""
    rows = [Sensor(f"v{at}", f"V{at}", u16(at)) for at in (0, 25)]
    device = Modbus(rows, Profile(spans=((0, 40),)), 1)
    assert len(device.queries) == 2
    device.on(Line(baud=115200, modbus=True))
    assert [query.name for query in device.queries] == ["03:0x0000+26"]
    assert {row.at.query for row in device.entities if row.at} == {"03:0x0000+26"}
