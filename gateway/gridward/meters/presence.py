"""Where the one meter on the tool's line is: on Modbus at which address, or on the factory's protocol."""

from collections.abc import Callable, Iterable

from gridward_kit.clock import Clock
from gridward_kit.commission import Commission, Talk
from gridward_kit.errors import BadFrame, DeviceError, NoAnswer
from gridward_kit.integration import Line

WAIT, WAIT_EXTENDED = 30.0, 300.0
AGAIN = 1.0


class Presence:
    """Looks for it. `line` is the Modbus line it answered on last, `factory` that of its first protocol."""

    def __init__(
        self, commission: Commission, talk: Talk, clock: Clock, say: Callable[[str], None], *, extended: bool
    ) -> None:
        self.line: Line = commission.ready[0]
        self.factory: Line | None = None
        self._commission, self._talk, self._clock, self._say = commission, talk, clock, say
        self._wait = WAIT_EXTENDED if extended else WAIT

    async def once(self, units: Iterable[int]) -> int | None:
        """The first of these addresses that answers, on whichever line; each is asked once."""
        wanted = tuple(units)
        for line in self._commission.ready:
            for unit in wanted:
                if await self.answers(unit, line):
                    self.line = line
                    return unit
        return None

    async def appears(self, units: Iterable[int]) -> int | None:
        """Ask until one of these answers; None when patience ends."""
        wanted = tuple(units)
        end = self._clock.monotonic() + self._wait
        while True:
            unit = await self.once(wanted)
            left = end - self._clock.monotonic()
            if unit is not None or left <= 0:
                return unit
            self._say(f"no answer on Modbus yet; waiting {left:.0f} s more")
            await self._clock.sleep(AGAIN)

    async def answers(self, unit: int, line: Line | None = None) -> bool:
        """Whether a unit is there."""
        try:
            await self._commission.probe(self._talk, line or self.line, unit)
        except (NoAnswer, BadFrame):
            return False
        return True

    async def silent(self, unit: int) -> bool:
        """Whether nobody is at an address: what answers twice in broken frames is several, or noise."""
        for _ in range(2):
            try:
                await self._commission.probe(self._talk, self.line, unit)
            except NoAnswer:
                return True
            except BadFrame:
                continue
            return False
        return False

    async def serial(self) -> str | None:
        """What it says of itself in the factory's protocol; None where it does not speak it."""
        for line in (self.factory,) if self.factory is not None else self._commission.fresh:
            self._say(f"asking at {line.baud} baud, 8{line.parity}{line.stop:g}")
            try:
                serial = await self._commission.serial(self._talk, line)
            except DeviceError:
                continue
            self.factory = line
            return serial
        return None
