"""Reads a site file into a `Site`, or raises `SiteFault` with every fault in it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from gridward import crosscheck, interlock, values
from gridward.document import Fault, Node, Plain, Reader, SiteFault
from gridward.emergency.section import emergency_of
from gridward.energies.tariff import tariff
from gridward.grafana.section import grafana_of
from gridward.notify.section import notify_of
from gridward.panel.section import panel_of
from gridward.planning.sitepart import plan_of
from gridward.policies.learned import learned
from gridward.policies.loads import loads_of
from gridward.policies.siterules import catalogue_of, rules_of
from gridward.rehearsal.section import plant
from gridward.rules.catalogue import Learned
from gridward.section import Section
from gridward.service import users
from gridward.site import (
    RATE,
    BusSpec,
    Database,
    DeviceSpec,
    HttpSpec,
    Keep,
    MetersSpec,
    RecordSpec,
    Site,
)
from gridward_kit.integration import Integration, integrations
from gridward_kit.mqtt import Broker

__all__ = ["Fault", "SiteFault", "load"]

VERSION = 1
FAIL_SAFE = "grid_connected"
SIDES = ("grid", "house")
PARITIES = ("N", "E", "O")
INFLUX = {1: ("database",), 2: ("org", "bucket", "token"), 3: ("database", "token")}

Known = Mapping[str, Integration]
Devices = list[crosscheck.Placed[DeviceSpec]]


def load(path: Path, known: Known | None = None, *, complete: bool = True, starting: bool = False) -> Site:
    """The site of this file; `known` are the integrations, by default those installed.

    Unless `complete`, passwords of the broker's users may still have to be made. What is `starting` holds
    no rule against what devices turned out to take: nobody may be there to mend it, and the rules refuse it.
    Raises SiteFault holding all faults, in the order of their lines.
    """
    reader = Reader(path.parent)
    root = reader.read(path)
    faults = reader.faults
    if root is not None and not isinstance(root.content, dict):
        faults.append(root.fault("a mapping with `version`, `site`, `mqtt`, `buses` ..."))
        root = None
    installed = integrations() if known is None else known
    asked = None if starting else learned(path.parent, installed)
    site = None if root is None else _site(Section(root, faults), installed, asked)
    if site is not None and root is not None and isinstance(root.content, dict) and "mqtt" in root.content:
        site = users.take(reader, root.content["mqtt"], site, complete=complete)
    if site is None or faults:
        unique = dict.fromkeys(faults)
        raise SiteFault(tuple(sorted(unique, key=lambda fault: (str(fault.file), fault.line))))
    return site


def _site(top: Section, known: Known, asked: Learned | None) -> Site:
    top.need("version", values.whole(VERSION, VERSION), VERSION, "the file's version")
    folder = top.node.file.parent
    about = _needed(top, "site", "who and where")
    broker = _broker(_needed(top, "mqtt", "the broker"), folder)
    buses = [_bus(section, known) for section in top.parts("buses")]
    loose = [_device(section, known) for section in top.parts("devices")]
    devices = [*(device for _, inside in buses for device in inside), *loose]
    placed_buses = [bus for bus, _ in buses]
    roles, role_nodes = _roles(top.part("roles"))
    every = catalogue_of([device.spec for device in devices], roles, known)
    loads = loads_of(top.parts("loads"), every)
    site = Site(
        id=about.need("id", values.identifier, "", "the site's topic level"),
        name=about.need("name", values.text, "", "what people call it"),
        time_zone=about.need("time_zone", values.zone, ZoneInfo("UTC"), "as in Europe/Bratislava"),
        fail_safe=about.need("fail_safe", values.one_of(FAIL_SAFE), "", f"{FAIL_SAFE}; it must be said"),
        latitude=about.take("latitude", values.number(-90, 90, "degrees"), None),
        longitude=about.take("longitude", values.number(-180, 180, "degrees"), None),
        hosts=_hosts(top),
        broker=broker,
        folder=folder,
        buses=tuple(bus.spec for bus in placed_buses),
        devices=tuple(device.spec for device in loose),
        roles=roles,
        record=_record(top.part("record"), folder),
        http=_http(top.part("http")),
        rules=rules_of(top.part("rules"), devices, roles, known, loads, asked),
        generator=_generator(top.part("generator")),
        meters=_meters(top.part("meters")),
        tariff=tariff(top.part("tariff")),
        panel=panel_of(top.part("panel"), roles, tuple(device.spec for device in loose)),
        notify=notify_of(top.part("notify")),
        emergency=emergency_of(top.part("emergency")),
        grafana=grafana_of(top.part("grafana")),
        plan=plan_of(top.part("plan")),
        loads=loads,
        plant=plant(top.part("plant")),
    )
    about.close()
    top.close()
    top.faults += crosscheck.devices(devices, placed_buses)
    top.faults += crosscheck.lines(placed_buses, devices, loose, known)
    top.faults += crosscheck.roles(roles, role_nodes, devices, known)
    top.faults += crosscheck.hosts(site, top.node)
    top.faults += interlock.pairs(site, devices)
    top.faults += interlock.panel(site, top.node)
    return site


def _needed(top: Section, key: str, expected: str) -> Section:
    top.require(key, expected)
    section = top.part(key)
    return Section(Node(top.node.file, top.node.line, {}), []) if section is None else section


def _broker(section: Section, folder: Path) -> Broker:
    generated = section.take("users", values.one_of(users.GENERATED), "")
    ca = section.take("ca", values.text, None)
    broker = Broker(
        url=section.need("url", values.broker_url, "", "mqtt://host:1883 or embedded"),
        username=section.take("username", values.text, None),
        password=section.secret("password"),
        users={} if generated else None,
        ca=folder / ca if ca else None,
    )
    section.close()
    return broker


def _bus(section: Section, known: Known) -> tuple[crosscheck.Placed[BusSpec], Devices]:
    section.require("devices", "who is on this bus")
    inside = [_device(part, known) for part in section.parts("devices")]
    spec = BusSpec(
        id=section.need("id", values.identifier, "", "its name in topics and logs"),
        port=section.need("port", values.port_url, "", "where it is plugged in"),
        devices=tuple(device.spec for device in inside),
        baud=section.take("baud", values.whole(300, 4_000_000), None),
        parity=section.take("parity", values.one_of(*PARITIES), None),
        stop=section.take("stop", values.number(1, 2, "stop bits"), None),
        pause=section.take("pause", values.duration(0, 60), None),
        capture=section.take("capture", values.flag, False),
    )
    section.close()
    return crosscheck.Placed(spec, section.node), inside


def _device(section: Section, known: Known) -> crosscheck.Placed[DeviceSpec]:
    identifier = section.need("id", values.identifier, "", "its name in topics")
    domain = section.need("integration", _installed(known), "", "who can talk to it")
    integration = known.get(domain)
    models = integration.models if integration else ()
    if integration and any(marker.schema == "model" for marker in integration.options):
        models = ()  # it judges the model itself
    spec = DeviceSpec(
        id=identifier,
        integration=domain,
        name=section.take("name", values.text, identifier.replace("_", " ").capitalize()),
        model=section.take("model", values.one_of(*models) if models else values.text, None),
        writable=section.take("writable", values.flag, False),
        side=section.take("side", values.one_of(*SIDES), None),
        poll=section.take("poll", values.duration(0.05, 86400), None),
        record_every=section.take("record_every", values.duration(1, 3600), 5.0),
        options={} if integration is None else section.options(integration.options),
    )
    if integration is not None:
        section.close()
        together = integration.faults(spec.options) if integration.faults else []
        section.faults += [section.node.fault(words) for words in together]
    return crosscheck.Placed(spec, section.node)


def _installed(known: Known) -> Callable[[Plain], str]:
    """The domain of one of the known integrations; only a fault looks at them all, which loads them."""

    def check(value: Plain) -> str:
        return value if isinstance(value, str) and value in known else values.one_of(*known)(value)

    return check


def _roles(section: Section | None) -> tuple[dict[str, str], dict[str, Node]]:
    if section is None:
        return {}, {}
    found = {role: section.take(role, values.identifier, "") for role in crosscheck.ROLES}
    section.close()
    return {role: name for role, name in found.items() if name}, dict(section.entries)


def _hosts(top: Section) -> dict[str, tuple[str, ...]]:
    section = top.part("hosts")
    if section is None:
        return {}
    nobody: tuple[str, ...] = ()
    hosts = {name: section.take(name, values.words, nobody) for name in section.entries}
    for name, node in section.entries.items():
        if not values.HOST.fullmatch(name):
            section.faults.append(node.fault("a host name", f"`{name}`"))
    return hosts


def _record(section: Section | None, folder: Path) -> RecordSpec:
    if section is None:
        return RecordSpec(folder / "gridward.db")
    keep = Keep()
    part = section.part("keep")
    if part is not None:
        keep = Keep(
            part.take("raw", values.keeping, keep.raw),
            part.take("minutes", values.keeping, keep.minutes),
            part.take("hours", values.keeping, keep.hours),
        )
        part.close()
    store = folder / section.take("store", values.text, "gridward.db")
    csv = section.take("csv", values.text, None)
    others = section.take("follow_discovery", values.flag, False)
    record = RecordSpec(store, keep, _databases(section), None if csv is None else folder / csv, others)
    section.close()
    return record


def _databases(section: Section) -> tuple[Database, ...]:
    """One mapping under `influxdb`, or a list of them."""
    node = section.entries.get("influxdb")
    if node is not None and isinstance(node.content, list):
        found = [_database(part) for part in section.parts("influxdb")]
    else:
        part = section.part("influxdb")
        found = [] if part is None else [_database(part)]
    names = [one.name for one in found]
    if node is not None and len(set(names)) < len(names):
        section.faults.append(node.fault("each database once", "the same database twice"))
    return tuple(found)


def _database(section: Section) -> Database:
    version = section.need("version", values.whole(1, 3), 2, "1, 2 or 3")
    found = Database(
        version=version,
        url=section.need("url", values.http_url, "", "http://host:8086"),
        org=section.take("org", values.text, ""),
        bucket=section.take("bucket" if version == 2 else "database", values.text, ""),
        username=section.take("username", values.text, None),
        password=section.secret("password"),
        token=section.secret("token"),
        rate=section.take("rate", values.number(100, 1e6, "readings per second"), RATE),
    )
    for key in INFLUX[version]:
        section.require(key, f"InfluxDB {version} needs it")
    section.close()
    return found


def _http(section: Section | None) -> HttpSpec:
    if section is None:
        return HttpSpec()
    spec = HttpSpec(
        listen=section.take("listen", values.one_of("loopback", "lan"), "loopback"),
        port=section.take("port", values.whole(1, 65535), 8480),
        prefix=section.take("prefix", values.prefix, ""),
        cors=section.take("cors", values.origin, ""),
    )
    section.close()
    return spec


def _meters(section: Section | None) -> MetersSpec:
    if section is None:
        return MetersSpec()
    spec = MetersSpec(section.take("lowest_address", values.whole(2, 99), MetersSpec().lowest_address))
    section.close()
    return spec


def _generator(section: Section | None) -> dict[str, str] | None:
    if section is None:
        return None
    reason = "hardware; grid and generator may meet only through contacts that exclude each other"
    interlock = section.need("interlock", values.one_of("hardware"), "", reason)
    name = section.take("name", values.text, "Generator")
    section.close()
    return {"interlock": interlock, "name": name}
