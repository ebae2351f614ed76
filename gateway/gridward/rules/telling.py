"""What the broker is told of the rules' work: each output's decision, what each rule waits for. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gridward.rules.engine import Decision, Memory
from gridward.rules.held import UNSEEN
from gridward.rules.policy import Policy, Rule
from gridward.rules.proposals import Proposal, lacks
from gridward.rules.view import Ref
from gridward.rules.words import progress
from gridward_kit.clock import iso
from gridward_kit.kept import Json
from gridward_kit.point import Value


@dataclass(slots=True)
class Since:
    """Since when (wall seconds) an output's decision is as it is, and with which reason; when each rule
    last acted."""

    decided: dict[Ref, tuple[tuple[object, ...], float, str]] = field(default_factory=dict)
    acted: dict[str, float] = field(default_factory=dict)

    def see(self, decisions: tuple[Decision, ...], wall: float) -> None:
        """Note what is another decision than before. Figures in a reason may change, it stays what it was."""
        for one in decisions:
            kind = (one.code, one.value, one.rule)
            if self.decided.get(one.output, ((), 0.0, ""))[0] != kind:
                self.decided[one.output] = (kind, wall, one.reason)


def decisions_of(
    policy: Policy,
    mode: str,
    decisions: tuple[Decision, ...],
    since: Since,
    overrides: Mapping[str, tuple[Value, float]],
    wall: float,
) -> dict[str, Json]:
    """The outputs, and a person's word over them with the time at which it ends."""
    outputs: dict[str, Json] = {one.output.said: _output(one, since) for one in decisions}
    return {
        "v": 1,
        "policy": policy.name,
        "digest": policy.digest,
        "mode": mode,
        "outputs": outputs,
        "overrides": {
            said: {"value": value, "until": iso(round(wall + left))}
            for said, (value, left) in overrides.items()
        },
    }


def _output(one: Decision, since: Since) -> Json:
    _, at, reason = since.decided.get(one.output, ((), 0.0, one.reason))
    return {
        "code": one.code,
        "value": one.value,
        "rule": one.rule,
        "suppressed": list(one.suppressed),
        "device": one.output.device,
        "key": one.output.key,
        "criticality": one.criticality,
        "reason": reason,
        "since": iso(at) if at else None,
    }


def rules_of(policy: Policy, memory: Memory, since: Since, now: float) -> list[Json]:
    """Each rule: what it says, whether it holds, what it waits for, when it last acted."""
    return [_rule(rule, memory, since, now) for rule in policy.rules]


def _rule(rule: Rule, memory: Memory, since: Since, now: float) -> Json:
    held = memory.held.get(rule.id, UNSEEN)
    state, waiting = "no" if held.now is False else "unknown", None
    if not rule.enabled:
        state = "disabled"
    elif held.long_enough(now, rule.hold, rule.share):
        state = "holds"
    elif held.now is True:
        state, waiting = "waiting", progress(held.so_far(now, rule.hold), rule.hold * rule.share)
    acted = since.acted.get(rule.id)
    return {
        "id": rule.id,
        "says": rule.says,
        "asks": rule.when.asked(),
        "level": 2 if lacks(rule) else rule.level,
        "acts": rule.acts,
        "criticality": rule.criticality,
        "outputs": [wish.output.said for wish in rule.then],
        "state": state,
        "waiting": waiting,
        "acted": None if acted is None else iso(acted),
    }


def proposals_of(open_ones: tuple[Proposal, ...], policy: Policy, now: float, wall: float) -> dict[str, Json]:
    """The open proposals, each with the time until which it can be answered and what comes of no answer."""
    rules = {rule.id: rule for rule in policy.rules}
    return {
        "v": 1,
        "proposals": [
            {
                "id": one.id,
                "rule": one.rule,
                "says": rules[one.rule].says if one.rule in rules else "",
                "goal": rules[one.rule].goal if one.rule in rules else "",
                "output": one.output.said,
                "device": one.output.device,
                "key": one.output.key,
                "entity": answer_key(one.output),
                "before": one.before,
                "value": one.value,
                "reason": one.reason,
                "confidence": one.confidence,
                "since": iso(one.at),
                "deadline": iso(round(wall + one.until - now)),
                "default": "declined",
                "status": "approved" if one.by else "open",
                "by": one.by or None,
            }
            for one in open_ones
        ],
    }


def answer_key(output: Ref) -> str:
    """The entity of the device `rules` that takes a person's answer to an output's proposals."""
    return f"{output.device}_{output.key}_proposal"
