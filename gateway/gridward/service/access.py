"""Who may read and write what on the broker: one table, from which users and the ACL file come.

Nothing in it is allowed by default. A topic is written with `+` for any one level; `{root}` is
`gridward/<site>`, `{role}` the role's own level, `{device}` a device that the role carries.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gridward.energies.devices import SUFFIX
from gridward.site import DeviceSpec, Site
from gridward_kit.mqtt import role_topic

HOME_ASSISTANT = "homeassistant"


@dataclass(frozen=True, slots=True)
class Access:
    """Topics that somebody may read and write, and of these those that he may not after all."""

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    denies: tuple[str, ...] = ()

    def __add__(self, other: "Access") -> "Access":
        pairs = zip(self._all(), other._all(), strict=True)
        return Access(*(tuple(dict.fromkeys((*one, *more))) for one, more in pairs))

    def named(self, **names: str) -> "Access":
        """With the names of a site put in."""
        return Access(*(tuple(topic.format_map(_Some(names)) for topic in part) for part in self._all()))

    def _all(self) -> tuple[tuple[str, ...], ...]:
        return self.reads, self.writes, self.denies


class _Some(dict[str, str]):
    """Names that are not known yet stay as they are."""

    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


ROLE = Access(  # every connection of a role
    reads=("{root}/recorder/audit/stored", "{root}/recorder/availability", "homeassistant/status"),
    writes=("{root}/{role}/availability", "{root}/audit"),
)
CARRIES = Access(  # for each device that a role carries
    reads=("{root}/{device}/+/command", "{root}/{device}/+/set", "{root}/recorder/{device}/stored"),
    writes=(
        *(
            f"{{root}}/{{device}}/{name}"
            for name in ("availability", "info", "state", "telemetry", "health", "+/result")
        ),
        "homeassistant/+/+/config",
    ),
)
LINE = Access(
    reads=("{root}/{role}/capture/command",),
    writes=("{root}/{role}/capture", "{root}/{role}/capture/result"),
)
RELAY = Access(reads=("{root}/{device}/lease/renew",), writes=("{root}/{device}/lease",))
HOLDER = Access(reads=("{root}/{device}/lease",), writes=("{root}/{device}/lease/renew",))
SEES = Access(  # what stands now, of everything
    reads=(
        *(f"{{root}}/+/{name}" for name in ("info", "availability", "state", "health", "capture")),
        "{root}/recorder/alarm",
        "{root}/recorder/follower/+",
        "{root}/rules/decisions",
        "{root}/rules/proposals",
        "{root}/plan/slots",
        "{root}/notify/alarms",
    )
)
ASKS = Access(reads=("{root}/+/+/result",), writes=("{root}/+/+/command",))
ASKS_RULES = Access(reads=("{root}/+/+/result",), writes=("{root}/rules/+/command",))

SERVICES: Mapping[str, Access] = {
    "rules": ROLE
    + SEES
    + Access(writes=("{root}/+/+/command", "{root}/rules/decisions", "{root}/rules/proposals")),
    "plan": ROLE + SEES + Access(writes=("{root}/plan/slots",)),
    "recorder": ROLE
    + Access(
        reads=(
            *(f"{{root}}/+/{name}" for name in ("telemetry", "info", "availability", "health")),
            "{root}/audit",
            "{root}/recorder/follower/+",
        ),
        writes=("{root}/recorder/+/stored", "{root}/recorder/alarm", "{root}/recorder/follower/+"),
    ),
    "http": ROLE + SEES + ASKS,
    "notify": ROLE + SEES + Access(writes=("{root}/notify/alarms",)),
    "panel": ROLE + SEES + ASKS_RULES,
    "cli": ROLE + SEES + ASKS,
    "drill": ROLE + SEES + Access(reads=("{root}/audit",)),
    "doctor": Access(reads=("{root}/+/availability", "{root}/recorder/alarm"), writes=("{root}/doctor",)),
    HOME_ASSISTANT: Access(
        reads=("homeassistant/+/+/config", "{root}/+/availability", "{root}/+/state"),
        writes=("homeassistant/status", "{root}/+/+/set"),
    ),
}
CARRIED: Mapping[str, tuple[str, ...]] = {  # devices that are the services' own
    "rules": ("rules", "site"),
    "plan": ("plan",),
    "notify": ("alarms",),
    "panel": ("panel",),
}
SWITCHES: Mapping[str, Access] = {  # what a relay needs for a switch on the broker, by its style
    "tasmota": Access(("stat/{topic}/+",), ("cmnd/{topic}/+",)),
    "shelly": Access(("{root}/{device}/switch/rpc",), ("{topic}/rpc",)),
    "shelly1": Access(
        ("shellies/{topic}/relay/+",), ("shellies/{topic}/command", "shellies/{topic}/relay/+/command")
    ),
    "zigbee2mqtt": Access(("zigbee2mqtt/{topic}",), ("zigbee2mqtt/{topic}/get", "zigbee2mqtt/{topic}/set")),
}
THINGS: Mapping[str, Access] = {  # and what that switch, or its bridge, may itself
    "tasmota": Access(("cmnd/{topic}/+",), ("stat/{topic}/+", "tele/{topic}/+")),
    "shelly": Access(
        ("{topic}/rpc",),
        ("{root}/{device}/switch/rpc", "{topic}/online", "{topic}/events/rpc", "{topic}/status/+"),
    ),
    "shelly1": Access(
        ("shellies/{topic}/command", "shellies/{topic}/relay/+/command", "shellies/command"),
        ("shellies/{topic}/#", "shellies/announce"),
    ),
    "zigbee2mqtt": Access(
        ("zigbee2mqtt/#", "homeassistant/status"), ("zigbee2mqtt/#", "homeassistant/+/+/+/config")
    ),
}
FOLLOWS = Access(  # the recorder, where it records what others announce: all that is not meant for a device
    reads=("#",), denies=("{root}/+/+/command", "{root}/+/+/set", "{root}/+/lease", "{root}/+/lease/renew")
)
ANNOUNCES = Access(  # and those others: sensors and bridges, with one user
    reads=("cmnd/#", "zigbee2mqtt/#", "shellies/#", "homeassistant/status"),
    writes=(
        *("tele/#", "stat/#", "zigbee2mqtt/#", "shellies/#"),
        *("homeassistant/+/+/config", "homeassistant/+/+/+/config"),
    ),
)


def access(site: Site) -> dict[str, Access]:
    """What each of a site's roles and strangers may, by the level that names it on the broker."""
    found: dict[str, Access] = {}
    for bus in site.buses:
        found[role_topic(bus.role)] = ROLE + LINE + _carrying(bus.devices)
    for device in site.devices:
        found[f"device_{device.id}"] = ROLE + _carrying((device,))
    for name, may in SERVICES.items():
        if name != "panel" or site.panel is not None:
            carried = (CARRIES.named(device=device) for device in CARRIED.get(name, ()))
            found[name] = sum(carried, start=may)
    counted = (CARRIES.named(device=f"{device.id}{SUFFIX}") for device in site.all_devices())
    found["rules"] += sum(counted, start=_lease(site))
    told = tuple(topic for topic in (site.plan.forecast, site.tariff and site.tariff.topic) if topic)
    found["plan"] += Access(reads=told)
    found[HOME_ASSISTANT] += Access(writes=told)
    for switch, style, topic in _switches(site):
        found[f"switch_{switch}"] = THINGS[style].named(device=switch, topic=topic)
    if site.record.follow_discovery:
        found["recorder"] += FOLLOWS
        found["others"] = ANNOUNCES + _not_the_switches(site)
    root = f"gridward/{site.id}"
    return {name: may.named(root=root, role=name) for name, may in found.items()}


