"""Which deaths a site survives, for `doctor`: of rules, broker, relay process and computer."""

from collections.abc import Iterator

from gridward.drill import reports
from gridward.site import DeviceSpec, Site
from gridward_kit.integration import integrations

Finding = tuple[bool, str, str]
STARTS = 2  # the level of a generator's switch from which rules may start it


def findings(site: Site, now: float) -> Iterator[Finding]:
    """Good or not, what it is, and the way out; `now` is wall time in seconds."""
    settings = site.rules.grid_switch
    for device in site.devices:
        ends = integrations()[device.integration].ends_lease
        if ends is None:
            continue
        if device.options.get("duty") == "load":
            yield True, f"{device.id}: whatever dies, the load stays as it is", ""
        elif device.options.get("duty") == "generator":
            yield from _generator(device, ends(device.options))
        else:
            yield from _contactor(device, ends(device.options))
    yield from _pair(site)
    if settings is None or settings.relay is None:
        return
    yield from _panel(site)
    good, words = reports.standing(site.folder, now)
    yield good, f"the contactor's drill: {words}", "" if good else "do `gridward relay drill` on a calm day"


def _contactor(device: DeviceSpec, ends: str) -> Iterator[Finding]:
    lease = device.options.get("lease", 30.0)
    yield True, f"{device.id}: the rules or the broker die or hang: grid connected within {lease:g} s", ""
    yield True, f"{device.id}: its process or this computer dies: {ends}", ""
    told = device.options.get("feedback_pin") is not None or device.options.get("feedback_input") is not None
    yield (
        told,
        f"{device.id}: {'a' if told else 'no'} feedback contact says where the contactor really stands",
        "" if told else "wire its auxiliary contact and state `feedback_pin` or `feedback_input`",
    )
    who = "a person" if device.writable else "nobody"
    yield (
        device.writable,
        f"{device.id}: {who} can release it on the page once it locked",
        "" if device.writable else "say `writable: true` for it; nothing but the release is set there",
    )


def _generator(device: DeviceSpec, ends: str) -> Iterator[Finding]:
    yield True, f"{device.id}: the contactor says nothing, or its lease ends: it opens by itself", ""
    yield True, f"{device.id}: its process or this computer dies: {ends}", ""


def _pair(site: Site) -> Iterator[Finding]:
    if site.generator is None:
        return
    name = site.generator["name"]
    yield True, f"{name}: kept from the grid by the interlock in hardware, as the site file states", ""
    duties = [device for device in site.devices if device.options.get("duty") == "generator"]
    switched = bool(duties)
    what = "its switch goes before the grid comes" if switched else "started and switched by people only"
    yield True, f"{name}: {what}", ""
    if any(device.options.get("level") == STARTS for device in duties):
        meter = any(device.side == "grid" for device in site.all_devices())
        known = "a meter says" if meter else "nobody says, with the contactor open,"
        yield (
            meter,
            f"{name}: rules {'may' if meter else 'never'} start it: {known} whether the grid is there",
            "" if meter else "a meter with `side: grid`, or a person who starts it on the page",
        )


def _panel(site: Site) -> Iterator[Finding]:
    if site.panel is None:
        yield True, "no panel: without the broker the grid comes by the lease alone, within its time", ""
    else:
        where = f"LED on GPIO {site.panel.led}, button on GPIO {site.panel.button}"
        yield True, f"the panel ({where}) connects the grid with broker, rules and network down", ""
