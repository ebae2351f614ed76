"""`gridward-kit`: an integration serves without the gateway. `gridward` mounts the same commands."""

import asyncio
import contextlib
import json
import logging
import sys
from datetime import UTC
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from gridward_kit.capture import exchanges
from gridward_kit.clock import SystemClock, iso
from gridward_kit.device import Setup
from gridward_kit.entity import Entity
from gridward_kit.errors import DeviceError, Refused
from gridward_kit.integration import Fact, Identity, Integration, Options, integrations
from gridward_kit.mqtt import Broker
from gridward_kit.point import Value
from gridward_kit.port import Port
from gridward_kit.reader import Poll, Reader
from gridward_kit.runner import Member, Where, run_bus
from gridward_kit.scan import Finding, found_ports, scan_port
from gridward_kit.simulate import Faults, serve_pty, serve_tcp

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

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
    option: More = None,
) -> None:
    """Read a device: all its values, without broker or gateway."""
    chosen = integration(domain)
    try:
        asyncio.run(
            _read(
                chosen, port, options(model, address, option), as_json=as_json, watch=watch, only=query or []
            )
        )
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
    except BrokenPipeError:
        raise typer.Exit(0) from None
    except DeviceError as error:
        stop(BAD, str(error))
    except ValueError as error:
        stop(USAGE, str(error))


async def _read(
    chosen: Integration, url: str, more: Options, *, as_json: bool, watch: bool, only: list[str]
) -> None:
    clock = SystemClock()
    port = Port(url, chosen.line, clock)
    reader = Reader(chosen, port, more, clock)
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
    findings = [finding for url in ports for finding in asyncio.run(_scan(url, quiet=as_json))]
    if as_json:
        for finding in findings:
            typer.echo(json.dumps(finding.to_json(), ensure_ascii=False))
    elif findings:
        typer.echo("\nFor the site file:\n\nbuses:")
        for finding in findings:
            typer.echo(finding.site_lines())
    if not findings:
        raise typer.Exit(BAD)


async def _scan(url: str, *, quiet: bool) -> list[Finding]:
    findings = []
    with Console(stderr=True).status(f"{url} ...") as status:
        async for step in scan_port(url, SystemClock()):
            if isinstance(step, Finding):
                findings.append(step)
                if not quiet:
                    typer.echo(step.words())
            else:
                status.update(step)
    if not findings and not quiet:
        typer.echo(f"{url}: nothing answered that an installed integration knows")
    return findings


app.command("detect")(scan)


@app.command()
def simulate(
    domain: DomainArgument,
    model: Model = None,
    link: Annotated[Path | None, typer.Option(help="A path to reach the pseudo-terminal by.")] = None,
    tcp: Annotated[
        int | None, typer.Option(help="A loopback TCP port in place of a pseudo-terminal.")
    ] = None,
    noise: Annotated[float, typer.Option(help="Share of answer bytes that are changed.")] = 0.0,
    cut: Annotated[float, typer.Option(help="Share of answers that break off.")] = 0.0,
    wrong_checksum: Annotated[float, typer.Option(help="Share of answers with a flipped bit.")] = 0.0,
    slow: Annotated[float, typer.Option(help="Seconds added to each turnaround.")] = 0.0,
    silence: Annotated[bool, typer.Option(help="Do not answer at all.")] = False,
    nak: Annotated[list[str] | None, typer.Option(help="Queries to refuse.")] = None,
    turnaround: Annotated[float, typer.Option(help="Seconds from request to answer.")] = 0.02,
    chunk: Annotated[int, typer.Option(help="Bytes that go out at once, as a USB adapter's buffer.")] = 1,
    value: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE of the device's state.")] = None,
    option: More = None,
) -> None:
    """Serve a simulated device that answers real bytes at the line's true speed."""
    chosen = integration(domain)
    if chosen.simulator is None:
        stop(USAGE, f"{domain} has no simulator")
    device = chosen.simulator(options(model, None, option))
    device.refused = frozenset(nak or ())
    for pair in value or []:
        key, _, text = pair.partition("=")
        device.state[key] = _value(text)
    faults = Faults(silence=silence, noise=noise, cut=cut, wrong_checksum=wrong_checksum, slow=slow)

    async def serve() -> None:
        if tcp is not None:
            server = await serve_tcp(
                [device], chosen.line, tcp, faults=faults, turnaround=turnaround, chunk=chunk
            )
            host, number = server.sockets[0].getsockname()[:2]
            typer.echo(f"socket://{host}:{number}")
            await server.serve_forever()
        served = serve_pty(
            [device], chosen.line, link=link, faults=faults, turnaround=turnaround, chunk=chunk
        )
        typer.echo(served.url)
        sys.stdout.flush()
        await asyncio.Event().wait()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())


def _value(text: str) -> Value:
    return {"true": True, "false": False}.get(text.lower(), _number(text))


def _number(text: str) -> Value:
    try:
        return float(text)
    except ValueError:
        return text


@app.command()
def run(
    domain: DomainArgument,
    port: PortArgument,
    broker: Annotated[str, typer.Option(help="mqtt://user:password@host:1883")] = "mqtt://127.0.0.1:1883",
    device: Annotated[str, typer.Option(help="Device id: a-z 0-9 _")] = "",
    site: Annotated[str, typer.Option(help="Site id: a-z 0-9 _")] = "home",
    state: Annotated[Path, typer.Option(help="Folder for identity and counters.")] = Path("state"),
    writable: Annotated[bool, typer.Option(help="Take commands.")] = False,
    model: Model = None,
    address: Address = None,
    option: More = None,
) -> None:
    """Publish one device to a broker, with Home Assistant discovery, without the gateway."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    chosen = integration(domain)
    name = device or domain
    setup = Setup(id=name, integration=chosen, name=chosen.name, folder=state, writable=writable)
    where = Where(Broker(broker), site, SystemClock(), UTC)
    member = Member(setup, options(model, address, option))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run_bus(where, f"bus:{name}", port, [member], line=chosen.line))


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
