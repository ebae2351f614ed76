"""Makes a fresh InfluxDB 1, 2 or 3 ready: bucket, retention, users or tokens, the name for InfluxQL."""

import base64
import http.client
import json
import secrets
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gridward.api.tokens import write_private
from gridward_kit.kept import Json

NAME = "gridward"
PATIENCE = 20.0
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # it stands beside us


@dataclass(frozen=True, slots=True)
class Ready:
    """A database that is set up: what the site file says of it, what Grafana needs, and the secrets."""

    version: int
    url: str
    secrets: Mapping[str, str] = field(repr=False)
    grafana: Mapping[str, str] = field(repr=False)

    def site_text(self) -> str:
        """What stands under `record: influxdb:`."""
        if self.version == 1:
            return (
                f"version: 1\nurl: {self.url}\ndatabase: {NAME}\nusername: {NAME}\n"
                "password: !secret influxdb_password\n"
            )
        if self.version == 3:
            return f"version: 3\nurl: {self.url}\ndatabase: {NAME}\ntoken: !secret influxdb_token\n"
        return f"version: 2\nurl: {self.url}\norg: {NAME}\nbucket: {NAME}\ntoken: !secret influxdb_token\n"


def offline_token(file: Path) -> None:
    """Make the admin token that a fresh InfluxDB 3 takes up at its start, unless the file is there."""
    if not file.exists():
        token = {"token": f"apiv3_{secrets.token_urlsafe(64)}", "name": "_admin"}
        write_private(file, json.dumps(token).encode())


def prepare(url: str, keep: int = 0, admin: Path | None = None) -> Ready:
    """Set up the fresh server at `url`; readings are kept for `keep` seconds, 0 is for ever.

    `admin` is the token file that InfluxDB 3 was started with. Raises OSError in words where it does not
    answer, refuses, or has been set up by somebody else.
    """
    said = _version(url)
    if said.startswith(("1.", "v1.")):
        return _first(url, keep)
    if said.startswith(("2.", "v2.")):
        return _second(url, keep)
    if said.startswith("3.") and admin is not None:
        return _third(url, keep, str(json.loads(admin.read_text("utf-8"))["token"]))
    if said.startswith("3."):
        raise OSError(f"{url}: InfluxDB 3 is set up with the file of `--admin-token-file`: say which")
    raise OSError(f"{url}: InfluxDB {said or 'of a version that it does not say'} is not 1, 2 or 3")


def _version(url: str) -> str:
    """What a ping says in its head, as all do, or in its text, as version 3 does."""
    try:
        with OPENER.open(f"{url}/ping", timeout=PATIENCE) as answer:
            head, text = answer.headers.get("X-Influxdb-Version"), answer.read()
            return str(head or (json.loads(text)["version"] if text else ""))
    except (ValueError, LookupError, TypeError):
        return ""
    except (OSError, http.client.HTTPException) as error:
        raise OSError(f"{url}: no InfluxDB answers: {error}") from None


def _first(url: str, keep: int) -> Ready:
    admin, writer, reader = (secrets.token_urlsafe(24) for _ in range(3))
    who = ("admin", admin)
    policy = f' WITH DURATION {keep}s REPLICATION 1 NAME "{NAME}"' if keep else ""
    _query(url, f"CREATE USER admin WITH PASSWORD '{admin}' WITH ALL PRIVILEGES", None)
    for text in (
        f'CREATE DATABASE "{NAME}"{policy}',
        f"CREATE USER {NAME} WITH PASSWORD '{writer}'",
        f'GRANT WRITE ON "{NAME}" TO {NAME}',
        f"CREATE USER grafana WITH PASSWORD '{reader}'",
        f'GRANT READ ON "{NAME}" TO grafana',
    ):
        _query(url, text, who)
    return Ready(
        1,
        url,
        {"influxdb_admin": admin, "influxdb_password": writer},
        {"INFLUX_URL": url, "INFLUX_DATABASE": NAME, "INFLUX_USER": "grafana", "INFLUX_PASSWORD": reader},
    )


