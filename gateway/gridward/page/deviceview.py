"""A card for each device, and each device's entities: grouped, searchable, settable where it is allowed."""

from gridward.api.gateway import Gateway
from gridward.energies.devices import SUFFIX
from gridward.live import LiveDevice
from gridward.page import sentences
from gridward.page.figures import DASH
from gridward.page.parts import Tag
from gridward.page.shell import every_second

KINDS = {
    "inverter": "Inverter",
    "battery": "Battery",
    "meter": "Meter",
    "relay": "Contactor",
    "host": "Host",
    "site": "Site",
    "rules": "Rules",
    "plan": "Plan",
    "alarms": "Alarms",
    "panel": "Panel",
}

ENERGIES = "energies"
NO_SERIAL = (None, "site", "rules", "plan", "alarms", "panel", "relay", "host", ENERGIES)


def devices(gateway: Gateway) -> None:
    """All devices that the broker knows and those of the site file that it does not; a device's energies are
    reached from its own page."""
    cards: dict[str, _Card] = {}
    holder = Tag("div", dress="devices")
    empty = Tag(
        "p", "The site file names no devices yet. Add a bus with a port and a device to it.", "empty gone"
    )

    def look() -> None:
        known = gateway.live.devices
        heard = sorted(name for name, one in known.items() if one.kind != ENERGIES)
        wanted = list(dict.fromkeys((*(item.id for item in gateway.site.all_devices()), *heard)))
        if list(cards) != wanted:
            holder.clear()
            cards.clear()
            with holder:
                cards.update({identifier: _Card(gateway, identifier) for identifier in wanted})
        for card in cards.values():
            card.look()
        empty.dress("gone" if wanted else "empty")

    every_second(look)


class _Card:
    """Name, model, serial number, port and last answer."""

    def __init__(self, gateway: Gateway, identifier: str) -> None:
        self._gateway, self._id = gateway, identifier
        path = f"{gateway.site.http.prefix}/devices/{identifier}"
        with Tag("a", dress="card device", href=path):
            with Tag("div", dress="title"):
                self._name = Tag("h2", identifier)
                self._kind = Tag("span", dress="soft small")
            self._state = Tag("span", dress="mark small")
            with Tag("dl", dress="pairs"):
                self._facts = {}
                for word in ("Model", "Serial", "Port", "Entities", "Errors", "Writes left"):
                    Tag("dt", word)
                    self._facts[word] = Tag("dd")

    def look(self) -> None:
        """Show the device of this moment."""
        known = self._gateway.live.devices.get(self._id)
        spec = next((item for item in self._gateway.site.all_devices() if item.id == self._id), None)
        self._name.say(known.name if known and known.info else spec.name if spec else self._id)
        kind = known.kind if known else spec.integration if spec else None
        self._kind.say(KINDS.get(kind or "", kind or ""))
        said = state(self._gateway, known)
        self._state.say(said.text)
        self._state.dress(f"mark small {said.tone}")
        for word, text in facts(known).items():
            self._facts[word].say(text)


def energies_of(gateway: Gateway, identifier: str) -> str | None:
    """The path of the page with a device's energies by day, month and year; None where there are none."""
    name = f"{identifier}{SUFFIX}"
    return f"{gateway.site.http.prefix}/devices/{name}" if name in gateway.live.devices else None


def state(gateway: Gateway, known: LiveDevice | None) -> sentences.Said:
    """Whether a device answers."""
    if known is None:
        return sentences.last_answer(None, available=False)
    return sentences.last_answer(known.age(gateway.clock.monotonic()), available=known.available)


def facts(known: LiveDevice | None) -> dict[str, str]:
    """What a device's `info` says of it, in words."""
    told = {
        word: str(known.info.get(word.lower()) or DASH) if known else DASH
        for word in ("Model", "Serial", "Port")
    }
    serial = told["Serial"]
    if known is not None and serial == DASH and known.kind not in NO_SERIAL:
        told["Serial"] = "none: its identity cannot be proven"
    counted = {"Entities": str(len(known.entities)) if known else DASH}
    return {**told, **counted, "Errors": errors(known), "Writes left": writes_left(known)}


def errors(known: LiveDevice | None) -> str:
    """The faults of its line since its process started, in words."""
    told = known.health.get("errors") if known else None
    if not isinstance(told, dict) or not told:
        return DASH
    words = [f"{count} {name.replace('_', ' ')}" for name, count in told.items() if count]
    return ", ".join(words) or "none"


def writes_left(known: LiveDevice | None) -> str:
    """The setting whose write budget is lowest, where one is under a third."""
    told = known.health.get("wear") if known else None
    if not isinstance(told, dict) or not told:
        return DASH
    low: list[tuple[int, int, str]] = []
    for key, budget in told.items():
        match budget:
            case {"left": int(left), "of": int(most)} if left < most / 3:
                low.append((left, most, key))
    if not low:
        return "enough"
    left, most, key = min(low)
    return f"{left} of {most} for {key.replace('_', ' ')}"
