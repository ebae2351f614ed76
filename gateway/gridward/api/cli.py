"""`gridward token`: the access tokens of the page and the API."""

from pathlib import Path
from typing import Annotated

import typer

from gridward.api.access import WORDS, Role
from gridward.api.tokens import Tokens
from gridward.config import SiteFault, load
from gridward_kit.arguments import BAD, USAGE, stop

ROLES = ", ".join(WORDS)


def command(
    new: Annotated[bool, typer.Option("--new", help="Make another; the role's one before is void.")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Void the role's token and its sessions.")] = False,
    role: Annotated[str, typer.Option(help=f"What it may do: {ROLES}.")] = Role.ADMIN.word,
    site: Annotated[Path, typer.Option("--site", help="The site file.")] = Path("site.yaml"),
) -> None:
    """Make a new access token, shown once: viewers look, operators command, admins do all."""
    if role not in WORDS or (new and drop):
        stop(USAGE, f"--role is one of {ROLES}" if role not in WORDS else "either --new or --drop")
    try:
        folder = load(site, starting=True).folder
    except SiteFault as fault:
        stop(USAGE, str(fault))
    try:
        made = _change(Tokens(folder), WORDS[role], new=new, drop=drop)
    except (OSError, ValueError) as error:
        stop(BAD, str(error))
    typer.echo(made)


def _change(tokens: Tokens, role: Role, *, new: bool, drop: bool) -> str:
    """What to show; raises ValueError in words where there is nothing."""
    if drop:
        tokens.drop(role)
        return f"the {role.word}'s token is void"
    made = tokens.renew(role) if new else tokens.made if role is Role.ADMIN else None
    if made is None:
        raise ValueError("tokens are kept only as hashes and cannot be shown again; --new makes another")
    return made
