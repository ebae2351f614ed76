"""A line without a wire: simulated devices behind a port whose time is turned, not waited for."""

import asyncio
from collections.abc import Callable, Sequence

from gridward_kit.errors import NoAnswer
from gridward_kit.integration import Line, Simulator
from gridward_kit.port import Cut, Port
from gridward_kit.testing import TurnedClock


class PassingClock(TurnedClock):
    """Whoever sleeps on it has slept at once."""

    async def sleep(self, seconds: float) -> None:
        self.pass_by(max(seconds, 0.0))
        await asyncio.sleep(0)


class TurnedPort(Port):
    """Takes as long as the wire does, and for silence the line's patience, on a clock that is turned."""

    def __init__(self, simulators: Sequence[Simulator], line: Line, clock: PassingClock) -> None:
        super().__init__("memory", line, clock)
        self.heard: list[bytes] = []
        self._simulators = simulators
        self._time = clock

    async def exchange(
        self,
        request: bytes,
        cut: Cut,
        first: float | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> bytes:
        self.exchanges += 1
        self.heard.append(request)
        await asyncio.sleep(0)
        if meanwhile is not None:
            meanwhile()
        now = self._time.monotonic()
        data = b"".join(answer for one in self._simulators for answer in one.receive(request, now))
        patience = self.line.first if first is None else first
        self._time.pass_by((len(request) + len(data)) * self.line.character + (0 if data else patience))
        found = cut(data, True) if data else None
        if found is None:
            raise NoAnswer("nobody answers")
        return found[0]
