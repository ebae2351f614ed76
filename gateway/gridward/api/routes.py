"""Devices, history, audit and commands as JSON, below `/api/v1`."""

import re
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Path, Query, Request
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
)
from starlette.responses import JSONResponse, Response, StreamingResponse

from gridward import payload
from gridward.api.gateway import Caller, Gateway
from gridward.api.told import told_why
from gridward.commands import Result
from gridward.live import LiveDevice

router = APIRouter(prefix="/api/v1")

Name = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,64}$")]
Scalar = StrictBool | StrictInt | StrictFloat | StrictStr
MOST_TEXT = 32_768  # characters of a wish
HALF = re.compile("[\ud800-\udfff]")  # of a surrogate pair: JSON may hold it, UTF-8 cannot
Entity = dict[str, str | bool | int | float | list[str] | list[float] | None]
MOST_STEPS = 5000
LONGEST_STEP = 1e9  # s
STATUS = {"confirmed": 200, "unchanged": 200, "refused": 409, "failed": 502}


def _sendable(value: Scalar) -> Scalar:
    """A value as a command carries it; raises ValueError in words."""
    if payload.sound(value) is None:
        raise ValueError("a number that is not finite, or of more than 64 bits")
    if isinstance(value, str) and (len(value) > MOST_TEXT or HALF.search(value)):
        raise ValueError(f"a text of over {MOST_TEXT} characters, or with half a character in it")
    return value


Wished = Annotated[Scalar, AfterValidator(_sendable)]


class Device(BaseModel):
    """A device as it is now. `age` in seconds since its last answer, None if none came."""

    id: str
    name: str
    kind: str | None
    integration: str | None
    model: str | None
    serial: str | None
    port: str | None
    writable: bool
    available: bool
    age: float | None
    at: str | None
    values: dict[str, Scalar]


class Detail(Device):
    """A device with the description of its entities."""

    entities: dict[str, Entity]


class Wish(BaseModel):
    """A value to set. `id` makes a repeat harmless; `confirm` is the second step of an expert setting."""

    model_config = ConfigDict(extra="forbid")
    value: Wished
    id: str | None = Field(None, min_length=1, max_length=64)
    confirm: bool = False


class Answer(BaseModel):
    """One answer to a command, in the words of the broker's `result`."""

    id: str
    status: Literal["accepted", "confirmed", "unchanged", "refused", "failed"]
    value: Scalar | None
    reason: str
    by: str
    at: str


class HistoryStep(BaseModel):
    """Lowest, mean and highest value of a step that begins at `at` (seconds since 1970)."""

    at: float
    low: float
    mean: float
    high: float


class Me(BaseModel):
    """Who asks, and what a request with a session's cookie has to send as X-CSRF-Token."""

    by: str
    role: Literal["viewer", "operator", "admin"]
    csrf: str | None


@router.get("/session")
async def session(request: Request) -> Me:
    """Who I am."""
    gateway, caller = both(request)
    csrf = None if caller.session is None else gateway.tokens.csrf(caller.session)
    return Me.model_validate({"by": caller.by, "role": caller.role.word, "csrf": csrf})


@router.get("/devices")
async def devices(request: Request) -> list[Device]:
    """All devices that the broker knows, with what is so now."""
    gateway, _ = both(request)
    return [_device(gateway, gateway.live.devices[key]) for key in sorted(gateway.live.devices)]


@router.get("/devices/{device}")
async def device(request: Request, device: Name) -> Detail:
    """One device with its entities."""
    gateway, _ = both(request)
    known = _known(gateway, device)
    entities = {key: dict(row) for key, row in known.entities.items()}
    return Detail.model_validate({**_device(gateway, known).model_dump(), "entities": entities})


@router.get("/history")
async def history(
    request: Request,
    device: Annotated[str, Query(max_length=64)],
    key: Annotated[str, Query(max_length=64)],
    start: Annotated[float, Query(ge=0)],
    end: Annotated[float, Query(ge=0)],
    step: Annotated[float, Query(gt=0, le=LONGEST_STEP)] = 300,
) -> list[HistoryStep]:
    """An entity's recorded numbers; steps in which nothing was recorded are left out."""
    gateway, _ = both(request)
    _window(start, end)
    if (end - start) / step > MOST_STEPS:
        raise HTTPException(422, f"that is more than {MOST_STEPS} steps; ask for longer ones")
    found = await gateway.past.numbers(device, key, start, end, step)
    return [HistoryStep(at=at, low=item.min, mean=item.mean, high=item.max) for at, item in found.items()]


