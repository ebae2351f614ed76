"""Reads outputs of a rule file: what a rule sets, and the envelope around each output."""

import math
from dataclasses import dataclass

from gridward import values
from gridward.document import Fault, Node
from gridward.rules.amount import Amount
from gridward.rules.asking import Asking
from gridward.rules.catalogue import Found
from gridward.rules.policy import Output, Wish
from gridward.rules.view import View
from gridward.section import Section
from gridward_kit.entity import Number
from gridward_kit.point import Value

DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Steering:
    """Outputs as they are named in one place of a rule file; every fault is told there."""

    asking: Asking

    @property
    def faults(self) -> list[Fault]:
        """Where faults go."""
        return self.asking.faults

    def wishes(self, node: Node) -> tuple[Wish, ...]:
        """What a rule sets, in the order of the file."""
        if not isinstance(node.content, dict) or not node.content:
            self.faults.append(node.fault("outputs such as `inverter.output_source_priority: USB`"))
            return ()
        wishes = []
        for said, part in node.content.items():
            found = self._steerable(said, part)
            value = None if found is None else self._wanted(found, part)
            if found is not None and value is not None:
                wishes.append(Wish(found.ref, value))
        return tuple(wishes)

    def output(self, said: str, node: Node) -> Output | None:
        """The envelope and fallback of one output; None with a fault."""
        found = self._steerable(said, node)
        if found is None:
            return None
        if not isinstance(node.content, dict):
            self.faults.append(node.fault("a mapping such as {least: 2, most: 40}"))
            return None
        part, asking = Section(node, self.faults), self.asking
        needs, fallback = part.entries.get("needs"), part.entries.get("fallback")
        part.known += ["needs", "fallback"]
        output = Output(
            found.ref,
            least=self._bound(part, "least", -math.inf),
            most=self._bound(part, "most", math.inf),
            needs=None if needs is None else asking.condition(needs),
            fallback=None if fallback is None else self._settable(found, fallback),
            grace=part.take("grace", asking.lasting(0, DAY), 60.0),
            per_day=part.take("per_day", values.whole(1, 1000), 20),
            apart=part.take("apart", asking.lasting(1, DAY), 60.0),
        )
        if output.least > output.most:
            self.faults.append(node.at(["least"]).fault(f"`least` up to {output.most:g}"))
        part.close()
        return output

    def _bound(self, part: Section, key: str, default: float) -> float:
        """A number, or a setting's name."""
        part.known.append(key)
        node = part.entries.get(key)
        if node is None:
            return default
        bound = self.asking.operand(node)
        if bound is not None and not isinstance(bound, float):
            self.faults.append(node.fault("a number or a setting's name"))
        return bound if isinstance(bound, float) else default

    def _steerable(self, said: str, node: Node) -> Found | None:
        found = self.asking.find(said, node)
        objection = None if found is None else found.objection()
        if objection is not None:
            self.faults.append(node.fault(objection, f"`{said}`"))
            return None
        return found

    def _wanted(self, found: Found, node: Node) -> Value | Amount | None:
        if not isinstance(node.content, dict):
            return self._settable(found, node)
        if not isinstance(found.row, Number):
            self.faults.append(node.fault("a value; only a number can be reckoned"))
            return None
        amount = self.asking.amount(node)
        number = None if amount is None or any(amount.refs()) else amount.value(View())
        return amount if number is None else self._accepted(found, number, node)

    def _settable(self, found: Found, node: Node) -> Value | None:
        value = self.asking.value(found, node)
        return None if value is None else self._accepted(found, value, node)

    def _accepted(self, found: Found, value: Value, node: Node) -> Value | None:
        """The value as the device takes it."""
        try:
            return found.accept(value, self.asking.cells)
        except ValueError as wrong:
            self.faults.append(node.fault(f"another value for {found.ref.said}: {wrong}"))
            return None
