"""Login by the site's token, logout, and the plain page for it that needs no script."""

import html
from pathlib import Path
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gridward.api.gate import error, same_origin
from gridward.api.gateway import Caller, Gateway
from gridward.api.tokens import LASTS

router = APIRouter(include_in_schema=False)

LONGEST = 4096

FOLDER = Path(__file__).parent
STYLE = (FOLDER / "plain.css").read_text("utf-8")
PAGE = (FOLDER / "login.html").read_text("utf-8")


def page(
    gateway: Gateway, to: str, problem: str, status: int, headers: dict[str, str] | None = None
) -> Response:
    """The login page, with what went wrong beside the field."""
    told = f'<p class="bad" id="problem" role="alert">{html.escape(problem)}</p>' if problem else ""
    content = PAGE.format(
        style=STYLE,
        site=html.escape(gateway.site.name),
        action=f"{gateway.site.http.prefix}/login",
        to=html.escape(to, quote=True),
        problem=told,
        invalid='aria-invalid="true" aria-describedby="problem"' if problem else "",
    )
    return HTMLResponse(content, status, headers)


@router.get("/login")
async def ask(request: Request, to: str = "/") -> Response:
    """The form; who has a session goes on at once."""
    gateway: Gateway = request.state.gateway
    if request.state.caller is not None:
        return RedirectResponse(gateway.site.http.prefix + _local(to), 303)
    return page(gateway, _local(to), "", 200)


@router.post("/login")
async def enter(request: Request) -> Response:
    """Open a session for the right token."""
    gateway: Gateway = request.state.gateway
    if not same_origin(request.headers):
        return error(403, "this request came from another site's page")
    body = await form(request)
    to, address = _local(body.get("to", "/")), request.client.host if request.client else "local"
    role = gateway.tokens.role_of(body.get("token", "").strip())
    if role is None:
        return _wrong(gateway, to, address)
    response = RedirectResponse(gateway.site.http.prefix + to, 303)
    response.set_cookie(
        gateway.cookie(),
        gateway.tokens.open(role, gateway.clock.time()),
        max_age=int(LASTS),
        path=gateway.site.http.prefix or "/",
        secure="https" in (request.url.scheme, request.headers.get("x-forwarded-proto")),
        httponly=True,
        samesite="strict",
    )
    return response


def _wrong(gateway: Gateway, to: str, address: str) -> Response:
    """The answer to a wrong token: counted, and when there were too many of them, how long to wait."""
    now = gateway.clock.monotonic()
    wait = gateway.attempts.wait(address, now)
    if wait > 0:
        seconds = max(1, round(wait))
        words = f"Too many wrong tokens. Try again in {seconds} s."
        return page(gateway, to, words, 429, {"Retry-After": str(seconds)})
    gateway.attempts.count(address, now)
    return page(gateway, to, "This is not the token.", 401)


@router.post("/logout")
async def leave(request: Request) -> Response:
    """End this session; the form carries the session's CSRF token."""
    gateway: Gateway = request.state.gateway
    caller: Caller = request.state.caller
    if caller.session is None:
        return error(400, "a bearer token has no session to end")
    body = await form(request)
    if not gateway.tokens.allows(caller.session, body.get("csrf", "")):
        return error(403, "the csrf field is missing or wrong")
    gateway.tokens.end(caller.session, gateway.clock.time())
    response = RedirectResponse(f"{gateway.site.http.prefix}/login", 303)
    response.delete_cookie(gateway.cookie(), path=gateway.site.http.prefix or "/")
    return response


async def form(request: Request) -> dict[str, str]:
    """The fields of a small form; more than fits in 4 kB is not read."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST:
            return {}
    fields = parse_qs(body.decode("utf-8", "replace"))
    return {name: values[0] for name, values in fields.items()}


def _local(to: str) -> str:
    """A path on this page; anything that could lead elsewhere becomes the first view."""
    here = to.startswith("/") and not to.startswith("//")
    return to if here and not any(ord(sign) < 33 or sign == "\\" for sign in to) else "/"
