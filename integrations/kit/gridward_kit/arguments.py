"""What the command line's arguments mean, the same in `gridward-kit` and in `gridward`."""

import contextlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from gridward_kit.integration import Fact, Integration, Line, integrations

USAGE, BAD, NO = 2, 3, 4

DomainArgument = Annotated[str, typer.Argument(metavar="INTEGRATION", help="As `scan` names it.")]
OptionalDomain = Annotated[str | None, typer.Argument(metavar="[INTEGRATION]", help="As `scan` names it.")]
FromReport = Annotated[
    Path | None, typer.Option(help="A report's captures as devices; --link is then a folder.")
]
PortArgument = Annotated[str, typer.Argument(help="Device path, hwgrep://, socket://host:port or hidraw://.")]
Model = Annotated[str | None, typer.Option(help="Model, where it is not to be found out.")]
Address = Annotated[int | None, typer.Option(help="Address of the unit on the line.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts.")]
LineSettings = Annotated[
    str | None, typer.Option("--line", help="Where it is not the usual: 9600-8N1, 2400-8E1, ...")
]
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


def line(chosen: Integration, settings: str | None) -> Line:
    """The integration's line, with the settings that were given."""
    if settings is None:
        return chosen.line
    found = re.fullmatch(r"(\d{3,7})(?:[- ]?([78])([NEO])([12]))?", settings.upper())
    if found is None:
        stop(USAGE, f"{settings!r} is no line: say 9600, or 9600-8N1")
    baud, bits, parity, stops = found.groups()
    usual = chosen.line
    return replace(
        usual,
        baud=int(baud),
        bits=int(bits or usual.bits),
        parity=parity or usual.parity,
        stop=float(stops or usual.stop),
    )


def _fact(text: str) -> Fact:
    with contextlib.suppress(ValueError):
        fact = json.loads(text)
        if isinstance(fact, str | int | float | bool):
            return fact
    return text
