"""Decides what the rules want of every output: `decide(inputs, policy, now, memory)`. Pure.

Arbitration by precedence (a person's override, then the rules by criticality and their order in the
file), then the envelope, reasons in words. The same history always gives the same decisions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, Protocol

from gridward.rules.amount import Amount
from gridward.rules.confidence import confidence
from gridward.rules.envelope import bounded
from gridward.rules.held import UNSEEN, Held, seen
from gridward.rules.policy import PROPOSES, RANKS, WATCHES, Criticality, Output, Policy, Rule
from gridward.rules.spending import Written, confirmed, spend
from gridward.rules.view import Ref, View, over_a_pause, settled
from gridward.rules.words import sentence, span
from gridward_kit.command import same
from gridward_kit.point import Value

Code = Literal[
    "write",
    "stands",
    "later",
    "spent",
    "unread",
    "envelope",
    "refused",
    "proposed",
    "unsure",
    "advised",
    "stopped",
    "nothing",
]

STOP = "stop"
BROKEN = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Memory:
    """What the next decisions have to know of those before. Times are monotonic seconds. `failed` says in
    words why a rule could not be judged at all; it is held to be unknown, and the others go on."""

    began: float | None = None
    at: float | None = None
    held: Mapping[str, Held] = field(default_factory=dict)
    values: Mapping[Ref, tuple[Value, float | None]] = field(default_factory=dict)
    written: Mapping[Ref, Written] = field(default_factory=dict)
    lost: Mapping[Ref, float] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that a decision may depend on, besides policy, time and memory.

    `overrides` are a person's, by output: a value, or `stop` for no automatic writes; `stopped` is that for
    all outputs. `approved` is what a person approved of a rule's proposals, by rule and output; what is in
    `closed` was answered and is not wanted again. Where nobody reads them, reasons are not `worded`.
    """

    view: View
    overrides: Mapping[Ref, Value] = field(default_factory=dict)
    stopped: bool = False
    approved: Mapping[tuple[str, Ref], Value] = field(default_factory=dict)
    closed: frozenset[tuple[str, Ref]] = frozenset()
    worded: bool = True


class Decision(NamedTuple):
    """What is wanted of one output and what becomes of it; `write` alone is to be carried out.

    `rule` is the winner's id, None for an override or a fallback; `suppressed` are the losers' ids;
    `confidence` (0 to 1) is that of a rule that proposes.
    """

    output: Ref
    code: Code
    value: Value | None
    reason: str
    rule: str | None = None
    criticality: Criticality = "supporting"
    suppressed: tuple[str, ...] = ()
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that somebody wants of an output, with the reason. `safe`: it is the fallback; `forced`: a
    person wants it; `approved`: a rule that proposes wants it, and a person agreed."""

    value: Value
    reason: str
    rule: Rule | None = None
    safe: bool = False
    forced: bool = False
    approved: bool = False

    @property
    def acts(self) -> bool:
        """Whether it may be written without asking."""
        return self.rule is None or self.rule.acts or self.approved

    @property
    def criticality(self) -> Criticality:
        """How much depends on it."""
        return "safety" if self.safe else "supporting" if self.rule is None else self.rule.criticality


class Tell(Protocol):
    """Makes the decision for one output of a code and what speaks against writing."""

    def __call__(self, code: Code, why: str = "") -> Decision: ...


def decide(inputs: Inputs, policy: Policy, now: float, memory: Memory) -> tuple[tuple[Decision, ...], Memory]:
    """One decision for each output, in the order of the rules, and the memory for the next time."""
    began = now if memory.began is None or now < memory.began else memory.began
    paused = memory.at is None or not 0 <= now - memory.at <= policy.gap
    values, last = (over_a_pause(memory.values), None) if paused else (memory.values, memory.at)
    view, values = settled(inputs.view, policy.changing, now, values)
    failed: dict[str, str] = {}
    held, going = {}, set()
    for rule, wait in policy.waits:
        try:
            truth = rule.when.truth(view)
        except BROKEN as error:
            truth, failed[rule.id] = None, f"{type(error).__name__}: {error}"
        held[rule.id] = one = seen(memory.held.get(rule.id, UNSEEN), truth, now, last, wait)
        if one.now is True or now < one.until:
            going.add(rule.id)
    kept = Memory(began, now, held, values, memory.written, {}, failed)
    inputs = inputs if view is inputs.view else replace(inputs, view=view)
    decisions = []
    for outlet in policy.outlets:
        decision, kept = _output(outlet, going, inputs, policy, now, kept, memory)
        decisions.append(decision)
    return tuple(decisions), _step(policy, decisions, kept)


def _output(
    outlet: tuple[Output, tuple[Rule, ...]],
    going: set[str],
    inputs: Inputs,
    policy: Policy,
    now: float,
    kept: Memory,
    before: Memory,
) -> tuple[Decision, Memory]:
    (output, rules), ref = outlet, outlet[0].ref
    wanting = [rule for rule in rules if rule.id in going] if going else ()
    candidates = _candidates(ref, wanting, inputs, now, kept) if wanting else []
    stop = STOP if inputs.stopped else None
    forced = inputs.overrides.get(ref, stop) if inputs.overrides else stop
    if forced is not None:
        losers = tuple(one.rule.id for one in candidates if one.rule is not None)
        if same(forced, STOP):
            return Decision(ref, "stopped", None, "Stopped by hand.", suppressed=losers), kept
        chosen: Candidate | None = Candidate(forced, "by hand", forced=True)
    else:
        chosen = candidates[0] if candidates else None
        if chosen is not None and inputs.worded:
            chosen = _explained(chosen, inputs.view, kept)
        losers = tuple(one.rule.id for one in candidates[1:] if one.rule is not None)
    if chosen is None:
        chosen, kept = _fallback(output, rules, now, kept, before)
    if chosen is None:
        return Decision(ref, "nothing", None, "No rule wants anything."), kept
    return _bound(output, chosen, losers, inputs, policy, now, kept)


def _candidates(ref: Ref, rules: Sequence[Rule], inputs: Inputs, now: float, kept: Memory) -> list[Candidate]:
    """What the rules that hold want of this output, the strongest first. What a person approved needs
    its condition still, not its whole wait again."""
    found = []
    for rule in rules:
        held, who = kept.held[rule.id], (rule.id, ref)
        approved = inputs.approved.get(who)
        if who in inputs.closed:
            continue
        if not (held.now is True if approved is not None else held.long_enough(now, rule.hold, rule.share)):
            continue
        for wish in rule.then:
            value = wish.value.value(inputs.view) if isinstance(wish.value, Amount) else wish.value
            wanted = value if approved is None else approved
            if wish.output == ref and wanted is not None:
                found.append(Candidate(wanted, "", rule, approved=approved is not None))
    if any(one.approved for one in found):
        found.sort(key=lambda one: (not one.acts, RANKS[one.criticality]))
    return found


def _explained(chosen: Candidate, view: View, kept: Memory) -> Candidate:
    """The winner with its reason; nobody asks for the losers'."""
    rule = chosen.rule
    still = rule is not None and kept.held[rule.id].now is True
    return chosen if rule is None else replace(chosen, reason=_reason(rule, view, still=still))


