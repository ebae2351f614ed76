"""Puts on record what a policy decided, and what became of proposals and overrides."""

import logging
from collections.abc import Mapping

from gridward.rules import audit
from gridward.rules.engine import Decision
from gridward.rules.policy import Policy, Rule
from gridward.rules.proposals import Step, lacks
from gridward.rules.view import Ref, View
from gridward_kit.clock import Clock
from gridward_kit.kept import Json
from gridward_kit.mqtt import Link
from gridward_kit.point import Value

log = logging.getLogger(__name__)

QUIET = ("nothing", "stands")


class Recording:
    """Events of the audit, each with the policy that it came from; a change of mind is told once."""

    def __init__(self, link: Link, clock: Clock, policy: Policy) -> None:
        self._link, self._clock = link, clock
        self.policy = policy
        self._told: dict[Ref, tuple[str, Value | None, str | None]] = {}
        self._failed: dict[str, str] = {}
        self._alarms: dict[str, Rule] = {}

    def anew(self) -> None:
        """Tell everything once more: the mode was changed."""
        self._told = {}

    def failed(self, rules: Mapping[str, str]) -> None:
        """Tell once which rules could not be judged, and why; the others go on."""
        for rule, why in rules.items():
            if self._failed.get(rule) != why:
                self.event(f"rules/{rule}", None, None, "broken", why)
        self._failed = dict(rules)

    def decided(self, decision: Decision, view: View, *, acts: bool) -> bool:
        """Tell a decision that is another one than before; whether it was."""
        if decision.code == "later":
            return False
        told = (decision.code, decision.value, decision.rule)
        before = self._told.get(decision.output)
        flickers = decision.code == "stands" and before == ("unread", decision.value, decision.rule)
        if told == before or flickers:
            return False
        self._told[decision.output] = told
        if decision.code not in QUIET:
            self._decision(decision, view, acts=acts)
        return True

    def _decision(self, decision: Decision, view: View, *, acts: bool) -> None:
        rule = next((one for one in self.policy.rules if one.id == decision.rule), None)
        status: str = decision.code
        if decision.code == "write":
            status = "decided" if acts else "observed"
        inputs: dict[str, Json] = {
            ref.said: [view.value(ref), view.age(ref)] for ref in (rule.inputs if rule is not None else ())
        }
        more: dict[str, Json] = {
            "level": None if rule is None else 2 if lacks(rule) else rule.level,
            "criticality": decision.criticality,
            "suppressed": list(decision.suppressed),
            "inputs": inputs,
        }
        by = "rules" if rule is None else f"rules:{rule.id}"
        before = view.value(decision.output)
        self.event(decision.output, before, decision.value, status, decision.reason, by, more)

    def proposal(self, step: Step) -> None:
        """Tell what became of a proposal, and who did it."""
        one = step.proposal
        more: dict[str, Json] = {
            "proposal": one.id,
            "rule": one.rule,
            "confidence": one.confidence,
            "approved_by": one.by or None,
        }
        status = "made" if step.status == "proposed" else step.status
        name = f"rules:{one.rule}" if step.by == "rules" else step.by
        self.event(one.output, one.before, one.value, f"proposal_{status}", step.reason, name, more)

    def alarms(self, standing: tuple[Rule, ...]) -> None:
        """Tell which alarms began and which ended."""
        before, after = self._alarms, {rule.id: rule for rule in standing}
        for name in sorted(before.keys() ^ after.keys()):
            rule, stands = {**before, **after}[name], name in after
            status = "raised" if stands else "cleared"
            self.event(f"rules/alarm_{name}", not stands, stands, status, rule.says, f"rules:{name}")
        self._alarms = after

    def event(
        self,
        ref: Ref | str,
        before: Value | None,
        after: Value | None,
        status: str,
        reason: str,
        by: str = "rules",
        more: Mapping[str, Json] | None = None,
    ) -> None:
        """One event of the audit; it names the policy that decided."""
        what = ref if isinstance(ref, str) else f"{ref.device}/{ref.key}"
        named: dict[str, Json] = {"policy": self.policy.name, "digest": self.policy.digest, **(more or {})}
        audit.publish(self._link, self._clock, audit.Change(what, before, after, status, reason, by), named)
        log.info("rules: %s: %s: %s", status, what, reason)
