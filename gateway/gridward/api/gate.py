"""The one door: path prefix, who is asking, forged requests, and the headers that every answer carries."""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gridward.api.access import SAFE, lacking, needed
from gridward.api.cors import Cors
from gridward.api.gateway import Caller, Gateway

OPEN = frozenset({"/login", "/healthz", "/api/v1/commands"})  # the last one asks Grafana who clicked
ANSWER_HEADERS = {
    # Vue compiles its templates in the browser, hence eval; nothing comes from anywhere but here.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' "
        "'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
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
        self._cors = Cors(gateway.site.http.cors)

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
        if scope["type"] == "http":
            lets = self._cors.lets(headers, path)
            send = _with_headers(send, self._cors.headers if lets else {})
            refusal = (self._cors.answer(headers, scope["method"]) if lets else None) or refusal
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refusal(scope, receive, send)

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
            role = self._gateway.tokens.role_of(token.strip())
            if role is not None:
                return Caller(address, None, role, self._gateway.tokens.mark(role))
            if self._gateway.attempts.wait(address, now) <= 0:
                self._gateway.attempts.count(address, now)
            return None
        cookie = cookie_of(headers, self._gateway.cookie())
        if cookie is None:
            return None
        session = self._gateway.tokens.session(cookie, self._gateway.clock.time())
        return Caller(address, session, session.role) if session is not None else None

    def _refusal(self, scope: Scope, headers: Headers, caller: Caller | None, path: str) -> Response | None:
        """The answer to one who may not pass, None for one who may."""
        if caller is None:
            return self._unknown(scope, headers, path)
        method = scope.get("method", "WEBSOCKET")
        return self._forged(headers, caller, method, path) or self._beyond(caller, method, path)

    def _beyond(self, caller: Caller, method: str, path: str) -> Response | None:
        """The answer to one who may look but not do this, or who does too much of it."""
        if method == "WEBSOCKET":
            return None
        wanted = needed(method, path)
        if caller.role < wanted:
            return error(403, lacking(caller.role, wanted))
        wait = self._gateway.too_fast(caller) if path.startswith("/api/") and method not in SAFE else 0.0
        return too_many(wait, "too many commands") if wait > 0 else None

    def _forged(self, headers: Headers, caller: Caller, method: str, path: str) -> Response | None:
        """The answer to a request that somebody else's page may have sent with this session's cookie."""
        if caller.session is None:
            return None
        tokens = self._gateway.tokens
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
    return origin is None or own_host(headers, origin)


def own_host(headers: Headers, origin: str) -> bool:
    """Whether an origin is the host and port that were asked; one that is no URL is nobody's."""
    try:
        return bool(origin) and urlsplit(origin).netloc == headers.get("host")
    except ValueError:
        return False


def error(status: int, words: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """An error in words, as every part of the API gives it."""
    return JSONResponse({"error": words}, status, headers)


def too_many(wait: float, what: str = "too many wrong tokens") -> JSONResponse:
    """The answer to somebody who tried too often."""
    seconds = max(1, round(wait))
    return error(429, f"{what}; try again in {seconds} s", {"Retry-After": str(seconds)})


def cookie_of(headers: Headers, name: str) -> str | None:
    """A cookie by its name, whatever other programs on this host have put into the browser's one jar."""
    return cookie_parser(headers.get("cookie", "")).get(name)


def _with_headers(send: Send, more: Mapping[str, str]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in {**ANSWER_HEADERS, **more}.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sending
