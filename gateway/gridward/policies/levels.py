"""The site's own word on how far its rules go by themselves: level 1 shows, 2 acts, 3 proposes."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from gridward import values
from gridward.rules.policy import PROPOSES, Policy, Rule
from gridward.section import Section

_level = values.whole(1, PROPOSES)


def levelled(section: Section, policies: Mapping[str, Policy]) -> list[Policy]:
    """The policies, by the names that the site gives them, with `level` (of all) and `levels` (by policy or
    by rule id, which counts more) of the site file. Only by its own id a safety rule leaves level 2."""
    general = section.take("level", _level, None)
    part = section.part("levels")
    said: dict[str, int] = {}
    known = [*policies, *(rule.id for policy in policies.values() for rule in policy.rules)]
    for name, node in {} if part is None else part.entries.items():
        if name not in known:
            expected = f"a policy's name or a rule's id{values.nearest(name, known)}"
            section.faults.append(node.fault(expected, f"`{name}`"))
        elif part is not None:
            said[name] = part.take(name, _level, 2)
    return [_policy(policy, said.get(name, general), said) for name, policy in policies.items()]


def _policy(policy: Policy, usual: int | None, said: Mapping[str, int]) -> Policy:
    rules = tuple(_rule(rule, usual, said.get(rule.id)) for rule in policy.rules)
    return policy if rules == policy.rules else replace(policy, rules=rules, digest=_digest(policy, rules))


def _rule(rule: Rule, usual: int | None, own: int | None) -> Rule:
    """The rule at its own level, else at the usual one; an alarm sets nothing and has none to leave."""
    level = usual if own is None and rule.criticality != "safety" else own
    return rule if level is None or not rule.then else replace(rule, level=level)


def _digest(policy: Policy, rules: Sequence[Rule]) -> str:
    levels = repr([(rule.id, rule.level) for rule in rules])
    return hashlib.sha256(f"{policy.digest} {levels}".encode()).hexdigest()[:12]
