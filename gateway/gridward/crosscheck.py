"""What must fit together in a site file although each value alone is right. All functions are pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from gridward.document import Fault, Node
from gridward.site import EMBEDDED, SERVICES, BusSpec, DeviceSpec, GridSwitchSettings, Site
from gridward.values import nearest
from gridward_kit.integration import Integration

ROLES: Mapping[str, tuple[str, ...]] = {
    "pv": ("inverter", "meter"),
    "load": ("inverter", "meter"),
    "battery": ("battery", "inverter"),
    "grid": ("meter", "inverter"),
    "grid_switch": ("relay",),
}
RESERVED = ("site", "audit", "token", "alarms", "panel", *SERVICES)
NETWORK = ("socket://", "tcp://", "rfc2217://", "hidraw://")

S = TypeVar("S", BusSpec, DeviceSpec)
Known = Mapping[str, Integration]


@dataclass(frozen=True, slots=True)
class Placed(Generic[S]):
    """A part of the site with its place in the file."""

    spec: S
    node: Node

    def fault(self, key: str, expected: str, found: str | None = None) -> Fault:
        """A fault at one of its keys."""
        return self.node.at([key]).fault(expected, found)


def devices(placed: Sequence[Placed[DeviceSpec]], buses: Sequence[Placed[BusSpec]]) -> Iterator[Fault]:
    """Ids that are there twice or reserved."""
    yield from _twice(placed)
    yield from _twice(buses)
    roles = {f"bus_{bus.spec.id}" for bus in buses} | {f"device_{device.spec.id}" for device in placed}
    reserved = {*RESERVED, *roles}
    for device in placed:
        if device.spec.id in reserved:
            yield device.fault("id", f"another id ({', '.join(RESERVED)} and the roles' names are reserved)")


def _twice(placed: Sequence[Placed[S]]) -> Iterator[Fault]:
    first: dict[str, Node] = {}
    for item in placed:
        before = first.setdefault(item.spec.id, item.node)
        if before is not item.node and item.spec.id:
            found = f"the id `{item.spec.id}` a second time (first in line {before.at(['id']).line})"
            yield item.fault("id", "an id of its own", found)


def lines(
    buses: Sequence[Placed[BusSpec]],
    placed: Sequence[Placed[DeviceSpec]],
    loose: Sequence[Placed[DeviceSpec]],
    known: Known,
) -> Iterator[Fault]:
    """Ports with two owners, addresses with two devices, devices in the wrong part of the file."""
    ports = [(bus.spec.port, bus.node.at(["port"])) for bus in buses]
    ports += [(str(device.spec.options.get("port", "")), device.node.at(["port"])) for device in loose]
    owners: dict[str, Node] = {}
    for port, node in ports:
        before = owners.setdefault(port, node)
        if port and before is not node:
            found = f"the port `{port}` a second time (first in line {before.line})"
            yield node.fault("one owner of each port", found)
    yield from _places(placed, {id(device) for device in loose}, known)
    for bus in buses:
        inside = [device for device in placed if any(device.spec is spec for spec in bus.spec.devices)]
        yield from _bus(bus, inside, known)


def _places(placed: Sequence[Placed[DeviceSpec]], outside: set[int], known: Known) -> Iterator[Fault]:
    for device in placed:
        integration = known.get(device.spec.integration)
        if integration is None:
            continue
        alone = integration.serve is not None
        if alone and id(device) not in outside:
            yield device.fault("integration", f"`{integration.domain}` below `devices:`; it is on no bus")
        elif not alone and id(device) in outside:
            yield device.fault("integration", f"`{integration.domain}` on a bus, below `buses:` with a port")
        if device.spec.side is not None and integration.kind != "meter":
            yield device.fault("side", "`side` at meters only")


def _bus(bus: Placed[BusSpec], inside: Sequence[Placed[DeviceSpec]], known: Known) -> Iterator[Fault]:
    if "devices" in bus.node.key_lines and not bus.spec.devices:
        yield bus.fault("devices", "at least one device")
    taken: dict[object, Placed[DeviceSpec]] = {}
    for device in inside:
        address = device.spec.options.get("address")
        before = taken.setdefault(_who(device.spec), device)
        if before is not device:
            what = "nothing that tells it from" if address is None else f"address {address}, as"
            found = f"{what} `{before.spec.id}` in line {before.node.at(['id']).line}"
            yield device.fault("address", "an address of its own on this bus", found)
    integrations = [known[device.integration] for device in bus.spec.devices if device.integration in known]
    speeds = sorted({item.line.baud for item in integrations})
    parities = sorted({item.line.parity for item in integrations})
    if bus.spec.port.startswith(NETWORK):
        return
    if len(speeds) > 1 and bus.spec.baud is None:
        found = f"devices for {' and '.join(str(speed) for speed in speeds)} baud on one line"
        yield bus.fault("port", "`baud: ...`, the one speed that all of them are set to", found)
    if len(parities) > 1 and bus.spec.parity is None:
        found = f"devices for the parities {' and '.join(parities)} on one line"
        yield bus.fault("port", "`parity: ...`, the one that all of them are set to", found)


def _who(spec: DeviceSpec) -> object:
    """What tells a device from its neighbours on the line: its address, else all its options."""
    address = spec.options.get("address")
    if address is not None:
        return address
    return (spec.integration, tuple(sorted((key, str(value)) for key, value in spec.options.items())))


def roles(
    named: Mapping[str, str], nodes: Mapping[str, Node], placed: Sequence[Placed[DeviceSpec]], known: Known
) -> Iterator[Fault]:
    """Roles that name no device, or one of a kind that cannot do this."""
    for role, name in named.items():
        yield from _kind(name, nodes[role], ROLES[role], placed, known)


def _kind(
    name: str, node: Node, kinds: Sequence[str], placed: Sequence[Placed[DeviceSpec]], known: Known
) -> Iterator[Fault]:
    specs = {device.spec.id: device.spec for device in placed}
    if name not in specs:
        yield node.fault(f"the id of a device{nearest(name, specs)}", f"`{name}`")
        return
    integration = known.get(specs[name].integration)
    if integration is not None and kinds and integration.kind not in kinds:
        yield node.fault(f"a device of kind {' or '.join(kinds)}", f"`{name}`, of kind {integration.kind}")


@dataclass(frozen=True, slots=True)
class Fitting:
    """The devices that the grid switch looks at where its settings do not name them; "" for none."""

    devices: Sequence[DeviceSpec]
    roles: Mapping[str, str]
    known: Known

    @property
    def battery(self) -> str:
        """What the roles call the battery."""
        return self.roles.get("battery", "")

    @property
    def inverter(self) -> str:
        """The inverter of the roles load or pv, else the only one."""
        inverters = [device.id for device in self.devices if self._kind(device) == "inverter"]
        named = [self.roles.get(role) for role in ("load", "pv")]
        chosen = next((name for name in named if name in inverters), None)
        return chosen or (inverters[0] if len(inverters) == 1 else "")

    @property
    def grid_meter(self) -> str | None:
        """The meter of the role grid, else the only one, that is stated to be on the grid's side."""
        meters = [device.id for device in self.devices if device.side == "grid"]
        role = self.roles.get("grid")
        return role if role in meters else meters[0] if len(meters) == 1 else None

    def _kind(self, device: DeviceSpec) -> str | None:
        integration = self.known.get(device.integration)
        return None if integration is None else integration.kind


