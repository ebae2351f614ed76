"""The audit's entries: numbered, each bound by its hash to the one before; what is wrong with them. Pure."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gridward_kit.kept import Json

FIRST = 1
GENESIS = "0" * 64
BEGIN = '{"at":'
ENDED = re.compile(r'"hash":"[^"]*","mono":[^,"]*,"number":\d+\}$')
FIELDS = {"at", "before", "event", "hash", "mono", "number"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One event on record: when it happened (ms since 1970), when it came (monotonic s of the recorder's
    host, None for what is older than the chain), and the hashes of the entry before and of its own."""

    number: int
    at: int
    mono: float | None
    event: Mapping[str, Json]
    before: str
    hash: str

    def line(self) -> str:
        """The entry as it stands in its file: JSON in the one form that its hash is made of."""
        return canonical({**_body(self), "hash": self.hash})

    @property
    def digest(self) -> str:
        """The event's own mark, the same however often it is sent."""
        return digest(self.event)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the audit's files: where it stands, and what."""

    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the chain, at which entry."""

    number: int
    words: str


@dataclass(frozen=True, slots=True)
class Copy:
    """What the store says of an entry."""

    number: int
    hash: str


def canonical(content: Mapping[str, Json]) -> str:
    """JSON in one line and one form: keys in order, no blanks."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(event: Mapping[str, Json]) -> str:
    """The mark of an event's content, 32 hex digits."""
    return hashlib.sha256(canonical(event).encode()).hexdigest()[:32]


def seal(number: int, before: str, at: int, mono: float | None, event: Mapping[str, Json]) -> Entry:
    """The next entry of a chain."""
    return Entry(number, at, mono, event, before, _hash(Entry(number, at, mono, event, before, "")))


def _body(entry: Entry) -> dict[str, Json]:
    return {
        "number": entry.number,
        "at": entry.at,
        "mono": entry.mono,
        "event": dict(entry.event),
        "before": entry.before,
    }


def _hash(entry: Entry) -> str:
    return hashlib.sha256(canonical(_body(entry)).encode()).hexdigest()


def read(text: str) -> Entry:
    """The entry of a line, whether or not its hash is right; raises ValueError for what is none."""
    try:
        content: Json = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(content, dict) or set(content) != FIELDS:
        raise ValueError("not an entry")
    number, at, mono = content["number"], content["at"], content["mono"]
    event, before, own = content["event"], content["before"], content["hash"]
    if type(number) is not int or type(at) is not int or not isinstance(event, dict):
        raise ValueError("not an entry")
    if not isinstance(before, str) or not isinstance(own, str) or not isinstance(mono, int | float | None):
        raise ValueError("not an entry")
    return Entry(number, at, mono, event, before, own)


def sound(line: str) -> Entry | None:
    """The entry of a line that is byte for byte what was sealed, else None."""
    try:
        entry = read(line)
    except ValueError:
        return None
    return entry if entry.line() == line and entry.hash == _hash(entry) else None


def faults(lines: Iterable[Line], copies: Iterable[Copy] = ()) -> Iterator[Fault]:
    """What is wrong from the first entry on; `copies` tell of entries gone at the end, or sealed anew.

    What a power cut left of the very last line is no fault; `torn` tells it.
    """
    known = {copy.number: copy.hash for copy in copies}
    number, before = FIRST, GENESIS
    for broken, line, entry in _grouped(lines):
        if entry is None and not any(map(_looks_whole, broken)):
            break
        for one in broken:
            yield Fault(number, f"entry {number} was edited ({_place(one)})")
            number, before = number + 1, _own(one.text)
        if entry is None or line is None:
            break
        if entry.number < number:
            words = f"entry {entry.number} stands where none belongs: inserted or moved ({_place(line)})"
            yield Fault(entry.number, words)
            continue
        if entry.number > number:
            gone = _span(number, entry.number - 1)
            yield Fault(number, f"{gone} not in its place: deleted or moved (before {_place(line)})")
        elif before not in (entry.before, ""):
            words = f"entry {number} follows another entry {number - 1}: that one was edited, or this one"
            yield Fault(number, f"{words} ({_place(line)})")
        if known.get(entry.number, entry.hash) != entry.hash:
            yield Fault(entry.number, f"entry {entry.number} is not the one that the store has a copy of")
        number, before = entry.number + 1, entry.hash
    newest = max(known, default=0)
    if newest >= number:
        yield Fault(number, f"{_span(number, newest)} deleted at the end; the store has copies")


def torn(lines: Iterable[Line]) -> int:
    """How many characters a power cut left of the very last line, 0 where it is whole."""
    left: list[Line] = []
    for broken, _, entry in _grouped(lines):
        left = broken if entry is None else []
    return 0 if any(map(_looks_whole, left)) else sum(len(line.text) for line in left)


def _grouped(lines: Iterable[Line]) -> Iterator[tuple[list[Line], Line | None, Entry | None]]:
    """Each sound entry with the lines before it that are not; at last those behind the last one."""
    broken: list[Line] = []
    for line in lines:
        entry = sound(line.text)
        if entry is None:
            broken.append(line)
            continue
        yield broken, line, entry
        broken = []
    if broken:
        yield broken, None, None


def _looks_whole(line: Line) -> bool:
    """Whether a line has both its ends: then it was edited, not cut short."""
    return line.text.startswith(BEGIN) and ENDED.search(line.text) is not None


def _own(text: str) -> str:
    """The hash that an edited line still has, empty where none is left: what follows was bound to it."""
    try:
        return read(text).hash
    except ValueError:
        return ""


def _place(line: Line) -> str:
    return f"{line.file}, line {line.line}"


def _span(first: int, last: int) -> str:
    return f"entry {first} is" if first == last else f"entries {first} to {last} are"
