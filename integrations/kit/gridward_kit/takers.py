"""Who takes a message of a topic."""

import re
from collections.abc import Iterator
from typing import Generic, TypeVar

from aiomqtt import Topic

T = TypeVar("T")

MOST = 10_000
WILD = re.compile(r"[+#$]")


class Takers(Generic[T]):
    """What was subscribed, by topic filter. Who takes a topic is found once: the same ones come for ever, and
    a bus of a hundred devices has hundreds of filters."""

    def __init__(self) -> None:
        self._asked: list[tuple[str, T]] = []
        self._found: dict[str, tuple[T, ...]] = {}

    def __iter__(self) -> Iterator[tuple[str, T]]:
        """Filters and who asked for them, in the order they asked."""
        return iter(self._asked)

    def add(self, wanted: str, taker: T) -> None:
        """Have a filter's messages brought to somebody."""
        self._asked.append((wanted, taker))
        self._found.clear()

    def of(self, topic: str) -> tuple[T, ...]:
        """All who take this topic, in the order they asked; raises ValueError for a topic that is none."""
        found = self._found.get(topic)
        if found is None:
            if len(self._found) >= MOST:
                self._found.clear()
            given = Topic(topic)
            found = tuple(
                taker
                for wanted, taker in self._asked
                if wanted == topic or (WILD.search(wanted) is not None and given.matches(wanted))
            )
            self._found[topic] = found
        return found
