"""A Modbus device's language, made of its rows and of what it allows. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import combinations

from gridward_kit.entity import Button, Entity, readings
from gridward_kit.errors import BadFrame
from gridward_kit.integration import FAST, Dialect, Line, Query
from gridward_kit.modbus import frame
from gridward_kit.modbus.counters import Counters
from gridward_kit.modbus.plan import Block, Profile, bound, parse, plan, rounds
from gridward_kit.modbus.registers import Register
from gridward_kit.point import Value

LINE = Line(baud=9600, first=0.6, gap=0.06, modbus=True)


class Modbus(Dialect):
    """One unit on a Modbus line: its rows placed in the cheapest reads.

    A read that is refused is halved until the registers that the unit lacks stand alone; those are left
    out. `proof` is the key of the row that tells this unit from others. `step` is by how much one of its
    counters may move between two answers (kWh and the like); left out, counters are taken as they come.
    """

    def __init__(
        self,
        rows: Sequence[Entity],
        profile: Profile,
        unit: int,
        *,
        proof: str | None = None,
        step: float | None = None,
    ) -> None:
        """Units are numbered 1 to 247; raises ValueError for another."""
        if not 1 <= unit <= 247:
            raise ValueError(f"{unit} is no address of a unit: 1 to 247")
        self.profile = profile
        self.unit = unit
        self.pause = profile.pause
        self.late = profile.late
        self._rows = tuple(ordered(row, profile) for row in rows)
        self._points = {
            row.key: row.at
            for row in self._rows
            if isinstance(row.at, Register) and not isinstance(row, Button)
        }
        self._last: dict[str, bytes] = {}
        self._proof = proof
        self._counters = None if step is None else Counters(self._rows, step)
        self._character = 0.0
        self.on(LINE)

    def on(self, line: Line) -> None:
        if line.character != self._character:
            self._character = line.character
            self._blocks = list(plan(self._points.values(), self.profile, line))
            self._place()

    def _place(self) -> None:
        """Put every row into the block that holds it."""
        placed = bound(self._points, self._blocks, self.profile)
        self.entities = tuple(
            replace(row, at=placed[row.key]) if row.key in placed else row
            for row in self._rows
            if row.key in placed or row.key not in self._points
        )
        proofs = [(row.at.query, row.key) for row in self.entities if row.at and row.key == self._proof]
        self.proof = proofs[0] if proofs else None
        self.queries = tuple(
            Query(block.name, block.every, rounds=rounds(block.every)) for block in self._blocks
        )

    def request(self, query: str) -> bytes:
        function, start, count = parse(query)
        return frame.read(self.unit, function, start, count)

    def cut(self, request: bytes, buffer: bytes, *, quiet: bool) -> tuple[bytes, bytes] | None:
        return frame.cut(request, buffer, quiet=quiet)

    def payload(self, query: str, answer: bytes) -> bytes:
        self._last[query] = payload = frame.payload(answer, self.profile.reasons)
        return payload

    def write(self, entity: Entity, value: Value, now: datetime) -> tuple[bytes, ...]:
        point = entity.at
        if not isinstance(point, Register) or entity.setting is None:
            raise ValueError(f"{entity.name} cannot be set")
        begin = 2 * (point.address - point.start)
        before = self._last.get(point.query, b"")[begin : begin + 2 * point.count]
        words = point.words(value, before)
        functions = [code for code in self.profile.writes if code == frame.WRITE_MANY or len(words) == 1]
        return tuple(frame.write(self.unit, function, point.address, words) for function in functions)

    def beside(self, entity: Entity, value: Value) -> bool:
        return isinstance(entity.at, Register) and entity.at.place is not None

    def acknowledge(self, request: bytes, answer: bytes) -> None:
        frame.denied(answer, self.profile.reasons)

    def doubt(self, values: Mapping[str, Value], before: Mapping[str, Value]) -> frozenset[str]:
        return frozenset() if self._counters is None else self._counters.doubt(values)

    def without(self, query: str) -> bool:
        place = next((number for number, one in enumerate(self._blocks) if one.name == query), None)
        points = (row.at for row in self.entities if isinstance(row.at, Register) and row.at.query == query)
        groups = _groups(sorted({(point.first, point.end) for point in points}))
        if place is None or len(groups) < 2:
            return False
        halves = (groups[: len(groups) // 2], groups[len(groups) // 2 :])
        whole = self._blocks[place]
        self._blocks[place : place + 1] = [_around(half, whole, self.profile) for half in halves]
        self._place()
        return True


def ordered(row: Entity, profile: Profile) -> Entity:
    """The row with its device's order of words, where it does not say its own."""
    if isinstance(row.at, Register) and row.at.low_first is None:
        return replace(row, at=replace(row.at, low_first=profile.low_first))
    return row


def _groups(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Registers that overlap, together: they cannot be read one without the other."""
    groups: list[tuple[int, int]] = []
    for first, end in pairs:
        if groups and first < groups[-1][1]:
            groups[-1] = (groups[-1][0], max(end, groups[-1][1]))
        else:
            groups.append((first, end))
    return groups


def _around(pairs: Sequence[tuple[int, int]], block: Block, profile: Profile) -> Block:
    start, end = pairs[0][0], pairs[-1][1]
    if profile.even:
        start, end = start - start % 2, end + end % 2
    return Block(block.function, start, end - start, block.every)


def decode(rows: Sequence[Entity], profile: Profile, request: bytes, reply: bytes) -> dict[str, Value]:
    """The values of any read of this device, planned or not, by key; of a write those that it sets.

    Raises BadFrame, Refused.
    """
    _, function, start, count = frame.asked(request)
    found = frame.cut(request, reply, quiet=True)
    if found is None:
        raise BadFrame("an empty answer")
    if function in (frame.WRITE_ONE, frame.WRITE_MANY):
        frame.denied(found[0], profile.reasons)
        return _set_by(rows, profile, start, request[4:6] if function == frame.WRITE_ONE else request[7:-2])
    payload = frame.payload(found[0], profile.reasons)
    block = Block(function, start, count, FAST)
    inside = [
        replace(row, at=row.at.at(block.name, start))
        for row in (ordered(row, profile) for row in rows)
        if isinstance(row.at, Register)
        and not isinstance(row, Button)
        and block.holds(row.at, row.at.function or profile.function)
    ]
    derived = [row for row in rows if row.at is not None and not isinstance(row.at, Register)]
    return readings([*inside, *derived], block.name, payload).values


def _set_by(rows: Sequence[Entity], profile: Profile, start: int, words: bytes) -> dict[str, Value]:
    """What written registers mean, by key; a button is on where it is what these words press."""
    block = Block(profile.function, start, len(words) // 2, FAST)
    found: dict[str, Value] = {}
    for row in (ordered(row, profile) for row in rows):
        if not isinstance(row.at, Register) or not block.holds(row.at, block.function):
            continue
        if (row.at.function or profile.function) == frame.INPUT and row.setting is None:
            continue
        if isinstance(row, Button):
            pressed = row.at.press is not None and row.at.words(True) == frame.words(words)
            value: Value | None = pressed or None
        else:
            value = row.at.at(block.name, start).decode(words)
        if value is not None:
            found[row.key] = value
    return found


def alike(devices: Iterable[Dialect]) -> frozenset[frozenset[str]]:
    """Pairs of reads of one device that have one length: an answer does not say what it answers."""
    lengths = ({query.name: parse(query.name)[2] for query in one.queries} for one in devices)
    return frozenset(
        frozenset((one, other))
        for counts in lengths
        for one, other in combinations(counts, 2)
        if counts[one] == counts[other]
    )
