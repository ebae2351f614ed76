"""The commands that serve: a simulated device, or a real one to a broker."""

import asyncio
import contextlib
import difflib
import logging
import re
import sys
from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer
import voluptuous as vol

from gridward_kit.arguments import (
    BAD,
    USAGE,
    Address,
    DomainArgument,
    FromReport,
    LineSettings,
    Model,
    More,
    OptionalDomain,
    integration,
    options,
    stop,
)
from gridward_kit.arguments import line as settings
from gridward_kit.clock import SystemClock
from gridward_kit.faults import Faults
from gridward_kit.info import Setup
from gridward_kit.integration import Fact, Integration, Simulator
from gridward_kit.mqtt import Broker
from gridward_kit.point import Value
from gridward_kit.replay import serve_report
from gridward_kit.roster import Member
from gridward_kit.runner import Where, run_bus, run_device
from gridward_kit.simulate import serve_pty, serve_tcp

ID = re.compile(r"[a-z0-9_]{1,40}")


def simulate(
    domain: OptionalDomain = None,
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
    address: Address = None,
    beside: Annotated[
        list[str] | None,
        typer.Option(help="INTEGRATION:MODEL:ADDRESS of a further device on this line."),
    ] = None,
    line: LineSettings = None,
    option: More = None,
    from_report: FromReport = None,
) -> None:
    """Serve simulated devices that answer real bytes at the line's true speed."""
    if domain is None or from_report is not None:
        _replay(from_report, link)
        return
    chosen = integration(domain)
    wire = settings(chosen, line)
    device = _simulated(chosen, options(model, address, option))
    devices = [device, *(_beside(token) for token in beside or ())]
    device.refused = frozenset(nak or ())
    _put(chosen, device, value or [])
    faults = Faults(silence=silence, noise=noise, cut=cut, wrong_checksum=wrong_checksum, slow=slow)

    async def serve() -> None:
        if tcp is not None:
            server = await serve_tcp(devices, wire, tcp, faults=faults, turnaround=turnaround, chunk=chunk)
            host, number = server.sockets[0].getsockname()[:2]
            typer.echo(f"socket://{host}:{number}")
            await server.serve_forever()
        served = serve_pty(devices, wire, link=link, faults=faults, turnaround=turnaround, chunk=chunk)
        typer.echo(served.url)
        sys.stdout.flush()
        await asyncio.Event().wait()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())


def _replay(report: Path | None, folder: Path | None) -> None:
    if report is None:
        stop(USAGE, "say which INTEGRATION, or --from-report FILE")

    async def serve() -> None:
        for bus, served in serve_report(report, folder).items():
            typer.echo(f"{bus} {served.url}")
        sys.stdout.flush()
        await asyncio.Event().wait()

    try:
        asyncio.run(serve())
    except KeyboardInterrupt:
        return
    except (OSError, ValueError) as error:
        stop(BAD, str(error))


def _simulated(chosen: Integration, given: dict[str, Fact]) -> Simulator:
    if chosen.simulator is None:
        stop(USAGE, f"{chosen.domain} has no simulator")
    try:
        return chosen.simulator(given)
    except (KeyError, ValueError) as error:
        stop(USAGE, f"{chosen.domain}: {error}")


def _beside(token: str) -> Simulator:
    """A further device, from `daly`, `eastron:sdm230` or `eastron:sdm230:7`."""
    domain, model, address, *_ = f"{token}::".split(":")
    if address and not address.isdigit():
        stop(USAGE, f"{token!r} is not INTEGRATION:MODEL:ADDRESS")
    return _simulated(integration(domain), options(model or None, int(address) if address else None, None))


def _put(chosen: Integration, device: Simulator, pairs: list[str]) -> None:
    """Give the simulated device values of its own."""
    known = device.state.keys() | {row.key for row in chosen.entities({})}
    for pair in pairs:
        key, _, text = pair.partition("=")
        if key not in known:
            nearest = " or ".join(difflib.get_close_matches(key, known)) or "what its README lists"
            stop(USAGE, f"the simulated device has no {key!r}; meant is {nearest}?")
        device.state[key] = _value(text)


def _value(text: str) -> Value:
    return {"true": True, "false": False}.get(text.lower(), _number(text))


def _number(text: str) -> Value:
    try:
        return float(text)
    except ValueError:
        return text


def run(
    domain: DomainArgument,
    port: Annotated[str | None, typer.Argument(help="Its port; a device without one has none.")] = None,
    broker: Annotated[str, typer.Option(help="mqtt://user:password@host:1883")] = "mqtt://127.0.0.1:1883",
    device: Annotated[str, typer.Option(help="Device id: a-z 0-9 _")] = "",
    site: Annotated[str, typer.Option(help="Site id: a-z 0-9 _")] = "home",
    state: Annotated[Path, typer.Option(help="Folder for identity and counters.")] = Path("state"),
    writable: Annotated[bool, typer.Option(help="Take commands.")] = False,
    model: Model = None,
    address: Address = None,
    line: LineSettings = None,
    option: More = None,
) -> None:
    """Publish one device to a broker, with Home Assistant discovery, without the gateway."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    chosen = integration(domain)
    name = device or domain
    for text in (name, site):
        if not ID.fullmatch(text):
            stop(USAGE, f"{text!r} is not an id of 1 to 40 characters a-z, 0-9 and _")
    setup = Setup(id=name, integration=chosen, name=chosen.name, folder=state, writable=writable)
    where = Where(Broker(broker), site, SystemClock(), UTC)
    member = Member(setup, _site_options(chosen, options(model, address, option)))
    if chosen.serve is not None:
        if port is not None:
            stop(USAGE, f"{domain} is not a device on a line: say what it needs with --option KEY=VALUE")
        work = run_device(where, f"device:{name}", member)
    elif port is None:
        stop(USAGE, f"{domain} needs a port, such as /dev/ttyUSB0")
    else:
        work = run_bus(where, f"bus:{name}", port, [member], line=settings(chosen, line), folder=state)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(work)
    except ValueError as error:
        stop(USAGE, str(error))


def _site_options(chosen: Integration, given: dict[str, Fact]) -> dict[str, Fact]:
    """What was given, checked as the site file's keys would be."""
    known = {str(marker.schema) for marker in chosen.options}
    apart = {key: given[key] for key in given if key == "model" and key not in known}
    try:
        kept: dict[str, Fact] = vol.Schema(dict(chosen.options))(
            {key: value for key, value in given.items() if key not in apart}
        )
    except vol.MultipleInvalid as error:
        stop(USAGE, "; ".join(f"{'.'.join(map(str, one.path))}: {one.msg}" for one in error.errors))
    faults = chosen.faults(kept) if chosen.faults else []
    if faults:
        stop(USAGE, "; ".join(faults))
    return kept | apart
