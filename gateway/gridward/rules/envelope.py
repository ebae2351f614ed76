"""The hard bounds of one output: the last word before a write, on what is fresh now. Pure.

It comes after arbitration and holds for rules, approved proposals and persons alike. A missing or old
input that it needs counts as outside.
"""

import math
from dataclasses import dataclass

from gridward.rules.policy import Output
from gridward.rules.view import View
from gridward_kit.command import same
from gridward_kit.point import Value


@dataclass(frozen=True, slots=True)
class Bounded:
    """A value inside the bounds, None where nothing may be written; `why` says what was done."""

    value: Value | None
    why: str = ""


def bounded(output: Output, wanted: Value, view: View, *, refuge: bool) -> Bounded:
    """Clip a number, refuse what has no bound to be clipped to, and everything while `needs` does not hold.

    `refuge`: it is the fallback, which is where one goes when the needs do not hold.
    """
    if not refuge and output.needs is not None and output.needs.truth(view) is not True:
        return Bounded(None, f"Outside the envelope: {output.needs.words(view)}")
    if isinstance(wanted, bool | str):
        return Bounded(wanted)
    if not math.isfinite(wanted):
        return Bounded(None, "Outside the envelope: no finite number")
    value = output.clip(wanted)
    if same(value, wanted):
        return Bounded(value)
    return Bounded(value, f"kept inside the envelope at {value:g}")
