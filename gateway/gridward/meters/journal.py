"""What a tool did to a meter: steps in words and bytes in hex, with times, in a file named by the serial."""

from collections.abc import Callable
from pathlib import Path

from gridward_kit.capture import Capture
from gridward_kit.clock import Clock, iso

UNKNOWN = "unknown"


class Journal(Capture):
    """Lines of `time > hex` (sent), `time < hex` (received) and `time # words`.

    It begins as `unknown.log`; `rename` gives it the meter's serial number and puts it behind what that
    file held before. `tell` hears every line, for a live view.
    """

    def __init__(self, folder: Path, clock: Clock, tell: Callable[[str], None] | None = None) -> None:
        self.path = folder / f"{UNKNOWN}.log"
        self.path.unlink(missing_ok=True)
        super().__init__(self.path, clock)
        self._folder, self._now, self._tell = folder, clock, tell

    def note(self, words: str) -> None:
        """Keep what was done, or found."""
        self._write(f"# {words}", self._now)

    def rename(self, serial: str) -> None:
        """From now on this is the journal of that meter; raises OSError."""
        wanted = self._folder / f"{serial}.log"
        if wanted == self.path:
            return
        if self.path.exists():
            with wanted.open("a", encoding="utf-8") as file:
                file.write(self.path.read_text("utf-8"))
            self.path.unlink()
        self.path = self._path = wanted

    def sent(self, data: bytes) -> None:
        super().sent(data)
        self._say(f"> {data.hex(' ')}")

    def received(self, data: bytes) -> None:
        super().received(data)
        self._say(f"< {data.hex(' ')}")

    def _write(self, text: str, clock: Clock) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{iso(clock.time())} {text}\n")
        self._say(text)

    def _say(self, text: str) -> None:
        if self._tell is not None:
            self._tell(text)
