"""Reads the stories beside a rule file; every fault with file and line."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from gridward import values
from gridward.document import Fault, Node, Plain
from gridward.policies.loads import loads_of
from gridward.policies.rulefile import SHIPPED, VERSION, paragraph, path_of, read_policy, top_of
from gridward.policies.siterules import catalogue_of
from gridward.policies.thresholds import MOST_CELLS
from gridward.rules.asking import Asking
from gridward.rules.catalogue import Catalogue, Found
from gridward.rules.merged import merged
from gridward.rules.policy import Policy
from gridward.rules.story import Chapter, Story
from gridward.rules.view import Ref
from gridward.section import Section
from gridward.site import DeviceSpec
from gridward_kit.integration import Integration
from gridward_kit.point import Value

DAY = 86400.0
ROLE_OF = {"battery": "battery", "inverter": "load", "meter": "grid", "relay": "grid_switch"}


@dataclass(frozen=True, slots=True)
class Stories:
    """The stories of one file, and the policy that they are about."""

    policy: Policy
    zone: ZoneInfo
    stories: tuple[Story, ...]


def read_stories(file: Path, known: Mapping[str, Integration], faults: list[Fault]) -> Stories | None:
    """The stories of this file; what is wrong in it or in its policy is added to `faults`."""
    own = top_of(file, faults)
    if own is None:
        return None
    own.need("version", values.whole(VERSION, VERSION), VERSION, "the file's version")
    nobody: tuple[str, ...] = ()
    names = own.need(
        "policy", _names, nobody, "a shipped policy, a rule file beside this one, or a list of them"
    )
    extended = own.take("extends", values.text, None)
    base = own if extended is None else top_of(SHIPPED / f"{extended}.stories.yaml", faults)
    if base is None or not names:
        return None
    if base is not own:
        base.known += ["version", "policy"]
    zone = base.take("time_zone", values.zone, ZoneInfo("Europe/Bratislava"))
    catalogue = _catalogue(base, known)
    policy = merged([read_policy(path_of(name, file.parent), catalogue, faults) for name in names])
    written_for = base.take("cells", values.whole(1, MOST_CELLS), policy.cells)
    pack = base.take("pack_voltages", values.words, nobody)
    factor = 1.0 if policy.cells is None or written_for is None else policy.cells / written_for
    telling = Telling(Asking(catalogue, policy.settings, faults, policy.cells), pack, factor)
    base.known.append("given")
    usual = telling.state(base.entries.get("given"))
    base.require("stories", "what happens, and what has to be done then")
    stories = tuple(telling.story(section, usual) for section in base.parts("stories"))
    for section in {id(one): one for one in (own, base)}.values():
        section.close()
    return Stories(policy, zone, stories)


def _names(value: Plain) -> tuple[str, ...]:
    names = tuple(values.text(one) for one in (value if isinstance(value, list) else [value]))
    if not names:
        raise values.Wrong("at least one policy")
    return names


def _catalogue(top: Section, known: Mapping[str, Integration]) -> Catalogue:
    """The devices of the stories: ids with their integrations, all of them writable."""
    top.require("devices", "ids and their integrations, as in {inverter: axpert, bms: daly}")
    part = top.part("devices")
    found = {} if part is None else {key: part.take(key, values.one_of(*known), "") for key in part.entries}
    specs = [DeviceSpec(key, domain, key, writable=True) for key, domain in found.items() if domain in known]
    roles: dict[str, str] = {}
    for spec in specs:
        role = ROLE_OF.get(known[spec.integration].kind)
        if role is not None:
            roles.setdefault(role, spec.id)
    return catalogue_of(specs, roles, known, loads_of(top.parts("loads"), catalogue_of(specs, roles, known)))


@dataclass(frozen=True, slots=True)
class Telling:
    """Reads stories; plain numbers of the `pack` entities (V of the whole bank) are times `factor`."""

    asking: Asking
    pack: tuple[str, ...] = ()
    factor: float = 1.0

    def story(self, section: Section, usual: Mapping[Ref, Value | None]) -> Story:
        """One story with its chapters; `usual` is what is so in all of them."""
        title = section.need("story", paragraph, "", "what it tells, in a sentence")
        begins = section.take("begins", _moment, None)
        section.known += ["given"]
        given = self.state(section.entries.get("given"))
        section.require("then", "the chapters")
        chapters = tuple(self._chapter(part) for part in section.parts("then"))
        section.close()
        return Story(title, {**usual, **given}, chapters, begins)

    def _chapter(self, section: Section) -> Chapter:
        section.known += ["has", "writes"]
        writes = self.state(section.entries.get("writes"))
        nobody: tuple[str, ...] = ()
        chapter = Chapter(
            has=self.state(section.entries.get("has")),
            lasts=section.need("for", self.asking.lasting(1, 7 * DAY), 1.0, "how long it stays so"),
            writes={ref: value for ref, value in writes.items() if value is not None},
            by=section.take("by", values.identifier, None),
            alarms=section.take("alarms", values.words, None),
            wins=section.take("wins", values.words, nobody),
            place=f"{section.node.file}:{section.node.line}",
        )
        section.close()
        return chapter

    def state(self, node: Node | None) -> dict[Ref, Value | None]:
        """Values by entity; nothing (`null`) is a value that is not read."""
        if node is None:
            return {}
        if not isinstance(node.content, dict):
            self.asking.faults.append(node.fault("a mapping such as {battery.voltage: 52.0}"))
            return {}
        state: dict[Ref, Value | None] = {}
        for said, part in node.content.items():
            found = self.asking.find(said, part)
            if found is not None:
                state[found.ref] = None if part.content is None else self._value(found, part)
        return state

    def _value(self, found: Found, node: Node) -> Value | None:
        if isinstance(node.content, dict):
            number = self.asking.threshold(node, found.ref)
            return number if isinstance(number, float) else None
        value = self.asking.value(found, node)
        plain = isinstance(node.content, int | float) and not isinstance(value, bool | str)
        scaled = found.ref.said in self.pack and plain and value is not None
        return round(float(value) * self.factor, 3) if scaled and value is not None else value


def _moment(value: Plain) -> datetime | None:
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value).replace(tzinfo=None)
        except ValueError:
            pass
    raise values.Wrong("local time such as 2026-06-01 12:00")
