"""One device: what it is, and all its entities in groups with their values."""

from nicegui import ui

from gridward.api.gateway import Caller, Gateway
from gridward.page import figures
from gridward.page.captureview import BUS, Capture
from gridward.page.deviceview import energies_of, facts, state
from gridward.page.parts import Tag
from gridward.page.settings import Field, settable
from gridward.page.shell import EVERY, every_second
from gridward_kit.kept import Json

GROUPS = {
    "power": "Power",
    "battery": "Battery",
    "main": "Readings",
    "config": "Settings",
    "diagnostic": "Diagnostic",
}
UNHEARD = "Nothing has been heard of this device yet."
UNKNOWN = "The site file names no such device, and nothing has been heard of one."
CLOSED = ("config", "diagnostic")
POWER_CLASSES = {"power", "apparent_power", "energy", "frequency"}


def group(key: str, row: dict[str, Json]) -> str:
    """Where an entity belongs."""
    category = row.get("category")
    if category in ("config", "diagnostic"):
        return str(category)
    if key.startswith(("battery_", "cell_", "charg", "discharg")) or key in (
        "soc",
        "remaining_capacity",
        "cycles",
    ):
        return "battery"
    return "power" if row.get("device_class") in POWER_CLASSES else "main"


def device(gateway: Gateway, caller: Caller, identifier: str) -> None:
    """Build the view of one device and keep it up to date."""
    known = gateway.live.devices.get(identifier)
    if known is None or not known.info:
        _unheard(gateway, identifier)
        return
    with Tag("section", dress="card device"):
        Tag("h2", known.name)
        answers = Tag("span", dress="mark small", role="status")
        with Tag("dl", dress="pairs"):
            for word, text in {
                **facts(known),
                "Protocol": str(known.info.get("protocol") or figures.DASH),
            }.items():
                Tag("dt", word)
                Tag("dd", text)
        if (path := energies_of(gateway, identifier)) is not None:
            with Tag("p", dress="soft small"):
                Tag("a", "Energies by day, month and year", href=path)
    Tag("label", "Search the entities", "only-read", for_="search")
    search = Tag("input", dress="search", id="search", type="search", autocomplete="off")
    search.set(placeholder="Search: voltage, fault, charging …")
    lists = _Lists(gateway, caller, identifier)
    search.on("input", lists.search, js_handler="(event) => emit(event.target.value)", throttle=0.2)
    on_a_line = known.role is not None and known.role.startswith(BUS)
    capture = Capture(gateway, caller, str(known.role)) if on_a_line else None

    def look() -> None:
        said = state(gateway, gateway.live.devices.get(identifier))
        answers.say(said.text)
        answers.dress(f"mark small {said.tone}")
        lists.look()
        if capture is not None:
            capture.look()

    every_second(look)


def _unheard(gateway: Gateway, identifier: str) -> None:
    """What stands here until the device tells what it is; then the view is built."""
    with Tag("section", dress="card"):
        named = identifier in {one.id for one in gateway.site.all_devices()}
        Tag("h2", identifier)
        Tag("p", UNHEARD if named else UNKNOWN, "empty")

    def look() -> None:
        known = gateway.live.devices.get(identifier)
        if known is not None and known.info:
            ui.navigate.reload()

    ui.timer(EVERY, look)


class _Lists:
    """The groups. An absent value is a dash; its row stays where it is."""

    def __init__(self, gateway: Gateway, caller: Caller, identifier: str) -> None:
        self._gateway, self._id = gateway, identifier
        self._rows: dict[str, Tag] = {}
        self._readings: dict[str, Tag] = {}
        self._fields: dict[str, Field] = {}
        self._cards: dict[str, tuple[Tag, list[str]]] = {}
        entities = gateway.live.devices[identifier].entities
        self._entities = entities
        with Tag("div", dress="lists"):
            for name, title in GROUPS.items():
                self._group(caller, name, title)

    def _group(self, caller: Caller, name: str, title: str) -> None:
        keys = [key for key, row in self._entities.items() if group(key, row) == name]
        if not keys:
            return
        with Tag("details", dress="card", open=name not in CLOSED) as card:
            Tag("summary", f"{title} ({len(keys)})")
            with Tag("table", dress="rows"), Tag("tbody"):
                for key in keys:
                    self._row(caller, key)
        self._cards[name] = (card, keys)

    def _row(self, caller: Caller, key: str) -> None:
        row = self._entities[key]
        with Tag("tr") as self._rows[key]:
            Tag("td", str(row.get("name") or key))
            with Tag("td", dress="reading"):
                self._readings[key] = Tag("span", figures.DASH)
                known = self._gateway.live.devices[self._id]
                if settable(known, row):
                    self._fields[key] = Field(self._gateway, caller, self._id, key, row)

    def look(self) -> None:
        """Show the values of this moment."""
        now = self._gateway.clock.monotonic()
        known = self._gateway.live.devices.get(self._id)
        values = known.fresh(now) if known is not None else {}
        for key, shown in self._readings.items():
            shown.say(figures.reading(values.get(key), self._entities[key]))

    def search(self, event: object) -> None:
        """Leave only what has every word in its name or key."""
        words = str(getattr(event, "args", "") or "").lower().split()
        found = {
            key: all(word in f"{key} {row.get('name', '')}".lower() for word in words)
            for key, row in self._entities.items()
        }
        for key, row in self._rows.items():
            row.dress("" if found[key] else "gone")
        for card, keys in self._cards.values():
            card.dress("card" if any(found[key] for key in keys) else "gone")
            if words:
                card.set(open=True)
