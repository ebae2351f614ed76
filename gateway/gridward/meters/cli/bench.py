"""The commands on a port: scan, convert, set the address, verify, and all of it for one meter or many."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from gridward.meters import label as labels
from gridward.meters import sheet
from gridward.meters.cli.common import WHO, AtSite, By, Desk, Serial, SiteFile, Store, desk, told
from gridward.meters.meter import State
from gridward.meters.outcome import STAGES, Order, Outcome
from gridward.meters.search import Hit
from gridward.meters.workshop import Workshop
from gridward_kit.arguments import BAD, stop

PortUrl = Annotated[str, typer.Argument(help="The adapter that the meter is on.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before an address is written.")]
Extended = Annotated[bool, typer.Option("--extended", help="Wait five minutes where 30 s are usual.")]
Printed = Annotated[bool, typer.Option("--printed", help="Try the address in the label's order first.")]
Kind = Annotated[str | None, typer.Option("--type", help="1phase or 3phase: refuse another model.")]


class AtTerminal:
    """The person at this terminal."""

    def __init__(self, *, yes: bool) -> None:
        self._yes = yes

    async def power_cycle(self, why: str) -> bool:
        return await asyncio.to_thread(
            typer.confirm, f"{why[:1].upper()}{why[1:]}. Is it done, and on again?", default=True
        )

    async def confirm(self, question: str) -> bool:
        if self._yes:
            typer.echo(f"{question} yes")
            return True
        return await asyncio.to_thread(typer.confirm, question, default=False)


def full(
    port: PortUrl,
    serial: Serial,
    by: By = WHO,
    site: SiteFile = None,
    store: Store = None,
    yes: Yes = False,
    extended: Extended = False,
    printed: Printed = False,
) -> None:
    """Take an assigned meter the whole way: convert, set its address, verify, cut the supply, verify."""
    with told():
        here = desk(site, store)
        workshop = here.workshop(port)
        order = workshop.order(serial, by, extended=extended, reverse=not printed)
        person = AtTerminal(yes=yes)
        outcome = _run(lambda tell: workshop.full(order, person, tell))
        _ended(workshop, outcome)


def convert(
    port: PortUrl,
    serial: Annotated[str | None, typer.Option(help="Refuse another meter.")] = None,
    by: By = WHO,
    site: SiteFile = None,
    store: Store = None,
    extended: Extended = False,
    printed: Printed = False,
) -> None:
    """Switch the only meter on the line from DL/T 645 to Modbus, and find it there."""
    with told():
        workshop = desk(site, store).workshop(port)
        order = Order(1, by, serial, extended=extended, reverse=not printed)
        outcome = _run(lambda tell: workshop.convert(order, AtTerminal(yes=False), tell))
        _ended(workshop, outcome)


def set_address(
    port: PortUrl,
    old: Annotated[int, typer.Argument(min=1, max=247, help="The address that it has.")],
    new: Annotated[int, typer.Argument(min=2, max=247, help="The address that it shall have.")],
    kind: Kind = None,
    serial: Annotated[str | None, typer.Option(help="Whose conversion this is, for the journal.")] = None,
    by: By = WHO,
    site: SiteFile = None,
    store: Store = None,
    yes: Yes = False,
) -> None:
    """Give a meter on Modbus another address; its model is identified before anything is written."""
    with told():
        workshop = desk(site, store).workshop(port)
        order = Order(new, by, serial, _phases(kind))
        outcome = _run(lambda tell: workshop.move(order, old, AtTerminal(yes=yes), tell))
        _ended(workshop, outcome)


def _phases(kind: str | None) -> str | None:
    if kind not in (None, "1phase", "3phase"):
        raise ValueError(f"{kind!r} is neither 1phase nor 3phase")
    return kind


def scan(
    port: PortUrl,
    first: Annotated[int, typer.Option("--from", min=1, max=247)] = 1,
    last: Annotated[int, typer.Option("--to", min=1, max=247)] = 247,
    site: SiteFile = None,
    store: Store = None,
) -> None:
    """Ask every address by harmless reads; the inventory's addresses first."""
    with told():
        here = desk(site, store)
        units = range(first, last + 1)
        known = [one.address for one in here.meters() if one.address in units]
        expected = [unit for unit in known if unit is not None]

        async def work() -> int:
            count = 0
            console = Console(stderr=True)
            with Progress(console=console, disable=not console.is_terminal) as progress:
                bar = progress.add_task(f"{port} ...", total=None)
                async for step in here.workshop(port).scan(expected, units):
                    if isinstance(step, Hit):
                        count += 1
                        typer.echo(step.words())
                    else:
                        progress.update(bar, completed=step.done, total=step.of)
            return count

        if not asyncio.run(work()):
            stop(BAD, f"{port}: nobody answered at {first} to {last}")


