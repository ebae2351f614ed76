"""From what was found to a site file, its rules, and what is told to the person. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from gridward.migrate.found import Findings, Place, Port

NAMES = {"axpert": ("inverter", "Inverter"), "daly": ("bms", "Battery"), "mbmd": ("grid_meter", "Grid meter")}
BAUDS = {"axpert": 2400, "daly": 9600}
GRID = {"grid_on": "connect_below", "grid_off": "island_above"}
POLICY = ("to_utility", "grid_off", "full", "float_low", "bulk_low", "float_high", "bulk_high")
SETTINGS = (*POLICY, "soc_low", "soc_ok", "cell_max")
ZONE = "UTC"
RUNS = {
    "every": "the devices are read all the time now, each as fast as it answers",
    "ping": "the device `logger` is pinged all the time",
    "rules": "the rules decide once a second, and on each new reading",
    "relay": "the contactor follows the rules' lease within seconds",
}


@dataclass(slots=True)
class Outcome:
    """The files to be written by name, and sentences: what is carried over, and what is not."""

    files: dict[str, str] = field(default_factory=dict)
    carried: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def written(found: Findings, zone: str | None) -> Outcome:
    """The site file and its rules; `zone` where the person said it."""
    outcome = Outcome()
    wired = _wired(found, outcome)
    meter = None if "mbmd" in wired else _meter(found, outcome)
    pin = _pin(found, outcome)
    logger = _logger(found, outcome)
    lines = [
        "# Written by `gridward migrate`; look through it, then: gridward check site.yaml",
        "version: 1",
        "",
        "site:",
        "  id: home",
        "  name: Home",
        f"  time_zone: {zone or _zone(found, outcome)}",
        "  fail_safe: grid_connected",
        "",
        "mqtt:",
        "  url: mqtt://127.0.0.1:1883 # the broker",
        "  username: gridward",
        "  password: !secret mqtt_password # made anew, in secrets.yaml",
        "",
        *_buses(wired),
        *_devices(meter, pin, logger),
        *_roles(wired, meter, pin),
        "record:",
        "  store: gridward.db",
        "",
    ]
    inverter, bank = "axpert" in wired, "daly" in wired
    if inverter and bank:
        lines += ["rules: !include rules.yaml", ""]
        outcome.files["rules.yaml"] = _rules(found, outcome, logger)
    else:
        outcome.left.append("the rules: they need an inverter and a BMS, and not both were found")
    outcome.files["site.yaml"] = "\n".join(lines)
    _jobs(found, outcome)
    for place in found.secrets[:20]:
        outcome.left.append(f"{place}: a password or token; it is not copied, put it into secrets.yaml")
    return outcome


def _wired(found: Findings, outcome: Outcome) -> dict[str, Port]:
    """The port of each kind of device; the first that is named is taken, others are told."""
    wired: dict[str, Port] = {}
    for port in found.ports:
        known = wired.get(port.device or "")
        if port.device is None:
            outcome.left.append(f"{port.place}: {port.path}: nothing around says what is on it")
        elif port.device == "mbmd":
            outcome.left.append(
                f"{port.place}: {port.path}: the meter's line; mbmd has it. To read it without mbmd name the "
                "port and its model in the site file: `gridward scan` finds both"
            )
        elif port.device not in NAMES or (known is not None and known.path == port.path):
            continue
        elif known is None:
            wired[port.device] = port
            outcome.carried.append(f"{port.place}: {NAMES[port.device][1].lower()} on {port.path}")
        else:
            outcome.left.append(f"{port.place}: {port.path} as well; {known.path} of {known.place} is taken")
    return wired


def _buses(wired: dict[str, Port]) -> Iterator[str]:
    if wired:
        yield "buses:"
    for device, port in wired.items():
        identifier, name = NAMES[device]
        yield f"  - id: {identifier}_line"
        yield f"    port: {_url(port.path)} # from {port.place}"
        if port.baud is not None and port.baud != BAUDS[device]:
            yield f"    baud: {port.baud}"
        yield "    devices:"
        yield f"      - {{id: {identifier}, integration: {device}, name: {name}, writable: true}}"
    if wired:
        yield ""


def _url(path: str) -> str:
    """A hidraw node as the kit names it; a serial port is its own path."""
    return f"hidraw://{path}" if "hidraw" in path else path


def _devices(meter: tuple[str, int | None] | None, pin: int | None, logger: str | None) -> Iterator[str]:
    if meter is None and pin is None and logger is None:
        return
    yield "devices:"
    if meter is not None:
        port = "" if meter[1] is None else f", port: {meter[1]}"
        yield f"  - {{id: grid_meter, integration: mbmd, name: Grid meter, host: {meter[0]}{port}}}"
    if pin is not None:
        yield "  - id: contactor"
        yield "    integration: relay"
        yield "    name: Grid contactor"
        yield "    driver: gpio"
        yield f"    pin: {pin}"
        yield "    closed_when: low # an unpowered pin connects the grid, as before"
        yield "    writable: true"
    if logger is not None:
        yield f"  - {{id: logger, integration: ping, name: Data logger, host: {logger}}}"
    yield ""


def _roles(wired: dict[str, Port], meter: tuple[str, int | None] | None, pin: int | None) -> Iterator[str]:
    roles = {"pv": "inverter", "load": "inverter"} if "axpert" in wired else {}
    roles |= {"battery": "bms"} if "daly" in wired else {}
    roles |= {"grid": "grid_meter"} if meter is not None else {}
    roles |= {"grid_switch": "contactor"} if pin is not None else {}
    if roles:
        yield f"roles: {{{', '.join(f'{role}: {device}' for role, device in roles.items())}}}"
        yield ""


def _rules(found: Findings, outcome: Outcome, logger: str | None) -> str:
    lines = [
        "# The thresholds of the old installation. Begin with a week of `observe`, then `on`.",
        "mode: observe",
        "policy: axpert-lifepo4-16s # gridward rules show",
        "settings:",
    ]
    told = {name: _threshold(found, name, outcome) for name in dict.fromkeys((*GRID, *SETTINGS))}
    chosen = {name: value for name in SETTINGS if (value := told[name]) is not None}
    lines = [*lines, *(f"  {name}: {value:g}" for name, value in chosen.items())] if chosen else lines[:-1]
    switch = {key: value for name, key in GRID.items() if (value := told[name]) is not None}
    inside = [f"  {key}: {value:g}" for key, value in switch.items()]
    inside += ["  logger: logger"] if logger else []
    lines += ["grid_switch:", *inside] if inside else ["grid_switch: {}"]
    return "\n".join([*lines, ""])


def _threshold(found: Findings, name: str, outcome: Outcome) -> float | None:
    value, places = found.value(name), found.thresholds.get(name, [])
    if value is not None:
        outcome.carried.append(f"{places[0][1]}: {name} {value:g}")
    elif places:
        said = ", ".join(f"{one:g} ({place})" for one, place in places[:4])
        outcome.left.append(f"{name}: {said} do not agree; the shipped value stands, set it in rules.yaml")
    return value


def _meter(found: Findings, outcome: Outcome) -> tuple[str, int | None] | None:
    if not found.mbmd:
        return None
    host, port, place = found.mbmd[0]
    outcome.carried.append(f"{place}: the meter behind mbmd at {host}")
    return host, port


def _pin(found: Findings, outcome: Outcome) -> int | None:
    pins = dict(reversed(found.pins))
    if len(pins) > 1:
        said = ", ".join(f"{pin} ({place})" for pin, place in pins.items())
        outcome.left.append(f"the contactor: more than one pin is named: {said}; add the right one by hand")
    if len(pins) != 1:
        return None
    pin, place = next(iter(pins.items()))
    outcome.carried.append(f"{place}: the contactor on GPIO {pin}")
    outcome.left.append(
        "the contactor's sense: taken is low = grid connected; try it with `gridward relay drill`. If "
        "it hangs on another Pi than the inverter, name both under `hosts:`, and run `--host` on each"
    )
    return pin


def _logger(found: Findings, outcome: Outcome) -> str | None:
    if not found.pinged:
        return None
    host, place = found.pinged[0]
    outcome.carried.append(f"{place}: {host} is pinged; a host that does not answer connects the grid")
    return host


def _zone(found: Findings, outcome: Outcome) -> str:
    zones: dict[str, Place] = dict(reversed(found.zones))
    if len(zones) == 1:
        return next(iter(zones))
    outcome.left.append(f"the time zone: {', '.join(zones) or 'none'} found; {ZONE} is written, correct it")
    return ZONE


def _jobs(found: Findings, outcome: Outcome) -> None:
    words = {
        "ping": RUNS["ping"],
        "relay": RUNS["relay"],
        "gpio": RUNS["relay"],
        "rule": RUNS["rules"],
        "control": RUNS["rules"],
        **dict.fromkeys(("axpert", "inverter", "daly", "bms", "mbmd", "sdm", "poll", "log"), RUNS["every"]),
    }
    for job in found.jobs:
        meant = next((said for word, said in words.items() if word in job.what.lower()), None)
        if meant is None:
            outcome.left.append(
                f"{job.place}: `{job.what}` ({job.when}): not known here; keep it if you need it"
            )
        else:
            outcome.carried.append(f"{job.place}: `{job.what}` ({job.when}): {meant}")
