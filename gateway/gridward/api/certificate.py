"""The page's own TLS certificate for the local network: EC P-256, made at first start."""

import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gridward.api.tokens import write_private

LASTS = timedelta(days=820)  # the longest that phones accept
RENEW = timedelta(days=30)
NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)  # a Pi without a network believes in years long gone


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files of the certificate and its key, and the SHA-256 fingerprint to compare on the phone."""

    certificate: Path
    key: Path
    fingerprint: str


def certificate(folder: Path, names: tuple[str, ...], now: float) -> Certificate:
    """The site's certificate for these names and addresses; made anew when they changed or it runs out.

    Raises OSError when it cannot be written.
    """
    paths = (folder / "state" / "tls.pem", folder / "state" / "tls.key")
    moment = max(datetime.fromtimestamp(now, UTC), NOT_BEFORE)
    known = _known(*paths)
    if known is None or not _serves(known, names, moment):
        known = _make(*paths, names, moment)
    digest = known.fingerprint(hashes.SHA256()).hex(":").upper()
    return Certificate(*paths, digest)


def host_names() -> tuple[str, ...]:
    """What this host is called and reached by on the local network."""
    name = socket.gethostname()
    return tuple(dict.fromkeys((name, f"{name}.local", "localhost", *sorted(_addresses()))))


def _addresses() -> set[str]:
    """This host's own IPv4 addresses as far as the system tells; IPv6 ones change by the day."""
    found = {"127.0.0.1"}
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))  # a datagram socket sends nothing on connect
            found.add(str(probe.getsockname()[0]))
    except OSError:
        return found  # no route out: nobody on a network to name an address for
    return found


def _known(certificate_path: Path, key_path: Path) -> x509.Certificate | None:
    try:
        known = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        key = serialization.load_pem_private_key(key_path.read_bytes(), None)
    except (OSError, ValueError):
        return None
    return known if known.public_key() == key.public_key() else None


def _serves(known: x509.Certificate, names: tuple[str, ...], now: datetime) -> bool:
    try:
        held = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    spelt = {str(entry.value) for entry in held}
    valid = known.not_valid_before_utc <= now <= known.not_valid_after_utc - RENEW
    return valid and spelt >= set(names)


def _make(certificate_path: Path, key_path: Path, names: tuple[str, ...], now: datetime) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LASTS)
        .add_extension(x509.SubjectAlternativeName([_spelt(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_private(
        key_path,
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )
    write_private(certificate_path, made.public_bytes(serialization.Encoding.PEM))
    return made


def _spelt(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
