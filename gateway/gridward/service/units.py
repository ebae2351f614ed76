"""The files that make a site a service of its machine, from their templates; no input or output but those."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gridward.service import templates
from gridward.site import Site
from gridward_kit.integration import integrations

USER = "gridward"
ETC = Path("/etc")
BROKER = ETC / "mosquitto" / "gridward"
PROXY = ETC / "gridward" / "proxy"
HID = re.compile(r"hidraw://([0-9a-fA-F]{4}):([0-9a-fA-F]{4})")
BY_PATH = re.compile(r"/dev/serial/by-path/(.+?)(?:-port(\d+))?")
DEVICES = {"/dev/": "char-ttyUSB char-ttyACM char-ttyAMA char-ttyS", "hidraw://": "char-hidraw"}
TO_STOP = ("gpio", "modbus")


@dataclass(frozen=True, slots=True)
class Planned:
    """A file to write: its content, or for a link where it leads; `group` may read it, where it is named."""

    path: Path
    content: str = ""
    leads: Path | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Where site and program are, and what else is set up; `https` is the proxy's port."""

    file: Path
    program: Path
    user: str = USER
    proxy: bool = True
    https: int = 443


def planned(site: Site, choice: Choice) -> Iterator[Planned]:
    """What is written, in order; the broker's files come from `gridward.service.mosquitto`."""
    yield Planned(ETC / "systemd" / "system" / "gridward.service", _unit(site, choice))
    yield Planned(
        ETC / "systemd" / "system.conf.d" / "gridward.conf", templates.text("systemd/watchdog.conf")
    )
    yield Planned(
        ETC / "systemd" / "journald.conf.d" / "gridward.conf", templates.text("journald/gridward.conf")
    )
    rules = "\n".join(_rules(site, choice.user))
    if rules:
        text = templates.filled("udev/60-gridward.rules", rules=rules)
        yield Planned(ETC / "udev" / "rules.d" / "60-gridward.rules", text)
    if choice.proxy:
        place = ETC / "nginx" / "sites-available" / "gridward"
        yield Planned(place, _proxy(site, choice))
        yield Planned(ETC / "nginx" / "sites-enabled" / "gridward", leads=place)


def _unit(site: Site, choice: Choice) -> str:
    stop = "".join(
        f"ExecStopPost=-{choice.program} relay safe {device.id} --site {choice.file}\n"
        for device in site.devices
        if integrations()[device.integration].safe is not None
        and device.options.get("driver") in TO_STOP
        and device.options.get("duty") != "load"
    )
    return templates.filled(
        "systemd/gridward.service",
        user=choice.user,
        groups=" ".join(_groups(site)),
        folder=str(choice.file.parent),
        program=str(choice.program),
        site=str(choice.file),
        stop=stop,
        devices="".join(f"DeviceAllow={name} rw\n" for name in _nodes(site)),
    )


def _groups(site: Site) -> tuple[str, ...]:
    return ("dialout", "gpio") if _pins(site) else ("dialout",)


def _pins(site: Site) -> bool:
    drivers = {device.options.get("driver") for device in site.devices}
    return "gpio" in drivers or site.panel is not None


def _nodes(site: Site) -> tuple[str, ...]:
    """The kinds of device nodes that the site needs, and no others."""
    urls = [bus.port for bus in site.buses]
    urls += [str(device.options.get("port", "")) for device in site.devices]
    found = [
        name
        for start, names in DEVICES.items()
        if any(url.startswith(start) for url in urls)
        for name in names.split()
    ]
    return (*found, *(("char-gpiochip",) if _pins(site) else ()))


def _rules(site: Site, user: str) -> Iterator[str]:
    """A udev rule for each port that is named by its socket or by maker and product."""
    owner = f'GROUP="{user}", MODE="0660"'
    places = {bus.id: bus.port for bus in site.buses}
    places |= {device.id: str(device.options["port"]) for device in site.devices if "port" in device.options}
    for name, url in places.items():
        link = f'SYMLINK+="gridward/{name}"'
        if (hid := HID.match(url)) is not None:
            ids = f'ATTRS{{idVendor}}=="{hid[1].lower()}", ATTRS{{idProduct}}=="{hid[2].lower()}"'
            yield f'SUBSYSTEM=="hidraw", {ids}, {owner}, {link}'
        elif (path := BY_PATH.fullmatch(url)) is not None:
            port = f', ATTRS{{port_number}}=="{path[2]}"' if path[2] else ""
            yield f'SUBSYSTEM=="tty", ENV{{ID_PATH}}=="{path[1]}"{port}, {owner}, {link}'


def _proxy(site: Site, choice: Choice) -> str:
    scheme = "https" if site.http.listen == "lan" else "http"
    return templates.filled(
        "nginx/gridward.conf",
        port=str(choice.https),
        certificate=str(PROXY / "state" / "tls.pem"),
        key=str(PROXY / "state" / "tls.key"),
        gateway=f"{scheme}://127.0.0.1:{site.http.port}",
    )
