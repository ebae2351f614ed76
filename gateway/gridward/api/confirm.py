"""The page that a dashboard's links lead to: it says what will happen, asks, and shows what becomes of it.

Showing changes nothing. A press wants the session's CSRF token and the id under which the command was
shown, which is good once. Plain pages without a script.
"""

import asyncio
import html
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gridward.api.access import Role, lacking
from gridward.api.desk import Press, Pressed
from gridward.api.gate import cookie_of, error, too_many
from gridward.api.gateway import Caller, Gateway
from gridward.api.login import FOLDER, STYLE, form
from gridward.api.named import PROPOSALS
from gridward.api.ready import Unready, ready
from gridward.api.routes import both
from gridward.grafana.viewer import Stranger, viewer
from gridward.page import rulewords, sentences
from gridward.rules import asked

router = APIRouter(include_in_schema=False)

PAGE = (FOLDER / "confirm.html").read_text("utf-8")
AGAIN = "This was asked for already, or the page is older than 10 minutes. Open the link once more."
Word = Annotated[str | None, Query(max_length=64)]


@router.get("/confirm")
async def show(
    request: Request, command: Word = None, device: Word = None, proposal: Word = None
) -> Response:
    """What a command will do, and the button that asks for it."""
    gateway, caller = both(request)
    if command in PROPOSALS and proposal is None and len(_open(gateway)) > 1:
        return page(gateway, "Which proposal?", "Several are open.", _choice(gateway, command))
    try:
        press = ready(gateway, command or "", device, proposal)
    except Unready as why:
        return _trouble(gateway, f"{why}.", why.status)
    return page(gateway, press.title, press.place, _asking(gateway, caller, press))


@router.post("/confirm")
async def act(request: Request) -> Response:
    """Ask for what was shown, once."""
    gateway, caller = both(request)
    if caller.session is None:
        return error(
            403, "this page is for a session; POST /api/v1/devices/DEVICE/entities/KEY takes a token"
        )
    body = await form(request)
    if not gateway.tokens.allows(caller.session, body.get("csrf", "")):
        return error(403, "the csrf field is missing or wrong")
    wait = gateway.too_fast(caller)
    if wait > 0:
        return too_many(wait, "too many commands")
    identifier, owner = body.get("id", ""), caller.session.id
    by = await _name(gateway, request, caller)
    if gateway.desk.find(identifier, owner) is None:
        press = gateway.desk.take(identifier, owner)
        if press is None:
            return _trouble(gateway, AGAIN, 409)
        gateway.desk.press(identifier, press, by, owner)
    return RedirectResponse(f"{gateway.site.http.prefix}/confirm/{identifier}", 303)


@router.get("/confirm/{identifier}")
async def became(request: Request, identifier: str) -> Response:
    """What became of it; loads itself anew each second until that is final."""
    gateway, caller = both(request)
    owner = "" if caller.session is None else caller.session.id
    pressed = gateway.desk.find(identifier, owner)
    if pressed is None:
        return _trouble(gateway, "Nothing was asked for here, or longer than an hour ago.", 404)
    seconds = gateway.clock.monotonic() - pressed.began
    headers = {} if pressed.final else {"Refresh": "1"}
    content = _steps(pressed, seconds)
    return page(gateway, pressed.press.title, pressed.press.place, content, headers=headers)


async def _name(gateway: Gateway, request: Request, caller: Caller) -> str:
    """Who the audit says it was: by Grafana's word where it is behind the same proxy, else the address."""
    spec = gateway.site.grafana
    cookie = None if spec is None else cookie_of(request.headers, spec.cookie)
    if spec is None or cookie is None:
        return caller.by
    try:
        who = await asyncio.to_thread(viewer, spec, cookie)
    except (Stranger, OSError):
        return caller.by
    return f"page:{who.login}"[:64]


def _asking(gateway: Gateway, caller: Caller, press: Press) -> str:
    stands = "" if press.stands is None else f"<dl><dt>Stands at</dt><dd>{_safe(press.stands)}</dd></dl>"
    about = f'<p class="does">{_safe(press.does)}</p>{stands}'
    if press.stands == press.value:
        return f'{about}<p role="status">It stands so already.</p>'
    if caller.session is None or caller.role < Role.OPERATOR:
        return f'{about}<p class="bad" role="alert">{_safe(lacking(caller.role, Role.OPERATOR))}</p>'
    hidden = {"csrf": gateway.tokens.csrf(caller.session), "id": gateway.desk.show(press, caller.session.id)}
    fields = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in hidden.items())
    action = f"{gateway.site.http.prefix}/confirm"
    return (
        f'{about}<form method="post" action="{action}">{fields}<button type="submit" autofocus>Do it</button>'
        f'</form><a class="button" href="{gateway.site.http.prefix}/controls">Leave it</a>'
    )


def _steps(pressed: Pressed, seconds: float) -> str:
    """Asked, accepted, and how it ended, each with the seconds until then."""
    found = [_step("Asked", "", 0.0)]
    for result, after in pressed.answers:
        said = sentences.outcome(result.status, result.value, result.reason, after)
        words = "Confirmed: read back" if result.status == "confirmed" else said.text
        found.append(_step(words, said.tone, after))
    if not pressed.final:
        found.append(_step("Waiting for an answer …", "", seconds))
    return f'<ol role="status">{"".join(found)}</ol><dl><dt>By</dt><dd>{_safe(pressed.by)}</dd></dl>'


def _step(words: str, tone: str, after: float) -> str:
    return f'<li><span class="{tone}">{_safe(words)}</span><span class="after">{after:.1f}\u00a0s</span></li>'


def _open(gateway: Gateway) -> list[rulewords.Told]:
    return [one for one in asked.proposals(gateway.live.rules) if one.get("status") == "open"]


def _choice(gateway: Gateway, command: str) -> str:
    rows = []
    for one in _open(gateway):
        query = urlencode({"command": command, "proposal": rulewords.text(one, "id")})
        change = f"{rulewords.text(one, 'output')} {rulewords.value(one, 'value')}"
        href = _safe(f"{gateway.site.http.prefix}/confirm?{query}")
        rows.append(f'<a class="button" href="{href}">{_safe(change)}</a>')
    return "".join(rows)


def _trouble(gateway: Gateway, words: str, status: int) -> Response:
    told = f'<p class="bad" role="alert">{_safe(words[:1].upper() + words[1:])}</p>'
    return page(gateway, "Nothing to ask for", "Nothing was sent.", told, status)


def page(
    gateway: Gateway,
    title: str,
    place: str,
    content: str,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    """A plain page; `content` is HTML, everything else is text."""
    filled = PAGE.format(
        style=STYLE,
        title=_safe(title),
        place=_safe(place),
        site=_safe(gateway.site.name),
        prefix=gateway.site.http.prefix,
        content=content,
    )
    return HTMLResponse(filled, status, headers)


def _safe(text: str) -> str:
    return html.escape(text, quote=True)
