"""A line's raw capture, switched on and off over the broker by whoever looks for a fault."""

import json
from pathlib import Path

from gridward_kit.capture import CAP, Capture
from gridward_kit.clock import Clock, iso
from gridward_kit.command import Command, Malformed, Outcome, Seen, answer, parse
from gridward_kit.kept import Json
from gridward_kit.mqtt import Link, Message
from gridward_kit.port import Port

ENTITY = "capture"


class CaptureSwitch:
    """Takes `<role>/capture/command` and tells `<role>/capture`, retained. A restart begins it anew."""

    def __init__(self, link: Link, port: Port, path: Path, clock: Clock, *, on: bool) -> None:
        self._link, self._port, self._path, self._clock = link, port, path, clock
        self._topic = f"{link.role}/{ENTITY}"
        self._seen = Seen()
        port.capture = Capture(path, clock) if on else None
        link.subscribe(f"{link.root}/{self._topic}/command", self._commanded)
        self._tell()

    @property
    def on(self) -> bool:
        """Whether requests and answers are written down now."""
        return self._port.capture is not None

    def _commanded(self, message: Message) -> None:
        before = self.on
        try:
            command = parse(message, str)
        except Malformed as error:
            command = Command("", error.id, error.by, 0)
            outcome = Outcome("refused", str(error), before, before)
        else:
            outcome = self._outcome(command, message, before)
        answer(self._link, iso(self._clock.time()), self._topic, command, outcome)

    def _outcome(self, command: Command, message: Message, before: bool) -> Outcome:  # noqa: FBT001 - a value
        if message.retain:
            return Outcome("refused", "it was retained; commands are never retained", before, before)
        if self._seen.again(command.id, self._clock.monotonic()):
            return Outcome("refused", "this command came before", before, before)
        if not isinstance(command.value, bool):
            return Outcome("refused", f"{command.value!r} is neither true nor false", before, before)
        if command.value == before:
            return Outcome("unchanged", "it stands so already", before, before)
        try:
            self._switch(on=command.value)
        except OSError as error:
            return Outcome("failed", f"the capture cannot be written: {error}", before, before)
        self._tell()
        return Outcome("confirmed", "", before, self.on)

    def _switch(self, *, on: bool) -> None:
        if on:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch()
        self._port.capture = Capture(self._path, self._clock) if on else None

    def _tell(self) -> None:
        told: dict[str, Json] = {
            "v": 1,
            "at": iso(self._clock.time()),
            "on": self.on,
            "path": str(self._path.absolute()),
            "cap": CAP,
        }
        self._link.publish(f"{self._link.root}/{self._topic}", json.dumps(told), retain=True)
