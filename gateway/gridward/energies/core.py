"""The site's energies, step by step: `step(state, sample) -> state`. Pure.

Lengths of time are monotonic, and no device's clock takes part; wall time only says which local day an
energy belongs to. Every total only rises (`saved` apart, which is money).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from gridward.energies.split import split
from gridward.energies.tally import Tally, areas

Totals = Mapping[str, float]

POWERS: Mapping[str, tuple[str, ...]] = {
    "pv": ("pv",),
    "load": ("load",),
    "battery": ("battery_in", "battery_out"),
    "grid": ("grid_import", "grid_export"),
}
"""The energies that each power makes: above zero, below zero."""

PERIODS = ("today", "month", "year")
ESTIMATED, UNKNOWN = "estimated", "unknown_time"
COST, SAVED = "cost", "savings"


@dataclass(frozen=True, slots=True)
class Window:
    """Other prices on some days (0 is Monday) from `begin` up to before `end`, local times of day; one that
    ends at or before its begin goes on into the next day."""

    days: frozenset[int]
    begin: time
    end: time
    buy: float
    sell: float | None = None

    def holds(self, local: datetime) -> bool:
        """Whether this local time lies in it."""
        clock, day = local.time(), local.weekday()
        if self.begin < self.end:
            return day in self.days and self.begin <= clock < self.end
        return (day in self.days and clock >= self.begin) or ((day - 1) % 7 in self.days and clock < self.end)


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a kWh costs from the grid and brings into it, in `currency` (three letters of ISO 4217).

    The first window that holds overrules; a list of prices, from the file at the path `csv` or the MQTT topic
    `topic`, overrules what is bought while it covers the time.
    """

    currency: str
    buy: float
    sell: float = 0.0
    windows: tuple[Window, ...] = ()
    csv: str | None = None
    topic: str | None = None

    def at(self, local: datetime | None) -> tuple[float, float]:
        """What a kWh costs and brings at a local time; outside all windows while the time is not known."""
        for window in self.windows:
            if local is not None and window.holds(local):
                return window.buy, self.sell if window.sell is None else window.sell
        return self.buy, self.sell


@dataclass(frozen=True, slots=True)
class Settings:
    """`gap` s without a power make what is integrated over them an estimate; over `most` s nothing is.

    Without `flows` nothing is split by where it flowed, and what is booked for a time in which a period
    began is shared out over it.
    """

    zone: ZoneInfo
    tariff: Tariff | None = None
    gap: float = 30.0
    most: float = 3600.0
    flows: bool = True


@dataclass(frozen=True, slots=True)
class Sample:
    """The site at one moment: `monotonic` s of this run, wall time if it is believed (s since 1970).

    Powers in W by the names of `POWERS`, counters in Wh by the energies' names; unknown ones are absent.
    `price` is that of a kWh from the grid where a list of prices tells it.
    """

    monotonic: float
    wall: float | None
    powers: Mapping[str, float]
    counters: Mapping[str, float] = field(default_factory=dict)
    price: float | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A power in W, and when on the state's own time axis (s)."""

    watts: float
    at: float


@dataclass(frozen=True, slots=True)
class State:
    """All that goes on from sample to sample. `monotonic` is None after a restart.

    `totals` are Wh since ever by energy and flow (money and seconds for some), `bases` those at the begin
    of each period, `pots` what was booked and not yet split.
    """

    at: float = 0.0
    monotonic: float | None = None
    wall: float | None = None
    day: date | None = None
    seen: Mapping[str, Seen] = field(default_factory=dict)
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    pots: Totals = field(default_factory=dict)
    totals: Totals = field(default_factory=dict)
    bases: Mapping[str, Totals] = field(default_factory=dict)

    def of(self, period: str) -> dict[str, float]:
        """What a period brought until now."""
        base = self.bases.get(period, {})
        return {name: total - base.get(name, 0.0) for name, total in self.totals.items()}


def step(state: State, sample: Sample, settings: Settings) -> State:
    """Take in a sample; an interval over local midnight is cut there."""
    seconds = _passed(state, sample)
    if state.monotonic is None:
        state = _resumed(state, sample, settings.most)
    today = state.day
    if sample.wall is not None:
        today = datetime.fromtimestamp(sample.wall, settings.zone).date()
        midnight = datetime.combine(today, time(), settings.zone).timestamp()
        late = sample.wall - midnight
        if state.day is not None and today > state.day and 0 <= late < seconds:
            between = _between(state, sample, seconds, seconds - late, settings)
            before = replace(sample, wall=midnight - 1e-3, powers=between, counters={})
            state = _advance(state, seconds - late, before, settings)
            seconds = late
    state = _turn(state, today)
    state = _advance(state, seconds, sample, settings)
    wall = state.wall if sample.wall is None else sample.wall
    return replace(state, monotonic=sample.monotonic, wall=wall)


def _passed(state: State, sample: Sample) -> float:
    """Seconds since the last sample: monotonic ones, after a restart those on the wall if both are known."""
    if state.monotonic is not None:
        return max(0.0, sample.monotonic - state.monotonic)
    if state.wall is None or sample.wall is None:
        return 0.0
    return max(0.0, sample.wall - state.wall)


def _resumed(state: State, sample: Sample, seconds: float) -> State:
    """After a restart: the clock may not know how long it took, so counters may have gone on by more."""
    known = state.wall is not None and sample.wall is not None and sample.wall >= state.wall
    tallies = {
        key: replace(tally, counter=replace(tally.counter, unseen=tally.counter.unseen + seconds))
        for key, tally in state.tallies.items()
        if tally.counter is not None
    }
    return replace(state, seen=state.seen if known else {}, tallies={**state.tallies, **tallies})


