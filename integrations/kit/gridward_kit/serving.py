"""The commands that serve: a simulated device, or a real one to a broker."""

import asyncio
import contextlib
import logging
import sys
from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer

from gridward_kit.arguments import (
    USAGE,
    Address,
    DomainArgument,
    Model,
    More,
    PortArgument,
    integration,
    options,
    stop,
)
from gridward_kit.clock import SystemClock
from gridward_kit.faults import Faults
from gridward_kit.info import Setup
from gridward_kit.mqtt import Broker
from gridward_kit.point import Value
from gridward_kit.runner import Member, Where, run_bus
from gridward_kit.simulate import serve_pty, serve_tcp


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
