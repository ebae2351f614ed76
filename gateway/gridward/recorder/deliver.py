"""Brings readings into a database, and finds out which of them it refuses. Only its writer waits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gridward.recorder.database import Rejected, Writer
from gridward.recorder.lines import Reading, annotations, lines, single
from gridward_kit.kept import Json


@dataclass(slots=True)
class Delivery:
    """One database's deliveries. Series that were refused before go on their own, line by line."""

    site: str
    writer: Writer
    suspects: set[int] = field(default_factory=set)

    def deliver(self, readings: Sequence[Reading]) -> tuple[dict[Reading, str], int]:
        """Write readings in order of time; the refused with the database's words, and how many texts it
        cannot keep. Raises Away or Denied: then all of them may be delivered again."""
        texts = self.writer.texts
        fit = [one for one in readings if texts or one.form != "text"]
        refused: dict[Reading, str] = {}
        self._sound(fit, refused)
        doubtful = [one for one in fit if one.series in self.suspects and one not in refused]
        before = len(refused)
        self._doubtful(doubtful, refused)
        if doubtful and len(refused) == before:
            self.suspects -= {one.series for one in doubtful}
        return refused, len(readings) - len(fit)

    def annotate(self, events: Sequence[tuple[int, Mapping[str, Json]]]) -> int:
        """Write audit events (ms) as annotations; how many are refused for what they say. Raises as above."""
        if not events or not self.writer.texts:
            return 0
        refused = 0
        try:
            self.writer.write(annotations(self.site, events))
        except Rejected as error:
            if len(events) == 1 or error.dropped == len(events):
                return len(events)
            middle = len(events) // 2
            refused = self.annotate(events[:middle]) + self.annotate(events[middle:])
        return refused

    def _sound(self, readings: Sequence[Reading], refused: dict[Reading, str]) -> None:
        """Halve what is refused until the reading that is the reason stands alone: its series is suspect."""
        sound = [one for one in readings if one.series not in self.suspects]
        if not sound:
            return
        try:
            self.writer.write(lines(self.site, sound))
        except Rejected as error:
            if len(sound) == 1:
                refused[sound[0]] = str(error)
                self.suspects.add(sound[0].series)
                return
            middle = len(sound) // 2
            self._sound(sound[:middle], refused)
            self._sound(sound[middle:], refused)

    def _doubtful(self, readings: Sequence[Reading], refused: dict[Reading, str]) -> None:
        if not readings:
            return
        try:
            self.writer.write(single(self.site, readings))
        except Rejected as error:
            if len(readings) == 1 or error.dropped == len(readings):
                refused.update(dict.fromkeys(readings, str(error)))
                return
            middle = len(readings) // 2
            self._doubtful(readings[:middle], refused)
            self._doubtful(readings[middle:], refused)