def _query(url: str, text: str, who: tuple[str, str] | None) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if who is not None:
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(who).encode()).decode()
    body = urllib.parse.urlencode({"q": text}).encode()
    answer = _asked(urllib.request.Request(f"{url}/query", body, headers))  # noqa: S310
    results = answer.get("results")
    first = results[0] if isinstance(results, list) and results else None
    if isinstance(first, dict) and "error" in first:
        raise OSError(f"{url}: {first['error']}")


def _second(url: str, keep: int) -> Ready:
    password, token = secrets.token_urlsafe(24), secrets.token_urlsafe(32)
    wanted: dict[str, Json] = {
        "username": "admin",
        "password": password,
        "org": NAME,
        "bucket": NAME,
        "retentionPeriodSeconds": keep,
        "token": token,
    }
    made = _post(url, "v2/setup", wanted, None)
    org, bucket = _identifier(made, "org"), _identifier(made, "bucket")
    mapping: dict[str, Json] = {
        "bucketID": bucket,
        "orgID": org,
        "database": NAME,
        "retention_policy": "autogen",
        "default": True,
    }
    _post(url, "v2/dbrps", mapping, f"Token {token}")
    tokens = {}
    for action in ("write", "read"):
        may: Json = [{"action": action, "resource": {"type": "buckets", "id": bucket, "orgID": org}}]
        content: dict[str, Json] = {"orgID": org, "description": f"gridward {action}", "permissions": may}
        tokens[action] = str(_post(url, "v2/authorizations", content, f"Token {token}")["token"])
    return Ready(
        2,
        url,
        {"influxdb_admin": password, "influxdb_admin_token": token, "influxdb_token": tokens["write"]},
        {"INFLUX_URL": url, "INFLUX_DATABASE": NAME, "INFLUX_AUTH": f"Token {tokens['read']}"},
    )


def _third(url: str, keep: int, admin: str) -> Ready:
    """Two named tokens: Core knows no other rights than all, but each can be taken back by itself."""
    bearer = f"Bearer {admin}"
    wanted: dict[str, Json] = {"db": NAME}
    if keep:
        wanted["retention_period"] = f"{keep // 86400}d"
    _post(url, "v3/configure/database", wanted, bearer)
    tokens = {}
    for name in (NAME, "grafana"):
        made = _post(url, "v3/configure/token/named_admin", {"token_name": name}, bearer)
        if not isinstance(made.get("token"), str):
            raise OSError(f"{url}: InfluxDB does not say the token that it made")
        tokens[name] = str(made["token"])
    return Ready(
        3,
        url,
        {"influxdb_admin_token": admin, "influxdb_token": tokens[NAME]},
        {"INFLUX_URL": url, "INFLUX_DATABASE": NAME, "INFLUX_AUTH": f"Token {tokens['grafana']}"},
    )


def _identifier(made: Mapping[str, Json], name: str) -> str:
    part = made.get(name)
    if not isinstance(part, dict) or "id" not in part:
        raise OSError(f"InfluxDB does not say its {name}'s id")
    return str(part["id"])


def _post(url: str, what: str, content: Mapping[str, Json], authorization: str | None) -> dict[str, Json]:
    headers = {"Content-Type": "application/json"}
    if authorization is not None:
        headers["Authorization"] = authorization
    body = json.dumps(content).encode()
    return _asked(urllib.request.Request(f"{url}/api/{what}", body, headers))  # noqa: S310


def _asked(request: urllib.request.Request) -> dict[str, Json]:
    try:
        with OPENER.open(request, timeout=PATIENCE) as answer:
            content: Json = json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        words = error.read(300).decode("utf-8", "replace").strip()
        way_out = "; it was set up before: give it an empty volume" if error.code in (401, 409, 422) else ""
        raise OSError(f"{request.full_url}: {error.code} {words}{way_out}") from None
    except (ValueError, http.client.HTTPException) as error:
        raise OSError(f"{request.full_url}: {error}") from None
    return content if isinstance(content, dict) else {}
