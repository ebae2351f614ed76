"""Harmless reads of a meter that may refuse any of them, or pass them over."""

from collections.abc import Sequence

from gridward_chint.scale import floats
from gridward_chint.shape import Place
from gridward_kit.errors import BadFrame, NoAnswer, Refused
from gridward_kit.integration import Ask
from gridward_kit.modbus import HOLDING, INPUT, Modbus, Profile, frame

TRIES = 2
EITHER = (HOLDING, INPUT)


class Probe:
    """Reads of one unit, of which it may refuse or pass over any."""

    def __init__(self, ask: Ask, unit: int) -> None:
        self._ask = ask
        self._dialect = Modbus((), Profile(), unit)
        self.unit = unit
        self._heard = False

    async def block(
        self, start: int, count: int, functions: Sequence[int] = EITHER
    ) -> tuple[Place, bytes] | None:
        """The registers with the first of the functions that they answer; None where they answer none.

        Raises NoAnswer while the unit has not said anything at all, BadFrame where it is only misheard.
        """
        silence: NoAnswer | None = None
        for function in functions:
            try:
                payload = await self._patiently(frame.read(self.unit, function, start, count))
            except Refused:
                self._heard = True
            except NoAnswer as error:
                silence = error
            else:
                self._heard = True
                return Place(function, start), payload
        if silence is not None and not self._heard:
            raise silence
        return None

    async def words(self, start: int, count: int) -> tuple[int, ...] | None:
        """Settings: single registers, only with function 3."""
        found = await self.block(start, count, (HOLDING,))
        if found is None:
            return None
        payload = found[1]
        return tuple(int.from_bytes(payload[at : at + 2], "big") for at in range(0, len(payload), 2))

    async def numbers(
        self, start: int, count: int, *, low_first: bool = False
    ) -> tuple[Place, tuple[float, ...]] | None:
        """So many floats."""
        found = await self.block(start, 2 * count)
        return None if found is None else (found[0], floats(found[1], low_first=low_first))

    async def _patiently(self, request: bytes) -> bytes:
        for left in reversed(range(TRIES)):
            try:
                return self._dialect.payload("", await self._ask(request, self._dialect))
            except (BadFrame, NoAnswer):
                if not left:
                    raise
        raise NoAnswer("nothing was asked")
