"""The controls: segmented choices that show the value read back, and what became of a press."""

from gridward.api.gateway import Caller, Gateway
from gridward.live import LiveDevice
from gridward.page import sentences
from gridward.page.asking import answers, asked_once
from gridward.page.choices import CONTROLS, RULES, Control, timed
from gridward.page.parts import Tag
from gridward.page.sentences import Said
from gridward.page.shell import every_second


def controls(gateway: Gateway, caller: Caller) -> None:
    """All controls that this site has, kept up to date."""
    settings = gateway.site.rules.grid_switch
    ruled, switched = settings is not None, settings is None or settings.stated
    with Tag("div", dress="controls"):
        if not ruled:
            _no_rules()
        shown = [
            Segments(gateway, caller, control)
            for control in CONTROLS
            if (ruled or control.role != RULES) and (switched or control.key != "grid_override")
        ]

    def look() -> None:
        for segments in shown:
            segments.look()

    every_second(look)


def _no_rules() -> None:
    with Tag("section", dress="card control", aria_label="Grid"):
        Tag("h2", "Grid")
        Tag("p", "No rule of this site decides about the grid, so there is nothing to choose here.", "empty")
        with Tag("p", dress="empty"):
            Tag("span", "To have one, add to the site file: ")
            Tag("code", "rules: {grid_switch: {}}")
            Tag("span", ", and for a contactor ")
            Tag("code", "roles: {grid_switch: contactor}")


class Segments:
    """One control. The filled segment is what the device says, never what was wished."""

    def __init__(self, gateway: Gateway, caller: Caller, control: Control) -> None:
        self._gateway, self._caller, self._control = gateway, caller, control
        self._asked: str | None = None
        self._told: Said | None = None
        self._buttons: dict[str, Tag] = {}
        with Tag("section", dress="card control", aria_label=control.title, id=control.key):
            with Tag("div", dress="title"):
                Tag("h2", control.title)
                Tag("span", timed(control.about, gateway.site), "soft small")
            self._row = Tag("div", dress="segments", role="group", aria_label=control.title)
            self._words = Tag("p", dress="told", role="status")

    def look(self) -> None:
        """Show what stands now."""
        known = self._gateway.device(self._control.role)
        options = _options(known, self._control)
        if list(self._buttons) != options:
            self._make(options)
            self._row.dress("segments" if options else "gone")
        stands = self._gateway.fresh(known.id, self._control.key) if known else None
        locked = self._locked(known)
        for option, button in self._buttons.items():
            button.set(aria_pressed="true" if option == stands else "false")
            button.set(disabled=locked is not None)
            button.dress("asked" if option == self._asked else "")
        said = locked or self._told or Said(self._control.choice(stands).does if stands is not None else "")
        self._words.say(said.text)
        self._words.dress(f"told {said.tone}")

    def _make(self, options: list[str]) -> None:
        self._row.clear()
        self._buttons = {}
        with self._row:
            for option in options:
                choice = self._control.choice(option)
                button = Tag("button", choice.word, type="button", title=choice.does, data_option=option)
                button.on("click", lambda _, option=option: self._press(option))
                self._buttons[option] = button

    def _locked(self, known: LiveDevice | None) -> Said | None:
        """Why nothing can be pressed now, None if it can."""
        if not self._gateway.commands.connected:
            return sentences.CUT_OFF
        if known is None:
            return Said(f"Nothing on this site answers as {self._control.role}.")
        if not self._buttons:
            return Said(f"{known.name} has no such setting.")
        if known.info.get("writable") is not True:
            return Said(f"Shown only: the site file does not say writable: true for {known.name}.")
        if self._asked is not None:
            return None
        if known.available:
            return None
        said = sentences.last_answer(known.age(self._gateway.clock.monotonic()), available=False)
        return Said(f"{known.name}: {said.text.lower()}", "fault")

    async def _press(self, option: str) -> None:
        known = self._gateway.device(self._control.role)
        if known is None or self._asked is not None:
            return
        choice = self._control.choice(option)
        new = option != self._gateway.fresh(known.id, self._control.key)
        if new and choice.asks:
            question = timed(choice.asks, self._gateway.site)
            if not await asked_once(f"{self._control.title}: {choice.word}", question):
                return
        self._asked = option
        try:
            async for said in answers(self._gateway, self._caller, known.id, self._control.key, option):
                self._told = said
                self.look()
        finally:
            self._asked = None
        self.look()


def _options(known: LiveDevice | None, control: Control) -> list[str]:
    """The options that the device itself names; none where there is no such device or entity."""
    row = known.entities.get(control.key) if known is not None else None
    named = row.get("options") if row is not None else None
    options = [str(item) for item in named] if isinstance(named, list) else []
    ordered = [option for option in control.choices if option in options]
    return ordered + [option for option in options if option not in ordered and option != "unknown"]
