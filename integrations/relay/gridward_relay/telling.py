"""What a relay says on the broker: its state, at once when it changed, and its moves on record."""

import json
import logging

from gridward_kit.clock import iso
from gridward_kit.device import Device
from gridward_kit.kept import Json
from gridward_kit.point import Value

log = logging.getLogger(__name__)

TELL_EVERY = 1.0
UNSTEADY = frozenset({"lease_remaining"})


class Telling:
    """The device's voice. A driver that stays silent makes the device absent."""

    def __init__(self, device: Device, silent: frozenset[str]) -> None:
        self._device = device
        self._silent = silent
        self._told: dict[str, Value] = {}
        self._told_at = device.clock.monotonic() - TELL_EVERY
        self._lost = False

    def say(self, values: dict[str, Value]) -> None:
        """Publish what is so, at once when it changed, else once a second."""
        now = self._device.clock.monotonic()
        self._lost = False
        steady = {key: value for key, value in values.items() if key not in UNSTEADY}
        if steady != self._told or now - self._told_at >= TELL_EVERY:
            owned = frozenset(self._device.entities) - self._silent
            self._device.read(values, TELL_EVERY, owned)
            self._device.publish()
            self._told, self._told_at = steady, now

    def lost(self, reason: str) -> None:
        """Nothing can be read any more."""
        if not self._lost:
            self._lost = True
            self._told = {}
            self._device.lost(reason)

    def moved(self, key: str, before: str, after: str, by: str, status: str, reason: str) -> None:
        """Put a change on record."""
        event: dict[str, Json] = {
            "v": 1,
            "at": iso(self._device.clock.time()),
            "what": f"{self._device.id}/{key}",
            "by": by,
            "before": before,
            "after": after,
            "status": status,
            "reason": reason,
        }
        link = self._device.link
        link.publish(f"{link.root}/audit", json.dumps(event, ensure_ascii=False))
