"""Decides what the rules want of every output: `decide(inputs, policy, now, memory)`. Pure.

Arbitration by precedence (envelope, a person's override, then the rules by criticality and their order
in the file), envelope last, reasons in words. The same history always gives the same decisions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from gridward.rules.held import UNSEEN, Held, seen
from gridward.rules.policy import PROPOSES, WATCHES, Amount, Criticality, Output, Policy, Rule
from gridward.rules.view import Ref, View
from gridward.rules.words import sentence, span
from gridward_kit.command import same
from gridward_kit.point import Value

Code = Literal["write", "stands", "later", "spent", "unread", "envelope", "proposed", "stopped", "nothing"]

DAY = 86400.0
LONGEST_PAUSE = 3600.0
EXTRA = 5
STOP = "stop"


@dataclass(frozen=True, slots=True)
class Tries:
    """A value that was written and not read back since: how often, and when last."""

    value: Value
    count: int
    at: float


@dataclass(frozen=True, slots=True)
class Written:
    """When one output was written (monotonic seconds of the last day), and what was tried, by safety
    rules and by all others apart: what a lower rule tries never makes a safety rule wait."""

    times: tuple[float, ...] = ()
    safety: Tries | None = None
    others: Tries | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What the next decisions have to know of those before. Times are monotonic seconds."""

    began: float | None = None
    at: float | None = None
    held: Mapping[str, Held] = field(default_factory=dict)
    values: Mapping[Ref, tuple[Value, float | None]] = field(default_factory=dict)
    written: Mapping[Ref, Written] = field(default_factory=dict)
    lost: Mapping[Ref, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that a decision may depend on, besides policy, time and memory. `overrides` are a person's, by
    output: a value, or `stop` for no automatic writes."""

    view: View
    overrides: Mapping[Ref, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is wanted of one output and what becomes of it; `write` alone is to be carried out.

    `rule` is the winner's id, None for an override or a fallback; `suppressed` are the losers' ids.
    """

    output: Ref
    code: Code
    value: Value | None
    reason: str
    rule: str | None = None
    criticality: Criticality = "supporting"
    suppressed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that somebody wants of an output, with the reason."""

    value: Value
    reason: str
    rule: Rule | None = None
    safe: bool = False
    forced: bool = False


class Tell(Protocol):
    """Makes the decision for one output of a code and what speaks against writing."""

    def __call__(self, code: Code, why: str = "") -> Decision: ...


def decide(inputs: Inputs, policy: Policy, now: float, memory: Memory) -> tuple[tuple[Decision, ...], Memory]:
    """One decision for each output, in the order of the rules, and the memory for the next time."""
    began = now if memory.began is None or now < memory.began else memory.began
    paused = memory.at is None or not 0 <= now - memory.at <= policy.gap
    values = {} if paused else memory.values
    view, values = _watch(inputs.view, policy, now, values)
    held = {
        rule.id: seen(
            memory.held.get(rule.id, UNSEEN),
            rule.when.truth(view),
            now,
            None if paused else memory.at,
            rule.hold,
        )
        for rule in policy.rules
        if rule.enabled
    }
    kept = Memory(began, now, held, values, dict(memory.written), {})
    decisions = []
    for ref in policy.steered:
        decision, kept = _output(ref, replace(inputs, view=view), policy, now, kept, memory)
        decisions.append(decision)
    return tuple(decisions), _step(policy, decisions, kept)


def _watch(
    view: View, policy: Policy, now: float, before: Mapping[Ref, tuple[Value, float | None]]
) -> tuple[View, dict[Ref, tuple[Value, float | None]]]:
    """Note since when each value is what it is. A first sight is no change; a missing value is kept."""
    values = dict(before)
    for ref in policy.refs:
        value = view.value(ref)
        if value is None:
            continue
        known = before.get(ref)
        if known is None or not same(known[0], value):
            values[ref] = (value, None if known is None else now)
    settled = {ref: now - at for ref, (_, at) in values.items() if at is not None}
    return replace(view, settled=settled), values


def _output(
    ref: Ref, inputs: Inputs, policy: Policy, now: float, kept: Memory, before: Memory
) -> tuple[Decision, Memory]:
    output = policy.output(ref)
    candidates = _candidates(ref, inputs.view, policy, now, kept)
    if ref in inputs.overrides:
        forced = inputs.overrides[ref]
        losers = tuple(one.rule.id for one in candidates if one.rule is not None)
        if same(forced, STOP):
            return Decision(ref, "stopped", None, "Stopped by hand.", suppressed=losers), kept
        chosen: Candidate | None = Candidate(forced, "by hand", forced=True)
    else:
        chosen = candidates[0] if candidates else None
        losers = tuple(one.rule.id for one in candidates[1:] if one.rule is not None)
    if chosen is None:
        chosen, kept = _fallback(output, policy, now, kept, before)
    if chosen is None:
        return Decision(ref, "nothing", None, "No rule wants anything."), kept
    return _bound(output, chosen, losers, inputs.view, policy, now, kept)


def _candidates(ref: Ref, view: View, policy: Policy, now: float, kept: Memory) -> list[Candidate]:
    """What the rules that hold want of this output, the strongest first."""
    found = []
    for rule in policy.steered[ref]:
        held = kept.held.get(rule.id)
        if held is None or not held.long_enough(now, rule.hold, rule.share):
            continue
        for wish in rule.then:
            value = wish.value.value(view) if isinstance(wish.value, Amount) else wish.value
            if wish.output == ref and value is not None:
                found.append(Candidate(value, _reason(rule, view), rule))
    return found


def _reason(rule: Rule, view: View) -> str:
    lasting = f" for {span(rule.hold)}" if rule.hold else ""
    return f"{sentence(rule.says)} ({rule.when.words(view)}{lasting})"


def _fallback(
    output: Output, policy: Policy, now: float, kept: Memory, before: Memory
) -> tuple[Candidate | None, Memory]:
    """The fallback, once no rule for this output could be judged for its grace."""
    rules = policy.steered[output.ref]
    if not rules or any(kept.held[rule.id].now is not None for rule in rules):
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
    view: View,
    policy: Policy,
    now: float,
    kept: Memory,
) -> tuple[Decision, Memory]:
    """The envelope, and what speaks against writing now."""
    value, current, rule = output.clip(chosen.value), view.value(output.ref), chosen.rule
    importance: Criticality = "safety" if chosen.safe else "supporting" if rule is None else rule.criticality
    clipped = "" if same(value, chosen.value) else f", kept inside the envelope at {_plain(value)}"
    identifier = None if rule is None else rule.id

    def decision(code: Code, why: str = "") -> Decision:
        reason = sentence(chosen.reason + clipped) + (f" {sentence(why)}" if why else "")
        return Decision(output.ref, code, value, reason, identifier, importance, losers)

    if output.needs is not None and not chosen.safe and output.needs.truth(view) is not True:
        outside = f"Outside the envelope: {output.needs.words(view)}"
        if output.fallback is None:
            return decision("envelope", outside), kept
        refuge = Candidate(output.fallback, outside, safe=True)
        return _bound(
            output, refuge, (*losers, *([identifier] if identifier else [])), view, policy, now, kept
        )
    if current is None:
        return decision("unread", "What stands there now is not known"), kept
    if same(current, value):
        return decision("stands"), _confirmed(output.ref, value, kept)
    if rule is not None and rule.level in (WATCHES, PROPOSES):
        return decision("proposed"), kept
    if now - (now if kept.began is None else kept.began) < policy.settle and not chosen.forced:
        return decision("later", f"The first {span(policy.settle)} are waited for"), kept
    return _spend(output, decision, value, "forced" if chosen.forced else importance, now, kept)


def _confirmed(ref: Ref, value: Value, kept: Memory) -> Memory:
    """Forget the tries of a value that was read back."""
    known = kept.written.get(ref, Written())
    safety, others = (
        None if one is not None and same(one.value, value) else one for one in (known.safety, known.others)
    )
    return replace(kept, written={**kept.written, ref: Written(known.times, safety, others)})


def _spend(
    output: Output,
    decision: Tell,
    value: Value,
    importance: Criticality | Literal["forced"],
    now: float,
    kept: Memory,
) -> tuple[Decision, Memory]:
    """Write, unless the last write is too near or too many went before. One that was not read back is
    tried again after a pause that doubles each time, up to an hour. A person is counted, not held."""
    written = kept.written.get(output.ref, Written())
    times = tuple(at for at in written.times if 0 <= now - at < DAY)
    forced = importance == "forced"
    urgent = forced or importance == "safety"
    before = written.safety if urgent else written.others
    count = before.count if before is not None and same(before.value, value) else 0
    pause = min(output.apart * 2 ** min(max(count - 1, 0), 12), max(LONGEST_PAUSE, output.apart))
    last = None if before is None or (forced and not count) else before.at
    if not urgent and times:
        last = times[-1]
    if last is not None and 0 <= now - last < pause:
        return decision("later", f"Written {span(now - last)} ago, next after {span(pause)}"), kept
    if len(times) >= output.per_day + (EXTRA if urgent else 0) and not forced:
        return decision("spent", f"{len(times)} writes in 24 h are the most"), kept
    tries = Tries(value, count + 1, now)
    noted = Written((*times, now), tries if urgent else written.safety, written.others if urgent else tries)
    return decision("write"), replace(kept, written={**kept.written, output.ref: noted})


def _step(policy: Policy, decisions: list[Decision], kept: Memory) -> Memory:
    """A rule that steps on from what stands waits its whole time anew after each step."""
    wrote = {one.rule for one in decisions if one.code == "write"}
    restart = {rule.id: UNSEEN for rule in policy.rules if rule.stepwise and rule.id in wrote}
    return replace(kept, held={**kept.held, **restart})


def _plain(value: Value) -> str:
    return str(value) if isinstance(value, bool | str) else f"{value:g}"
