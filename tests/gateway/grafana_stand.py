"""A small HTTP server that answers as Grafana's API documents, and keeps what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from gridward_kit.kept import Json

Answer = tuple[int, Json]


@dataclass(frozen=True)
class Asked:
    """One request: method, path without its query, body, and the headers that say who asks."""

    method: str
    path: str
    body: Json
    authorization: str | None
    cookie: str | None


@dataclass
class Stand:
    """`users` are by the value of their session cookie: the answers to /api/user and /api/user/orgs."""

    users: dict[str, tuple[Json, Json]] = field(default_factory=dict)
    answers: dict[tuple[str, str], Answer | Callable[[Json], Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    cookie: str = "grafana_session"
    url: str = ""

    def user(self, value: str, login: str, role: str, **more: Json) -> None:
        """Have a user of this login who has this cookie, and another role in another organisation."""
        about: dict[str, Json] = {"id": 2, "login": login, "orgId": 1, "isGrafanaAdmin": False, **more}
        self.users[value] = (
            about,
            [{"orgId": 7, "name": "B", "role": "Admin"}, {"orgId": 1, "name": "A", "role": role}],
        )

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if asked.path in ("/api/user", "/api/user/orgs"):
            value = (asked.cookie or "").removeprefix(f"{self.cookie}=")
            if value not in self.users:
                return 401, {"message": "Unauthorized", "messageId": "session.token.invalid"}
            return 200, self.users[value][asked.path == "/api/user/orgs"]
        found = self.answers.get((asked.method, asked.path), (404, {"message": "Not found"}))
        return found(asked.body) if callable(found) else found


@contextmanager
def standing() -> Iterator[Stand]:
    """Serve one on a free loopback port."""
    stand = Stand()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536  # head and body in one packet, else each answer waits 40 ms

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            given = (self.headers.get("Authorization"), self.headers.get("Cookie"))
            path = urlsplit(self.path).path
            status, content = stand.answer(
                Asked(self.command, path, json.loads(body) if body else None, *given)
            )
            told = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    stand.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield stand
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