def _reason(rule: Rule, view: View, *, still: bool) -> str:
    if not still:
        return f"{sentence(rule.says)} (so within the last {span(rule.lasts)}; now {rule.when.words(view)})"
    lasting = f" for {span(rule.hold)}" if rule.hold else ""
    return f"{sentence(rule.says)} ({rule.when.words(view)}{lasting})"


def _fallback(
    output: Output, rules: Sequence[Rule], now: float, kept: Memory, before: Memory
) -> tuple[Candidate | None, Memory]:
    """The fallback, once no rule for this output could be judged for its grace."""
    for rule in rules:
        if kept.held[rule.id].now is not None:
            return None, kept
    if all(rule.level == WATCHES for rule in rules):  # they only show what a person should do
        return None, kept
    since = before.lost.get(output.ref, now)
    kept = replace(kept, lost={**kept.lost, output.ref: min(since, now)})
    if output.fallback is None or now - since < output.grace:
        return None, kept
    reason = f"nothing needed to decide was read for {span(now - since)}"
    return Candidate(output.fallback, reason, safe=True), kept


def _bound(
    output: Output,
    chosen: Candidate,
    losers: tuple[str, ...],
    inputs: Inputs,
    policy: Policy,
    now: float,
    kept: Memory,
) -> tuple[Decision, Memory]:
    """The envelope, and what speaks against writing now."""
    rule, view = chosen.rule, inputs.view
    current = view.value(output.ref)
    inside = bounded(output, chosen.value, view, refuge=chosen.safe)
    if inside.value is None and output.fallback is not None and chosen.acts and not chosen.safe:
        refuge = Candidate(output.fallback, inside.why, safe=True)
        return _bound(output, refuge, (*losers, *([rule.id] if rule else [])), inputs, policy, now, kept)
    value = inside.value
    clipped = f", {inside.why}" if value is not None and inside.why else ""
    sure = 1.0 if chosen.acts or rule is None else confidence(rule, view, kept.held[rule.id], now)

    def decision(code: Code, why: str = "") -> Decision:
        said = (
            sentence(chosen.reason + clipped) + (f" {sentence(why)}" if why else "") if inputs.worded else ""
        )
        wanted = chosen.value if value is None else value
        name = None if rule is None else rule.id
        return Decision(output.ref, code, wanted, said, name, chosen.criticality, losers, sure)

    if value is None:
        return decision("envelope", inside.why), kept
    if current is None:
        return decision("unread", "What stands there now is not known"), kept
    if same(current, value):
        before = kept.written.get(output.ref)
        written = before and confirmed(before, value)
        if written is not None and written != before:
            kept = replace(kept, written={**kept.written, output.ref: written})
        return decision("stands"), kept
    takes = view.objection(output.ref, value)
    if takes is not None:
        shown = output.ref.shown(value)
        return decision("refused", f"Not written: the device does not take {shown}; it takes {takes}"), kept
    if rule is not None and not chosen.acts:
        return _ask(rule, sure, decision), kept
    if now - (now if kept.began is None else kept.began) < policy.settle and not chosen.forced:
        return decision("later", f"The first {span(policy.settle)} are waited for"), kept
    importance = "forced" if chosen.forced else chosen.criticality
    spent = spend(output, kept.written.get(output.ref, Written()), value, importance, now)
    return decision(spent.code, spent.why), replace(kept, written={**kept.written, output.ref: spent.written})


def _ask(rule: Rule, sure: float, decision: Tell) -> Decision:
    """A rule of level 1 tells a person what to do; one of level 3 proposes, where it is sure enough."""
    if rule.level != PROPOSES:
        return decision("advised")
    least = rule.min_confidence
    if least is not None and sure < least:
        whom = f"; {rule.escalate} should look" if rule.escalate else ""
        return decision("unsure", f"Sure to {sure:.2f} only, {least:g} is asked for{whom}")
    return decision("proposed")


def _step(policy: Policy, decisions: list[Decision], kept: Memory) -> Memory:
    """A rule that steps on from what stands waits its whole time anew after each step."""
    wrote = {one.rule for one in decisions if one.code == "write"}
    if not wrote:
        return kept
    restart = {rule.id: UNSEEN for rule in policy.rules if rule.id in wrote and rule.stepwise}
    return replace(kept, held={**kept.held, **restart}) if restart else kept
