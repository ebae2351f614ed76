"""The one door: path prefix, who is asking, forged requests, and the headers that every answer carries."""

from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gridward.api.gateway import Caller, Gateway

OPEN = frozenset({"/login", "/healthz"})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
ANSWER_HEADERS = {
    # Vue compiles its templates in the browser, hence eval; nothing comes from anywhere but here.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' "
        "'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
AGAIN = (
    '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0"><title>Gridward</title>'
    "<p>One moment …</p>"
)


class Gate:
    """ASGI middleware around everything. Lets pass: open paths, a good bearer token, a good session."""

    def __init__(self, app: ASGIApp, gateway: Gateway) -> None:
        self._app = app
        self._gateway = gateway
        self._prefix = gateway.site.http.prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope = self._placed(scope)
        headers = Headers(scope=scope)
        caller = self._caller(scope, headers)
        state = scope.setdefault("state", {})
        state["gateway"], state["caller"] = self._gateway, caller
        path = scope["path"].removeprefix(self._prefix)
        refusal = None if path in OPEN else self._refusal(scope, headers, caller, path)
        if refusal is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refusal(scope, receive, _with_headers(send))

    def _placed(self, scope: Scope) -> Scope:
        """The scope below the site's own prefix, whether or not a proxy took it off; no other is believed."""
        path = scope["path"]
        if self._prefix and path != self._prefix and not path.startswith(f"{self._prefix}/"):
            path = self._prefix + path
        kept = [(name, value) for name, value in scope["headers"] if name != b"x-forwarded-prefix"]
        return {**scope, "path": path, "root_path": self._prefix, "headers": kept}

    def _caller(self, scope: Scope, headers: Headers) -> Caller | None:
        address = scope["client"][0] if scope.get("client") else "local"
        scheme, _, token = headers.get("authorization", "").partition(" ")
        now = self._gateway.clock.monotonic()
        if scheme.lower() == "bearer":
            if self._gateway.tokens.good(token.strip()):
                return Caller(address, None)
            if self._gateway.attempts.wait(address, now) <= 0:
                self._gateway.attempts.failed(address, now)
            return None
        cookie = _cookie(headers, self._gateway.cookie())
        if cookie is None:
            return None
        session = self._gateway.tokens.session(cookie, self._gateway.clock.time())
        return Caller(address, session) if session is not None else None

    def _refusal(self, scope: Scope, headers: Headers, caller: Caller | None, path: str) -> Response | None:
        """The answer to one who may not pass, None for one who may."""
        if caller is None:
            return self._unknown(scope, headers, path)
        if caller.session is None:
            return None
        method, tokens = scope.get("method", "WEBSOCKET"), self._gateway.tokens
        if method not in SAFE and not same_origin(headers):
            return error(403, "this request came from another site's page")
        said = headers.get("x-csrf-token", "")
        if path.startswith("/api/") and method not in SAFE and not tokens.allows(caller.session, said):
            return error(403, "X-CSRF-Token is missing or wrong; GET /api/v1/session tells it")
        return None

    def _unknown(self, scope: Scope, headers: Headers, path: str) -> Response:
        if path.startswith("/api/") or scope.get("method") not in SAFE:
            wait = self._gateway.attempts.wait(
                scope["client"][0] if scope.get("client") else "local", self._gateway.clock.monotonic()
            )
            if wait > 0:
                return too_many(wait)
            words = "log in, or send the header Authorization: Bearer TOKEN"
            return error(401, words, {"WWW-Authenticate": "Bearer"})
        if headers.get("sec-fetch-site") == "cross-site":
            # A strict cookie stays at home when a link elsewhere leads here; our own reload brings it.
            return HTMLResponse(AGAIN)
        wanted = path + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
        there = "" if wanted in ("", "/") or path.startswith("/_") else f"?to={quote(wanted, safe='/')}"
        return RedirectResponse(f"{self._prefix}/login{there}", status_code=303)


def same_origin(headers: Headers) -> bool:
    """Whether a browser says that our own page sent this; one that says nothing is no browser."""
    told = headers.get("sec-fetch-site")
    if told is not None:
        return told in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def error(status: int, words: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """An error in words, as every part of the API gives it."""
    return JSONResponse({"error": words}, status, headers)


def too_many(wait: float) -> JSONResponse:
    """The answer to somebody who tried too many wrong tokens."""
    seconds = max(1, round(wait))
    return error(429, f"too many wrong tokens; try again in {seconds} s", {"Retry-After": str(seconds)})


def _cookie(headers: Headers, name: str) -> str | None:
    """A cookie by its name, whatever other programs on this host have put into the browser's one jar."""
    return cookie_parser(headers.get("cookie", "")).get(name)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in ANSWER_HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sending