def grid_switch(
    settings: GridSwitchSettings,
    node: Node,
    placed: Sequence[Placed[DeviceSpec]],
    known: Known,
    *,
    switches: bool,
) -> Iterator[Fault]:
    """Thresholds in the wrong order, and devices that are not there or cannot do this. `switches`: it is on,
    and the rules do nothing else."""
    if settings.island_above <= settings.connect_below:
        found = f"island_above {settings.island_above:g} V, connect_below {settings.connect_below:g} V"
        yield node.at(["island_above"]).fault("island_above over connect_below", found)
    ids = {device.spec.id for device in placed}
    for key, name, kinds in (
        ("battery", settings.battery, ("battery",)),
        ("inverter", settings.inverter, ("inverter",)),
    ):
        if name in ids or key in node.key_lines:
            yield from _kind(name, node.at([key]), kinds, placed, known)
        elif not name:
            yield node.fault(f"`{key}: ...`, or a role that names it", f"no {key}")
    if settings.logger is not None:
        yield from _kind(settings.logger, node.at(["logger"]), ("host",), placed, known)
    for name in settings.require:
        yield from _kind(name, node.at(["require"]), (), placed, known)
    if settings.grid_meter is not None:
        sides = {device.spec.id: device.spec.side for device in placed}
        yield from _kind(settings.grid_meter, node.at(["grid_meter"]), ("meter",), placed, known)
        if sides.get(settings.grid_meter, "grid") != "grid":
            found = f"`{settings.grid_meter}`, not stated `side: grid`"
            yield node.at(["grid_meter"]).fault("a meter on the grid's side of the contactor", found)
    if switches and settings.relay is None:
        yield node.fault("a role `grid_switch` that names the relay", "rules that switch, but no contactor")


def hosts(site: Site, top: Node) -> Iterator[Fault]:
    """Roles that are none or on two hosts; a broker that only one of several hosts reaches."""
    if not site.hosts:
        return
    section = top.at(["hosts"])
    every = site.role_names(None)
    seen: dict[str, str] = {}
    for host, names in site.hosts.items():
        for index, name in enumerate(names):
            node = section.at([host, index])
            if name not in every:
                yield node.fault(f"one of the roles {', '.join(every)}{nearest(name, every)}")
            elif name in seen:
                yield node.fault("each role on one host", f"`{name}`, which {seen[name]} runs")
            seen.setdefault(name, host)
    if len(site.hosts) > 1 and _loopback(site.broker.url):
        node = top.at(["mqtt", "url"])
        yield node.fault("an address that all hosts reach, as there are several")


def _loopback(url: str) -> bool:
    if url == EMBEDDED:
        return True
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return name in ("localhost", "::1") or name.startswith("127.") or name.endswith(".localhost")
