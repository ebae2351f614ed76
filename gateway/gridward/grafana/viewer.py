"""Who clicked in a dashboard: Grafana is asked with the viewer's own cookie. Waits; for a thread."""

import http.client
import json
import re
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from gridward.grafana.spec import ROLES, GrafanaSpec
from gridward_kit.kept import Json

PATIENCE = 4.0
LONGEST = 65536
VALUE = re.compile(r"[!#-+\--:<-\[\]-~]{1,4096}")  # what RFC 6265 lets a cookie's value be


class Stranger(ValueError):
    """Grafana does not know this cookie, in words."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """A user of Grafana, and the role in the organisation that is being looked at."""

    login: str
    role: str

    @property
    def by(self) -> str:
        """How commands and the audit name this viewer."""
        return f"grafana:{self.login}"[:64]

    def may(self, least: str) -> bool:
        """Whether the role is at least this one."""
        return self.role in ROLES and ROLES.index(self.role) >= ROLES.index(least)


def viewer(spec: GrafanaSpec, cookie: str) -> Viewer:
    """Whose cookie this is; raises Stranger, and OSError where Grafana does not answer as it should."""
    if not VALUE.fullmatch(cookie):
        raise Stranger("this is no cookie of Grafana's")
    user = _ask(spec, cookie, "/api/user")
    orgs = _ask(spec, cookie, "/api/user/orgs")
    login = user.get("login") if isinstance(user, dict) else None
    if not isinstance(user, dict) or not isinstance(login, str) or not login.isprintable() or not login:
        raise OSError("Grafana does not say who the viewer is")
    if user.get("isDisabled") is True:
        raise Stranger("Grafana has shut this user out")
    found = [one for one in orgs if isinstance(one, dict)] if isinstance(orgs, list) else []
    role = next((one.get("role") for one in found if one.get("orgId") == user.get("orgId")), None)
    if user.get("isGrafanaAdmin") is True:
        role = ROLES[-1]
    return Viewer(login, role if isinstance(role, str) else "")


def _ask(spec: GrafanaSpec, cookie: str, path: str) -> Json:
    """Grafana's answer to a question that only who is logged in may ask; it is never followed elsewhere."""
    parts = urlsplit(spec.url)
    connection = _connection(parts.scheme, parts.hostname or "", parts.port)
    headers = {"Cookie": f"{spec.cookie}={cookie}", "Accept": "application/json"}
    try:
        connection.request("GET", parts.path.rstrip("/") + path, headers=headers)
        answer = connection.getresponse()
        body = answer.read(LONGEST)
    except (OSError, ValueError, http.client.HTTPException) as error:  # a name that is none is a ValueError
        raise OSError(f"{spec.url} does not answer: {str(error) or type(error).__name__}") from error
    finally:
        connection.close()
    if answer.status in (401, 403):
        raise Stranger("Grafana does not know this session; load the dashboard again and log in there")
    if answer.status != http.client.OK:
        raise OSError(f"Grafana at {spec.url} answers {answer.status} to {path}")
    try:
        content: Json = json.loads(body)
    except ValueError:
        raise OSError(f"{spec.url} is not Grafana: its {path} is no JSON") from None
    return content


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=context)
    return http.client.HTTPConnection(host, port, timeout=PATIENCE)