def _between(state: State, sample: Sample, whole: float, part: float, settings: Settings) -> dict[str, float]:
    """The powers `part` seconds after the state, on straight lines to the sample `whole` seconds after it."""
    found: dict[str, float] = {}
    for name, watts in sample.powers.items():
        before = state.seen.get(name)
        if before is not None and 0 < (span := state.at + whole - before.at) <= settings.most:
            done = (state.at + part - before.at) / span
            found[name] = before.watts + (watts - before.watts) * done
    return found


def _turn(state: State, today: date | None) -> State:
    """Begin the periods that are new today. A clock set back over midnight does not begin them again;
    one that was wrong by days does."""
    before = state.day
    if today is None or (before is not None and 0 <= (before - today).days <= 1):
        return state
    new = {
        "today": True,
        "month": before is None or (before.year, before.month) != (today.year, today.month),
        "year": before is None or before.year != today.year,
    }
    begun = {period: state.totals for period in PERIODS if new[period]}
    return replace(state, day=today, bases={**state.bases, **begun})


def _advance(state: State, seconds: float, sample: Sample, settings: Settings) -> State:
    """Book an interval, and split it once every power that is still expected has been heard."""
    powers, counters, at = sample.powers, sample.counters, state.at + seconds
    totals, pots, tallies = dict(state.totals), dict(state.pots), dict(state.tallies)
    bases, unknown, waiting = state.bases, 0.0, False
    for name in POWERS:
        before = state.seen.get(name)
        span = None if before is None else at - before.at
        if span is not None and span > settings.most:
            unknown = max(unknown, span if span - seconds <= settings.most else seconds)
        elif span is not None and name not in powers:
            waiting = True
            continue
        for key, (integrated, seen) in _integrated(name, before, powers.get(name), at, settings).items():
            if seen or name in powers or key in counters or key in tallies:
                tally = tallies.get(key, Tally())
                tallies[key], booked = tally.book(integrated, counters.get(key), seconds, seen=seen)
                if name in powers or key in counters:
                    tallies[key] = replace(tallies[key], heard=at)
                pots[key] = pots.get(key, 0.0) + booked
                totals[key] = totals.get(key, 0.0) + booked
                if seen and span is not None and span > settings.gap:
                    totals[ESTIMATED] = totals.get(ESTIMATED, 0.0) + booked
                if not settings.flows and tally.heard is not None:
                    bases = _shared(state, sample, bases, (key, booked, at - tally.heard), settings.zone)
    if unknown:
        totals[UNKNOWN] = totals.get(UNKNOWN, 0.0) + unknown
    if not settings.flows:
        pots = {}
    elif not waiting:
        _settle(totals, pots, _rates(sample, settings))
        pots = {}
    seen_now = {**state.seen, **{name: Seen(watts, at) for name, watts in powers.items()}}
    return replace(state, at=at, seen=seen_now, tallies=tallies, pots=pots, totals=totals, bases=bases)


def _shared(
    state: State,
    sample: Sample,
    bases: Mapping[str, Totals],
    booked: tuple[str, float, float],
    zone: ZoneInfo,
) -> Mapping[str, Totals]:
    """The bases when an energy (its key, Wh, and the seconds in which it came) belongs in part to the time
    before a period began."""
    key, energy, span = booked
    if state.day is None or sample.wall is None or energy <= 0:
        return bases
    day = state.day
    begun = {"today": day, "month": day.replace(day=1), "year": day.replace(month=1, day=1)}
    for period, first in begun.items():
        since = sample.wall - datetime.combine(first, time(), zone).timestamp()
        if 0 <= since < span:
            base = bases.get(period, {})
            more = energy * (span - since) / span
            bases = {**bases, period: {**base, key: base.get(key, 0.0) + more}}
    return bases


def _integrated(
    name: str, before: Seen | None, watts: float | None, at: float, settings: Settings
) -> dict[str, tuple[float, bool]]:
    """The Wh of each of a power's energies since it was last seen, and whether that is near enough."""
    keys = POWERS[name]
    if before is None or watts is None or at - before.at > settings.most:
        return dict.fromkeys(keys, (0.0, False))
    energies = areas(before.watts, watts, (at - before.at) / 3600)
    return {key: (energy, True) for key, energy in zip(keys, energies, strict=False)}


def _rates(sample: Sample, settings: Settings) -> tuple[float, float] | None:
    """What a kWh costs and brings at the sample's time; None without a tariff."""
    tariff = settings.tariff
    if tariff is None:
        return None
    local = None if sample.wall is None else datetime.fromtimestamp(sample.wall, settings.zone)
    buy, sell = tariff.at(local)
    return (buy if sample.price is None else sample.price), sell


def _settle(totals: dict[str, float], pots: Totals, rates: tuple[float, float] | None) -> None:
    for name, energy in split(pots).items():
        totals[name] = totals.get(name, 0.0) + energy
    if rates is not None and "grid_import" in pots:
        buy, sell = rates
        cost = pots["grid_import"] * buy - pots.get("grid_export", 0.0) * sell
        totals[COST] = totals.get(COST, 0.0) + cost / 1000
        if "load" in pots:
            totals[SAVED] = totals.get(SAVED, 0.0) + (pots["load"] * buy - cost) / 1000