@router.get("/audit")
async def audit(
    request: Request,
    start: Annotated[float, Query(ge=0)] = 0,
    end: Annotated[float | None, Query(ge=0)] = None,
    what: Annotated[str, Query(max_length=128)] = "",
    most: Annotated[int, Query(ge=1, le=5000)] = 500,
) -> JSONResponse:
    """The newest audit events within a time whose `what` contains a text, oldest first."""
    gateway, _ = both(request)
    end = gateway.clock.time() + 1 if end is None else end
    _window(start, end)
    events = await gateway.past.events(
        start, end, lambda event: what in str(event.content.get("what", "")), most
    )
    return JSONResponse([dict(event.content) for event in events])


@router.get("/why")
async def why(
    request: Request,
    what: Annotated[str, Query(max_length=64)] = "contactor",
    entity: Annotated[str | None, Query(max_length=64)] = None,
) -> JSONResponse:
    """Why the contactor, or a device's setting, stands as it stands: sentences from the audit alone."""
    gateway, _ = both(request)
    return JSONResponse({"what": what, "entity": entity, "sentences": await told_why(gateway, what, entity)})


@router.post("/devices/{device}/entities/{key}", response_model=Answer)
async def command(request: Request, device: Name, key: Name, wish: Wish) -> Response:
    """Set a value. Answers when the device has: 200 confirmed or unchanged, 409 refused, 502 failed.

    With `Accept: application/x-ndjson`, one line for each answer as it comes.
    """
    gateway, caller = both(request)
    row = _known(gateway, device).entities.get(key)
    if row is None:
        raise HTTPException(404, f"{device} has no entity {key}")
    if (refusal := gateway.refusal(caller, device, key)) is not None:
        raise HTTPException(403, refusal)
    if row.get("expert") and not wish.confirm:
        raise HTTPException(409, f"{key} is an expert setting; send confirm: true if you mean it")
    results = gateway.commands.ask(device, key, wish.value, caller.by, identifier=wish.id)
    if "application/x-ndjson" in request.headers.get("accept", ""):
        return StreamingResponse(_lines(results), media_type="application/x-ndjson")
    return await final(results)


async def final(results: AsyncIterator[Result]) -> Response:
    """The last answer: 200 confirmed or unchanged, 409 refused, 502 failed."""
    last = [_answer(result) async for result in results][-1]
    return JSONResponse(last.model_dump(), STATUS[last.status])


async def _lines(results: AsyncIterator[Result]) -> AsyncIterator[str]:
    async for result in results:
        yield _answer(result).model_dump_json() + "\n"


def _answer(result: Result) -> Answer:
    return Answer.model_validate(
        {name: getattr(result, name) for name in ("id", "status", "value", "reason", "by", "at")}
    )


def both(request: Request) -> tuple[Gateway, Caller]:
    """What the gate put beside a request: the gateway, and who asks."""
    gateway: Gateway = request.state.gateway
    caller: Caller = request.state.caller
    return gateway, caller


def _known(gateway: Gateway, device: str) -> LiveDevice:
    known = gateway.live.devices.get(device)
    if known is None:
        raise HTTPException(404, f"no device {device}")
    return known


def _window(start: float, end: float) -> None:
    if not start < end < 1e12:
        raise HTTPException(422, "start has to be before end, both in seconds since 1970")


def _device(gateway: Gateway, known: LiveDevice) -> Device:
    now = gateway.clock.monotonic()
    info = {key: known.info.get(key) for key in ("integration", "model", "serial", "port")}
    return Device(
        id=known.id,
        name=known.name,
        kind=known.kind,
        writable=known.info.get("writable") is True,
        available=known.available,
        age=known.age(now),
        at=known.wall,
        values=dict(known.fresh(now)),
        **{key: value if isinstance(value, str) else None for key, value in info.items()},
    )
