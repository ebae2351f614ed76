"""The grid switch: whether the house may live without the grid now.

Conditions gate islanding, never connecting: whatever is broken, missing or unclear connects at once.
Only a low bank is waited for, since a kettle also pulls it down for a moment. What a grid meter says
is told but decides nothing: the hard-wired relays keep a bad grid away, and unknown must not block.
Who switched often stays on the grid for a while: the contactor would lock, and a person had to come.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

from gridward.rules.grid_presence import Presence, Seen, look, measured
from gridward.rules.inputs import Inputs, Position, Source, required
from gridward.rules.pace import Rest, Told, counted, rest
from gridward.rules.words import progress, sentence, span, whole
from gridward.site import GridSwitchSettings
from gridward_kit.point import UNKNOWN

Cause = Literal["bank", "waiting", "settling", "broken", "override", "pace"]

CELL = (0.5, 5.0)
AMPERES = 10_000.0
FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Memory:
    """What the next decision has to know of those before. Times are monotonic seconds.

    `held_since`: since when every condition holds without a break. `low_since`: since when the bank
    discharges below `connect_below`. `spent`: it did so for the whole wait and has not come back since.
    `grid`: what was seen of the public grid. `changes`: when the position changed in the last 24 h, `told`:
    how often by the contactor's own count, None where it does not say or nothing is asked of it.
    """

    position: Position = "connected"
    held_since: float | None = None
    low_since: float | None = None
    spent: bool = False
    at: float | None = None
    grid: Seen = field(default_factory=Seen)
    changes: tuple[float, ...] = ()
    told: Told = None

    def stands(self, position: Position, now: float) -> "Memory":
        """The same with this position from now on; counted if it is another one."""
        if position == self.position:
            return self
        return replace(self, position=position, changes=counted(self.changes, now))


@dataclass(frozen=True, slots=True)
class Decision:
    """A position with its reasons in words, the most important first.

    `broken` are the lease conditions that do not hold; `waiting` is what a wait has come to; `grid` is
    whether the public grid is there.
    """

    position: Position
    cause: Cause
    reasons: tuple[str, ...]
    memory: Memory
    broken: tuple[str, ...] = ()
    waiting: str | None = None
    grid: Presence = "unknown"


def decide(inputs: Inputs, settings: GridSwitchSettings, now: float, memory: Memory) -> Decision:
    """Decide from fresh inputs; the same history always gives the same decisions. Never raises."""
    broken = conditions(inputs, settings)
    bank = inputs.source("battery")
    volts, amperes = _volts(bank, settings), _amperes(bank)
    seen = look(inputs, settings, now, memory.grid)
    kept = _remember(memory, seen, settings, now, None if broken else volts, amperes)
    found = _judge(inputs, settings, now, kept, broken, volts)
    bad = () if found.position == "islanded" or not inputs.worded else _grid(inputs, settings, seen)
    return Decision(
        found.position,
        found.cause,
        tuple(map(sentence, (*found.reasons, *bad))),
        kept.stands(found.position, now),
        tuple(map(sentence, broken)),
        found.waiting,
        seen.presence,
    )


def _judge(
    inputs: Inputs,
    settings: GridSwitchSettings,
    now: float,
    kept: Memory,
    broken: tuple[str, ...],
    volts: float | None,
) -> Decision:
    if inputs.override == "connected":
        return Decision("connected", "override", (*broken, "the grid is connected by hand"), kept)
    if broken or volts is None or kept.held_since is None:
        return Decision("connected", "broken", broken, kept)
    settled = now - kept.held_since
    if settled < settings.settle:
        waiting = progress(settled, settings.settle)
        reason = f"everything needed has been well for {waiting}"
        return Decision("connected", "settling", (reason,), kept, waiting=waiting)
    by_hand = inputs.override == "islanded"
    if not kept.spent and (
        kept.position == "islanded"
        or volts >= settings.island_above
        or (by_hand and volts >= settings.connect_below)
    ):
        tired = rest(kept.changes, now, kept.told) if kept.position == "connected" else None
        if tired is not None:
            return Decision("connected", "pace", (_rested(tired, kept, inputs, now),), kept)
        return _islanded(settings, now, kept, volts, by_hand=by_hand, worded=inputs.worded)
    if not inputs.worded:
        return Decision("connected", "bank", (), kept)
    after = f" after {whole(settings.wait)} below {settings.connect_below:g} V" if kept.spent else ""
    limit = settings.connect_below if by_hand and not kept.spent else settings.island_above
    reason = f"bank at {volts:.1f} V{after}; back to the battery from {limit:g} V"
    return Decision("connected", "bank", (reason,), kept)


def _islanded(
    settings: GridSwitchSettings, now: float, kept: Memory, volts: float, *, by_hand: bool, worded: bool
) -> Decision:
    if kept.low_since is not None:
        waiting = progress(now - kept.low_since, settings.wait)
        reason = f"bank at {volts:.1f} V and discharging for {waiting}"
        return Decision("islanded", "waiting", (reason,), kept, waiting=waiting)
    if by_hand:
        return Decision("islanded", "override", ("the grid is off by hand",), kept)
    if not worded:
        return Decision("islanded", "bank", (), kept)
    until = f"grid stays off until {settings.connect_below:g} V for {whole(settings.wait)}"
    return Decision("islanded", "bank", (until, f"bank at {volts:.1f} V"), kept)


def _rested(tired: Rest, kept: Memory, inputs: Inputs, now: float) -> str:
    if tired.until is None:
        until = "until the contactor counts fewer"
    elif inputs.local is None:
        until = f"for another {span(tired.until - now)}"
    else:
        until = f"until {inputs.local + timedelta(seconds=tired.until - now):%H:%M}"
    switched = "decided otherwise" if kept.told is None else "switched"
    return f"{switched} {tired.changes} times in {tired.within}; stays on the grid {until}"


def _remember(
    memory: Memory,
    seen: Seen,
    settings: GridSwitchSettings,
    now: float,
    volts: float | None,
    amperes: float | None,
) -> Memory:
    """Carry the waits on. A pause in deciding proves nothing of what was in between: they start anew."""
    paused = memory.at is None or not 0 <= now - memory.at <= settings.gap

    def since(before: float | None, *, holds: bool) -> float | None:
        if not holds:
            return None
        return now if paused or before is None else before

    low = volts is not None and amperes is not None and volts < settings.connect_below and amperes < 0
    low_since = since(memory.low_since, holds=low)
    spent = memory.spent or (low_since is not None and now - low_since >= settings.wait)
    back = volts is not None and volts >= settings.island_above
    return Memory(
        position=memory.position,
        held_since=since(memory.held_since, holds=volts is not None),
        low_since=low_since,
        spent=spent and not back,
        at=now,
        grid=seen,
        changes=memory.changes,
        told=memory.told,
    )


def conditions(inputs: Inputs, settings: GridSwitchSettings) -> tuple[str, ...]:
    """Each lease condition that does not hold, in words; the threshold of the bank is not among them."""
    needed = [
        "battery",
        "inverter",
        *(("logger",) if settings.logger else ()),
        *map(required, settings.require),
    ]
    silent = [_silence(source) for source in map(inputs.source, needed) if not source.fresh]
    logger = inputs.source("logger")
    unreachable = settings.logger is not None and logger.fresh and logger.flag("reachable") is not True
    return (
        *silent,
        *_battery(inputs.source("battery"), settings),
        *_inverter(inputs.source("inverter"), settings),
        *((f"{logger.name} cannot be reached",) if unreachable else ()),
    )


def _silence(source: Source) -> str:
    if source.age is None:
        return f"no answer from {source.name} yet"
    return f"no answer from {source.name} for {span(source.age)}"


def _battery(bank: Source, settings: GridSwitchSettings) -> tuple[str, ...]:
    if not bank.fresh:
        return ()
    found = []
    if _volts(bank, settings) is None:
        found.append(f"{bank.name} gives no voltage of the bank")
    if _amperes(bank) is None:
        found.append(f"{bank.name} gives no current")
    match bank.flag("discharge_mosfet"):
        case False:
            found.append(f"{bank.name} has switched discharging off")
        case None:
            found.append(f"{bank.name} does not say whether discharging is on")
    lowest = bank.number("cell_voltage_min", *CELL)
    if lowest is None:
        found.append(f"{bank.name} gives no lowest cell")
    elif lowest < settings.cell_min:
        found.append(f"a cell is at {lowest:.2f} V, under its minimum of {settings.cell_min:.2f} V")
    return tuple(found)


def _inverter(inverter: Source, settings: GridSwitchSettings) -> tuple[str, ...]:
    if not inverter.fresh:
        return ()
    found = []
    mode, problem = inverter.word("mode"), inverter.flag("problem")
    if not mode or mode == UNKNOWN:
        found.append(f"{inverter.name} does not say its mode")
    elif mode.lower() == FAULT:
        found.append(f"{inverter.name} has a fault")
    if problem is True:
        found.append(f"{inverter.name} reports a problem")
    elif problem is None and "problem" in inverter.keys:
        found.append(f"{inverter.name} does not say whether it has a problem")
    output = inverter.number("output_voltage", 0.0, 1000.0)
    if output is None:
        found.append(f"{inverter.name} gives no output voltage")
    elif output < settings.output_min:
        found.append(f"{inverter.name} gives out {output:.0f} V, under {settings.output_min:.0f} V")
    return tuple(found)


def _grid(inputs: Inputs, settings: GridSwitchSettings, seen: Seen) -> tuple[str, ...]:
    """A grid that is known to be bad, in words. Unknown is not bad."""
    reading = measured(inputs, behind=seen.good is not None)
    trouble = None if reading is None else reading.trouble(settings)
    return () if trouble is None else (trouble,)


def _volts(bank: Source, settings: GridSwitchSettings) -> float | None:
    """The bank's voltage; under half of one threshold or over twice the other it cannot be true."""
    return bank.number("voltage", settings.connect_below / 2, 2 * settings.island_above)


def _amperes(bank: Source) -> float | None:
    return bank.number("current", -AMPERES, AMPERES)
