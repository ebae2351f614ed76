"""Records what others announce by MQTT discovery: their sensors' numbers, under their own devices' names."""

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from gridward.recorder.discovered import Foreign, sensors, slug
from gridward.recorder.store import About, Parcel
from gridward_kit.clock import Clock
from gridward_kit.kept import Json
from gridward_kit.mqtt import PREFIX, Link, Message
from gridward_kit.point import Value

log = logging.getLogger(__name__)

KIND = "sensor"
EVERY = 5.0
MOST = 1000
TOLD = 1000
LARGEST = 65_536
WHERE = tuple(f"{PREFIX}/{kind}/{levels}/config" for kind in ("sensor", "device") for levels in ("+", "+/+"))


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where readings go: `put` one device's, `describe` it, `wall` is believed wall time (s since 1970)."""

    put: Callable[[Parcel], None]
    describe: Callable[[str, About], None]
    wall: Callable[[], float | None]


@dataclass(slots=True)
class _Fresh:
    """What came of a device since it was put on record last, and when the newest of it came."""

    at: float
    values: dict[str, Value] = field(default_factory=dict)


class Strangers:
    """Takes the numbers as they come; of each sensor the newest of 5 s is kept. A value that the broker has
    retained is an old one and no reading, and one that does not come is absent."""

    def __init__(self, link: Link, shelf: Shelf, clock: Clock, ours: Iterable[str]) -> None:
        self._link, self._shelf, self._clock = link, shelf, clock
        self._ours = frozenset(ours)
        self._announced: dict[str, tuple[Foreign, ...]] = {}
        self._by_topic: dict[str, list[tuple[str, Foreign]]] = {}
        self._subscribed: set[str] = set()
        self._names: dict[str, str] = {}
        self._fresh: dict[str, _Fresh] = {}
        self._told: set[str] = set()
        for topic in WHERE:
            link.subscribe(topic, self._config)

    async def run(self) -> None:
        """Put on record what has come, until cancelled."""
        try:
            while True:
                await self._clock.sleep(EVERY)
                self.flush()
        finally:
            self.flush()

    def flush(self) -> None:
        """Hand over what has come since the last time."""
        fresh, self._fresh = self._fresh, {}
        for device, one in fresh.items():
            self._shelf.put(Parcel(device, "", 0, one.at, one.values, kind=KIND))

    def _config(self, message: Message) -> None:
        if message.topic.split("/")[2].startswith("gridward_"):
            return
        found: list[Foreign] = []
        reasons: list[str] = []
        try:
            if message.payload:
                found, reasons = sensors(message.topic, message.payload)
        except ValueError as error:
            reasons = [f"{message.topic}: {error}"]
        for reason in reasons:
            self._tell_once(f"announced by others and not recorded: {reason}")
        self._forget(message.topic)
        room = MOST - sum(map(len, self._announced.values()))
        if len(found) > room or len(self._subscribed) >= MOST:
            self._tell_once(f"others announce more than {MOST} sensors; those beyond are not recorded")
            found = []
        if found:
            self._announced[message.topic] = tuple(found)
            self._follow(found)

    def _follow(self, found: list[Foreign]) -> None:
        for one in found:
            device = self._name(one)
            self._by_topic.setdefault(one.topic, []).append((device, one))
            self._describe(device)
            if one.topic not in self._subscribed:
                self._subscribed.add(one.topic)
                self._link.subscribe(one.topic, self._state)

    def _forget(self, topic: str) -> None:
        gone = self._announced.pop(topic, ())
        for one in gone:
            left = [row for row in self._by_topic.get(one.topic, []) if row[1] is not one]
            self._by_topic[one.topic] = left

    def _name(self, one: Foreign) -> str:
        """Its device's name; where that is ours, or another's already, with its id behind it."""
        if one.device not in self._ours and self._names.setdefault(one.device, one.identity) == one.identity:
            return one.device
        return f"{one.device}_{slug(one.identity)[-8:] or 'other'}"

    def _describe(self, device: str) -> None:
        rows = [row for known in self._by_topic.values() for row in known if row[0] == device]
        units: dict[str, str | None] = {one.key: one.unit for _, one in rows}
        self._shelf.describe(device, About(KIND, rows[-1][1].integration, units))

    def _state(self, message: Message) -> None:
        at = self._shelf.wall()
        if message.retain or at is None or len(message.payload) > LARGEST:
            return
        text = message.payload.decode("utf-8", "replace")
        content = _json(text)
        for device, one in self._by_topic.get(message.topic, ()):
            value = one.read(text, content)
            if value is not None:
                fresh = self._fresh.setdefault(device, _Fresh(at))
                fresh.at = at
                fresh.values[one.key] = value

    def _tell_once(self, sentence: str) -> None:
        if sentence not in self._told and len(self._told) < TOLD:
            self._told.add(sentence)
            log.warning("%s", sentence)


def _json(text: str) -> Json:
    try:
        content: Json = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return content
