"""The battery's schedule: what it does now and why, what is to come, and a slot to lay over it."""

from datetime import datetime

from gridward.api.gateway import Caller, Gateway
from gridward.page import figures
from gridward.page.asking import answers
from gridward.page.parts import Tag
from gridward.page.sentences import Said
from gridward.page.shell import every_second
from gridward.planning import asked
from gridward.planning.entities import PLAN
from gridward_kit.kept import Json

MODES = {
    "charge": "Charge from sun and grid",
    "discharge": "Live from the battery",
    "hold": "Keep what is in the battery",
}
NOW = {**MODES, "none": "No slot: the rules decide"}
NOTHING = "No slots are to come. Outside of slots the rules decide alone."
SILENT = "The role plan says nothing, so there is no schedule to show. Look at the gateway's log."
EMIT = "(event) => emit(event.target.value)"


def schedule(gateway: Gateway, caller: Caller) -> None:
    """The view, kept up to date."""
    listed, plan = Slots(gateway, caller), Plan(gateway)

    def look() -> None:
        listed.look()
        plan.look()

    every_second(look)


class Slots:
    """The slots to come, each with a button that clears it, and the form for another one."""

    def __init__(self, gateway: Gateway, caller: Caller) -> None:
        self._gateway, self._caller = gateway, caller
        self._shown: object = ()
        self._wish: dict[str, str] = {"mode": "charge"}
        with Tag("section", dress="card control", aria_label="Schedule"):
            Tag("h2", "Schedule")
            self._empty = Tag("p", dress="empty")
            self._table = Tag("table", dress="gone")
        with Tag("section", dress="card control", aria_label="Another slot"):
            Tag("h2", "Another slot")
            with Tag("div", dress="slot"):
                self._field("start", "From (now if empty)", "datetime-local")
                self._field("end", "To", "datetime-local")
                with Tag("label", "Battery"), Tag("select", id="slot-mode") as chosen:
                    for mode, word in MODES.items():
                        Tag("option", word, value=mode)
                chosen.on("change", lambda event: self._typed("mode", event), js_handler=EMIT)
                self._field("power", "Power, W (empty: all it can)", "number")
            with Tag("div", dress="actions"):
                button = Tag(
                    "button", "Lay it over the schedule", "button main", type="button", id="slot-put"
                )
                button.on("click", self._put)
            self._words = Tag("p", "What it overlaps gives way.", "told", role="status", id="slot-told")

    def _field(self, key: str, word: str, kind: str) -> None:
        with Tag("label", word):
            field = Tag("input", type=kind, id=f"slot-{key}", autocomplete="off")
        field.on("input", lambda event: self._typed(key, event), js_handler=EMIT)

    def _typed(self, key: str, event: object) -> None:
        self._wish[key] = str(getattr(event, "args", "") or "")

    def look(self) -> None:
        """Show what stands now; the table is made anew only when it changed."""
        slots = self._gateway.live.slots
        if (slots, slots is None) == self._shown:
            return
        self._shown = (slots, slots is None)
        self._empty.say(SILENT if slots is None else NOTHING)
        self._empty.dress("gone" if slots else "empty")
        self._table.dress("rows" if slots else "gone")
        self._table.clear()
        with self._table, Tag("tbody"):
            for slot in slots or ():
                with Tag("tr"):
                    Tag("td", _span(slot.get("start"), slot.get("end")))
                    power = slot.get("power")
                    watts = (
                        f", {figures.power(abs(power))}" if isinstance(power, int | float) and power else ""
                    )
                    Tag("td", f"{MODES.get(str(slot.get('mode')), '')}{watts}")
                    with Tag("td", dress="reading"):
                        clear = Tag("button", "Clear", "button", type="button")
                        start, end = str(slot.get("start")), str(slot.get("end"))
                        clear.set(aria_label=f"Clear {_span(start, end)}")
                        clear.on(
                            "click", lambda _, start=start, end=end: self._ask(asked.cleared(start, end))
                        )

    async def _put(self) -> None:
        wish = {key: text for key, text in self._wish.items() if text}
        slot: dict[str, Json] = {key: text for key, text in wish.items() if key != "power"}
        if "power" in wish:
            sign = {"charge": 1.0, "discharge": -1.0}.get(wish["mode"], 0.0)
            try:
                slot["power"] = sign * abs(float(wish["power"]))
            except ValueError:
                self._say(Said(f"Not sent: {wish['power']} is no number", "fault"))
                return
        if "end" not in slot:
            self._say(Said("Not sent: say until when", "fault"))
            return
        await self._ask(asked.laid([slot]))

    async def _ask(self, request: str) -> None:
        async for said in answers(self._gateway, self._caller, PLAN, asked.KEY, request):
            self._say(said)
        self.look()

    def _say(self, said: Said) -> None:
        self._words.say(said.text)
        self._words.dress(f"told {said.tone}")


class Plan:
    """What the battery does by plan, and why: the price now, the forecast."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        with Tag("section", dress="card control", aria_label="Plan"):
            Tag("h2", "Plan")
            self._why = Tag("p")
            with Tag("dl", dress="pairs"):
                self._values = {key: self._pair(word) for key, word in WORDS.items()}

    @staticmethod
    def _pair(word: str) -> Tag:
        Tag("dt", word)
        return Tag("dd", figures.DASH)

    def look(self) -> None:
        """Show what is so now; what is not known is a dash."""
        known = self._gateway.live.devices.get(PLAN)
        self._why.say(self._gateway.text(PLAN, "plan_reason") or SILENT)
        for key, shown in self._values.items():
            row = known.entities.get(key, {}) if known is not None else {}
            value = self._gateway.fresh(PLAN, key)
            text = figures.reading(value, row)
            shown.say(NOW.get(str(value), text) if key == "schedule_mode" else text)


WORDS = {
    "schedule_mode": "By schedule",
    "price": "Price now",
    "charge_now": "Charge from the grid now",
    "discharge_now": "Live from sun and battery now",
    "needed_soc": "Charge needed",
    "pv_expected_today": "Sun expected today",
    "pv_expected_tomorrow": "Sun expected tomorrow",
    "load_expected_today": "Use expected today",
    "load_expected_tomorrow": "Use expected tomorrow",
}


def _span(start: Json, end: Json) -> str:
    """`21 Nov 22:00 to 06:00`; the day of the end only where it lies further away."""
    try:
        begin, stop = (datetime.fromisoformat(str(text)) for text in (start, end))
    except ValueError:
        return f"{start} to {end}"
    near = (stop.date() - begin.date()).days <= 1
    until = f"{stop:%H:%M}" if near else f"{stop.day} {stop:%b %H:%M}"
    return f"{begin.day} {begin:%b %H:%M} to {until}"
