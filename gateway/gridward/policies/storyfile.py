"""Reads the stories beside a rule file; every fault with file and line."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from gridward import values
from gridward.crosscheck import Fitting
from gridward.document import Fault, Node, Plain, Reader
from gridward.policies.rulefile import VERSION, paragraph, path_of, read_policy
from gridward.rules.asking import Asking, lasting
from gridward.rules.catalogue import Catalogue
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
    reader = Reader(file.parent)
    root = reader.read(file)
    faults += reader.faults
    if root is None:
        return None
    top = Section(root, faults)
    top.need("version", values.whole(VERSION, VERSION), VERSION, "the file's version")
    zone = top.take("time_zone", values.zone, ZoneInfo("Europe/Bratislava"))
    catalogue = _catalogue(top, known)
    name = top.need("policy", values.text, "", "a shipped policy, or a rule file beside this one")
    policy = read_policy(path_of(name, file.parent), catalogue, faults)
    asking = Asking(catalogue, policy.settings, faults)
    top.require("stories", "what happens, and what has to be done then")
    stories = tuple(_story(section, asking) for section in top.parts("stories"))
    top.close()
    return Stories(policy, zone, stories)


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
    return Catalogue(specs, roles, Fitting(specs, roles, known).inverter, known)


def _story(section: Section, asking: Asking) -> Story:
    title = section.need("story", paragraph, "", "what it tells, in a sentence")
    begins = section.take("begins", _moment, None)
    section.known += ["given"]
    given = _state(section.entries.get("given"), asking)
    section.require("then", "the chapters")
    chapters = tuple(_chapter(part, asking) for part in section.parts("then"))
    section.close()
    return Story(title, given, chapters, begins)


def _chapter(section: Section, asking: Asking) -> Chapter:
    section.known += ["has", "writes"]
    writes = _state(section.entries.get("writes"), asking)
    chapter = Chapter(
        has=_state(section.entries.get("has"), asking),
        lasts=section.need("for", lasting(1, 7 * DAY), 1.0, "how long it stays so"),
        writes={ref: value for ref, value in writes.items() if value is not None},
        by=section.take("by", values.identifier, None),
        place=f"{section.node.file}:{section.node.line}",
    )
    section.close()
    return chapter


def _state(node: Node | None, asking: Asking) -> dict[Ref, Value | None]:
    """Values by entity; nothing (`null`) is a value that is not read."""
    if node is None:
        return {}
    if not isinstance(node.content, dict):
        asking.faults.append(node.fault("a mapping such as {battery.voltage: 52.0}"))
        return {}
    state: dict[Ref, Value | None] = {}
    for said, part in node.content.items():
        found = asking.find(said, part)
        if found is not None:
            state[found.ref] = None if part.content is None else asking.value(found, part)
    return state


def _moment(value: Plain) -> datetime | None:
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value).replace(tzinfo=None)
        except ValueError:
            pass
    raise values.Wrong("local time such as 2026-06-01 12:00")
