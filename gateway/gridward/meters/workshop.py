"""Where meters are made ready: conversions on a port, kept in the inventory, with journals and reports."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from gridward.meters import report
from gridward.meters.inventory import Event, Inventory
from gridward.meters.journal import Journal
from gridward.meters.meter import TYPES, Meter, State
from gridward.meters.outcome import Known, Order, Outcome, Person, known_from, outcome_from
from gridward.meters.process import HIGHEST_VOLTS, LOWEST_VOLTS, Conversion
from gridward.meters.search import Hit, Tried, search
from gridward.meters.toolline import ToolLine
from gridward.meters.track import Tell
from gridward.site import Site
from gridward_kit.clock import Clock
from gridward_kit.commission import Commission, Unclear
from gridward_kit.errors import DeviceError
from gridward_kit.integration import integrations
from gridward_kit.kept import Json

TRIES = 3
ESCALATE = "this was try {count}: escalate it, with {path}"


def commission() -> Commission:
    """The maker's way that is installed; raises ValueError where none is."""
    found = [one.commission for one in integrations().values() if one.commission is not None]
    if not found:
        raise ValueError(
            "no installed integration says how a fresh meter gets onto Modbus (gridward-chint does)"
        )
    return found[0]


@dataclass(frozen=True, slots=True)
class Tested:
    """A meter on the bus: what it measures, or why that is no proof."""

    unit: int
    serial: str | None
    model: str | None
    reading: dict[str, float]
    fault: str = ""

    def words(self) -> str:
        """One line for a person: tested, or to be tested again."""
        who = f"address {self.unit}" + (f" ({self.serial})" if self.serial else "")
        if self.fault:
            return f"{who}: Retest Required: {self.fault}"
        units = {"voltage": "V", "current": "A", "power": "W", "energy": "kWh"}
        shown = ", ".join(
            f"{self.reading[key]:g} {unit}" for key, unit in units.items() if key in self.reading
        )
        return f"{who}: Tested OK: {self.model}, {shown}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """One adapter, the inventory, and the folder for journals and reports."""

    url: str
    inventory: Inventory
    commission: Commission
    clock: Clock
    folder: Path
    zone: tzinfo
    home: Site | None = None

    def order(self, serial: str, by: str, *, extended: bool = False, reverse: bool = True) -> Order:
        """What is to be done with a meter of the inventory; raises ValueError where it is not assigned."""
        meter = self.inventory.need(serial)
        if meter.address is None or meter.state in (State.UNASSIGNED, State.ARCHIVED):
            raise ValueError(f"{serial} is {meter.state}: assign it first (`gridward meters assign`)")
        return Order(meter.address, by, serial, TYPES[meter.type], extended, reverse)

    async def full(self, order: Order, person: Person, tell: Tell) -> Outcome:
        """The whole way; a success is a proof in the inventory."""
        return await self._going(order, person, tell, lambda one: one.full())

    async def convert(self, order: Order, person: Person, tell: Tell) -> Outcome:
        """Only onto Modbus."""
        return await self._going(order, person, tell, lambda one: one.convert())

    async def move(self, order: Order, old: int, person: Person, tell: Tell) -> Outcome:
        """Only to another address."""
        return await self._going(order, person, tell, lambda one: one.move(old))

    async def scan(self, expected: Iterable[int], units: Iterable[int]) -> AsyncIterator[Hit | Tried]:
        """Who is on the bus; raises PortTrouble."""
        talk = ToolLine(self.url, self.clock, None, self.home)
        try:
            line = self.commission.ready[0]
            async for step in search(self.commission, talk, line, expected=expected, units=units):
                yield step
        finally:
            talk.close()

    async def verify(self, units: Iterable[int], by: str, at: str | None = None) -> AsyncIterator[Tested]:
        """Read each of these; a good one that the inventory knows, at this site, is proven.

        An address that several sites use says nothing about whose meter it is. Raises PortTrouble.
        """
        talk = ToolLine(self.url, self.clock, None, self.home)
        owners = self._owners(at)
        try:
            for unit in units:
                tested = await self._tested(talk, unit, owners.get(unit))
                if tested.serial is not None and not tested.fault:
                    self.inventory.note(Event(tested.serial, self.clock.time(), by, "proof", "tested"))
                yield tested
        finally:
            talk.close()

    def _owners(self, at: str | None) -> dict[int, Meter]:
        """The one meter at each address."""
        found: dict[int, list[Meter]] = {}
        for meter in self.inventory.all():
            if meter.address is not None and meter.state is not State.ARCHIVED and at in (None, meter.site):
                found.setdefault(meter.address, []).append(meter)
        return {address: meters[0] for address, meters in found.items() if len(meters) == 1}

    async def _tested(self, talk: ToolLine, unit: int, meter: Meter | None) -> Tested:
        serial, line = meter.serial if meter else None, self.commission.ready[0]
        try:
            model = (await self.commission.identify(talk, line, unit)).model
            reading = await self.commission.reading(talk, line, unit, model)
        except (DeviceError, Unclear) as error:
            return Tested(unit, serial, None, {}, str(error))
        fault = ""
        if meter is not None and self.commission.models[model] != meter.phases:
            fault = f"a {model} answers where the inventory has a {meter.type}"
        elif not LOWEST_VOLTS <= reading["voltage"] <= HIGHEST_VOLTS:
            fault = f"{reading['voltage']:g} V is outside {LOWEST_VOLTS:g} to {HIGHEST_VOLTS:g} V"
        return Tested(unit, serial, model, reading, fault)

    async def _going(
        self, order: Order, person: Person, tell: Tell, way: Callable[[Conversion], Awaitable[Outcome]]
    ) -> Outcome:
        journal = Journal(self.folder, self.clock)
        if order.serial is not None:
            journal.rename(order.serial)
        talk = ToolLine(self.url, self.clock, journal, self.home)
        kept = _Kept(self, order.by, tell)
        before = self.known(order.serial)
        conversion = Conversion(self.commission, talk, order, person, self.clock, journal, kept, before)
        try:
            return await way(conversion)
        finally:
            talk.close()
            self._keep(conversion.outcome)

    def known(self, serial: str | None) -> Known | None:
        """What was known of a meter when somebody last worked on it, done or broken off."""
        events = self.inventory.events(serial) if serial else []
        told = [event.after for event in events if event.kind == "progress" and event.after]
        return known_from(json.loads(told[-1])) if told else None

    def keep(self, known: Known, by: str, stage: str) -> None:
        """Keep what is known at this moment."""
        if known.serial is not None:
            told = json.dumps(known.to_json())
            self.inventory.note(Event(known.serial, self.clock.time(), by, "progress", stage, after=told))

    def escalation(self, serial: str | None) -> str | None:
        """What to do after too many failed tries of one meter."""
        count = 0
        for one in reversed(outcomes(self.inventory, serial) if serial else []):
            if one.status == "done":
                break
            count += 1
        path = self.folder / f"{serial}.log"
        return ESCALATE.format(count=count, path=path) if count >= TRIES else None

    def _keep(self, outcome: Outcome) -> None:
        """Keep what came of it, and write the meter's report beside its journal."""
        serial, at, by = outcome.known.serial, self.clock.time(), outcome.order.by
        if serial is None:
            return
        kept = json.dumps(outcome.to_json(), ensure_ascii=False)
        self.inventory.note(Event(serial, at, by, "conversion", outcome.status, after=kept))
        proven = outcome.status == "done" and "verify_again" in {one.stage for one in outcome.taken}
        meter = self.inventory.get(serial)
        if proven and meter is not None:
            self.inventory.note(Event(serial, at, by, "proof", "verified"))
        meters = {} if meter is None else {serial: meter}
        page = report.as_html([outcome], meters, self.zone, at)
        (self.folder / f"{serial}.html").write_text(page, "utf-8")
        table = report.as_csv(report.rows([outcome], meters, self.zone))
        (self.folder / f"{serial}.csv").write_text(table, "utf-8")


def outcomes(inventory: Inventory, serial: str | None = None) -> list[Outcome]:
    """All conversions that were kept, of one meter or of all, oldest first."""
    kept = [event.after for event in inventory.events(serial) if event.kind == "conversion"]
    return [outcome_from(json.loads(told)) for told in kept if told]


class _Kept:
    """Keeps what is known as soon as it changes, so that neither a cable nor a supply takes it away."""

    def __init__(self, workshop: Workshop, by: str, tell: Tell) -> None:
        self._workshop, self._by, self._tell = workshop, by, tell
        self._last: dict[str, Json] = {}

    def __call__(self, outcome: Outcome, words: str) -> None:
        told = outcome.known.to_json()
        if told != self._last:
            self._last = told
            self._workshop.keep(outcome.known, self._by, str(outcome.stage or "look"))
        self._tell(outcome, words)
