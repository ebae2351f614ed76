"""Reads a rule file, or the shipped policy of a name, into a `Policy`; every fault with file and line."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from gridward import values
from gridward.document import Fault, Node, Plain, Reader, is_there
from gridward.policies.oneoutput import DAY, Steering
from gridward.policies.thresholds import Thresholds
from gridward.rules.amount import Amount
from gridward.rules.asking import NOTHING, WEEK, Asking
from gridward.rules.catalogue import EACH, Catalogue
from gridward.rules.policy import (
    CAPABILITIES,
    PROPOSES,
    PURPOSES,
    Criticality,
    Output,
    Policy,
    Rule,
    Wish,
)
from gridward.rules.view import Ref
from gridward.section import Section

SHIPPED = Path(__file__).parent
VERSION = 1
CRITICALITIES: tuple[Criticality, ...] = get_args(Criticality)
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
    own = top_of(file, faults)
    if own is None:
        return Policy(file.stem)
    base, files = own, [file]
    extended = own.take("extends", values.text, None)
    if extended is not None:
        place, node = path_of(extended, file.parent), own.node.at(["extends"])
        if not is_there(place) or place == file:
            nearest = values.nearest(extended, shipped())
            faults.append(node.fault(f"a policy or a file that is there{nearest}"))
            return Policy(file.stem)
        base = top_of(place, faults) or own
        files.append(place)
        if "extends" in base.entries:
            faults.append(node.fault("a policy that does not extend another one itself"))
    return _Reading(own, base, catalogue, faults).policy(tuple(files), wished or {})


def top_of(file: Path, faults: list[Fault]) -> Section | None:
    """The file's mapping; None with faults where it is none."""
    reader = Reader(file.parent)
    root = reader.read(file)
    faults += reader.faults
    if root is not None and not isinstance(root.content, dict):
        faults.append(root.fault("a mapping with `version`, `policy`, `rules` ..."))
    return None if root is None or not isinstance(root.content, dict) else Section(root, faults)


