"""The battery's schedule as JSON, below `/api/v1/schedule`."""

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt
from starlette.responses import Response

from gridward.api.gateway import Gateway
from gridward.api.routes import Answer, both, final
from gridward.planning import asked
from gridward.planning.entities import PLAN
from gridward_kit.kept import Json

router = APIRouter(prefix="/api/v1")

Time = Annotated[str, Field(max_length=40)]


class Slot(BaseModel):
    """A time with a power (W; positive charges the battery, negative discharges it) or a mode.

    Times are ISO 8601, in the site's zone where they have no offset; without `start` it starts now.
    """

    model_config = ConfigDict(extra="forbid")
    start: Time | None = None
    end: Time
    power: StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)] | None = None
    mode: Literal["charge", "discharge", "hold"] | None = None


class Slots(BaseModel):
    """The slots of a schedule, or of a request."""

    model_config = ConfigDict(extra="forbid")
    slots: Annotated[list[Slot], Field(min_length=1, max_length=200)]


class Schedule(BaseModel):
    """What is to come, in order of time; outside of it the rules go on without."""

    slots: list[dict[str, str | float | None]]


@router.get("/schedule")
async def schedule(request: Request) -> Schedule:
    """The schedule; 503 while the role `plan` has told none."""
    gateway: Gateway = request.state.gateway
    if gateway.live.slots is None:
        raise HTTPException(503, "the role `plan` has told no schedule yet; does it run?")
    return Schedule.model_validate({"slots": [dict(slot) for slot in gateway.live.slots]})


@router.put("/schedule", response_model=Answer)
async def put(request: Request, wish: Slots) -> Response:
    """Lay slots over the schedule: what they overlap gives way. All of them are taken, or none."""
    gateway, caller = both(request)
    slots: list[dict[str, Json]] = [slot.model_dump(exclude_none=True) for slot in wish.slots]
    return await final(gateway.commands.ask(PLAN, asked.KEY, asked.laid(slots), caller.by))


@router.delete("/schedule", response_model=Answer)
async def delete(
    request: Request,
    start: Annotated[str | None, Query(max_length=40)] = None,
    end: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """Clear the schedule, or what of it lies between two times."""
    gateway, caller = both(request)
    return await final(gateway.commands.ask(PLAN, asked.KEY, asked.cleared(start, end), caller.by))
