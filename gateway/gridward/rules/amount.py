"""A number reckoned when it is needed, from entities and thresholds. Pure."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from gridward.rules.view import Operand, Ref, View


@dataclass(frozen=True, slots=True)
class Amount:
    """`of + plus x times`, downwards to a multiple of `step` unless that is 0; each part is a number or an
    entity."""

    of: Operand
    plus: Operand = 0.0
    times: Operand = 1.0
    step: float = 0.0

    def value(self, view: View) -> float | None:
        """The number now; None where it cannot be reckoned."""
        of, plus, times = (view.number(part) for part in (self.of, self.plus, self.times))
        if of is None or plus is None or times is None:
            return None
        total = round(of + plus * times, 6)
        if not math.isfinite(total):
            return None
        return floored(total, self.step) if self.step else total

    def refs(self) -> Iterator[Ref]:
        """The entities that it is reckoned from."""
        for part in (self.of, self.plus, self.times):
            if isinstance(part, Ref):
                yield part

    def said(self) -> str:
        """How it is reckoned, in words."""
        if isinstance(self.plus, float) and isinstance(self.times, float):
            added = self.plus * self.times
            plus = f" {'+' if added > 0 else '-'} {abs(added):g}" if added else ""
        else:
            plus = f" + {named(self.plus)}" + ("" if self.times == 1.0 else f" x {named(self.times)}")
        step = f", downwards to steps of {self.step:g}" if self.step else ""
        return f"{named(self.of)}{plus}{step}"


def floored(number: float, step: float) -> float:
    """A number downwards to a multiple of a step."""
    return round(math.floor(round(number / step, 6)) * step, 6)


def named(operand: Operand) -> str:
    """A number, or an entity's name."""
    return operand.said if isinstance(operand, Ref) else f"{operand:g}"
