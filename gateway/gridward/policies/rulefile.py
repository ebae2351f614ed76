"""Reads a rule file, or the shipped policy of a name, into a `Policy`; every fault with file and line."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from gridward import values
from gridward.document import Fault, Node, Plain, Reader
from gridward.rules.asking import NOTHING, Asking, lasting
from gridward.rules.catalogue import Catalogue, Found
from gridward.rules.policy import CAPABILITIES, PROPOSES, Amount, Criticality, Output, Policy, Rule, Wish
from gridward.rules.view import Ref
from gridward.section import Section
from gridward_kit.entity import Number
from gridward_kit.point import Value

SHIPPED = Path(__file__).parent
VERSION = 1
CRITICALITIES: tuple[Criticality, ...] = get_args(Criticality)
WEEK = 7 * 86400.0
SOURCE_KEYS = ("output_source_priority", "charger_source_priority")


def shipped() -> tuple[str, ...]:
    """The names of the policies that come with the gateway."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.yaml") if not path.stem.endswith(".stories")))


def path_of(policy: str, folder: Path) -> Path:
    """The file of a shipped policy by its name, else the path as it is written, beside the site file."""
    return SHIPPED / f"{policy}.yaml" if policy in shipped() else folder / policy


def read_policy(
    file: Path, catalogue: Catalogue, faults: list[Fault], wished: Mapping[str, Node] | None = None
) -> Policy:
    """The policy of this file; what is wrong is added to `faults`. `wished` are the site's own thresholds."""
    reader = Reader(file.parent)
    root = reader.read(file)
    faults += reader.faults
    if root is None:
        return Policy(file.stem)
    if not isinstance(root.content, dict):
        faults.append(root.fault("a mapping with `version`, `policy`, `rules` ..."))
        return Policy(file.stem)
    return _Reading(Section(root, faults), catalogue, faults).policy(file, wished or {})


