"""The FastAPI app: everything below `/api/v1`, `/healthz` and the login, behind one gate."""

from fastapi import FastAPI, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Match

from gridward.api import clicks, confirm, keyring, login, proposals, routes, schedule
from gridward.api.attempts import Attempts
from gridward.api.attempts import commands as paced
from gridward.api.desk import Desk
from gridward.api.gate import Gate, error
from gridward.api.gateway import Gateway
from gridward.api.past import Past
from gridward.api.tokens import Tokens
from gridward.commands import Commands
from gridward.live import Live
from gridward.recorder.history import History
from gridward.site import Site
from gridward_kit.clock import Clock

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
STARTING = 60.0  # s in which the broker need not have told anything yet


def create_app(
    site: Site, live: Live, commands: Commands, history: History, clock: Clock, tokens: Tokens
) -> FastAPI:
    """The API of a site, behind its gate."""
    gateway = Gateway(
        site=site,
        live=live,
        commands=commands,
        past=Past(history),
        clock=clock,
        tokens=tokens,
        attempts=Attempts(),
        desk=Desk(commands, clock),
        pace=paced(),
    )
    app = FastAPI(
        title=f"Gridward: {site.name}",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # its scripts would come from the internet
        redoc_url=None,
        redirect_slashes=False,
    )
    app.add_middleware(Gate, gateway=gateway)
    app.include_router(login.router)
    app.include_router(confirm.router)
    app.include_router(clicks.router)
    app.include_router(proposals.router, dependencies=[Security(HTTPBearer(auto_error=False))])
    app.include_router(schedule.router, dependencies=[Security(HTTPBearer(auto_error=False))])
    app.include_router(keyring.router, dependencies=[Security(HTTPBearer(auto_error=False))])
    app.include_router(routes.router, dependencies=[Security(HTTPBearer(auto_error=False))])
    app.add_exception_handler(HTTPException, _in_words)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(OSError, _broken)
    _health(app, live, clock)
    _nowhere(app)
    app.state.gateway = gateway
    return app


def _health(app: FastAPI, live: Live, clock: Clock) -> None:
    began = clock.monotonic()

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> JSONResponse:
        """200 while states come in, 503 with the reason when none has for a minute."""
        now = clock.monotonic()
        newest = max((device.at for device in live.devices.values() if device.at is not None), default=began)
        if now - newest > STARTING:
            silent = f"no device has said anything for {now - newest:.0f} s"
            return JSONResponse({"status": silent, "error": silent}, 503)
        return JSONResponse({"status": "ok"})


def _nowhere(app: FastAPI) -> None:
    """What is asked for below `/api` and is not there is told as everything else there, not as a page."""
    known = list(app.router.routes)

    @app.api_route("/api/{rest:path}", methods=METHODS, include_in_schema=False)
    async def nowhere(request: Request) -> JSONResponse:
        path = request.url.path[:100]
        asked = [(method, {**request.scope, "method": method}) for method in METHODS]
        allowed = [
            method for method, scope in asked if any(one.matches(scope)[0] is Match.FULL for one in known)
        ]
        if not allowed:
            return error(404, f"there is nothing at {path}; /api/v1/openapi.json says what is there")
        words = f"{request.method} is not for {path}, but {' and '.join(allowed)}"
        return error(405, words, {"Allow": ", ".join(allowed)})


async def _in_words(_: Request, problem: Exception) -> JSONResponse:
    status = problem.status_code if isinstance(problem, HTTPException) else 500
    return error(status, str(getattr(problem, "detail", problem)))


async def _invalid(_: Request, problem: Exception) -> JSONResponse:
    faults = problem.errors() if isinstance(problem, RequestValidationError) else []
    told = (
        f"{'.'.join(str(part) for part in item['loc'][1:])}: {item['msg'].removeprefix('Value error, ')}"
        for item in faults
    )
    return error(422, "; ".join(told))


async def _broken(_: Request, problem: Exception) -> JSONResponse:
    return error(503, str(problem))
