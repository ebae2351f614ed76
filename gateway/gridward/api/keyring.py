"""The roles' tokens as JSON, below `/api/v1/tokens`; for admins."""

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Path, Request
from pydantic import BaseModel

from gridward.api.access import TOKENS, WORDS
from gridward.api.gateway import Gateway

router = APIRouter(prefix=TOKENS)

Word = Annotated[Literal["viewer", "operator", "admin"], Path()]


class Made(BaseModel):
    """A new token; it is shown only here."""

    role: str
    token: str


@router.get("")
async def held(request: Request) -> dict[str, bool]:
    """Which roles have a token. Nobody can see the tokens themselves: only hashes are kept."""
    gateway: Gateway = request.state.gateway
    has = gateway.tokens.roles()
    return {word: role in has for word, role in WORDS.items()}


@router.post("/{role}", status_code=201)
async def renew(request: Request, role: Word) -> Made:
    """Make a role's token; the one before and its sessions are void at once."""
    gateway: Gateway = request.state.gateway
    return Made(role=role, token=gateway.tokens.renew(WORDS[role]))


@router.delete("/{role}", status_code=204)
async def drop(request: Request, role: Word) -> None:
    """Void a role's token and its sessions; the admin's can only be renewed: 409."""
    gateway: Gateway = request.state.gateway
    try:
        gateway.tokens.drop(WORDS[role])
    except ValueError as error:
        raise HTTPException(409, str(error)) from None
