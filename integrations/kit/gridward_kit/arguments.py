"""What the command line's arguments mean, the same in `gridward-kit` and in `gridward`."""

import contextlib
import json
from typing import Annotated, NoReturn

import typer

from gridward_kit.integration import Fact, Integration, integrations

USAGE, BAD, NO = 2, 3, 4

DomainArgument = Annotated[str, typer.Argument(metavar="INTEGRATION", help="As `scan` names it.")]
PortArgument = Annotated[str, typer.Argument(help="Device path, hwgrep://, socket://host:port or hidraw://.")]
Model = Annotated[str | None, typer.Option(help="Model, where it is not to be found out.")]
Address = Annotated[int | None, typer.Option(help="Address of the unit on the line.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts.")]
More = Annotated[list[str] | None, typer.Option("--option", "-o", help="Further KEY=VALUE of the site file.")]


def stop(status: int, text: str) -> NoReturn:
    """End with one line on the error output."""
    typer.echo(text, err=True)
    raise typer.Exit(status)


def integration(domain: str) -> Integration:
    """The installed integration of this name."""
    known = integrations()
    if domain not in known:
        stop(USAGE, f"no integration {domain!r}; installed: {', '.join(known)}")
    return known[domain]


def options(model: str | None, address: int | None, more: list[str] | None) -> dict[str, Fact]:
    """The options that a site file would give, from the command line."""
    chosen: dict[str, Fact] = {}
    for pair in more or []:
        key, equals, text = pair.partition("=")
        if not equals:
            stop(USAGE, f"{pair!r} is not KEY=VALUE")
        chosen[key] = _fact(text)
    if model is not None:
        chosen["model"] = model
    if address is not None:
        chosen["address"] = address
    return chosen


def _fact(text: str) -> Fact:
    with contextlib.suppress(ValueError):
        fact = json.loads(text)
        if isinstance(fact, str | int | float | bool):
            return fact
    return text