def verify(
    port: PortUrl,
    unit: Annotated[
        list[int] | None, typer.Argument(help="Addresses; all of the inventory's if none.")
    ] = None,
    by: By = WHO,
    site: SiteFile = None,
    store: Store = None,
    at: AtSite = None,
) -> None:
    """Test meters on the bus: read each, and say Tested OK or Retest Required."""
    with told():
        here = desk(site, store)
        ready = [one for one in here.meters(at) if one.state is not State.ARCHIVED]
        units = unit or [one.address for one in ready if one.address is not None]
        if not units:
            raise ValueError("say which addresses: the inventory has none")

        async def work() -> int:
            bad = 0
            async for tested in here.workshop(port).verify(units, by, at):
                bad += bool(tested.fault)
                typer.echo(tested.words())
            return bad

        if asyncio.run(work()):
            raise typer.Exit(BAD)


def batch(
    port: PortUrl,
    file: Annotated[
        Path | None, typer.Argument(help="A sheet; the inventory's assigned ones if none.")
    ] = None,
    by: By = WHO,
    site: SiteFile = None,
    store: Store = None,
    at: AtSite = None,
    yes: Yes = False,
    extended: Extended = False,
) -> None:
    """Take one meter after the other: connect, convert, label; each goes the whole way."""
    with told():
        here = desk(site, store)
        serials = _wanted(here, file, at, by)
        workshop, person, done = here.workshop(port), AtTerminal(yes=yes), 0
        for place, serial in enumerate(serials, 1):
            meter = here.inventory.need(serial)
            where = f"{place} of {len(serials)}: {serial}, {meter.site}, {meter.building}"
            if not typer.confirm(f"{where}. Connect it alone, supply on. Go?", default=True):
                continue
            order = workshop.order(serial, by, extended=extended)
            outcome = _run(lambda tell, order=order: workshop.full(order, person, tell))  # type: ignore[misc]
            typer.echo(outcome.words())
            if outcome.status == "done":
                done += 1
                typer.echo(f"\n{labels.words(meter)}\n")
            elif escalate := workshop.escalation(serial):
                typer.echo(escalate, err=True)
        typer.echo(f"{done} of {len(serials)} done; reports in {here.folder}")
        if done < len(serials):
            raise typer.Exit(BAD)


def _wanted(here: Desk, file: Path | None, at: str | None, by: str) -> list[str]:
    """The serial numbers of a batch, in the order of their addresses."""
    if file is not None:
        meters = sheet.read(file, here.inventory.rules, here.inventory.all())
        here.inventory.add(meters, here.why(by, f"imported from {file.name}"))
        chosen = {meter.serial for meter in meters}
    every = [one for one in here.meters(at) if one.state is State.ASSIGNED]
    serials = [one.serial for one in every if file is None or one.serial in chosen]
    if not serials:
        raise ValueError("no meter is Assigned there; `gridward meters list` shows what there is")
    return serials


def _run(work: Callable[[Callable[[Outcome, str], None]], Awaitable[Outcome]]) -> Outcome:
    """Run a conversion, each stage and wait on a line; Ctrl+C cancels it and keeps what is known."""
    stages = list(STAGES)

    def tell(outcome: Outcome, words: str) -> None:
        stage = outcome.stage
        done = 0 if stage is None else stages.index(stage) + 1
        typer.echo(f"[{done}/{len(stages)}] {words}")

    async def going() -> Outcome:
        return await work(tell)

    try:
        return asyncio.run(going())
    except KeyboardInterrupt:
        stop(BAD, "cancelled; what is known is kept, run it again to go on")


def _ended(workshop: Workshop, outcome: Outcome) -> None:
    if outcome.status == "done":
        return
    escalate = workshop.escalation(outcome.known.serial)
    stop(BAD, escalate or f"journal: {workshop.folder}")
