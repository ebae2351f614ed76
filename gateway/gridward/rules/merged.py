"""Several policies as one: rules by purpose, envelopes that hold both. Pure."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from gridward.rules.condition import All
from gridward.rules.policy import PURPOSES, Output, Policy, Rule, Settings
from gridward.rules.view import Ref


def merged(policies: Sequence[Policy]) -> Policy:
    """One policy with all rules. Of two of one criticality that of the stronger purpose goes first, then
    that of the policy named first."""
    if len(policies) == 1:
        return policies[0]
    ordered = sorted(policies, key=lambda policy: PURPOSES.index(policy.purpose))
    outputs: dict[Ref, Output] = {}
    for policy in ordered:
        for ref, output in policy.outputs.items():
            outputs[ref] = both(outputs[ref], output) if ref in outputs else output
    digests = "".join(policy.digest for policy in ordered)
    return Policy(
        name="+".join(policy.name for policy in ordered),
        digest=hashlib.sha256(digests.encode()).hexdigest()[:12],
        says=" ".join(policy.says for policy in ordered if policy.says),
        rules=tuple(rule for policy in ordered for rule in policy.rules),
        outputs=outputs,
        settings=_settings(ordered),
        settle=max(policy.settle for policy in ordered),
        gap=min(policy.gap for policy in ordered),
        cells=next((policy.cells for policy in ordered if policy.cells is not None), None),
    )


def both(first: Output, second: Output) -> Output:
    """What holds for an output that two policies bound; of two fallbacks the first one's counts."""
    needs = tuple(one.needs for one in (first, second) if one.needs is not None)
    refuge = first if first.fallback is not None else second
    return replace(
        refuge,
        least=max(first.least, second.least),
        most=min(first.most, second.most),
        needs=All(needs) if len(needs) > 1 else next(iter(needs), None),
        per_day=min(first.per_day, second.per_day),
        apart=max(first.apart, second.apart),
    )


def twice(policies: Sequence[Policy]) -> Iterator[tuple[Rule, Rule]]:
    """Rules of different policies with one id: the first and the later one."""
    first: dict[str, Rule] = {}
    for policy in policies:
        there = dict(first)
        for rule in policy.rules:
            if rule.id in there:
                yield there[rule.id], rule
            first.setdefault(rule.id, rule)


def _settings(policies: Sequence[Policy]) -> Settings:
    return {f"{policy.name}.{name}": value for policy in policies for name, value in policy.settings.items()}
