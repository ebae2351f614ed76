"""The Home Assistant add-on's run script: `python -m gridward.addon`.

Reads what the Supervisor gives an add-on (options, broker, time zone, the path of its page), makes a site
of it or takes a site file of the person's own, and runs it behind nginx, which lets only the Supervisor in.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from string import Template
from urllib.request import Request, urlopen

from ruamel.yaml import YAML

from gridward.api.access import Role
from gridward.api.tokens import Tokens, write_private
from gridward.cli import logs
from gridward.config import load
from gridward.document import SiteFault
from gridward.run import House, run
from gridward.site import HttpSpec, Site
from gridward_kit.clock import SystemClock
from gridward_kit.kept import Json
from gridward_kit.mqtt import Broker
from gridward_kit.tasks import end

log = logging.getLogger(__name__)

DATA, CONFIG = Path("/data"), Path("/config")
NGINX = Path("/etc/gridward/ingress.conf")
SUPERVISOR = "http://supervisor"
SUPERVISOR_ADDRESS = "172.30.32.2"
OWN_FILE = "site.yaml"
ON_THE_BUS = ("id", "integration", "name", "model", "address", "side", "writable")


@dataclass(frozen=True, slots=True)
class Given:
    """What the Supervisor says: where the page is, on which port it is asked for, and the broker."""

    zone: str
    entry: str
    port: int
    broker: Broker


def given(ask: Callable[[str], dict[str, Json]]) -> Given:
    """Ask the Supervisor; raises OSError, and KeyError where it has no broker."""
    about, host, mqtt = ask("/addons/self/info"), ask("/info"), ask("/services/mqtt")
    scheme = "mqtts" if mqtt.get("ssl") else "mqtt"
    broker = Broker(
        f"{scheme}://{mqtt['host']}:{mqtt['port']}",
        username=str(mqtt["username"]) if mqtt.get("username") else None,
        password=str(mqtt["password"]) if mqtt.get("password") else None,
    )
    entry, port = str(about["ingress_entry"]).rstrip("/"), int(str(about["ingress_port"]))
    return Given(str(host.get("timezone") or "UTC"), entry, port, broker)


class Ask:
    """The Supervisor's API, as an add-on may use it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, path: str) -> dict[str, Json]:
        """The `data` of an answer; raises OSError."""
        request = Request(SUPERVISOR + path, headers={"Authorization": f"Bearer {self._token}"})  # noqa: S310
        with urlopen(request, timeout=20) as answer:  # noqa: S310 - the one address is written above
            data = json.load(answer).get("data")
        return data if isinstance(data, dict) else {}


def site_from(options: Mapping[str, Json], zone: str) -> dict[str, Json]:
    """A site file's content from the add-on's options: devices with the same port are on one bus."""
    ports: dict[str, list[Json]] = {}
    for device in _maps(options.get("devices")):
        about: dict[str, Json] = {key: device[key] for key in ON_THE_BUS if device.get(key) not in (None, "")}
        ports.setdefault(str(device.get("port", "")), []).append(about)
    buses: list[Json] = [
        {"id": f"line_{number}", "port": port, "devices": devices}
        for number, (port, devices) in enumerate(ports.items(), 1)
    ]
    roles = options.get("roles")
    site: dict[str, Json] = {
        "version": 1,
        "site": {
            "id": "home",
            "name": options.get("name") or "Home",
            "time_zone": zone,
            "fail_safe": "grid_connected",
        },
        "mqtt": {"url": "mqtt://localhost:1883"},  # the Supervisor's takes its place
        "buses": buses,
        "roles": {key: one for key, one in roles.items() if one} if isinstance(roles, dict) else {},
        "rules": {"mode": "off"},
    }
    if options.get("currency"):
        keys = {"currency": "currency", "import": "import_price", "export": "export_price"}
        tariff: dict[str, Json] = {key: options.get(name) for key, name in keys.items()}
        site["tariff"] = {key: one for key, one in tariff.items() if one is not None}
    return site


def _maps(listed: Json) -> list[dict[str, Json]]:
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def site_of(options: Mapping[str, Json], found: Given, config: Path, data: Path) -> Site:
    """The site, with the Supervisor's broker and the page below ingress' path; raises SiteFault, OSError.

    A file of the person's own in `config` comes before the options.
    """
    file = config / OWN_FILE
    if not file.exists():
        file = data / "gridward" / OWN_FILE
        file.parent.mkdir(exist_ok=True)
        with file.open("w", encoding="utf-8") as text:
            YAML(typ="safe", pure=True).dump(site_from(options, found.zone), text)
    site = load(file, starting=True)
    http = HttpSpec(listen="loopback", port=site.http.port, prefix=found.entry)
    return replace(site, broker=found.broker, http=http)


def door(site: Site, found: Given, data: Path) -> str:
    """nginx' settings: lets the Supervisor in alone, and says for it the token that the gateway wants.

    Who comes by ingress has been let in by Home Assistant, whose own cookie stays on its own pages. It
    does not say whether that is an administrator: so all are operators.
    """
    tokens, kept = Tokens(site.folder), data / "ingress_token"
    token = kept.read_text("utf-8") if kept.exists() else ""
    if tokens.role_of(token) is not Role.OPERATOR:
        token = tokens.renew(Role.OPERATOR)
        write_private(kept, token.encode())
    return filled(NGINX, allowed=SUPERVISOR_ADDRESS, listen=found.port, gateway=site.http.port, token=token)


def filled(file: Path, **values: str | int) -> str:
    """nginx' settings with these values in their places."""
    return Template(file.read_text("utf-8")).substitute({key: str(one) for key, one in values.items()})


async def serve(site: Site, settings: Path) -> int:
    """The site and nginx, until one of them ends or we are told to; the exit code."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    proxy = await asyncio.create_subprocess_exec("nginx", "-c", str(settings))
    house = House(site, SystemClock(), site.broker)
    working = asyncio.create_task(run(house, site.role_names()))
    told, alone = asyncio.create_task(stop.wait()), asyncio.create_task(proxy.wait())
    try:
        await asyncio.wait((working, told, alone), return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()
        alone.cancel()
        await end((working,))
        with suppress(ProcessLookupError):
            proxy.terminate()
        await proxy.wait()
    return 0 if stop.is_set() else 1


def main() -> int:
    """Everything from the options on; what is wrong is said in the add-on's log."""
    logs()
    options = json.loads((DATA / "options.json").read_text("utf-8"))
    try:
        found = given(Ask(os.environ.get("SUPERVISOR_TOKEN", "")))
        site = site_of(options, found, CONFIG, DATA)
    except SiteFault as error:
        for fault in error.faults:
            log.error("%s", fault)
        return 1
    except KeyError as error:
        log.error("the Supervisor does not say %s: is the Mosquitto add-on installed and started?", error)
        return 1
    except OSError as error:
        log.error("%s", error)
        return 1
    settings = DATA / "ingress.conf"
    write_private(settings, door(site, found, DATA).encode())
    return asyncio.run(serve(site, settings))


if __name__ == "__main__":
    sys.exit(main())
