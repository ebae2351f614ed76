"""Carries a policy's decisions out: from what the broker tells to commands, and to the record of why."""

import json
import logging
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from gridward.live import Live
from gridward.rules import alarms, spending, telling
from gridward.rules.answers import Answers
from gridward.rules.engine import BROKEN, Decision, Inputs, Memory, decide
from gridward.rules.holds import AUTO, Holds
from gridward.rules.policy import Policy
from gridward.rules.proposals import Proposals, Step, lacks, unchanged
from gridward.rules.recording import Recording
from gridward.rules.spending import DAY, Written
from gridward.rules.view import Ref, View
from gridward.rules.wiring import gather
from gridward_kit.clock import Clock
from gridward_kit.command import TTL
from gridward_kit.entity import Entity
from gridward_kit.kept import Json
from gridward_kit.mqtt import Link
from gridward_kit.point import Value
from gridward_kit.spool import SANE

log = logging.getLogger(__name__)

PROGRESS_EVERY = 5.0


class Automation:
    """The policy at work. What fails in here is told once and writes nothing; the contactor's lease does
    not depend on it. `keep` puts on disk what has to outlive a restart, and says whether the disk took it.
    """

    def __init__(self, live: Live, link: Link, clock: Clock, policy: Policy, zone: ZoneInfo) -> None:
        self._live, self._link, self._clock = live, link, clock
        self._policy, self._zone = policy, zone
        self._recording = Recording(link, clock, policy)
        self.holds = Holds(policy.steered)
        self.proposals = Proposals(lambda: uuid.uuid4().hex[:8])
        self.answers = Answers(policy, self.proposals)
        self.keep: Callable[[], bool] = lambda: True
        self._memory = Memory()
        self._writes: dict[Ref, tuple[float, ...]] = {}
        self._since = telling.Since()
        self._mode = ""
        self._trouble = ""
        self._published: dict[str, str] = {}
        self._progress_at = float("-inf")
        _warn(policy)

    @property
    def rows(self) -> tuple[Entity, ...]:
        """What the device `rules` has of this policy."""
        return (*self.holds.rows, *self.answers.rows, *alarms.rows(self._policy))

    def values(self) -> dict[str, Value]:
        """What those show now."""
        told = alarms.values(self._policy, self._memory)
        return {**self.holds.values(), **self.answers.values(), **told}

    def looks_at(self, device: str) -> bool:
        """Whether a new state of this device may change a decision."""
        return any(ref.device == device for ref in self._policy.refs)

    def turn(self, now: float, mode: str) -> None:
        """Decide once and carry it out. In `observe` nothing is written, in `off` nothing is decided, but
        what a person wants is; a change of mode begins anew, so that no old wait counts. Raises nothing
        that a rule can cause."""
        if mode != self._mode:
            self._mode, self._memory = mode, self._anew()
            self._recording.anew()
        self._expire(now)
        self._told(self.proposals.expire(now))
        approved = self.proposals.approved if self._link.connected else {}
        if mode == "off" and not self.holds.active() and not approved:
            self._memory = self._anew()
            self._show((), now)
            return
        view = self._view(now)
        inputs = Inputs(view, self.holds.active(), self.holds.stopped, approved, self.proposals.closed)
        try:
            decisions, self._memory = decide(inputs, self._policy, now, self._memory)
        except BROKEN as error:
            self._failed(error)
            return
        self._trouble = ""
        self._recording.failed(self._memory.failed)
        self._carry_out(decisions, inputs, now)
        self._recording.alarms(alarms.standing(self._policy, self._memory))
        if mode != "off" or approved:
            truths = {rule: held.now for rule, held in self._memory.held.items()}
            wall = self._clock.time()
            self._told(self.proposals.turn(decisions, self._policy, truths, now, wall, view.value))
        self._show(decisions, now)

    def _expire(self, now: float) -> None:
        """A person's word ends by time, and never silently."""
        for ref, before in self.holds.expire(now).items():
            what = "rules/override" if ref is None else ref
            self._recording.event(what, before, AUTO, "expired", "Its time is over.")

    def _failed(self, error: Exception) -> None:
        reason = f"{type(error).__name__}: {error}"
        if reason != self._trouble:
            log.exception("rules: the policy %s failed; it writes nothing", self._policy.name)
        self._trouble, self._memory = reason, self._anew()

    def _view(self, now: float) -> View:
        devices = {ref.device: ref.device for ref in self._policy.refs}
        return View(gather(self._live, devices, now), self.local())

    def local(self) -> datetime | None:
        """The site's time of day; None while the clock cannot be right."""
        wall = self._clock.time()
        return datetime.fromtimestamp(wall, self._zone) if wall >= SANE else None

    def _carry_out(self, decisions: Sequence[Decision], inputs: Inputs, now: float) -> None:
        """Count on disk what is to be written, then send it; a disk that takes nothing holds back all but
        persons. Every change of mind is put on record once, with its reason."""
        by_hand = inputs.overrides
        asked = [
            one.output in by_hand or (one.rule or "", one.output) in inputs.approved for one in decisions
        ]
        acts = [self._mode == "on" or wish for wish in asked]
        counted = self._count([one for one, act in zip(decisions, acts, strict=True) if act], now)
        for one, wish, act in zip(decisions, asked, acts, strict=True):
            if one.code == "write" and act and (counted or wish):
                self._send(one, by_hand=one.output in by_hand)
            self._recording.decided(one, inputs.view, acts=act)

    def _count(self, decisions: Sequence[Decision], now: float) -> bool:
        """Count the writes, on disk once for all of them; whether the disk took it."""
        outputs = [one.output for one in decisions if one.code == "write"]
        for ref in outputs:
            times = self._writes.get(ref, ())
            self._writes[ref] = (*(at for at in times if 0 <= now - at < DAY), now)
        return not outputs or self.keep()

    def _send(self, decision: Decision, *, by_hand: bool) -> None:
        content: dict[str, Json] = {
            "v": 1,
            "value": decision.value,
            "id": uuid.uuid4().hex,
            "by": "override" if by_hand else f"rules:{decision.criticality}",
            "ttl": TTL,
        }
        if decision.rule is not None:
            self._since.acted[decision.rule] = self._clock.time()
        if self._link.connected:
            topic = f"{self._link.root}/{decision.output.device}/{decision.output.key}/command"
            self._link.publish(topic, json.dumps(content, ensure_ascii=False), qos=1)

    def answer(self, key: str, said: str, by: str) -> Value:
        """Take a person's answer to a proposal; raises ValueError in words."""
        if self.holds.stopped:
            raise ValueError("all automatic writes are stopped by hand")
        self._told([self.answers.answer(key, said, by)])
        return self.answers.values()[key]

    def _told(self, steps: Iterable[Step]) -> None:
        """Put what became of proposals on record and on disk."""
        found = list(steps)
        for step in found:
            self._recording.proposal(step)
        if found:
            self.keep()

    def take(self, policy: Policy, zone: ZoneInfo) -> None:
        """Take up another policy, all at once. What is remembered of rules that are the same in it stays."""
        now, before = self._clock.monotonic(), self._policy
        same, holds = unchanged(policy, before), Holds(policy.steered)
        holds.restore(self.holds.to_json(now), now, 0.0)
        for ref, value in self.holds.active().items():
            if ref not in holds.active():
                reason = "The policy does not steer it any more, or not to this."
                self._recording.event(ref, value, AUTO, "withdrawn", reason)
        self._told(self.proposals.take(policy, before))
        old = self._memory
        self._memory = replace(
            old,
            held={rule: held for rule, held in old.held.items() if rule in same},
            values={ref: value for ref, value in old.values.items() if ref in policy.refs},
            written={**self._counted(), **old.written},
            lost={ref: since for ref, since in old.lost.items() if ref in policy.steered},
        )
        self._policy, self._zone, self._recording.policy = policy, zone, policy
        self.holds, self.answers = holds, Answers(policy, self.proposals)
        if policy.digest != before.digest:
            reason = f"{len(same)} of {len(policy.rules)} rules are as before."
            self._recording.event("rules/policy", before.digest, policy.digest, "reloaded", reason)
            _warn(policy)

    def refused(self, reason: str) -> None:
        """Put on record that a changed file was not taken up; the policy before stays."""
        digest = self._policy.digest
        self._recording.event("rules/policy", digest, digest, "refused", reason)

    def _anew(self) -> Memory:
        """A memory without waits: of what was counted, and of what is to be seen to change."""
        return Memory(values=self._memory.values, written=self._counted())

    def _counted(self) -> dict[Ref, Written]:
        return {ref: Written(times) for ref, times in self._writes.items()}

    def to_json(self, now: float) -> dict[str, Json]:
        """What has to outlive a restart."""
        return {
            "holds": self.holds.to_json(now),
            "proposals": self.proposals.to_json(now),
            "writes": spending.to_json(self._writes, now),
            "acted": dict(self._since.acted),
            "values": {f"{ref.device}/{ref.key}": value for ref, (value, _) in self._memory.values.items()},
        }

    def restore(self, content: Mapping[str, Json], now: float, spent: float) -> None:
        """Take up what was kept, before any rule decides."""
        self.holds.restore(content.get("holds"), now, spent)
        self._expire(now)
        self.proposals.restore(content.get("proposals"), self._policy, now, spent)
        self._writes = spending.from_json(content.get("writes"), now)
        values = content.get("values")
        self._memory = replace(self._memory, values=self._known(values if isinstance(values, dict) else {}))
        acted = content.get("acted")
        for rule, at in acted.items() if isinstance(acted, dict) else ():
            if isinstance(at, int | float) and not isinstance(at, bool):
                self._since.acted[rule] = float(at)

    def _known(self, values: Mapping[str, Json]) -> dict[Ref, tuple[Value, None]]:
        """The last values of what rules ask changes of: what changed while nobody looked has changed."""
        kept = {ref: values.get(f"{ref.device}/{ref.key}") for ref in self._policy.changing}
        return {ref: (one, None) for ref, one in kept.items() if isinstance(one, bool | int | float | str)}

    def _show(self, decisions: tuple[Decision, ...], now: float) -> None:
        """Say what is decided of each output, retained, whenever it changes; how far a wait has come, every
        few seconds."""
        wall = self._clock.time()
        self._since.see(decisions, wall)
        overrides = self.holds.remaining(now)
        content = telling.decisions_of(self._policy, self._mode, decisions, self._since, overrides, wall)
        rules = telling.rules_of(self._policy, self._memory, self._since, now)
        steady: list[Json] = [{**one, "waiting": None} for one in rules if isinstance(one, dict)]
        held: dict[str, Json] = {said: value for said, (value, _) in overrides.items()}
        changed = self._changed("steady", [content["outputs"], self._mode, self._policy.digest, steady, held])
        if changed or now - self._progress_at >= PROGRESS_EVERY:
            self._progress_at = now
            self._publish("decisions", {**content, "rules": rules})
        waiting = self.proposals.waiting
        if self._changed("waiting", [[one.id, one.by] for one in waiting]):
            self._publish("proposals", telling.proposals_of(waiting, self._policy, now, wall))

    def _changed(self, name: str, content: Json) -> bool:
        text = json.dumps(content)
        changed = self._published.get(name) != text
        self._published[name] = text
        return changed

    def _publish(self, name: str, content: dict[str, Json]) -> None:
        if self._changed(name, content):
            text = json.dumps(content, ensure_ascii=False)
            self._link.publish(f"{self._link.root}/rules/{name}", text, retain=True)


def _warn(policy: Policy) -> None:
    for rule in policy.rules:
        if missing := lacks(rule):
            log.warning(
                "%s: the rule %s says no %s: it counts as level 2 and only proposes",
                rule.place or policy.name,
                rule.id,
                ", ".join(missing),
            )
