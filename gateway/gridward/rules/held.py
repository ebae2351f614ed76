"""For how much of a span a condition was seen to hold. Pure."""

import math
from dataclasses import dataclass

from gridward.rules.condition import Truth

SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class Held:
    """The times (monotonic seconds, begin and end) in which a condition was seen to hold without a break,
    the newest last, and what it is now. Between two decisions counts only what held at both. `until` is how
    long (monotonic seconds) a rule goes on although its condition is known not to hold any more."""

    spans: tuple[tuple[float, float], ...] = ()
    now: Truth = None
    until: float = -math.inf

    def long_enough(self, now: float, hold: float, share: float) -> bool:
        """Whether it holds now, and held for that share of the last `hold` seconds; or goes on after it."""
        if self.now is not None and now < self.until:
            return True
        if self.now is not True:
            return False
        total = sum(end - max(begin, now - hold) for begin, end in self.spans if end > now - hold)
        return total >= share * hold - SLACK

    def so_far(self, now: float, hold: float) -> float:
        """Seconds of the last `hold` seconds in which it held."""
        return sum(end - max(begin, now - hold) for begin, end in self.spans if end > now - hold)


UNSEEN = Held()


@dataclass(frozen=True, slots=True)
class Wait:
    """For which share of `hold` seconds a condition must have held, and for how many more the rule lasts."""

    hold: float = 0.0
    share: float = 1.0
    lasts: float = 0.0


def seen(before: Held, truth: Truth, now: float, last: float | None, wait: Wait) -> Held:
    """Carry on with what is so now; `last` is the decision before, None where a pause lies between, after
    which all starts anew."""
    spans = () if last is None else before.spans
    if truth is not True and last is not None and truth is before.now and not spans:
        return before
    if truth is not True:
        kept = spans
    elif last is not None and before.now is True and spans:
        kept = (*spans[:-1], (spans[-1][0], now))
    else:
        kept = (*spans, (now, now))
    kept = tuple(one for one in kept if one[1] >= now - wait.hold)
    found = Held(kept, truth)
    if wait.lasts and found.long_enough(now, wait.hold, wait.share):
        return Held(kept, truth, now + wait.lasts)
    return found if last is None or before.until <= now else Held(kept, truth, before.until)
