"""The raw capture: every request and answer with its time, size-capped, replayed by `decode`."""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

from gridward_kit.clock import Clock, iso

log = logging.getLogger(__name__)

CAP = 2_000_000
ROOM, ENOUGH = 0.1, 800_000_000  # of the disk, or bytes: with less left a capture is the first to give way


class Capture:
    """A text file, one line per request (`>`) or answer (`<`); at the cap one older file is kept."""

    def __init__(self, path: Path, clock: Clock, cap: int = CAP) -> None:
        self._path = path
        self._clock = clock
        self._cap = cap
        self._told = False

    def sent(self, data: bytes) -> None:
        self._line(">", data)

    def received(self, data: bytes) -> None:
        self._line("<", data)

    def _line(self, mark: str, data: bytes) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            disk = shutil.disk_usage(self._path.parent)
            if disk.free < min(ROOM * disk.total, ENOUGH):
                raise OSError("the disk is nearly full")
            if self._path.exists() and self._path.stat().st_size > self._cap // 2:
                self._path.replace(self._path.with_suffix(".old"))
            with self._path.open("a", encoding="ascii") as file:
                file.write(f"{iso(self._clock.time())} {mark} {data.hex(' ')}\n")
        except OSError as error:
            if not self._told:
                log.error("%s: the capture cannot be written: %s", self._path, error)
            self._told = True


def exchanges(path: Path) -> Iterator[tuple[str, bytes, bytes]]:
    """The captured (time, request, answer) triples; a request without an answer has b"".

    Raises ValueError naming the line that is not one of a capture.
    """
    time, request, answer = "", b"", b""
    for number, row in enumerate(path.read_text("ascii", "replace").splitlines(), 1):
        stamp, _, rest = row.partition(" ")
        mark, _, text = rest.partition(" ")
        try:
            data = bytes.fromhex(text)
        except ValueError:
            raise ValueError(f"{path}:{number}: not a line of a capture") from None
        if mark == ">":
            if request:
                yield time, request, answer
            time, request, answer = stamp, data, b""
        elif mark == "<":
            answer += data
        else:
            raise ValueError(f"{path}:{number}: not a line of a capture")
    if request:
        yield time, request, answer
