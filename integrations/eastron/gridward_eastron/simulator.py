"""Simulated Eastron meters, from their tables: bytes in, bytes out. Pure."""

import struct
from collections.abc import Mapping

from gridward_eastron.models import Lock
from gridward_kit.modbus import Model, Unit
from gridward_kit.modbus.simulator import ILLEGAL_VALUE
from gridward_kit.point import Value

OWN = 0xF000


class Meter(Unit):
    """One meter. It refuses half a value; `typed`, it answers any single register with its type, as an
    SDM630 does; with a `lock` it takes settings after its password only.
    """

    def __init__(
        self, model: Model, unit: int, state: Mapping[str, Value], *, typed: bool, lock: Lock | None
    ) -> None:
        super().__init__(model.rows, model.profile, unit, {**state, "address": float(unit)})
        self.lock = lock
        self.locked = lock is not None and lock.password is not None
        self._typed = typed

    def told(self, function: int, start: int, count: int) -> bytes | None:
        if count == 1 and self._typed:
            return int(str(self.state["meter_code"]), 16).to_bytes(2, "big")
        if start < OWN and (start % 2 or count % 2):
            return b""
        return None

    def verdict(self, start: int, words: bytes) -> int | None:
        if self.lock is not None and start == self.lock.register:
            told = words[2:] + words[:2] if self.profile.low_first else words
            right = len(told) == 4 and struct.unpack(">f", told)[0] == (self.lock.password or 0)
            self.locked = self.locked and not right
            return 0 if right else ILLEGAL_VALUE
        return ILLEGAL_VALUE if self.locked else None