def users(site: Site) -> dict[str, str]:
    """The broker user of each name in `access`."""
    return {name: f"gridward-{site.id}-{name}" for name in access(site)}


def acl(site: Site) -> str:
    """The ACL file of Mosquitto; what it does not name is denied."""
    lines = ["# Written by `gridward service broker`; what is not named here is denied."]
    for name, may in access(site).items():
        lines += ["", f"user gridward-{site.id}-{name}"]
        both = [topic for topic in may.reads if topic in may.writes]
        lines += [f"topic deny {topic}" for topic in may.denies]
        lines += [f"topic readwrite {topic}" for topic in both]
        lines += [f"topic read {topic}" for topic in may.reads if topic not in both]
        lines += [f"topic write {topic}" for topic in may.writes if topic not in both]
    return "\n".join(lines) + "\n"


def _carrying(devices: Iterable[DeviceSpec]) -> Access:
    """What a role needs for the devices that it carries."""
    may = Access()
    for device in devices:
        may += CARRIES.named(device=device.id)
        if device.options.get("driver") is None:
            continue
        may += RELAY.named(device=device.id)
        other = device.options.get("interlock_with")
        if isinstance(other, str):
            may += Access((f"{{root}}/{other}/state", "{root}/rules/state"))
        style, topic = device.options.get("style"), device.options.get("topic")
        if device.options["driver"] == "mqtt" and isinstance(style, str) and isinstance(topic, str):
            may += SWITCHES[style].named(device=device.id, topic=topic)
    return may


def _switches(site: Site) -> Iterator[tuple[str, str, str]]:
    for device in site.devices:
        style, topic = device.options.get("style"), device.options.get("topic")
        if device.options.get("driver") == "mqtt" and isinstance(style, str) and isinstance(topic, str):
            yield device.id, style, topic


def _not_the_switches(site: Site) -> Access:
    """Nobody but itself speaks for a switch that a relay is made of, or to it."""
    found = Access()
    for device, style, topic in _switches(site):
        own = THINGS[style].named(device=device, topic=topic)
        told = (
            one for one in (*own.reads, *own.writes) if not one.startswith("homeassistant") and topic in one
        )
        found += Access(denies=tuple(told))
    return found


def _lease(site: Site) -> Access:
    """The lease of the one relay that the rules hold."""
    settings = site.rules.grid_switch
    return Access() if settings is None or settings.relay is None else HOLDER.named(device=settings.relay)
