"""A setting among a device's entities: a field with its bounds, a button, and the answer beside it."""

from gridward.api.gateway import Caller, Gateway
from gridward.live import LiveDevice
from gridward.page import choices, sentences
from gridward.page.asking import answers, asked_once
from gridward.page.parts import Tag
from gridward_kit.kept import Json
from gridward_kit.point import Value

ROW = dict[str, Json]
SETTABLE = ("number", "select", "switch", "button")


def settable(known: LiveDevice, row: ROW) -> bool:
    """Whether this entity can be set from here."""
    return known.info.get("writable") is True and row.get("component") in SETTABLE


def offered(row: ROW) -> list[str]:
    """The values that an entity names itself, as they are shown; empty where there are only bounds."""
    if row.get("component") == "switch":
        return ["on", "off"]
    named = row.get("only") or row.get("options")
    return (
        [f"{item:g}" if isinstance(item, float) else str(item) for item in named]
        if isinstance(named, list)
        else []
    )


def wish(row: ROW, text: str) -> Value:
    """What a field's text asks for; raises ValueError in words. The device checks its bounds itself."""
    offers = offered(row)
    if offers and text not in offers:
        raise ValueError("nothing is chosen")
    match row.get("component"):
        case "switch":
            return text == "on"
        case "button":
            return "PRESS"
        case "number":
            try:
                return float(text.strip().replace(",", "."))
            except ValueError:
                raise ValueError(f"{text.strip() or 'nothing'} is not a number") from None
        case _:
            return text


class Field:
    """One setting's field."""

    def __init__(self, gateway: Gateway, caller: Caller, device: str, key: str, row: ROW) -> None:
        self._gateway, self._caller, self._device, self._key, self._row = gateway, caller, device, key, row
        self._text = ""
        self._busy = False
        with Tag("div", dress="set"):
            if row.get("component") != "button":
                self._field()
            word = "Press" if row.get("component") == "button" else "Set"
            self._button = Tag(
                "button", word, "button", type="button", aria_label=f"{word} {row.get('name')}"
            )
            self._button.on("click", self._press)
        self._told = Tag("div", dress="gone", role="status")

    def _field(self) -> None:
        name, options = str(self._row.get("name")), offered(self._row)
        emit = "(event) => emit(event.target.value)"
        if options:
            with Tag("select", aria_label=name) as field:
                Tag("option", "choose", value="")
                for option in options:
                    Tag("option", sentences.shown(option), value=option)
            field.on("change", self._typed, js_handler=emit)
            return
        field = Tag("input", type="text", inputmode="decimal", aria_label=name, autocomplete="off")
        low, high, unit = (self._row.get(part) for part in ("low", "high", "unit"))
        field.set(
            placeholder=f"{low:g} to {high:g} {unit or ''}"
            if isinstance(low, int | float) and isinstance(high, int | float)
            else ""
        )
        field.on("input", self._typed, js_handler=emit)

    def _typed(self, event: object) -> None:
        self._text = str(getattr(event, "args", "") or "")

    async def _press(self) -> None:
        if self._busy:
            return
        try:
            value = wish(self._row, self._text)
        except ValueError as error:
            self._say(sentences.Said(f"Not sent: {error}", "fault"))
            return
        name = str(self._row.get("name"))
        question = self._question(name, value)
        if question is not None and not await asked_once(name, question):
            return
        await self._ask(value)

    def _question(self, name: str, value: Value) -> str | None:
        if self._row.get("expert"):
            return f"This is an expert setting. {name} will be set to {sentences.shown(value)}."
        known = self._gateway.live.devices.get(self._device)
        question = choices.question(known.kind if known else None, self._key, value)
        return None if question is None else choices.timed(question, self._gateway.site)

    async def _ask(self, value: Value) -> None:
        self._busy = True
        try:
            async for said in answers(self._gateway, self._caller, self._device, self._key, value):
                self._say(said)
        finally:
            self._busy = False

    def _say(self, said: sentences.Said) -> None:
        self._told.say(said.text)
        self._told.dress(f"told small {said.tone}")
        self._button.set(disabled=said.tone == "asked")
