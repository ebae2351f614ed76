"""Whether a board that answers is awake: some repeat their last values while they sleep."""

from collections.abc import Mapping

from gridward_kit.point import Value

STILL_MOST = 300
LIFE = "life_counter"


class Pulse:
    """Watches the life counter, which a board that works moves on all the time.

    Only a board whose counter was seen to move is judged, and it sleeps when in so many answers with
    the counter neither that nor any other value of any answer has moved.
    """

    def __init__(self) -> None:
        self._last: dict[str, Value] = {}
        self._beats = False
        self._still = 0

    def stopped(self, values: Mapping[str, Value]) -> bool:
        """Take in one answer's values, and say whether they are only repeated."""
        moved = {key for key, value in values.items() if self._last.get(key, value) != value}
        self._last |= values
        self._beats = self._beats or LIFE in moved
        if moved:
            self._still = 0
        elif LIFE in values:
            self._still += 1
        return self._beats and self._still >= STILL_MOST
