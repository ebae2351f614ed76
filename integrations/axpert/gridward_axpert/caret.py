"""PI17 and PI18 between bytes and values: `^` frames that say their length, fields parted by commas.

A payload here has its fields parted by spaces, as `Field` reads them. The length that an answer says is
not checked: genuine PI17 answers with a right CRC are off by one or two. A dialect remembers what its unit
said last, for two ends: some settings go out in one command with a second value, which then stays as it
is; and energies of the year, month and day are asked for by the unit's own clock.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gridward_axpert.fitting import fitted, unique
from gridward_axpert.protocol import ACK, ENDS, NAK, STARTS, TEXT, bumped, crc, cut, valid
from gridward_axpert.unit import Unit
from gridward_kit.entity import Button, Category, Entity, Setting
from gridward_kit.errors import BadFrame, Refused
from gridward_kit.integration import Dialect, Query
from gridward_kit.point import Field, Value, fields

YES, NO = b"^1", b"^0"
DATA = re.compile(r"\^D\d{3}(.*)")
CLOCK = re.compile(r"\d{14}")
DATED: Mapping[str, int] = {"EY": 4, "EM": 6, "ED": 8, "EH": 10}
NUMBERED = re.compile(r"(PGS|PRI)\d")
WITH_DATE = re.compile(r"(E[YMDH])\d{4,13}")
UNPRINTED = re.compile(rb"[^ -~].*", re.DOTALL)
COMMAND = re.compile(r"\^[PS]\d{3}(.+)")


@dataclass(frozen=True, slots=True)
class Protocol:
    """What sets one `^` protocol apart. `checked`: whether its requests carry a CRC.

    `shapes` has what each answer looks like, `intervals` how often it is asked for, `needed` what a unit
    must answer to be one, `rows` the rows in an answer and `learn` the unit behind its first answers.
    `lengths` are those of requests that the makers count wrongly, and their units with them.
    """

    name: str
    checked: bool
    shapes: Mapping[str, re.Pattern[str]]
    intervals: Mapping[str, float]
    needed: tuple[str, ...]
    rows: Callable[[str, Unit], tuple[Entity, ...]]
    learn: Callable[[Mapping[str, bytes]], Unit]
    doubt: Callable[[Mapping[str, Value], Mapping[str, Value]], frozenset[str]] | None = None
    lengths: Mapping[str, int] = field(default_factory=dict)

    def request(self, command: str, *, bare: bool = False) -> bytes:
        """The bytes that ask a query; `bare` leaves the CRC out, as some PI18 units want it."""
        if not self.checked and WITH_DATE.fullmatch(command):
            command += f"{sum(f'^P{len(command) + 4:03d}{command}'.encode('ascii')) & 0xFF:03d}"
        return self._framed("P", command, self.lengths.get(command, self._counted(command)), bare=bare)

    def setters(self, command: str) -> tuple[bytes, ...]:
        """The frames that set something, the likeliest first: with CRC, with the length that a document
        prints for it, without CRC."""
        true = self._counted(command)
        printed = self.lengths.get(command[:4], true - len(command) + 4) + len(command) - 4
        tries = ((true, False), (printed, False), (true, True))
        return tuple(dict.fromkeys(self._framed("S", command, length, bare=bare) for length, bare in tries))

    def _counted(self, command: str) -> int:
        """The length of a command with what follows it: CRC and end, or the end alone."""
        return len(command) + (3 if self.checked else 1)

    def _framed(self, kind: str, command: str, length: int, *, bare: bool) -> bytes:
        body = f"^{kind}{length:03d}{command}".encode("ascii")
        return body + (bumped(crc(body)) if self.checked and not bare else b"") + b"\r"

    def known(self, query: str) -> bool:
        """Whether this is a query whose answer can be decoded."""
        return shape_of(query) in self.shapes

    def payload(self, query: str, answer: bytes) -> bytes:
        """The checked text of an answer, its fields parted by spaces; raises BadFrame or Refused."""
        text = content(query, answer)
        pattern = self.shapes.get(shape_of(query))
        if pattern is not None and not pattern.fullmatch(text):
            raise BadFrame(f"not the shape of an answer to {query}: {text[:48]!r}")
        return text.replace(",", " ").encode("ascii")

    def fitted(self, query: str, unit: Unit) -> tuple[Entity, ...]:
        """The rows of an answer with this unit's count of fields and this unit's voltage."""
        count = unit.count(query)
        there = (
            row for row in self.rows(query, unit) if not isinstance(row.at, Field) or row.at.index < count
        )
        return tuple(fitted(row, unit) for row in there)

    def queries(self, unit: Unit) -> tuple[Query, ...]:
        """What is asked of this unit, and how often."""
        asked = (query for shape in self.intervals for query in unit.queries if shape_of(query) == shape)
        return tuple(Query(query, self.intervals[shape_of(query)]) for query in asked)

    def of_unit(self, unit: Unit) -> tuple[Entity, ...]:
        """The entities of this unit."""
        found = [row for query in self.queries(unit) for row in self.fitted(query.name, unit)]
        return unique((*found, *((SET_CLOCK,) if "T" in unit.queries else ())))


SET_CLOCK = Button(
    "set_clock",
    "Set the clock",
    setting=Setting(lambda value: ("DAT%y%m%d%H%M%S",)),  # noqa: ARG005
    category=Category.CONFIG,
)


def shape_of(query: str) -> str:
    """The query's name without its unit number or date: PGS0 is PGS, ED20210726 is ED."""
    found = NUMBERED.fullmatch(query) or WITH_DATE.fullmatch(query)
    return found[1] if found else query


