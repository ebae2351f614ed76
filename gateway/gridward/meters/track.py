"""Follows a conversion: its stages and what they found, told to whoever looks on and kept in the journal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gridward.meters.journal import Journal
from gridward.meters.outcome import STAGES, Outcome, Stage, Taken
from gridward_kit.clock import Clock

Tell = Callable[[Outcome, str], None]


class Track:
    """One conversion's outcome while it grows. `tell` hears of each stage, each finding and each wait."""

    def __init__(self, outcome: Outcome, journal: Journal, clock: Clock, tell: Tell | None) -> None:
        self.outcome = outcome
        self._journal, self._clock, self._tell = journal, clock, tell
        self._words = ""

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """Go through a stage: what `good` said last is what it found; an error is why it was bad."""
        began = self._clock.time()
        self._words = ""
        self.say(STAGES[stage])
        try:
            yield
        except BaseException as error:
            words = str(error) or "cancelled"
            self.outcome.taken.append(Taken(stage, "bad", words, began, self._clock.time()))
            raise
        self.outcome.taken.append(Taken(stage, "good", self._words, began, self._clock.time()))
        self._tell_of(self._words)

    def good(self, words: str) -> None:
        """What the stage found."""
        self._words = words
        self._journal.note(f"ok: {words}")

    def say(self, words: str) -> None:
        """What is being done."""
        self._journal.note(words)
        self._tell_of(words)

    def end(self, status: str, reason: str = "") -> None:
        """What became of it."""
        self.outcome.status, self.outcome.reason = status, reason
        self.outcome.ended = self._clock.time()
        self._journal.note(self.outcome.words())
        self._tell_of(self.outcome.words())

    def _tell_of(self, words: str) -> None:
        if self._tell is not None:
            self._tell(self.outcome, words)
