"""A policy written out: every field of every rule, with what the file left out. Pure."""

import math

from gridward.rules.amount import Amount
from gridward.rules.policy import PROPOSES, WATCHES, Output, Policy, Rule
from gridward.rules.words import span
from gridward_kit.kept import Json

ACTS = {WATCHES: "only shows what a person should do", 2: "acts", PROPOSES: "proposes, a person approves"}


def expanded(policy: Policy) -> dict[str, Json]:
    """The policy as plain values, as `gridward rules show` prints them."""
    return {
        "policy": policy.name,
        "digest": policy.digest,
        "says": policy.says,
        "settle": span(policy.settle),
        "settings": dict(policy.settings),
        "rules": [_rule(rule, policy) for rule in policy.rules],
    }


def _rule(rule: Rule, policy: Policy) -> Json:
    outputs = [policy.output(wish.output) for wish in rule.then]
    return {
        "id": rule.id,
        "says": rule.says,
        "asset": list(dict.fromkeys(wish.output.device for wish in rule.then)),
        "capability": rule.capability,
        "level": f"{rule.level}: {ACTS[rule.level]}",
        "criticality": rule.criticality,
        "owner": rule.owner,
        "enabled": rule.enabled,
        "inputs": [ref.said for ref in rule.inputs],
        "when": rule.when.asked(),
        "for": f"{span(rule.hold)}, {rule.share:.0%} of it",
        "lasts": span(rule.lasts),
        "outputs": {wish.output.said: _wanted(wish.value) for wish in rule.then},
        "envelope": {output.ref.said: _envelope(output) for output in outputs},
        "fallback": {output.ref.said: _fallback(output) for output in outputs},
        **(_proposing(rule) if rule.level == PROPOSES else {}),
        "place": rule.place,
    }


def _proposing(rule: Rule) -> dict[str, Json]:
    return {
        "goal": rule.goal,
        "min_confidence": rule.min_confidence,
        "auto_confidence": rule.auto_confidence,
        "deadline": span(rule.deadline),
        "escalate": rule.escalate,
    }


def _wanted(value: object) -> Json:
    if not isinstance(value, Amount):
        return value if isinstance(value, bool | int | float | str) else None
    return value.said()


def _envelope(output: Output) -> Json:
    bounds: dict[str, Json] = {}
    if math.isfinite(output.least):
        bounds["least"] = output.least
    if math.isfinite(output.most):
        bounds["most"] = output.most
    if output.needs is not None:
        bounds["needs"] = output.needs.asked()
    return {**bounds, "per_day": output.per_day, "apart": span(output.apart)}


def _fallback(output: Output) -> Json:
    if output.fallback is None:
        return "as the device stands"
    return f"{output.fallback} after {span(output.grace)} without inputs"