@dataclass(slots=True)
class _Reading:
    """`own` is the file that was asked for, `base` the one that it extends, else the same."""

    own: Section
    base: Section
    catalogue: Catalogue
    faults: list[Fault]

    def policy(self, files: tuple[Path, ...], wished: Mapping[str, Node]) -> Policy:
        own, base = self.own, self.base
        name, says = self._about(own)
        if base is not own:
            _, general = self._about(base)
            says = says or general
        owner = base.take("owner", values.text, "site")
        purpose = base.take("purpose", values.one_of(*PURPOSES), "self_consumption")
        thresholds = Thresholds(own, base, wished)
        settings = thresholds.read()
        asking = Asking(self.catalogue, settings, self.faults, thresholds.cells)
        settle = base.take("settle", asking.lasting(0, 3600), 60.0)
        outputs = self._outputs(base.part("outputs"), asking)
        base.require("rules", "what is to be done when")
        placed = list(self._rules(base, asking, owner))
        for section in {id(one): one for one in (own, base)}.values():
            section.close()
        self._twice(placed)
        self._outside(placed, outputs)
        told = repr(sorted(settings.items())).encode()
        digest = hashlib.sha256(b"".join(file.read_bytes() for file in files) + told).hexdigest()[:12]
        return Policy(
            name,
            digest,
            says,
            tuple(rule for rule, _ in placed),
            outputs,
            settings,
            settle,
            cells=thresholds.cells,
            purpose=next(one for one in PURPOSES if one == purpose),
        )

    def _about(self, top: Section) -> tuple[str, str]:
        top.need("version", values.whole(VERSION, VERSION), VERSION, "the file's version")
        name = top.need("policy", values.text, top.node.file.stem, "its name")
        return name, top.take("says", paragraph, "")

    def _outputs(self, section: Section | None, asking: Asking) -> dict[Ref, Output]:
        found = []
        for said, node in {} if section is None else section.entries.items():
            every = [one for _, one in self._each(asking)] if said == EACH else [asking]
            found += [Steering(one).output(said, node) for one in every]
        return {output.ref: output for output in found if output is not None}

    def _each(self, asking: Asking) -> Iterator[tuple[str, Asking]]:
        """For each load that may be shed, the first to go first: its id, and what a rule of it can name."""
        for rank, load in enumerate(self.catalogue.sheddable):
            names = {**asking.settings, "rank": float(rank)}
            yield load.id, replace(asking, catalogue=self.catalogue.for_each(load), settings=names)

    def _rules(self, top: Section, asking: Asking, owner: str) -> Iterator[tuple[Rule, Node]]:
        for section in top.parts("rules"):
            if section.take("each", values.one_of("load"), None) is None:
                yield self._rule(section, asking, owner), section.node
                continue
            for load, one in self._each(asking):
                rule = self._rule(section, one, owner)
                yield replace(rule, id=f"{rule.id}_{load}"), section.node

    def _rule(self, section: Section, asking: Asking, owner: str) -> Rule:
        when, then = section.entries.get("when"), section.entries.get("then")
        section.require("when", "the conditions")
        section.known += ["when", "then"]
        criticality = section.take("criticality", values.one_of(*CRITICALITIES), "optimisation")
        wishes = () if then is None else Steering(asking).wishes(then)
        if criticality == "informational" and wishes:
            node = section.node.at(["criticality"])
            self.faults.append(node.fault("another criticality; informational rules set nothing"))
        elif criticality != "informational":
            section.require("then", "what is set; only an informational rule, an alarm, sets nothing")
        rule = Rule(
            id=section.need("id", values.identifier, "", "its name, also in the audit"),
            says=section.need("says", paragraph, "", "why, in a sentence"),
            when=NOTHING if when is None else asking.condition(when),
            then=wishes,
            hold=section.take("for", asking.lasting(0, WEEK), 0.0),
            share=section.take("share", values.number(0.01, 1), 1.0),
            lasts=section.take("lasts", asking.lasting(0, DAY), 0.0),
            criticality=next(one for one in CRITICALITIES if one == criticality),
            level=section.take("level", values.whole(1, PROPOSES), 2),
            enabled=section.take("enabled", values.flag, True),
            owner=section.take("owner", values.text, owner),
            capability=section.take("capability", values.one_of(*CAPABILITIES), _capability(wishes)),
            place=f"{section.node.file}:{section.node.line}",
            goal=section.take("goal", paragraph, ""),
            min_confidence=section.take("min_confidence", values.number(0, 1), None),
            auto_confidence=section.take("auto_confidence", values.number(0, 1), None),
            deadline=section.take("deadline", asking.lasting(60, WEEK), 3600.0),
            escalate=section.take("escalate", values.text, ""),
        )
        section.close()
        return rule

    def _twice(self, placed: list[tuple[Rule, Node]]) -> None:
        first: dict[str, Rule] = {}
        for rule, node in placed:
            before = first.setdefault(rule.id, rule)
            if before is not rule and rule.id:
                found = f"the id `{rule.id}` a second time (first at {before.place})"
                self.faults.append(node.at(["id"]).fault("an id of its own", found))

    def _outside(self, placed: list[tuple[Rule, Node]], outputs: Mapping[Ref, Output]) -> None:
        """Tell what a rule would set outside its envelope."""
        for rule, node in placed:
            for wish in rule.then:
                output = outputs.get(wish.output)
                if output is None or isinstance(wish.value, Amount | bool | str):
                    continue
                if output.clip(wish.value) != wish.value:
                    said, most = wish.output.said, f"{output.least:g} to {output.most:g}"
                    found = f"{said} set to {wish.value:g} by `{rule.id}`"
                    self.faults.append(node.at(["then", said]).fault(f"{most}, its envelope", found))


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
