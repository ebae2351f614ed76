"""`gridward-kit`: an integration serves without the gateway. `gridward` mounts the same commands."""

import asyncio
import contextlib
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from gridward_kit.arguments import (
    BAD,
    NO,
    USAGE,
    Address,
    AsJson,
    DomainArgument,
    LineSettings,
    Model,
    More,
    PortArgument,
    integration,
    options,
    stop,
)
from gridward_kit.arguments import line as settings
from gridward_kit.capture import exchanges
from gridward_kit.clock import SystemClock, iso
from gridward_kit.entity import Entity
from gridward_kit.errors import DeviceError, Refused
from gridward_kit.integration import Identity, Integration, Options, integrations
from gridward_kit.point import Value
from gridward_kit.port import Port
from gridward_kit.reader import Poll, Reader
from gridward_kit.scan import Finding, Step, Trouble, found_ports, scan_port, site_lines
from gridward_kit.serving import run, simulate

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.command()
def decode(
    domain: DomainArgument,
    request: Annotated[
        str | None, typer.Option(help="Hex of the request, or a text protocol's command.")
    ] = None,
    reply: Annotated[str | None, typer.Option(help="Hex of the reply.")] = None,
    model: Model = None,
    capture: Annotated[Path | None, typer.Option(help="Replay a raw capture instead.")] = None,
    as_json: AsJson = False,
) -> None:
    """Decode one answer: a JSON object of values; status 3 for a bad frame, 4 for a refusal."""
    chosen = integration(domain)
    if chosen.decode is None:
        stop(USAGE, f"{domain} has no frames to decode")
    if capture is not None:
        _replay(chosen, model, capture)
        return
    if request is None or reply is None:
        stop(USAGE, "give --request and --reply, or --capture")
    try:
        data = bytes.fromhex(reply)
    except ValueError:
        stop(BAD, f"the reply is not hex: {reply[:40]!r}")
    try:
        values = chosen.decode(model, request, data)
    except Refused as error:
        stop(NO, str(error) or "the device refused")
    except (DeviceError, ValueError) as error:
        stop(BAD, str(error) or "a bad frame")
    _print_values(chosen, values, as_json=as_json or not sys.stdout.isatty())


def _replay(chosen: Integration, model: str | None, capture: Path) -> None:
    if chosen.decode is None:
        return
    try:
        for time, request, answer in exchanges(capture):
            line: dict[str, object] = {"at": time, "request": request.hex()}
            try:
                line["values"] = chosen.decode(model, request.hex(), answer)
            except DeviceError as error:
                line["error"] = f"{type(error).__name__}: {error}"
            typer.echo(json.dumps(line, ensure_ascii=False))
    except (OSError, ValueError) as error:
        stop(BAD, str(error))


def _print_values(chosen: Integration, values: dict[str, Value], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(values, ensure_ascii=False))
        return
    rows: dict[str, Entity] = {row.key: row for row in chosen.entities({})}
    table = Table(box=None, show_header=False, pad_edge=False)
    for key, value in values.items():
        row = rows.get(key)
        unit = row.quantity.unit if row else None
        table.add_row(row.name if row else key, f"{value} {unit or ''}".strip(), f"[dim]{key}[/dim]")
    Console().print(table)


@app.command()
def read(
    domain: DomainArgument,
    port: PortArgument,
    model: Model = None,
    address: Address = None,
    as_json: AsJson = False,
    watch: Annotated[bool, typer.Option(help="Go on until interrupted.")] = False,
    query: Annotated[list[str] | None, typer.Option(help="Only these queries, in this order.")] = None,
    line: LineSettings = None,
    option: More = None,
) -> None:
    """Read a device: all its values, without broker or gateway."""
    chosen = integration(domain)
    more = options(model, address, option)
    there = Port(port, settings(chosen, line), SystemClock())
    try:
        asyncio.run(_read(chosen, there, more, as_json=as_json, watch=watch, only=query or []))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
    except BrokenPipeError:
        raise typer.Exit(0) from None
    except DeviceError as error:
        stop(BAD, str(error))
    except ValueError as error:
        stop(USAGE, str(error))


async def _read(
    chosen: Integration, port: Port, more: Options, *, as_json: bool, watch: bool, only: list[str]
) -> None:
    reader = Reader(chosen, port, more, SystemClock())
    try:
        identity = await reader.identify()
        async with contextlib.aclosing(reader.polls(identity, only)) as polls:
            async for poll in polls:
                _print_poll(chosen, identity, poll, as_json=as_json)
                if not watch:
                    return
    finally:
        port.close()


def _print_poll(chosen: Integration, identity: Identity, poll: Poll, *, as_json: bool) -> None:
    if as_json:
        device = {
            "integration": chosen.domain,
            "model": identity.model,
            "protocol": identity.protocol,
            "serial": identity.serial,
            "firmware": identity.firmware,
        }
        line: dict[str, object] = {"at": iso(poll.at), "device": device, "values": poll.values}
        if poll.errors:
            line["errors"] = poll.errors
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        return
    typer.echo(f"{identity.model} ({identity.protocol}), serial {identity.serial or 'unknown'}")
    _print_values(chosen, poll.values, as_json=False)
    for error in poll.errors:
        typer.echo(error, err=True)


@app.command()
def scan(
    port: Annotated[
        list[str] | None, typer.Argument(help="Ports to try; all that are found if none.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find out what answers where, by harmless reads only, and print the lines for the site file."""
    ports = port or found_ports()
    if not ports:
        stop(BAD, "no serial port and no HID inverter is plugged in; name a port")
    findings = [finding for url in ports for finding in asyncio.run(_scan(url, as_json=as_json))]
    if findings and not as_json:
        typer.echo(f"\nFor the site file:\n\nbuses:\n{site_lines(findings)}")
    if not findings:
        raise typer.Exit(BAD)


async def _scan(url: str, *, as_json: bool) -> list[Finding]:
    """Search one port; what is found is told at once."""
    findings: list[Finding] = []
    troubles = 0
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=30), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(url, total=None)
        async for step in scan_port(url, SystemClock()):
            match step:
                case Finding():
                    findings.append(step)
                    told = json.dumps(step.to_json(), ensure_ascii=False) if as_json else step.words()
                    typer.echo(told)
                case Trouble():
                    troubles += 1
                    typer.echo(step.words, err=True)
                case Step():
                    total = None if step.share is None else 1.0
                    progress.update(task, description=step.words, total=total, completed=step.share or 0)
    if not findings and not troubles and not as_json:
        typer.echo(f"{url}: nothing answered that an installed integration knows")
    return findings


app.command("detect")(scan)
app.command()(simulate)
app.command()(run)


@app.command()
def check(
    tree: Annotated[Path | None, typer.Argument(help="A checkout, to check its files too.")] = None,
) -> None:
    """Check every installed integration: keys, units, settings, frames, imports, words."""
    from gridward_kit.check import check as faults  # noqa: PLC0415 - only checkers pay for it

    found = faults(tree)
    for fault in found:
        typer.echo(fault, err=True)
    if found:
        stop(1, f"{len(found)} faults")
    typer.echo(f"{len(integrations())} integrations checked: no fault")


if __name__ == "__main__":
    app()
