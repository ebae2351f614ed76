"""Whether the site file keeps grid and generator apart, and the panel beside its contactor. Pure."""

from collections.abc import Iterator, Sequence

from gridward.crosscheck import Placed
from gridward.document import Fault, Node
from gridward.site import DeviceSpec, Site

GENERATOR, LOAD = "generator", "load"


def pairs(site: Site, placed: Sequence[Placed[DeviceSpec]]) -> Iterator[Fault]:
    """A generator's switch needs the hardware's interlock stated, and each of a pair names the other."""
    devices = {item.spec.id: item for item in placed}
    for item in placed:
        duty, other = item.spec.options.get("duty"), item.spec.options.get("interlock_with")
        if duty == GENERATOR and site.generator is None:
            yield item.fault("duty", "`generator: {interlock: hardware}` in the site file", "no `generator`")
        if duty == LOAD and site.roles.get("grid_switch") == item.spec.id:
            yield item.fault("duty", "the contactor as `grid_switch`, not a load's switch")
        if duty == GENERATOR and site.roles.get("grid_switch") == item.spec.id:
            yield item.fault("duty", "the contactor as `grid_switch`, not the generator's switch")
        if other is None:
            continue
        peer = devices.get(str(other))
        if peer is None:
            yield item.fault("interlock_with", f"the id of the other relay, not `{other}`")
        elif peer.spec.options.get("interlock_with") != item.spec.id:
            yield item.fault("interlock_with", f"`interlock_with: {item.spec.id}` at `{other}`, too")
        elif (duty == GENERATOR) == (peer.spec.options.get("duty") == GENERATOR):
            yield item.fault("interlock_with", "`duty: generator` at one of the two")


def panel(site: Site, top: Node) -> Iterator[Fault]:
    """The button's way to the contactor is a file: both run on one host."""
    if site.panel is None or not site.hosts:
        return
    hosts = {role: host for host in site.hosts for role in site.role_names(host)}
    if hosts.get("panel") != hosts.get(site.panel.relay):
        found = f"panel on {hosts.get('panel')}, {site.panel.relay} on {hosts.get(site.panel.relay)}"
        yield top.at(["panel"]).fault("panel and contactor on one host", found)
