"""Converting meters on the page: choose, start, watch the log, answer what somebody at the meter is asked."""

import asyncio
from pathlib import Path

from nicegui import ui

from gridward.api.gateway import Caller, Gateway
from gridward.meters.meter import Meter, State
from gridward.meters.session import Batch, Session
from gridward.meters.workshop import Workshop, commission
from gridward.page.metersview import inventory_of, tabs
from gridward.page.parts import Tag
from gridward.page.shell import every_second
from gridward.recorder.trouble import Faulty, explain
from gridward_kit.scan import found_ports

SESSION = Session()
"""One bench for all who look at the page: a line has one user."""

ALL = "all"


class Bench:
    """The form above, the question between, the log below."""

    def __init__(self, gateway: Gateway, caller: Caller) -> None:
        self._gateway, self._caller = gateway, caller
        self._port, self._serial, self._by, self._extended = "", "", "", False
        self._waiting: list[Meter] = []
        self._shown = -1
        self._asked: object = None
        tabs(gateway, "/meters/convert")
        with Tag("section", dress="card", aria_label="Convert"):
            Tag("h2", "Convert")
            Tag("p", "One meter alone on an adapter of its own, never on that of the running site.", "empty")
            with Tag("div", dress="form"):
                self._fields()
            self._words = Tag("p", dress="told fault", role="status")
        self._question = Tag("section", dress="gone", aria_label="Question", role="alertdialog")
        with Tag("section", dress="card wide", aria_label="Log"):
            with Tag("div", dress="title"):
                Tag("h2", "Log")
                self._state = Tag("span", dress="mark small")
            self._log = Tag("pre", dress="log", aria_live="polite")
        ui.timer(0.1, self.load, once=True)
        every_second(self.look)

    def _fields(self) -> None:
        Tag("label", "Adapter", for_="port")
        port = Tag("input", id="port", list="ports", autocomplete="off", placeholder="/dev/ttyUSB1")
        port.on("input", self._set_port, js_handler="(event) => emit(event.target.value)")
        self._ports = Tag("datalist", id="ports")
        Tag("label", "Meter", for_="meter")
        self._choice = Tag("select", id="meter")
        self._choice.on("change", self._set_serial, js_handler="(event) => emit(event.target.value)")
        Tag("label", "Your name", for_="by")
        by = Tag("input", id="by", autocomplete="name")
        by.on("input", self._set_by, js_handler="(event) => emit(event.target.value)")
        Tag("label", "Be patient", for_="extended")
        with Tag("label", dress="check"):
            box = Tag("input", type="checkbox", id="extended")
            box.on("change", self._set_extended, js_handler="(event) => emit(event.target.checked)")
            Tag("span", "wait five minutes where half a minute is usual")
        with Tag("div", dress="actions"):
            self._cancel = Tag("button", "Cancel", "button", type="button", id="cancel")
            self._cancel.on("click", self._stop)
            self._start = Tag("button", "Start", "button main", type="button", id="start")
            self._start.on("click", self._begin)

    async def load(self) -> None:
        """Fill the choices: ports that are there, meters that wait for their conversion."""
        ports = await asyncio.to_thread(found_ports)
        with self._ports:
            for url in ports:
                Tag("option", value=url)
        try:
            meters = await asyncio.to_thread(inventory_of(self._gateway).all)
        except Faulty as error:
            self._words.say(explain(error).reason)
            return
        self._waiting = [meter for meter in meters if meter.state is State.ASSIGNED]
        with self._choice:
            Tag("option", "Choose a meter" if self._waiting else "No meter is Assigned", value="")
            if len(self._waiting) > 1:
                Tag("option", f"Batch: all {len(self._waiting)} that are Assigned", value=ALL)
            for meter in self._waiting:
                Tag("option", _named(meter), value=meter.serial)

    def _set_port(self, event: object) -> None:
        self._port = str(getattr(event, "args", "") or "")

    def _set_serial(self, event: object) -> None:
        self._serial = str(getattr(event, "args", "") or "")

    def _set_by(self, event: object) -> None:
        self._by = str(getattr(event, "args", "") or "")

    def _set_extended(self, event: object) -> None:
        self._extended = getattr(event, "args", False) is True

    def _begin(self) -> None:
        gateway = self._gateway
        if not gateway.acts(self._caller):
            self._words.say("Not started: your token may only look, or you are logged out.")
            return
        every = tuple(meter.serial for meter in self._waiting)
        serials = every if self._serial == ALL else (self._serial,) if self._serial in every else ()
        try:
            if not _is_adapter(self._port):
                raise ValueError("say which adapter the meter is on: a serial device, or socket://host:port")
            workshop = Workshop(
                url=self._port,
                inventory=inventory_of(gateway),
                commission=commission(),
                clock=gateway.clock,
                folder=gateway.site.folder / "meters",
                zone=gateway.site.time_zone,
                home=gateway.site,
            )
            SESSION.start(
                workshop,
                Batch(
                    serials,
                    f"{self._by.strip()} ({self._caller.by})" if self._by.strip() else "",
                    self._extended,
                ),
            )
        except ValueError as error:
            self._words.say(f"{error}.")
        else:
            self._words.say("")
        self.look()

    async def _stop(self) -> None:
        if self._gateway.acts(self._caller):
            await SESSION.cancel()
        self.look()

    def _answer(self, *, yes: bool) -> None:
        if self._gateway.acts(self._caller):
            SESSION.answer(yes=yes)
        self.look()

    def look(self) -> None:
        """Show how far it came."""
        running = SESSION.running
        self._start.set(disabled=running)
        self._cancel.set(disabled=not running)
        batch = SESSION.batch
        done = sum(status == "done" for status in batch.done.values()) if batch else 0
        words = f"{done} of {len(batch.serials)} done" if batch else "nothing was started yet"
        self._state.say(f"at work: {words}" if running else words)
        self._state.dress(f"mark small {'warning' if running else 'good' if batch and done else ''}")
        if self._shown != SESSION.count:
            self._shown = SESSION.count
            self._log.say("\n".join(SESSION.lines))
        if self._asked is not SESSION.question:
            self._asked = SESSION.question
            self._ask()

    def _ask(self) -> None:
        self._question.clear()
        question = SESSION.question
        self._question.dress("gone" if question is None else "card ask")
        if question is None:
            return
        with self._question:
            Tag("h2", question.text)
            with Tag("div", dress="actions"):
                no = Tag("button", question.no, "button", type="button", data_answer="no")
                no.on("click", lambda: self._answer(yes=False))
                yes = Tag("button", question.yes, "button main", type="button", data_answer="yes")
                yes.on("click", lambda: self._answer(yes=True))


def _is_adapter(url: str) -> bool:
    """Whether it can be a serial line: nothing else is opened for somebody on the page."""
    return url.startswith(("socket://", "hwgrep://")) or Path(url).is_char_device()


def _named(meter: Meter) -> str:
    return f"{meter.serial}: {meter.site}, {meter.building}, address {meter.address}"
