"""The part `notify` of a site file."""

import re
from collections.abc import Iterator

from gridward import values
from gridward.document import Plain
from gridward.notify.spec import SEVERITIES, NotifySpec, Recipient, Weekly
from gridward.section import Section
from gridward.values import Wrong

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CLOCK = r"([01]\d|2[0-3]):([0-5]\d)"


def notify_of(section: Section | None) -> NotifySpec:
    """The part as it stands; faults go to the section's list."""
    if section is None:
        return NotifySpec()
    to = tuple(_recipients(section))
    nothing: tuple[int, int] | None = None
    never: Weekly | None = None
    found = NotifySpec(
        to=to,
        quiet=section.take("quiet", _quiet, nothing),
        weekly=section.take("weekly", _weekly, never),
    )
    section.close()
    return found


def _recipients(section: Section) -> Iterator[Recipient]:
    names: list[str] = []
    for part in section.parts("to"):
        part.require("url", "`!secret name`: an address in Apprise's terms, as ntfys://ntfy.sh/topic")
        name = part.need("name", values.identifier, "", "what the page calls this way")
        least = part.take("least", values.one_of(*SEVERITIES), str(SEVERITIES[0]))
        url = part.secret("url")
        if name in names:
            part.faults.append(part.node.fault("a name of its own", f"the name `{name}` a second time"))
        if url and not usable(url):
            part.faults.append(part.node.at(["url"]).fault("an address that Apprise knows"))
        names.append(name)
        part.close()
        yield Recipient(name, url or "", next(one for one in SEVERITIES if one == least))


def usable(url: str) -> bool:
    """Whether Apprise can send there."""
    from apprise import Apprise  # noqa: PLC0415 - only who has recipients loads it

    return Apprise.instantiate(url) is not None


def _quiet(value: Plain) -> tuple[int, int] | None:
    match = re.fullmatch(f"{CLOCK} ?- ?{CLOCK}", value) if isinstance(value, str) else None
    if match is None:
        raise Wrong("two times of day, as 22:00-07:00")
    begin, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if begin == end:
        raise Wrong("two times that differ, as 22:00-07:00")
    return begin, end


def _weekly(value: Plain) -> Weekly | None:
    day, _, clock = value.lower().partition(" ") if isinstance(value, str) else ("", "", "")
    match = re.fullmatch(CLOCK, clock)
    if day not in DAYS or match is None:
        raise Wrong("a day and a time, as sunday 09:00")
    return Weekly(DAYS.index(day), int(match[1]) * 60 + int(match[2]))
