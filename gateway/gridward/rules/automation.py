"""Carries a policy's decisions out: from what the broker tells to commands, and to the record of why."""

import json
import logging
import uuid
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from gridward.live import Live
from gridward.rules import audit
from gridward.rules.engine import Decision, Inputs, Memory, decide
from gridward.rules.holds import AUTO, Holds
from gridward.rules.policy import Policy
from gridward.rules.view import Ref, View
from gridward.rules.wiring import gather
from gridward_kit.clock import Clock
from gridward_kit.command import TTL
from gridward_kit.kept import Json
from gridward_kit.mqtt import Link
from gridward_kit.point import Value

log = logging.getLogger(__name__)

SANE = 1_767_225_600.0  # 2026-01-01: a clock that shows less was never set
EXPECTED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class Automation:
    """The policy at work. What fails in here is told once and writes nothing; the contactor's lease does
    not depend on it."""

    def __init__(self, live: Live, link: Link, clock: Clock, policy: Policy, zone: ZoneInfo) -> None:
        self._live, self._link, self._clock = live, link, clock
        self._policy, self._zone = policy, zone
        self._devices = {ref.device: ref.device for ref in policy.refs}
        self._rules = {rule.id: rule for rule in policy.rules}
        self.holds = Holds(policy.steered)
        self._memory = Memory()
        self._mode = ""
        self._told: dict[Ref, tuple[str, Value | None, str | None]] = {}
        self._trouble = ""
        self._published = ""

    def looks_at(self, device: str) -> bool:
        """Whether a new state of this device may change a decision."""
        return device in self._devices

    def turn(self, now: float, mode: str) -> None:
        """Decide once and carry it out. In `observe` nothing is written, in `off` nothing is decided; a
        change of mode begins anew, so that no old wait counts. Raises nothing that a rule can cause."""
        if mode != self._mode:
            self._mode, self._memory, self._told = mode, Memory(), {}
        for ref, before in self.holds.expire(now).items():
            self._publish(ref, before, AUTO, "expired", "Its time is over.")
        overrides = self.holds.active()
        if mode == "off" and not overrides:
            self._show(())
            return
        view = self._view(now)
        try:
            decisions, self._memory = decide(Inputs(view, overrides), self._policy, now, self._memory)
        except EXPECTED as error:
            reason = f"{type(error).__name__}: {error}"
            if reason != self._trouble:
                log.exception("rules: the policy %s failed; it writes nothing", self._policy.name)
            self._trouble, self._memory = reason, Memory()
            return
        self._trouble = ""
        for decision in decisions:
            self._carry_out(decision, view, by_hand=decision.output in overrides)
        self._show(decisions)

    def _view(self, now: float) -> View:
        wall = self._clock.time()
        local = datetime.fromtimestamp(wall, self._zone) if wall >= SANE else None
        return View(gather(self._live, self._devices, now), local)

    def _carry_out(self, decision: Decision, view: View, *, by_hand: bool) -> None:
        """Send what is to be written; every change of mind is put on record once, with its reason."""
        acts = self._mode == "on" or by_hand
        if decision.code == "write" and acts:
            self._command(decision, by_hand=by_hand)
        if decision.code == "later":
            return
        told = (decision.code, decision.value, decision.rule)
        before = self._told.get(decision.output)
        flickers = decision.code == "stands" and before == ("unread", decision.value, decision.rule)
        if told == before or flickers:
            return
        self._told[decision.output] = told
        if decision.code not in ("nothing", "stands"):
            self._record(decision, view, acts=acts)

    def _command(self, decision: Decision, *, by_hand: bool) -> None:
        content: dict[str, Json] = {
            "v": 1,
            "value": decision.value,
            "id": uuid.uuid4().hex,
            "by": "override" if by_hand else f"rules:{decision.criticality}",
            "ttl": TTL,
        }
        if self._link.connected:
            topic = f"{self._link.root}/{decision.output.device}/{decision.output.key}/command"
            self._link.publish(topic, json.dumps(content, ensure_ascii=False), qos=1)

    def _record(self, decision: Decision, view: View, *, acts: bool) -> None:
        rule = self._rules.get(decision.rule or "")
        status: str = decision.code
        if decision.code == "write":
            status = "decided" if acts else "observed"
        inputs: dict[str, Json] = {
            ref.said: [view.value(ref), view.age(ref)] for ref in (rule.inputs if rule is not None else ())
        }
        more: dict[str, Json] = {
            "level": None if rule is None else rule.level,
            "criticality": decision.criticality,
            "suppressed": list(decision.suppressed),
            "inputs": inputs,
        }
        by = "rules" if rule is None else f"rules:{rule.id}"
        before = view.value(decision.output)
        self._publish(decision.output, before, decision.value, status, decision.reason, by, more)

    def _publish(
        self,
        ref: Ref,
        before: Value | None,
        after: Value | None,
        status: str,
        reason: str,
        by: str = "rules",
        more: Mapping[str, Json] | None = None,
    ) -> None:
        """One event of the audit; it names the policy that decided."""
        change = audit.Change(f"{ref.device}/{ref.key}", before, after, status, reason, by)
        named: dict[str, Json] = {"policy": self._policy.name, "digest": self._policy.digest, **(more or {})}
        audit.publish(self._link, self._clock, change, named)
        log.info("rules: %s: %s: %s", status, change.what, reason)

    def _show(self, decisions: tuple[Decision, ...]) -> None:
        """Say what is decided of each output, retained, whenever it changes."""
        outputs: dict[str, Json] = {
            one.output.said: {
                "code": one.code,
                "value": one.value,
                "rule": one.rule,
                "suppressed": list(one.suppressed),
            }
            for one in decisions
        }
        content: dict[str, Json] = {
            "v": 1,
            "policy": self._policy.name,
            "digest": self._policy.digest,
            "mode": self._mode,
            "outputs": outputs,
        }
        text = json.dumps(content, ensure_ascii=False)
        if text != self._published:
            self._published = text
            self._link.publish(f"{self._link.root}/rules/decisions", text, retain=True)
