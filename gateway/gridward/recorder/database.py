"""Writes line protocol: into InfluxDB 1 and what speaks like it by `/write`, 2 and 3 by influxdb-client."""

import base64
import http.client
import json
import re
import ssl
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from gridward.site import Database

PATIENCE = 20.0
REFUSED = (400, 413, 422)
SENTENCE = 300
DROPPED = re.compile(r"\s*\bdropped(?:=(\d+)| (\d+) points?\b(?= outside))")
OLDEST = re.compile(r" - oldest point .*", re.DOTALL)  # InfluxDB 2 names a point and times: no two are alike
WAYS = {
    re.compile(r"type conflict|column type", re.IGNORECASE): (
        "it has this field as another type: name a new database in the site file, which gets all that is "
        "kept, or delete the measurement there"
    ),
    re.compile(r"retention policy", re.IGNORECASE): "its retention is shorter: make it longer there",
}


class Away(Exception):
    """The database takes nothing now; the same bytes may be sent again later."""


class Denied(Exception):
    """The database would take nothing as it is set up; `remedy` is the way out."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.remedy = remedy


class Rejected(Exception):
    """Lines are refused for what they say, `dropped` of them where it is told; the others may be stored."""

    def __init__(self, reason: str) -> None:
        super().__init__(OLDEST.sub("", DROPPED.sub("", reason)))
        told = DROPPED.search(reason)
        self.dropped = int(told[1] or told[2]) if told else None


class Writer(Protocol):
    """One database; `breaks` counts the connections that it ended, as it does when it dies."""

    breaks: int

    @property
    def texts(self) -> bool:
        """Whether it can keep texts; raises Away."""

    def write(self, lines: Sequence[str]) -> None:
        """Write lines, their times in ms; raises Away, Denied or Rejected. Waits at most 20 s."""

    def close(self) -> None:
        """Let go of the connection."""


def writer(database: Database) -> Writer:
    """What writes into this database."""
    return WritePath(database) if database.version == 1 else ByClient(database)


class WritePath:
    """InfluxDB 1 and VictoriaMetrics, over one connection that is made again when it breaks."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._parts = urlsplit(database.url)
        self._connection: http.client.HTTPConnection | None = None
        self._body = b""
        self._texts: bool | None = None
        self.breaks = 0
        self._headers = {"Content-Type": "text/plain; charset=utf-8"}
        if database.username is not None:
            pair = f"{database.username}:{database.password or ''}".encode()
            self._headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        elif database.token is not None:
            self._headers["Authorization"] = f"Token {database.token}"

    @property
    def texts(self) -> bool:
        """VictoriaMetrics, which keeps texts as 0, has no version in its answer to a ping."""
        if self._texts is None:
            answer = self._ask("GET", "/ping", b"")
            if answer.status >= http.client.INTERNAL_SERVER_ERROR:
                raise Away(f"it answers {answer.status} {answer.reason}")
            self._texts = answer.getheader("X-Influxdb-Version") is not None
        return self._texts

    def write(self, lines: Sequence[str]) -> None:
        query = urlencode({"db": self._database.bucket, "precision": "ms"})
        answer = self._ask("POST", f"/write?{query}", "\n".join(lines).encode())
        if answer.status >= http.client.MULTIPLE_CHOICES:
            raise judge(self._database, answer.status, _said(self._body))

    def close(self) -> None:
        self._texts = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, method: str, path: str, body: bytes) -> http.client.HTTPResponse:
        """Ask once more where a connection that was kept open turns out to be gone."""
        kept = self._connection is not None
        try:
            return self._once(method, path, body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            self.breaks += 1
            if not kept:
                raise Away(str(error) or type(error).__name__) from error
        try:
            return self._once(method, path, body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Away(str(error) or type(error).__name__) from error

    def _once(self, method: str, path: str, body: bytes) -> http.client.HTTPResponse:
        if self._connection is None:
            self._connection = self._connect()
        try:
            self._connection.request(method, self._parts.path.rstrip("/") + path, body, self._headers)
        except ValueError:
            self.close()
            raise _unspeakable() from None
        answer = self._connection.getresponse()
        self._body = answer.read()
        return answer

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=context)
        return http.client.HTTPConnection(host, port, timeout=PATIENCE)


class ByClient:
    """InfluxDB 2 and 3, by influxdb-client, which is loaded here alone."""

    texts = True
    breaks = 0

    def __init__(self, database: Database) -> None:
        # Only who has such a database pays for it.
        from influxdb_client.client.influxdb_client import InfluxDBClient  # noqa: PLC0415
        from influxdb_client.client.write_api import SYNCHRONOUS  # noqa: PLC0415

        self._database = database
        self._client = InfluxDBClient(
            database.url, database.token or "", timeout=int(PATIENCE * 1000), org=database.org, retries=False
        )
        self._api = self._client.write_api(write_options=SYNCHRONOUS)

    def write(self, lines: Sequence[str]) -> None:
        from influxdb_client.domain.write_precision import WritePrecision  # noqa: PLC0415
        from influxdb_client.rest import ApiException  # noqa: PLC0415
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        try:
            self._api.write(
                self._database.bucket,
                record="\n".join(lines),
                write_precision=WritePrecision.MS,  # type: ignore[arg-type]  # its constants are texts
            )
        except ApiException as error:
            body = error.body if isinstance(error.body, bytes) else str(error.body or "").encode()
            raise judge(self._database, error.status or 0, _said(body)) from error
        except (HTTPError, OSError) as error:
            raise Away(str(error) or type(error).__name__) from error
        except ValueError:
            raise _unspeakable() from None

    def close(self) -> None:
        """The client's pool makes connections anew by itself; nothing is held between writes."""


def judge(database: Database, status: int, said: str) -> Away | Denied | Rejected:
    """What an answer other than "written" means."""
    if status in REFUSED:
        return Rejected(said)
    if status in (401, 403):
        credentials = "`username` and `password`" if database.version == 1 else "`token`"
        return Denied(
            f"it does not let us write ({status}: {said})",
            f"see to {credentials} of `record: influxdb`, and that they may write into `{database.bucket}`",
        )
    if status == http.client.NOT_FOUND and said.startswith("organization"):
        way = "see to `org` of `record: influxdb`; `influx org list` shows those that there are"
        return Denied(f"it has no organization `{database.org}` ({said})", way)
    if status == http.client.NOT_FOUND:
        what = "bucket" if database.version == 2 else "database"
        make = {
            1: f'`CREATE DATABASE "{database.bucket}"`',
            2: f"`influx bucket create -n {database.bucket}`",
        }
        way = make.get(database.version, f"`influxdb3 create database {database.bucket}`")
        return Denied(f"it has no {what} `{database.bucket}` ({said})", f"make it there: {way}")
    return Away(f"it answers {status}: {said}")


def _unspeakable() -> Denied:
    """In words of ours: the error's own have the token in them."""
    way = "see to `url` and `token` of `record: influxdb`"
    return Denied("its address or its token cannot be said in HTTP", way)


def way_out(reason: str) -> str | None:
    """What to do about readings that a database refused for this reason, where that is known."""
    return next((way for known, way in WAYS.items() if known.search(reason)), None)


def _said(body: bytes) -> str:
    """The server's words, from its JSON where it is that; one line."""
    text = body.decode("utf-8", "replace")
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if isinstance(content, dict):
        text = str(content.get("error") or content.get("message") or text)
    return " ".join(text.split())[:SENTENCE]
