"""Proposals: what a level 3 rule wants and a person decides. Pure; times are monotonic seconds.

A proposal is carried out once, and only when a person approves it; when nobody answers in time it is
declined. A rule proposes again after its condition has been false once.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from gridward.rules.condition import Truth
from gridward.rules.engine import Decision
from gridward.rules.policy import PROPOSES, Policy, Rule
from gridward.rules.view import Ref
from gridward_kit.kept import Json
from gridward_kit.point import Value

Status = Literal["proposed", "approved", "declined", "expired", "withdrawn", "carried_out", "unchanged"]
Who = tuple[str, Ref]

APPROVE, DECLINE = "approve", "decline"
ANSWERS = (APPROVE, DECLINE)
MOST_CLOSED = 1000


@dataclass(frozen=True, slots=True)
class Proposal:
    """One rule's wish for one output; `by` is who approved it, "" while it waits for an answer. `at` is the
    wall time (seconds since 1970) at which it was made."""

    id: str
    rule: str
    output: Ref
    value: Value
    before: Value | None
    reason: str
    at: float
    until: float
    confidence: float = 1.0
    by: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What became of a proposal, by whom, and why."""

    proposal: Proposal
    status: Status
    reason: str
    by: str = "rules"


def lacks(rule: Rule) -> tuple[str, ...]:
    """What a level 3 rule has to say and does not: then it is held to be one of level 2 that proposes."""
    said = {"goal": rule.goal, "min_confidence": rule.min_confidence, "escalate": rule.escalate}
    return (
        tuple(name for name, value in said.items() if value in ("", None)) if rule.level == PROPOSES else ()
    )


