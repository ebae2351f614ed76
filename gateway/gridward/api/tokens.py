"""The site's access token and the sessions that a login with it opens.

The token is made at first start, shown once, and kept only as a hash in a file that is read again when
another process has renewed it. It has 192 random bits: a fast
hash is enough, there is nothing to guess. Sessions are signed with a key of their own; a new token
ends them all, a logout ends its one.
"""

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from gridward_kit.kept import Json

LASTS = 30 * 86400.0
FILE = Path("state") / "token.json"


@dataclass(frozen=True, slots=True)
class Session:
    """A login: its id, when it ends (wall time, seconds), and the cookie that proves it."""

    id: str
    ends: float
    cookie: str = field(repr=False)


class Tokens:
    """Checks tokens, opens, checks and ends sessions. `made` is the new token of a first start, else None."""

    def __init__(self, folder: Path) -> None:
        """Take up `<folder>/state/token.json` or make it (0600); raises OSError, ValueError if damaged."""
        self.path = folder / FILE
        self.made: str | None = None
        self._ended: dict[str, float] = {}
        self._digest, self._key = "", b""
        self._seen: tuple[int, int] | None = None
        if self.path.exists():
            self._load()
        else:
            self.renew()

    def renew(self) -> str:
        """Make a new token and key; the one before and its sessions are void. Raises OSError."""
        self.made = secrets.token_urlsafe(24)
        self._digest = hashlib.sha256(self.made.encode()).hexdigest()
        self._key = secrets.token_bytes(32)
        self._ended = {}
        self._save()
        return self.made

    def good(self, token: str) -> bool:
        """Whether this is the token. Raises OSError, ValueError for a file that became unreadable."""
        self._follow()
        digest = hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
        return hmac.compare_digest(digest, self._digest)

    def open(self, now: float) -> str:
        """A new session's cookie value."""
        self._follow()
        content = json.dumps({"id": secrets.token_urlsafe(16), "ends": round(now + LASTS)}).encode()
        body = content.hex()
        return f"{body}.{self._sign('session', body)}"

    def session(self, cookie: str, now: float) -> Session | None:
        """The session of a cookie; None where it is forged, over, or was ended; raises as `good`."""
        self._follow()
        body, _, signature = cookie.partition(".")
        if not hmac.compare_digest(signature.encode(), self._sign("session", body).encode()):
            return None
        content = json.loads(bytes.fromhex(body))
        session = Session(content["id"], content["ends"], cookie)
        return None if session.ends <= now or session.id in self._ended else session

    def csrf(self, session: Session) -> str:
        """What a request with this session's cookie must say beside it in order to change something."""
        return self._sign("csrf", session.id)

    def allows(self, session: Session, csrf: str) -> bool:
        """Whether this is the session's CSRF token."""
        return hmac.compare_digest(csrf.encode("utf-8", "replace"), self.csrf(session).encode())

    def end(self, session: Session, now: float) -> None:
        """Log out: this session's cookie is void from now on, over a restart too. Raises as `good`."""
        self._follow()
        self._ended = {key: ends for key, ends in self._ended.items() if ends > now}
        self._ended[session.id] = session.ends
        self._save()

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
            digest, key, ended = content["sha256"], content["key"], content["ended"]
            if not (isinstance(digest, str) and isinstance(key, str) and isinstance(ended, dict)):
                raise TypeError("a key has the wrong type")
            self._digest, self._key = digest, bytes.fromhex(key)
            self._ended = {name: float(str(ends)) for name, ends in ended.items()}
            self._seen = stamp
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{self.path}: damaged ({error}); remove it and start again for a new token"
            ) from None
        if self.path.stat().st_mode & 0o077:
            self.path.chmod(0o600)

    def _save(self) -> None:
        content: dict[str, Json] = {"sha256": self._digest, "key": self._key.hex(), "ended": {**self._ended}}
        write_private(self.path, json.dumps(content).encode())
        self._seen = self._stamp()


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
