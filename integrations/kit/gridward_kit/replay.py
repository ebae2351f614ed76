"""A report's captures as devices: each request is answered as it was answered where the report was made."""

import lzma
import struct
import tempfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from gridward_kit.capture import exchanges
from gridward_kit.integration import Line, Simulator
from gridward_kit.simulate import Served, serve_pty

FOLDER = "captures/"
GAP = 0.2  # s after which what was heard before is no part of a request
LARGEST = 20_000_000  # bytes of one capture
MOST = 50_000_000  # bytes of all of them
NO_ZIP = (BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, RuntimeError, OverflowError)
"""What a spoilt zip makes of the reader: a wrong block, length, method, password or end."""
Exchange = tuple[bytes, bytes]


class Replay(Simulator):
    """All devices of one captured line. A request's answers come in their order, then from the first on;
    what was not asked then, or stayed unanswered, is met with silence."""

    def __init__(self, captured: Iterable[Exchange]) -> None:
        self.state = {}
        self._answers: dict[bytes, list[bytes]] = {}
        for request, answer in captured:
            self._answers.setdefault(request, []).append(answer)
        self._turn = dict.fromkeys(self._answers, 0)
        self._heard, self._at = b"", 0.0

    @property
    def requests(self) -> int:
        """How many different requests it knows."""
        return len(self._answers)

    def receive(self, data: bytes, now: float) -> list[bytes]:
        self._heard = data if now - self._at > GAP else self._heard + data
        self._at = now
        found: list[bytes] = []
        while (request := self._next()) is not None:
            self._heard = self._heard[len(request) :]
            answers, turn = self._answers[request], self._turn[request]
            self._turn[request] = turn + 1
            found.append(answers[turn % len(answers)])
        return [answer for answer in found if answer]

    def _next(self) -> bytes | None:
        """The longest known request that stands at the begin of what was heard."""
        known = [request for request in self._answers if request and self._heard.startswith(request)]
        return max(known, key=len, default=None)


def captures(report: Path) -> Mapping[str, list[Exchange]]:
    """The exchanges of each line of a report, by the line's name.

    Raises OSError, and ValueError where the file is no report or holds no capture.
    """
    found: dict[str, list[Exchange]] = {}
    try:
        with ZipFile(report) as bundle, tempfile.TemporaryDirectory() as folder:
            listed = sorted(filter(_of_a_line, bundle.infolist()), key=lambda item: item.filename)
            if sum(entry.file_size for entry in listed) > MOST:
                raise ValueError(f"{report}: its captures are over {MOST / 1e6:g} MB")
            for entry in listed:
                name = entry.filename.removeprefix(FOLDER)
                text = Path(folder) / "capture.txt"
                text.write_bytes(bundle.read(entry))
                found.setdefault(name.partition(".")[0], []).extend(_exchanges(text, report, name))
    except NO_ZIP:
        raise ValueError(f"{report}: not a report of `gridward report`") from None
    if not any(found.values()):
        raise ValueError(f"{report}: it holds no capture; switch the raw capture of the line on, then report")
    return {bus: captured for bus, captured in found.items() if captured}


def _of_a_line(entry: ZipInfo) -> bool:
    """Whether this is the capture of a line that has a name."""
    name = entry.filename.removeprefix(FOLDER)
    inside = entry.filename.startswith(FOLDER) and "/" not in name
    return inside and name.partition(".")[0] != "" and entry.file_size <= LARGEST


def _exchanges(text: Path, report: Path, name: str) -> list[Exchange]:
    try:
        return [(asked, said) for _, asked, said in exchanges(text)]
    except ValueError as error:
        place = str(error).removeprefix(str(text))
        raise ValueError(f"{report}: {name}{place}") from None


def serve_report(report: Path, folder: Path | None) -> dict[str, Served]:
    """Each captured line on a pseudo-terminal, in `folder` under its name. Raises as `captures`."""
    line = Line(baud=115200)
    return {
        bus: serve_pty([Replay(captured)], line, link=None if folder is None else folder / bus, chunk=64)
        for bus, captured in captures(report).items()
    }