@dataclass(slots=True)
class _Reading:
    top: Section
    catalogue: Catalogue
    faults: list[Fault]

    def policy(self, file: Path, wished: Mapping[str, Node]) -> Policy:
        top = self.top
        top.need("version", values.whole(VERSION, VERSION), VERSION, "the file's version")
        name = top.need("policy", values.text, file.stem, "its name")
        says = top.take("says", paragraph, "")
        owner = top.take("owner", values.text, "site")
        settle = top.take("settle", lasting(0, 3600), 60.0)
        settings = self._settings(top.part("settings"), wished)
        asking = Asking(self.catalogue, settings, self.faults)
        outputs = self._outputs(top.part("outputs"), asking)
        top.require("rules", "what is to be done when")
        rules = tuple(self._rule(section, asking, owner) for section in top.parts("rules"))
        top.close()
        self._twice(rules)
        told = repr(sorted(settings.items())).encode()
        digest = hashlib.sha256(file.read_bytes() + told).hexdigest()[:12]
        return Policy(name, digest, says, rules, outputs, settings, settle)

    def _settings(self, section: Section | None, wished: Mapping[str, Node]) -> dict[str, float]:
        given = {} if section is None else section.entries
        number = values.number(-1e6, 1e6)
        found = {} if section is None else {name: section.take(name, number, 0.0) for name in given}
        for name, node in wished.items():
            own = Section(Node(node.file, node.line, {name: node}), self.faults)
            if name in found:
                found[name] = own.take(name, number, 0.0)
            else:
                nearest = values.nearest(name, found)
                self.faults.append(node.fault(f"a setting of this policy{nearest}", f"`{name}`"))
        return found

    def _outputs(self, section: Section | None, asking: Asking) -> dict[Ref, Output]:
        outputs = {}
        for said, node in {} if section is None else section.entries.items():
            found = self._steerable(said, node, asking)
            if found is None:
                continue
            part = Section(node, self.faults)
            if not isinstance(node.content, dict):
                self.faults.append(node.fault("a mapping such as {least: 2, most: 40}"))
                continue
            outputs[found.ref] = self._output(part, found, asking)
        return outputs

    def _output(self, part: Section, found: Found, asking: Asking) -> Output:
        number = values.number(-1e6, 1e6)
        needs, fallback = part.entries.get("needs"), part.entries.get("fallback")
        part.known += ["needs", "fallback"]
        output = Output(
            found.ref,
            least=part.take("least", number, -math.inf),
            most=part.take("most", number, math.inf),
            needs=None if needs is None else asking.condition(needs),
            fallback=None if fallback is None else self._settable(found, fallback, asking),
            grace=part.take("grace", lasting(0, 86400), 60.0),
            per_day=part.take("per_day", values.whole(1, 1000), 20),
            apart=part.take("apart", lasting(1, 86400), 60.0),
        )
        if output.least > output.most:
            self.faults.append(part.node.at(["least"]).fault(f"`least` up to {output.most:g}"))
        part.close()
        return output

    def _rule(self, section: Section, asking: Asking, owner: str) -> Rule:
        when, then = section.entries.get("when"), section.entries.get("then")
        section.require("when", "the conditions")
        section.require("then", "what is set")
        section.known += ["when", "then"]
        wishes = () if then is None else self._wishes(then, asking)
        criticality = section.take("criticality", values.one_of(*CRITICALITIES), "optimisation")
        level = section.take("level", values.whole(1, PROPOSES), 2)
        if criticality == "informational" and wishes:
            node = section.node.at(["criticality"])
            self.faults.append(node.fault("another criticality; informational rules set nothing"))
        rule = Rule(
            id=section.need("id", values.identifier, "", "its name, also in the audit"),
            says=section.need("says", paragraph, "", "why, in a sentence"),
            when=NOTHING if when is None else asking.condition(when),
            then=wishes,
            hold=section.take("for", lasting(0, WEEK), 0.0),
            share=section.take("share", values.number(0.01, 1), 1.0),
            criticality=next(one for one in CRITICALITIES if one == criticality),
            level=level,
            enabled=section.take("enabled", values.flag, True),
            owner=section.take("owner", values.text, owner),
            capability=section.take("capability", values.one_of(*CAPABILITIES), _capability(wishes)),
            place=f"{section.node.file}:{section.node.line}",
        )
        section.close()
        return rule

    def _wishes(self, node: Node, asking: Asking) -> tuple[Wish, ...]:
        if not isinstance(node.content, dict) or not node.content:
            self.faults.append(node.fault("outputs such as `inverter.output_source_priority: USB`"))
            return ()
        wishes = []
        for said, part in node.content.items():
            found = self._steerable(said, part, asking)
            value = None if found is None else self._wanted(found, part, asking)
            if found is not None and value is not None:
                wishes.append(Wish(found.ref, value))
        return tuple(wishes)

    def _steerable(self, said: str, node: Node, asking: Asking) -> Found | None:
        found = asking.find(said, node)
        objection = None if found is None else found.objection()
        if objection is not None:
            self.faults.append(node.fault(objection, f"`{said}`"))
            return None
        return found

    def _wanted(self, found: Found, node: Node, asking: Asking) -> Value | Amount | None:
        if not isinstance(node.content, dict):
            return self._settable(found, node, asking)
        if not isinstance(found.row, Number):
            self.faults.append(node.fault("a value; only a number can be reckoned"))
            return None
        part = Section(node, self.faults)
        part.require("of", "a number, a setting or an entity to reckon from")
        part.known.append("of")
        of = node.content.get("of")
        operand = None if of is None else asking.operand(of)
        plus = part.take("plus", values.number(-1e6, 1e6), 0.0)
        whole = part.take("whole", values.flag, False)
        part.close()
        return None if operand is None else Amount(operand, plus, whole)

    def _settable(self, found: Found, node: Node, asking: Asking) -> Value | None:
        value = asking.value(found, node)
        if value is None:
            return None
        try:
            return found.row.accept(value)
        except ValueError as wrong:
            self.faults.append(node.fault(f"another value for {found.ref.said}: {wrong}"))
            return None

    def _twice(self, rules: tuple[Rule, ...]) -> None:
        first: dict[str, Rule] = {}
        sections = self.top.entries["rules"].content if "rules" in self.top.entries else []
        nodes = [
            node
            for node in (sections if isinstance(sections, list) else [])
            if isinstance(node.content, dict)
        ]
        for rule, node in zip(rules, nodes, strict=True):
            before = first.setdefault(rule.id, rule)
            if before is not rule and rule.id:
                found = f"the id `{rule.id}` a second time (first at {before.place})"
                self.faults.append(node.at(["id"]).fault("an id of its own", found))


def paragraph(value: Plain) -> str:
    """Text of at most 600 characters; lines that the file breaks are joined."""
    if not isinstance(value, str) or not 0 < len(value) <= 600:
        raise values.Wrong("a text of 1 to 600 characters")
    return " ".join(value.split())


def _capability(wishes: tuple[Wish, ...]) -> str:
    keys = {wish.output.key for wish in wishes}
    if not keys:
        return "observability.telemetry"
    return "steering.source" if keys <= set(SOURCE_KEYS) else "steering.dispatch"
