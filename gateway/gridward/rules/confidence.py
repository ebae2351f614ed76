"""How sure a rule can be of what it proposes: 0 to 1, with what it was reckoned from. Pure."""

from collections.abc import Mapping

from gridward.rules.held import Held
from gridward.rules.policy import Rule
from gridward.rules.view import View

YOUNG, OLD = 10.0, 60.0  # s: inputs up to the one are as good as new, from the other on worth nothing


def factors(rule: Rule, view: View, held: Held, now: float) -> Mapping[str, float]:
    """`data_age` by the oldest input, `seen` the share of the wait in which it was seen to hold."""
    ages = [view.age(ref) for ref in rule.inputs]
    oldest = max((OLD if age is None else age for age in ages), default=0.0)
    aged = min(1.0, max(0.0, (OLD - oldest) / (OLD - YOUNG)))
    seen = min(1.0, held.so_far(now, rule.hold) / rule.hold) if rule.hold else 1.0
    return {"data_age": round(aged, 2), "seen": round(seen, 2)}


def confidence(rule: Rule, view: View, held: Held, now: float) -> float:
    """The weakest of its factors."""
    return min(factors(rule, view, held, now).values())
