"""The inventory of meters: who waits for what, coloured by state, filtered; one meter; labels to print."""

import asyncio
from datetime import date, datetime
from html import escape

from nicegui import ui
from starlette.responses import HTMLResponse

from gridward.api.gateway import Gateway
from gridward.meters import label, report
from gridward.meters.inventory import Event, Inventory
from gridward.meters.meter import ORDER, WAITS_FOR, AddressRules, Meter, State, colour, overdue
from gridward.meters.sheet import TITLES
from gridward.page.figures import DASH
from gridward.page.parts import Tag
from gridward.recorder.trouble import Faulty, explain

AGAIN = 5.0
HEAD = ("Serial number", "Type", "Site", "Building", "Address", "Status", "Since", "By", "Waits for")


def inventory_of(gateway: Gateway) -> Inventory:
    """The inventory in the site's store."""
    return Inventory(gateway.site.record.store, AddressRules(gateway.site.meters.lowest_address))


def today_of(gateway: Gateway) -> date:
    """The day where the site is."""
    return datetime.fromtimestamp(gateway.clock.time(), gateway.site.time_zone).date()


def tabs(gateway: Gateway, here: str) -> None:
    """The ways between the views of meters."""
    prefix = gateway.site.http.prefix
    with Tag("nav", dress="tabs", aria_label="Meters"):
        for path, word in (("/meters", "Inventory"), ("/meters/convert", "Convert")):
            link = Tag("a", word, href=prefix + path)
            if path == here:
                link.set(aria_current="page")
        Tag("a", "Labels to print", href=f"{prefix}/meters/labels", target="_blank")


