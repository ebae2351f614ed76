"""One energy: integrated from power, held to its device's counter where there is one. Pure, in Wh."""

from dataclasses import dataclass, replace

MOST_POWER = 100_000.0  # W that a site could draw while nobody measured
SLACK = 1500.0  # Wh: counters that step by a whole kWh, and the power's own error
WINDOW = 100.0  # Wh over which counter and power are compared
PATIENCE = 300.0  # s for which a counter must stay where it cannot be before it is followed again


@dataclass(frozen=True, slots=True)
class Counter:
    """A device's counter in Wh: the value from which it is compared, the last one, and what was integrated
    since the former.

    `aligned`: it was seen to step, so that it is known better than its resolution. `poor`: it counted less
    than half or more than double of what the power says, so its power is believed. `unseen` are the seconds
    since without a power, `doubted` those for which it showed what cannot be.
    """

    value: float
    last: float
    since: float = 0.0
    aligned: bool = False
    poor: bool = False
    unseen: float = 0.0
    doubted: float = 0.0


def follow(
    counter: Counter | None, shown: float, integrated: float, seconds: float, unseen: float
) -> tuple[Counter, float]:
    """Take in what a counter shows; returns it and how much more (Wh) it counted than was integrated.

    A counter that falls (reset, zero at wake-up) or jumps further than power could carry it is not
    believed; one that stays there for `PATIENCE` is followed from there on, and nothing is booked.
    """
    if counter is None:
        return Counter(shown, shown), 0.0
    since, unseen = counter.since + integrated, counter.unseen + unseen
    now = replace(counter, since=since, unseen=unseen)
    step = shown - counter.value
    if not 0 <= step <= 2 * since + SLACK + MOST_POWER * unseen / 3600:
        doubted = counter.doubted + seconds
        return (Counter(shown, shown) if doubted >= PATIENCE else replace(now, doubted=doubted)), 0.0
    now = replace(now, last=shown, doubted=0.0)
    if shown == counter.last:
        return now, 0.0
    if unseen:
        return Counter(shown, shown, poor=counter.poor), 0.0 if counter.poor else step - since
    if not counter.aligned:
        return Counter(shown, shown, aligned=True, poor=counter.poor), 0.0
    if max(step, since) < WINDOW:
        return now, 0.0
    poor = not since / 2 <= step <= 2 * since
    return Counter(shown, shown, aligned=True, poor=poor), 0.0 if poor else step - since


@dataclass(frozen=True, slots=True)
class Tally:
    """An energy on its way: `debt` (Wh) is what the counter is ahead of what was booked, or behind it;
    `heard` when its power or counter was last told (s, on the state's own axis)."""

    counter: Counter | None = None
    debt: float = 0.0
    heard: float | None = None

    def book(
        self, integrated: float, shown: float | None, seconds: float, *, seen: bool
    ) -> tuple["Tally", float]:
        """Book an interval of so many seconds; returns what it adds in Wh, never less than 0.

        Debt is paid by booking nothing to twice what was integrated, so that no step shows. Where there
        was no power to integrate (not `seen`), what the counter counted is booked at once.
        """
        counter, more = self.counter, 0.0
        if shown is not None:
            counter, more = follow(counter, shown, integrated, seconds, 0.0 if seen else seconds)
        elif counter is not None:
            unseen = counter.unseen + (0.0 if seen else seconds)
            counter = replace(counter, since=counter.since + integrated, unseen=unseen)
        debt = self.debt + more
        pay = max(-integrated, min(integrated, debt)) if seen else max(0.0, debt)
        return replace(self, counter=counter, debt=debt - pay), integrated + pay


def areas(before: float, after: float, hours: float) -> tuple[float, float]:
    """Wh above and below zero (both positive) under a straight line between two powers in W."""
    if before >= 0 and after >= 0:
        return (before + after) / 2 * hours, 0.0
    if before <= 0 and after <= 0:
        return 0.0, -(before + after) / 2 * hours
    first, last = before * before, after * after
    scale = hours / (2 * abs(after - before))
    return (first * scale, last * scale) if before > 0 else (last * scale, first * scale)
