"""The raw capture of a device's line, for experts: on or off, and where it is written."""

from gridward import payload
from gridward.api.gateway import Caller, Gateway
from gridward.page import sentences
from gridward.page.asking import answers, asked_once
from gridward.page.parts import Tag
from gridward.page.sentences import Said

BUS = "bus_"
ENTITY = "capture"


class Capture:
    """One line's switch. What it shows is what the line's role says, never what was wished."""

    def __init__(self, gateway: Gateway, caller: Caller, role: str) -> None:
        self._gateway, self._caller, self._role = gateway, caller, role
        self._busy = False
        with Tag("details", dress="card", id="capture"):
            Tag("summary", "Raw capture of its line")
            Tag("p", "Every request and answer with its time, to replay a fault without the device.", "soft")
            self._state = Tag("p", dress="told small")
            self._button = Tag("button", dress="button", type="button")
            self._button.on("click", self._press)
            self._told = Tag("div", dress="gone", role="status")

    def look(self) -> None:
        """Show what stands now."""
        told = self._gateway.live.captures.get(self._role)
        there = told is not None and self._gateway.live.online(self._role) is True
        path, cap = (payload.text(told, "path"), told.get("cap")) if told else (None, None)
        size = cap / 1e6 if isinstance(cap, int) else None
        self._state.say(sentences.capture(self._on() if there else None, path, size))
        self._button.say("Switch it off" if self._on() else "Switch it on")
        self._button.set(disabled=self._busy or not there)

    def _on(self) -> bool:
        told = self._gateway.live.captures.get(self._role)
        return told is not None and told.get("on") is True

    async def _press(self) -> None:
        wanted = not self._on()
        question = "All that goes over this line is written to a file until you switch it off."
        if self._busy or (wanted and not await asked_once("Raw capture", question)):
            return
        self._busy = True
        try:
            async for said in answers(self._gateway, self._caller, self._role, ENTITY, wanted):
                self._say(said)
        finally:
            self._busy = False
        self.look()

    def _say(self, said: Said) -> None:
        self._told.say(said.text)
        self._told.dress(f"told small {said.tone}")
        self.look()
