"""The grid switch at work: what is fresh, a person's override, the position, the record of its changes."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from gridward.audit.snapshot import snapshot
from gridward.live import Live
from gridward.rules import audit, pace
from gridward.rules.grid_switch import Decision, Memory, decide
from gridward.rules.inputs import Inputs, Position, Source
from gridward.rules.override import Override, override_from, read_override
from gridward.rules.sentences import top, without_contactor
from gridward.rules.wiring import gather, parts
from gridward.site import GridSwitchSettings
from gridward_kit.clock import Clock
from gridward_kit.errors import Refused
from gridward_kit.kept import Json
from gridward_kit.mqtt import Link
from gridward_kit.point import Value

log = logging.getLogger(__name__)


class Switching:
    """Decides the position of the contactor, and remembers what it takes to decide the next one.

    `turn` never raises what a rule can cause: a rule that fails connects the grid.
    """

    def __init__(
        self,
        live: Live,
        link: Link,
        clock: Clock,
        settings: GridSwitchSettings,
        kept: Mapping[str, Json],
        spent: float,
        local: Callable[[], datetime | None],
    ) -> None:
        self._live, self._link, self._clock, self._local = live, link, clock, local
        self.settings = settings
        self.position: Position = "connected"
        self.would: Position | None = None
        self.decisions = 0
        self.override = self._kept(kept.get("override"), spent)
        self._count = pace.from_json(kept.get("switched"), clock.monotonic())
        self._memory = Memory()
        self._told = ""
        self.decision = Decision("connected", "broken", (), self._memory)
        self._inputs = Inputs()

    def looks_at(self, device: str) -> bool:
        """Whether a new state of this device may change the decision."""
        return device in parts(self.settings).values()

    def turn(self, now: float, mode: str, *, stopped: bool) -> bool:
        """Decide; whether what is kept over a restart has changed. `stopped`: a person has stopped all
        automatic writes, and a renewal is one."""
        ended, before, count = self._expire(now), self.position, self._count
        self._inputs = self._seen(now)
        contactor = self._inputs.source("relay")
        self._count = self._count.after(before, contactor, now)
        if mode == "on" or self.override.wish != "auto":
            memory = self._acted(contactor)
        else:
            memory = replace(self._memory, told=None)
        self.decision = self._decide(self._inputs, memory, now)
        self._memory = self.decision.memory
        acting = self._acts(mode, stopped=stopped)
        self._settle(self.decision, mode, acting=acting, stopped=stopped)
        self._count = self._count.after(self.position, contactor, now)
        return ended or self.position != before or self._count is not count

    def _acts(self, mode: str, *, stopped: bool) -> bool:
        """Whether what is decided is carried out: never where there is no contactor."""
        wanted = self.override.wish != "auto" or (mode == "on" and not stopped)
        return wanted and self.settings.relay is not None

    def _seen(self, now: float) -> Inputs:
        sources = gather(self._live, parts(self.settings), now, self.settings.grace)
        return Inputs(sources, self.override.wish, self._local())

    def _acted(self, contactor: Source) -> Memory:
        """What is remembered, with what the contactor did instead of what was decided."""
        changes, told = self._count.changes, pace.told(contactor)
        return replace(self._memory, position=self.position, changes=changes, told=told)

    def _decide(self, inputs: Inputs, memory: Memory, now: float) -> Decision:
        try:
            decision = decide(inputs, self.settings, now, memory)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            reason = f"The grid switch's rule failed ({type(error).__name__}: {error})."
            if self._told != reason:
                log.exception("rules: the grid switch failed; the grid is connected")
            self._told = reason
            return Decision("connected", "broken", (reason,), Memory(at=now), (reason,))
        self._told = ""
        return decision

    def _settle(self, decision: Decision, mode: str, *, acting: bool, stopped: bool) -> None:
        """Take the position that is asked of the contactor, and put each change on record."""
        position: Position = decision.position if acting else "connected"
        idle = "Automatic writes are stopped by hand." if stopped else f"Rules: {mode}."
        reason = " ".join(decision.reasons) if acting else idle
        if position != self.position:
            self._record("rules/decision", self.position, position, "decided", reason)
            self.position = position
        would = decision.position if mode == "observe" and not acting and self.settings.stated else None
        if would is not None and would != (self.would or "connected"):
            before, reason = self.would or "connected", " ".join(decision.reasons)
            self._record("rules/would", before, would, "observed", reason)
        self.would = would

    def _record(self, what: str, before: str, after: str, status: str, reason: str) -> None:
        self.decisions += 1
        read = {"inputs": snapshot(self._seen(self._clock.monotonic()).sources)}
        audit.publish(self._link, self._clock, audit.Change(what, before, after, status, reason), read)
        log.info("rules: %s: %s -> %s: %s", status, before, after, reason)

    def _audit(self, what: str, before: str, after: str, status: str, reason: str) -> None:
        audit.publish(self._link, self._clock, audit.Change(what, before, after, status, reason))

    def wish(self, said: str, now: float) -> str:
        """Take a person's wish; raises Refused with the reason in words where it cannot be."""
        wish, lasts = read_override(said)
        if self.settings.relay is None and wish != "auto":
            raise Refused("this site has no contactor; its grid stays as the hardware has it")
        if wish == "islanded":
            seen = replace(self._seen(now), override=wish)
            probe = self._decide(seen, self._acted(seen.source("relay")), now)
            if probe.position != "islanded":
                raise Refused(probe.reasons[0])
        self.override = Override(wish, now + (self.settings.override if lasts is None else lasts))
        return wish

    def go_on(self, *, mode: bool) -> None:
        """A person has said something: what follows begins from the position that holds. `mode`: it is
        another mode now, in which nothing was observed yet."""
        self._memory = replace(self._memory, position=self.position)
        if mode:
            self.would = None

    def _expire(self, now: float) -> bool:
        """An override ends by time, and never silently."""
        before = self.override
        self.override = before.now(now)
        ended = self.override.wish != before.wish
        if ended:
            self._audit("rules/grid_override", before.wish, "auto", "expired", "Its time is over.")
        return ended

    def _kept(self, content: Json, spent: float) -> Override:
        """What a person wished before this start. How long nobody decided is not known: only the safe
        side is taken up again.
        """
        kept = override_from(content, self._clock.monotonic(), spent)
        if kept.wish == "islanded":
            self._audit("rules/grid_override", kept.wish, "auto", "expired", "The rules started anew.")
            return Override()
        return kept

    def to_json(self, now: float) -> dict[str, Json]:
        """What outlives a restart."""
        return {"override": self.override.to_json(now), "switched": pace.to_json(self._count, now)}

    def values(self, mode: str, now: float, stopped: float) -> Mapping[str, Value]:
        """What the device `rules` shows of it; `stopped` seconds for which automatic writes are stopped."""
        remaining = self.override.remaining(now)
        contactor = self.settings.relay is not None
        sentence = (
            top(mode, self.decision, self._inputs, remaining, contactor=contactor, stopped=stopped)
            if contactor or (mode == "observe" and self.settings.stated)
            else without_contactor(mode, stopped)
        )
        shown: dict[str, Value] = {"sentence": sentence, "grid_present": self.decision.grid}
        if not self.settings.stated:
            return shown
        shown |= {
            "decision": self.position,
            "decisions": self.decisions,
            "grid_override": self.override.wish,
        }
        if self.would is not None:
            shown["would"] = self.would
        acting = self._acts(mode, stopped=bool(stopped))
        if self.decision.waiting is not None and (acting or mode == "observe"):
            shown["waiting"] = self.decision.waiting
        if remaining:
            shown["override_remaining"] = round(remaining)
        return shown

    @property
    def steady(self) -> tuple[object, ...]:
        """What is worth telling at once when it changes."""
        return (self.position, self.would, self.override, self.decision.cause, self.decision.grid)
