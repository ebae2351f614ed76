"""The health of devices and of the recorder on record: numbers of the measurement `health`.

They are told every 30 s by each device, and mostly stay: they are stored when they change, and now and then.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gridward.payload import read_object, sound
from gridward.recorder.store import Parcel, Store
from gridward.recorder.telemetry import AHEAD, moment
from gridward.recorder.trouble import Faulty
from gridward_kit.kept import Json
from gridward_kit.mqtt import Message
from gridward_kit.point import Value
from gridward_kit.spool import SANE

if TYPE_CHECKING:
    from gridward.recorder.role import Recorder

KIND = "health"
OWN = "recorder"
EVERY = 60.0
AGAIN = 300.0


def numbers(content: Mapping[str, Json]) -> dict[str, Value]:
    """What a device's `health` counts, flat: faults of its line, what waits in its spool, and the write
    budget of the stored setting that has the least left."""
    found: dict[str, Value] = {}
    for part in ("errors", "spool"):
        inside = content.get(part)
        for key, count in inside.items() if isinstance(inside, dict) else ():
            found |= {f"{part}_{key}": number for number in _number(count)}
    wear = content.get("wear")
    budgets = [row for row in wear.values() if isinstance(row, dict)] if isinstance(wear, dict) else []
    left = [number for row in budgets for number in _number(row.get("left"))]
    if left:
        found["wear_left"] = min(left)
        found["wear_total"] = sum(number for row in budgets for number in _number(row.get("total")))
    return found


def _number(item: Json) -> tuple[float, ...]:
    value = sound(item)
    return (value,) if isinstance(value, int | float) and not isinstance(value, bool) else ()


@dataclass(slots=True)
class HealthLog:
    """Takes health and availability off the broker, and adds the recorder's own."""

    recorder: "Recorder"
    _available: dict[str, bool] = field(default_factory=dict)
    _last: dict[str, tuple[float, dict[str, Value]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        link = self.recorder.link
        link.subscribe(f"{link.root}/+/availability", self._availability)
        link.subscribe(f"{link.root}/+/health", self._health)

    async def run(self) -> None:
        """Put the recorder's own health on record until cancelled."""
        recorder = self.recorder
        while True:
            try:
                own = await recorder.in_thread(lambda: measured(recorder.store))
            except Faulty:
                own = {}  # told by the recorder
            more = {"unstored": recorder.store.waiting, "dropped": recorder.dropped, "available": True}
            self._put(OWN, recorder.wall(), {**own, **more})
            await recorder.clock.sleep(EVERY)

    def _device(self, message: Message) -> str:
        return message.topic.removeprefix(f"{self.recorder.link.root}/").partition("/")[0]

    def _availability(self, message: Message) -> None:
        self._available[self._device(message)] = message.payload == b"online"

    def _health(self, message: Message) -> None:
        device = self._device(message)
        try:
            content = read_object(message.payload)
            at: float | None = moment(content.get("at"))
        except ValueError:
            return  # the page shows what cannot be read; it is none of the history's
        now = self.recorder.wall()
        if at is None or not SANE <= at <= (at if now is None else now + AHEAD):
            at = now
        found = numbers(content)
        if device in self._available:
            found["available"] = self._available[device]
        self._put(device, at, found)

    def _put(self, device: str, at: float | None, found: dict[str, Value]) -> None:
        before = self._last.get(device)
        if at is None or (before is not None and before[1] == found and 0 <= at - before[0] < AGAIN):
            return
        self._last[device] = (at, found)
        self.recorder.put(Parcel(device, "", 0, at, found, kind=KIND))


def measured(store: Store) -> dict[str, Value]:
    """The disk's and the store's size (bytes, per cent), and how many readings databases have not had.

    Works inside the store's thread; raises as the store does.
    """
    disk = shutil.disk_usage(store.path.parent)
    outbox = store.outbox
    size = sum(path.stat().st_size for path in store.path.parent.glob(f"{store.path.name}*"))
    found: dict[str, Value] = {
        "disk_used": round(100 * disk.used / disk.total, 1),
        "disk_free": disk.free,
        "store_size": size,
    }
    if outbox.places:
        found["followers_waiting"] = sum(outbox.standing(name)[1] for name in outbox.places)
    return found