class Listed:
    """The table; it is made anew only when something in it changed."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway, self._wanted, self._state = gateway, "", ""
        self._seen: tuple[object, ...] = ()
        self._meters: list[Meter] = []
        tabs(gateway, "/meters")
        self._states = Tag("div", dress="states", role="group", aria_label="Filter by status")
        Tag("label", "Filter the meters", "only-read", for_="filter")
        search = Tag("input", dress="search", id="filter", type="search", autocomplete="off")
        search.set(placeholder="Filter: a serial number, a site, a building, a person")
        search.on("input", self._filter, js_handler="(event) => emit(event.target.value)", throttle=0.3)
        with Tag("section", dress="card wide", aria_label="Inventory"):
            self._empty = Tag("p", "Reading the inventory …", "empty")
            self._table = Tag("table", dress="rows meters gone")
        ui.timer(AGAIN, self.look)

    async def look(self) -> None:
        """Read the inventory and show what matches."""
        try:
            self._meters = await asyncio.to_thread(inventory_of(self._gateway).all)
        except Faulty as error:
            trouble = explain(error)
            self._empty.dress("empty")
            self._empty.say(f"The inventory cannot be read: {trouble.reason}; {trouble.remedy}")
            return
        self._draw()

    def _draw(self) -> None:
        today, rules = today_of(self._gateway), AddressRules(self._gateway.site.meters.lowest_address)
        seen = (tuple(self._meters), self._wanted, self._state, today)
        if seen == self._seen:
            return
        self._seen = seen
        self._filters(today)
        rows = [meter for meter in self._meters if self._matches(meter, today)]
        none = "No meter is in the inventory yet. `gridward meters import SHEET.xlsx` brings some in."
        self._empty.say("Nothing matches." if self._meters else none)
        self._empty.dress("gone" if rows else "empty")
        self._table.dress("rows meters" if rows else "gone")
        self._table.clear()
        with self._table:
            with Tag("thead"), Tag("tr"):
                for title in HEAD:
                    Tag("th", title, "soft small", scope="col")
            with Tag("tbody"):
                for meter in rows:
                    self._row(meter, colour(meter, today, rules), overdue(meter, today))

    def _filters(self, today: date) -> None:
        self._states.clear()
        late = sum(overdue(meter, today) is not None for meter in self._meters)
        counts = {state: sum(meter.state is state for meter in self._meters) for state in ORDER}
        with self._states:
            self._chip("", f"All {len(self._meters)}", "every")
            self._chip("overdue", f"Overdue {late}", "red")
            for state, count in counts.items():
                if count:
                    self._chip(state, f"{state} {count}", state.name.lower())

    def _chip(self, wanted: str, words: str, dress: str) -> None:
        chip = Tag("button", words, f"chip {dress}", type="button")
        chip.set(aria_pressed="true" if wanted == self._state else "false")
        chip.on("click", lambda: self._choose(wanted))

    def _choose(self, wanted: str) -> None:
        self._state = wanted
        self._draw()

    def _filter(self, event: object) -> None:
        self._wanted = str(getattr(event, "args", "") or "")
        self._draw()

    def _matches(self, meter: Meter, today: date) -> bool:
        if self._state == "overdue" and overdue(meter, today) is None:
            return False
        if self._state not in ("", "overdue", meter.state):
            return False
        _, by = meter.reached(meter.state)
        words = (
            f"{meter.serial} {meter.type} {meter.site} {meter.building} {meter.address} {by} {meter.notes}"
        )
        return all(word in words.lower() for word in self._wanted.lower().split())

    def _row(self, meter: Meter, shade: str, late: str | None) -> None:
        on, by = meter.reached(meter.state)
        prefix = self._gateway.site.http.prefix
        with Tag("tr", dress="late" if shade == "red" else ""):
            with Tag("td", dress="what"):
                Tag("a", meter.serial, href=f"{prefix}/meters/{meter.serial}")
            for cell in (meter.type, meter.site or DASH, meter.building or DASH):
                Tag("td", cell)
            Tag("td", DASH if meter.address is None else str(meter.address), "number")
            with Tag("td"):
                Tag("span", str(meter.state), f"chip {meter.state.name.lower()}")
            Tag("td", on.isoformat() if on else DASH, "soft")
            Tag("td", by or DASH, "soft")
            Tag("td", late or WAITS_FOR.get(meter.state, ""), "fault-words" if late else "soft small")


async def meter(gateway: Gateway, serial: str) -> None:
    """One meter: its record, what is proven, and every change."""
    tabs(gateway, "")
    inventory = inventory_of(gateway)
    try:
        found = await asyncio.to_thread(inventory.get, serial)
        events = await asyncio.to_thread(inventory.events, serial)
        proven = await asyncio.to_thread(inventory.proven, serial)
    except Faulty as error:
        Tag("p", f"The inventory cannot be read: {explain(error).reason}", "card empty")
        return
    if found is None:
        Tag("p", f"The inventory has no meter {serial}.", "card empty")
        return
    with Tag("section", dress="card", aria_label="Record"):
        with Tag("div", dress="title"):
            Tag("h2", serial)
            Tag("span", str(found.state), f"chip {found.state.name.lower()}")
            Tag("span", overdue(found, today_of(gateway)) or "", "fault-words")
        with Tag("dl", dress="pairs"):
            for word, value in _pairs(found, proven):
                Tag("dt", word)
                Tag("dd", value)
    with Tag("section", dress="card wide", aria_label="Changes"):
        Tag("h2", "Changes")
        with Tag("table", dress="rows audit"), Tag("tbody"):
            for event in reversed([one for one in events if one.kind != "progress"]):
                _event(gateway, event)


def _pairs(found: Meter, proven: frozenset[str]) -> list[tuple[str, str]]:
    pairs = [
        ("Type", found.type),
        ("Site", found.site or DASH),
        ("Building", found.building or DASH),
        ("Address", DASH if found.address is None else str(found.address)),
    ]
    for state in ORDER:
        on, by = found.reached(state)
        if on is not None or by:
            pairs.append((str(state), f"{on or DASH} {by}"))
    return [*pairs, ("Proven", ", ".join(sorted(proven)) or DASH), ("Notes", found.notes or DASH)]


def _event(gateway: Gateway, event: Event) -> None:
    change = f"{event.before or DASH} → {event.after or DASH}" if event.kind == "changed" else ""
    with Tag("tr"):
        Tag("td", TITLES.get(event.what, event.what), "what")
        Tag("td", report.moment(event.at, gateway.site.time_zone), "when")
        Tag("td", change or event.kind)
        Tag("td", event.who, "soft")
        Tag("td", event.reason, "reason")


async def labels(gateway: Gateway) -> HTMLResponse:
    """A page of labels for all meters that have an address and are not yet on their site."""
    waiting = (State.ASSIGNED, State.CONVERTED)
    try:
        every = await asyncio.to_thread(inventory_of(gateway).all)
    except Faulty as error:
        return HTMLResponse(f"The inventory cannot be read: {escape(explain(error).reason)}", 503)
    return HTMLResponse(
        label.as_html(one for one in every if one.address is not None and one.state in waiting)
    )
