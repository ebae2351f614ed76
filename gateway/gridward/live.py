"""What the broker says now: every device's info, availability and values, and how old they are."""

import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gridward import payload
from gridward_kit.clock import Clock
from gridward_kit.device import STALE_LEAST, STALE_POLLS
from gridward_kit.kept import Json
from gridward_kit.mqtt import Link, Message
from gridward_kit.point import Value

log = logging.getLogger(__name__)

INTERVALS = 7
ENOUGH = 3
ALARM = "recorder/alarm"
RULES = ("decisions", "proposals")
TOLD = 1000


@dataclass(slots=True, kw_only=True)
class LiveDevice:
    """One device as the broker knows it.

    `values` are those of the last state, retained or not; `wall` is that state's own time (ISO). Only
    states that came live count for freshness: `at` is the receipt of the last one that had values
    (monotonic seconds), None until one came. `available`: the device and its role are both online.
    """

    id: str
    info: Mapping[str, Json] = field(default_factory=dict)
    health: Mapping[str, Json] = field(default_factory=dict)
    available: bool = False
    values: Mapping[str, Value] = field(default_factory=dict)
    at: float | None = None
    wall: str | None = None
    _live: Mapping[str, Value] = field(default_factory=dict)
    _last: dict[str, tuple[Value, float]] = field(default_factory=dict)
    _intervals: deque[float] = field(default_factory=lambda: deque(maxlen=INTERVALS))

    @property
    def name(self) -> str:
        """What people call it."""
        return payload.text(self.info, "name") or self.id

    @property
    def kind(self) -> str | None:
        """Its kind as `info` says, None while it is not known."""
        return payload.text(self.info, "kind")

    @property
    def role(self) -> str | None:
        """The role that serves it, as a topic level."""
        return payload.text(self.info, "role")

    @property
    def entities(self) -> dict[str, dict[str, Json]]:
        """Its entities by key, as `info` tells them."""
        rows = self.info.get("entities")
        found = rows.items() if isinstance(rows, dict) else ()
        return {key: row for key, row in found if isinstance(row, dict)}

    @property
    def interval(self) -> float | None:
        """Seconds between its states: the median of the last few, None while too few came.

        The lower median, so that a pause in between never makes an old value pass for a fresh one.
        """
        if len(self._intervals) < ENOUGH:
            return None
        return sorted(self._intervals)[(len(self._intervals) - 1) // 2]

    def age(self, now: float) -> float | None:
        """Seconds since the last live state, None if there was none."""
        return None if self.at is None else max(0.0, now - self.at)

    def stale(self, now: float, floor: float = STALE_LEAST) -> bool:
        """Whether the last live state is older than 3 of its intervals, and than `floor` seconds."""
        age = self.age(now)
        return age is None or age > max(floor, STALE_POLLS * (self.interval or 0.0))

    def fresh(self, now: float, floor: float = STALE_LEAST) -> Mapping[str, Value]:
        """The values that are so now; none when stale, retained only, or of a device that is away."""
        return {} if not self.available or self.stale(now, floor) else self._live

    def held(self, now: float, floor: float = STALE_LEAST) -> Mapping[str, Value]:
        """As `fresh`, and what only the newest states lack, with its value of at most 3 polls ago.

        For rules and alarms: one reading that was doubted is no lost input; the page shows it absent at once.
        """
        values = self.fresh(now, floor)
        patience = STALE_POLLS * (self.interval or 0.0)
        if not values or not patience:
            return values
        return {**{key: value for key, (value, at) in self._last.items() if now - at <= patience}, **values}

    def take(self, values: Mapping[str, Value], wall: str | None, message: Message) -> None:
        """Take in a state; a retained one is only shown.

        A role says its retained states again after a reconnect: one of the same time is no new one. A
        state without values says that the device is lost, which is no answer of it.
        """
        again = wall is not None and wall == self.wall
        self.values, self.wall = values, wall
        if message.retain or (again and self.at is None):
            return
        self._live = values
        if not values:
            self._last = {}
        if again or not values:
            return
        self._last |= {key: (value, message.at) for key, value in values.items()}
        if self.at is not None:
            self._intervals.append(max(0.0, message.at - self.at))
        self.at = message.at

    def set_available(self, *, available: bool) -> None:
        """Take in its availability; what its rhythm was before an absence says nothing about after."""
        self.available = available
        if not available:
            self._intervals.clear()
            self._live, self._last = {}, {}


class Live:
    """The site as the broker tells it, kept by one link's subscriptions.

    `alarm` is the recorder's `{at, reason, remedy}` while it cannot store, else None. `captures` says of
    each bus, by its role, whether its raw capture is on and where it is written (`{on, path, cap}`).
    `databases` is what the recorder says of each database that follows it, by topic. `slots` are those of the
    schedule, None while the role `plan` has told none.
    """

    def __init__(self, link: Link, clock: Clock) -> None:
        self.devices: dict[str, LiveDevice] = {}
        self.alarm: Mapping[str, Json] | None = None
        self.captures: dict[str, Mapping[str, Json]] = {}
        self.databases: dict[str, Mapping[str, Json]] = {}
        self.rules: dict[str, Mapping[str, Json]] = {}
        self.slots: tuple[Mapping[str, Json], ...] | None = None
        self.alarms: Mapping[str, Json] = {}
        self._root = link.root
        self._clock = clock
        self._online: dict[str, bool] = {}
        self._acts: list[Callable[[str], None]] = []
        self._told: set[str] = set()
        link.subscribe(f"{link.root}/+/info", self._told_once(self._info))
        link.subscribe(f"{link.root}/+/availability", self._told_once(self._availability))
        link.subscribe(f"{link.root}/+/state", self._told_once(self._state))
        link.subscribe(f"{link.root}/+/health", self._told_once(self._health))
        link.subscribe(f"{link.root}/+/capture", self._told_once(self._capture))
        link.subscribe(f"{link.root}/{ALARM}", self._told_once(self._alarm))
        link.subscribe(f"{link.root}/recorder/follower/+", self._told_once(self._database))
        for name in RULES:
            link.subscribe(f"{link.root}/rules/{name}", self._told_once(self._ruled))
        link.subscribe(f"{link.root}/plan/slots", self._told_once(self._slots))
        link.subscribe(f"{link.root}/notify/alarms", self._told_once(self._alarms))

    def value(self, device: str, key: str) -> Value | None:
        """The value of the last state, however old, of a device that is available; None if there is none."""
        known = self.devices.get(device)
        return known.values.get(key) if known is not None and known.available else None

    def fresh(self, device: str, key: str, now: float, floor: float = STALE_LEAST) -> Value | None:
        """The value that is so now; None when stale, retained only, unavailable or absent."""
        known = self.devices.get(device)
        return None if known is None else known.fresh(now, floor).get(key)

    def online(self, role: str) -> bool | None:
        """Whether a role (as a topic level) is connected; None while the broker has told nothing of it."""
        return self._online.get(role)

    def on_change(self, act: Callable[[str], None]) -> None:
        """Have `act` called with the topic's first level after each message that was understood."""
        self._acts.append(act)

    def _told_once(self, take: Callable[[str, Message], None]) -> Callable[[Message], None]:
        """A handler that leaves out what it cannot understand, told once for each topic."""

        def handle(message: Message) -> None:
            level = message.topic.removeprefix(f"{self._root}/").partition("/")[0]
            try:
                take(level, message)
            except ValueError as error:
                if message.topic not in self._told and len(self._told) < TOLD:
                    self._told.add(message.topic)
                    log.warning("%s: left out: %s", message.topic, error)
                return
            for act in self._acts:
                act(level)

        return handle

    def _device(self, identifier: str) -> LiveDevice:
        if identifier not in self.devices:
            self.devices[identifier] = LiveDevice(id=identifier)
            self._reckon(self.devices[identifier])
        return self.devices[identifier]

    def _info(self, level: str, message: Message) -> None:
        if not message.payload:
            self.devices.pop(level, None)
            return
        content = payload.read_object(message.payload)
        device = self._device(level)
        device.info = content
        self._reckon(device)

    def _health(self, level: str, message: Message) -> None:
        if message.payload:
            self._device(level).health = payload.read_object(message.payload)

    def _availability(self, level: str, message: Message) -> None:
        if message.payload not in (b"online", b"offline", b""):
            raise ValueError("neither online nor offline")
        self._online[level] = message.payload == b"online"
        for device in self.devices.values():
            if level in (device.id, device.role):
                self._reckon(device)

    def _reckon(self, device: LiveDevice) -> None:
        online = self._online.get(device.id, False)
        served = device.role is None or self._online.get(device.role, False)
        device.set_available(available=online and served)

    def _state(self, level: str, message: Message) -> None:
        if not message.payload:
            return
        content = payload.read_object(message.payload)
        self._device(level).take(payload.values(content), payload.text(content, "at"), message)

    def _alarm(self, level: str, message: Message) -> None:
        self.alarm = payload.read_object(message.payload) if message.payload else None

    def _database(self, level: str, message: Message) -> None:
        self.databases.pop(message.topic, None)
        if message.payload:
            self.databases[message.topic] = payload.read_object(message.payload)

    def _slots(self, level: str, message: Message) -> None:
        rows = payload.read_object(message.payload).get("slots") if message.payload else None
        self.slots = tuple(row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else None

    def _alarms(self, level: str, message: Message) -> None:
        self.alarms = payload.read_object(message.payload) if message.payload else {}

    def _ruled(self, level: str, message: Message) -> None:
        name = message.topic.rpartition("/")[2]
        self.rules[name] = payload.read_object(message.payload) if message.payload else {}

    def _capture(self, level: str, message: Message) -> None:
        self.captures.pop(level, None)
        if message.payload:
            self.captures[level] = payload.read_object(message.payload)