def content(query: str, answer: bytes) -> str:
    """The text between the length and the CRC; raises BadFrame, or Refused for a no."""
    body = _body(answer)
    if body in (NO, b"(" + NAK):
        raise Refused(f"the device refused {query}")
    found = DATA.fullmatch(body.decode("ascii")) if TEXT.fullmatch(body) else None
    if found is None:
        raise BadFrame(f"no data in the answer to {query}: {body[:32].hex(' ')}")
    return found[1]


def _body(answer: bytes) -> bytes:
    """An answer without its CRC and end; raises BadFrame."""
    if not answer or answer[0] not in STARTS or answer[-1] not in ENDS:
        raise BadFrame(f"not a frame: {answer[:32].hex(' ')}")
    if not valid(answer):
        raise BadFrame(f"wrong CRC: {answer[:32].hex(' ')}")
    return answer[:-1] if answer[1:-1] in (NAK, ACK) else answer[:-3]


class Caret(Dialect):
    """A unit that speaks PI17 or PI18, with the rows and queries that this unit answers."""

    def __init__(
        self,
        protocol: Protocol,
        entities: tuple[Entity, ...] = (),
        queries: tuple[Query, ...] = (),
        proof: tuple[str, str] | None = None,
        bare: tuple[str, ...] = (),
    ) -> None:
        self.protocol = protocol
        self.entities = entities
        self.queries = queries
        self.proof = proof
        self.bare = bare
        self._said: dict[str, tuple[str, ...]] = {}
        self._clock = ""

    def request(self, query: str) -> bytes:
        """The bytes that ask; a dated query asks for the clock as long as the unit has not said its time."""
        if query not in DATED:
            return self.protocol.request(query, bare=query in self.bare)
        if not self._clock:
            return self.protocol.request("T", bare="T" in self.bare)
        return self.protocol.request(query + self._clock[: DATED[query]], bare=query in self.bare)

    def cut(self, request: bytes, buffer: bytes, *, quiet: bool) -> tuple[bytes, bytes] | None:
        return cut(request, buffer)

    def payload(self, query: str, answer: bytes) -> bytes:
        """Check an answer; one to a dated query that is the clock instead has no values."""
        if query in DATED and not self._clock:
            self._clock = self.protocol.payload("T", answer).decode("ascii")
            return b""
        text = self.protocol.payload(query, answer)
        self._said[query] = fields(text)
        if query == "T":
            self._clock = text.decode("ascii")
        return text

    def write(self, entity: Entity, value: Value, now: datetime) -> tuple[bytes, ...]:
        if entity.setting is None:
            raise ValueError(f"{entity.name} cannot be set")
        commands = [self._whole(now.strftime(text)) for text in entity.setting.write(entity.accept(value))]
        return tuple(frame for text in commands for frame in self.protocol.setters(text))

    def _whole(self, command: str) -> str:
        """The command with the values that go out beside the one that is set, as they were last read."""
        try:
            return command.format_map(self._said)
        except (KeyError, IndexError):
            raise ValueError(f"{command} carries a second value, which has not been read yet") from None

    def beside(self, entity: Entity, value: Value) -> bool:
        commands = () if entity.setting is None else entity.setting.write(entity.accept(value))
        return any("{" in text for text in commands)

    def acknowledge(self, request: bytes, answer: bytes) -> None:
        command = UNPRINTED.sub(b"", request[5:]).decode("ascii")
        body = _body(answer)
        if body in (NO, b"(" + NAK):
            raise Refused(f"the device refused {command}")
        if body not in (YES, b"(" + ACK):
            raise BadFrame(f"neither yes nor no to {command}: {body[:32].hex(' ')}")

    def doubt(self, values: Mapping[str, Value], before: Mapping[str, Value]) -> frozenset[str]:
        return frozenset() if self.protocol.doubt is None else self.protocol.doubt(values, before)


def command_of(request: str) -> str:
    """The command from itself (`GS`, `^P005GS`) or from the hex of its bytes; raises ValueError."""
    name = request.strip()
    if shape_of(name.upper()) in DATED:  # ED20260902 is hex, too
        return name.upper()
    try:
        raw = bytes.fromhex(name)
    except ValueError:
        raw = name.encode("ascii", "replace")
    raw = raw.removesuffix(b"\r")
    if raw[:-2] and raw[-2:] in (bumped(crc(raw[:-2])), crc(raw[:-2]).to_bytes(2, "big")):
        raw = raw[:-2]
    if not raw or any(not 0x20 < byte <= 0x7E for byte in raw):
        raise ValueError(f"{request!r} is neither a command's name nor the bytes of one")
    found = COMMAND.fullmatch(raw.decode("ascii"))
    return found[1] if found else raw.decode("ascii").upper()
