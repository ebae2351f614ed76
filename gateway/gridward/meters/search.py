"""Finds the units on a Modbus line, by harmless reads, the expected addresses first."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace

from gridward_kit.commission import Commission, Talk
from gridward_kit.errors import BadFrame, NoAnswer
from gridward_kit.integration import Line

PATIENCE = 0.25
ALL = tuple(range(1, 248))
FUNCTIONS = (3, 4)


@dataclass(frozen=True, slots=True)
class Hit:
    """A unit that answered; `volts` None where it showed no voltage that can be true."""

    unit: int
    volts: float | None
    function: int
    clash: bool = False

    def words(self) -> str:
        """What was found, for a person."""
        if self.clash:
            return f"address {self.unit}: broken answers; two meters on one address, or noise on the line"
        shown = "no voltage that can be true" if self.volts is None else f"{self.volts:g} V"
        return f"address {self.unit}: answers function {self.function}, {shown}"


@dataclass(frozen=True, slots=True)
class Tried:
    """An address that was asked without an answer: how many of all there are."""

    done: int
    of: int


async def search(
    commission: Commission,
    talk: Talk,
    line: Line,
    *,
    expected: Iterable[int] = (),
    units: Iterable[int] = ALL,
    functions: tuple[int, ...] = FUNCTIONS,
) -> AsyncIterator[Hit | Tried]:
    """Ask every address once per function, in one pass each; yields every address, as a hit or as tried."""
    quick = replace(line, first=min(line.first, PATIENCE))
    wanted = list(dict.fromkeys([*expected, *units]))
    left = wanted
    of, done = len(wanted) * len(functions), 0
    for function in functions:
        silent: list[int] = []
        for unit in left:
            done += 1
            hit = await _hit(commission, talk, quick, unit, function)
            if hit is None:
                silent.append(unit)
            yield hit or Tried(done, of)
        left = silent


async def _hit(commission: Commission, talk: Talk, line: Line, unit: int, function: int) -> Hit | None:
    """What one address says; broken twice is a clash."""
    for _ in range(2):
        try:
            sign = await commission.probe(talk, line, unit, (function,))
        except NoAnswer:
            return None
        except BadFrame:
            continue
        return Hit(unit, sign.volts, sign.function)
    return Hit(unit, None, function, clash=True)
