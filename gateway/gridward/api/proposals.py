"""What the rules decide, their proposals and a person's overrides as JSON, below `/api/v1/rules`."""

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from gridward.api.ready import RULES
from gridward.api.routes import Answer, Wished, both, final
from gridward.rules.asked import answer, override

router = APIRouter(prefix="/api/v1/rules")

Id = Annotated[str, Path(pattern=r"^[a-z0-9]{1,32}$")]
Output = Annotated[str, Path(pattern=r"^([a-z0-9_]{1,64}\.[a-z0-9_]{1,64}|all|grid)$")]


class Said(BaseModel):
    """A person's answer to a proposal."""

    model_config = ConfigDict(extra="forbid")
    answer: Literal["approve", "decline"]


class Override(BaseModel):
    """A value, `stop` or `auto`; `lasts` as `2h`, else as long as the site file says."""

    model_config = ConfigDict(extra="forbid")
    value: Wished
    lasts: str | None = Field(None, max_length=16)


@router.get("")
async def decisions(request: Request) -> JSONResponse:
    """What is decided of each output and why, what each rule waits for, which overrides hold."""
    gateway, _ = both(request)
    return JSONResponse(dict(gateway.live.rules.get("decisions", {})))


@router.get("/proposals")
async def proposals(request: Request) -> JSONResponse:
    """The open proposals, the oldest first."""
    gateway, _ = both(request)
    return JSONResponse(gateway.live.rules.get("proposals", {}).get("proposals", []))


@router.post("/proposals/{identifier}", response_model=Answer)
async def answered(request: Request, identifier: Id, said: Said) -> Response:
    """Approve or decline a proposal: 200 done, 404 there is none, 409 refused."""
    gateway, caller = both(request)
    asked = answer(gateway.live.rules, identifier, said.answer)
    if asked is None:
        raise HTTPException(404, f"there is no proposal {identifier}: it was answered, or its time is over")
    return await final(gateway.commands.ask(RULES, asked.entity, asked.value, caller.by))


@router.post("/overrides/{output}", response_model=Answer)
async def overridden(request: Request, output: Output, wish: Override) -> Response:
    """Set, stop or release an output by hand for a while; `all` is every output, `grid` the contactor."""
    gateway, caller = both(request)
    asked = override(gateway.live.rules, output, wish.value, wish.lasts)
    if asked is None:
        raise HTTPException(404, f"the rules steer no {output}")
    return await final(gateway.commands.ask(RULES, asked.entity, asked.value, caller.by))
