"""Commands at one click from a dashboard: by name, from Grafana's own page, by a viewer whom Grafana knows.

A dashboard holds no secret. That the click is a viewer's is proven by what another site's page cannot
send: Grafana's cookie, its action header, a JSON body, and the origin of the site.
"""

import asyncio
import logging
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from starlette.responses import JSONResponse, Response

from gridward.api.desk import Press, Pressed
from gridward.api.gate import cookie_of, error, own_host, too_many
from gridward.api.gateway import Gateway
from gridward.api.login import LONGEST
from gridward.api.ready import Unready, ready
from gridward.api.routes import STATUS
from gridward.grafana.spec import GrafanaSpec
from gridward.grafana.viewer import Stranger, Viewer, viewer

log = logging.getLogger(__name__)

router = APIRouter(prefix="/api/v1")

MOST_FAULTS = 5
PATIENCE = 15.0  # s for which a click waits for its answer; afterwards the dashboard tells it
ASKS = "this switches power: have the button ask, and send confirmed: true, or link to /confirm"
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,64}$")]


class Click(BaseModel):
    """A command by its name; `confirmed`: the viewer was asked. `id` makes a repeat harmless."""

    model_config = ConfigDict(extra="forbid")
    command: str = Field(max_length=64)
    device: str | None = Field(None, max_length=64)
    proposal: str | None = Field(None, max_length=64)
    confirmed: bool = False
    id: Id | None = None


class Refusal(Exception):
    """Why a click is not taken: the status, and the words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


SCHEMA = {"content": {"application/json": {"schema": Click.model_json_schema()}}, "required": True}


@router.post("/commands", openapi_extra={"requestBody": SCHEMA})
async def clicked(request: Request) -> Response:
    """A click in Grafana. 200 confirmed or unchanged, 202 under way, 409 refused, 502 failed."""
    gateway: Gateway = request.state.gateway
    try:
        spec = _own(gateway, request)
        address = request.client.host if request.client else "local"
        wait = gateway.desk.too_fast(address)
        if wait > 0:
            return too_many(wait, "too many clicks")
        click = await _read(request)
        who = await _viewer(spec, request)
        press = ready(gateway, click.command, click.device, click.proposal)
        pressed = _pressed(gateway, click, press, who)
    except (Refusal, Unready) as refusal:
        log.warning("http: a click in Grafana was not taken: %s", refusal)
        return error(refusal.status, str(refusal))
    await gateway.desk.settled(pressed, PATIENCE)
    return _told(pressed)


def _own(gateway: Gateway, request: Request) -> GrafanaSpec:
    """Raises Refusal unless Grafana's page of this site sent it, so far as its headers say."""
    spec, headers = gateway.site.grafana, request.headers
    if spec is None or not spec.buttons:
        raise Refusal(404, "one-click buttons are off; the site file's part `grafana` has `buttons: Editor`")
    if headers.get("x-grafana-action") != "1":
        raise Refusal(403, "the header X-Grafana-Action is missing: only a dashboard's action may ask here")
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refusal(415, "the body has to be application/json")
    origin = headers.get("origin", "")
    same = origin == spec.origin if spec.origin else own_host(headers, origin)
    if not origin or not same or headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise Refusal(403, "this request came from another site's page; grafana.origin says which is ours")
    return spec


async def _read(request: Request) -> Click:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST:
            raise Refusal(413, "the body is too long")
    try:
        return Click.model_validate_json(body, strict=True)
    except ValidationError as faults:
        told = (": ".join((*map(_key, item["loc"]), item["msg"])) for item in faults.errors()[:MOST_FAULTS])
        raise Refusal(422, "; ".join(told)) from None


def _key(place: int | str) -> str:
    """A key as a log may hold it: a stranger chose it."""
    return ascii(str(place)[:64])[1:-1]


async def _viewer(spec: GrafanaSpec, request: Request) -> Viewer:
    cookie = cookie_of(request.headers, spec.cookie)
    if cookie is None:
        raise Refusal(401, "log in to Grafana; and it has to be behind the same address as the gateway")
    try:
        who = await asyncio.to_thread(viewer, spec, cookie)
    except Stranger as stranger:
        raise Refusal(401, str(stranger)) from None
    except OSError as fault:
        raise Refusal(503, f"Grafana was asked who you are: {fault}") from None
    if not who.may(spec.buttons):
        raise Refusal(403, f"{who.login} is {who.role or 'nobody'} in Grafana; this takes {spec.buttons}")
    return who


def _pressed(gateway: Gateway, click: Click, press: Press, who: Viewer) -> Pressed:
    """Ask for it, unless it was or is being asked for; raises Refusal."""
    if press.asks and not click.confirmed:
        raise Refusal(409, ASKS)
    wait = gateway.desk.too_fast(who.by)
    if wait > 0:
        raise Refusal(429, f"too many clicks; try again in {max(1, round(wait))} s")
    identifier = click.id or gateway.desk.new_id()
    if gateway.desk.known(identifier):
        raise Refusal(409, "this command came before")
    if gateway.desk.busy(press):
        raise Refusal(409, f"{press.place} is being asked for this already")
    return gateway.desk.press(identifier, press, who.by, who.by)


def _told(pressed: Pressed) -> Response:
    result, seconds = pressed.answers[-1] if pressed.answers else (None, 0.0)
    status = "asked" if result is None else result.status
    told = {
        "command": pressed.press.name,
        "status": status,
        "reason": "" if result is None else result.reason,
        "value": None if result is None else result.value,
        "by": pressed.by,
        "seconds": round(seconds, 1),
    }
    return JSONResponse(told, STATUS.get(status, 202))
