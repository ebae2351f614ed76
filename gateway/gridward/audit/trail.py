"""The audit's files: lines that are only added, on disk before `append` returns.

Each file is filled with blank lines when it is made, and the next one is made while there is room: on a
full disk the audit goes on for as long as these last.
"""

import fcntl
import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from gridward.audit.chain import FIRST, GENESIS, Entry, Line, digest, seal, sound, torn
from gridward_kit.kept import Json, sync_folder

SIZE = 512 * 1024
REMEMBERED = 20_000
NAME = "[0-9][0-9][0-9][0-9][0-9][0-9].jsonl"
BLANK = b"\n"


@dataclass(frozen=True, slots=True)
class Event:
    """What is to be put on record: its time (ms since 1970), its receipt (monotonic s), its content."""

    at: int
    mono: float | None
    content: Mapping[str, Json]


def folder_of(store: Path) -> Path:
    """Where the audit lies: beside the store, `gridward.db` and `gridward.audit`."""
    return store.with_suffix(".audit")


def files(folder: Path) -> list[Path]:
    """The audit's files in their order."""
    return sorted(folder.glob(NAME))


def lines(folder: Path) -> Iterator[Line]:
    """What stands in the audit's files, blank lines left out; raises OSError."""
    for path in files(folder):
        yield from _lines(path.read_bytes(), path.name)


def _lines(content: bytes, name: str) -> Iterator[Line]:
    for place, raw in enumerate(content.rstrip(BLANK).split(BLANK), 1):
        if raw:
            yield Line(name, place, raw.decode("utf-8", "replace"))


def entries(folder: Path) -> Iterator[Entry]:
    """The sound entries, in the order of the files; raises OSError."""
    return (entry for line in lines(folder) if (entry := sound(line.text)) is not None)


class Trail:
    """The one writer of an audit. All methods raise OSError, after which what was added before is whole.

    `cut` is how many characters of lines cut short were taken away, `fresh` what was added since the caller
    emptied it.
    """

    def __init__(self, folder: Path, size: int = SIZE) -> None:
        self.folder = folder
        self.cut = 0
        self.fresh: list[Entry] = []
        self._size = size
        self._lock: FileIO | None = None
        self._file: FileIO | None = None
        self._path = folder / "000001.jsonl"
        self._end = 0
        self._number, self._hash = FIRST - 1, GENESIS
        self._seen: dict[str, None] = {}

    @property
    def newest(self) -> int:
        """The number of the newest entry, 0 before the first."""
        self._open()
        return self._number

    def append(self, events: Sequence[Event]) -> None:
        """Put events on record that are not there yet, each on disk before the next is begun."""
        self._open()
        for event in events:
            mark = digest(event.content)
            if mark not in self._seen:
                self._write(seal(self._number + 1, self._hash, event.at, event.mono, event.content), mark)

    def close(self) -> None:
        """Let go of the files; the next use opens them again."""
        for file in (self._file, self._lock):
            if file is not None:
                file.close()
        self._file = self._lock = None

    def _write(self, entry: Entry, mark: str) -> None:
        data = entry.line().encode() + BLANK
        if self._end and self._end + len(data) > self._size:
            self._next()
        if self._file is None:
            raise OSError(f"{self._path} is not open")
        try:
            _put(self._file, self._end, data)
        except OSError:
            self.close()  # what the disk took of the line is taken away when it is opened again
            raise
        self._end += len(data)
        self._number, self._hash = entry.number, entry.hash
        self.fresh.append(entry)
        if len(self.fresh) > REMEMBERED:
            self.fresh.clear()  # a store that is away reads them from the files when it is back
        self._remember(mark)

    def _remember(self, mark: str) -> None:
        self._seen[mark] = None
        if len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]

    def _open(self) -> None:
        if self._file is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = (self.folder / "lock").open("ab", buffering=0)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise OSError(f"another program writes the audit in {self.folder}") from None
        self._lock = lock
        try:
            self._take_up()
        except OSError:
            self.close()
            raise

    def _take_up(self) -> None:
        """Find the end of what is there; a line cut short at it is taken away and counted."""
        newest = deque(entries(self.folder), maxlen=REMEMBERED)
        self._number = newest[-1].number if newest else FIRST - 1
        self._hash = newest[-1].hash if newest else GENESIS
        self._seen = dict.fromkeys(entry.digest for entry in newest)
        used = [path for path in files(self.folder) if path.read_bytes().strip(BLANK)]
        self._path = used[-1] if used else self.folder / "000001.jsonl"
        if not self._path.exists():
            self._prepare(self._path)
            self._path.touch()
        content = self._path.read_bytes()
        self._file = self._path.open("r+b", buffering=0)
        self._end, left = _rest(content, self._path.name)
        self.cut += left
        if left:
            _put(self._file, self._end, BLANK * (len(content) - self._end))
        elif content and not content.endswith(BLANK):
            _put(self._file, len(content), BLANK)
        self._prepare(self._after())

    def _next(self) -> None:
        """Go on in the next file, made before where there was room for it."""
        path = self._after()
        if not path.exists():
            path.touch()
            sync_folder(self.folder)
        if self._file is not None:
            self._file.close()
        self._path, self._end = path, 0
        self._file = path.open("r+b", buffering=0)
        self._prepare(self._after())

    def _prepare(self, path: Path) -> None:
        """Have a file ready; a disk without room for it is no reason to stop."""
        if not path.exists():
            with suppress(OSError):
                _make(path, self._size)

    def _after(self) -> Path:
        return self.folder / f"{int(self._path.stem) + 1:06}.jsonl"


def _rest(content: bytes, name: str) -> tuple[int, int]:
    """Where the next line goes, and how many characters behind that a power cut left of a line."""
    end = len(content.rstrip(BLANK))
    found = list(_lines(content, name))
    left = torn(found)
    if not left:
        return (end + 1 if end else 0), 0
    whole = max((line.line for line in found if sound(line.text) is not None), default=0)
    return sum(len(raw) + 1 for raw in content.split(BLANK)[:whole]), left


def _put(file: FileIO, place: int, data: bytes) -> None:
    """Write at a place, on disk when this returns; raises OSError where the disk takes only a part."""
    file.seek(place)
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) or 0 :]
    os.fsync(file.fileno())


def _make(path: Path, size: int) -> None:
    """A file of blank lines, on disk; none at all where the disk has no room."""
    beside = path.with_suffix(".new")
    try:
        with beside.open("wb") as file:
            file.write(BLANK * size)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