class Proposals:
    """The open proposals of a policy, and what was answered and may not come again yet."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._open: dict[Who, Proposal] = {}
        self._closed: dict[Who, None] = {}

    @property
    def waiting(self) -> tuple[Proposal, ...]:
        """Those that wait for an answer or to be carried out, the oldest first."""
        return tuple(self._open.values())

    @property
    def approved(self) -> Mapping[Who, Value]:
        """What is to be carried out, by rule and output."""
        return {who: one.value for who, one in self._open.items() if one.by}

    @property
    def closed(self) -> frozenset[Who]:
        """What was answered, and whose condition was not false since."""
        return frozenset(self._closed)

    def find(self, identifier: str) -> Proposal:
        """The open proposal of this id; raises ValueError in words."""
        found = next((one for one in self._open.values() if one.id == identifier), None)
        if found is None:
            raise ValueError(f"there is no proposal {identifier}: it was answered, or its time is over")
        return found

    def first(self, output: Ref) -> Proposal | None:
        """The oldest proposal for one output that waits for an answer."""
        return next((one for one in self._open.values() if one.output == output and not one.by), None)

    def answer(self, identifier: str, said: str, by: str) -> Step:
        """Take a person's answer; raises ValueError where there is nothing to answer."""
        one = self.find(identifier)
        if said == APPROVE:
            if one.by:
                raise ValueError(f"{identifier} is approved already, by {one.by}")
            approved = self._open[(one.rule, one.output)] = replace(one, by=by)
            return Step(approved, "approved", one.reason, by)
        if said != DECLINE:
            raise ValueError(f"{said!r} is neither {' nor '.join(ANSWERS)}")
        return self._close(one, "declined", "Declined; nothing was written.", by)

    def turn(
        self,
        decisions: Iterable[Decision],
        policy: Policy,
        truths: Mapping[str, Truth],
        now: float,
        wall: float,
        before: Callable[[Ref], Value | None],
    ) -> list[Step]:
        """Take up what was decided now: new proposals, and what became of the others."""
        steps: list[Step] = []
        rules = {rule.id: rule for rule in policy.rules if rule.enabled}
        for decision in decisions:
            who = (decision.rule or "", decision.output)
            rule = rules.get(who[0])
            if who in self._open and self._open[who].by:
                steps += self._carried(self._open[who], decision)
            elif decision.code == "proposed" and rule is not None and truths.get(rule.id) is True:
                steps += self._propose(who, rule, decision, now, wall, before(decision.output))
        for who, one in list(self._open.items()):
            if truths.get(who[0]) is False:
                steps.append(self._close(one, "withdrawn", "Its condition does not hold any more."))
        self._closed = {who: None for who in self._closed if truths.get(who[0]) is not False}
        return steps

    def _propose(
        self, who: Who, rule: Rule, decision: Decision, now: float, wall: float, before: Value | None
    ) -> list[Step]:
        if who in self._open or who in self._closed or decision.value is None or rule.level != PROPOSES:
            return []
        until = now + rule.deadline
        made = Proposal(
            self._new_id(), rule.id, decision.output, decision.value, before, decision.reason, wall, until
        )
        self._open[who] = replace(made, confidence=decision.confidence)
        return [Step(self._open[who], "proposed", decision.reason)]

    def _carried(self, one: Proposal, decision: Decision) -> list[Step]:
        match decision.code:
            case "write":
                return [self._close(one, "carried_out", f"Approved by {one.by}.", one.by)]
            case "stands":
                return [self._close(one, "unchanged", "It stands so already.", one.by)]
        return []

    def expire(self, now: float) -> list[Step]:
        """Close what nobody answered in time, or what could not be carried out in it."""
        over = [one for one in self._open.values() if now >= one.until]
        return [
            self._close(
                one,
                "expired",
                "Approved, but it could not be written in its time."
                if one.by
                else "Nobody answered in time.",
            )
            for one in over
        ]

    def take(self, policy: Policy, before: Policy) -> list[Step]:
        """Take up another policy: proposals of rules that are gone or others now are withdrawn."""
        same = {rule.id for rule in policy.rules if rule.enabled} & unchanged(policy, before)
        steps = [
            self._close(one, "withdrawn", "The policy was changed.")
            for one in list(self._open.values())
            if one.rule not in same
        ]
        self._closed = {who: None for who in self._closed if who[0] in same}
        return steps

    def _close(self, one: Proposal, status: Status, reason: str, by: str = "rules") -> Step:
        self._open.pop((one.rule, one.output), None)
        self._closed[(one.rule, one.output)] = None
        return Step(one, status, reason, by)

    def to_json(self, now: float) -> Json:
        """What is kept: the open ones with the running time that is left, and what is closed."""
        return {
            "open": [
                {
                    "id": one.id,
                    "rule": one.rule,
                    "output": [one.output.device, one.output.key],
                    "value": one.value,
                    "before": one.before,
                    "reason": one.reason,
                    "at": one.at,
                    "remaining": round(one.until - now, 1),
                    "confidence": one.confidence,
                    "by": one.by,
                }
                for one in self._open.values()
            ],
            "closed": [[rule, ref.device, ref.key] for rule, ref in list(self._closed)[-MOST_CLOSED:]],
        }

    def restore(self, content: Json, policy: Policy, now: float, spent: float) -> None:
        """Take up what was kept, less the time that may have passed since; what is none is left out."""
        kept = content if isinstance(content, dict) else {}
        known = {(rule.id, wish.output): wish.output for rule in policy.rules for wish in rule.then}
        opened, closed = kept.get("open"), kept.get("closed")
        for item in opened if isinstance(opened, list) else ():
            one = _proposal(item, known, now - spent) if isinstance(item, dict) else None
            if one is not None:
                self._open[(one.rule, one.output)] = one
        for item in closed if isinstance(closed, list) else ():
            match item:
                case [str(rule), str(device), str(key)] if (rule, Ref(device, key, "")) in known:
                    self._closed[(rule, known[(rule, Ref(device, key, ""))])] = None


def unchanged(policy: Policy, before: Policy) -> set[str]:
    """The ids of the rules that are the same in both, wherever they stand in their files."""
    old = {rule.id: replace(rule, place="") for rule in before.rules}
    return {rule.id for rule in policy.rules if old.get(rule.id) == replace(rule, place="")}


def _proposal(item: Mapping[str, Json], known: Mapping[Who, Ref], now: float) -> Proposal | None:
    match item:
        case {
            "id": str(identifier),
            "rule": str(rule),
            "output": [str(device), str(key)],
            "value": bool() | int() | float() | str() as value,
            "reason": str(reason),
            "at": int() | float() as at,
            "remaining": int() | float() as remaining,
            "by": str(by),
        } if (rule, Ref(device, key, "")) in known and remaining <= 7 * 86400.0:
            before, confidence = item.get("before"), item.get("confidence")
            return Proposal(
                identifier,
                rule,
                known[(rule, Ref(device, key, ""))],
                value,
                before if isinstance(before, bool | int | float | str) else None,
                reason,
                float(at),
                now + remaining,
                float(confidence) if isinstance(confidence, int | float) else 1.0,
                by,
            )
    return None
