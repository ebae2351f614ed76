"""The first start in containers: every secret, and the files that broker, Grafana and proxy start with."""

import secrets
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from gridward.api.certificate import certificate, host_names
from gridward.api.tokens import write_private
from gridward.config import load
from gridward.demo import yesterday
from gridward.document import SECRETS
from gridward.plant import Plant
from gridward.service import database, mosquitto, simulated, templates, users
from gridward.site import Site

SITE, DATABASE, PASSWORD, ENVIRONMENT = "site.yaml", "influxdb.yaml", "admin_password", "environment"
BROKER, HOUSE = "mosquitto:1883", "simulated"
NO_SITE = (
    "there is no site.yaml in the folder that SITE names, and nothing was simulated: write one, as "
    "docs/installing.md says, or start a house without hardware with `--profile simulated`"
)


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of site, broker, Grafana and proxy: each a volume of its own."""

    site: Path
    broker: Path
    grafana: Path
    proxy: Path


def begin(places: Places, url: str, admin: Path | None = None, *, simulate: bool = False) -> Site:
    """Make what is not there yet, and leave alone what is; the site file only to `simulate` a house.

    `url` is InfluxDB's, `admin` the token file of one of version 3. Raises OSError, ValueError, SiteFault.
    """
    if not (places.site / SITE).exists() and not simulate:
        raise ValueError(NO_SITE)
    if not (places.site / DATABASE).exists():
        _database(places, database.prepare(url, admin=admin))
    if not (places.site / SITE).exists():
        _simulated_site(places.site)
    site_file = places.site / SITE
    users.make(load(site_file, complete=False, starting=True))
    site = load(site_file, starting=True)
    _provision(places.grafana, {database.version for database in site.record.databases})
    now = time.time()
    listeners = mosquitto.listeners(site, places.broker, now, tls=True, inside=True)
    for name, content in mosquitto.files(site, places.broker, listeners).items():
        write_private(places.broker / name, content.encode())
    certificate(places.proxy, ("gridward", *host_names()), now)
    return site


def stands(host: str, patience: float) -> bool:
    """Whether a container of this name comes up within `patience` seconds."""
    end = time.monotonic() + patience
    while True:
        try:
            socket.getaddrinfo(host, None)
        except socket.gaierror:
            if time.monotonic() >= end:
                return False
            time.sleep(1)
        else:
            return True


def _database(places: Places, ready: database.Ready) -> None:
    """Secrets first: a start that is cut short here finds a database that it cannot use, and says so."""
    path = places.site / SECRETS
    text = path.read_text("utf-8") if path.exists() else ""
    more = "".join(f'{name}: "{word}"\n' for name, word in ready.secrets.items())
    write_private(path, (text + more).encode())
    write_shared(places.grafana / PASSWORD, secrets.token_urlsafe(18))
    words = (f"export {name}='{word}'\n" for name, word in ready.grafana.items())
    write_shared(places.grafana / ENVIRONMENT, "".join(words))
    write_private(places.site / DATABASE, ready.site_text().encode())


def _provision(folder: Path, versions: set[int]) -> None:
    """Grafana's data source for the database there is, dashboards and alerts, as this version has them."""
    sources = "datasources-influxdb1" if versions == {1} else "datasources"
    write_shared(folder / "provisioning" / "datasources" / "gridward.yaml", _own(f"{sources}/gridward.yaml"))
    (folder / "provisioning" / "plugins").mkdir(mode=0o750, exist_ok=True)  # it logs an error without
    for part in ("dashboards", "alerting"):
        for name in templates.names(f"grafana/{part}"):
            write_shared(folder / "provisioning" / part / name, _own(f"{part}/{name}"))


def _own(name: str) -> str:
    return templates.text(f"grafana/{name}")


def write_shared(path: Path, content: str) -> None:
    """Write a file that our group may read too: Grafana is in it."""
    write_private(path, content.encode())
    path.chmod(0o640)


def _simulated_site(folder: Path) -> None:
    """The simulated house, with the day behind it that its history shows."""
    now = time.time()
    zone = yesterday.zone_at_noon(now)
    longitude = f"{yesterday.longitude(now, zone):g}"
    text = templates.filled(
        "simulated/site.yaml", time_zone=zone.key, longitude=longitude, broker=BROKER, house=HOUSE
    )
    if not (folder / "gridward.db").exists():
        plant = Plant(yesterday.house(now, zone))
        simulated.live_yesterday(plant, folder / "gridward.db")
    write_private(folder / SITE, text.encode())
