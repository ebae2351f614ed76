"""The files of a site's Mosquitto: its settings, its users' passwords, and who may read and write what."""

from pathlib import Path
from urllib.parse import urlsplit

from gridward.api.certificate import certificate, host_names
from gridward.service import templates
from gridward.service.access import acl
from gridward.service.users import password_file
from gridward.site import EMBEDDED, Site

LOOPBACK = "listener 1883 127.0.0.1"
INSIDE = "listener 1883"  # in a network of containers
TLS = """listener 8883
certfile {folder}/state/tls.pem
keyfile {folder}/state/tls.key
tls_version tlsv1.2"""


def files(site: Site, folder: Path, listeners: str) -> dict[str, str]:
    """Name and content of each file, as they lie in `folder` on the broker's machine."""
    return {
        "gridward.conf": templates.filled(
            "mosquitto/gridward.conf", folder=str(folder), listeners=listeners.format(folder=folder)
        ),
        "gridward.acl": acl(site),
        "gridward.passwd": password_file(site.broker.users or {}),
    }


def listeners(site: Site, folder: Path, now: float, *, tls: bool, inside: bool = False) -> str:
    """Where it listens: on loopback, and with TLS on the network; its certificate is made in `folder`.

    Raises OSError.
    """
    plain = INSIDE if inside else LOOPBACK
    if not tls:
        return plain
    names = (*host_names(), *_named(site))
    certificate(folder, tuple(dict.fromkeys(names)), now)
    return f"{plain}\n\n{TLS}"


def _named(site: Site) -> tuple[str, ...]:
    """What the site file calls the broker's machine."""
    host = None if site.broker.url == EMBEDDED else urlsplit(site.broker.url).hostname
    return () if host is None else (host,)
