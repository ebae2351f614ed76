"""The passwords of a site's broker users: one for each role, made here, kept in the site's secrets."""

import base64
import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace

from gridward.api.tokens import write_private
from gridward.document import SECRETS, Node, Reader
from gridward.service.access import users
from gridward.site import EMBEDDED, Site

PREFIX = "broker_"
GENERATED = "generated"
ROUNDS = 101  # the passwords have 192 random bits: there is nothing to guess
MAKE = "`gridward service broker SITE.yaml`, which makes them"


def take(reader: Reader, node: Node, site: Site, *, complete: bool) -> Site:
    """The site with its users' passwords; `node` is its `mqtt`, where faults are told.

    Unless `complete`, and on a host that runs a part of the site, some may be missing.
    """
    if site.broker.users is None:
        return site
    if site.broker.url == EMBEDDED or site.broker.username or site.broker.password:
        reader.faults.append(
            node.fault("the URL of a Mosquitto, and neither username nor password", "`users`")
        )
        return site
    known = users(site)
    kept = reader.secrets(PREFIX, node) if complete or (node.file.parent / SECRETS).is_file() else {}
    found = {known[name]: word for name, word in kept.items() if name in known and word}
    missing = [name for name in known if known[name] not in found]
    if complete and missing and (not found or not site.hosts):
        what = f"no secret {', '.join(PREFIX + name for name in missing[:3])}{' ...' if missing[3:] else ''}"
        reader.faults.append(node.fault(MAKE, what))
    return replace(site, broker=replace(site.broker, users=found))


def make(site: Site, renew: Iterable[str] = ()) -> list[str]:
    """Add a password to the site's secrets for each user without one, and anew for those named.

    Gives the names that have a new one. Raises OSError, and ValueError for a name that is none.
    """
    known, fresh = users(site), set(renew)
    if not fresh <= set(known):
        raise ValueError(f"no user {', '.join(sorted(fresh - set(known)))}; there are {', '.join(known)}")
    have = site.broker.users or {}
    wanted = [name for name, user in known.items() if name in fresh or user not in have]
    if not wanted:
        return []
    path = site.folder / SECRETS
    text = path.read_text("utf-8") if path.is_file() else ""
    gone = tuple(f"{PREFIX}{name}:" for name in wanted)
    lines = [line for line in text.splitlines() if not line.startswith(gone)]
    lines += [f'{PREFIX}{name}: "{secrets.token_urlsafe(24)}"' for name in wanted]
    write_private(path, ("\n".join(lines) + "\n").encode())
    return wanted


def password_file(passwords: Mapping[str, str]) -> str:
    """Mosquitto's password file of these users: PBKDF2-SHA512, as its own mosquitto_passwd writes it."""
    return "".join(f"{user}:{_hashed(user, word)}\n" for user, word in passwords.items())


def _hashed(user: str, word: str) -> str:
    salt = hashlib.sha256(f"{user} {word}".encode()).digest()[:12]  # the same file for the same passwords
    digest = hashlib.pbkdf2_hmac("sha512", word.encode(), salt, ROUNDS)
    return f"$7${ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
