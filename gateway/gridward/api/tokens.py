"""The site's access tokens, one for each role, and the sessions that a login with one opens.

The admin's token is made at first start, the others when they are wanted; each is shown once, and kept
only as a hash in a file that is read again when another process has changed it. A token has 192 random
bits: a fast hash is enough, there is nothing to guess. Sessions are signed with a key of their own; a
new token of a role ends the role's sessions, a logout ends its one.
"""

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from gridward.api.access import WORDS, Role
from gridward_kit.kept import Json, hand_over, make_folder, sync_folder

LASTS = 30 * 86400.0
FILE = Path("state") / "token.json"
MARK = 16  # digits of a token's hash by which its sessions know it


@dataclass(frozen=True, slots=True)
class Session:
    """A login: its id, when it ends (wall time, seconds), the cookie that proves it, and its role."""

    id: str
    ends: float
    cookie: str = field(repr=False)
    role: Role


class Tokens:
    """Checks tokens, opens, checks and ends sessions. `made` is the admin's of a first start, else None."""

    def __init__(self, folder: Path) -> None:
        """Take up `<folder>/state/token.json` or make it (0600); raises OSError, ValueError if damaged."""
        self.path = folder / FILE
        self.made: str | None = None
        self._ended: dict[str, float] = {}
        self._digests: dict[Role, str] = {}
        self._key = secrets.token_bytes(32)
        self._seen: tuple[int, int] | None = None
        if self.path.exists():
            self._load()
        else:
            self.made = self.renew()

    def renew(self, role: Role = Role.ADMIN) -> str:
        """Make a role's token; the one before and its sessions are void, once it is on disk.

        Raises OSError, and as `role_of`.
        """
        self._follow()
        made = secrets.token_urlsafe(24)
        self._save({**self._digests, role: hashlib.sha256(made.encode()).hexdigest()})
        return made

    def drop(self, role: Role) -> None:
        """Void a role's token and its sessions. Raises as `role_of`; ValueError for the admin's."""
        if role is Role.ADMIN:
            raise ValueError("the admin's token can be renewed, not dropped")
        self._follow()
        self._save({one: digest for one, digest in self._digests.items() if one is not role})

    def roles(self) -> frozenset[Role]:
        """The roles that have a token. Raises as `role_of`."""
        self._follow()
        return frozenset(self._digests)

    def role_of(self, token: str) -> Role | None:
        """Whose token this is. Raises OSError, ValueError for a file that became unreadable."""
        self._follow()
        digest = hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
        found = [role for role, own in self._digests.items() if hmac.compare_digest(digest, own)]
        return found[0] if found else None

    def mark(self, role: Role) -> str:
        """What tells a role's token from those before it; "" where it has none. Raises as `role_of`."""
        self._follow()
        return self._digests.get(role, "")[:MARK]

    def open(self, role: Role, now: float) -> str:
        """A new session's cookie value for one who has the role's token; raises as `role_of`, KeyError."""
        self._follow()
        held = {"id": secrets.token_urlsafe(16), "ends": round(now + LASTS), "of": self._digests[role][:MARK]}
        body = json.dumps(held).encode().hex()
        return f"{body}.{self._sign('session', body)}"

    def session(self, cookie: str, now: float) -> Session | None:
        """The session of a cookie; None where it is forged, over, or was ended; raises as `role_of`."""
        self._follow()
        body, _, signature = cookie.partition(".")
        if not hmac.compare_digest(
            signature.encode("utf-8", "replace"), self._sign("session", body).encode()
        ):
            return None
        held = json.loads(bytes.fromhex(body))
        role = next((role for role, own in self._digests.items() if own[:MARK] == held.get("of")), None)
        if role is None or held["ends"] <= now or held["id"] in self._ended:
            return None
        return Session(held["id"], held["ends"], cookie, role)

    def csrf(self, session: Session) -> str:
        """What a request with this session's cookie must say beside it in order to change something."""
        return self._sign("csrf", session.id)

    def allows(self, session: Session, csrf: str) -> bool:
        """Whether this is the session's CSRF token."""
        return hmac.compare_digest(csrf.encode("utf-8", "replace"), self.csrf(session).encode())

    def end(self, session: Session, now: float) -> None:
        """Log out: this session's cookie is void from now on, over a restart too. Raises as `role_of`."""
        self._follow()
        self._ended = {key: ends for key, ends in self._ended.items() if ends > now}
        self._ended[session.id] = session.ends
        self._save(self._digests)

    def _sign(self, use: str, text: str) -> str:
        return hmac.new(self._key, f"{use}:{text}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()

    def _follow(self) -> None:
        """Take up what `gridward token --new` wrote meanwhile; a file that is gone changes nothing."""
        if self.path.exists() and self._stamp() != self._seen:
            self._load()

    def _stamp(self) -> tuple[int, int]:
        """What changes whenever the file is written anew."""
        about = self.path.stat()
        return about.st_ino, about.st_mtime_ns

    def _load(self) -> None:
        stamp = self._stamp()
        try:
            content: dict[str, Json] = json.loads(self.path.read_text("utf-8"))
            digests, key, ended = content["sha256"], content["key"], content["ended"]
            if isinstance(digests, str):  # of a time when there was the admin's alone
                digests = {Role.ADMIN.word: digests}
            if not (isinstance(digests, dict) and isinstance(key, str) and isinstance(ended, dict)):
                raise TypeError("a key has the wrong type")
            found = {WORDS[name]: str(digest) for name, digest in digests.items()}
            if Role.ADMIN not in found:
                raise KeyError(Role.ADMIN.word)
            self._digests, self._key = found, bytes.fromhex(key)
            self._ended = {name: float(str(ends)) for name, ends in ended.items()}
            self._seen = stamp
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{self.path}: damaged ({error}); remove it and start again for a new token"
            ) from None
        if self.path.stat().st_mode & 0o077:
            self.path.chmod(0o600)

    def _save(self, digests: dict[Role, str]) -> None:
        named: dict[str, Json] = {role.word: digest for role, digest in digests.items()}
        content: dict[str, Json] = {"sha256": named, "key": self._key.hex(), "ended": {**self._ended}}
        write_private(self.path, json.dumps(content).encode())
        self._digests, self._seen = digests, self._stamp()


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all; raises OSError."""
    make_folder(path.parent)
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        hand_over(beside)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
