"""The emergency page: what to do by hand, in the order of need; plain text, and HTML to print. Pure."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from gridward.page.choices import HOUR, timed
from gridward.site import DeviceSpec, Site
from gridward_kit.integration import integrations

WIDTH = 92
BLANK = "_" * 24
STYLE = """
@page { size: A4; margin: 14mm }
body { font: 13px/1.35 system-ui, sans-serif; max-width: 46rem; margin: 1rem auto; color: #111 }
h1 { font-size: 1.6rem; margin: 0 0 .2rem }
h2 { font-size: 1.05rem; margin: .8rem 0 .2rem; border-bottom: 2px solid #111; break-after: avoid }
ul, ol { margin: .2rem 0; padding-left: 1.4rem }
li { margin: .1rem 0 }
@media print { body { margin: 0; max-width: none } }
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A heading and its points; `steps` are done in their order."""

    heading: str
    points: tuple[str, ...]
    steps: bool = False


def parts(site: Site) -> tuple[Part, ...]:
    """All that stands on the page."""
    relay = _relay(site)
    return (
        Part("Fire, smoke, a shock, a swollen or hissing battery", tuple(_danger(site)), steps=True),
        Part("Breakers, in this order", tuple(_breakers(site)), steps=bool(site.emergency.breakers)),
        Part("The contactor: safe is GRID CONNECTED", tuple(_contactor(relay))),
        Part("Force the grid on by hand", tuple(_by_hand(site, relay)), steps=True),
        Part("When a computer dies", tuple(_deaths(site, relay))),
        *([Part("Of this house", site.emergency.notes)] if site.emergency.notes else []),
        Part("Telephone", tuple(_phones(site))),
    )


def _relay(site: Site) -> DeviceSpec | None:
    """The contactor that the rules switch, or the only one."""
    name = site.roles.get("grid_switch")
    for device in site.devices:
        ends = integrations()[device.integration].ends_lease
        if ends is not None and device.options.get("duty") in (None, "grid") and name in (None, device.id):
            return device
    return None


def _danger(site: Site) -> Iterator[str]:
    yield "People out first. Call the fire brigade; say that there are a battery and solar panels."
    yield "If it can be reached without danger: throw the breakers below. Touch nothing inside."
    if site.generator is not None:
        yield f"Stop the generator ({site.generator['name']})."
    yield "Panels give dangerous voltage as long as there is light, also with every breaker off."


def _breakers(site: Site) -> Iterator[str]:
    for one in site.emergency.breakers:
        yield f"{one.name}: cuts off {one.cuts}{f' ({one.where})' if one.where else ''}"
    if not site.emergency.breakers:
        for what in ("the house", "the battery", "the panels", "the grid"):
            yield f"{BLANK} cuts off {what}. Where: {BLANK}"


def _contactor(relay: DeviceSpec | None) -> Iterator[str]:
    if relay is None:
        yield "Gridward switches no contactor here: grid and inverter stand as their own hardware has them."
        return
    yield f"{relay.name} ({place(relay)}). Its relay without power leaves the house on the public grid."
    yield "Islanded (cut off from the grid) it stays only while the gateway says so again and again."
    yield "A contactor is no isolator: both its sides may be live. Work on it only with the breakers off."


def place(relay: DeviceSpec) -> str:
    """By what the contactor is moved, for a person at the switchboard."""
    match relay.options.get("driver"):
        case "gpio":
            return f"relay on GPIO {relay.options.get('pin')} of its computer"
        case "modbus":
            return f"relay board at {relay.options.get('port')}, coil {relay.options.get('coil', 0)}"
        case _:
            return f"radio switch {relay.options.get('topic')}"


def _by_hand(site: Site, relay: DeviceSpec | None) -> Iterator[str]:
    if relay is None:
        yield "Set the output priority to the grid at the inverter's panel (Axpert: program 01, USB or UTI)."
        return
    if site.generator is not None:
        yield f"First stop {site.generator['name']}: grid and generator must never meet."
    if site.panel is not None:
        lasts = timed(f"for {HOUR}", site)
        yield f"Press the button on the wall for 2 seconds: grid on, nothing automatic, {lasts}."
    yield "On the page: Controls, Grid, connected."
    yield f"On its computer, in the folder of the site file: gridward relay safe {relay.id}"
    if relay.options.get("driver") == "mqtt":
        yield f"None of it helps: the button on the switch itself ({relay.options.get('topic')})."
    else:
        yield "None of it helps: pull the plug of the relay's supply, and of its computer. The grid comes."
    yield "Still dark: the grid is off, a protection relay has opened, or the inverter has a fault. Call."


def _deaths(site: Site, relay: DeviceSpec | None) -> Iterator[str]:
    for host, roles in _hosts(site).items():
        yield f"{host} ({', '.join(_carried(site, roles))})"
    yield "Inverter and battery protection go on by themselves, with the settings that they have."
    if relay is None:
        return
    lease = relay.options.get("lease", 30.0)
    ends = integrations()[relay.integration].ends_lease
    yield f"Rules, broker or network dead: the grid is connected within {lease:g} s."
    if ends is not None:
        yield f"{relay.name}'s computer dead: what connects the grid is {ends(relay.options)}."
    if relay.options.get("driver") == "gpio":
        yield "On a pin without such a timer a hung computer may hold the contactor: pull its plug."


def _hosts(site: Site) -> dict[str, tuple[str, ...]]:
    if not site.hosts:
        return {"One computer runs everything": site.role_names()}
    return {host: site.role_names(host) for host in site.hosts}


def _carried(site: Site, roles: tuple[str, ...]) -> Iterator[str]:
    """What a host does, by the names that people know."""
    lines = {bus.role: [device.name for device in bus.devices] for bus in site.buses}
    loose = {device.id: [device.name] for device in site.devices}
    services = {
        "rules": ["the rules"],
        "recorder": ["the record"],
        "http": ["the page"],
        "panel": ["the panel"],
    }
    for role in roles:
        yield from (lines | loose | services).get(role, [])


def _phones(site: Site) -> Iterator[str]:
    for one in site.emergency.phones:
        yield f"{one.name}: {one.number}"
    if not site.emergency.phones:
        yield from (f"{who}: {BLANK}" for who in ("Electrician", "Grid operator", "Owner"))


def as_text(site: Site, day: str) -> str:
    """The page as plain text; `day` is when it was printed."""
    lines = [f"EMERGENCY: {site.name}", f"Printed {day}. Print it again when something is rebuilt.", ""]
    for part in parts(site):
        lines.append(part.heading.upper())
        for number, point in enumerate(part.points, 1):
            mark = f"{number}. " if part.steps else "-  "
            lines += textwrap.wrap(point, WIDTH, initial_indent=f" {mark}", subsequent_indent="    ")
        lines.append("")
    return "\n".join(lines)


def as_html(site: Site, day: str) -> str:
    """The page as HTML without anything from elsewhere; one sheet of A4."""
    made = [f"<h1>Emergency: {escape(site.name)}</h1>"]
    made.append(f"<p>Printed {escape(day)}. Print it again when something is rebuilt.</p>")
    for part in parts(site):
        kind = "ol" if part.steps else "ul"
        points = "".join(f"<li>{escape(point)}</li>" for point in part.points)
        made.append(f"<h2>{escape(part.heading)}</h2><{kind}>{points}</{kind}>")
    head = f'<meta charset="utf-8"><title>Emergency: {escape(site.name)}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(made)}</body></html>\n'
